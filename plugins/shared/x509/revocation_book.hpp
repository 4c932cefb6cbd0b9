// The newest list of revoked devices of each account that we know one of.
//
// Threads: any. Bounded: of more accounts than kMostLists the one that was not asked about for longest is forgotten,
// and learned again when its devices are looked up.
#pragma once

#include "revocation_list.hpp"

#include <map>
#include <mutex>
#include <optional>

namespace shared_x509 {

class RevocationBook {
public:
    static constexpr std::size_t kMostLists = 1024;

    /// False, and nothing is changed, unless it is newer than what is known of that account. `forgotten` is then the
    /// account whose list had to go, or empty.
    bool take(RevocationList list, std::string& forgotten);

    /// Throws JF_UNAUTHENTICATED if the device is on its account's list, by its id or by its certificate's number.
    void check(const jackfield::Device& device, const X509* certificate) const;

    /// Nothing if none is known.
    std::optional<RevocationList> find(const std::string& account_id) const;

private:
    struct Page {
        RevocationList list;
        std::uint64_t used;
    };

    mutable std::mutex mutex_;
    mutable std::map<std::string, Page> pages_; // by account
    mutable std::uint64_t turn_ = 0;
};

} // namespace shared_x509
