// Digest credentials (RFC 7616, and RFC 8760 for SIP): challenges as they are read, answers as they are written.
//
// Threads: any. Lifetime: values.
#pragma once

#include <jackfield/basic.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shared_sip {

/// In rising strength.
enum class DigestHash { md5, sha256, sha512_256 };

struct Challenge {
    std::string realm;
    std::string nonce;
    std::optional<std::string> opaque;
    std::string algorithm; ///< as it was written; empty: MD5 is meant
    DigestHash hash = DigestHash::md5;
    bool session = false; ///< one of the -sess algorithms
    bool auth = false;    ///< offered qualities of protection; neither: RFC 2069's way
    bool auth_int = false;
    bool stale = false;
    bool user_hash = false;
};

/// The value of one WWW-Authenticate or Proxy-Authenticate. Nothing if the scheme, the algorithm or every qop is not
/// ours, or if a part is missing.
std::optional<Challenge> read_challenge(std::string_view value);

/// The one with the strongest hash, of those that can be read; of equals the first (RFC 8760 section 2.4).
std::optional<Challenge> strongest(const std::vector<std::string_view>& values);

struct DigestRequest {
    std::string_view method;
    std::string_view uri;
    jackfield::ByteView body;
};

struct DigestUser {
    std::string_view name;
    std::string_view password;
};

/// The value of Authorization or Proxy-Authorization. nonce_count: how often this nonce has been used, from 1. auth is
/// taken before auth-int where both are offered.
std::string answer(const Challenge& challenge, const DigestUser& user, const DigestRequest& request,
                   std::string_view cnonce, std::uint32_t nonce_count);

/// H(data) in lower-case hexadecimal digits.
std::string hash_hex(DigestHash hash, jackfield::ByteView data);

} // namespace shared_sip
