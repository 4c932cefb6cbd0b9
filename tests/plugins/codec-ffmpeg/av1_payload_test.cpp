// The payload format of AV1 bit by bit, without a codec: RTP Payload Format For AV1, version 1.0.
//
// Threads: the test's. Lifetime: values.
#include "plugins/codec-ffmpeg/av1_payload.hpp"
#include "tests/plugins/codec/payloads.hpp"

#include <gtest/gtest.h>

#include <array>

namespace jackfield::codec {

using namespace testing;

namespace {

constexpr std::uint8_t kSequenceHeader = 0x08;
constexpr std::uint8_t kDelimiter = 0x10;
constexpr std::uint8_t kMetadata = 0x28;
constexpr std::uint8_t kFrame = 0x30;
constexpr std::uint8_t kTileList = 0x40;
constexpr std::uint8_t kPadding = 0x78;
constexpr std::uint8_t kExtension = 0x04;
constexpr std::uint8_t kKey = 0x10;   // the first byte of a frame: a key frame that is shown
constexpr std::uint8_t kNoKey = 0x30; // an inter frame that is shown

Bytes operator+(Bytes a, const Bytes& b)
{
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

/// A unit as encoders write it, with its size.
Bytes sized(std::uint8_t header, const Bytes& payload)
{
    std::array<std::uint8_t, 5> size{};
    const std::size_t bytes = write_leb128(static_cast<std::uint32_t>(payload.size()), size.data());
    return Bytes{static_cast<std::uint8_t>(header | kObuHasSize)} +
           Bytes(size.begin(), size.begin() + static_cast<std::ptrdiff_t>(bytes)) + payload;
}

/// The payload of a frame of that kind and length.
Bytes frame(std::uint8_t kind, std::size_t size)
{
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<std::uint8_t>(i * 7);
    bytes[0] = kind;
    return bytes;
}

Status add_all(Av1Depacketiser& depacketiser, const std::vector<Bytes>& payloads, PartialPicture& picture)
{
    Status status = JF_OK;
    for (const auto& payload : payloads) {
        if (status == JF_OK)
            status = depacketiser.add(payload, picture);
    }
    return status;
}

Status status_of(const Bytes& payload)
{
    Av1Depacketiser depacketiser;
    PartialPicture picture;
    return depacketiser.add(payload, picture);
}

} // namespace

TEST(CodecFfmpegAv1Payload, NumbersTakeAsManyBytesAsTheyNeed)
{
    for (const std::uint32_t value : {0U, 1U, 127U, 128U, 16'383U, 16'384U, 2'097'151U, 2'097'152U, UINT32_MAX}) {
        std::array<std::uint8_t, 5> bytes{};
        const std::size_t count = write_leb128(value, bytes.data());
        EXPECT_EQ(count, leb128_bytes(value));
        const auto again = read_leb128(ByteView(bytes).first(count));
        ASSERT_TRUE(again);
        EXPECT_EQ(again->value, value);
        EXPECT_EQ(again->bytes, count);
        EXPECT_FALSE(read_leb128(ByteView(bytes).first(count - 1))) << value << " cut short";
    }
    EXPECT_EQ(leb128_bytes(127), 1U);
    EXPECT_EQ(leb128_bytes(128), 2U);
}

TEST(CodecFfmpegAv1Payload, NumbersLongerThanEightBytesOrLargerThanThirtyTwoBitsAreRefused)
{
    const auto padded = read_leb128(Bytes{0x85, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00});
    ASSERT_TRUE(padded) << "section 4.10.5 of the AV1 specification lets zeros follow";
    EXPECT_EQ(padded->value, 5U);
    EXPECT_EQ(padded->bytes, 8U);
    EXPECT_FALSE(read_leb128(Bytes{0x85, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}));
    EXPECT_FALSE(read_leb128(Bytes{0x80, 0x80, 0x80, 0x80, 0x10})) << "2^32";
    EXPECT_FALSE(read_leb128(Bytes{}));
}

TEST(CodecFfmpegAv1Payload, SmallUnitsShareAPacketWithoutDelimiterAndSizes)
{
    Av1Packetiser packetiser(300);
    const auto payloads = cut(packetiser, sized(kDelimiter, {}) + sized(kSequenceHeader, {1, 2, 3}) +
                                              sized(kPadding, {0, 0}) + sized(kFrame, {kKey, 5}));
    ASSERT_EQ(payloads.size(), 1U);
    EXPECT_EQ(payloads[0], (Bytes{0x28, 4, kSequenceHeader, 1, 2, 3, kFrame, kKey, 5})) << "W is 2, N is set";
}

TEST(CodecFfmpegAv1Payload, ANewSequenceIsMarkedOnTheFirstPacketOfAKeyFrameAlone)
{
    Av1Packetiser packetiser(200);
    const auto key = cut(packetiser, sized(kSequenceHeader, {1}) + sized(kFrame, frame(kKey, 500)));
    ASSERT_EQ(key.size(), 3U);
    EXPECT_EQ(key[0].at(0), 0x68) << "Y, W is 2, N";
    EXPECT_EQ(key[1].at(0), 0xD0) << "Z, Y, W is 1";
    EXPECT_EQ(key[2].at(0), 0x90) << "Z, W is 1";
    const auto other = cut(packetiser, sized(kFrame, frame(kNoKey, 20)));
    ASSERT_EQ(other.size(), 1U);
    EXPECT_EQ(other[0].at(0), 0x10);
    EXPECT_EQ(cut(packetiser, sized(kSequenceHeader, {1}) + sized(kFrame, {kNoKey})).at(0).at(0) & 0x08, 0)
        << "a sequence header before a frame that refers to others begins nothing";
}

TEST(CodecFfmpegAv1Payload, EveryPictureComesOutOfItsPayloadsAsItWentIn)
{
    const Bytes head = sized(kSequenceHeader, {1, 2, 3}) + sized(kMetadata, {4, 5}) + sized(kMetadata, {6});
    for (const std::size_t limit : {200U, 201U, 300U, 1200U}) {
        for (std::size_t size = 1; size < 1300; size += size < 420 ? 1 : 37) {
            Av1Packetiser packetiser(limit);
            const Bytes picture =
                head + sized(kFrame, frame(kKey, size)) + Bytes{kFrame | kExtension | kObuHasSize, 0x08, 1, 9};
            const auto payloads = cut(packetiser, picture);
            Av1Depacketiser depacketiser;
            PartialPicture again;
            ASSERT_EQ(add_all(depacketiser, payloads, again), JF_OK) << limit << " " << size;
            for (const auto& payload : payloads)
                EXPECT_LE(payload.size(), limit);
            EXPECT_FALSE(again.open);
            EXPECT_TRUE(again.key);
            ASSERT_EQ(collected(again), picture) << limit << " " << size;
        }
    }
}

TEST(CodecFfmpegAv1Payload, AUnitMayBeCutAnywhereEvenInsideItsHeader)
{
    const Bytes unit{kFrame | kExtension, 0x08, kKey, 1, 2, 3, 4};
    Av1Depacketiser depacketiser;
    PartialPicture picture;
    EXPECT_EQ(depacketiser.add(Bytes{0x18, kSequenceHeader, 7}, picture), JF_OK);
    for (std::size_t i = 0; i < unit.size(); ++i) {
        const bool first = i == 0;
        const bool last = i + 1 == unit.size();
        const auto header = static_cast<std::uint8_t>((first ? 0 : 0x80) | (last ? 0 : 0x40) | 0x10);
        EXPECT_EQ(depacketiser.add(Bytes{header, unit[i]}, picture), JF_OK);
        EXPECT_EQ(picture.open, !last);
    }
    EXPECT_TRUE(picture.key);
    EXPECT_EQ(collected(picture), (Bytes{kSequenceHeader | kObuHasSize, 1, 7, kFrame | kExtension | kObuHasSize, 0x08,
                                         5, kKey, 1, 2, 3, 4}));
}

TEST(CodecFfmpegAv1Payload, ElementsAreReadWithAndWithoutACount)
{
    const Bytes expected = sized(kSequenceHeader, {1}) + sized(kMetadata, {2, 3}) + sized(kFrame, {kKey, 4});
    for (const Bytes& payload : {Bytes{0x08, 2, kSequenceHeader, 1, 3, kMetadata, 2, 3, 3, kFrame, kKey, 4},
                                 Bytes{0x38, 2, kSequenceHeader, 1, 3, kMetadata, 2, 3, kFrame, kKey, 4},
                                 Bytes{0x3F, 0x82, 0x00, kSequenceHeader, 1, 3, kMetadata, 2, 3, kFrame, kKey, 4}}) {
        Av1Depacketiser depacketiser;
        PartialPicture picture;
        EXPECT_EQ(depacketiser.add(payload, picture), JF_OK);
        EXPECT_TRUE(picture.key);
        EXPECT_EQ(collected(picture), expected);
    }
}

TEST(CodecFfmpegAv1Payload, SizesThatASenderLeftInAreChecked)
{
    Av1Depacketiser depacketiser;
    PartialPicture picture;
    EXPECT_EQ(depacketiser.add(Bytes{0x10, kFrame | kObuHasSize, 0x82, 0x00, kKey, 4}, picture), JF_OK);
    EXPECT_EQ(collected(picture), sized(kFrame, {kKey, 4}));
    EXPECT_EQ(status_of({0x10, kFrame | kObuHasSize, 3, kKey, 4}), JF_BAD_INPUT) << "larger than the element";
    EXPECT_EQ(status_of({0x10, kFrame | kObuHasSize, 1, kKey, 4}), JF_BAD_INPUT) << "smaller than the element";
    EXPECT_EQ(status_of({0x10, kFrame | kObuHasSize, 0x82}), JF_BAD_INPUT) << "cut short";
}

TEST(CodecFfmpegAv1Payload, DelimitersTileListsAndPaddingAreIgnored)
{
    Av1Depacketiser depacketiser;
    PartialPicture picture;
    EXPECT_EQ(
        depacketiser.add(Bytes{0x00, 1, kDelimiter, 3, kTileList, 1, 2, 2, kFrame, kKey, 2, kPadding, 0}, picture),
        JF_OK);
    EXPECT_EQ(collected(picture), sized(kFrame, {kKey}));
}

TEST(CodecFfmpegAv1Payload, OnlyAShownKeyFrameBehindASequenceHeaderIsAKeyPicture)
{
    const auto is_key = [](const Bytes& payload) {
        Av1Depacketiser depacketiser;
        PartialPicture picture;
        EXPECT_EQ(depacketiser.add(payload, picture), JF_OK);
        EXPECT_TRUE(picture.has_slice);
        return picture.key;
    };
    EXPECT_TRUE(is_key({0x28, 2, kSequenceHeader, 1, kFrame, kKey}));
    EXPECT_FALSE(is_key({0x18, kFrame, kKey})) << "whatever N says";
    EXPECT_FALSE(is_key({0x28, 2, kSequenceHeader, 1, kFrame, kNoKey}));
    EXPECT_FALSE(is_key({0x28, 2, kSequenceHeader, 1, kFrame, 0x00})) << "a key frame that is not shown";
    EXPECT_FALSE(is_key({0x28, 2, kSequenceHeader, 1, kFrame, 0x90})) << "a frame that is shown again";
    EXPECT_FALSE(is_key({0x38, 2, kSequenceHeader, 1, 2, kFrame, kNoKey, kFrame, kKey}))
        << "its first frame needs earlier pictures";
}

TEST(CodecFfmpegAv1Payload, ASequenceHeaderOfAnEarlierPictureMakesNoKeyPicture)
{
    Av1Depacketiser depacketiser;
    PartialPicture picture;
    EXPECT_EQ(depacketiser.add(Bytes{0x28, 2, kSequenceHeader, 1, kFrame, kKey}, picture), JF_OK);
    picture.clear();
    EXPECT_EQ(depacketiser.add(Bytes{0x10, kFrame, kKey}, picture), JF_OK);
    EXPECT_FALSE(picture.key);
}

TEST(CodecFfmpegAv1Payload, MalformedPayloadsAreRefused)
{
    EXPECT_EQ(status_of({}), JF_BAD_INPUT);
    EXPECT_EQ(status_of({0x10}), JF_BAD_INPUT) << "no element";
    EXPECT_EQ(status_of({0x98, kFrame, kKey}), JF_BAD_INPUT) << "N with Z";
    EXPECT_EQ(status_of({0x00, 0}), JF_BAD_INPUT) << "an element without a byte";
    EXPECT_EQ(status_of({0x00, 3, kFrame, kKey}), JF_BAD_INPUT) << "longer than the payload";
    EXPECT_EQ(status_of({0x00, 0x80}), JF_BAD_INPUT) << "half a length";
    EXPECT_EQ(status_of({0x00, 0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, kFrame, kKey}), JF_BAD_INPUT)
        << "a length in nine bytes";
    EXPECT_EQ(status_of({0x20, 2, kFrame, kKey}), JF_BAD_INPUT) << "the second of two is missing";
    EXPECT_EQ(status_of({0x10, 0x80 | kFrame, kKey}), JF_BAD_INPUT) << "the forbidden bit";
    EXPECT_EQ(status_of({0x10, kFrame | kExtension}), JF_BAD_INPUT) << "an extension that is not there";
    EXPECT_EQ(status_of({0x10, kFrame}), JF_BAD_INPUT) << "a frame without a byte";
}

TEST(CodecFfmpegAv1Payload, FragmentsThatDoNotFitTogetherAreRefused)
{
    EXPECT_EQ(status_of({0x90, 1, 2}), JF_WOULD_BLOCK) << "the beginning of the unit is missing";
    Av1Depacketiser depacketiser;
    PartialPicture picture;
    EXPECT_EQ(depacketiser.add(Bytes{0x50, kFrame, kKey}, picture), JF_OK);
    EXPECT_TRUE(picture.open);
    EXPECT_EQ(depacketiser.add(Bytes{0x10, kFrame, kKey}, picture), JF_BAD_INPUT) << "another before it ended";
}

TEST(CodecFfmpegAv1Payload, ElementsOfAPacketAreBoundedInNumber)
{
    const auto packet = [](std::size_t elements) {
        Bytes payload{0x00};
        for (std::size_t i = 0; i < elements; ++i)
            payload = payload + Bytes{2, kMetadata, 1};
        return payload;
    };
    EXPECT_EQ(status_of(packet(Av1Depacketiser::kMaxElements)), JF_OK);
    EXPECT_EQ(status_of(packet(Av1Depacketiser::kMaxElements + 1)), JF_BAD_INPUT);
}

TEST(CodecFfmpegAv1Payload, APictureIsBoundedInBytes)
{
    Av1Depacketiser depacketiser;
    PartialPicture picture;
    Bytes payload(60'001, 1);
    payload[0] = 0x50;
    payload[1] = kFrame;
    std::size_t sum = 0;
    Status status = JF_OK;
    while ((status = depacketiser.add(payload, picture)) == JF_OK) {
        sum += payload.size() - 1;
        payload[0] = 0xD0;
        ASSERT_LE(sum, PartialPicture::kMaxBytes);
    }
    EXPECT_EQ(status, JF_BAD_INPUT);
    EXPECT_GT(sum, PartialPicture::kMaxBytes - 60'000);
}

TEST(CodecFfmpegAv1Payload, TheSizeOfAUnitThatFillsThePictureHasNoRoomAndIsRefused)
{
    Av1Depacketiser depacketiser;
    PartialPicture picture;
    Bytes whole(PartialPicture::kMaxBytes + 1, 1);
    whole[0] = 0x10;
    whole[1] = kFrame;
    EXPECT_EQ(depacketiser.add(whole, picture), JF_BAD_INPUT);
    picture.clear();
    whole.resize(PartialPicture::kMaxBytes + 1 - 3);
    EXPECT_EQ(depacketiser.add(whole, picture), JF_OK);
    EXPECT_EQ(picture.size(), PartialPicture::kMaxBytes) << "three bytes of size";
}

} // namespace jackfield::codec
