// Opus: channels, spare copies, bitrate; and what the plugin says of itself.
//
// Threads: the test's. Lifetime: one plugin instance per test.
#include "tests/plugins/codec/capabilities.hpp"

#include <array>

namespace jackfield::codec::testing {

namespace {

/// Something like a vowel: pulses whose pitch and strength come and go, which no guess follows.
class Voice {
public:
    /// The next 20 ms at 48 kHz.
    jf_frame next()
    {
        for (auto& sample : samples_) {
            const double t = static_cast<double>(at_++) / 48'000;
            phase_ += (120 + 30 * std::sin(4 * std::numbers::pi * t)) / 48'000;
            phase_ -= phase_ >= 1 ? 1 : 0;
            smooth_ += 0.15 * ((phase_ < 0.1 ? 1.0 : -0.1) - smooth_);
            sample = static_cast<float>(smooth_ * (0.35 + 0.35 * std::sin(6 * std::numbers::pi * t)));
        }
        jf_frame out{};
        out.struct_size = sizeof(out);
        out.kind = JF_AUDIO;
        out.time_ns = kStartNs + static_cast<std::int64_t>(at_ - samples_.size()) * 1'000'000'000 / 48'000;
        out.samples = samples_.data();
        out.sample_rate_hz = 48'000;
        out.channels = 1;
        out.samples_per_channel = static_cast<std::uint32_t>(samples_.size());
        return out;
    }

private:
    std::array<float, 960> samples_{};
    std::uint64_t at_ = 0;
    double phase_ = 0;
    double smooth_ = 0;
};

} // namespace

TEST(CodecOpus, TwoChannelsStayTwoIfTheReceiverAskedForThem)
{
    const CodecPlugin plugin("codec-opus", R"({"stereo": true})");
    const char* config = R"({"name": "opus", "parameters": "stereo=1;sprop-stereo=1", "bitrate_bps": 96000})";
    EncoderUnderTest encoder(plugin, config);
    DecoderUnderTest decoder(plugin, config);
    Tone tone(48'000, 2, 500);
    for (int i = 0; i < 50; ++i)
        decoder.decode(encoder.encoded(tone.next(960)));
    ASSERT_FALSE(decoder.got.empty());
    ASSERT_EQ(decoder.got.back().frame.channels, 2U);
    const auto& last = decoder.got.back().samples;
    double product = 0;
    for (std::size_t i = 0; i < last.size(); i += 2)
        product += static_cast<double>(last[i]) * last[i + 1];
    EXPECT_LT(product, -1) << "the channels are in opposite phase";
}

TEST(CodecOpus, TwoChannelsAreMixedToOneOtherwise)
{
    const CodecPlugin plugin("codec-opus");
    EncoderUnderTest encoder(plugin, R"({"name": "opus"})");
    DecoderUnderTest decoder(plugin, R"({"name": "opus"})");
    Tone tone(48'000, 2, 500);
    for (int i = 0; i < 50; ++i)
        decoder.decode(encoder.encoded(tone.next(960)));
    ASSERT_EQ(decoder.got.back().frame.channels, 1U);
    EXPECT_LT(loudness(decoder.got.back().samples), 0.02) << "opposite phases cancel";
}

TEST(CodecOpus, TheSpareCopyBringsALostPacketBack)
{
    const CodecPlugin plugin("codec-opus");
    const auto error_of_concealment = [&](const char* config, std::uint32_t loss_percent) {
        EncoderUnderTest encoder(plugin, config);
        encoder.set_loss(loss_percent);
        DecoderUnderTest whole(plugin, config);
        DecoderUnderTest holed(plugin, config);
        Voice voice;
        for (int i = 0; i < 200; ++i) {
            const auto sent = encoder.encoded(voice.next());
            whole.decode(sent);
            if (i % 5 != 4)
                holed.decode(sent.at(0), i % 5 == 0 && i > 0 ? 1 : 0);
        }
        double error = 0;
        double energy = 0;
        for (std::size_t i = 54; i < holed.got.size(); i += 5) {
            EXPECT_EQ(holed.got[i].frame.concealed, 1U);
            for (std::size_t k = 0; k < whole.got[i].samples.size(); ++k) {
                error += std::pow(holed.got[i].samples.at(k) - whole.got[i].samples[k], 2);
                energy += std::pow(whole.got[i].samples[k], 2);
            }
        }
        return error / energy;
    };
    const char* const spare = R"({"name": "opus", "parameters": "useinbandfec=1"})";
    EXPECT_LT(error_of_concealment(spare, 20), 0.1);
    EXPECT_GT(error_of_concealment(spare, 0), 0.3) << "without losses there are no spare copies";
    EXPECT_GT(error_of_concealment(R"({"name": "opus"})", 20), 0.3) << "a guess is further off, or this shows nothing";
}

TEST(CodecOpus, SpareCopiesStayForAWhileAfterTheLastLoss)
{
    const CodecPlugin plugin("codec-opus");
    const auto error_after = [&](std::initializer_list<std::uint32_t> reports) {
        EncoderUnderTest encoder(plugin, R"({"name": "opus", "parameters": "useinbandfec=1"})");
        DecoderUnderTest holed(plugin, R"({"name": "opus", "parameters": "useinbandfec=1"})");
        for (const std::uint32_t percent : reports)
            encoder.set_loss(percent);
        Voice voice;
        DecoderUnderTest whole(plugin, R"({"name": "opus"})");
        double error = 0;
        double energy = 0;
        for (int i = 0; i < 200; ++i) {
            const auto sent = encoder.encoded(voice.next());
            whole.decode(sent);
            if (i % 5 == 4)
                continue;
            const std::size_t before = holed.got.size();
            holed.decode(sent.at(0), i % 5 == 0 && i > 0 ? 1 : 0);
            if (i < 50 || holed.got.size() != before + 2)
                continue;
            const auto& truth = whole.got[whole.got.size() - 2].samples;
            for (std::size_t k = 0; k < truth.size(); ++k) {
                error += std::pow(holed.got[before].samples.at(k) - truth[k], 2);
                energy += std::pow(truth[k], 2);
            }
        }
        return error / energy;
    };
    EXPECT_LT(error_after({20, 0}), 0.1);
    EXPECT_GT(error_after({20, 0, 0, 0, 0, 0}), 0.3);
}

TEST(CodecOpus, ANewBitrateTakesEffectWithTheNextPacket)
{
    const CodecPlugin plugin("codec-opus");
    EncoderUnderTest encoder(plugin, R"({"name": "opus", "bitrate_bps": 64000})");
    Tone tone(48'000, 1, 440);
    const auto bytes = [&](int packets) {
        std::size_t sum = 0;
        for (int i = 0; i < packets; ++i) {
            for (const auto& sent : encoder.encoded(tone.next(960)))
                sum += sent.bytes.size();
        }
        return static_cast<double>(sum);
    };
    bytes(50);
    const double before = bytes(100);
    encoder.set_bitrate(16'000);
    const double after = bytes(100);
    EXPECT_LT(after, before / 2);
}

TEST(CodecOpus, ANewBitrateStaysBelowWhatTheReceiverTakes)
{
    const CodecPlugin plugin("codec-opus");
    const auto bytes = [&](const char* config, std::uint32_t bps) {
        EncoderUnderTest encoder(plugin, config);
        encoder.set_bitrate(bps);
        Tone tone(48'000, 1, 440);
        std::size_t sum = 0;
        for (int i = 0; i < 100; ++i) {
            for (const auto& sent : encoder.encoded(tone.next(960)))
                sum += sent.bytes.size();
        }
        return static_cast<double>(sum);
    };
    const double bound = bytes(R"({"name": "opus", "parameters": "maxaveragebitrate=16000"})", 128'000);
    EXPECT_LT(bound, bytes(R"({"name": "opus"})", 128'000) / 2);
}

/// Sound, two seconds of silence, sound: how many packets came of each, and which of the last had the marker.
struct Spurts {
    std::size_t sound = 0;
    std::size_t silence = 0;
    bool marked = false;
};

Spurts spurts_of(const CodecPlugin& plugin, const char* config)
{
    EncoderUnderTest encoder(plugin, config);
    Voice voice;
    Spurts spurts;
    for (int i = 0; i < 50; ++i)
        spurts.sound += encoder.encoded(voice.next()).size();
    const std::vector<float> nothing(960);
    for (int i = 0; i < 100; ++i) {
        jf_frame silent = voice.next();
        silent.samples = nothing.data();
        spurts.silence += encoder.encoded(silent).size();
    }
    for (int i = 0; i < 20; ++i) {
        for (const auto& sent : encoder.encoded(voice.next()))
            spurts.marked = spurts.marked || sent.payload.marker != 0;
    }
    return spurts;
}

TEST(CodecOpus, NothingGoesOutInSilenceIfTheReceiverPrefersThat)
{
    const CodecPlugin plugin("codec-opus");
    const Spurts quiet = spurts_of(plugin, R"({"name": "opus", "parameters": "usedtx=1"})");
    EXPECT_EQ(quiet.sound, 50U);
    EXPECT_LT(quiet.silence, 40U) << "a packet every 400 ms, once silence is certain";
    EXPECT_TRUE(quiet.marked) << "a talk spurt begins";
    const Spurts usual = spurts_of(plugin, R"({"name": "opus"})");
    EXPECT_EQ(usual.silence, 100U);
    EXPECT_FALSE(usual.marked);
}

TEST(CodecOpus, PacketsRespectTheLargestPayload)
{
    const CodecPlugin plugin("codec-opus");
    EncoderUnderTest encoder(plugin, R"({"name": "opus", "bitrate_bps": 256000, "max_payload_bytes": 200})");
    Tone tone(48'000, 1, 440);
    for (int i = 0; i < 50; ++i) {
        for (const auto& sent : encoder.encoded(tone.next(960)))
            EXPECT_LE(sent.bytes.size(), 200U);
    }
}

TEST(CodecOpusCapabilities, SayWhatItsOptionsSay)
{
    const auto parameters = [](std::string_view config) {
        const auto json = nlohmann::json::parse(CodecPlugin("codec-opus", config).capabilities());
        return json["codecs"][0].value("parameters", "");
    };
    EXPECT_EQ(parameters("{}"), "useinbandfec=1");
    EXPECT_EQ(parameters(R"({"fec": false})"), "");
    EXPECT_EQ(parameters(R"({"dtx": true})"), "useinbandfec=1;usedtx=1");
    EXPECT_EQ(parameters(R"({"dtx": true, "fec": false})"), "usedtx=1");
    EXPECT_EQ(parameters(R"({"stereo": true})"), "useinbandfec=1;stereo=1;sprop-stereo=1");
    EXPECT_EQ(parameters(R"({"stereo": true, "fec": false})"), "stereo=1;sprop-stereo=1");
}

} // namespace jackfield::codec::testing
