// What codec-ffmpeg says of itself, and how it refuses.
//
// Threads: the test's. Lifetime: one plugin instance per test.
#include "codec_fixture.hpp"

#include "tests/kernel/temporary_folder.hpp"
#include "tests/schema_check/schema_check.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::codec::testing {

namespace {

using Json = nlohmann::json;
using jackfield::test::satisfies;

std::vector<std::string> names(const std::string& capabilities)
{
    std::vector<std::string> out;
    const Json json = Json::parse(capabilities);
    for (const auto& entry : json["codecs"])
        out.push_back(entry["name"]);
    return out;
}

Failure failure_of(const std::function<void()>& action)
{
    try {
        action();
    } catch (const Failure& failure) {
        return failure;
    }
    return {JF_OK, "nothing failed"};
}

} // namespace

TEST(CodecFfmpegCapabilities, SatisfyTheirSchema)
{
    const CodecPlugin plugin(R"({"opus_stereo": true})");
    const Json json = Json::parse(plugin.capabilities());
    EXPECT_TRUE(satisfies(json, JACKFIELD_SOURCE_DIR "/kernel/abi/schemas/codec-capabilities.schema.json"));
    EXPECT_FALSE(satisfies(Json::parse(R"({"codecs": [{"name": 1}]})"),
                           JACKFIELD_SOURCE_DIR "/kernel/abi/schemas/codec-capabilities.schema.json"));
}

TEST(CodecFfmpegCapabilities, ComeInTheOrderOfThePreference)
{
    EXPECT_EQ(names(CodecPlugin().capabilities()), (std::vector<std::string>{"opus", "PCMU", "PCMA", "VP8", "H264"}));
    EXPECT_EQ(names(CodecPlugin(R"({"prefer": ["H264", "PCMA"], "exclude": ["PCMU"]})").capabilities()),
              (std::vector<std::string>{"H264", "PCMA", "opus", "VP8"}));
}

TEST(CodecFfmpegCapabilities, EveryCodecTheyNameOpensWithItsOwnEntry)
{
    const CodecPlugin plugin;
    const Json capabilities = Json::parse(plugin.capabilities());
    EXPECT_EQ(capabilities["codecs"].size(), 5U);
    for (auto entry : capabilities["codecs"]) {
        entry["payload_type"] = 100;
        const DecoderUnderTest decoder(plugin, entry.dump());
        if (entry["kind"] == "video") {
            entry["width_px"] = 320;
            entry["height_px"] = 240;
        }
        entry["max_payload_bytes"] = 1200;
        const EncoderUnderTest encoder(plugin, entry.dump());
    }
}

TEST(CodecFfmpegCapabilities, AnUnknownCodecIsRefusedWithWhatWouldWork)
{
    const CodecPlugin plugin(R"({"exclude": ["H264"]})");
    const auto failure = failure_of([&] { const EncoderUnderTest encoder(plugin, R"({"name": "H264"})"); });
    EXPECT_EQ(failure.status(), JF_UNSUPPORTED);
    EXPECT_STREQ(failure.what(), "/name: codec-ffmpeg has no codec \"H264\"; what would work: opus, PCMU, PCMA, VP8");
}

TEST(CodecFfmpegCapabilities, WrongValuesAreNamedByTheirPlace)
{
    const CodecPlugin plugin;
    const auto text = [&](std::string_view config) {
        return std::string(failure_of([&] { const EncoderUnderTest encoder(plugin, config); }).what());
    };
    EXPECT_EQ(text(R"({"clock_rate_hz": 8000})"), "/name: required, the encoding name of the codec, for example opus");
    EXPECT_EQ(text(R"({"name": "VP8", "width_px": 5000})"), "/width_px: expected a whole number from 0 to 4096");
    EXPECT_EQ(text(R"({"name": "VP8", "max_payload_bytes": 50})"),
              "/max_payload_bytes: expected a whole number from 200 to 65000");
    EXPECT_EQ(text("[1]"), "/: expected a JSON object");
    const auto config = failure_of([] { const CodecPlugin bad(R"({"prefer": ["opus", "G729"]})"); });
    EXPECT_EQ(config.status(), JF_BAD_CONFIG);
    EXPECT_STREQ(config.what(), "/prefer/1: no codec \"G729\"; what would work: opus, PCMU, PCMA, VP8, H264");
}

TEST(CodecFfmpegCapabilities, WithoutItsPartForPicturesItStillHasSoundAndSaysWhatIsMissing)
{
    const test::TemporaryFolder folder;
    std::filesystem::copy_file(JACKFIELD_TEST_PLUGIN_DIR "/codec-ffmpeg.so", folder.path() / "codec-ffmpeg.so");
    const CodecPlugin plugin("{}", folder.path());
    const EncoderUnderTest sound(plugin, R"({"name": "opus"})");
    const auto failure = failure_of([&] { const DecoderUnderTest decoder(plugin, R"({"name": "VP8"})"); });
    EXPECT_EQ(failure.status(), JF_UNSUPPORTED);
    EXPECT_NE(std::string(failure.what()).find("parts/codec-ffmpeg-pictures.so: cannot open"), std::string::npos)
        << failure.what();
}

TEST(CodecFfmpegCapabilities, NamesCompareWithoutCase)
{
    const CodecPlugin plugin;
    const EncoderUnderTest encoder(plugin, R"({"name": "OPUS"})");
    const DecoderUnderTest decoder(plugin, R"({"name": "vp8"})");
}

} // namespace jackfield::codec::testing
