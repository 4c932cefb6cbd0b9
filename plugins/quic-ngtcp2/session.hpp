// A connection as the kernel holds it: a secured path of datagrams, and the multiplexer that rides on it.
//
// Threads: control; paths have their own rules. Lifetime: the kernel's. The core outlives it for channels released
// late.
#pragma once

#include "core.hpp"

#include <shared/mux/channel.hpp>

namespace quic_ngtcp2 {

using QuicChannel = shared_mux::CoreChannel<Core, Stream>;

class Session final : public jackfield::MultiplexingSecureSession, private jackfield::MultiplexerSession {
public:
    explicit Session(std::shared_ptr<Core> core, jackfield::Host host);
    ~Session() override;

    jackfield::PathBase& secured_path() { return secured_path_.path(); }

    Bytes export_key_material(std::string_view label, ByteView context, std::size_t size) override;
    jackfield::MultiplexerSession& multiplexer(jackfield::MultiplexerListener listener) override;

private:
    void open_channel(std::string_view name, std::uint32_t kind, jackfield::ChannelDone done) override;
    std::unique_ptr<jackfield::Channel> accept(std::uint64_t request) override;
    void decline(std::uint64_t request) override;
    void ping(jackfield::Nanoseconds timeout, jackfield::Completion done) override;

    std::shared_ptr<Core> core_; // second owner: channels that are still on their way to the kernel
    QuicChannel secured_path_;
};

} // namespace quic_ngtcp2
