// Why do calls fail? See node.hpp.

#include "kernel/flow/diagnose.hpp"
#include "kernel/flow/node_flows.hpp"
#include "kernel/node/node_impl.hpp"

namespace jackfield::kernel {

void Node::Impl::diagnose(DiagnosisPlan plan, std::shared_ptr<DiagnosisListener> listener)
{
    post([this, plan = std::move(plan), listener = std::move(listener)] {
        auto& stack = *stack_;
        diagnosis_ = std::make_shared<DiagnosisRun>(plan, listener);
        HostServices services{
            log_level_, log_,
            [identity = jf_identity{identity().methods, identity().self}](std::string_view id) -> const void* {
                return id == JF_IDENTITY_INTERFACE ? &identity : nullptr;
            }};
        const auto plugins = std::make_shared<PluginDiagnoses>(
            PluginDiagnoses::Around{control_, stack.registry, stack.resolved, std::move(services)});
        spawn(*stack.environment, kernel::diagnose(*stack.environment, diagnosis_, plugins));
    });
}

void Node::diagnose(DiagnosisPlan plan, std::shared_ptr<DiagnosisListener> listener)
{
    impl_->diagnose(std::move(plan), std::move(listener));
}

} // namespace jackfield::kernel
