// Codecs and audio stages in a process of their own: the same results, and what becomes of a call when that process
// ends.

#include "tests/kernel/isolate/rig.hpp"

#include "kernel/bind/text.hpp"

#include <jackfield/abi/audio_stage.h>
#include <jackfield/abi/codec.h>

#include <array>
#include <cstring>
#include <thread>

namespace jackfield::kernel::isolate {

namespace {

jf_frame sound(const std::vector<float>& samples, std::uint32_t rate_hz = 48000)
{
    jf_frame frame{};
    frame.struct_size = sizeof(frame);
    frame.kind = JF_AUDIO;
    frame.time_ns = 77;
    frame.samples = samples.data();
    frame.sample_rate_hz = rate_hz;
    frame.channels = 1;
    frame.samples_per_channel = static_cast<std::uint32_t>(samples.size());
    return frame;
}

struct Payloads {
    std::vector<std::vector<std::uint8_t>> bytes;
    std::vector<std::int64_t> times;

    jf_payload_sink sink()
    {
        return {this, [](void* self, const jf_payload* payload) {
                    auto& all = *static_cast<Payloads*>(self);
                    all.bytes.emplace_back(payload->bytes.data, payload->bytes.data + payload->bytes.size);
                    all.times.push_back(payload->time_ns);
                }};
    }
    std::uint32_t word(std::size_t which) const
    {
        std::uint32_t value = 0;
        std::memcpy(&value, bytes.back().data() + which * sizeof(value), sizeof(value));
        return value;
    }
};

class IsolatedCodec : public ::testing::Test {
protected:
    /// As the kernel does it: on a worker.
    jf_encoder encoder(const std::string& config = "{}", jf_status expected = JF_OK)
    {
        jf_encoder made{};
        const auto& methods = rig_.methods<jf_codec_methods>();
        EXPECT_EQ(methods.open_encoder(rig_.self(), abi_text(config), payloads_.sink(), &made, &error_), expected);
        return made;
    }
    void release(const jf_encoder& encoder)
    {
        rig_.on_control([&] { encoder.methods->release(encoder.self); });
    }
    static jf_status encode(const jf_encoder& encoder, const std::vector<float>& samples)
    {
        const jf_frame frame = sound(samples);
        return encoder.methods->encode(encoder.self, &frame);
    }

