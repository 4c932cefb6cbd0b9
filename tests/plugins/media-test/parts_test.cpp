// The picture and the tone by themselves: sizes, places, samples; and the options.
//
// Threads: the test's. Lifetime: values.

#include "options.hpp"
#include "picture.hpp"
#include "tone.hpp"

#include <jackfield/basic.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <string>

namespace media_test {

namespace {

jf_source_format bounds(std::uint32_t width, std::uint32_t height)
{
    jf_source_format format{};
    format.max_width_px = width;
    format.max_height_px = height;
    return format;
}

/// The columns of a row that are as bright as the mark.
std::pair<int, int> mark_in(const jf_frame& frame, std::uint32_t row)
{
    int first = -1;
    int last = -1;
    for (int x = 0; x < static_cast<int>(frame.width_px); ++x) {
        if (frame.planes[0][std::size_t{row} * frame.strides_bytes[0] + static_cast<std::size_t>(x)] == 235) {
            first = first < 0 ? x : first;
            last = x;
        }
    }
    return {first, last};
}

std::string words_for(std::string_view config)
{
    try {
        read_options(config);
    } catch (const jackfield::ConfigError& error) {
        return error.what();
    }
    return "";
}

} // namespace

TEST(MediaTestPicture, IsScaledDownWithItsAspectAndNeverUp)
{
    EXPECT_EQ(fitted({640, 480}, bounds(0, 0)), (Size{640, 480}));
    EXPECT_EQ(fitted({640, 480}, bounds(1280, 720)), (Size{640, 480}));
    EXPECT_EQ(fitted({640, 480}, bounds(320, 0)), (Size{320, 240}));
    EXPECT_EQ(fitted({640, 480}, bounds(0, 120)), (Size{160, 120}));
    EXPECT_EQ(fitted({1920, 1080}, bounds(640, 640)), (Size{640, 360}));
    EXPECT_EQ(fitted({640, 480}, bounds(101, 101)), (Size{100, 74})) << "in pairs, and within the bounds";
    EXPECT_EQ(fitted({4096, 16}, bounds(16, 16)), (Size{16, 16})) << "no codec takes less";
}

TEST(MediaTestPicture, ShowsEightBarsInTheColoursOfTheRecommendation)
{
    Picture picture({320, 240});
    const jf_frame frame = picture.at(0);
    const auto colour = [&](int bar) {
        const std::size_t x = static_cast<std::size_t>(bar) * 40 + 20;
        return std::vector<int>{frame.planes[0][x], frame.planes[1][x / 2], frame.planes[2][x / 2]};
    };
    EXPECT_EQ(colour(0), (std::vector<int>{180, 128, 128}));
    EXPECT_EQ(colour(1), (std::vector<int>{162, 44, 142}));
    EXPECT_EQ(colour(5), (std::vector<int>{65, 100, 212}));
    EXPECT_EQ(colour(6), (std::vector<int>{35, 212, 114}));
    EXPECT_EQ(colour(7), (std::vector<int>{16, 128, 128}));
    EXPECT_EQ(frame.planes[1][119 * 160], 128) << "the band of the mark has no colour";
}

TEST(MediaTestPicture, TheMarkRunsFromLeftToRightEveryTwoSeconds)
{
    Picture picture({320, 240});
    EXPECT_EQ(mark_in(picture.at(0), 239), std::pair(0, 19));
    EXPECT_EQ(mark_in(picture.at(Picture::kRunNs / 2), 239), std::pair(150, 169));
    EXPECT_EQ(mark_in(picture.at(Picture::kRunNs - 1), 200), std::pair(299, 318));
    EXPECT_EQ(mark_in(picture.at(Picture::kRunNs), 239), std::pair(0, 19)) << "and leaves nothing behind";
    EXPECT_EQ(mark_in(picture.at(0), 170), std::pair(-1, -1)) << "the bars are not touched";
}

TEST(MediaTestPicture, TheSmallestAndTheLargestAreWholePictures)
{
    for (const std::uint32_t side : {16U, 18U, 4096U}) {
        Picture picture({side, side});
        for (const std::int64_t at : {std::int64_t{0}, Picture::kRunNs - 1})
            EXPECT_GE(mark_in(picture.at(at), side - 1).first, 0) << side;
    }
}

TEST(MediaTestTone, IsASineInTheFormThatIsAskedFor)
{
    jf_source_format format{};
    format.sample_rate_hz = 8000;
    format.channels = 2;
    format.frame_ms = 10;
    Tone tone(700, format);
    for (std::uint32_t number = 0; number < 200; ++number) {
        EXPECT_EQ(tone.media_ns(), std::int64_t{number} * 10'000'000);
        const jf_frame frame = tone.next();
        ASSERT_EQ(frame.samples_per_channel, 80U);
        ASSERT_EQ(frame.channels, 2U);
        for (std::uint32_t i = 0; i < 80; ++i) {
            const double angle = 2 * std::numbers::pi * 700 * (number * 80 + i) / 8000;
            ASSERT_NEAR(frame.samples[2 * i], 0.5 * std::sin(angle), 1e-5) << number << ", " << i;
            ASSERT_EQ(frame.samples[2 * i], frame.samples[2 * i + 1]);
        }
    }
}

TEST(MediaTestTone, IsSilentWhereTheRateCannotCarryIt)
{
    jf_source_format format{};
    format.sample_rate_hz = 8000;
    Tone tone(4000, format);
    const jf_frame frame = tone.next();
    for (std::uint32_t i = 0; i < frame.samples_per_channel; ++i)
        EXPECT_EQ(frame.samples[i], 0.0F);
}

TEST(MediaTestOptions, WrongOnesAreNamedByTheirPlace)
{
    EXPECT_EQ(words_for("{}"), "");
    EXPECT_EQ(words_for(R"({"width_px": 4096, "height_px": 16, "frame_rate": 120, "tone_hz": 20000})"), "");
    EXPECT_EQ(words_for(R"({"width_px": 15})"), "/width_px: expected a whole number from 16 to 4096");
    EXPECT_EQ(words_for(R"({"height_px": 17})"), "/height_px: expected an even number, as codecs want them");
    EXPECT_EQ(words_for(R"({"frame_rate": 0})"), "/frame_rate: expected a whole number from 1 to 120");
    EXPECT_EQ(words_for(R"({"tone_hz": "high"})"), "/tone_hz: expected a whole number from 20 to 20000");
    EXPECT_EQ(words_for("[]"), "/: expected a JSON object");
}

} // namespace media_test
