// Opus and G.711: a tone survives, losses are concealed, timestamps follow the samples.
//
// Threads: the test's. Lifetime: one plugin instance per test.
#include "codec_fixture.hpp"

#include "plugins/codec-ffmpeg/g711.hpp"

namespace jackfield::codec::testing {

namespace {

struct Law {
    const char* name;
    const char* config;
    std::uint32_t rate;
};

class CodecFfmpegAudio : public ::testing::TestWithParam<Law> {
protected:
    CodecPlugin plugin;
    std::uint32_t packet_samples() const { return GetParam().rate / 50; }
};

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

INSTANTIATE_TEST_SUITE_P(Codecs, CodecFfmpegAudio,
                         ::testing::Values(Law{"opus", R"({"name": "opus"})", 48'000},
                                           Law{"PCMU", R"({"name": "PCMU"})", 8000},
                                           Law{"PCMA", R"({"name": "PCMA"})", 8000}),
                         [](const auto& law) { return law.param.name; });

} // namespace

TEST_P(CodecFfmpegAudio, AToneSurvivesTheRoundTrip)
{
    EncoderUnderTest encoder(plugin, GetParam().config);
    DecoderUnderTest decoder(plugin, GetParam().config);
    Tone tone(GetParam().rate, 1, 440);
    for (int i = 0; i < 100; ++i)
        EXPECT_EQ(decoder.decode(encoder.encoded(tone.next(packet_samples()))), JF_OK);
    ASSERT_EQ(decoder.got.size(), 100U);
    auto heard = channel_of(decoder.got, 0);
    EXPECT_EQ(heard.size(), std::size_t{packet_samples()} * 100);
    heard.erase(heard.begin(), heard.begin() + GetParam().rate / 4); // let the codec settle
    EXPECT_GT(tone.share(heard), 0.98);
    EXPECT_NEAR(loudness(heard), 0.5 / std::numbers::sqrt2, 0.03);
}

TEST_P(CodecFfmpegAudio, FramesOfAnyLengthBecomePacketsOfTwentyMilliseconds)
{
    EncoderUnderTest encoder(plugin, GetParam().config);
    DecoderUnderTest decoder(plugin, GetParam().config);
    Tone tone(GetParam().rate, 1, 440);
    std::uint32_t given = 0;
    for (const std::uint32_t count : {1U, 7U, 100U, 160U, 959U, 961U, 5000U, 333U, 2U, 12'000U}) {
        EXPECT_EQ(encoder.encode(tone.next(count)), JF_OK);
        given += count;
    }
    const auto sent = encoder.take_sent();
    ASSERT_EQ(sent.size(), given / packet_samples());
    for (std::size_t i = 0; i < sent.size(); ++i) {
        EXPECT_EQ(sent[i].payload.rtp_timestamp - sent[0].payload.rtp_timestamp, i * packet_samples());
        EXPECT_NEAR(static_cast<double>(sent[i].payload.time_ns - kStartNs), static_cast<double>(i) * 20e6, 1e6);
        EXPECT_EQ(sent[i].payload.marker, i == 0 ? 1 : 0);
        EXPECT_EQ(decoder.decode(sent[i]), JF_OK);
    }
    auto heard = channel_of(decoder.got, 0);
    heard.erase(heard.begin(), heard.begin() + packet_samples() * 5);
    EXPECT_GT(tone.share(heard), 0.97);
}

TEST_P(CodecFfmpegAudio, APauseMovesTheTimestampAndBeginsATalkSpurt)
{
    EncoderUnderTest encoder(plugin, GetParam().config);
    Tone tone(GetParam().rate, 1, 440);
    const auto before = encoder.encoded(tone.next(packet_samples()));
    jf_frame late = tone.next(packet_samples());
    late.time_ns += 500'000'000;
    const auto after = encoder.encoded(late);
    ASSERT_EQ(before.size(), 1U);
    ASSERT_EQ(after.size(), 1U);
    EXPECT_EQ(after[0].payload.rtp_timestamp - before[0].payload.rtp_timestamp, packet_samples() + GetParam().rate / 2);
    EXPECT_EQ(after[0].payload.marker, 1);
}

TEST_P(CodecFfmpegAudio, LostPacketsAreConcealedInTheirPlace)
{
    EncoderUnderTest encoder(plugin, GetParam().config);
    DecoderUnderTest decoder(plugin, GetParam().config);
    Tone tone(GetParam().rate, 1, 440);
    for (int i = 0; i < 20; ++i)
        decoder.decode(encoder.encoded(tone.next(packet_samples())));
    decoder.got.clear();
    encoder.encoded(tone.next(packet_samples()));
    encoder.encoded(tone.next(packet_samples()));
    const auto sent = encoder.encoded(tone.next(packet_samples()));
    EXPECT_EQ(decoder.decode(sent.at(0), 2), JF_OK);
    ASSERT_EQ(decoder.got.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(decoder.got[i].frame.concealed, i < 2 ? 1U : 0U);
        EXPECT_EQ(decoder.got[i].frame.samples_per_channel, packet_samples());
        EXPECT_EQ(decoder.got[i].frame.time_ns, sent[0].payload.time_ns - (2 - static_cast<int>(i)) * 20'000'000LL);
        EXPECT_GT(loudness(decoder.got[i].samples), 0.05) << "packet " << i << " is silent";
    }
}

TEST_P(CodecFfmpegAudio, ALongLossIsConcealedForAtMostAFifthOfASecond)
{
    EncoderUnderTest encoder(plugin, GetParam().config);
    DecoderUnderTest decoder(plugin, GetParam().config);
    Tone tone(GetParam().rate, 1, 440);
    const auto first = encoder.encoded(tone.next(packet_samples()));
    EXPECT_EQ(decoder.decode(first.at(0), 9), JF_OK);
    EXPECT_EQ(decoder.got.size(), 1U) << "nothing was heard yet, so there is nothing to conceal with";
    decoder.got.clear();
    EXPECT_EQ(decoder.decode(encoder.encoded(tone.next(packet_samples())).at(0), 65'535), JF_OK);
    EXPECT_EQ(decoder.got.size(), 11U);
}

TEST_P(CodecFfmpegAudio, AFrameOfTheWrongKindOrRateIsRefused)
{
    EncoderUnderTest encoder(plugin, GetParam().config);
    Tone tone(44'100, 1, 440);
    EXPECT_EQ(encoder.encode(tone.next(441)), JF_BAD_INPUT);
    const Picture picture(64, 64, 0);
    EXPECT_EQ(encoder.encode(picture.frame(0)), JF_BAD_INPUT);
}

TEST_P(CodecFfmpegAudio, PayloadsThatAreTooShortOrTooLongAreRefused)
{
    DecoderUnderTest decoder(plugin, GetParam().config);
    EXPECT_EQ(decoder.decode(Sent{}), JF_BAD_INPUT);
    Sent large;
    large.bytes.assign(100'000, 0xFF);
    EXPECT_EQ(decoder.decode(large), JF_BAD_INPUT);
    EXPECT_TRUE(decoder.got.empty());
}

TEST(CodecFfmpegOpus, TwoChannelsStayTwoIfTheReceiverAskedForThem)
{
    const CodecPlugin plugin(R"({"opus_stereo": true})");
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

TEST(CodecFfmpegOpus, TwoChannelsAreMixedToOneOtherwise)
{
    const CodecPlugin plugin;
    EncoderUnderTest encoder(plugin, R"({"name": "opus"})");
    DecoderUnderTest decoder(plugin, R"({"name": "opus"})");
    Tone tone(48'000, 2, 500);
    for (int i = 0; i < 50; ++i)
        decoder.decode(encoder.encoded(tone.next(960)));
    ASSERT_EQ(decoder.got.back().frame.channels, 1U);
    EXPECT_LT(loudness(decoder.got.back().samples), 0.02) << "opposite phases cancel";
}

TEST(CodecFfmpegOpus, TheSpareCopyBringsALostPacketBack)
{
    const CodecPlugin plugin;
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

TEST(CodecFfmpegOpus, SpareCopiesStayForAWhileAfterTheLastLoss)
{
    const CodecPlugin plugin;
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

TEST(CodecFfmpegOpus, ANewBitrateTakesEffectWithTheNextPacket)
{
    const CodecPlugin plugin;
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

TEST(CodecFfmpegOpus, PacketsRespectTheLargestPayload)
{
    const CodecPlugin plugin;
    EncoderUnderTest encoder(plugin, R"({"name": "opus", "bitrate_bps": 256000, "max_payload_bytes": 200})");
    Tone tone(48'000, 1, 440);
    for (int i = 0; i < 50; ++i) {
        for (const auto& sent : encoder.encoded(tone.next(960)))
            EXPECT_LE(sent.bytes.size(), 200U);
    }
}

TEST(CodecFfmpegG711, EveryCodeComesBackAsItself)
{
    for (const auto law : {G711Law::mu, G711Law::a}) {
        for (int code = 0; code < 256; ++code) {
            const auto sample = g711_decode(law, static_cast<std::uint8_t>(code));
            const int again = g711_encode(law, sample);
            if (law == G711Law::mu && code == 0x7F)
                EXPECT_EQ(again, 0xFF) << "minus zero and zero are one sample";
            else
                EXPECT_EQ(again, code);
        }
    }
}

TEST(CodecFfmpegG711, KnownCodesOfTheRecommendation)
{
    EXPECT_EQ(g711_encode(G711Law::mu, 0), 0xFF);
    EXPECT_EQ(g711_encode(G711Law::mu, 32'767), 0x80);
    EXPECT_EQ(g711_encode(G711Law::mu, -32'768), 0x00);
    EXPECT_EQ(g711_encode(G711Law::a, 0), 0xD5);
    EXPECT_EQ(g711_encode(G711Law::a, 32'767), 0xAA);
    EXPECT_EQ(g711_encode(G711Law::a, -32'768), 0x2A);
}

} // namespace jackfield::codec::testing
