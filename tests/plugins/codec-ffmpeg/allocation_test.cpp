// What a frame costs in memory: every malloc and operator new of this program is counted while frames pass.
//
// Threads: the test's thread; the counters are of this thread alone.
// Sound must cost nothing. Pictures pass libavcodec, which allocates the bookkeeping of every frame and packet; that
// has a bound here, and no byte of it is our own operator new.
#include "codec_fixture.hpp"

#include "plugins/codec-ffmpeg/codec_config.hpp"
#include "plugins/codec-ffmpeg/g711.hpp"
#include "plugins/codec-ffmpeg/opus.hpp"
#include "plugins/codec-ffmpeg/video_decoder.hpp"
#include "plugins/codec-ffmpeg/video_encoder.hpp"
#include "tests/allocation_counts.hpp"

#include <array>
#include <cstring>
#include <memory>

namespace jackfield::codec::testing {
namespace {

constexpr int kFrames = 200;

/// Payloads kept in memory taken beforehand, as a transport would.
class Shelf {
public:
    PayloadSink sink()
    {
        return PayloadSink(
            {this, [](void* self, const jf_payload* payload) { static_cast<Shelf*>(self)->keep(*payload); }});
    }
    template <class Each>
    void each(Each&& hand_on)
    {
        for (std::size_t i = 0; i < count_; ++i)
            hand_on(items_[i].payload);
        count_ = 0;
    }

private:
    struct Item {
        jf_payload payload{};
        std::array<std::uint8_t, 1500> bytes{};
    };
    void keep(const jf_payload& payload)
    {
        Item& item = items_.at(count_++);
        item.payload = payload;
        std::memcpy(item.bytes.data(), payload.bytes.data, payload.bytes.size);
        item.payload.bytes.data = item.bytes.data();
    }

    std::vector<Item> items_ = std::vector<Item>(256);
    std::size_t count_ = 0;
};

struct Cost {
    std::uint64_t mallocs = 0; // most of one frame
    std::uint64_t news = 0;    // of all
    int decoded = 0;
};

/// Sends frames through an encoder and a decoder that are warm, and counts.
template <class NextFrame>
Cost cost_of(Encoder& encoder, Decoder& decoder, Shelf& shelf, const int& decoded, NextFrame&& next)
{
    Cost cost;
    const auto pass = [&](const jf_frame& frame) {
        EXPECT_EQ(encoder.encode(frame), JF_OK);
        shelf.each([&](const jf_payload& payload) { decoder.decode(payload); });
    };
    for (int i = 0; i < 20; ++i)
        pass(next());
    const int before = decoded;
    for (int i = 0; i < kFrames; ++i) {
        const jf_frame frame = next();
        const std::uint64_t mallocs = malloc_count;
        const std::uint64_t news = new_count;
        pass(frame);
        cost.mallocs = std::max(cost.mallocs, malloc_count - mallocs);
        cost.news += new_count - news;
    }
    cost.decoded = decoded - before;
    return cost;
}

FrameSink counting(int& count)
{
    return FrameSink({&count, [](void* self, const jf_frame*) { ++*static_cast<int*>(self); }});
}

Stream stream_of(const char* json)
{
    return read_stream(json);
}

TEST(CodecFfmpegAllocation, SoundCostsNothing)
{
    if (!COUNTS_ALLOCATIONS)
        GTEST_SKIP() << "the sanitizer owns malloc";
    const Options options = read_options("{}");
    for (const char* parameters : {"", "useinbandfec=1", "useinbandfec=1;stereo=1;sprop-stereo=1"}) {
        const Stream stream =
            stream_of((std::string(R"({"name": "opus", "parameters": ")") + parameters + "\"}").c_str());
        Shelf shelf;
        int decoded = 0;
        OpusAudioEncoder encoder(options, stream, shelf.sink());
        OpusAudioDecoder decoder(options, stream, counting(decoded));
        encoder.set_loss(10);
        Tone tone(48'000, 2, 440);
        const Cost cost = cost_of(encoder, decoder, shelf, decoded, [&] { return tone.next(960); });
        EXPECT_EQ(cost.mallocs, 0U) << parameters;
        EXPECT_EQ(cost.news, 0U) << parameters;
        EXPECT_EQ(cost.decoded, kFrames) << parameters;
    }
    Shelf shelf;
    int decoded = 0;
    G711Encoder encoder(G711Law::mu, shelf.sink());
    G711Decoder decoder(G711Law::mu, counting(decoded));
    Tone tone(8000, 1, 440);
    const Cost cost = cost_of(encoder, decoder, shelf, decoded, [&] { return tone.next(160); });
    EXPECT_EQ(cost.mallocs + cost.news, 0U);
    EXPECT_EQ(cost.decoded, kFrames);
}

TEST(CodecFfmpegAllocation, APictureCostsWhatLibavcodecsBookkeepingCosts)
{
    if (!COUNTS_ALLOCATIONS)
        GTEST_SKIP() << "the sanitizer owns malloc";
    constexpr std::uint64_t kBound = 50; // measured at most 21 for VP8, 39 for H.264, to encode and to decode
    const Options options = read_options("{}");
    for (const auto format : {VideoFormat::vp8, VideoFormat::h264}) {
        const Stream stream = stream_of(R"({"name": "any", "width_px": 320, "height_px": 240, "parameters":
                                            "packetization-mode=1"})");
        Shelf shelf;
        int decoded = 0;
        VideoEncoder encoder(format, options, stream, shelf.sink());
        VideoDecoder decoder(format, stream, counting(decoded));
        std::vector<Picture> pictures;
        for (int i = 0; i < 20 + kFrames; ++i)
            pictures.emplace_back(320, 240, i);
        std::size_t at = 0;
        const Cost cost = cost_of(encoder, decoder, shelf, decoded, [&] {
            const std::size_t number = at++;
            return pictures[number].frame(kStartNs + static_cast<std::int64_t>(number) * 33'333'333);
        });
        RecordProperty(format == VideoFormat::vp8 ? "vp8" : "h264", static_cast<int>(cost.mallocs));
        EXPECT_LE(cost.mallocs, kBound) << (format == VideoFormat::vp8 ? "VP8" : "H.264");
        EXPECT_EQ(cost.news, 0U) << (format == VideoFormat::vp8 ? "VP8" : "H.264");
        EXPECT_EQ(cost.decoded, kFrames);
    }
}

TEST(CodecFfmpegAllocation, TheCounterCounts)
{
    if (!COUNTS_ALLOCATIONS)
        GTEST_SKIP() << "the sanitizer owns malloc";
    const std::uint64_t news = new_count;
    const auto memory = std::make_unique<std::vector<int>>(100);
    EXPECT_EQ(new_count - news, 2U);
    const std::uint64_t mallocs = malloc_count;
    const Av<AVPacket> packet(av_packet_alloc());
    EXPECT_GT(malloc_count - mallocs, 0U);
}

} // namespace
} // namespace jackfield::codec::testing
