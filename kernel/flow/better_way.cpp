// A direct way for a call that is relayed. See better_way.hpp.

#include "kernel/flow/better_way.hpp"

#include "kernel/flow/limits.hpp"

#include <algorithm>
#include <utility>

namespace jackfield::kernel {

void BetterWay::look(bool recovering)
{
    const bool changed = std::exchange(network_changes_, node_.network_changes) != node_.network_changes;
    const bool running = !leg_.signaled->over() && !leg_.signaled->stranded() && !call_.hung_up();
    if (recovering || !running || !leg_.media->can_restart() || !leg_.media->relayed() ||
        leg_.media->relays_are_wanted()) {
        at_.reset();
        pause_ = limits::kDirectFirstLook;
        return;
    }
    if (changed)
        at_ = now() + limits::kNetworkSettles;
    else if (!at_ && call_.side == Side::caller)
        at_ = now() + pause_;
    if (!at_ || now() < *at_)
        return;
    at_.reset();
    pause_ = std::clamp(2 * pause_, limits::kDirectFirstPause, limits::kDirectLongestPause);
    if (call_.side == Side::caller)
        at_ = now() + pause_;
    call_.tell_progress(Step::media, "looking for a direct way");
    live_.restart_ice();
}

} // namespace jackfield::kernel
