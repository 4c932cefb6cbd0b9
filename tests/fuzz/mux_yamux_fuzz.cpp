// A yamux session before a peer that says anything at all. Channels are accepted, declined and opened by turns.
//
// Threads: one; time is turned by hand.
// links: mux_yamux_parts jackfield_sdk_testing
#include "fuzz.hpp"

#include "channel.hpp"
#include "session.hpp"

#include <jackfield/testing/fake_host.hpp>

#include <cstdlib>

namespace {

using namespace jackfield;
using namespace mux_yamux;

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

const jf_multiplexer_listener_methods kListener{
    sizeof(jf_multiplexer_listener_methods), 0,
    [](void* self, std::uint64_t request, jf_text, std::uint32_t) { static_cast<Kernel*>(self)->requested(request); },
    [](void* self, jf_status, const jf_error*) { static_cast<Kernel*>(self)->closed = true; }};

std::vector<std::uint8_t> frames(std::initializer_list<std::pair<Header, std::vector<std::uint8_t>>> all)
{
    std::vector<std::uint8_t> bytes;
    for (const auto& [header, data] : all) {
        const auto head = mux_yamux::write(header);
        bytes.insert(bytes.end(), head.begin(), head.end());
        bytes.insert(bytes.end(), data.begin(), data.end());
    }
    return bytes;
}

} // namespace

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    const std::vector<std::uint8_t> name{3, 's', 'i', 'p'};
    return {
        frames({{{Type::data, flag::kSyn, 1, 4}, name}, {{Type::data, 0, 1, 3}, {1, 2, 3}}}),
        frames({{{Type::data, flag::kSyn, 1, 4}, name}, {{Type::data, flag::kFin, 1, 0}, {}}}),
        frames({{{Type::window_update, flag::kAck, 2, 0}, {}}, {{Type::data, 0, 2, 1}, {9}}}),
        frames({{{Type::window_update, flag::kRst, 2, 0}, {}}, {{Type::ping, flag::kSyn, 0, 5}, {}}}),
        frames({{{Type::ping, flag::kAck, 0, 1}, {}}, {{Type::go_away, 0, 0, 0}, {}}}),
        frames({{{Type::data, flag::kSyn, 3, 2}, {3, 'a'}}, {{Type::data, 0, 3, 2}, {'b', 'c'}}}),
    };
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    testing::FakeHost host(testing::Clock::manual);
    const Host ours = host.host();
    HandPath path;
    Kernel kernel;
    {
        Session session(ours, Path(path.handle()), false, MultiplexerListener({&kListener, &kernel}), Options{});
        kernel.session = &session;
        session.open_channel(
            "ours", JF_STREAM,
            ChannelDone(ours, {nullptr, [](void*, jf_status status, jf_channel channel, const jf_error*) {
                                   if (status == JF_OK)
                                       channel.methods->release(channel.self);
                               }}));
        for (std::size_t at = 0; at < size;) {
            const std::size_t piece = std::min<std::size_t>(size - at, 1 + data[at] % 40);
            path.gate.deliver(make_packet(ByteView(data + at, piece), 0));
            at += piece;
            host.run_pending();
        }
        for (const auto& channel : kernel.channels) {
            const Bytes bytes(100, 1);
            Path(channel->path().handle()).send(ByteView(bytes));
        }
        kernel.channels.clear();
    }
    host.run_pending();
    return 0;
}
