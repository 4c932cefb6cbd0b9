// A session as the kernel holds it. See session.hpp.
//
// Threads: control.
#include "session.hpp"

#include "channel.hpp"

namespace mux_msgpack {

Session::Session(jackfield::Host host, jackfield::Path below, jackfield::MultiplexerListener listener,
                 const Options& options)
    : MultiplexerSession(host), core_(std::make_shared<Core>(host, below, listener, options))
{
    if (!below.is_stream())
        throw jackfield::Failure(JF_UNSUPPORTED, "mux-msgpack divides streams; this path carries datagrams");
    core_->alive = [this] {
        for (auto& ping : std::exchange(pings_, {})) // an answer has no number: it is one to all who ask
            ping.done.succeed();
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
        return done.fail(JF_UNSUPPORTED, "mux-msgpack has channels that are streams, and no others");
    core_->ask(name, std::move(done));
}

std::unique_ptr<jackfield::Channel> Session::accept(std::uint64_t request)
{
    return std::make_unique<MsgpackChannel>(core_, core_->accept(request));
}

void Session::decline(std::uint64_t request)
{
    core_->decline(request);
}

void Session::ping(jackfield::Nanoseconds timeout, jackfield::Completion done)
{
    const auto ping = pings_.emplace(pings_.end(), std::move(done), host_);
    ping->timer.start(timeout, [this, ping] {
        ping->done.fail(JF_TIMEOUT, "the peer gave no sign of life");
        pings_.erase(ping);
    });
    core_->ask_for_sign_of_life();
}

} // namespace mux_msgpack
