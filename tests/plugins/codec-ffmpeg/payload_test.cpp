// The payload format of H.264 bit by bit, without a codec: RFC 6184.
//
// Threads: the test's. Lifetime: values.
#include "plugins/codec-ffmpeg/h264_payload.hpp"
#include "tests/plugins/codec/payloads.hpp"

#include <gtest/gtest.h>

namespace jackfield::codec {

using namespace testing;

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

} // namespace jackfield::codec
