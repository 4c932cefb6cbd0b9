// What a frame costs in memory: counts every malloc and operator new while frames pass through a codec. To be included
// by one source of a program of its own, see tests/allocation_counts.hpp.
//
// Threads: the test's thread; the counters are of this thread alone.
#pragma once

#include "tests/allocation_counts.hpp"
#include "tests/plugins/codec/codec_fixture.hpp"

#include <jackfield/codec.hpp>

#include <array>
#include <cstring>
#include <memory>

namespace jackfield::codec::testing {
namespace {

constexpr int kFrames = 200;
constexpr int kWarm = 100; // before they are counted: a codec may keep a picture to refer to now and then

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
    for (int i = 0; i < kWarm; ++i)
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

/// Sends a film through a codec of pictures.
[[maybe_unused]] Cost cost_of_pictures(Encoder& encoder, Decoder& decoder, Shelf& shelf, const int& decoded)
{
    std::vector<Picture> pictures;
    for (int i = 0; i < kWarm + kFrames; ++i)
        pictures.emplace_back(320, 240, i);
    std::size_t at = 0;
    return cost_of(encoder, decoder, shelf, decoded, [&] {
        const std::size_t number = at++;
        return pictures[number].frame(kStartNs + static_cast<std::int64_t>(number) * kFrameNs);
    });
}

} // namespace
} // namespace jackfield::codec::testing
