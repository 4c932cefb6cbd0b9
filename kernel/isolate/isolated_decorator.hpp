// What stands in the place of a path decorator whose code is in another process. A datagram that the other process does
// not take in time is lost, as datagrams may be; bytes of a stream wait, and whoever sends them is told to.
//
//   above.send      -> ring down -> the plugin -> ring up -> below.send
//   below: received -> ring down -> the plugin -> ring up -> received of whoever opened the path above
//
// Threads:  as path_decorator.h and path.h have them; whatever comes up comes on the process' media thread.
// Lifetime: the instance's; sessions have been released before it goes.

#pragma once

#include "kernel/isolate/supervisor.hpp"

#include <jackfield/abi/path_decorator.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace jackfield::kernel::isolate {

class IsolatedDecorator {
public:
    static const jf_path_decorator_methods kMethods;

    IsolatedDecorator(const Hosting& hosting, const jf_host& host);
    ~IsolatedDecorator() { supervisor_.end(); }

    std::expected<void, Error> start();

private:
    class Session;

    std::expected<Session*, Error> open(jf_path below, const jf_decorator_options& options);
    void asked(const Message& message);
    void packet(const Record& record);
    void packets_end(const HostedProcess& process, const Error& reason);
    std::shared_ptr<Session> find(std::uint32_t id);
    std::map<std::uint32_t, std::shared_ptr<Session>> all();
    void forget(std::uint32_t id);

    const std::string plugin_id_;
    std::mutex mutex_; // of both below
    std::uint32_t last_id_ = 0;
    std::map<std::uint32_t, std::shared_ptr<Session>> sessions_;
    Supervisor supervisor_;
};

} // namespace jackfield::kernel::isolate
