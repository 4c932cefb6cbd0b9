// The options of media-ffmpeg, and what it says to wrong ones.
//
// Threads: the test's. Lifetime: one plugin instance per configuration.

#include "source_under_test.hpp"
#include "tests/schema_check/schema_check.hpp"

#include <jackfield/abi/media_sink.h>

#include <nlohmann/json.hpp>

namespace media_ffmpeg::testing {

namespace {

using Json = nlohmann::json;

std::string words_for(std::string_view interface_id, std::string_view config)
{
    const auto failure = failure_of([&] {
        FakeHost host;
        if (interface_id == JF_MEDIA_SOURCE_INTERFACE)
            const jackfield::testing::InstanceUnderTest<jf_media_source_methods> made(
                host, JACKFIELD_TEST_PLUGIN_DIR, "media-ffmpeg", interface_id, config);
        else
            const jackfield::testing::InstanceUnderTest<jf_media_sink_methods> made(
                host, JACKFIELD_TEST_PLUGIN_DIR, "media-ffmpeg", interface_id, config);
    });
    return failure.status() == JF_OK ? "" : failure.status() == JF_BAD_CONFIG ? failure.what() : "not JF_BAD_CONFIG";
}

bool satisfies_schema(std::string_view config)
{
    return jackfield::test::satisfies(Json::parse(config), JACKFIELD_TEST_PLUGIN_DIR "/media-ffmpeg.schema.json");
}

} // namespace

TEST(MediaFfmpegConfig, SchemaAndPluginAgree)
{
    for (const char* config : {R"({"loop": true})", R"({"test_width_px": 16, "test_height_px": 4096})",
                               R"({"test_frame_rate": 120, "test_tone_hz": 20})"}) {
        EXPECT_TRUE(satisfies_schema(config)) << config;
        EXPECT_EQ(words_for(JF_MEDIA_SOURCE_INTERFACE, config), "") << config;
    }
    for (const char* config : {R"({"record_existing": "number", "record_sound": "opus", "record_video_kbps": 500})",
                               R"({"record_video_kbps": 0, "record_sound": "by-file"})"}) {
        EXPECT_TRUE(satisfies_schema(config)) << config;
        EXPECT_EQ(words_for(JF_MEDIA_SINK_INTERFACE, config), "") << config;
    }
    for (const char* config : {R"({"loop": 1})", R"({"test_width_px": 17})", R"({"test_height_px": 4098})",
                               R"({"test_frame_rate": 0})", R"({"test_tone_hz": 440.5})"}) {
        EXPECT_FALSE(satisfies_schema(config)) << config;
        EXPECT_NE(words_for(JF_MEDIA_SOURCE_INTERFACE, config), "") << config;
    }
    for (const char* config :
         {R"({"record_existing": "append"})", R"({"record_sound": 1})", R"({"record_video_kbps": -1})"}) {
        EXPECT_FALSE(satisfies_schema(config)) << config;
        EXPECT_NE(words_for(JF_MEDIA_SINK_INTERFACE, config), "") << config;
    }
    EXPECT_FALSE(satisfies_schema(R"({"looop": true})"));
}

TEST(MediaFfmpegConfig, WrongValuesAreNamedByTheirPlace)
{
    EXPECT_EQ(words_for(JF_MEDIA_SOURCE_INTERFACE, R"({"test_tone_hz": 5})"),
              "/test_tone_hz: expected a whole number from 20 to 20000");
    EXPECT_EQ(words_for(JF_MEDIA_SOURCE_INTERFACE, R"({"loop": "yes"})"), "/loop: expected true or false");
    EXPECT_EQ(words_for(JF_MEDIA_SINK_INTERFACE, R"({"record_existing": "append"})"),
              "/record_existing: expected one of replace, refuse, number");
    EXPECT_EQ(words_for(JF_MEDIA_SINK_INTERFACE, R"({"record_video_kbps": 10})"),
              "/record_video_kbps: expected 0 or a whole number from 50 to 100000");
    EXPECT_EQ(words_for(JF_MEDIA_SINK_INTERFACE, "[]"), "/: expected a JSON object");
}

TEST(MediaFfmpegConfig, AnOptionOfTheOtherSlotIsAnError)
{
    EXPECT_EQ(words_for(JF_MEDIA_SINK_INTERFACE, R"({"loop": true})"),
              "/loop: means nothing to media_sink; in media_source it would work");
    EXPECT_EQ(words_for(JF_MEDIA_SOURCE_INTERFACE, R"({"record_sound": "pcm"})"),
              "/record_sound: means nothing to media_source; in media_sink it would work");
}

TEST(MediaFfmpegConfig, WrongOptionsOfOneSourceAreBadInput)
{
    SourcePlugin plugin;
    for (const char* options : {"[]", "{", R"({"realtime": 1})", R"({"loop": "no"})"})
        EXPECT_EQ(failure_of([&] { const Source source(plugin, "test", options); }).status(), JF_BAD_INPUT) << options;
    const Source source(plugin, "test", R"({"of_tomorrow": 1})");
}

TEST(MediaFfmpegConfig, NamesOfDevicesAreNotOurs)
{
    SourcePlugin plugin;
    const auto accepts = [&](std::string_view name) {
        return plugin.methods()->accepts(plugin.self(), jackfield::to_text(name)) != 0;
    };
    EXPECT_TRUE(accepts("test") && accepts("/film.mp4") && accepts("a:b.mkv"));
    EXPECT_FALSE(accepts("") || accepts("microphone:"));
}

} // namespace media_ffmpeg::testing
