// What codec-vpx says of itself, how it refuses, and what is its own in encoding.
//
// Threads: the test's. Lifetime: one plugin instance per test.
#include "tests/plugins/codec/capabilities.hpp"

namespace jackfield::codec::testing {

TEST(CodecVpxCapabilities, ComeInTheOrderOfThePreference)
{
    EXPECT_EQ(codec_names(CodecPlugin("codec-vpx")), (std::vector<std::string>{"VP8", "VP9"}));
    EXPECT_EQ(codec_names(CodecPlugin("codec-vpx", R"({"prefer": ["VP9"]})")),
              (std::vector<std::string>{"VP9", "VP8"}));
    EXPECT_EQ(codec_names(CodecPlugin("codec-vpx", R"({"exclude": ["VP8"]})")), std::vector<std::string>{"VP9"});
}

TEST(CodecVpxCapabilities, AnUnknownCodecIsRefusedWithWhatWouldWork)
{
    const CodecPlugin plugin("codec-vpx", R"({"exclude": ["VP9"]})");
    const auto failure = failure_of([&] { const EncoderUnderTest encoder(plugin, R"({"name": "VP9"})"); });
    EXPECT_EQ(failure.status(), JF_UNSUPPORTED);
    EXPECT_STREQ(failure.what(), "/name: codec-vpx has no codec \"VP9\"; what would work: VP8");
    const auto config = failure_of([] { const CodecPlugin bad("codec-vpx", R"({"prefer": ["H264"]})"); });
    EXPECT_EQ(config.status(), JF_BAD_CONFIG);
    EXPECT_STREQ(config.what(), "/prefer/0: no codec \"H264\"; what would work: VP8, VP9");
}

TEST(CodecVpx, EveryPictureComesOutHoweverLowTheBitrate)
{
    const CodecPlugin plugin("codec-vpx");
    for (const char* name : {"VP8", "VP9"}) {
        EncoderUnderTest encoder(plugin, std::string(R"({"name": ")") + name +
                                             R"(", "width_px": 320, "height_px": 240, "bitrate_bps": 30000})");
        for (int i = 0; i < 60; ++i)
            EXPECT_FALSE(encoder.encoded(Picture(320, 240, i * 7).frame(video_time(i))).empty()) << name << ", " << i;
    }
}

} // namespace jackfield::codec::testing
