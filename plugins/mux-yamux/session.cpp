// A yamux session as the kernel holds it. See session.hpp.

#include "session.hpp"

#include "channel.hpp"

#include <algorithm>

namespace mux_yamux {

Session::Session(jackfield::Host host, jackfield::Path below, bool initiator, jackfield::MultiplexerListener listener,
                 const Options& options)
    : MultiplexerSession(host), core_(std::make_shared<Core>(host, below, initiator, listener, options))
{
    if (!below.is_stream())
        throw jackfield::Failure(JF_UNSUPPORTED, "yamux divides streams; this path carries datagrams");
    core_->pong = [this](std::uint32_t number) {
        const auto found = std::ranges::find(pings_, number, &Ping::number);
        if (found == pings_.end())
            return;
        found->done.succeed();
        pings_.erase(found);
    };
    core_->gone = [this](jackfield::Status status, std::string_view text) {
        for (auto& ping : std::exchange(pings_, {}))
            ping.done.fail(status, text);
    };
    core_->begin();
}

Session::~Session()
{
    core_->shut();
}

void Session::open_channel(std::string_view name, std::uint32_t kind, jackfield::ChannelDone done)
{
    if (kind != JF_STREAM)
        return done.fail(JF_UNSUPPORTED, "yamux has channels that are streams, and no others");
    core_->ask(name, std::move(done));
}

std::unique_ptr<jackfield::Channel> Session::accept(std::uint64_t request)
{
    return std::make_unique<YamuxChannel>(core_, core_->accept(static_cast<std::uint32_t>(request)));
}

void Session::decline(std::uint64_t request)
{
    core_->decline(static_cast<std::uint32_t>(request));
}

void Session::ping(jackfield::Nanoseconds timeout, jackfield::Completion done)
{
    const std::uint32_t number = ++last_ping_;
    pings_.emplace_back(number, std::move(done), host_);
    pings_.back().timer.start(timeout, [this, number] {
        const auto found = std::ranges::find(pings_, number, &Ping::number);
        found->done.fail(JF_TIMEOUT, "the peer gave no sign of life");
        pings_.erase(found);
    });
    core_->send_ping(number);
}

} // namespace mux_yamux
