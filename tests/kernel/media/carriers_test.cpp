// Several transports in one call: each has a session of its streams alone, on their paths, and what all count comes
// back in the order of the call. Sound goes over a channel of the link, pictures over connectivity with RTCP beside.

#include "kernel/media/carriers.hpp"

#include "kernel/bind/text.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

namespace jackfield::kernel {
namespace {

using Json = nlohmann::json;

/// What one transport was asked to open, and what its session was asked afterwards.
struct Opened {
    Json config;
    std::vector<const void*> paths;
    jf_media_listener listener{};
    jf_rate_controller controller{};
    std::string counts; // what it will say
    int releases = 0;
    std::vector<std::string> changes; // what the session was told
    std::vector<std::uint32_t> sent;  // streams of payloads

    void took(std::uint32_t stream)
    {
        const std::lock_guard lock(mutex_);
        taken_.insert(stream);
        changed_.notify_all();
    }
    /// Until packets of that many streams were asked for; which those are. Forgets them.
    std::set<std::uint32_t> taken(std::size_t count)
    {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::seconds(10), [&] { return taken_.size() >= count; });
        return std::exchange(taken_, {});
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::set<std::uint32_t> taken_;
};

constexpr jf_media_session_methods kSession{
    sizeof(jf_media_session_methods),
    0,
    [](void* self, std::uint32_t stream, const jf_payload*) -> jf_status {
        static_cast<Opened*>(self)->sent.push_back(stream);
        return JF_OK;
    },
    [](void* self, std::uint32_t stream, std::int64_t, jf_payload*, std::int64_t* next_due_ns) -> jf_status {
        static_cast<Opened*>(self)->took(stream);
        *next_due_ns = INT64_MAX;
        return JF_WOULD_BLOCK;
    },
    [](void*, std::int64_t) -> std::int64_t { return INT64_MAX; },
    [](void*, std::uint32_t) {},
    [](void* self, jf_writer out, jf_error*) -> jf_status {
        const auto& counts = static_cast<Opened*>(self)->counts;
        out.write(out.self, reinterpret_cast<const std::uint8_t*>(counts.data()), counts.size());
        return JF_OK;
    },
    [](void* self) { ++static_cast<Opened*>(self)->releases; },
    [](void* self, jf_text config, const jf_path*, std::size_t, jf_error*) -> jf_status {
        static_cast<Opened*>(self)->changes.emplace_back(view_of(config));
        return JF_OK;
    },
    [](void* self, jf_rate_controller controller) { static_cast<Opened*>(self)->controller = controller; }};

/// A transport that remembers. Its `self` and its session's is the Opened.
constexpr jf_media_transport_methods kTransport{
    sizeof(jf_media_transport_methods), 0, [](void*, jf_writer, jf_error*) -> jf_status { return JF_UNSUPPORTED; },
    [](void*, jf_text, jf_writer, jf_error*) -> jf_status { return JF_UNSUPPORTED; },
    [](void* self, jf_text config, const jf_path* paths, std::size_t count, jf_media_listener listener,
       jf_media_session* session, jf_error*) -> jf_status {
        auto& opened = *static_cast<Opened*>(self);
        opened.config = Json::parse(view_of(config));
        for (std::size_t i = 0; i < count; ++i)
            opened.paths.push_back(paths[i].self);
        opened.listener = listener;
        *session = {&kSession, self};
        return JF_OK;
    }};

/// What encoders were told: `self` of each is its place here, by the name of its codec.
struct Told {
    int key_frames = 0;
    std::uint32_t loss = 0;
    std::uint32_t bitrate_bps = 0;
    jf_payload_sink sink{};
};
using AllTold = std::map<std::string, Told>;

constexpr jf_encoder_methods kEncoder{
    sizeof(jf_encoder_methods),
    0,
    [](void* self, const jf_frame*) -> jf_status {
        const jf_payload payload{};
        const auto& sink = static_cast<Told*>(self)->sink;
        sink.payload(sink.self, &payload);
        return JF_OK;
    },
    [](void* self, std::uint32_t bps) { static_cast<Told*>(self)->bitrate_bps = bps; },
    [](void* self) { ++static_cast<Told*>(self)->key_frames; },
    [](void*) {},
    [](void* self, std::uint32_t percent) { static_cast<Told*>(self)->loss = percent; }};

constexpr jf_codec_methods kCodec{
    sizeof(jf_codec_methods), 0, [](void*, jf_writer, jf_error*) -> jf_status { return JF_UNSUPPORTED; },
    [](void* self, jf_text config, jf_payload_sink sink, jf_encoder* encoder, jf_error*) -> jf_status {
        auto& one = (*static_cast<AllTold*>(self))[Json::parse(view_of(config)).value("name", "")];
        one.sink = sink;
        *encoder = {&kEncoder, &one};
        return JF_OK;
    },
    [](void*, jf_text, jf_frame_sink, jf_decoder*, jf_error*) -> jf_status { return JF_UNSUPPORTED; }};

AgreedStream agreed_over(std::size_t transport, const std::string& codec, const std::string& channel, int component)
{
    AgreedStream stream;
    stream.kind = codec == "opus" ? MediaKind::audio : MediaKind::video;
    stream.direction = {true, true};
    stream.codec.kind = stream.kind;
    stream.codec.name = codec;
    stream.codec.clock_rate_hz = 90'000;
    stream.transport = transport;
    stream.channel = channel;
    stream.rtp_component = component;
    stream.rtcp_component = channel.empty() ? component + 1 : component;
    return stream;
}

/// Controllers that only count how many there are.
constexpr jf_rate_controller_methods kController{sizeof(jf_rate_controller_methods),
                                                 0,
                                                 [](void*, const jf_rate_stream*, std::size_t, std::int64_t) {},
                                                 [](void*, const jf_sent_packet*) {},
                                                 [](void*, const jf_rate_feedback*) {},
                                                 [](void*, std::uint32_t, std::uint32_t, std::int64_t, std::int64_t) {},
                                                 [](void*, const jf_rate_moment*) { return INT64_MAX; },
                                                 [](void*, jf_rate_targets*) {},
                                                 [](void* self) { --*static_cast<int*>(self); },
                                                 nullptr};

constexpr jf_congestion_control_methods kControl{
    sizeof(jf_congestion_control_methods), 0, [](void* self, jf_rate_controller* controller, jf_error*) -> jf_status {
        ++*static_cast<int*>(self);
        *controller = {&kController, self};
        return JF_OK;
    }};

class CarriersTest : public ::testing::Test {
protected:
    CarriersTest()
    {
        for (auto& opened : transports)
            board.media_transports.push_back({{&kTransport, &opened, "remembering"}, {}});
        board.codecs.push_back({&kCodec, &told, "telling"});
        board.congestion_control = {&kControl, &controllers, "counting"};
        for (const auto& stream : streams) {
            senders.push_back(std::make_shared<SendStream>(board, stream, jf_source_info{}, [] {}));
            senders.back()->open();
            receivers.push_back(std::make_shared<ReceiveStream>(board, stream, jf_sink_session{}, [] {}, playing));
        }
        std::vector<jf_path> paths;
        for (std::size_t i = 0; i < places_of(streams).size(); ++i)
            paths.push_back({nullptr, &marks[i]});
        carriers.open(streams, paths, senders, receivers);
    }
    ~CarriersTest() override
    {
        for (const auto& receiver : receivers)
            receiver->stop();
        carriers.close();
    }

