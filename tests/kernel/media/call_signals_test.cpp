// What is said beside the media of a call: digits (RFC 4733, dtmf-relay), how a camera is held, and pictures turned by
// it.

#include "kernel/media/control_info.hpp"
#include "kernel/media/picture_turner.hpp"
#include "kernel/media/telephone_event.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace {

using namespace jackfield::kernel;
using namespace std::chrono_literals;

// --- telephone events -----------------------------------------------------------------------------------------------

/// Feeds a reader packet by packet, and says what it told.
struct Ear {
    void hear(std::uint32_t timestamp, char key, std::uint16_t duration, bool end = false)
    {
        const auto bytes = TelephoneEvent{*event_of(key), end, 10, duration}.to_bytes();
        hear_bytes(timestamp, {bytes.data(), bytes.size()});
    }
    void hear_bytes(std::uint32_t timestamp, jf_bytes bytes)
    {
        jf_payload payload{};
        payload.struct_size = sizeof(payload);
        payload.rtp_timestamp = timestamp;
        payload.bytes = bytes;
        reader.read(payload);
    }
    std::string told()
    {
        std::string all;
        for (const auto& digit : reader.take())
            all += digit.key + std::to_string(digit.duration.count()) + " ";
        return all;
    }

    DigitReader reader{8000};
};

TEST(TelephoneEvent, IsFourBytes)
{
    const auto bytes = TelephoneEvent{11, true, 10, 0x1234}.to_bytes();
    EXPECT_EQ(bytes, (std::array<std::uint8_t, 4>{11, 0x8a, 0x12, 0x34}));
    const auto read = read_event(bytes.data(), bytes.size());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->event, 11);
    EXPECT_TRUE(read->end);
    EXPECT_EQ(read->volume, 10);
    EXPECT_EQ(read->duration, 0x1234);
    EXPECT_FALSE(read_event(bytes.data(), 3));
}

TEST(TelephoneEvent, HasANumberForEachKeyAndNoOther)
{
    for (const char key : std::string("0123456789*#ABCD"))
        EXPECT_TRUE(event_of(key)) << key;
    for (const char key : std::string("EaX \n"))
        EXPECT_FALSE(event_of(key)) << key;
    EXPECT_EQ(event_of('*'), 10);
    EXPECT_EQ(event_of('D'), 15);
}

TEST(DigitReader, TellsAKeyOnceHoweverOftenItsEndComes)
{
    Ear ear;
    ear.hear(1000, '5', 400);
    EXPECT_EQ(ear.told(), "") << "it is still held down";
    for (int i = 0; i < 3; ++i)
        ear.hear(1000, '5', 800, true);
    EXPECT_EQ(ear.told(), "5100 ");
    EXPECT_EQ(ear.told(), "");
}

TEST(DigitReader, TellsTheSameKeyAgainWhenItIsPressedAgain)
{
    Ear ear;
    ear.hear(1000, '5', 800, true);
    ear.hear(5000, '5', 800, true);
    EXPECT_EQ(ear.told(), "5100 5100 ");
}

TEST(DigitReader, TellsAKeyWhoseEndWasLostWhenTheNextBegins)
{
    Ear ear;
    ear.hear(1000, '1', 400);
    ear.hear(5000, '2', 400);
    EXPECT_EQ(ear.told(), "150 ");
    ear.hear(5000, '2', 800, true);
    EXPECT_EQ(ear.told(), "2100 ");
}

TEST(DigitReader, TakesNoNoticeOfAPacketThatTheNextKeyHasOvertaken)
{
    Ear ear;
    ear.hear(1000, '1', 800, true);
    ear.hear(5000, '2', 400);
    ear.hear(1000, '1', 800, true);
    ear.hear(5000, '2', 800, true);
    EXPECT_EQ(ear.told(), "1100 2100 ");
}

TEST(DigitReader, GoesOnWhereTheTimestampWrapsAround)
{
    Ear ear;
    ear.hear(0xffff'ff00, '1', 800, true);
    ear.hear(0x100, '2', 800, true);
    EXPECT_EQ(ear.told(), "1100 2100 ");
}

TEST(DigitReader, LeavesOutWhatIsNoKeyAndWhatNobodyTakes)
{
    Ear ear;
    const std::array<std::uint8_t, 4> flash{16, 0x8a, 0, 100};
    ear.hear_bytes(1, {flash.data(), flash.size()});
    ear.hear_bytes(2, {flash.data(), 2});
    EXPECT_EQ(ear.told(), "");
    for (std::uint32_t i = 0; i < 100; ++i)
        ear.hear(1000 + i * 1000, '7', 800, true);
    const auto told = ear.told();
    EXPECT_EQ(std::count(told.begin(), told.end(), '7'), 32);
}

// --- INFO -----------------------------------------------------------------------------------------------------------

TEST(DtmfRelay, IsReadAsItIsWritten)
{
    const auto read = read_dtmf(write_dtmf({'#', 160ms}));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->key, '#');
    EXPECT_EQ(read->duration, 160ms);
}

