// The instance of a plugin in this process, and what the kernel, in another one, does with it.
//
// Threads:  `talk` is read on the main thread; everything of the plugin that is [control] is on the control thread.
// Lifetime: the process'.

#pragma once

#include "kernel/executor/control_thread.hpp"
#include "kernel/executor/instance_host.hpp"
#include "kernel/isolate/conversation.hpp"
#include "kernel/isolate/shared_memory.hpp"
#include "kernel/registry/instance.hpp"

#include <jackfield/abi/entry.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>

namespace jackfield::isolated {

using kernel::Error;
using kernel::Failure;
using kernel::Instance;
namespace isolate = kernel::isolate;

/// One kind of interface, on the plugin's side.
class Role {
public:
    Role() = default;
    Role(const Role&) = delete;
    Role& operator=(const Role&) = delete;
    virtual ~Role() = default;

    /// What the kernel is told when the instance is there. [control]
    virtual std::string about() { return {}; }
    /// [control]
    virtual void heard(isolate::Message message) = 0;
    /// On the thread that reads; true if that was all.
    virtual bool at_once(isolate::Message&) { return false; }
    /// Nothing of the plugin is used any more: it may be destroyed. [control]
    virtual bool idle() = 0;
};

class Hosted {
public:
    Hosted(kernel::Descriptor socket);

    /// Until the kernel hangs up; then the instance has been destroyed, if it could be.
    void run();

    isolate::Conversation& talk() { return talk_; }
    kernel::ControlThread& control() { return control_; }

private:
    void heard(isolate::Message message);
    void start(isolate::Message question);
    void create(std::string_view manifest_path, std::string_view interface_id, std::string_view config_json);
    void destroy();

    kernel::ControlThread control_;
    kernel::HostServices services_;
    isolate::Conversation talk_;
    std::optional<kernel::InstanceHost> host_;
    std::unique_ptr<isolate::SharedMemory> rings_;
    Instance instance_;
    std::unique_ptr<Role> role_;
    std::atomic<Role*> seen_by_reader_{nullptr}; // once it is there
};

std::unique_ptr<Role> hosted_codec(Hosted& hosted, const Instance& instance);
std::unique_ptr<Role> hosted_audio_stage(Hosted& hosted, const Instance& instance);
std::unique_ptr<Role> hosted_decorator(Hosted& hosted, const Instance& instance, isolate::SharedMemory& rings);

} // namespace jackfield::isolated
