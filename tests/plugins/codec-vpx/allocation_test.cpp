// What a picture costs in memory once encoder and decoder are warm: nothing of ours, and of libvpx no more than a
// bound.
//
// Threads: the test's thread; the counters are of this thread alone.
#include "plugins/codec-vpx/vpx_decoder.hpp"
#include "plugins/codec-vpx/vpx_encoder.hpp"
#include "tests/plugins/codec/frame_cost.hpp"

namespace jackfield::codec::testing {
namespace {

TEST(CodecVpxAllocation, APictureCostsNothing)
{
    if (!COUNTS_ALLOCATIONS)
        GTEST_SKIP() << "the sanitizer owns malloc";
    const VpxOptions options;
    const Stream stream = read_stream(R"({"name": "any", "width_px": 320, "height_px": 240})");
    for (const auto format : {VpxFormat::vp8, VpxFormat::vp9}) {
        const char* const name = format == VpxFormat::vp8 ? "VP8" : "VP9";
        Shelf shelf;
        int decoded = 0;
        VpxEncoder encoder(format, options, stream, shelf.sink());
        VpxDecoder decoder(format, counting(decoded));
        const Cost cost = cost_of_pictures(encoder, decoder, shelf, decoded);
        RecordProperty(name, static_cast<int>(cost.mallocs));
        EXPECT_EQ(cost.mallocs, 0U) << name;
        EXPECT_EQ(cost.news, 0U) << name;
        EXPECT_EQ(cost.decoded, kFrames) << name;
    }
}

} // namespace
} // namespace jackfield::codec::testing