    Rig rig_;
    Payloads payloads_;
    ErrorSlot error_;
};

TEST_F(IsolatedCodec, EncodesInAnotherProcess)
{
    ASSERT_EQ(rig_.create(JF_CODEC_INTERFACE).status, JF_OK);
    std::string capabilities;
    EXPECT_EQ(rig_.methods<jf_codec_methods>().capabilities(rig_.self(), append_to(capabilities), &error_), JF_OK);
    EXPECT_EQ(capabilities, R"({"codecs": []})");
    const jf_encoder made = encoder();
    EXPECT_EQ(encode(made, {0, 0.5F, 0}), JF_OK);
    ASSERT_EQ(payloads_.bytes.size(), 2U);
    EXPECT_EQ(payloads_.times, (std::vector<std::int64_t>{77, 77}));
    EXPECT_NE(payloads_.word(0), static_cast<std::uint32_t>(getpid()));
    EXPECT_EQ(payloads_.word(4), 3U) << "samples";
    release(made);
}

TEST_F(IsolatedCodec, HearsWhatTheEncoderIsToldWithTheNextFrame)
{
    ASSERT_EQ(rig_.create(JF_CODEC_INTERFACE).status, JF_OK);
    const jf_encoder made = encoder();
    made.methods->set_bitrate(made.self, 32'000);
    made.methods->set_loss(made.self, 12);
    made.methods->request_key_frame(made.self);
    EXPECT_EQ(encode(made, {0}), JF_OK);
    EXPECT_EQ(encode(made, {0}), JF_OK);
    EXPECT_EQ(payloads_.word(1), 32'000U);
    EXPECT_EQ(payloads_.word(2), 1U);
    EXPECT_EQ(payloads_.word(3), 12U);
    release(made);
}

TEST_F(IsolatedCodec, DecodesPicturesWhoseLinesHaveGaps)
{
    ASSERT_EQ(rig_.create(JF_CODEC_INTERFACE).status, JF_OK);
    struct Picture {
        jf_frame frame{};
        std::vector<std::uint8_t> luma;
    } picture;
    jf_decoder made{};
    const jf_frame_sink sink{&picture, [](void* self, const jf_frame* frame) {
                                 auto& seen = *static_cast<Picture*>(self);
                                 seen.frame = *frame;
                                 for (std::size_t row = 0; row < frame->height_px; ++row) {
                                     const auto* const line = frame->planes[0] + row * frame->strides_bytes[0];
                                     seen.luma.insert(seen.luma.end(), line, line + frame->width_px);
                                 }
                             }};
    ASSERT_EQ(rig_.methods<jf_codec_methods>().open_decoder(rig_.self(), abi_text("{}"), sink, &made, &error_), JF_OK);
    const std::uint8_t byte = 40;
    jf_payload payload{};
    payload.struct_size = sizeof(payload);
    payload.time_ns = 5;
    EXPECT_EQ(made.methods->decode(made.self, &payload), JF_WOULD_BLOCK);
    payload.bytes = {&byte, 1};
    EXPECT_EQ(made.methods->decode(made.self, &payload), JF_OK);
    EXPECT_EQ(picture.frame.time_ns, 5);
    EXPECT_EQ(picture.frame.rotation_deg, 90U);
    EXPECT_EQ(picture.luma, (std::vector<std::uint8_t>{40, 41, 42, 43, 48, 49, 50, 51}));
    rig_.on_control([&] { made.methods->release(made.self); });
}

TEST_F(IsolatedCodec, SaysWhyItCannotBeOpened)
{
    ASSERT_EQ(rig_.create(JF_CODEC_INTERFACE).status, JF_OK);
    encoder(R"({"name": "other"})", JF_UNSUPPORTED);
    EXPECT_EQ(error_.error(JF_UNSUPPORTED).text, "no such codec");
}

TEST_F(IsolatedCodec, GoesOnInANewProcessWhenItHasCrashed)
{
    ASSERT_EQ(rig_.create(JF_CODEC_INTERFACE).status, JF_OK);
    const jf_encoder made = encoder();
    EXPECT_EQ(encode(made, {0}), JF_OK);
    const auto first = payloads_.word(0);
    EXPECT_EQ(encode(made, {2}), JF_CLOSED);
    EXPECT_NE(rig_.log.wait_for("it is started again")
                  .find("isolated-trouble: its process crashed (SIGABRT); it is started again after 100 ms"),
              std::string::npos);
    EXPECT_FALSE(rig_.log.wait_for("runs again").empty());
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    jf_status status = JF_CLOSED; // until the new process has opened the session, too
    while (status == JF_CLOSED && std::chrono::steady_clock::now() < deadline)
        status = encode(made, {0});
    EXPECT_EQ(status, JF_OK);
    EXPECT_NE(payloads_.word(0), first);
    release(made);
}

TEST_F(IsolatedCodec, OfTheProjectGivesTheSameBytesAsInThisProcess)
{
    Rig g711("codec-g711");
    ASSERT_EQ(g711.create(JF_CODEC_INTERFACE, "{}", std::string(JACKFIELD_TEST_PLUGIN_DIR) + "/codec-g711.plugin.json")
                  .status,
              JF_OK);
    const auto& methods = g711.methods<jf_codec_methods>();
    const std::string config =
        R"({"name": "PCMU", "kind": "audio", "clock_rate_hz": 8000, "channels": 1, "sample_rate_hz": 8000,
        "parameters": "", "frame_ms": 20, "static_payload_type": 0, "bitrate_bps": 64000, "max_payload_bytes": 1200})";
    jf_encoder made{};
    ASSERT_EQ(methods.open_encoder(g711.self(), abi_text(config), payloads_.sink(), &made, &error_), JF_OK)
        << error_.raw.text;
    std::vector<float> samples(160);
    samples[1] = 1;
    const jf_frame frame = sound(samples, 8000);
    EXPECT_EQ(made.methods->encode(made.self, &frame), JF_OK);
    ASSERT_EQ(payloads_.bytes.size(), 1U);
    ASSERT_EQ(payloads_.bytes[0].size(), 160U);
    EXPECT_EQ(payloads_.bytes[0][0], 0xff) << "silence in mu-law";
    EXPECT_EQ(payloads_.bytes[0][1], 0x80) << "as loud as can be";
    g711.on_control([&] { made.methods->release(made.self); });
}

TEST(IsolatedStage, WorksOnOurSoundWhileItHearsThePeers)
{
    Rig rig;
    ASSERT_EQ(rig.create(JF_AUDIO_STAGE_INTERFACE).status, JF_OK);
    const auto& methods = rig.methods<jf_audio_stage_methods>();
    jf_audio_stage_session session{};
    ErrorSlot error;
    rig.on_control([&] {
        EXPECT_EQ(methods.open(rig.self(), abi_text(""), &session, &error), JF_UNSUPPORTED);
        ASSERT_EQ(methods.open(rig.self(), abi_text("{}"), &session, &error), JF_OK);
    });
    const std::vector<float> ours{0, 0.25F, -0.5F};
    const jf_frame frame = sound(ours);
    std::thread player([&] {
        for (int i = 0; i < 100; ++i)
            session.methods->played(session.self, &frame);
    });
    auto samples = ours;
    EXPECT_EQ(session.methods->process(session.self, &frame, samples.data()), JF_OK);
    EXPECT_EQ(samples[1], -0.25F);
    EXPECT_EQ(samples[2], 0.5F);
    player.join();
    EXPECT_EQ(session.methods->process(session.self, &frame, samples.data()), JF_OK);
    EXPECT_EQ(samples[0], 100);
    rig.on_control([&] { session.methods->release(session.self); });
}

} // namespace

} // namespace jackfield::kernel::isolate
