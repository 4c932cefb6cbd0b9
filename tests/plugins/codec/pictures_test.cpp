// Every codec of pictures: they survive, losses stop the picture until a key frame, rate and size follow what is asked.
//
// Threads: the test's. Lifetime: one plugin instance per test.
#include "every_codec.hpp"

#include <random>

namespace jackfield::codec::testing {

namespace {

class EveryPictureCodec : public ::testing::TestWithParam<CodecCase> {
protected:
    std::string config(const std::string& more = "") const
    {
        return GetParam().config(nlohmann::json::parse(R"({"width_px": 320, "height_px": 240)" + more + "}"));
    }

    /// Numbers a few pictures from `from`, encodes and decodes them.
    static void run(EncoderUnderTest& encoder, DecoderUnderTest& decoder, int from, int count)
    {
        for (int i = from; i < from + count; ++i)
            decoder.decode(encoder.encoded(Picture(320, 240, i).frame(video_time(i))));
    }

    static double average_bytes(EncoderUnderTest& encoder, int from, int count)
    {
        std::size_t sum = 0;
        for (int i = from; i < from + count; ++i) {
            for (const auto& sent : encoder.encoded(noisy(i).frame(video_time(i))))
                sum += sent.bytes.size();
        }
        return static_cast<double>(sum) / count;
    }

    /// Something that uses up any bitrate.
    static Picture noisy(int number)
    {
        Picture picture(320, 240, number);
        std::minstd_rand random(static_cast<unsigned>(number + 1));
        for (auto& value : const_cast<std::vector<std::uint8_t>&>(picture.plane(0)))
            value = static_cast<std::uint8_t>(value + random() % 16);
        return picture;
    }

