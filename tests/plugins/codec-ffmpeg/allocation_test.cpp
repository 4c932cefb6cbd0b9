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
    constexpr std::uint64_t kBound = 50; // measured at most 21 for VP8, 39 for H.264, to encode and to decode
    const Options options = read_options("{}");
    for (const auto format : {VideoFormat::vp8, VideoFormat::h264}) {
        const Stream stream = read_stream(R"({"name": "any", "width_px": 320, "height_px": 240, "parameters":
                                              "packetization-mode=1"})");
        Shelf shelf;
        int decoded = 0;
        VideoEncoder encoder(format, options, stream, shelf.sink());
        VideoDecoder decoder(format, stream, counting(decoded));
        const Cost cost = cost_of_pictures(encoder, decoder, shelf, decoded);
        RecordProperty(format == VideoFormat::vp8 ? "vp8" : "h264", static_cast<int>(cost.mallocs));
        EXPECT_LE(cost.mallocs, kBound) << (format == VideoFormat::vp8 ? "VP8" : "H.264");
        EXPECT_EQ(cost.news, 0U) << (format == VideoFormat::vp8 ? "VP8" : "H.264");
        EXPECT_EQ(cost.decoded, kFrames);
    }
}

} // namespace
} // namespace jackfield::codec::testing
