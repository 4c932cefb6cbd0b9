// Sources and sinks made of several parts, plugins that step in for each other, and what our sound goes through.
//
// Threads: the test's, which is control and every media thread in turn. Lifetime: the test's.

#include "kernel/media/call_sinks.hpp"
#include "kernel/media/call_source.hpp"
#include "kernel/media/media_names.hpp"
#include "kernel/media/receive_stream.hpp"
#include "tests/kernel/media/scripted_board.hpp"

#include <gtest/gtest.h>

namespace jackfield::kernel {
namespace {

TEST(MediaNames, OfDevicesAreJoinedByPlus)
{
    using Parts = std::vector<std::string>;
    EXPECT_EQ(parts_of(""), Parts{});
    EXPECT_EQ(parts_of("test"), Parts{"test"});
    EXPECT_EQ(parts_of("a+b.mkv"), Parts{"a+b.mkv"}); // a file
    EXPECT_EQ(parts_of("microphone:+camera:/dev/video0"), (Parts{"microphone:", "camera:/dev/video0"}));
    EXPECT_EQ(parts_of("microphone:usb+a+b.mkv"), (Parts{"microphone:usb", "a+b.mkv"}));
    EXPECT_EQ(parts_of("a+b.mkv+microphone:"), (Parts{"a+b.mkv", "microphone:"}));
    EXPECT_TRUE(names_device("window:"));
    EXPECT_FALSE(names_device("window"));
}

/// Plugins that know one name each and write down what is done to them.
struct Device {
    std::string id;
    std::string name;
    std::uint32_t has_audio = 0;
    std::uint32_t has_video = 0;
    jf_status status = JF_OK; // of open
    std::vector<std::string>* log = nullptr;
    jf_source_listener listener{};
    std::vector<std::uint32_t> written = {};
    jf_status writes = JF_OK;

    static Device& of(void* self) { return *static_cast<Device*>(self); }
    jf_status opened(jf_text asked, jf_error* error)
    {
        log->push_back(id + " opens " + std::string(view_of(asked)));
        std::string("no such device at ").append(id).copy(error->text, sizeof(error->text) - 1);
        return status;
    }
    static std::int32_t accepts(void* self, jf_text asked) { return view_of(asked).starts_with(of(self).name) ? 1 : 0; }

    static constexpr jf_source_session_methods kSourceSession{
        sizeof(jf_source_session_methods), 0,
        [](void* self, jf_source_info* info, jf_error*) -> jf_status {
            *info = {sizeof(jf_source_info),
                     of(self).has_audio,
                     48000,
                     1,
                     of(self).has_video,
                     640,
                     480,
                     30'000,
                     of(self).has_audio != 0 ? 7'000'000'000 : 0,
                     0,
                     0};
            return JF_OK;
        },
        [](void* self, const jf_source_format* format, jf_error*) -> jf_status {
            of(self).log->push_back(of(self).id + (format->kind == JF_AUDIO ? " sounds" : " shows"));
            return JF_OK;
        },
        [](void* self) { of(self).log->push_back(of(self).id + " goes"); }};
    static constexpr jf_media_source_methods kSource{sizeof(jf_media_source_methods), 0, &accepts,
                                                     [](void* self, jf_text asked, jf_text, jf_source_listener listener,
                                                        jf_source_session* session, jf_error* error) -> jf_status {
                                                         of(self).listener = listener;
                                                         *session = {&kSourceSession, self};
                                                         return of(self).opened(asked, error);
                                                     },
                                                     nullptr};

    static constexpr jf_sink_session_methods kSinkSession{
        sizeof(jf_sink_session_methods),
        0,
        [](void* self, const jf_frame* frame) -> jf_status {
            of(self).written.push_back(frame->kind);
            return of(self).writes;
        },
        [](void* self, jf_done done) {
            of(self).log->push_back(of(self).id + " finishes");
            done.call(done.self, JF_OK, nullptr);
        },
        [](void* self) { of(self).log->push_back(of(self).id + " goes"); },
        nullptr};
    static constexpr jf_media_sink_methods kSink{
        sizeof(jf_media_sink_methods), 0, &accepts,
        [](void* self, jf_text asked, jf_text, jf_sink_session* session, jf_error* error) -> jf_status {
            *session = {&kSinkSession, self};
            return of(self).opened(asked, error);
        },
        nullptr};
};

AgreedStream agreed(MediaKind kind)
{
    AgreedStream stream;
    stream.kind = stream.codec.kind = kind;
    stream.codec.name = kind == MediaKind::audio ? "opus" : "VP8";
    stream.codec.clock_rate_hz = 48'000;
    stream.codec.sample_rate_hz = 48'000;
    stream.codec.channels = 1;
    return stream;
}

jf_frame frame_of(std::uint32_t kind, const std::vector<float>& samples)
{
    jf_frame frame{};
    frame.struct_size = sizeof(frame);
    frame.kind = kind;
    frame.samples = samples.data();
    frame.sample_rate_hz = 48'000;
    frame.channels = 1;
    frame.samples_per_channel = static_cast<std::uint32_t>(samples.size());
    return frame;
}

class CallDevices : public ::testing::Test {
protected:
    Failure failure_of(const std::function<void()>& action)
    {
        try {
            action();
        } catch (const Failure& failure) {
            return failure;
        }
        return {JF_OK, "nothing failed"};
    }

