// What a picture costs in memory: libavcodec allocates the bookkeeping of every frame and packet; that has a bound
// here, and no byte of it is our own operator new.
//
// Threads: the test's thread; the counters are of this thread alone.
#include "plugins/codec-ffmpeg/video_decoder.hpp"
#include "plugins/codec-ffmpeg/video_encoder.hpp"
#include "tests/plugins/codec/frame_cost.hpp"

namespace jackfield::codec::testing {
namespace {

TEST(CodecFfmpegAllocation, APictureCostsWhatLibavcodecsBookkeepingCosts)
{
    if (!COUNTS_ALLOCATIONS)
        GTEST_SKIP() << "the sanitizer owns malloc";
    struct Case {
        VideoFormat format;
        const char* name;
        std::uint64_t bound;
    };
    // Measured to encode and to decode one: at most 21 for VP8, 39 for H.264, 496 for AV1, nearly all of them in
    // libaom.
    const Options options = read_options("{}");
    for (const auto& [format, name, bound] :
         {Case{VideoFormat::vp8, "VP8", 50}, Case{VideoFormat::h264, "H264", 50}, Case{VideoFormat::av1, "AV1", 600}}) {
        const Stream stream = read_stream(R"({"name": "any", "width_px": 320, "height_px": 240, "parameters":
                                              "packetization-mode=1"})");
        Shelf shelf;
        int decoded = 0;
        VideoEncoder encoder(format, options, stream, shelf.sink());
        VideoDecoder decoder(format, stream, counting(decoded));
        const Cost cost = cost_of_pictures(encoder, decoder, shelf, decoded);
        RecordProperty(name, static_cast<int>(cost.mallocs));
        EXPECT_LE(cost.mallocs, bound) << name;
        EXPECT_EQ(cost.news, 0U) << name;
        EXPECT_EQ(cost.decoded, kFrames) << name;
    }
}

} // namespace
} // namespace jackfield::codec::testing
