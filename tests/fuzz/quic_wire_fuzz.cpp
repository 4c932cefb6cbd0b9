// What a stranger, or a peer that was proven and means no good, sends inside and outside of QUIC.
//
// An input begins with a byte: 0 heads of channels, in pieces as long as their first byte says; 1 datagrams with flows;
// 2 packets for a server that waits, each behind two bytes with its length.
//
// Threads: one; time is turned by hand.
// links: quic_ngtcp2_parts jackfield_sdk_testing
#include "fuzz.hpp"

#include "session.hpp"

#include <jackfield/testing/fake_host.hpp>

#include <cstdlib>

namespace {

using namespace jackfield;
using namespace quic_ngtcp2;

/// Every head that is taken is bounded, and written as it was read.
void read_heads(ByteView input)
{
    HeadReader reader;
    Bytes taken;
    while (!input.empty()) {
        ByteView piece = input.first(std::min<std::size_t>(input.size(), 1 + input[0] % 60));
        const std::size_t size = piece.size();
        std::optional<Head> head;
        if (guarded(nullptr, [&] { head = reader.next(piece); }) != JF_OK)
            return;
        if (!head && !piece.empty())
            std::abort(); // it wants more and left some
        taken.insert(taken.end(), input.begin(), input.begin() + static_cast<std::ptrdiff_t>(size - piece.size()));
        input = input.subspan(size - piece.size());
        if (!head)
            continue;
        if (head->name.empty() || head->name.size() > 255 || write_head(*head) != taken)
            std::abort();
        reader = HeadReader();
        taken.clear();
    }
}

void read_datagram(ByteView input)
{
    ByteView rest = input;
    const auto flow = take_flow(rest);
    if (!flow)
        return;
    const FlowHead head = write_flow(*flow);
    ByteView again = head.view();
    if (rest.size() >= input.size() || head.size > input.size() - rest.size() || take_flow(again) != flow)
        std::abort();
}

/// A path that counts what is said.
class DeafPath final : public PathBase {
public:
    jf_path_info describe() const noexcept override { return {sizeof(jf_path_info), JF_DATAGRAM, 1400, 0, 0, 0}; }
    void open(jf_path_receiver receiver) override { gate.open(receiver); }
    Status send(std::span<const jf_bytes> parts) noexcept override
    {
        said += total_size(parts);
        return JF_OK;
    }
    void close() noexcept override { gate.shut(); }

    ReceiverGate gate;
    std::size_t said = 0;
};

void feed_server(ByteView input)
{
    static const Engine engine(&Core::verify);
    testing::FakeHost host(testing::Clock::manual);
    DeafPath path;
    struct Ear {
        bool secured = false;
    } ear;
    static constexpr jf_secure_listener_methods kListener{
        sizeof(jf_secure_listener_methods), 0,
        [](void* self, jf_path, const jf_secure_info*) { static_cast<Ear*>(self)->secured = true; },
        [](void*, jf_status, const jf_error*) {}};
    const auto nobody = [](const std::string&) -> Device { throw Failure(JF_UNAUTHENTICATED, "nobody is"); };
    const auto core = std::make_shared<Core>(host.host(), Path(path.handle()), false, engine, nobody,
                                             SecureListener({&kListener, &ear}), Options());
    Session session(core, host.host());
    core->start(session.secured_path());
    std::size_t heard = 0;
    while (input.size() > 2) {
        const std::size_t size = std::min<std::size_t>(input.size() - 2, std::size_t{input[0]} << 8U | input[1]);
        path.gate.deliver(make_packet(input.subspan(2, size), 0));
        heard += size;
        input = input.subspan(2 + size);
        host.run_pending();
    }
    host.advance(std::chrono::seconds(1));
    if (ear.secured || path.said > 3 * heard + 3 * 1400) // RFC 9000 section 8.1
        std::abort();
}

/// The first flight of a client of ours, behind its length.
Bytes first_flight()
{
    struct Recorder final : PathBase {
        jf_path_info describe() const noexcept override { return {sizeof(jf_path_info), JF_DATAGRAM, 1400, 0, 0, 0}; }
        void open(jf_path_receiver) override {}
        Status send(std::span<const jf_bytes> parts) noexcept override
        {
            const std::size_t size = total_size(parts);
            bytes.push_back(static_cast<std::uint8_t>(size >> 8U));
            bytes.push_back(static_cast<std::uint8_t>(size));
            for (const auto& part : parts)
                bytes.insert(bytes.end(), part.data, part.data + part.size);
            return JF_OK;
        }
        void close() noexcept override {}
        Bytes bytes;
    } recorder;
    static const Engine engine(&Core::verify);
    static constexpr jf_secure_listener_methods kNobody{sizeof(jf_secure_listener_methods), 0,
                                                        [](void*, jf_path, const jf_secure_info*) {},
                                                        [](void*, jf_status, const jf_error*) {}};
    testing::FakeHost host(testing::Clock::manual);
    const auto core = std::make_shared<Core>(
        host.host(), Path(recorder.handle()), true, engine, [](const std::string&) { return Device(); },
        SecureListener({&kNobody, nullptr}), Options());
    Session session(core, host.host());
    core->start(session.secured_path());
    return recorder.bytes;
}

} // namespace

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    Bytes heads{0};
    for (const Head& head : {Head{JF_STREAM, "signaling"}, Head{JF_DATAGRAM, "media-0123456789abcdef-1"}}) {
        const Bytes bytes = write_head(head);
        heads.insert(heads.end(), bytes.begin(), bytes.end());
    }
    Bytes hello = first_flight();
    Bytes twice = hello;
    twice.insert(twice.end(), hello.begin(), hello.end());
    hello.insert(hello.begin(), 2);
    twice.insert(twice.begin(), 2);
    return {heads, {0, 1, 0}, {1, 3, 128, 0}, {1, 0x7b, 0xbd, 1}, {1, 0xc0, 0, 0}, hello, twice};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0)
        return 0;
    const ByteView input(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0:
        read_heads(input);
        break;
    case 1:
        read_datagram(input);
        break;
    default:
        feed_server(input);
    }
    return 0;
}
