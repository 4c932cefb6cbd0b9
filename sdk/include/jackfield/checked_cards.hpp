// Device cards that were found good. A call over a kept link looks its peer up all the same, for devices that came
// meanwhile, and finds the cards it knows: their chains and signatures are not verified again.
//
// What may have changed since is looked at anew: the card's time here, the account's list of revoked devices by
// whoever asks (AccountCards).
//
// Threads: control. Bounded: 64 cards of at most 20 000 bytes.
#pragma once

#include <jackfield/device_card.hpp>

#include <map>

namespace jackfield::detail {

class CheckedCards {
public:
    static constexpr std::size_t kMost = 64;

    explicit CheckedCards(Host host) : host_(host) {}

    /// As decode_card().
    const DeviceCard& check(const IdentityService& identity, const std::string& account_id, const Bytes& value)
    {
        const auto known = good_.find(value);
        if (known != good_.end() && known->second.device.account_id == account_id) {
            check_fresh(known->second.issued_ms, known->second.expiry_ms, host_.wall_ms(), kLongestCardLifetime);
            return known->second;
        }
        DeviceCard card = decode_card(host_, identity, account_id, value);
        if (good_.size() >= kMost)
            good_.clear();
        return good_.insert_or_assign(value, std::move(card)).first->second;
    }

private:
    Host host_;
    std::map<Bytes, DeviceCard> good_;
};

} // namespace jackfield::detail
