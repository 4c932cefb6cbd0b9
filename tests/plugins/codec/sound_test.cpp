// Every codec of sound: a tone survives, losses are concealed, timestamps follow the samples.
//
// Threads: the test's. Lifetime: one plugin instance per test.
#include "every_codec.hpp"

namespace jackfield::codec::testing {

namespace {

class EverySoundCodec : public ::testing::TestWithParam<CodecCase> {
protected:
    std::uint32_t rate() const { return GetParam().entry["sample_rate_hz"]; }
    std::uint32_t packet_samples() const { return rate() / 50; }

    CodecPlugin plugin{GetParam().plugin, GetParam().options.dump()};
};

INSTANTIATE_TEST_SUITE_P(Codecs, EverySoundCodec, ::testing::ValuesIn(every_codec("audio")), case_name);

} // namespace

TEST_P(EverySoundCodec, AToneSurvivesTheRoundTrip)
{
    EncoderUnderTest encoder(plugin, GetParam().config());
    DecoderUnderTest decoder(plugin, GetParam().config());
    Tone tone(rate(), 1, 440);
    for (int i = 0; i < 100; ++i)
        EXPECT_EQ(decoder.decode(encoder.encoded(tone.next(packet_samples()))), JF_OK);
    ASSERT_EQ(decoder.got.size(), 100U);
    auto heard = channel_of(decoder.got, 0);
    EXPECT_EQ(heard.size(), std::size_t{packet_samples()} * 100);
    heard.erase(heard.begin(), heard.begin() + rate() / 4); // let the codec settle
    EXPECT_GT(tone.share(heard), 0.98);
    EXPECT_NEAR(loudness(heard), 0.5 / std::numbers::sqrt2, 0.03);
}

TEST_P(EverySoundCodec, FramesOfAnyLengthBecomePacketsOfTwentyMilliseconds)
{
    EncoderUnderTest encoder(plugin, GetParam().config());
    DecoderUnderTest decoder(plugin, GetParam().config());
    Tone tone(rate(), 1, 440);
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

TEST_P(EverySoundCodec, APauseMovesTheTimestampAndBeginsATalkSpurt)
{
    EncoderUnderTest encoder(plugin, GetParam().config());
    Tone tone(rate(), 1, 440);
    const auto before = encoder.encoded(tone.next(packet_samples()));
    jf_frame late = tone.next(packet_samples());
    late.time_ns += 500'000'000;
    const auto after = encoder.encoded(late);
    ASSERT_EQ(before.size(), 1U);
    ASSERT_EQ(after.size(), 1U);
    EXPECT_EQ(after[0].payload.rtp_timestamp - before[0].payload.rtp_timestamp, packet_samples() + rate() / 2);
    EXPECT_EQ(after[0].payload.marker, 1);
}

TEST_P(EverySoundCodec, LostPacketsAreConcealedInTheirPlace)
{
    EncoderUnderTest encoder(plugin, GetParam().config());
    DecoderUnderTest decoder(plugin, GetParam().config());
    Tone tone(rate(), 1, 440);
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

TEST_P(EverySoundCodec, ALongLossIsConcealedForAtMostAFifthOfASecond)
{
    EncoderUnderTest encoder(plugin, GetParam().config());
    DecoderUnderTest decoder(plugin, GetParam().config());
    Tone tone(rate(), 1, 440);
    const auto first = encoder.encoded(tone.next(packet_samples()));
    EXPECT_EQ(decoder.decode(first.at(0), 9), JF_OK);
    EXPECT_EQ(decoder.got.size(), 1U) << "nothing was heard yet, so there is nothing to conceal with";
    decoder.got.clear();
    EXPECT_EQ(decoder.decode(encoder.encoded(tone.next(packet_samples())).at(0), 65'535), JF_OK);
    EXPECT_EQ(decoder.got.size(), 11U);
}

TEST_P(EverySoundCodec, AFrameOfTheWrongKindOrRateIsRefused)
{
    EncoderUnderTest encoder(plugin, GetParam().config());
    Tone tone(44'100, 1, 440);
    EXPECT_EQ(encoder.encode(tone.next(441)), JF_BAD_INPUT);
    const Picture picture(64, 64, 0);
    EXPECT_EQ(encoder.encode(picture.frame(0)), JF_BAD_INPUT);
}

TEST_P(EverySoundCodec, PayloadsThatAreTooShortOrTooLongAreRefused)
{
    DecoderUnderTest decoder(plugin, GetParam().config());
    EXPECT_EQ(decoder.decode(Sent{}), JF_BAD_INPUT);
    Sent large;
    large.bytes.assign(100'000, 0xFF);
    EXPECT_EQ(decoder.decode(large), JF_BAD_INPUT);
    EXPECT_TRUE(decoder.got.empty());
}

} // namespace jackfield::codec::testing
