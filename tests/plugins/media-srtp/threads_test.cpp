// Two sessions over a path with a thread of its own, every function called from the thread the kernel would call it
// from.
//
// Threads: per side one that sends, two that take, one that ticks, and the test's own, which is control and asks for
// key frames and statistics meanwhile. Time is real; the test waits for packets, not for time.
#include "tests/plugins/media_transport/simulation.hpp"

#include <jackfield/testing/memory_link.hpp>

#include <gtest/gtest.h>

namespace media_transport_test {
namespace {

constexpr std::uint32_t kAudioPackets = 200;
constexpr std::uint32_t kPictures = 100;
constexpr std::uint32_t kPartsOfAPicture = 5;
constexpr std::uint32_t kStreams = 2;

/// Wakes a media thread, as the kernel's listener does.
class Bell {
public:
    void ring()
    {
        const std::lock_guard lock(mutex_);
        rung_ = true;
        changed_.notify_all();
    }
    void wait_until(std::int64_t time_ns)
    {
        std::unique_lock lock(mutex_);
        const auto rung = [this] { return rung_; };
        if (time_ns == INT64_MAX)
            changed_.wait(lock, rung);
        else
            changed_.wait_until(lock, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(time_ns)), rung);
        rung_ = false;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool rung_ = false;
};

class RealSide {
public:
    RealSide()
        : transport(host, JACKFIELD_TEST_PLUGIN_DIR, "media-srtp", JF_MEDIA_TRANSPORT_INTERFACE,
                    R"({"rtcp_interval_ms": 100})")
    {}
    RealSide(const RealSide&) = delete;
    RealSide& operator=(const RealSide&) = delete;
    ~RealSide() { stop(); }

    void open(const Json& config, jf_path path)
    {
        static constexpr jf_media_listener_methods methods{
            sizeof(jf_media_listener_methods),
            0,
            [](void* self, std::uint32_t stream) { static_cast<RealSide*>(self)->bells[stream].ring(); },
            [](void* self, std::uint32_t) { static_cast<RealSide*>(self)->key_frame_requests += 1; },
            [](void* self, jackfield::Status, const jf_error*) { static_cast<RealSide*>(self)->ended += 1; },
            [](void*, std::uint32_t, std::uint32_t) {},
            [](void* self, std::uint32_t, std::uint32_t bps) { static_cast<RealSide*>(self)->target_bps = bps; },
            [](void* self) { static_cast<RealSide*>(self)->tick_bell.ring(); }};
        const std::string text = config.dump();
        jf_error error = jackfield::no_error();
        jackfield::check(
            transport->open(transport.self(), jackfield::to_text(text), &path, 1, {&methods, this}, &session, &error),
            error);
    }

    /// A controller that works as always, and may not go below what this test sends with.
    void control()
    {
        congestion = std::make_unique<jackfield::testing::InstanceUnderTest<jf_congestion_control_methods>>(
            control_host, JACKFIELD_TEST_PLUGIN_DIR, "cc-gcc", JF_CONGESTION_CONTROL_INTERFACE,
            R"({"min_bps": 900000000})");
        jf_error error = jackfield::no_error();
        jackfield::check((*congestion)->open(congestion->self(), &controller, &error), error);
        session.methods->control_rate(session.self, controller);
    }

    void start()
    {
        threads.emplace_back([this] { send_all(); });
        for (std::uint32_t stream = 0; stream < kStreams; ++stream)
            threads.emplace_back([this, stream] { take_all(stream); });
        threads.emplace_back([this] {
            while (!stopping)
                tick_bell.wait_until(session.methods->tick(session.self, host.now_ns()));
        });
    }

    void stop()
    {
        stopping = true;
        for (Bell& bell : bells)
            bell.ring();
        tick_bell.ring();
        for (auto& thread : threads)
            thread.join();
        threads.clear();
        if (session.methods != nullptr)
            session.methods->release(session.self);
        session = {nullptr, nullptr};
        if (controller.methods != nullptr)
            controller.methods->release(controller.self);
        controller = {nullptr, nullptr};
    }

    void send(std::uint32_t stream, std::uint32_t timestamp, const Bytes& bytes, bool marker)
    {
        jf_payload payload{};
        payload.struct_size = sizeof(payload);
        payload.rtp_timestamp = timestamp;
        payload.bytes = jackfield::to_bytes(bytes);
        payload.marker = marker ? 1 : 0;
        payload.time_ns = host.now_ns();
        EXPECT_EQ(session.methods->send(session.self, stream, &payload), JF_OK);
    }

    void send_all()
    {
        for (std::uint32_t i = 0; i < kAudioPackets; ++i)
            send(0, i * 48, numbered(i), false);
        for (std::uint32_t i = 0; i < kPictures * kPartsOfAPicture; ++i)
            send(1, i / kPartsOfAPicture * 90, numbered(i, 1000), i % kPartsOfAPicture == kPartsOfAPicture - 1);
    }

