// The payload format of VP9 bit by bit, without a codec: RFC 9628.
//
// Threads: the test's. Lifetime: values.
#include "plugins/codec-vpx/vp9_payload.hpp"
#include "tests/plugins/codec/payloads.hpp"

#include <gtest/gtest.h>

namespace jackfield::codec {

using namespace testing;

namespace {

// The first bytes of a key frame of 320x240: marker and profile 0, shown; sync code; colours; both sides less one.
const Bytes kKeyFrame{0x82, 0x49, 0x83, 0x42, 0x20, 0x13, 0xF0, 0x0E, 0xF0, 0x55};
const Bytes kInterFrame{0x86, 0x00, 0x40, 0x92, 0x80, 0x55};

Bytes with(Bytes descriptor, const Bytes& frame)
{
    descriptor.insert(descriptor.end(), frame.begin(), frame.end());
    return descriptor;
}

} // namespace

TEST(CodecVpxPayload, Vp9ReadsEveryFormOfTheDescriptor)
{
    const std::vector<Bytes> descriptors{
        {0x0C},                                                 // nothing but the required byte
        {0x8C, 0x11},                                           // picture number in 7 bits
        {0x8C, 0x91, 0x22},                                     // in 15
        {0x2C, 0x10, 0x07},                                     // layer, and TL0PICIDX in non-flexible mode
        {0x3C, 0x10},                                           // layer in flexible mode
        {0xDC, 0x11, 0x02},                                     // one reference
        {0xDC, 0x11, 0x03, 0x05, 0x02},                         // three
        {0x9C, 0x11},                                           // flexible, and refers to nothing
        {0x0E, 0x00},                                           // an empty structure
        {0x0E, 0x38, 1, 2, 3, 4, 5, 6, 7, 8,                    // two layers with sizes,
         2, 0x04, 1, 0x08, 1, 2},                               // and two pictures that refer to one and two
        {0xFE, 0x91, 0x22, 0x10, 0x02, 0x08, 1, 0x0C, 1, 2, 3}, // all, flexible
    };
    for (const auto& descriptor : descriptors) {
        const Bytes payload = with(descriptor, kKeyFrame);
        Vp9Depacketiser depacketiser;
        PartialPicture picture;
        ASSERT_EQ(depacketiser.add(payload, picture), JF_OK);
        EXPECT_TRUE(picture.key);
        EXPECT_FALSE(picture.open);
        EXPECT_EQ(collected(picture), kKeyFrame);
        for (std::size_t size = 0; size <= descriptor.size(); ++size) {
            PartialPicture cut_short;
            EXPECT_EQ(depacketiser.add(ByteView(payload).first(size), cut_short), JF_BAD_INPUT) << size;
        }
    }
    Vp9Depacketiser depacketiser;
    PartialPicture picture;
    EXPECT_EQ(depacketiser.add(with({0xDC, 0x11, 0x03, 0x03, 0x03, 0x02}, kInterFrame), picture), JF_BAD_INPUT)
        << "four references";
}

TEST(CodecVpxPayload, Vp9NumbersPicturesAndMarksWhereTheyBeginAndEnd)
{
    Vp9Packetiser packetiser(203);
    Bytes picture = kInterFrame;
    picture.resize(500, 0x55);
    for (int number = 0; number < 300; ++number) {
        const auto payloads = cut(packetiser, picture);
        ASSERT_EQ(payloads.size(), 3U);
        EXPECT_EQ(payloads[0].at(0), 0xC8);
        EXPECT_EQ(payloads[1].at(0), 0xC0);
        EXPECT_EQ(payloads[2].at(0), 0xC4);
        for (const auto& payload : payloads)
            EXPECT_EQ((payload.at(1) & 0x7F) << 8 | payload.at(2), number);
        EXPECT_EQ(payloads[2].size(), 103U);
    }
}

TEST(CodecVpxPayload, Vp9TellsTheSizeWithEveryKeyFrame)
{
    Vp9Packetiser packetiser(203);
    Bytes picture = kKeyFrame;
    picture.resize(300, 0x55);
    const auto payloads = cut(packetiser, picture);
    ASSERT_EQ(payloads.size(), 2U);
    EXPECT_EQ(Bytes(payloads[0].begin(), payloads[0].begin() + 11),
              (Bytes{0x8A, 0x80, 0x00, 0x18, 0x01, 0x40, 0x00, 0xF0, 0x01, 0x04, 0x01}));
    EXPECT_EQ(payloads[1].at(0), 0x84) << "the structure is sent once, and P stays as it was";
    Vp9Depacketiser depacketiser;
    PartialPicture again;
    EXPECT_EQ(depacketiser.add(payloads[0], again), JF_OK);
    EXPECT_TRUE(again.open);
    EXPECT_EQ(depacketiser.add(payloads[1], again), JF_OK);
    EXPECT_FALSE(again.open);
    EXPECT_EQ(collected(again), picture);
}

TEST(CodecVpxPayload, Vp9ContinuationWithoutABeginningIsNotTaken)
{
    Vp9Depacketiser depacketiser;
    PartialPicture picture;
    EXPECT_EQ(depacketiser.add(Bytes{0x40, 0xAA}, picture), JF_WOULD_BLOCK);
    EXPECT_EQ(depacketiser.add(with({0x48}, kInterFrame), picture), JF_OK);
    EXPECT_FALSE(picture.key);
    EXPECT_EQ(depacketiser.add(with({0x48}, kInterFrame), picture), JF_BAD_INPUT) << "a frame inside a frame";
    EXPECT_EQ(depacketiser.add(Bytes{0x44, 0xAA}, picture), JF_OK);
    EXPECT_EQ(depacketiser.add(Bytes{0x44, 0xAA}, picture), JF_BAD_INPUT) << "more of a frame that has ended";
    EXPECT_EQ(depacketiser.add(with({0x4C}, kInterFrame), picture), JF_OK) << "the next layer";
}

TEST(CodecVpxPayload, Vp9WhatTheDescriptorSaysOfAKeyFrameIsNotBelieved)
{
    Vp9Depacketiser depacketiser;
    PartialPicture picture;
    EXPECT_EQ(depacketiser.add(with({0x0C}, kInterFrame), picture), JF_OK);
    EXPECT_FALSE(picture.key);
}

} // namespace jackfield::codec
