// What codec-ffmpeg says of itself, and how it refuses.
//
// Threads: the test's. Lifetime: one plugin instance per test.
#include "tests/kernel/temporary_folder.hpp"
#include "tests/plugins/codec/capabilities.hpp"

#include <filesystem>

namespace jackfield::codec::testing {

TEST(CodecFfmpegCapabilities, ComeInTheOrderOfThePreference)
{
    EXPECT_EQ(codec_names(CodecPlugin("codec-ffmpeg")),
              (std::vector<std::string>{"opus", "PCMU", "PCMA", "VP8", "H264"}));
    EXPECT_EQ(codec_names(CodecPlugin("codec-ffmpeg", R"({"prefer": ["H264", "PCMA"], "exclude": ["PCMU"]})")),
              (std::vector<std::string>{"H264", "PCMA", "opus", "VP8"}));
}

TEST(CodecFfmpegCapabilities, Av1IsThereOnlyIfThePreferenceNamesIt)
{
    const auto text = failure_of([] {
        const CodecPlugin plugin("codec-ffmpeg");
        const EncoderUnderTest encoder(plugin, R"({"name": "AV1"})");
    });
    EXPECT_EQ(text.status(), JF_UNSUPPORTED);
    EXPECT_EQ(codec_names(CodecPlugin("codec-ffmpeg", R"({"prefer": ["VP8", "AV1", "opus"]})")),
              (std::vector<std::string>{"VP8", "AV1", "opus", "PCMU", "PCMA", "H264"}));
    EXPECT_EQ(codec_names(CodecPlugin("codec-ffmpeg", R"({"prefer": ["AV1"], "exclude": ["AV1"]})")),
              (std::vector<std::string>{"opus", "PCMU", "PCMA", "VP8", "H264"}));
}

TEST(CodecFfmpegCapabilities, AnUnknownCodecIsRefusedWithWhatWouldWork)
{
    const CodecPlugin plugin("codec-ffmpeg", R"({"exclude": ["H264"]})");
    const auto failure = failure_of([&] { const EncoderUnderTest encoder(plugin, R"({"name": "H264"})"); });
    EXPECT_EQ(failure.status(), JF_UNSUPPORTED);
    EXPECT_STREQ(failure.what(), "/name: codec-ffmpeg has no codec \"H264\"; what would work: opus, PCMU, PCMA, VP8");
}

TEST(CodecFfmpegCapabilities, WrongValuesAreNamedByTheirPlace)
{
    const CodecPlugin plugin("codec-ffmpeg");
    const auto text = [&](std::string_view config) {
        return std::string(failure_of([&] { const EncoderUnderTest encoder(plugin, config); }).what());
    };
    EXPECT_EQ(text(R"({"clock_rate_hz": 8000})"), "/name: required, the encoding name of the codec, for example opus");
    EXPECT_EQ(text(R"({"name": "VP8", "width_px": 5000})"), "/width_px: expected a whole number from 0 to 4096");
    EXPECT_EQ(text(R"({"name": "VP8", "max_payload_bytes": 50})"),
              "/max_payload_bytes: expected a whole number from 200 to 65000");
    EXPECT_EQ(text("[1]"), "/: expected a JSON object");
    const auto config = failure_of([] { const CodecPlugin bad("codec-ffmpeg", R"({"prefer": ["opus", "G729"]})"); });
    EXPECT_EQ(config.status(), JF_BAD_CONFIG);
    EXPECT_STREQ(config.what(), "/prefer/1: no codec \"G729\"; what would work: opus, PCMU, PCMA, VP8, H264, AV1");
}

TEST(CodecFfmpegCapabilities, WithoutItsPartForPicturesItStillHasSoundAndSaysWhatIsMissing)
{
    const test::TemporaryFolder folder;
    std::filesystem::copy_file(JACKFIELD_TEST_PLUGIN_DIR "/codec-ffmpeg.so", folder.path() / "codec-ffmpeg.so");
    const CodecPlugin plugin("codec-ffmpeg", "{}", folder.path());
    const EncoderUnderTest sound(plugin, R"({"name": "opus"})");
    const auto failure = failure_of([&] { const DecoderUnderTest decoder(plugin, R"({"name": "VP8"})"); });
    EXPECT_EQ(failure.status(), JF_UNSUPPORTED);
    EXPECT_NE(std::string(failure.what()).find("parts/codec-ffmpeg-pictures.so: cannot open"), std::string::npos)
        << failure.what();
}

TEST(CodecFfmpegCapabilities, NamesCompareWithoutCase)
{
    const CodecPlugin plugin("codec-ffmpeg");
    const EncoderUnderTest encoder(plugin, R"({"name": "OPUS"})");
    const DecoderUnderTest decoder(plugin, R"({"name": "vp8"})");
}

} // namespace jackfield::codec::testing
