// How many packets a second one core protects and sends, and receives and takes, through a whole media session.
//
// Threads: one. Lifetime: two sessions per benchmark, joined by a path that keeps packets until they are handed over.
// links: media_srtp_core jackfield_sdk_testing
#include "plugins/media-srtp/options.hpp"
#include "plugins/media-srtp/srtp_context.hpp"

#include <jackfield/testing/fake_host.hpp>

#include <benchmark/benchmark.h>
#include <shared/rtp/session.hpp>

namespace {

using namespace jackfield;
using namespace jackfield::media_srtp;

constexpr std::size_t kBatch = 256;

/// Takes what is sent and keeps the last kBatch packets.
class ShelfPath final : public PathBase {
public:
    jf_path_info describe() const noexcept override { return {sizeof(jf_path_info), JF_DATAGRAM, 1400, 0, 0, 0}; }
    void open(jf_path_receiver receiver) override { receiver_ = receiver; }
    Status send(std::span<const jf_bytes> parts) noexcept override
    {
        Item& item = shelf_[count_++ % kBatch];
        item.size = parts[0].size;
        std::memcpy(item.bytes, parts[0].data, parts[0].size);
        return JF_OK;
    }
    void close() noexcept override {}

    void hand_to(ShelfPath& other, std::int64_t now_ns)
    {
        for (std::size_t i = 0; i < count_; ++i) {
            const jf_packet packet = make_packet(ByteView(shelf_[i].bytes, shelf_[i].size), now_ns);
            other.receiver_.methods->received(other.receiver_.self, &packet);
        }
        count_ = 0;
    }

    void clear() { count_ = 0; }

private:
    struct Item {
        std::uint8_t bytes[1500];
        std::size_t size = 0;
    };
    std::vector<Item> shelf_{kBatch};
    std::size_t count_ = 0;
    jf_path_receiver receiver_{nullptr, nullptr};
};

struct Call {
    explicit Call(const char* suite_name) : host(testing::Clock::manual)
    {
        static constexpr jf_media_listener_methods deaf{sizeof(jf_media_listener_methods),
                                                        0,
                                                        [](void*, std::uint32_t) {},
                                                        [](void*, std::uint32_t) {},
                                                        [](void*, jf_status, const jf_error*) {},
                                                        [](void*, std::uint32_t, std::uint32_t) {}};
        LibraryStart library;
        library.finish();
        const Suite& suite = *find_suite(suite_name);
        SessionConfig config;
        config.streams.resize(1);
        StreamConfig& stream = config.streams[0];
        stream.video = true; // comes out at once
        stream.payload_type = 96;
        stream.receive_payload_types.set(96);
        stream.clock_rate_hz = 90'000;
        stream.send_key = stream.receive_key = Key{&suite, Bytes(suite.key_bytes + suite.salt_bytes, 1)};
        for (int side = 0; side < 2; ++side) {
            stream.ssrc = static_cast<std::uint32_t>(side + 1);
            sessions[side] = std::make_unique<Session>(host.host(), read_options("{}"), config,
                                                       std::vector<Path>{Path(paths[side].handle())},
                                                       MediaListener({&deaf, nullptr}));
        }
    }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    ~Call()
    {
        for (ShelfPath& path : paths)
            path.clear();
    }

    void send_batch(std::size_t size)
    {
        for (std::size_t i = 0; i < kBatch; ++i) {
            jf_payload payload{};
            payload.rtp_timestamp = timestamp += 3000;
            payload.bytes = {media, size};
            payload.marker = 1;
            sessions[0]->send(0, payload);
        }
    }

    testing::FakeHost host;
    ShelfPath paths[2];
    std::unique_ptr<Session> sessions[2];
    std::uint32_t timestamp = 0;
    std::uint8_t media[1200] = {};
};

void protect_and_send(benchmark::State& state, const char* suite)
{
    Call call(suite);
    for (auto _ : state) {
        call.send_batch(static_cast<std::size_t>(state.range(0)));
        call.paths[0].clear();
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}

void receive_and_take(benchmark::State& state, const char* suite)
{
    Call call(suite);
    std::int64_t taken = 0;
    for (auto _ : state) {
        state.PauseTiming();
        call.host.advance(std::chrono::seconds(8)); // as long as the media last: no jitter
        call.send_batch(static_cast<std::size_t>(state.range(0)));
        state.ResumeTiming();
        call.paths[0].hand_to(call.paths[1], call.host.now_ns());
        jf_payload payload{};
        std::int64_t due_ns = 0;
        while (call.sessions[1]->take(0, call.host.now_ns(), payload, due_ns) == JF_OK)
            ++taken;
    }
    if (taken != state.iterations() * static_cast<std::int64_t>(kBatch))
        state.SkipWithError("not every packet came through");
    state.SetItemsProcessed(taken);
}

BENCHMARK_CAPTURE(protect_and_send, gcm, "AEAD_AES_128_GCM")->Arg(160)->Arg(1200);
BENCHMARK_CAPTURE(protect_and_send, cm_sha1, "AES_CM_128_HMAC_SHA1_80")->Arg(160)->Arg(1200);
BENCHMARK_CAPTURE(receive_and_take, gcm, "AEAD_AES_128_GCM")->Arg(160)->Arg(1200);
BENCHMARK_CAPTURE(receive_and_take, cm_sha1, "AES_CM_128_HMAC_SHA1_80")->Arg(160)->Arg(1200);

} // namespace