TEST(DtmfRelay, OfTelephonesOfTheFieldIsUnderstood)
{
    EXPECT_EQ(read_dtmf("Signal= 5\nDuration= 250\n")->duration, 250ms);
    EXPECT_EQ(read_dtmf("Signal=5")->duration, 100ms) << "what is usual";
    EXPECT_EQ(read_dtmf("Signal=5\r\nDuration=99999999999\r\n")->duration, 100ms);
    EXPECT_EQ(read_dtmf("Signal=5\r\nDuration=-5\r\n")->duration, 100ms);
    for (const char* text : {"", "Signal=", "Signal=55", "Signal=x", "Duration=5", "=", "\n\n"})
        EXPECT_FALSE(read_dtmf(text)) << text;
    EXPECT_FALSE(read_dtmf("Signal=5\r\n" + std::string(5000, ' ')));
}

TEST(Orientation, IsReadAsItIsWritten)
{
    for (const std::uint32_t degrees : {0U, 90U, 180U, 270U})
        EXPECT_EQ(read_orientation(write_orientation(degrees)), degrees);
}

TEST(Orientation, IsAQuarterOrNothing)
{
    const auto xml = [](const std::string& value) {
        return "<media_control><vc_primitive><to_encoder><device_orientation=" + value +
               "/></to_encoder></vc_primitive></media_control>";
    };
    EXPECT_EQ(read_orientation(xml("-90")), 90U);
    EXPECT_EQ(read_orientation(xml("90")), 270U);
    for (const char* value : {"45", "", "x", "720", "9999999999999", "90 90", "&a;"})
        EXPECT_FALSE(read_orientation(xml(value))) << value;
    EXPECT_FALSE(read_orientation("<device_orientation=90"));
    EXPECT_FALSE(read_orientation("<device_orientation=90>"));
    EXPECT_FALSE(read_orientation(xml("90") + std::string(5000, '<')));
}

TEST(PictureRequest, IsFoundByItsElement)
{
    EXPECT_TRUE(asks_for_picture("<media_control><vc_primitive><to_encoder><picture_fast_update/></to_encoder>"));
    EXPECT_FALSE(asks_for_picture("picture_fast_update"));
    EXPECT_FALSE(asks_for_picture("<picture_fast_update"));
}

// --- pictures -------------------------------------------------------------------------------------------------------

/// 3 by 2 pixels, numbered; lines with a gap behind them; colours 2 by 1.
struct Picture {
    Picture()
    {
        std::iota(luma.begin(), luma.end(), std::uint8_t{0});
        frame.struct_size = sizeof(frame);
        frame.width_px = 3;
        frame.height_px = 2;
        frame.planes[0] = luma.data();
        frame.planes[1] = blue.data();
        frame.planes[2] = red.data();
        frame.strides_bytes[0] = 8;
        frame.strides_bytes[1] = frame.strides_bytes[2] = 2;
    }
    std::array<std::uint8_t, 16> luma{}; // 0 1 2 / 8 9 10
    std::array<std::uint8_t, 2> blue{1, 2};
    std::array<std::uint8_t, 2> red{3, 4};
    jf_frame frame{};
};

std::vector<int> plane(const jf_frame& frame, std::size_t number)
{
    const std::uint32_t width = number == 0 ? frame.width_px : (frame.width_px + 1) / 2;
    const std::uint32_t height = number == 0 ? frame.height_px : (frame.height_px + 1) / 2;
    std::vector<int> all;
    for (std::uint32_t y = 0; y < height; ++y) {
        for (std::uint32_t x = 0; x < width; ++x)
            all.push_back(frame.planes[number][y * frame.strides_bytes[number] + x]);
    }
    return all;
}

TEST(PictureTurner, TurnsClockwise)
{
    const Picture picture;
    PictureTurner turner;
    const auto quarter = turner.turned(picture.frame, 90);
    EXPECT_EQ(quarter.width_px, 2U);
    EXPECT_EQ(quarter.height_px, 3U);
    EXPECT_EQ(plane(quarter, 0), (std::vector<int>{8, 0, 9, 1, 10, 2}));
    EXPECT_EQ(plane(quarter, 1), (std::vector<int>{1, 2}));
    const auto half = turner.turned(picture.frame, 180);
    EXPECT_EQ(half.width_px, 3U);
    EXPECT_EQ(plane(half, 0), (std::vector<int>{10, 9, 8, 2, 1, 0}));
    EXPECT_EQ(plane(half, 2), (std::vector<int>{4, 3}));
    const auto three = turner.turned(picture.frame, 270);
    EXPECT_EQ(plane(three, 0), (std::vector<int>{2, 10, 1, 9, 0, 8}));
    EXPECT_EQ(plane(three, 1), (std::vector<int>{2, 1}));
}

TEST(PictureTurner, LeavesAPictureAloneThatIsNotToBeTurned)
{
    const Picture picture;
    PictureTurner turner;
    EXPECT_EQ(turner.turned(picture.frame, 0).planes[0], picture.luma.data());
    EXPECT_EQ(turner.turned(picture.frame, 45).planes[0], picture.luma.data());
}

TEST(PictureTurner, FourQuartersAreTheSame)
{
    const Picture picture;
    std::array<PictureTurner, 4> turners;
    jf_frame frame = picture.frame;
    for (auto& turner : turners)
        frame = turner.turned(frame, 90);
    for (std::size_t number = 0; number < 3; ++number)
        EXPECT_EQ(plane(frame, number), plane(picture.frame, number));
}

} // namespace