    std::vector<std::string> log_;
    Device microphone_{.id = "mic", .name = "microphone:", .has_audio = 1, .log = &log_};
    Device other_{.id = "other", .name = "microphone:", .has_audio = 1, .log = &log_};
    Device camera_{.id = "cam", .name = "camera:", .has_video = 1, .log = &log_};
    Device speaker_{.id = "speaker", .name = "speaker:", .log = &log_};
    Device window_{.id = "window", .name = "window:", .log = &log_};
    Device tape_{.id = "tape", .name = "call.mkv", .log = &log_};
    ControlThread control_;
    Completions completions_;
    testing::ScriptedBoard scripted_{control_};
};

TEST_F(CallDevices, EachKindComesFromTheFirstPartThatHasIt)
{
    scripted_.put_sources({{&Device::kSource, &microphone_, "mic"}, {&Device::kSource, &camera_, "cam"}});
    SendStream sound(scripted_.board(), agreed(MediaKind::audio), jf_source_info{}, [] {});
    SendStream pictures(scripted_.board(), agreed(MediaKind::video), jf_source_info{}, [] {});
    sound.open();
    pictures.open();
    CallSource source(scripted_.board(), [](MediaKind) {});
    source.open("microphone:+camera:x+microphone:y");
    EXPECT_EQ(source.info().has_audio, 1U);
    EXPECT_EQ(source.info().width_px, 640U);
    source.feed(sound);
    source.feed(pictures);
    EXPECT_EQ(log_, (std::vector<std::string>{"mic opens microphone:", "cam opens camera:x", "mic opens microphone:y",
                                              "mic sounds", "cam shows"}));
    const std::vector<float> samples(960);
    const auto frame = frame_of(JF_AUDIO, samples);
    microphone_.listener.methods->frame(microphone_.listener.self, &frame);
    EXPECT_EQ(sound.frames(), 1U);
    log_.clear();
    source.close();
    EXPECT_EQ(log_.size(), 3U);
}

TEST_F(CallDevices, PicturesOfAnotherPartDoNotRunWhileNobodySeesThem)
{
    scripted_.put_sources({{&Device::kSource, &microphone_, "mic"}, {&Device::kSource, &camera_, "cam"}});
    SendStream sound(scripted_.board(), agreed(MediaKind::audio), jf_source_info{}, [] {});
    sound.open();
    CallSource source(scripted_.board(), [](MediaKind) {});
    source.open("microphone:+camera:");
    source.feed(sound);
    source.run_idle_pictures();
    EXPECT_EQ(log_.back(), "mic sounds"); // the camera's light stays off
}

TEST_F(CallDevices, AreOpenedByTheNextPluginIfTheFirstHasNone)
{
    scripted_.put_sources({{&Device::kSource, &other_, "other"}, {&Device::kSource, &microphone_, "mic"}});
    CallSource source(scripted_.board(), [](MediaKind) {});
    for (const jf_status status : {JF_NOT_FOUND, JF_UNREACHABLE}) {
        other_.status = status;
        log_.clear();
        source.open("microphone:");
        EXPECT_EQ(log_, (std::vector<std::string>{"other opens microphone:", "mic opens microphone:"}));
        source.close();
    }
    other_.status = JF_BUSY; // it has that one
    EXPECT_EQ(failure_of([&] { source.open("microphone:"); }).error().text, "other: no such device at other");
    other_.status = microphone_.status = JF_NOT_FOUND;
    EXPECT_EQ(failure_of([&] { source.open("microphone:"); }).error().text, "other: no such device at other");
    EXPECT_EQ(failure_of([&] { source.open("screen:"); }).error().text,
              "no media source takes \"screen:\"; a plugin for such devices in the slot media_source would");
}

TEST_F(CallDevices, ASecondPartThatDoesNotOpenTakesTheFirstWithIt)
{
    camera_.status = JF_NOT_FOUND;
    scripted_.put_sources({{&Device::kSource, &microphone_, "mic"}, {&Device::kSource, &camera_, "cam"}});
    CallSource source(scripted_.board(), [](MediaKind) {});
    EXPECT_EQ(failure_of([&] { source.open("microphone:+camera:"); }).error().status, JF_NOT_FOUND);
    EXPECT_EQ(log_.back(), "mic goes");
    EXPECT_EQ(source.info().has_audio, 0U);
}

TEST_F(CallDevices, PlayersAndTheRecordingGetEveryFrame)
{
    for (auto* sink : {&speaker_, &window_, &tape_})
        scripted_.add_sink({&Device::kSink, sink, sink->id});
    CallSinks sinks(scripted_.board(), completions_, "call.mkv");
    EXPECT_EQ(sinks.session().methods, nullptr);
    sinks.play_by(sinks.open_players("speaker:+window:"));
    sinks.open({.audio = true});
    const std::vector<float> samples(960);
    for (const std::uint32_t kind : {JF_AUDIO, JF_VIDEO}) {
        const auto frame = frame_of(kind, samples);
        EXPECT_EQ(sinks.session().methods->write(sinks.session().self, &frame), JF_OK);
    }
    for (const auto* sink : {&speaker_, &window_, &tape_})
        EXPECT_EQ(sink->written, (std::vector<std::uint32_t>{JF_AUDIO, JF_VIDEO})) << sink->id;
    window_.writes = JF_WOULD_BLOCK;
    const auto frame = frame_of(JF_AUDIO, samples);
    EXPECT_EQ(sinks.session().methods->write(sinks.session().self, &frame), JF_WOULD_BLOCK);
    EXPECT_EQ(tape_.written.size(), 3U);

    log_.clear();
    sinks.play_by(sinks.open_players("speaker:other"));
    EXPECT_EQ(log_, (std::vector<std::string>{"speaker opens speaker:other", "speaker finishes", "window finishes"}));
    EXPECT_EQ(sinks.session().methods->write(sinks.session().self, &frame), JF_OK); // no window any more
    int ends = 0;
    log_.clear();
    sinks.finish([&](const Error& error) { ends += error.status == JF_OK ? 1 : 100; });
    EXPECT_EQ(log_, (std::vector<std::string>{"speaker finishes", "tape finishes"}));
    EXPECT_EQ(ends, 1);
}

/// A stage that multiplies, and hears.
struct Factor {
    float by = 1;
    std::vector<std::string> forms = {};
    int played = 0;
    int open = 0;

