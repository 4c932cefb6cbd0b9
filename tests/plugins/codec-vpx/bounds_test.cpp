// What a stranger's frame may ask for: sizes are read before memory is taken, and memory has an end.
//
// Threads: the test's. Lifetime: values.
#include "plugins/codec-vpx/frame_pool.hpp"
#include "plugins/codec-vpx/vp9_header.hpp"
#include "plugins/codec-vpx/vpx_decoder.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace jackfield::codec {

namespace {

/// Bits in a row, the first the highest of the first byte.
class BitWriter {
public:
    BitWriter& put(std::uint32_t value, int count)
    {
        for (int i = count - 1; i >= 0; --i, ++at_) {
            if (at_ % 8 == 0)
                bytes_.push_back(0);
            bytes_.back() = static_cast<std::uint8_t>(bytes_.back() | (value >> i & 1U) << (7 - at_ % 8));
        }
        return *this;
    }
    const Bytes& bytes() const { return bytes_; }

private:
    Bytes bytes_;
    std::size_t at_ = 0;
};

Bytes key_frame(std::uint32_t width, std::uint32_t height)
{
    return BitWriter()
        .put(2, 2)
        .put(0, 2)
        .put(0, 1)
        .put(0, 1)
        .put(1, 1)
        .put(0, 1)
        .put(0x498342, 24)
        .put(2, 3)
        .put(0, 1)
        .put(width - 1, 16)
        .put(height - 1, 16)
        .put(0, 32)
        .bytes();
}

/// An inter frame that is as large as what it refers to, or says its own size.
Bytes inter_frame(std::uint32_t width, std::uint32_t height)
{
    BitWriter bits;
    bits.put(2, 2).put(0, 2).put(0, 1).put(1, 1).put(1, 1).put(0, 1); // shown
    bits.put(0, 2).put(1, 8).put(0x12, 12);
    if (width == 0)
        return bits.put(1, 1).put(0, 32).bytes();
    return bits.put(0, 3).put(width - 1, 16).put(height - 1, 16).put(0, 32).bytes();
}

Bytes intra_only_frame(std::uint32_t width, std::uint32_t height)
{
    BitWriter bits;
    bits.put(2, 2).put(0, 2).put(0, 1).put(1, 1).put(0, 1).put(1, 1); // not shown, resilient
    return bits.put(1, 1).put(0x498342, 24).put(1, 8).put(width - 1, 16).put(height - 1, 16).put(0, 32).bytes();
}

Status decode_vp9(VpxDecoder& decoder, const Bytes& frame)
{
    Bytes bytes{0x0C};
    bytes.insert(bytes.end(), frame.begin(), frame.end());
    jf_payload payload{};
    payload.struct_size = sizeof(payload);
    payload.bytes = to_bytes(bytes);
    payload.marker = 1;
    return decoder.decode(payload);
}

} // namespace

TEST(CodecVpxBounds, TheSizeIsReadWhereverAFrameMaySayIt)
{
    const auto key = read_vp9_header(key_frame(320, 240));
    ASSERT_TRUE(key.has_value());
    EXPECT_TRUE(key->key);
    EXPECT_EQ(key->width_px, 320U);
    EXPECT_EQ(key->height_px, 240U);
    const auto inter = read_vp9_header(inter_frame(0, 0));
    ASSERT_TRUE(inter.has_value());
    EXPECT_FALSE(inter->key);
    EXPECT_EQ(inter->width_px, 0U);
    const auto grown = read_vp9_header(inter_frame(65'536, 2));
    ASSERT_TRUE(grown.has_value());
    EXPECT_EQ(grown->width_px, 65'536U);
    EXPECT_EQ(grown->height_px, 2U);
    const auto intra = read_vp9_header(intra_only_frame(5000, 40));
    ASSERT_TRUE(intra.has_value());
    EXPECT_FALSE(intra->key);
    EXPECT_EQ(intra->width_px, 5000U);
    EXPECT_EQ(intra->height_px, 40U);
}

TEST(CodecVpxBounds, WhatIsNoFrameOfProfileZeroIsNotRead)
{
    for (const auto& frame : {key_frame(320, 240), inter_frame(320, 240), intra_only_frame(320, 240)}) {
        for (std::size_t size = 0; size < frame.size() - 4; ++size)
            EXPECT_FALSE(read_vp9_header(ByteView(frame).first(size)).has_value()) << size;
    }
    Bytes other = key_frame(320, 240);
    other[0] |= 0x20; // profile 1
    EXPECT_FALSE(read_vp9_header(other).has_value());
    other = key_frame(320, 240);
    other[2] ^= 1; // no sync code
    EXPECT_FALSE(read_vp9_header(other).has_value());
}

TEST(CodecVpxBounds, FramesWithAnIndexAreSeenOneByOne)
{
    Bytes picture{1, 1, 1, 2, 2};
    const auto sizes = [&] {
        std::vector<std::size_t> out;
        each_vp9_frame(picture, [&](ByteView frame) { out.push_back(frame.size()); });
        return out;
    };
    EXPECT_EQ(sizes(), std::vector<std::size_t>{5});
    for (const std::uint8_t byte : Bytes{0xC1, 3, 2, 0xC1})
        picture.push_back(byte);
    EXPECT_EQ(sizes(), (std::vector<std::size_t>{3, 2}));
    picture[6] = 200; // beyond the end
    EXPECT_EQ(sizes(), std::vector<std::size_t>{});
    picture[5] = 0; // then it is no index
    EXPECT_EQ(sizes(), std::vector<std::size_t>{9});
}

TEST(CodecVpxBounds, APictureOfMoreThanFourThousandPixelsASideIsNotDecoded)
{
    int shown = 0;
    const FrameSink sink({&shown, [](void* self, const jf_frame*) { ++*static_cast<int*>(self); }});
    VpxDecoder decoder(VpxFormat::vp9, sink);
    for (const auto& frame : {key_frame(16'384, 16'384), key_frame(4097, 16), key_frame(16, 65'536)})
        EXPECT_EQ(decode_vp9(decoder, frame), JF_WOULD_BLOCK);
    EXPECT_EQ(shown, 0);

    VpxDecoder vp8(VpxFormat::vp8, sink);
    Bytes frame{0x10, 0x10, 0x00, 0x00, 0x9D, 0x01,
                0x2A, 0xFF, 0x3F, 0xFF, 0x3F}; // 16383 x 16383, RFC 6386 section 9.1
    frame.resize(2000, 0x33);
    jf_payload payload{};
    payload.struct_size = sizeof(payload);
    payload.bytes = to_bytes(frame);
    payload.marker = 1;
    EXPECT_EQ(vp8.decode(payload), JF_WOULD_BLOCK);
    EXPECT_EQ(shown, 0);
}

TEST(CodecVpxBounds, ThePoolGivesNoMoreAndNoLargerThanItsBounds)
{
    FramePool pool;
    std::vector<vpx_codec_frame_buffer_t> taken;
    vpx_codec_frame_buffer_t buffer{};
    EXPECT_LT(FramePool::take(&pool, FramePool::kMostBytes + 1, &buffer), 0);
    while (FramePool::take(&pool, 1000, &buffer) == 0)
        taken.push_back(buffer);
    EXPECT_EQ(taken.size(), FramePool::kMostFrames);
    FramePool::give_back(&pool, &taken[3]);
    ASSERT_EQ(FramePool::take(&pool, 500, &buffer), 0);
    EXPECT_EQ(buffer.data, taken[3].data) << "memory is used again";
    EXPECT_EQ(buffer.size, 1000U);
}

} // namespace jackfield::codec
