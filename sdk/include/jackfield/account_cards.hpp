// What the cards of one account say: which of its devices are there, the newest card of each device deciding.
//
// Threads: control. Bounded: 64 devices of an account, 256 values remembered as judged already.
#pragma once

#include <jackfield/device_card.hpp>

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
    };

    AccountCards(Host host, std::string account_id) : host_(host), account_id_(std::move(account_id)) {}

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
                remember(decode_card(host_, identity, account_id_, value));
            } catch (const Failure& failure) {
                host_.debug("a card of account " + account_id_ + " was ignored: " + failure.what());
            }
        }
        return changes();
    }

    /// Devices whose last card is no longer fresh.
    std::vector<Change> expire() { return changes(); }

    /// How long until the next present device would expire.
    std::optional<std::chrono::milliseconds> until_next_expiry() const
    {
        std::optional<std::chrono::milliseconds> soonest;
        for (const auto& [id, entry] : entries_) {
            const std::chrono::milliseconds left(fresh_until_ms(entry.card) - host_.wall_ms() + 1);
            if (entry.reported && (!soonest || left < *soonest))
                soonest = left;
        }
        return soonest;
    }

private:
    struct Entry {
        DeviceCard card;
        bool reported = false; // as present
    };

    static std::int64_t fresh_until_ms(const DeviceCard& card) { return card.expiry_ms + kClockTolerance.count(); }

    bool present(const Entry& entry) const
    {
        return !entry.card.withdrawn && fresh_until_ms(entry.card) >= host_.wall_ms();
    }

    void remember(DeviceCard card)
    {
        const auto found = entries_.find(card.device.device_id);
        if (found != entries_.end()) {
            if (found->second.card.issued_ms < card.issued_ms)
                found->second.card = std::move(card);
            return;
        }
        // A card that is over is kept until then, so that an older one of the same device stays refused.
        std::erase_if(entries_, [&](const auto& entry) {
            return !entry.second.reported && fresh_until_ms(entry.second.card) < host_.wall_ms();
        });
        if (entries_.size() >= kMostDevices)
            throw Failure(JF_EXHAUSTED, "the account has too many devices");
        entries_[card.device.device_id].card = std::move(card);
    }

    std::vector<Change> changes()
    {
        std::vector<Change> changes;
        for (auto& [id, entry] : entries_) {
            const bool now = present(entry);
            if (std::exchange(entry.reported, now) != now)
                changes.push_back({entry.card.device, now});
        }
        return changes;
    }

    Host host_;
    std::string account_id_;
    std::map<std::string, Entry> entries_;
    std::set<Bytes> judged_;
};

} // namespace jackfield::detail
