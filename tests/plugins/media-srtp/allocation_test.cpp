// The media path allocates nothing: every malloc and operator new of this program is counted while packets run.
//
// Threads: the test's thread; the counters are of this thread alone.
// libsrtp2 as Debian builds it calls NSS, which allocates in every call. So a packet may cost what the bare library
// calls cost, counted here beforehand, and not one allocation more.
#include "options.hpp"
#include "tests/allocation_counts.hpp"
#include <shared/srtp/srtp_context.hpp>

#include <jackfield/testing/fake_host.hpp>

#include <gtest/gtest.h>
#include <shared/rtp/session.hpp>

namespace jackfield::media_srtp {
namespace {

constexpr std::int64_t kStepNs = 20 * kMillisecondNs;

/// Keeps the packets sent on it, in memory taken beforehand, until the test hands them to the other end.
class ShelfPath final : public PathBase {
public:
    jf_path_info describe() const noexcept override { return {sizeof(jf_path_info), JF_DATAGRAM, 1400, 0, 0, 0}; }
    void open(jf_path_receiver receiver) override { receiver_ = receiver; }
    Status send(std::span<const jf_bytes> parts) noexcept override
    {
        if (count_ == std::size(shelf_))
            return JF_WOULD_BLOCK;
        Item& item = shelf_[count_++];
        item.size = 0;
        for (const jf_bytes& part : parts) {
            std::memcpy(&item.bytes[item.size], part.data, part.size);
            item.size += part.size;
        }
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

private:
    struct Item {
        std::uint8_t bytes[1500];
        std::size_t size = 0;
    };
    Item shelf_[64];
    std::size_t count_ = 0;
    jf_path_receiver receiver_{nullptr, nullptr};
};

jf_media_listener deaf()
{
    static constexpr jf_media_listener_methods methods{sizeof(jf_media_listener_methods),
                                                       0,
                                                       [](void*, std::uint32_t) {},
                                                       [](void*, std::uint32_t) {},
                                                       [](void*, jf_status, const jf_error*) {},
                                                       [](void*, std::uint32_t, std::uint32_t) {},
                                                       nullptr,
                                                       nullptr};
    return {&methods, nullptr};
}

/// An audio and a video stream on one path, and whoever talks over it.
struct Call {
    explicit Call(const Suite& suite) : host(testing::Clock::manual)
    {
        LibraryStart library;
        library.finish();
        Options options = read_options(R"({"rtcp_interval_ms": 100, "key_frame_interval_ms": 50})");
        SessionConfig config;
        for (std::uint32_t i = 0; i < 2; ++i) {
            StreamConfig stream;
            stream.video = i == 1;
            stream.payload_type = static_cast<std::uint8_t>(96 + i);
            stream.receive_payload_types.set(stream.payload_type);
            stream.clock_rate_hz = 48'000;
            stream.ssrc = 1 + i;
            stream.picture_loss = true;
            stream.send_key = Key{&suite, Bytes(suite.key_bytes + suite.salt_bytes, static_cast<std::uint8_t>(i))};
            stream.receive_key = stream.send_key;
            config.streams.push_back(stream);
        }
        for (std::size_t side = 0; side < 2; ++side) {
            for (StreamConfig& stream : config.streams)
                stream.ssrc += 10;
            sessions[side] =
                std::make_unique<Session>(host.host(), options, ConfigReader(), config,
                                          std::vector<Path>{Path(paths[side].handle())}, MediaListener(deaf()));
        }
    }

    /// One step of 20 ms: both sides send audio and a picture, receive, take. Returns how many payloads were taken.
    int step()
    {
        host.advance(std::chrono::nanoseconds(kStepNs));
        timestamp += 960;
        for (auto& session : sessions) {
            for (std::uint32_t stream = 0; stream < 2; ++stream) {
                jf_payload payload{};
                payload.struct_size = sizeof(payload);
                payload.rtp_timestamp = timestamp;
                payload.bytes = {media, stream == 0 ? 160U : 1200U};
                payload.marker = stream == 1 ? 1 : 0;
                payload.time_ns = host.now_ns();
                EXPECT_EQ(session->send(stream, payload), JF_OK);
            }
        }
        paths[0].hand_to(paths[1], host.now_ns());
        paths[1].hand_to(paths[0], host.now_ns());
        int taken = 0;
        for (auto& session : sessions) {
            for (std::uint32_t stream = 0; stream < 2; ++stream) {
                jf_payload payload{};
                std::int64_t due_ns = 0;
                while (session->take(stream, host.now_ns(), payload, due_ns) == JF_OK)
                    ++taken;
            }
        }
        return taken;
    }

