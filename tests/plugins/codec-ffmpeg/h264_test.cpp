// H.264: fragments only for who takes them, and parameter sets in every key frame.
//
// Threads: the test's. Lifetime: one plugin instance per test.
#include "tests/plugins/codec/codec_fixture.hpp"

namespace jackfield::codec::testing {

TEST(CodecFfmpegH264, WithoutPacketizationModeOneNothingIsFragmented)
{
    const CodecPlugin plugin("codec-ffmpeg");
    EncoderUnderTest encoder(plugin, R"({"name": "H264", "width_px": 320, "height_px": 240, "bitrate_bps": 2000000})");
    DecoderUnderTest decoder(plugin, R"({"name": "H264"})");
    for (int i = 0; i < 10; ++i) {
        const auto sent = encoder.encoded(Picture(320, 240, i * 9).frame(video_time(i)));
        for (const auto& payload : sent) {
            EXPECT_LE(payload.bytes.at(0) & 0x1F, 23);
            EXPECT_LE(payload.bytes.size(), 1200U);
        }
        EXPECT_EQ(decoder.decode(sent), JF_OK);
    }
    EXPECT_EQ(decoder.got.size(), 10U);
}

TEST(CodecFfmpegH264, EveryKeyFrameBringsItsParameterSets)
{
    const CodecPlugin plugin("codec-ffmpeg");
    EncoderUnderTest encoder(plugin, R"({"name": "H264", "width_px": 320, "height_px": 240,
                                         "parameters": "packetization-mode=1"})");
    for (int i = 0; i < 3; ++i) {
        encoder.request_key_frame();
        const auto sent = encoder.encoded(Picture(320, 240, i).frame(video_time(i)));
        ASSERT_GE(sent.size(), 3U);
        EXPECT_EQ(sent[0].bytes.at(0) & 0x1F, 7);
        EXPECT_EQ(sent[1].bytes.at(0) & 0x1F, 8);
        // RFC 6184 section 8.1: profile_idc 66, both constraint flags of constrained baseline
        EXPECT_EQ(sent[0].bytes.at(1), 0x42);
        EXPECT_EQ(sent[0].bytes.at(2) & 0xC0, 0xC0);
    }
}

} // namespace jackfield::codec::testing
