// What the plugins in C, in C++ without the SDK and in Rust do, over the boundary.

#include <jackfield/abi/audio_stage.h>
#include <jackfield/abi/congestion_control.h>
#include <jackfield/abi/path_decorator.h>
#include <jackfield/path.hpp>
#include <jackfield/testing/memory_link.hpp>
#include <jackfield/testing/path_ear.hpp>
#include <jackfield/testing/plugin_under_test.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

namespace {

using namespace jackfield;
using jackfield::testing::FakeHost;
using jackfield::testing::InstanceUnderTest;

const std::string kFolder = JACKFIELD_SAMPLE_PLUGIN_DIR;

std::string last_line(const FakeHost& host)
{
    const auto lines = host.log_lines();
    return lines.empty() ? "" : lines.back();
}

/// A session of audio-gain for one channel of 48 kHz.
class GainOf {
public:
    explicit GainOf(const std::string& config) : stage_(host, kFolder, "audio-gain", JF_AUDIO_STAGE_INTERFACE, config)
    {
        jf_error error = no_error();
        const auto form =
            to_text(R"({"new": ["}", {"a": [-1e3, "\""]}, null], "channels": 1, "sample_rate_hz": 4.8E+4})");
        check(stage_->open(stage_.self(), form, &session_, &error), error);
    }
    GainOf(const GainOf&) = delete;
    GainOf& operator=(const GainOf&) = delete;
    ~GainOf() { release(); }

    std::vector<float> of(std::vector<float> samples)
    {
        jf_frame frame{};
        frame.struct_size = sizeof(frame);
        frame.kind = JF_AUDIO;
        frame.samples = samples.data();
        frame.sample_rate_hz = 48'000;
        frame.channels = 1;
        frame.samples_per_channel = static_cast<std::uint32_t>(samples.size());
        EXPECT_EQ(session_.methods->process(session_.self, &frame, samples.data()), JF_OK);
        return samples;
    }
    void release()
    {
        if (session_.methods != nullptr)
            session_.methods->release(session_.self);
        session_ = {};
    }

    FakeHost host;

private:
    InstanceUnderTest<jf_audio_stage_methods> stage_;
    jf_audio_stage_session session_{};
};

TEST(AudioGain, HalvesOurSoundUnlessItIsToldOtherwise)
{
    const auto samples = GainOf("{}").of({0.5F, -1.0F, 0.0F});
    EXPECT_NEAR(samples[0], 0.25, 0.002) << "6 dB less";
    EXPECT_NEAR(samples[1], -0.5, 0.002);
    EXPECT_EQ(samples[2], 0);
}

TEST(AudioGain, CutsOffWhatWouldBeBeyondFullScaleAndSaysHowMuch)
{
    GainOf gain(R"({ "gain_db" : 2.0e+1 })");
    const auto samples = gain.of({0.05F, 0.5F, -0.5F});
    EXPECT_NEAR(samples[0], 0.5, 1e-5);
    EXPECT_EQ(samples[1], 1);
    EXPECT_EQ(samples[2], -1);
    gain.release();
    EXPECT_EQ(last_line(gain.host), "1 audio-gain: 3 samples by 20.0 dB, 2 of them limited");
}

TEST(AudioGain, SaysWhatIsWrongWithAConfiguration)
{
    const jf_factory& factory = jackfield::testing::find_factory(jackfield::testing::load_entry(kFolder, "audio-gain"),
                                                                 JF_AUDIO_STAGE_INTERFACE);
    const std::pair<std::string, std::string> wrong[] = {
        {R"({"gain": 1})", "/gain: there is no such option; \"gain_db\" would work"},
        {R"({"gain_db": 20.5})", "/gain_db: out of bounds; a number from -60 to 20 would work"},
        {R"({"gain_db": "1"})", "/gain_db: no number; gain_db: 1 would work"},
        {R"({"gain_db": 1e999})", "/gain_db: no number; gain_db: 1 would work"},
        {R"({"gain_db": 1)", ": no JSON object; {\"gain_db\": 1} would work"},
        {R"({"gain_db": 1} x)", ": no JSON object; {\"gain_db\": 1} would work"},
        {"{\"gain_db\\", ": no JSON object; {\"gain_db\": 1} would work"},
    };
    for (const auto& [config, words] : wrong) {
        FakeHost host;
        void* self = nullptr;
        jf_error error = no_error();
        EXPECT_EQ(factory.create(host.raw(), to_text(config), &self, &error), JF_BAD_CONFIG) << config;
        EXPECT_EQ(std::string(error.text), words) << config;
        EXPECT_EQ(factory.create(host.raw(), to_text(config), &self, nullptr), JF_BAD_CONFIG) << "nobody asks why";
    }
}