    void report()
    {
        for (auto& session : sessions) {
            session->tick(host.now_ns());
            session->request_key_frame(1);
        }
    }

    testing::FakeHost host;
    ShelfPath paths[2];
    std::unique_ptr<Session> sessions[2];
    std::uint32_t timestamp = 0;
    std::uint8_t media[1200] = {};
};

/// What the library itself allocates for protecting and opening one packet.
std::uint64_t mallocs_of_the_library(const Suite& suite)
{
    const Key key{&suite, Bytes(suite.key_bytes + suite.salt_bytes, 9)};
    Protector protector(key, 5);
    Unprotector unprotector(key, 5);
    std::uint64_t last = 0;
    for (std::uint16_t i = 0; i < 4; ++i) { // the first ones may cost more
        std::uint8_t packet[1400] = {};
        write_rtp_header(packet, {i, 0, 5, 96, false, false});
        std::size_t size = 1200;
        const std::uint64_t before = malloc_count;
        EXPECT_TRUE(protector.rtp(packet, size));
        EXPECT_TRUE(unprotector.rtp(std::span(packet, size), size));
        last = malloc_count - before;
    }
    return last;
}

TEST(MediaSrtpAllocation, SendingReceivingAndTakingAllocatesNothing)
{
    if (!COUNTS_ALLOCATIONS)
        GTEST_SKIP() << "a sanitizer owns malloc";
    for (const Suite& suite : all_suites()) {
        Call call(suite);
        const std::uint64_t library = mallocs_of_the_library(suite);
        for (int i = 0; i < 50; ++i) {
            call.step();
            call.report();
        }
        for (int i = 0; i < 5; ++i)
            call.step(); // the last reports are under way, the last key-frame requests wait for their time
        const std::uint64_t mallocs_before = malloc_count;
        const std::uint64_t news_before = new_count;
        int taken = 0;
        for (int i = 0; i < 500; ++i)
            taken += call.step();
        EXPECT_EQ(taken, 2000);
        EXPECT_EQ(new_count - news_before, 0U) << suite.name;
        EXPECT_EQ(malloc_count - mallocs_before, 2000 * library) << suite.name;
        RecordProperty(std::string(suite.name) + " mallocs of the library per packet", static_cast<int>(library));
    }
}

TEST(MediaSrtpAllocation, ReportsAndKeyFrameRequestsAllocateNothing)
{
    if (!COUNTS_ALLOCATIONS)
        GTEST_SKIP() << "a sanitizer owns malloc";
    Call call(all_suites()[0]);
    for (int i = 0; i < 50; ++i) {
        call.step();
        call.report();
    }
    const auto requested = [&] {
        const std::string text = call.sessions[0]->statistics();
        return text.substr(text.rfind("\"key_frames_requested\""));
    };
    const std::string before = requested();
    const std::uint64_t news_before = new_count;
    for (int i = 0; i < 500; ++i) {
        call.step();
        call.report();
    }
    EXPECT_EQ(new_count - news_before, 0U);
    EXPECT_NE(requested(), before) << "it did not send any";
}

TEST(MediaSrtpAllocation, TheCounterCounts)
{
    if (!COUNTS_ALLOCATIONS)
        GTEST_SKIP() << "a sanitizer owns malloc";
    const std::uint64_t before = new_count;
    const auto text = std::make_unique<std::string>(100, 'x');
    EXPECT_EQ(text->size(), 100U);
    EXPECT_EQ(new_count - before, 2U);
}

} // namespace
} // namespace jackfield::media_srtp