    CodecPlugin plugin{GetParam().plugin, GetParam().options.dump()};
};

INSTANTIATE_TEST_SUITE_P(Codecs, EveryPictureCodec, ::testing::ValuesIn(every_codec("video")), case_name);

bool is_key(const std::string& name, const std::vector<Sent>& picture)
{
    if (name == "VP8")
        return (picture.at(0).bytes.at(4) & 1) == 0;
    if (name == "VP9")
        return (picture.at(0).bytes.at(0) & 0x40) == 0;
    if (name == "AV1")
        return (picture.at(0).bytes.at(0) & 0x08) != 0;
    for (const auto& sent : picture) {
        const int type = sent.bytes.at(0) & 0x1F;
        if (type == 5 || (type == 28 && (sent.bytes.at(1) & 0x1F) == 5))
            return true;
    }
    return false;
}

} // namespace

TEST_P(EveryPictureCodec, AMovingPatternSurvivesTheRoundTrip)
{
    EncoderUnderTest encoder(plugin, config(R"(, "bitrate_bps": 1000000)"));
    DecoderUnderTest decoder(plugin, config());
    for (int i = 0; i < 60; ++i) {
        const Picture picture(320, 240, i);
        EXPECT_EQ(decoder.decode(encoder.encoded(picture.frame(video_time(i)))), JF_OK);
        ASSERT_EQ(decoder.got.size(), static_cast<std::size_t>(i + 1)) << "one picture in, one out";
        const Got& got = decoder.got.back();
        EXPECT_EQ(got.frame.width_px, 320U);
        EXPECT_EQ(got.frame.height_px, 240U);
        EXPECT_EQ(got.frame.time_ns, video_time(i));
        if (i >= 10) {
            EXPECT_GT(psnr(got.planes[0], picture.plane(0)), 33.0) << "picture " << i;
            EXPECT_GT(psnr(got.planes[1], picture.plane(1)), 35.0) << "picture " << i;
            EXPECT_GT(psnr(got.planes[2], picture.plane(2)), 35.0) << "picture " << i;
        }
    }
}

TEST_P(EveryPictureCodec, PayloadsAreBoundedAndTheLastOfAPictureIsMarked)
{
    EncoderUnderTest encoder(plugin, config(R"(, "bitrate_bps": 4000000, "max_payload_bytes": 500)"));
    bool several = false;
    for (int i = 0; i < 30; ++i) {
        const auto sent = encoder.encoded(noisy(i).frame(video_time(i)));
        ASSERT_FALSE(sent.empty());
        several = several || sent.size() > 3;
        for (std::size_t k = 0; k < sent.size(); ++k) {
            EXPECT_LE(sent[k].bytes.size(), 500U);
            EXPECT_EQ(sent[k].payload.marker, k + 1 == sent.size() ? 1 : 0);
            EXPECT_EQ(sent[k].payload.rtp_timestamp, sent[0].payload.rtp_timestamp);
            EXPECT_EQ(sent[k].payload.time_ns, video_time(i));
        }
    }
    EXPECT_TRUE(several);
}

TEST_P(EveryPictureCodec, TimestampsCountNinetyThousandASecond)
{
    EncoderUnderTest encoder(plugin, config());
    const auto first = encoder.encoded(Picture(320, 240, 0).frame(kStartNs));
    const auto second = encoder.encoded(Picture(320, 240, 1).frame(kStartNs + 1'000'000'000));
    const auto third = encoder.encoded(Picture(320, 240, 2).frame(kStartNs + 1'000'000'000));
    EXPECT_EQ(second.at(0).payload.rtp_timestamp - first.at(0).payload.rtp_timestamp, 90'000U);
    EXPECT_NE(third.at(0).payload.rtp_timestamp, second.at(0).payload.rtp_timestamp)
        << "pictures captured at one moment stay apart";
}

TEST_P(EveryPictureCodec, ARequestedKeyFrameComesWithTheNextPicture)
{
    EncoderUnderTest encoder(plugin, config());
    for (int i = 0; i < 20; ++i) {
        if (i == 12)
            encoder.request_key_frame();
        const auto sent = encoder.encoded(Picture(320, 240, i).frame(video_time(i)));
        EXPECT_EQ(is_key(GetParam().name(), sent), i == 0 || i == 12) << "picture " << i;
    }
}

TEST_P(EveryPictureCodec, AKeyFrameComesByItselfOnceAnInterval)
{
    auto options = GetParam().options;
    options["video_key_frame_interval_s"] = 1;
    const CodecPlugin often(GetParam().plugin, options.dump());
    EncoderUnderTest encoder(often, config());
    int keys = 0;
    for (int i = 0; i < 91; ++i)
        keys += is_key(GetParam().name(), encoder.encoded(Picture(320, 240, i).frame(video_time(i)))) ? 1 : 0;
    EXPECT_GE(keys, 3);
    EXPECT_LE(keys, 5);
}

TEST_P(EveryPictureCodec, TheSizeOfTheStreamFollowsTheBitrate)
{
    EncoderUnderTest encoder(plugin, config(R"(, "bitrate_bps": 800000)"));
    average_bytes(encoder, 0, 60);
    const double at_800 = average_bytes(encoder, 60, 60);
    encoder.set_bitrate(300'000);
    average_bytes(encoder, 120, 60);
    const double at_300 = average_bytes(encoder, 180, 60);
    encoder.set_bitrate(2'000'000);
    average_bytes(encoder, 240, 60);
    const double at_2000 = average_bytes(encoder, 300, 60);
    EXPECT_NEAR(at_800 * 8 * 30, 800'000, 160'000);
    EXPECT_NEAR(at_300 * 8 * 30, 300'000, 60'000);
    EXPECT_NEAR(at_2000 * 8 * 30, 2'000'000, 400'000);
}

TEST_P(EveryPictureCodec, ANewBitrateNeedsNoKeyFrame)
{
    EncoderUnderTest encoder(plugin, config(R"(, "bitrate_bps": 800000)"));
    for (int i = 0; i < 40; ++i) {
        if (i == 20)
            encoder.set_bitrate(300'000);
        EXPECT_EQ(is_key(GetParam().name(), encoder.encoded(Picture(320, 240, i).frame(video_time(i)))), i == 0);
    }
}

TEST_P(EveryPictureCodec, AnotherSizeBeginsWithAKeyFrame)
{
    EncoderUnderTest encoder(plugin, config());
    DecoderUnderTest decoder(plugin, config());
    run(encoder, decoder, 0, 5);
    for (const auto& [width, height] : {std::pair{640U, 360U}, std::pair{161U, 121U}, std::pair{320U, 240U}}) {
        decoder.got.clear();
        const Picture picture(width, height, 7);
        const auto sent = encoder.encoded(picture.frame(video_time(static_cast<int>(width))));
        EXPECT_TRUE(is_key(GetParam().name(), sent));
        EXPECT_EQ(decoder.decode(sent), JF_OK);
        ASSERT_EQ(decoder.got.size(), 1U);
        EXPECT_EQ(decoder.got[0].frame.width_px, width & ~1U);
        EXPECT_EQ(decoder.got[0].frame.height_px, height & ~1U);
    }
}

TEST_P(EveryPictureCodec, ThePlanesMayHaveGapsBetweenTheirRows)
{
    EncoderUnderTest encoder(plugin, config(R"(, "bitrate_bps": 1000000)"));
    DecoderUnderTest decoder(plugin, config());
    const Picture picture(320, 240, 3);
    jf_frame frame = picture.frame(video_time(0));
    Bytes wide[3];
    for (std::size_t i = 0; i < 3; ++i) {
        const std::size_t width = i == 0 ? 320 : 160;
        wide[i].assign(400 * 240, 17);
        for (std::size_t y = 0; y < (i == 0 ? 240U : 120U); ++y)
            std::copy_n(picture.plane(i).data() + y * width, width, wide[i].data() + y * 400);
        frame.planes[i] = wide[i].data();
        frame.strides_bytes[i] = 400;
    }
    for (int i = 0; i < 5; ++i) {
        frame.time_ns = video_time(i);
        decoder.decode(encoder.encoded(frame));
    }
    EXPECT_GT(psnr(decoder.got.back().planes[0], picture.plane(0)), 33.0);
}

TEST_P(EveryPictureCodec, PicturesOutsideTheBoundsAreRefused)
{
    EncoderUnderTest encoder(plugin, config());
    const Picture picture(320, 240, 0);
    jf_frame frame = picture.frame(0);
    frame.width_px = 8;
    EXPECT_EQ(encoder.encode(frame), JF_BAD_INPUT);
    frame = picture.frame(0);
    frame.height_px = 5000;
    EXPECT_EQ(encoder.encode(frame), JF_BAD_INPUT);
    frame = picture.frame(0);
    frame.planes[2] = nullptr;
    EXPECT_EQ(encoder.encode(frame), JF_BAD_INPUT);
    frame = picture.frame(0);
    frame.strides_bytes[0] = 100;
    EXPECT_EQ(encoder.encode(frame), JF_BAD_INPUT);
    Tone tone(48'000, 1, 440);
    EXPECT_EQ(encoder.encode(tone.next(10)), JF_BAD_INPUT);
    EXPECT_EQ(encoder.encode(picture.frame(0)), JF_OK);
}

TEST_P(EveryPictureCodec, NothingIsShownBeforeTheFirstKeyFrame)
{
    EncoderUnderTest encoder(plugin, config());
    DecoderUnderTest decoder(plugin, config());
    encoder.encoded(Picture(320, 240, 0).frame(video_time(0)));
    for (int i = 1; i < 6; ++i)
        EXPECT_EQ(decoder.decode(encoder.encoded(Picture(320, 240, i).frame(video_time(i)))), JF_WOULD_BLOCK);
    EXPECT_TRUE(decoder.got.empty());
    encoder.request_key_frame();
    run(encoder, decoder, 6, 3);
    EXPECT_EQ(decoder.got.size(), 3U);
}

TEST_P(EveryPictureCodec, ALostPictureStopsTheOutputUntilAKeyFrame)
{
    EncoderUnderTest encoder(plugin, config());
    DecoderUnderTest decoder(plugin, config());
    run(encoder, decoder, 0, 5);
    encoder.encoded(Picture(320, 240, 5).frame(video_time(5))); // lost
    const auto next = encoder.encoded(Picture(320, 240, 6).frame(video_time(6)));
    Status status = JF_OK;
    for (std::size_t i = 0; i < next.size(); ++i)
        status = decoder.decode(next[i], i == 0 ? 1 : 0);
    EXPECT_EQ(status, JF_WOULD_BLOCK);
    EXPECT_EQ(decoder.decode(encoder.encoded(Picture(320, 240, 7).frame(video_time(7)))), JF_WOULD_BLOCK);
    EXPECT_EQ(decoder.got.size(), 5U);
    encoder.request_key_frame();
    const Picture picture(320, 240, 8);
    EXPECT_EQ(decoder.decode(encoder.encoded(picture.frame(video_time(8)))), JF_OK);
    ASSERT_EQ(decoder.got.size(), 6U);
    EXPECT_GT(psnr(decoder.got.back().planes[0], picture.plane(0)), 28.0);
}

TEST_P(EveryPictureCodec, WhateverPacketIsLostNoDamagedPictureIsShown)
{
    EncoderUnderTest encoder(plugin, config(R"(, "bitrate_bps": 2000000, "max_payload_bytes": 300)"));
    std::vector<std::vector<Sent>> pictures;
    for (int i = 0; i < 4; ++i) {
        if (i == 2)
            encoder.request_key_frame();
        pictures.push_back(encoder.encoded(noisy(i).frame(video_time(i))));
        ASSERT_GT(pictures.back().size(), 3U);
    }
    std::vector<Sent> all;
    for (const auto& picture : pictures)
        all.insert(all.end(), picture.begin(), picture.end());
    DecoderUnderTest reference(plugin, config());
    reference.decode(all);
    ASSERT_EQ(reference.got.size(), 4U);

    for (std::size_t lost = 0; lost < all.size(); ++lost) {
        DecoderUnderTest decoder(plugin, config());
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (i != lost)
                decoder.decode(all[i], i == lost + 1 ? 1 : 0);
        }
        // A sequence parameter set repeats what the decoder has: only its loss costs nothing.
        if (lost == 0 || GetParam().name() != "H264" || all[lost].bytes.at(0) != 0x67) {
            EXPECT_LT(decoder.got.size(), 4U) << "packet " << lost;
        }
        for (const auto& got : decoder.got) {
            bool same = false;
            for (const auto& good : reference.got)
                same = same || (got.frame.time_ns == good.frame.time_ns && got.planes[0] == good.planes[0]);
            EXPECT_TRUE(same) << "packet " << lost << " lost: the picture at " << got.frame.time_ns << " is damaged";
        }
        const std::size_t before_second_key = pictures[0].size() + pictures[1].size();
        if (lost < before_second_key) {
            EXPECT_GE(decoder.got.size(), 2U) << "packet " << lost << " lost: the second key frame repairs";
        }
    }
}

TEST_P(EveryPictureCodec, APictureWithoutAMarkerIsShownWhenTheNextBegins)
{
    EncoderUnderTest encoder(plugin, config());
    DecoderUnderTest decoder(plugin, config());
    for (int i = 0; i < 4; ++i) {
        auto sent = encoder.encoded(Picture(320, 240, i).frame(video_time(i)));
        sent.back().payload.marker = 0;
        EXPECT_EQ(decoder.decode(sent), JF_OK);
        EXPECT_EQ(decoder.got.size(), static_cast<std::size_t>(i));
    }
    EXPECT_EQ(decoder.got.back().frame.time_ns, video_time(2));
}

TEST_P(EveryPictureCodec, GarbageIsRefusedAndTheNextKeyFrameRepairs)
{
    EncoderUnderTest encoder(plugin, config());
    DecoderUnderTest decoder(plugin, config());
    run(encoder, decoder, 0, 3);
    EXPECT_EQ(decoder.decode(Sent{}), JF_BAD_INPUT);
    std::minstd_rand random(7);
    for (int i = 0; i < 2000; ++i) {
        Sent garbage;
        garbage.bytes.resize(random() % 64 + 1);
        for (auto& byte : garbage.bytes)
            byte = static_cast<std::uint8_t>(random());
        garbage.payload.marker = random() % 2;
        garbage.payload.rtp_timestamp = static_cast<std::uint32_t>(random() % 8);
        decoder.decode(garbage);
    }
    decoder.got.clear();
    encoder.request_key_frame();
    run(encoder, decoder, 3, 3);
    EXPECT_GE(decoder.got.size(), 3U);
}

TEST_P(EveryPictureCodec, OpensWithoutASizeAndLearnsItFromTheFirstPicture)
{
    const std::string sizeless = R"({"name": ")" + GetParam().name() + R"(", "width_px": 0})";
    EncoderUnderTest encoder(plugin, sizeless);
    DecoderUnderTest decoder(plugin, config());
    encoder.set_bitrate(500'000);
    run(encoder, decoder, 0, 3);
    EXPECT_EQ(decoder.got.size(), 3U);
}

} // namespace jackfield::codec::testing
