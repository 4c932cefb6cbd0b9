// What the fuzzers of multiplexers have in common: a path that is fed by hand, and a kernel that answers by turns.
//
// Threads: one. Lifetime: they outlive the session.
#pragma once

#include <jackfield/multiplexer.hpp>
#include <jackfield/testing/fake_host.hpp>

#include <cstdlib>

namespace jackfield::fuzz {

class HandPath final : public PathBase {
public:
    jf_path_info describe() const noexcept override
    {
        return {sizeof(jf_path_info), JF_STREAM, JF_STREAM_SEND_MAX, 0, 1, 0};
    }
    void open(jf_path_receiver receiver) override { gate.open(receiver); }
    Status send(std::span<const jf_bytes> parts) noexcept override
    {
        if (total_size(parts) > JF_STREAM_SEND_MAX)
            std::abort();
        return ++sends % 7 == 0 ? JF_WOULD_BLOCK : JF_OK;
    }
    void close() noexcept override { gate.shut(); }

    ReceiverGate gate;
    unsigned sends = 0;
};

struct Deaf final : PathReceiver {
    void received(const jf_packet& packet) noexcept override
    {
        if (packet.bytes.size == 0)
            std::abort(); // a stream has no empty pieces
    }
    void closed(Status, std::string_view) noexcept override {}
};

/// Answers requests by turns.
struct Kernel {
    MultiplexerSession* session = nullptr;
    std::vector<std::unique_ptr<Channel>> channels;
    Deaf deaf;
    unsigned step = 0;
    bool closed = false;

    void requested(std::uint64_t request)
    {
        if (closed)
            std::abort(); // nothing comes after closed
        if (++step % 3 == 0)
            return session->decline(request);
        try {
            channels.push_back(session->accept(request));
            if (step % 3 == 1)
                Path(channels.back()->path().handle()).open(deaf);
        } catch (const Failure&) {
        }
    }
};

inline const jf_multiplexer_listener_methods kListener{
    sizeof(jf_multiplexer_listener_methods), 0,
    [](void* self, std::uint64_t request, jf_text name, std::uint32_t) {
        if (name.size > 1024)
            std::abort();
        static_cast<Kernel*>(self)->requested(request);
    },
    [](void* self, jf_status, const jf_error*) { static_cast<Kernel*>(self)->closed = true; }};

/// Feeds a session, that was made over the path with a listener to the kernel, piece by piece.
inline void play(MultiplexerSession& session, HandPath& path, Kernel& kernel, testing::FakeHost& host, ByteView input)
{
    kernel.session = &session;
    session.open_channel(
        "ours", JF_STREAM,
        ChannelDone(host.host(), {nullptr, [](void*, jf_status status, jf_channel channel, const jf_error*) {
                                      if (status == JF_OK)
                                          channel.methods->release(channel.self);
                                  }}));
    for (std::size_t at = 0; at < input.size();) {
        const std::size_t piece = std::min<std::size_t>(input.size() - at, 1 + input[at] % 40);
        path.gate.deliver(make_packet(input.subspan(at, piece), 0));
        at += piece;
        host.run_pending();
    }
    for (const auto& channel : kernel.channels) {
        const Bytes bytes(100, 1);
        Path(channel->path().handle()).send(ByteView(bytes));
    }
    kernel.channels.clear();
}

} // namespace jackfield::fuzz