    static Factor& of(void* self) { return *static_cast<Factor*>(self); }
    static constexpr jf_audio_stage_session_methods kSession{
        sizeof(jf_audio_stage_session_methods), 0,
        [](void* self, const jf_frame* frame, float* samples) -> jf_status {
            for (std::uint32_t i = 0; i < frame->samples_per_channel; ++i)
                samples[i] = samples[i] * of(self).by + 1;
            return JF_OK;
        },
        [](void* self, const jf_frame*) { ++of(self).played; }, [](void* self) { --of(self).open; }};
    static constexpr jf_audio_stage_methods kStage{
        sizeof(jf_audio_stage_methods), 0,
        [](void* self, jf_text form, jf_audio_stage_session* session, jf_error*) -> jf_status {
            of(self).forms.emplace_back(view_of(form));
            if (of(self).by == 0)
                return JF_UNSUPPORTED;
            ++of(self).open;
            *session = {&kSession, self};
            return JF_OK;
        }};
};

TEST_F(CallDevices, OurSoundGoesThroughTheStagesInTheirOrderBeforeItIsKeptAndSent)
{
    Factor twice{.by = 2};
    Factor thrice{.by = 3};
    scripted_.put_stages({{&Factor::kStage, &twice, "twice"}, {&Factor::kStage, &thrice, "thrice"}});
    auto stages = std::make_shared<AudioStages>(scripted_.board(), 48'000, 1);
    EXPECT_EQ(twice.forms, (std::vector<std::string>{R"({"channels":1,"sample_rate_hz":48000})"}));

    std::vector<float> kept;
    static constexpr jf_sink_session_methods kKeeps{
        sizeof(jf_sink_session_methods),
        0,
        nullptr,
        nullptr,
        nullptr,
        [](void* self, const jf_frame* frame) -> jf_status {
            static_cast<std::vector<float>*>(self)->assign(frame->samples, frame->samples + frame->samples_per_channel);
            return JF_OK;
        }};
    SendStream stream(scripted_.board(), agreed(MediaKind::audio), jf_source_info{}, [] {});
    stream.open();
    stream.go_through(stages);
    stream.write_to({&kKeeps, &kept});
    const std::vector<float> samples(960, 0.5F);
    stream.frame(frame_of(JF_AUDIO, samples));
    EXPECT_EQ(kept, std::vector<float>(960, (0.5F * 2 + 1) * 3 + 1));
    EXPECT_EQ(samples, std::vector<float>(960, 0.5F)); // the source's own are as they were
    stream.mute(true);
    stream.frame(frame_of(JF_AUDIO, samples));
    EXPECT_EQ(kept, std::vector<float>(960, 0.0F));

    stages->played(frame_of(JF_AUDIO, samples));
    EXPECT_EQ(twice.played + thrice.played, 2);
    stages.reset();
    stream.go_through(nullptr);
    EXPECT_EQ(twice.open + thrice.open, 0);
}

TEST_F(CallDevices, AStageThatDoesNotTakeTheSoundTakesTheOthersWithIt)
{
    Factor twice{.by = 2};
    Factor none{.by = 0};
    scripted_.put_stages({{&Factor::kStage, &twice, "twice"}, {&Factor::kStage, &none, "none"}});
    EXPECT_EQ(failure_of([&] { const AudioStages stages(scripted_.board(), 44'100, 2); }).error().status,
              JF_UNSUPPORTED);
    EXPECT_EQ(twice.open, 0);
}

} // namespace
} // namespace jackfield::kernel
