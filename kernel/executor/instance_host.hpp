// The jf_host of one plugin instance: its way to the control thread, its timers, its log name, its gate.
//
// Threads:  made, closed and destroyed on the control thread; the C functions on any thread.
// Lifetime: outlives the instance. close_gate comes before the instance's destroy: what is queued is dropped, and what
// its
//           private threads post until they are joined is dropped at once. So a plugin's task may capture the plugin.

#pragma once

#include "kernel/executor/control_thread.hpp"

#include <jackfield/abi/host.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace jackfield::kernel {

/// Takes one line of log: level, which instance, text. [any]
using LogSink = std::function<void(std::int32_t level, std::string_view who, std::string_view line)>;

/// What every instance of a node shares.
struct HostServices {
    std::int32_t log_level = JF_LOG_INFO;
    LogSink log;
    std::function<const void*(std::string_view interface_id)> find_service;
};

class InstanceHost {
public:
    /// `services` outlives the host.
    InstanceHost(ControlThread& control, const HostServices& services, std::string name);
    InstanceHost(const InstanceHost&) = delete;
    InstanceHost& operator=(const InstanceHost&) = delete;
    ~InstanceHost();

    const jf_host& raw() const { return raw_; }

    /// Drops everything queued; nothing of this instance runs on the control thread from now on. [control]
    void close_gate();

    /// How many tasks and timers wait. For tests and leak checks. [any]
    std::size_t waiting() const;

private:
    class Queue; // shared with the handlers that Asio still holds when the host goes away

    static InstanceHost& of(void* self) { return *static_cast<InstanceHost*>(self); }

    ControlThread& control_;
    const HostServices& services_;
    std::string name_;
    std::shared_ptr<Queue> queue_;
    jf_host raw_{};
};

/// Monotonic clock of jf_host.now_ns.
std::int64_t monotonic_ns();

/// Fills memory with bytes fit for keys (getrandom).
void random_bytes(std::uint8_t* data, std::size_t size);

} // namespace jackfield::kernel
