// What a frame of sound costs in memory once its codec is open: nothing.
//
// Threads: the test's thread; the counters are of this thread alone.
#include "plugins/shared/codec/g711.hpp"
#include "plugins/shared/codec/opus.hpp"
#include "tests/plugins/codec/frame_cost.hpp"

namespace jackfield::codec::testing {
namespace {

TEST(SharedCodecAllocation, SoundCostsNothing)
{
    if (!COUNTS_ALLOCATIONS)
        GTEST_SKIP() << "the sanitizer owns malloc";
    const OpusOptions options;
    for (const char* parameters : {"", "useinbandfec=1", "useinbandfec=1;stereo=1;sprop-stereo=1"}) {
        Stream stream;
        stream.parameters = parameters;
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

TEST(SharedCodecAllocation, TheCounterCounts)
{
    if (!COUNTS_ALLOCATIONS)
        GTEST_SKIP() << "the sanitizer owns malloc";
    const std::uint64_t news = new_count;
    const auto memory = std::make_unique<std::vector<int>>(100);
    EXPECT_EQ(new_count - news, 2U);
    const std::uint64_t mallocs = malloc_count;
    std::free(std::malloc(1 + static_cast<std::size_t>(new_count - news)));
    EXPECT_GT(malloc_count - mallocs, 0U);
}

} // namespace
} // namespace jackfield::codec::testing
