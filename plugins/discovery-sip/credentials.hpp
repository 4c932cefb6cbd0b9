// The account's credentials: what answers a challenge, and how often each nonce has been used (RFC 7616 section 3.4).
//
// Threads: control. Lifetime: the account's.
#pragma once

#include "options.hpp"

#include <shared/sip/digest.hpp>

#include <jackfield/host.hpp>

#include <deque>

namespace discovery_sip {

class Credentials {
public:
    static constexpr std::size_t kMostNonces = 64;   ///< whose counts are kept; the oldest go
    static constexpr std::size_t kMostAnswers = 256; ///< that are remembered, so that none is given twice

    Credentials(jackfield::Host host, const Options& options);

    /// The value of the header with credentials. Throws Failure: JF_UNSUPPORTED for another realm than ours,
    /// JF_UNAUTHENTICATED without a password.
    std::string answer(const shared_sip::Challenge& challenge, const shared_sip::DigestRequest& request);

    /// The same for one challenge of a request that somebody else repeats. Throws also JF_UNSUPPORTED for a scheme that
    /// we do not have, and JF_UNAUTHENTICATED if this nonce has been answered for the same request before, and was not
    /// stale.
    std::string answer_once(std::string_view challenge, const shared_sip::DigestRequest& request);

    bool serves(const std::string& realm) const { return realm_.empty() || realm == realm_; }

private:
    std::uint32_t next_count(const shared_sip::Challenge& challenge);

    const jackfield::Host host_;
    const std::string user_;
    const std::optional<std::string> password_;
    const std::string realm_;
    std::deque<std::pair<std::string, std::uint32_t>> counts_; // by realm and nonce
    std::deque<std::string> answered_;
};

/// Random hexadecimal digits, two for each byte.
std::string random_hex(const jackfield::Host& host, std::size_t bytes);

} // namespace discovery_sip
