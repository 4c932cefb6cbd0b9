// A link: the proven, encrypted stream to one device of a peer, with signaling on it; and the table that keeps links
// open between calls.
//
// Threads:  [control].
// Lifetime: a link is shared by the node's table (until it closes) and every call on it. Members are the layers from
//           the bottom up, so that they are destroyed from the top down.

#pragma once

#include "kernel/bind/carried.hpp"
#include "kernel/bind/connectivity.hpp"
#include "kernel/bind/signaling.hpp"
#include "kernel/executor/step_clock.hpp"
#include "kernel/flow/link_layers.hpp"
#include "kernel/flow/round_trip.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace jackfield::kernel {

/// A text that was refused, or could not be kept: its sender sends it again, and until then nothing that came after it
/// is taken. Not for ever, because another program may not send it again.
struct AwaitedText {
    std::string id;
    TimePoint until;
};

struct Link {
    Device peer;
    std::unique_ptr<Carried> carried; // by a service; then there is no connectivity of ours
    std::unique_ptr<ConnectivitySession> connectivity;
    std::unique_ptr<LinkLayers> layers;
    std::unique_ptr<SignalingSession> signaling;
    std::optional<TimePoint> idle_since; // as tend_links saw it; none while somebody uses it
    TimePoint ping_due{};
    TimePoint opened = now();
    RoundTrip round_trip;
    std::optional<AwaitedText> awaited_text;
    bool dead = false; // it gave no sign of life, or stood on an address that has gone

    bool usable() const { return signaling && !signaling->closed(); }
};

/// At most two links to a device: the last one that we opened and the last one that it opened. When both ends dial at
/// once there are both, and each end's call comes in on its own: neither may replace the other. Afterwards one is one
/// too many: both ends keep that which the device with the lower id has opened.
class Links {
public:
    /// Who we are, once that is known.
    void set_own_device(std::string device_id) { own_device_id_ = std::move(device_id); }

    void keep(bool ours, std::shared_ptr<Link> link)
    {
        auto& place = links_[{link->peer.device_id, ours}];
        std::swap(place, link); // what was there goes after the new one is in its place
    }

    /// Null if there is none that is open. Of two, the one that stays.
    std::shared_ptr<Link> find(const std::string& device_id) const
    {
        const bool ours_stays = own_device_id_ < device_id;
        for (const bool ours : {ours_stays, !ours_stays}) {
            const auto found = links_.find({device_id, ours});
            if (found != links_.end() && found->second->usable())
                return found->second;
        }
        return nullptr;
    }

    bool is_surplus(const std::shared_ptr<Link>& link) const
    {
        const auto staying = find(link->peer.device_id);
        return staying && staying != link;
    }

    std::vector<std::shared_ptr<Link>> all() const
    {
        std::vector<std::shared_ptr<Link>> links;
        for (const auto& [place, link] : links_)
            links.push_back(link);
        return links;
    }

    /// Every device of the account with a link that is open, once.
    std::vector<Device> devices_of(const std::string& account_id) const
    {
        std::vector<Device> devices;
        for (const auto& [place, link] : links_) { // in order of devices
            const bool known = !devices.empty() && devices.back().device_id == link->peer.device_id;
            if (!known && link->usable() && link->peer.account_id == account_id)
                devices.push_back(link->peer);
        }
        return devices;
    }

    void drop(const std::shared_ptr<Link>& link)
    {
        std::erase_if(links_, [&](const auto& entry) { return entry.second == link; });
    }

    void clear() { links_.clear(); }
    bool empty() const { return links_.empty(); }

private:
    std::string own_device_id_;
    std::map<std::pair<std::string, bool>, std::shared_ptr<Link>> links_; // second owner: the calls on a link
};

} // namespace jackfield::kernel