    /// The streams of the call: pictures, sound over a channel, pictures again. Nothing uses the second transport.
    const std::vector<AgreedStream> streams{agreed_over(2, "VP8", "", 1), agreed_over(0, "opus", "media-1", 1),
                                            agreed_over(2, "H264", "", 3)};
    char marks[5]{}; // VP8 and its RTCP, opus, H264 and its RTCP
    Opened transports[3];
    AllTold told;
    int controllers = 0; // that there are now
    std::vector<Error> ends;
    ControlThread control;
    Registry registry{Registry::scan({})};
    Resolved resolved;
    Board board{control, registry, resolved, JF_LOG_ERROR, {}};
    Senders senders;
    PlayThread playing;
    Receivers receivers;
    Carriers carriers{board, "alice", [this](Error error) { ends.push_back(std::move(error)); }};
};

TEST_F(CarriersTest, EachTransportGetsThePathsOfItsStreamsAndNoOthers)
{
    EXPECT_EQ(transports[0].paths, (std::vector<const void*>{&marks[2]}));
    EXPECT_EQ(transports[2].paths, (std::vector<const void*>{&marks[0], &marks[1], &marks[3], &marks[4]}));
    const auto& pictures = transports[2].config["streams"];
    ASSERT_EQ(pictures.size(), 2U);
    EXPECT_EQ(pictures[1]["rtp_path"], 2);
    EXPECT_EQ(pictures[1]["rtcp_path"], 3);
    EXPECT_EQ(transports[0].config["streams"][0]["rtp_path"], 0);
    EXPECT_EQ(transports[0].config["streams"][0]["rtcp_path"], 0);
}

TEST_F(CarriersTest, EachSessionHasAControllerOfItsOwnAsLongAsItLives)
{
    EXPECT_EQ(controllers, 2);
    EXPECT_EQ(transports[0].controller.self, &controllers);
    EXPECT_EQ(transports[1].controller.self, nullptr);
    EXPECT_EQ(transports[2].controller.self, &controllers);
    carriers.close();
    EXPECT_EQ(controllers, 0);
}

TEST_F(CarriersTest, ATargetSetsTheEncoderOfThatStream)
{
    const auto& listener = transports[2].listener;
    listener.methods->target_rate(listener.self, 1, 123'000);
    EXPECT_EQ(told["H264"].bitrate_bps, 123'000U);
    EXPECT_EQ(told["VP8"].bitrate_bps, 0U);
    listener.methods->target_rate(listener.self, 7, 1); // no such stream
    listener.methods->tick_due(listener.self);          // nobody runs yet
}

TEST_F(CarriersTest, ATargetThatComesBeforeTheEncoderIsOpenIsNotForgotten)
{
    SendStream late(board, agreed_over(2, "late", "", 1), jf_source_info{}, [] {});
    late.set_bitrate(77'000);
    late.open();
    EXPECT_EQ(told["late"].bitrate_bps, 77'000U);
}

TEST_F(CarriersTest, ATransportThatNoStreamUsesIsNotOpened)
{
    EXPECT_EQ(transports[1].listener.methods, nullptr);
}

TEST_F(CarriersTest, PacketsAreAskedForByTheNumberThatAStreamHasInItsSession)
{
    for (const auto& receiver : receivers)
        receiver->start();
    EXPECT_EQ(transports[0].taken(1), std::set<std::uint32_t>{0});
    EXPECT_EQ(transports[2].taken(2), (std::set<std::uint32_t>{0, 1}));
    const auto& listener = transports[2].listener;
    listener.methods->arrived(listener.self, 1);
    EXPECT_EQ(transports[2].taken(1), std::set<std::uint32_t>{1});
    listener.methods->arrived(listener.self, 7); // a session that counts wrong harms nobody
}

TEST_F(CarriersTest, WhatIsEncodedGoesOutByTheNumberThatAStreamHasInItsSession)
{
    for (const std::size_t number : {2, 1, 0})
        senders[number]->frame(jf_frame{});
    EXPECT_EQ(transports[2].sent, (std::vector<std::uint32_t>{1, 0}));
    EXPECT_EQ(transports[0].sent, std::vector<std::uint32_t>{0});
}

TEST_F(CarriersTest, WhatThePeerWantsReachesTheEncoderOfThatStream)
{
    const auto& pictures = transports[2].listener;
    pictures.methods->key_frame_requested(pictures.self, 1);
    const auto& sound = transports[0].listener;
    sound.methods->loss_reported(sound.self, 0, 12);
    EXPECT_EQ(told["H264"].key_frames, 1);
    EXPECT_EQ(told["VP8"].key_frames + told["opus"].key_frames, 0);
    EXPECT_EQ(told["opus"].loss, 12U);
    EXPECT_EQ(told["VP8"].loss + told["H264"].loss, 0U);
    pictures.methods->key_frame_requested(pictures.self, 7);
}

TEST_F(CarriersTest, WhatAllCountComesInTheOrderOfTheCall)
{
    transports[0].counts = R"({"rtt_ms": 1, "streams": [{"is": "sound"}]})";
    transports[2].counts = R"({"rtt_ms": 2, "streams": [{"is": "first"}, {"is": "second"}]})";
    EXPECT_EQ(Json::parse(carriers.statistics(3)),
              Json::parse(R"({"rtt_ms": 1, "streams": [{"is": "first"}, {"is": "sound"}, {"is": "second"}]})"));
    transports[2].counts = R"({"streams": []})";
    EXPECT_EQ(carriers.statistics(3), "") << "one that does not count its streams";
}

TEST_F(CarriersTest, TheEndOfOneIsToldAndAllAreReleasedTogether)
{
    const auto& listener = transports[2].listener;
    const jf_error error{sizeof(error), JF_UNREACHABLE, "cut"};
    listener.methods->ended(listener.self, JF_UNREACHABLE, &error);
    ASSERT_EQ(ends.size(), 1U);
    EXPECT_EQ(ends[0].status, JF_UNREACHABLE);
    carriers.close();
    EXPECT_EQ(transports[0].releases, 1);
    EXPECT_EQ(transports[1].releases, 0);
    EXPECT_EQ(transports[2].releases, 1);
}

} // namespace
} // namespace jackfield::kernel
