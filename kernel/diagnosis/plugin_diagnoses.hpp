// The diagnoses of all plugins of a configuration (jackfield.diagnosis/1), at once: made, begun, listened to, and given
// up when their time is over.
//
// Threads:  [control].
// Lifetime: shorter than the registry and the identity. The destructor releases what is under way and destroys the
//           instances, each after its gate is closed.

#pragma once

#include "kernel/config/resolve.hpp"
#include "kernel/diagnosis/finding.hpp"
#include "kernel/executor/instance_host.hpp"
#include "kernel/registry/registry.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace jackfield::kernel {

class PluginDiagnoses {
public:
    /// What diagnoses need of a node.
    struct Around {
        ControlThread& control;
        Registry& registry;
        const Resolved& resolved;
        HostServices services; // its identity is the node's
    };

    explicit PluginDiagnoses(Around around);
    PluginDiagnoses(const PluginDiagnoses&) = delete;
    PluginDiagnoses& operator=(const PluginDiagnoses&) = delete;
    ~PluginDiagnoses();

    /// Begins those of every plugin that has one. Each that cannot be made, and each that says what no diagnosis may
    /// say, is a finding of its own. `listener` outlives us; `changed` is called when one is over.
    void begin(std::chrono::nanoseconds limit, DiagnosisListener& listener, std::function<void()> changed);

    bool over() const;

    /// Says of each that is not over that it did not end in time.
    void give_up();

private:
    class One;

    Around around_;
    std::vector<std::unique_ptr<One>> all_;
};

} // namespace jackfield::kernel
