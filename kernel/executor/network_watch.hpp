// The addresses of this machine, and when they change: the kernel of the system says so (rtnetlink), nobody polls.
//
// Threads:  [control].
// Lifetime: shorter than the control thread's.

#pragma once

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>

#include <functional>
#include <memory>
#include <set>
#include <string>

namespace jackfield::kernel {

/// Those of interfaces that are up, as text, without loopback and link-local ones. Empty if the system does not say.
std::set<std::string> network_addresses();

class NetworkWatch {
public:
    /// `gone` are addresses that were there before; there may be new ones, or both.
    using Changed = std::function<void(const std::set<std::string>& gone)>;

    /// Where the system says nothing, nothing is ever heard.
    NetworkWatch(asio::io_context& context, Changed changed);
    NetworkWatch(const NetworkWatch&) = delete;
    NetworkWatch& operator=(const NetworkWatch&) = delete;

private:
    void wait();
    void look();

    asio::posix::stream_descriptor socket_;
    Changed changed_;
    std::set<std::string> known_;
    const std::shared_ptr<bool> here_ = std::make_shared<bool>(true); // ends with us: a wait may end later
};

} // namespace jackfield::kernel