TEST(PathSizes, CountsWhatWasTakenAndWhatCameByItsSize)
{
    FakeHost host;
    jackfield::testing::MemoryLink link(JF_DATAGRAM);
    jackfield::testing::PathEar at_near;
    jackfield::testing::PathEar at_far;
    InstanceUnderTest<jf_path_decorator_methods> decorator(host, kFolder, "path-sizes", JF_PATH_DECORATOR_INTERFACE);
    const jf_decorator_options options{sizeof(options), 1, 1, 0, to_text("media"), {}};
    jf_path above{};
    jf_decorator_session session{};
    jf_error error = no_error();
    check(decorator->open(decorator.self(), link.path(0).raw(), &options, &above, &session, &error), error);
    const Path near(above);
    near.open(at_near);
    link.path(1).open(at_far);
    for (const std::size_t size : {64U, 65U, 128U, 1000U})
        EXPECT_EQ(near.send(Bytes(size, 1)), JF_OK);
    EXPECT_EQ(near.send(Bytes(70'000, 1)), JF_BAD_INPUT);
    EXPECT_EQ(link.path(1).send(Bytes(10, 2)), JF_OK);
    ASSERT_TRUE(at_near.wait_for_packets(1));
    ASSERT_TRUE(at_far.wait_for_packets(4));
    session.methods->release(session.self);
    EXPECT_EQ(last_line(host), "1 path-sizes: media, bytes up to: sent 64:1 128:2 1024:1, received 64:1");
    link.path(1).close();
}

/// A controller of cc-aimd with one stream of 100 to 1000 kb/s, at 500.
class AimdController {
public:
    AimdController() : control_(host_, kFolder, "cc-aimd", JF_CONGESTION_CONTROL_INTERFACE)
    {
        jf_error error = no_error();
        check(control_->open(control_.self(), &controller_, &error), error);
        const jf_rate_stream stream{sizeof(stream), JF_VIDEO, 100'000, 1'000'000, 500'000, 0};
        controller_.methods->set_streams(controller_.self, &stream, 1, 0);
    }
    AimdController(const AimdController&) = delete;
    AimdController& operator=(const AimdController&) = delete;
    ~AimdController() { controller_.methods->release(controller_.self); }

    /// Some time at the end of which 100 packets are reported, of which so many are lost.
    void live(std::size_t lost, std::int64_t ms = 100)
    {
        now_ns_ += ms * 1'000'000;
        std::vector<jf_packet_report> reports(100);
        for (std::size_t i = 0; i < reports.size(); ++i)
            reports[i].received = i >= lost;
        const jf_rate_feedback feedback{sizeof(feedback), 0, now_ns_, 40'000'000, reports.data(), reports.size()};
        controller_.methods->feedback(controller_.self, &feedback);
    }
    std::uint32_t target() const
    {
        std::uint32_t bps = 0;
        jf_rate_targets targets{sizeof(targets), 1, &bps, 0, 0};
        controller_.methods->targets(controller_.self, &targets);
        return bps;
    }
    std::string statistics() const
    {
        std::string json;
        controller_.methods->statistics(
            controller_.self, {&json, [](void* self, const std::uint8_t* data, std::size_t size) {
                                   static_cast<std::string*>(self)->append(reinterpret_cast<const char*>(data), size);
                               }});
        return json;
    }

private:
    FakeHost host_;
    InstanceUnderTest<jf_congestion_control_methods> control_;
    jf_rate_controller controller_{};
    std::int64_t now_ns_ = 1'000'000'000;
};

TEST(CcAimd, RisesSlowlyWithoutLossesAndFallsAtOnceWithThem)
{
    if (!std::filesystem::exists(kFolder + "/cc-aimd.so"))
        GTEST_SKIP() << "this test needs cc-aimd, which was not built: there is no cargo";
    AimdController controller;
    EXPECT_EQ(controller.target(), 500'000U);
    for (int i = 0; i < 11; ++i)
        controller.live(2);
    EXPECT_NEAR(controller.target(), 550'000, 2) << "50 kb/s in the second since the first report";
    controller.live(3);
    EXPECT_NEAR(controller.target(), 467'500, 2) << "15 % less";
    controller.live(3, 39);
    EXPECT_NEAR(controller.target(), 467'500, 2) << "once in a round trip, which takes 40 ms";
    EXPECT_EQ(controller.statistics(), R"({"aimd_bps": 467500, "aimd_falls": 1})");
    for (int i = 0; i < 40; ++i)
        controller.live(50);
    EXPECT_EQ(controller.target(), 100'000U) << "no less than the stream needs";
    EXPECT_EQ(controller.statistics().substr(0, 21), R"({"aimd_bps": 100000, )") << "from where it rises again";
}

} // namespace
