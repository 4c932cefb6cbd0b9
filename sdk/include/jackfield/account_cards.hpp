// What the cards of one account say: which of its devices are there, the newest card of each device deciding. A device
// that the account has revoked is not, whatever its card says.
//
// Threads: control. Bounded: 64 devices of an account, 256 values remembered as judged already.
#pragma once

#include <jackfield/checked_cards.hpp>

#include <optional>
#include <set>

namespace jackfield::detail {

class AccountCards {
public:
    static constexpr std::size_t kMostDevices = 64;
    static constexpr std::size_t kMostJudged = 256;

    struct Change {
        Device device;
        bool present;
        std::int64_t issued_ms; // the card that says so
    };

    /// What is checked is shared by all accounts, and outlives this.
    AccountCards(Host host, std::string account_id, CheckedCards& checked)
        : host_(host), account_id_(std::move(account_id)), checked_(checked)
    {}

    const std::string& account_id() const { return account_id_; }

    /// Judges values that came together, so that a withdrawal among them is not preceded by what it withdraws.
    std::vector<Change> take(const IdentityService& identity, const std::vector<Bytes>& values)
    {
        for (const Bytes& value : values) {
            if (!judged_.insert(value).second)
                continue;
            if (judged_.size() > kMostJudged)
                judged_.clear();
            try {
                remember(checked_.check(identity, account_id_, value));
            } catch (const Failure& failure) {
                host_.debug("a card of account " + account_id_ + " was ignored: " + failure.what());
            }
        }
        drop_revoked(identity);
        return changes();
    }

    /// Devices whose last card is no longer fresh, or that were revoked meanwhile.
    std::vector<Change> expire(const IdentityService& identity)
    {
        drop_revoked(identity);
        return changes();
    }

    /// How long until the next present device would expire.
    std::optional<std::chrono::milliseconds> until_next_expiry() const
    {
        std::optional<std::chrono::milliseconds> soonest;
        for (const auto& [id, entry] : entries_) {
            const std::chrono::milliseconds left(fresh_until_ms(entry) - host_.wall_ms() + 1);
            if (entry.reported && (!soonest || left < *soonest))
                soonest = left;
        }
        return soonest;
    }

private:
    struct Entry {
        DeviceCard card;
        std::int64_t heard_ms = 0;
        bool reported = false; // as present
        bool revoked = false;
    };

    /// Until its expiry, as two clocks agree; but no longer than it claims to live, from when we heard it.
    static std::int64_t fresh_until_ms(const Entry& entry)
    {
        const DeviceCard& card = entry.card;
        return std::min(card.expiry_ms + kClockTolerance.count(), entry.heard_ms + card.expiry_ms - card.issued_ms);
    }

    bool present(const Entry& entry) const
    {
        return !entry.card.withdrawn && !entry.revoked && fresh_until_ms(entry) >= host_.wall_ms();
    }

    void drop_revoked(const IdentityService& identity)
    {
        Bytes list;
        if (guarded(nullptr, [&] { list = identity.revocations(account_id_); }) != JF_OK || list == list_)
            return;
        list_ = std::move(list);
        for (auto& [id, entry] : entries_)
            entry.revoked = guarded(nullptr, [&] {
                                identity.verify_chain(entry.card.device.chain_pem, entry.card.device);
                            }) != JF_OK;
    }

    void remember(DeviceCard card)
    {
        const auto found = entries_.find(card.device.device_id);
        if (found != entries_.end()) {
            if (found->second.card.issued_ms < card.issued_ms) {
                found->second.card = std::move(card);
                found->second.heard_ms = host_.wall_ms();
            }
            return;
        }
        // A card that is over is kept until then, so that an older one of the same device stays refused.
        std::erase_if(entries_, [&](const auto& entry) {
            return !entry.second.reported && entry.second.card.expiry_ms + kClockTolerance.count() < host_.wall_ms();
        });
        if (entries_.size() >= kMostDevices)
            throw Failure(JF_EXHAUSTED, "the account has too many devices");
        const std::string id = card.device.device_id;
        entries_[id] = {std::move(card), host_.wall_ms()};
    }

    std::vector<Change> changes()
    {
        std::vector<Change> changes;
        for (auto& [id, entry] : entries_) {
            const bool now = present(entry);
            if (std::exchange(entry.reported, now) != now)
                changes.push_back({entry.card.device, now, entry.card.issued_ms});
        }
        return changes;
    }

    Host host_;
    std::string account_id_;
    CheckedCards& checked_;
    std::map<std::string, Entry> entries_;
    std::set<Bytes> judged_;
    Bytes list_; // of revoked devices, that the entries were looked at with
};

} // namespace jackfield::detail
