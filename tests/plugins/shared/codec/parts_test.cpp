// The parts that codec plugins share, without a plugin: the payload format of VP8 bit by bit (RFC 7741), the codes of
// G.711, parameters of a stream.
//
// Threads: the test's. Lifetime: values.
#include "plugins/shared/codec/g711.hpp"
#include "plugins/shared/codec/stream.hpp"
#include "plugins/shared/codec/vp8_payload.hpp"
#include "tests/plugins/codec/payloads.hpp"

#include <gtest/gtest.h>

namespace jackfield::codec {

using namespace testing;

TEST(SharedPayload, Vp8ReadsEveryFormOfTheDescriptor)
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

TEST(SharedPayload, Vp8NumbersPicturesAndMarksTheirStart)
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

TEST(SharedPayload, Vp8ContinuationWithoutABeginningIsNotTaken)
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

TEST(SharedPayload, AStrangersPictureIsBounded)
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

TEST(SharedPayload, APartOfAPictureIsReplacedByAShorterAnEqualAndALongerOne)
{
    for (const auto& with : {Bytes{}, Bytes{7}, Bytes{7, 8}, Bytes{7, 8, 9, 10}}) {
        PartialPicture picture;
        EXPECT_TRUE(picture.append(Bytes{1, 2, 3, 4, 5}));
        EXPECT_TRUE(picture.replace(1, 2, with));
        Bytes expected{1};
        expected.insert(expected.end(), with.begin(), with.end());
        expected.insert(expected.end(), {4, 5});
        EXPECT_EQ(collected(picture), expected);
    }
}

TEST(SharedPayload, APictureDoesNotGrowBeyondItsBoundByReplacing)
{
    PartialPicture picture;
    EXPECT_TRUE(picture.append(Bytes(PartialPicture::kMaxBytes, 1)));
    EXPECT_FALSE(picture.replace(0, 1, Bytes{2, 3}));
    EXPECT_TRUE(picture.replace(0, 2, Bytes{2, 3}));
    EXPECT_EQ(picture.size(), PartialPicture::kMaxBytes);
}

TEST(SharedPayload, FormatParametersAreFoundByName)
{
    EXPECT_EQ(format_parameter("a=1; B=2 ;c", "b"), "2");
    EXPECT_EQ(format_parameter("a=1;c", "c"), "");
    EXPECT_EQ(format_parameter("stereo=1;sprop-stereo=0", "sprop-stereo"), "0");
    EXPECT_EQ(format_parameter("", "a"), std::nullopt);
    EXPECT_EQ(format_parameter("ab=1", "a"), std::nullopt);
}

TEST(SharedG711, EveryCodeComesBackAsItself)
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

TEST(SharedG711, KnownCodesOfTheRecommendation)
{
    EXPECT_EQ(g711_encode(G711Law::mu, 0), 0xFF);
    EXPECT_EQ(g711_encode(G711Law::mu, 32'767), 0x80);
    EXPECT_EQ(g711_encode(G711Law::mu, -32'768), 0x00);
    EXPECT_EQ(g711_encode(G711Law::a, 0), 0xD5);
    EXPECT_EQ(g711_encode(G711Law::a, 32'767), 0xAA);
    EXPECT_EQ(g711_encode(G711Law::a, -32'768), 0x2A);
}

} // namespace jackfield::codec
