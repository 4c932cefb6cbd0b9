// What a node does when the addresses of the machine change. See node_impl.hpp.

#include "kernel/flow/reopen_links.hpp"
#include "kernel/node/node_impl.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::kernel {

/// [control]
void Node::Impl::watch_network()
{
    network_ = std::make_unique<NetworkWatch>(control_.context(),
                                              [this](const std::set<std::string>& gone) { network_changed(gone); });
}

/// [control] Calls of earlier configurations end as they began.
void Node::Impl::network_changed(const std::set<std::string>& gone)
{
    tell(Step::connectivity, Moment::progress,
         nlohmann::json{{"what", "network_changed"}, {"addresses", network_addresses()}, {"gone", gone}}.dump());
    stack_->switchboard->network_changed();
    const auto& connectivity = stack_->board->connectivity;
    if (JF_HAS(connectivity.methods, network_changed))
        connectivity.methods->network_changed(connectivity.self);
    kernel::network_changed(*stack_->environment, gone);
}

} // namespace jackfield::kernel
