// What the kernel asks for, handed to the connection. See session.hpp.
#include "session.hpp"

namespace quic_ngtcp2 {

Session::Session(std::shared_ptr<Core> core, jackfield::Host host)
    : MultiplexerSession(host), core_(std::move(core)), secured_path_(core_, core_->secured())
{}

Session::~Session()
{
    core_->shut();
}

Bytes Session::export_key_material(std::string_view label, ByteView context, std::size_t size)
{
    return core_->export_key_material(label, context, size);
}

jackfield::MultiplexerSession& Session::multiplexer(jackfield::MultiplexerListener listener)
{
    core_->listen(listener);
    return *this;
}

void Session::open_channel(std::string_view name, std::uint32_t kind, jackfield::ChannelDone done)
{
    core_->ask(name, kind, std::move(done));
}

std::unique_ptr<jackfield::Channel> Session::accept(std::uint64_t request)
{
    const auto id = static_cast<std::int64_t>(request);
    return std::make_unique<QuicChannel>(core_, core_->accept(id));
}

void Session::decline(std::uint64_t request)
{
    core_->decline(static_cast<std::int64_t>(request));
}

void Session::ping(jackfield::Nanoseconds timeout, jackfield::Completion done)
{
    core_->ping(timeout, std::move(done));
}

} // namespace quic_ngtcp2