    void take_all(std::uint32_t stream)
    {
        while (!stopping) {
            jf_payload payload{};
            payload.struct_size = sizeof(payload);
            std::int64_t due_ns = 0;
            if (session.methods->take(session.self, stream, host.now_ns(), &payload, &due_ns) != JF_OK) {
                bells[stream].wait_until(due_ns);
                continue;
            }
            const Played packet{0, 0, 0, 0, 0, 0, Bytes(payload.bytes.data, payload.bytes.data + payload.bytes.size)};
            EXPECT_EQ(packet.number(), taken[stream].load());
            taken[stream] += 1;
        }
    }

    bool done() const { return taken[0] == kAudioPackets && taken[1] == kPictures * kPartsOfAPicture; }

    jackfield::testing::FakeHost host;
    jackfield::testing::FakeHost control_host;
    std::unique_ptr<jackfield::testing::InstanceUnderTest<jf_congestion_control_methods>> congestion;
    jf_rate_controller controller{nullptr, nullptr};
    std::atomic<std::uint32_t> target_bps{0};
    jackfield::testing::InstanceUnderTest<jf_media_transport_methods> transport;
    jf_media_session session{nullptr, nullptr};
    std::vector<std::thread> threads;
    Bell bells[kStreams];
    Bell tick_bell;
    std::atomic<std::uint32_t> taken[kStreams] = {};
    std::atomic<int> key_frame_requests{0};
    std::atomic<int> ended{0};
    std::atomic<bool> stopping{false};
};

template <class Maker>
Json stream(const std::string& kind, std::uint32_t ssrc, Maker make_key)
{
    const bool video = kind == "video";
    return {{"kind", kind},
            {"payload_type", video ? 96 : 111},
            {"clock_rate_hz", video ? 90000 : 48000},
            {"ssrc", ssrc},
            {"rtp_path", 0},
            {"rtcp_path", 0},
            {"send_key", {{"suite", "AEAD_AES_128_GCM"}, {"key", make_key()}}},
            {"receive_key", {{"suite", "AEAD_AES_128_GCM"}, {"key", make_key()}}}};
}

/// Reports of arrivals, repair, and rates that a controller decides on.
void agree_on_more(Json& config, std::uint32_t repair_ssrc)
{
    for (Json& one : config["streams"]) {
        one["feedback"] = {"nack", "nack pli", "ack ccfb"};
        one["bitrate"] = {{"min_bps", 10'000}, {"max_bps", 500'000'000}, {"start_bps", 400'000'000}};
    }
    config["streams"][1]["repair"] = {{"payload_type", 97}, {"ssrc", repair_ssrc}};
}

void carry_a_call(bool controlled)
{
    jackfield::testing::MemoryLink link(JF_DATAGRAM, 1400);
    RealSide sides[2];
    const auto make_key = [&] {
        std::string key;
        jf_error error = jackfield::no_error();
        jackfield::check(sides[0].transport->make_key(sides[0].transport.self(), jackfield::to_text("AEAD_AES_128_GCM"),
                                                      jackfield::append_to(key), &error),
                         error);
        return key;
    };
    Json config = {{"streams", Json::array({stream("audio", 1, make_key), stream("video", 2, make_key)})}};
    Json mirrored = config;
    for (Json& one : mirrored["streams"]) {
        std::swap(one["send_key"], one["receive_key"]);
        one["ssrc"] = one["ssrc"].get<std::uint32_t>() + 10;
    }
    if (controlled) {
        agree_on_more(config, 101);
        agree_on_more(mirrored, 102);
    }
    sides[0].open(config, link.path(0).raw());
    sides[1].open(mirrored, link.path(1).raw());
    for (RealSide& side : sides) {
        if (controlled)
            side.control();
        side.start();
    }

    std::string last_seen;
    const auto settled = [&] {
        for (RealSide& side : sides)
            side.session.methods->request_key_frame(side.session.self, 1);
        for (RealSide& side : sides) {
            side.host.run_pending();
            std::string text;
            jf_error error = jackfield::no_error();
            EXPECT_EQ(side.session.methods->statistics(side.session.self, jackfield::append_to(text), &error), JF_OK);
            const Json statistics = Json::parse(text)["streams"];
            last_seen = statistics.dump(1) + " key frames asked for: " + std::to_string(side.key_frame_requests);
            EXPECT_EQ(statistics[0]["packets_refused"], 0);
            EXPECT_EQ(statistics[1]["packets_refused"], 0);
            if (!side.done() || side.key_frame_requests == 0 || !statistics[0].contains("round_trip_ms"))
                return false;
        }
        return true;
    };
    ASSERT_TRUE(sides[0].host.run_until(settled)) << last_seen;
    sides[0].stop();
    EXPECT_TRUE(sides[1].host.run_until([&] { return sides[1].ended == 1; }));
}

TEST(MediaSrtpThreads, CarriesACallWithEveryFunctionOnItsOwnThread)
{
    carry_a_call(false);
}

TEST(MediaSrtpThreads, CarriesACallUnderAControllerThatIsToldFromEveryThread)
{
    carry_a_call(true);
}

} // namespace
} // namespace media_transport_test
