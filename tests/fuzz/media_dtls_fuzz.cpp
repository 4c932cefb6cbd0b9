// What a stranger's packet reaches on a path of DTLS-SRTP: before the handshake, in the middle of it, and after it, as
// server and as client.
//
// Threads: one. Lifetime: two paths per input; one context for all.
// links: media_dtls_core jackfield_sdk_testing
// quick: 400
#include "fuzz.hpp"

#include <jackfield/testing/fake_host.hpp>

#include <plugins/media-dtls/secured_path.hpp>
#include <shared/srtp/srtp_context.hpp>

#include <cstdlib>
#include <deque>

namespace {

using namespace jackfield;
using namespace jackfield::media_dtls;

/// One end of a wire; the other one reads what was sent when it is told to.
class Mouth final : public PathBase {
public:
    jf_path_info describe() const noexcept override { return {sizeof(jf_path_info), JF_DATAGRAM, 1400, 0, 0, 0}; }
    void open(jf_path_receiver receiver) override { receiver_ = receiver; }
    Status send(std::span<const jf_bytes> parts) noexcept override
    {
        Bytes& bytes = sent.emplace_back();
        for (const auto& part : parts)
            bytes.insert(bytes.end(), part.data, part.data + part.size);
        return JF_OK;
    }
    void close() noexcept override { receiver_ = {nullptr, nullptr}; }

    void speak(ByteView bytes)
    {
        const jf_packet packet = make_packet(bytes, 1);
        if (receiver_.methods != nullptr)
            receiver_.methods->received(receiver_.self, &packet);
    }

    std::deque<Bytes> sent;

private:
    jf_path_receiver receiver_{nullptr, nullptr};
};

struct Ear final : PathReceiver {
    void received(const jf_packet& packet) noexcept override
    {
        if (packet.bytes.size > rtp::kMaxPacketBytes)
            std::abort();
        for (const auto byte : view(packet.bytes))
            sum += byte;
    }
    void closed(Status, std::string_view) noexcept override {}

    unsigned sum = 0;
};

struct World {
    World() : host(testing::Clock::manual), options(read_options("{}")), context(host.host(), options)
    {
        Handshake::install(context.context());
        library.finish();
    }

    srtp::LibraryStart library;
    testing::FakeHost host;
    Options options;
    DtlsContext context;
};

/// The first byte: how many flights are over when the stranger speaks, and to whom. Then a byte of length, a packet,
/// ...
void run(ByteView input)
{
    static World world;
    if (input.empty())
        return;
    const int flights = input[0] & 7;
    const bool to_client = (input[0] & 8) != 0;
    input = input.subspan(1);
    Mouth mouths[2];
    Ear ears[2];
    SecuredPath client(world.host.host(), world.context, Path(mouths[0].handle()));
    SecuredPath server(world.host.host(), world.context, Path(mouths[1].handle()));
    client.associate({world.context.fingerprint(), true, {1}, {}});
    server.associate({world.context.fingerprint(), false, {2}, 1U});
    server.open(ears[1].handle());
    client.open(ears[0].handle());
    const auto step = [&] {
        for (const int end : {0, 1}) {
            for (auto& bytes : std::exchange(mouths[end].sent, {}))
                mouths[1 - end].speak(bytes);
        }
        world.host.run_pending();
    };
    for (int i = 0; i < flights; ++i)
        step();
    while (!input.empty()) {
        const std::size_t size = std::min<std::size_t>(input[0] * 8U, input.size() - 1);
        mouths[to_client ? 0 : 1].speak(input.subspan(1, size));
        input = input.subspan(1 + size);
        world.host.run_pending();
        step();
    }
    client.close();
    server.close();
    world.host.run_pending();
}

} // namespace

namespace jackfield::fuzz {

std::vector<std::vector<std::uint8_t>> seeds()
{
    std::vector<Bytes> all;
    for (std::uint8_t first = 0; first < 16; ++first) {
        Bytes input{first};
        // A record of the handshake, an alert, application data, a packet of RTP, one of RTCP (RFC 6347 section 4.1).
        for (const std::uint8_t type : std::to_array<std::uint8_t>({22, 21, 23, 20})) {
            const Bytes record{2, type, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 3, 1, 0, 0};
            input.insert(input.end(), record.begin(), record.end());
        }
        for (const std::uint8_t type : std::to_array<std::uint8_t>({96, 200})) {
            Bytes packet(1 + 64, 3);
            packet[0] = 8;
            packet[1] = 0x80;
            packet[2] = type;
            input.insert(input.end(), packet.begin(), packet.end());
        }
        all.push_back(std::move(input));
    }
    return all;
}

} // namespace jackfield::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    run({data, size});
    return 0;
}
