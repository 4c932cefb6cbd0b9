// AV1: what is said of it, and other implementations of it. The ffmpeg program knows no RTP for it, so streams meet in
// files: libaom decodes what we send, and we decode what libaom and SVT-AV1 make.
//
// Threads: the test's, and the program's process. Lifetime: one plugin instance and one temporary folder per test.
#include "plugins/codec-ffmpeg/av1_payload.hpp"
#include "tests/kernel/temporary_folder.hpp"
#include "tests/plugins/codec/capabilities.hpp"
#include "tests/plugins/codec/payloads.hpp"
#include "tests/plugins/ffmpeg_program.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace jackfield::codec::testing {

namespace {

using namespace std::chrono_literals;
using jackfield::test::TemporaryFolder;
using jackfield::testing::FfmpegProgram;

constexpr auto kDeadline = 60s;
constexpr std::uint32_t kWidth = 160;
constexpr std::uint32_t kHeight = 120;
constexpr std::size_t kLuma = std::size_t{kWidth} * kHeight;
constexpr std::array<std::uint8_t, 2> kUnitBegins{0x12, 0x00}; // a temporal unit begins, and its size, which is none

Bytes read_all(const std::filesystem::path& path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// The luma of picture `number` of raw I420.
std::vector<std::uint8_t> luma_of(const Bytes& raw, std::size_t number)
{
    const auto from = raw.begin() + static_cast<std::ptrdiff_t>(kLuma * 3 / 2 * number);
    return {from, from + static_cast<std::ptrdiff_t>(kLuma)};
}

/// Where the temporal unit that begins there ends: at the next delimiter.
Bytes::const_iterator end_of_unit(Bytes::const_iterator at, Bytes::const_iterator end)
{
    for (bool first = true; at != end; first = false) {
        const auto obu = read_obu(ByteView(at, end));
        if (!obu)
            throw std::runtime_error("the file is malformed");
        if (!first && obu->type == ObuType::temporal_delimiter)
            break;
        at += static_cast<std::ptrdiff_t>(obu->header_bytes + obu->size_bytes + obu->payload.size());
    }
    return at;
}

class CodecFfmpegAv1 : public ::testing::Test {
protected:
    void run_ffmpeg(const std::vector<std::string>& arguments)
    {
        const auto log = folder.path() / "ffmpeg.log";
        FfmpegProgram program(arguments, log);
        const auto words = [&] {
            const Bytes bytes = read_all(log);
            return std::string(bytes.begin(), bytes.end());
        };
        ASSERT_EQ(program.wait(kDeadline), 0) << "ffmpeg said: " << words();
    }

    /// Sends a file's temporal units to the decoder, over several payloads each.
    static void decode_all(DecoderUnderTest& decoder, const Bytes& stream, Status expected)
    {
        Av1Packetiser packetiser(500);
        int units = 0;
        for (auto at = stream.begin(); at != stream.end(); ++units) {
            const auto next = end_of_unit(at, stream.end());
            const auto payloads = cut(packetiser, Bytes(at, next));
            std::vector<Sent> all(payloads.size());
            for (std::size_t i = 0; i < all.size(); ++i) {
                all[i].bytes = payloads[i];
                all[i].payload.rtp_timestamp = static_cast<std::uint32_t>(units) * 3000;
                all[i].payload.time_ns = units;
                all[i].payload.marker = i + 1 == all.size() ? 1 : 0;
            }
            EXPECT_EQ(decoder.decode(all), expected) << "unit " << units;
            at = next;
        }
        EXPECT_GT(units, 0);
    }

    CodecPlugin plugin{"codec-ffmpeg", R"({"prefer": ["AV1"]})"};
    TemporaryFolder folder;
};

class CodecFfmpegAv1Of : public CodecFfmpegAv1, public ::testing::WithParamInterface<const char*> {};

INSTANTIATE_TEST_SUITE_P(Encoders, CodecFfmpegAv1Of, ::testing::Values("libaom-av1", "libsvtav1"),
                         [](const auto& which) {
                             return which.index == 0 ? std::string("libaom") : std::string("SvtAv1");
                         });

} // namespace

TEST_F(CodecFfmpegAv1, SaysWhatItTakes)
{
    const auto json = nlohmann::json::parse(plugin.capabilities());
    const auto& entry = json["codecs"].front();
    EXPECT_EQ(entry["name"], "AV1");
    EXPECT_EQ(entry["clock_rate_hz"], 90'000);
    EXPECT_EQ(entry["parameters"], "profile=0;level-idx=5;tier=0");
}

TEST_F(CodecFfmpegAv1, LibaomDecodesThePicturesWeSend)
{
    if (!FfmpegProgram::installed())
        GTEST_SKIP() << "the ffmpeg program is not installed";
    constexpr int kPictures = 40;
    EncoderUnderTest encoder(plugin, R"({"name": "AV1", "width_px": 160, "height_px": 120, "bitrate_bps": 1500000})");
    Av1Depacketiser depacketiser;
    std::string stream;
    for (int i = 0; i < kPictures; ++i) {
        if (i == 25)
            encoder.request_key_frame();
        PartialPicture picture;
        for (const auto& sent : encoder.encoded(Picture(kWidth, kHeight, i * 3).frame(video_time(i))))
            ASSERT_EQ(depacketiser.add(sent.bytes, picture), JF_OK);
        EXPECT_EQ(picture.key, i == 0 || i == 25);
        const Bytes unit = collected(picture);
        stream.append(kUnitBegins.begin(), kUnitBegins.end()).append(unit.begin(), unit.end());
    }
    const auto played = folder.path() / "played.yuv";
    run_ffmpeg({"-c:v", "libaom-av1", "-f", "obu", "-i", folder.write("sent.obu", stream).string(), "-fps_mode",
                "passthrough", "-pix_fmt", "yuv420p", "-f", "rawvideo", played.string()});
    const Bytes raw = read_all(played);
    ASSERT_EQ(raw.size(), kLuma * 3 / 2 * kPictures);
    for (int i = 0; i < kPictures; ++i)
        EXPECT_GT(psnr(luma_of(raw, static_cast<std::size_t>(i)), Picture(kWidth, kHeight, i * 3).plane(0)), 30.0)
            << "picture " << i;
}

TEST_F(CodecFfmpegAv1, APictureWithASideThatIsTooLongIsNotShownAndTheNextKeyFrameIs)
{
    if (!FfmpegProgram::installed())
        GTEST_SKIP() << "the ffmpeg program is not installed";
    const auto wide = folder.path() / "wide.obu";
    run_ffmpeg({"-f", "lavfi", "-i", "color=size=4160x64:rate=30", "-frames:v", "2", "-pix_fmt", "yuv420p", "-c:v",
                "libaom-av1", "-usage", "realtime", "-cpu-used", "8", "-lag-in-frames", "0", "-f", "obu",
                wide.string()});
    DecoderUnderTest decoder(plugin, R"({"name": "AV1"})");
    decode_all(decoder, read_all(wide), JF_WOULD_BLOCK);
    EXPECT_TRUE(decoder.got.empty());
    EncoderUnderTest encoder(plugin, R"({"name": "AV1", "width_px": 160, "height_px": 120})");
    EXPECT_EQ(decoder.decode(encoder.encoded(Picture(kWidth, kHeight, 0).frame(video_time(0)))), JF_OK);
    EXPECT_EQ(decoder.got.size(), 1U);
}

TEST_P(CodecFfmpegAv1Of, WeDecodeWhatItMakes)
{
    if (!FfmpegProgram::installed())
        GTEST_SKIP() << "the ffmpeg program is not installed";
    const auto original = folder.path() / "original.yuv";
    const auto made = folder.path() / "made.obu";
    run_ffmpeg({"-f", "lavfi", "-i", "testsrc2=size=160x120:rate=30:duration=2", "-pix_fmt", "yuv420p", "-f",
                "rawvideo", original.string()});
    std::vector<std::string> arguments{"-f", "rawvideo",        "-video_size", "160x120",  "-framerate", "30",
                                       "-i", original.string(), "-c:v",        GetParam(), "-b:v",       "1500k"};
    if (std::string(GetParam()) == "libaom-av1")
        arguments.insert(arguments.end(), {"-usage", "realtime", "-cpu-used", "8", "-lag-in-frames", "0"});
    else
        arguments.insert(arguments.end(), {"-preset", "10"});
    arguments.insert(arguments.end(), {"-f", "obu", made.string()});
    run_ffmpeg(arguments);

    const Bytes stream = read_all(made);
    const Bytes raw = read_all(original);
    DecoderUnderTest decoder(plugin, R"({"name": "AV1"})");
    decode_all(decoder, stream, JF_OK);
    ASSERT_EQ(raw.size(), kLuma * 3 / 2 * 60);
    ASSERT_EQ(decoder.got.size(), 60U);
    for (std::size_t i = 0; i < 60; ++i)
        EXPECT_GT(psnr(decoder.got[i].planes[0], luma_of(raw, i)), 28.0) << "picture " << i;
}

} // namespace jackfield::codec::testing
