// The canceller in a room that we compute: what the speaker plays comes back to the microphone later, softer, with
// reflections. What is measured is printed.
//
// Threads: the test's is the speaker's and the microphone's in turn. Lifetime: one plugin instance per test.

#include "tests/plugins/tone_in.hpp"

#include <jackfield/abi/audio_stage.h>
#include <jackfield/testing/fake_host.hpp>
#include <jackfield/testing/plugin_under_test.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>

namespace audio_webrtc::testing {
namespace {

using Samples = std::vector<float>;

constexpr std::uint32_t kRate = 16'000; // of the recordings
constexpr const char* kFolder = "/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-";

/// Read speech: 16-bit samples behind the heading of a WAV file. Empty if it is not installed.
Samples speech(const std::string& number)
{
    std::ifstream file(kFolder + number + ".wav", std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    const auto data = bytes.find("data");
    Samples samples;
    for (std::size_t at = data + 8; data != std::string::npos && at + 1 < bytes.size(); at += 2) {
        std::int16_t sample = 0;
        std::memcpy(&sample, bytes.data() + at, sizeof(sample));
        samples.push_back(static_cast<float>(sample) / 32'768);
    }
    return samples;
}

/// Again and again, so long and so loud.
Samples stretched_to(const Samples& from, double seconds, double loudness)
{
    Samples samples;
    const double factor = loudness / sound_test::loudness(from);
    for (std::size_t i = 0; i < static_cast<std::size_t>(seconds * kRate); ++i)
        samples.push_back(static_cast<float>(from[i % from.size()] * factor));
    return samples;
}

/// What a room makes of it: so late, so much softer, and two reflections.
Samples echo_of(const Samples& played, std::size_t delay_ms, double decibels)
{
    const std::size_t late = delay_ms * kRate / 1000;
    const auto gain = static_cast<float>(std::pow(10, -decibels / 20));
    Samples heard(played.size());
    const std::pair<std::size_t, float> ways[] = {{late, gain}, {late + 90, gain / 2}, {late + 333, -gain / 3}};
    for (const auto& [by, factor] : ways) {
        for (std::size_t i = by; i < played.size(); ++i)
            heard[i] += factor * played[i - by];
    }
    return heard;
}

Samples sum(const Samples& a, const Samples& b)
{
    Samples all(a);
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] += b[i];
    return all;
}

double decibels(double ratio)
{
    return 20 * std::log10(ratio);
}

double loudness_between(const Samples& samples, double from_s, double to_s)
{
    return sound_test::loudness(std::span(samples).subspan(static_cast<std::size_t>(from_s * kRate),
                                                           static_cast<std::size_t>((to_s - from_s) * kRate)));
}

/// How alike two sounds are, where they are most alike within 40 ms: 1 if they are the same but for loudness.
double likeness(std::span<const float> a, std::span<const float> b)
{
    double best = 0;
    for (std::size_t by = 0; by < kRate / 25; by += 4) {
        double product = 0;
        double power_a = 0;
        double power_b = 0;
        for (std::size_t i = 0; i + by < b.size() && i < a.size(); ++i) {
            product += double{a[i]} * b[i + by];
            power_a += double{a[i]} * a[i];
            power_b += double{b[i + by]} * b[i + by];
        }
        best = std::max(best, product / std::sqrt(power_a * power_b));
    }
    return best;
}

class Echo : public ::testing::Test {
protected:
    void SetUp() override
    {
        peer_ = speech("0880");
        ours_ = speech("0890");
        if (peer_.empty() || ours_.empty())
            GTEST_SKIP() << "pocketsphinx-testdata is not installed";
        peer_ = stretched_to(peer_, 20, 0.1);
        ours_ = stretched_to(ours_, 20, 0.1);
    }

    /// What goes to the encoder when the microphone hears that while `played` is played. The peer's frames come 60 ms
    /// ahead of their time, in 20 ms; so do ours.
    Samples through(const Samples& heard, const Samples& played, std::string_view config, std::uint32_t frame = 320)
    {
        jackfield::testing::FakeHost host;
        const jackfield::testing::InstanceUnderTest<jf_audio_stage_methods> plugin(
            host, JACKFIELD_TEST_PLUGIN_DIR, "audio-webrtc", JF_AUDIO_STAGE_INTERFACE, config);
        jf_audio_stage_session session{};
        jf_error error = jackfield::no_error();
        jackfield::check(plugin.methods()->open(plugin.self(),
                                                jackfield::to_text(R"({"sample_rate_hz": 16000, "channels": 1})"),
                                                &session, &error),
                         error);
        Samples out(heard);
        std::size_t given = 0;
        const auto give = [&](std::size_t until) {
            for (; given + 320 <= std::min(until, played.size()); given += 320) {
                const jf_frame piece = frame_at(played, given, 320);
                session.methods->played(session.self, &piece);
            }
        };
        for (std::size_t at = 0; at + frame <= out.size(); at += frame) {
            give(at + frame + 960);
            const jf_frame piece = frame_at(heard, at, frame);
            EXPECT_EQ(session.methods->process(session.self, &piece, out.data() + at), JF_OK);
        }
        session.methods->release(session.self);
        return out;
    }

    static jf_frame frame_at(const Samples& samples, std::size_t at, std::uint32_t count)
    {
        jf_frame frame{};
        frame.struct_size = sizeof(frame);
        frame.kind = JF_AUDIO;
        frame.time_ns = 5'000'000'000 + static_cast<std::int64_t>(at) * 1'000'000'000 / kRate;
        frame.samples = samples.data() + at;
        frame.sample_rate_hz = kRate;
        frame.channels = 1;
        frame.samples_per_channel = count;
        return frame;
    }

    Samples peer_;
    Samples ours_;
};

constexpr const char* kEchoAlone = R"({"noise_suppression": "off", "gain_control": false, "high_pass": false})";
constexpr const char* kNothing =
    R"({"echo_cancellation": false, "noise_suppression": "off", "gain_control": false, "high_pass": false})";

TEST_F(Echo, OfThePeerIsTakenOutOfWhatTheMicrophoneHears)
{
    for (const std::size_t delay_ms : {10U, 60U, 120U}) {
        const auto heard = echo_of(peer_, delay_ms, 6);
        const auto out = through(heard, peer_, kEchoAlone);
        const double less = decibels(loudness_between(heard, 10, 19) / loudness_between(out, 10, 19));
        std::cout << "an echo after " << delay_ms << " ms loses " << less << " dB\n";
        EXPECT_GT(less, 25) << delay_ms;
    }
}

TEST_F(Echo, StaysWithoutTheCanceller)
{
    const auto heard = echo_of(peer_, 30, 6);
    const auto out = through(heard, peer_, kNothing);
    EXPECT_NEAR(decibels(loudness_between(heard, 10, 19) / loudness_between(out, 10, 19)), 0, 0.5);
}

TEST_F(Echo, LeavesOurVoiceAsItIs)
{
    const auto alone = through(ours_, Samples(ours_.size()), kEchoAlone);
    const double less = decibels(loudness_between(ours_, 10, 19) / loudness_between(alone, 10, 19));
    const double alike = likeness(std::span(ours_).subspan(160'000, 64'000), std::span(alone).subspan(160'000, 64'000));
    std::cout << "our voice alone loses " << less << " dB, and is like itself by " << alike << "\n";
    EXPECT_NEAR(less, 0, 1);
    EXPECT_GT(alike, 0.97);
}

TEST_F(Echo, IsTakenOutWhileWeTalkAndOurVoiceSurvives)
{
    const auto echo = echo_of(peer_, 60, 12);
    Samples ours(ours_);
    std::fill(ours.begin(), ours.begin() + 10 * kRate, 0.0F); // at first the peer talks alone
    const auto out = through(sum(echo, ours), peer_, kEchoAlone);
    const auto late_ours = std::span(ours).subspan(11 * kRate, 8 * kRate);
    const auto late_out = std::span(out).subspan(11 * kRate, 8 * kRate);
    const double kept = decibels(sound_test::loudness(late_out) / sound_test::loudness(late_ours));
    const double alike = likeness(late_ours, late_out);
    std::cout << "while both talk our voice has " << kept << " dB, and is like itself by " << alike << "\n";
    EXPECT_GT(kept, -6);
    EXPECT_LT(kept, 3);
    EXPECT_GT(alike, 0.8);
}

TEST_F(Echo, IsTakenOutOfFramesThatAreNoMultipleOfTenMilliseconds)
{
    const auto heard = echo_of(peer_, 30, 6);
    const auto out = through(heard, peer_, kEchoAlone, 400); // 25 ms
    EXPECT_GT(decibels(loudness_between(heard, 10, 19) / loudness_between(out, 10, 19)), 20);
}

TEST_F(Echo, SteadyNoiseIsTakenOut)
{
    std::mt19937 random(1);
    std::normal_distribution<float> noise(0, 0.02F);
    Samples hiss(20 * kRate);
    for (auto& sample : hiss)
        sample = noise(random);
    const auto out = through(hiss, Samples(hiss.size()),
                             R"({"noise_suppression": "high", "gain_control": false, "high_pass": false})");
    const double less = decibels(loudness_between(hiss, 10, 19) / loudness_between(out, 10, 19));
    std::cout << "steady noise loses " << less << " dB\n";
    EXPECT_GT(less, 8);
}

TEST_F(Echo, ASoftVoiceBecomesLouder)
{
    const auto soft = stretched_to(ours_, 20, 0.01);
    const auto out = through(soft, Samples(soft.size()), R"({"noise_suppression": "off", "high_pass": false})");
    const double more = decibels(loudness_between(out, 10, 19) / loudness_between(soft, 10, 19));
    std::cout << "a soft voice gains " << more << " dB\n";
    EXPECT_GT(more, 5);
}

} // namespace
} // namespace audio_webrtc::testing
