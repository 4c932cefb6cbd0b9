// One plugin mounted by hand, outside any node: for verbs that need a plugin and no call.
//
// Threads:  made and used from the main thread; `on_control` runs something on the plugin's control thread and waits.
// Lifetime: owns the instance. Its destructor closes the gate and destroys the instance on its control thread.
#pragma once

#include "kernel/executor/control_thread.hpp"
#include "kernel/executor/instance_host.hpp"
#include "kernel/registry/instance.hpp"
#include "kernel/registry/registry.hpp"

#include <functional>
#include <string>

namespace jackfield::program {

class SinglePlugin {
public:
    /// Throws Stop.
    SinglePlugin(const std::string& plugin_id, std::string_view interface_id, const std::string& config_json);
    SinglePlugin(const SinglePlugin&) = delete;
    SinglePlugin& operator=(const SinglePlugin&) = delete;
    ~SinglePlugin();

    void on_control(const std::function<void()>& action);

    template <typename Methods>
    const Methods* methods() const
    {
        return instance_.methods<Methods>();
    }
    void* self() const { return instance_.self(); }

private:
    kernel::ControlThread control_;
    kernel::HostServices services_;
    kernel::InstanceHost host_;
    kernel::Registry registry_;
    kernel::Instance instance_;
};

} // namespace jackfield::program
