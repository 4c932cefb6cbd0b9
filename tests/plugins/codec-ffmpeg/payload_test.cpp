// Payload formats bit by bit, without a codec: RFC 7741 and RFC 6184.
//
// Threads: the test's. Lifetime: values.
#include "plugins/codec-ffmpeg/codec_config.hpp"
#include "plugins/codec-ffmpeg/h264_payload.hpp"
#include "plugins/codec-ffmpeg/vp8_payload.hpp"

#include <gtest/gtest.h>

namespace jackfield::codec {

namespace {

std::vector<Bytes> cut(Packetiser& packetiser, const Bytes& picture)
{
    std::vector<Bytes> out;
    const PayloadSink sink({&out, [](void* self, const jf_payload* payload) {
                                const auto bytes = view(payload->bytes);
                                static_cast<std::vector<Bytes>*>(self)->emplace_back(bytes.begin(), bytes.end());
                            }});
    packetiser.cut(picture, jf_payload{}, sink);
    return out;
}

Bytes collected(PartialPicture& picture)
{
    const auto bytes = picture.finish();
    return {bytes.begin(), bytes.end()};
}

} // namespace

TEST(CodecFfmpegPayload, Vp8ReadsEveryFormOfTheDescriptor)
{
    const std::vector<Bytes> payloads{
        {0x10, 0xAA},                                     // nothing but the required byte
        {0x90, 0x00, 0xAA},                               // an empty extension
        {0x90, 0x80, 0x11, 0xAA},                         // picture number in 7 bits
        {0x90, 0x80, 0x91, 0x22, 0xAA},                   // in 15
        {0x90, 0x40, 0x01, 0xAA},                         // TL0PICIDX
        {0x90, 0x20, 0x01, 0xAA},                         // TID
        {0x90, 0x10, 0x01, 0xAA},                         // KEYIDX shares the byte
        {0x90, 0xF0, 0x91, 0x22, 0x01, 0x02, 0xAA, 0xBB}, // all
    };
    for (const auto& payload : payloads) {
        Vp8Depacketiser depacketiser;
        PartialPicture picture;
        ASSERT_EQ(depacketiser.add(payload, picture), JF_OK);
        EXPECT_EQ(collected(picture).at(0), 0xAA);
        EXPECT_TRUE(picture.key);
        for (std::size_t size = 0; size < payload.size() - (payload.size() == 8 ? 2 : 1); ++size) {
            PartialPicture cut_short;
            EXPECT_EQ(depacketiser.add(ByteView(payload).first(size), cut_short), JF_BAD_INPUT);
        }
    }
}

TEST(CodecFfmpegPayload, Vp8NumbersPicturesAndMarksTheirStart)
{
    Vp8Packetiser packetiser(204);
    const Bytes picture(500, 0x55);
    for (int number = 0; number < 300; ++number) {
        const auto payloads = cut(packetiser, picture);
        ASSERT_EQ(payloads.size(), 3U);
        for (std::size_t i = 0; i < 3; ++i) {
            EXPECT_EQ(payloads[i].at(0), i == 0 ? 0x90 : 0x80);
            EXPECT_EQ((payloads[i].at(2) & 0x7F) << 8 | payloads[i].at(3), number);
        }
        EXPECT_EQ(payloads[2].size(), 104U);
    }
}

TEST(CodecFfmpegPayload, Vp8ContinuationWithoutABeginningIsNotTaken)
{
    Vp8Depacketiser depacketiser;
    PartialPicture picture;
    EXPECT_EQ(depacketiser.add(Bytes{0x00, 0xAA}, picture), JF_WOULD_BLOCK);
    EXPECT_EQ(depacketiser.add(Bytes{0x11, 0xAA}, picture), JF_WOULD_BLOCK) << "the second partition begins";
    EXPECT_EQ(depacketiser.add(Bytes{0x10, 0xAB}, picture), JF_OK);
    EXPECT_FALSE(picture.key);
    EXPECT_EQ(depacketiser.add(Bytes{0x11, 0xAC}, picture), JF_OK);
    EXPECT_EQ(depacketiser.add(Bytes{0x10, 0xAD}, picture), JF_BAD_INPUT) << "a picture inside a picture";
}

TEST(CodecFfmpegPayload, AStrangersPictureIsBounded)
{
    Vp8Depacketiser depacketiser;
    PartialPicture picture;
    Bytes piece(60'000, 0);
    piece[0] = 0x10;
    std::size_t taken = 0;
    while (depacketiser.add(piece, picture) == JF_OK) {
        piece[0] = 0;
        taken += piece.size() - 1;
        ASSERT_LE(taken, PartialPicture::kMaxBytes);
    }
    EXPECT_GT(taken, PartialPicture::kMaxBytes - piece.size());
}

TEST(CodecFfmpegPayload, H264SendsSmallUnitsWholeAndLargeOnesInFragments)
{
    H264Packetiser packetiser(300);
    Bytes picture{0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 1, 0x68, 4, 0, 0, 0, 1, 0x06, 9, 9, 0, 0, 1, 0x65};
    const Bytes slice(700, 0x77);
    picture.insert(picture.end(), slice.begin(), slice.end());
    const auto payloads = cut(packetiser, picture);
    ASSERT_EQ(payloads.size(), 5U);
    EXPECT_EQ(payloads[0], (Bytes{0x67, 1, 2, 3}));
    EXPECT_EQ(payloads[1], (Bytes{0x68, 4}));
    EXPECT_EQ(payloads[2].at(0), 0x7C) << "the importance of the unit, type 28";
    EXPECT_EQ(payloads[2].at(1), 0x85);
    EXPECT_EQ(payloads[3].at(1), 0x05);
    EXPECT_EQ(payloads[4].at(1), 0x45);
    std::size_t sum = 0;
    for (std::size_t i = 2; i < 5; ++i)
        sum += payloads[i].size() - 2;
    EXPECT_EQ(sum, slice.size());

    H264Depacketiser depacketiser("");
    PartialPicture again;
    for (const auto& payload : payloads)
        EXPECT_EQ(depacketiser.add(payload, again), JF_OK);
    Bytes expected{0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 0, 1, 0x68, 4, 0, 0, 0, 1, 0x65};
    expected.insert(expected.end(), slice.begin(), slice.end());
    EXPECT_FALSE(again.open);
    EXPECT_EQ(collected(again), expected);
}

TEST(CodecFfmpegPayload, H264TakesAggregatesApart)
{
    H264Depacketiser depacketiser("");
    PartialPicture picture;
    const Bytes aggregate{0x78, 0, 3, 0x67, 1, 2, 0, 2, 0x68, 3, 0, 3, 0x65, 0x88, 4};
    EXPECT_EQ(depacketiser.add(aggregate, picture), JF_OK);
    EXPECT_TRUE(picture.key);
    EXPECT_EQ(collected(picture), (Bytes{0, 0, 0, 1, 0x67, 1, 2, 0, 0, 0, 1, 0x68, 3, 0, 0, 0, 1, 0x65, 0x88, 4}));
    for (std::size_t size = 1; size < aggregate.size(); ++size) {
        PartialPicture cut_short;
        const bool between_units = size == 6 || size == 10;
        EXPECT_EQ(depacketiser.add(ByteView(aggregate).first(size), cut_short), between_units ? JF_OK : JF_BAD_INPUT);
    }
}

TEST(CodecFfmpegPayload, H264RefusesWhatModeOneDoesNotHave)
{
    H264Depacketiser depacketiser("");
    for (const int type : {0, 25, 26, 27, 29, 30, 31}) {
        PartialPicture picture;
        EXPECT_EQ(depacketiser.add(Bytes{static_cast<std::uint8_t>(0x60 | type), 0x85, 0x88, 1}, picture),
                  JF_BAD_INPUT);
    }
    PartialPicture picture;
    EXPECT_EQ(depacketiser.add(Bytes{0x7C, 0x05, 1}, picture), JF_WOULD_BLOCK) << "the middle of a unit";
    EXPECT_EQ(depacketiser.add(Bytes{0x7C, 0xC5, 1}, picture), JF_BAD_INPUT) << "both ends in one fragment";
    picture.clear();
    EXPECT_EQ(depacketiser.add(Bytes{0x7C, 0x85, 0x88}, picture), JF_OK);
    EXPECT_EQ(depacketiser.add(Bytes{0x65, 0x88, 1}, picture), JF_BAD_INPUT) << "another unit before it ended";
}

TEST(CodecFfmpegPayload, H264ReadsParameterSetsFromTheDescription)
{
    const H264Depacketiser depacketiser("packetization-mode=1; sprop-parameter-sets=Z0LAHg==,aM4=");
    EXPECT_EQ(depacketiser.prologue(), (Bytes{0, 0, 0, 1, 0x67, 0x42, 0xC0, 0x1E, 0, 0, 0, 1, 0x68, 0xCE}));
    EXPECT_TRUE(H264Depacketiser("profile-level-id=42e01f").prologue().empty());
}

TEST(CodecFfmpegPayload, FormatParametersAreFoundByName)
{
    EXPECT_EQ(format_parameter("a=1; B=2 ;c", "b"), "2");
    EXPECT_EQ(format_parameter("a=1;c", "c"), "");
    EXPECT_EQ(format_parameter("stereo=1;sprop-stereo=0", "sprop-stereo"), "0");
    EXPECT_EQ(format_parameter("", "a"), std::nullopt);
    EXPECT_EQ(format_parameter("ab=1", "a"), std::nullopt);
}

} // namespace jackfield::codec
