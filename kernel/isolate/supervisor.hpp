// Keeps one instance of a plugin running in a process of its own: a process that ends is started again, after 100 ms at
// first, then after twice as long each time, 30 s at most. One that has lived for a minute has made good.
//
// Threads:  [control]; running on any.
// Lifetime: the isolated instance's. `end` comes before what the attendant points at goes away.

#pragma once

#include "kernel/isolate/hosted_process.hpp"

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace jackfield::kernel::isolate {

class Supervisor {
public:
    /// `up` hears of each process but the first, once the instance in it is there; `attendant.gone` of each that ended.
    Supervisor(Hosting hosting, const jf_host& host, Attendant attendant,
               std::function<void(const std::shared_ptr<HostedProcess>&)> up);
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;
    ~Supervisor() { end(); }

    /// The first process, waited for; what the instance says of itself. If there is none, nothing is tried again.
    std::expected<std::string, Error> start();
    void end();

    /// The process in which the instance is now, or why there is none. [any]
    std::expected<std::shared_ptr<HostedProcess>, Error> running() const;

private:
    void spawn();
    void gone(const Error& reason);
    void start_again();
    void started_again(const std::shared_ptr<HostedProcess>& process, const Message& outcome);
    void set(std::shared_ptr<HostedProcess> running, Error why_not);

    const Hosting hosting_;
    const jf_host& host_;
    Attendant attendant_;
    std::function<void(const std::shared_ptr<HostedProcess>&)> up_;
    std::shared_ptr<HostedProcess> process_; // the newest
    std::function<void(const Error&)> attendant_gone_;
    bool was_up_ = false; // the newest has been
    std::chrono::steady_clock::time_point since_;
    std::chrono::milliseconds backoff_;
    jf_timer timer_ = 0;
    bool ended_ = false;

    mutable std::mutex mutex_; // of both below
    std::shared_ptr<HostedProcess> running_;
    Error why_not_;
};

} // namespace jackfield::kernel::isolate
