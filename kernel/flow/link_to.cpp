// Steps 2 to 5, or none of them: a link that is open is as good. See open_link.hpp.

#include "kernel/flow/open_link.hpp"

namespace jackfield::kernel {

awaitable<std::shared_ptr<Link>> link_to(Environment& node, std::shared_ptr<Errand> errand, Device device)
{
    while (node.dialling.goes_on(device.device_id)) {
        node.dialling.await_end(device.device_id, errand);
        co_await until(errand->bell(), TimePoint::max(),
                       [&] { return errand->unwanted() || !node.dialling.goes_on(device.device_id); });
        errand->check_wanted(Step::connectivity);
    }
    if (auto kept = node.links.find(device.device_id))
        co_return kept;
    if (auto carried = carried_link(node, *errand, device))
        co_return carried;
    const Dialling::Turn turn(node.dialling, device.device_id);
    co_return co_await open_link(node, errand, device);
}

} // namespace jackfield::kernel
