// Remembers which sealed messages were delivered, for as long as they would still count as fresh.
//
// Threads: one at a time. Bounded: nothing that is still needed is pushed out; when a limit is reached the new message
// is refused. A stranger can fill only the strangers' part, and of that only one share per account; accounts that we
// called or watch (`trust`) have shares of their own.
#pragma once

#include <jackfield/basic.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <set>

namespace jackfield {

using Nonce = std::array<std::uint8_t, 16>;

class ReplayMemory {
public:
    static constexpr std::size_t kPerAccount = 256;      ///< fresh messages of one account
    static constexpr std::size_t kStrangers = 4096;      ///< fresh messages of all strangers together
    static constexpr std::size_t kTrustedAccounts = 256; ///< accounts with a share of their own

    /// We called or watch this account: strangers cannot take its room. Beyond the limit it stays a stranger.
    void trust(std::string_view account_id)
    {
        if (trusted_.size() < kTrustedAccounts)
            trusted_.emplace(account_id);
    }

    /// JF_OK the first time. JF_REFUSED for a replay, JF_EXHAUSTED when there is no room to remember it, in which case
    /// it must not be delivered either.
    Status admit(std::string_view account_id, std::string_view device_id, const Nonce& nonce,
                 std::int64_t fresh_until_ms, std::int64_t now_ms)
    {
        forget_before(now_ms);
        const Key key{std::string(account_id), std::string(device_id), nonce};
        if (entries_.contains(key))
            return JF_REFUSED;
        const bool stranger = !trusted_.contains(key.account_id);
        if (counts_[key.account_id] >= kPerAccount || (stranger && stranger_count_ >= kStrangers)) {
            drop_if_zero(key.account_id);
            return JF_EXHAUSTED;
        }
        entries_.emplace(key, stranger);
        by_time_.emplace(fresh_until_ms, key);
        ++counts_[key.account_id];
        stranger_count_ += stranger ? 1 : 0;
        return JF_OK;
    }

    std::size_t size() const { return entries_.size(); }

private:
    struct Key {
        std::string account_id;
        std::string device_id;
        Nonce nonce;
        auto operator<=>(const Key&) const = default;
    };

    void forget_before(std::int64_t now_ms)
    {
        while (!by_time_.empty() && by_time_.begin()->first < now_ms) {
            const Key& key = by_time_.begin()->second;
            const auto entry = entries_.find(key);
            stranger_count_ -= entry->second ? 1 : 0;
            --counts_[key.account_id];
            drop_if_zero(key.account_id);
            entries_.erase(entry);
            by_time_.erase(by_time_.begin());
        }
    }

    void drop_if_zero(const std::string& account_id)
    {
        const auto found = counts_.find(account_id);
        if (found != counts_.end() && found->second == 0)
            counts_.erase(found);
    }

    std::map<Key, bool> entries_; // whether it was counted as a stranger's
    std::multimap<std::int64_t, Key> by_time_;
    std::map<std::string, std::size_t> counts_;
    std::set<std::string, std::less<>> trusted_;
    std::size_t stranger_count_ = 0;
};

} // namespace jackfield
