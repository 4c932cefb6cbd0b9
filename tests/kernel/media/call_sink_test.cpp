// What a call's sink is told to expect, and what of ours is written to it.
//
// Threads: the test's, which is control and the source's thread in turn. Lifetime: the test's.

#include "kernel/media/call_media.hpp"
#include "tests/kernel/media/scripted_board.hpp"

#include <gtest/gtest.h>

namespace jackfield::kernel {
namespace {

/// A sink that remembers. Sessions have no write_own if it is deaf to us.
struct Tape {
    std::vector<std::string> opened;
    std::vector<std::vector<float>> own_sound;
    int open_sessions = 0;
    bool deaf = false;

    static Tape& of(void* self) { return *static_cast<Tape*>(self); }

    static constexpr jf_sink_session_methods kBoth{sizeof(jf_sink_session_methods),
                                                   0,
                                                   [](void*, const jf_frame*) -> jf_status { return JF_OK; },
                                                   [](void*, jf_done done) { done.call(done.self, JF_OK, nullptr); },
                                                   [](void* self) { --of(self).open_sessions; },
                                                   [](void* self, const jf_frame* frame) -> jf_status {
                                                       of(self).own_sound.emplace_back(
                                                           frame->samples, frame->samples + frame->samples_per_channel);
                                                       return of(self).own_sound.size() > 2 ? JF_WOULD_BLOCK : JF_OK;
                                                   }};
    static constexpr jf_sink_session_methods kDeaf{
        offsetof(jf_sink_session_methods, write_own), 0, kBoth.write, kBoth.finish, kBoth.release, nullptr};
    static constexpr jf_media_sink_methods kSink{
        sizeof(jf_media_sink_methods), 0, [](void*, jf_text) -> std::int32_t { return 1; },
        [](void* self, jf_text, jf_text options, jf_sink_session* session, jf_error*) -> jf_status {
            of(self).opened.emplace_back(view_of(options));
            ++of(self).open_sessions;
            *session = {of(self).deaf ? &kDeaf : &kBoth, self};
            return JF_OK;
        },
        nullptr};
};

class CallSinkTest : public ::testing::Test {
protected:
    CallSinkTest() { scripted_.add_sink({&Tape::kSink, &tape_, "tape"}); }

    Tape tape_;
    ControlThread control_;
    Completions completions_;
    PlayThread playing_;
    Workers workers_{control_};
    testing::ScriptedBoard scripted_{control_};
};

AgreedStream agreed_sound()
{
    AgreedStream stream;
    stream.kind = stream.codec.kind = MediaKind::audio;
    stream.codec.name = "opus";
    stream.codec.clock_rate_hz = 48'000;
    return stream;
}

TEST_F(CallSinkTest, IsToldWhatComesOfBothSides)
{
    CallSink sink(scripted_.board(), completions_, "call.mkv");
    sink.open({true, false, true, false});
    sink.open({true, false, true, false});
    ASSERT_EQ(tape_.opened, (std::vector<std::string>{R"({"audio":true,"own_audio":true,"video":false})"}));
    EXPECT_EQ(sink.own_session().self, sink.session().self);

    EXPECT_FALSE(sink.widen({true, false, false, false}));
    EXPECT_TRUE(sink.widen({true, false, true, true}));
    EXPECT_EQ(tape_.opened.back(), R"({"audio":true,"own_audio":true,"own_video":true,"video":false})");
    EXPECT_EQ(tape_.open_sessions, 2);
}

TEST_F(CallSinkTest, HearsNothingOfOursUnlessThatWasAskedFor)
{
    CallSink sink(scripted_.board(), completions_, "call.mkv");
    sink.open({true, true, false, false});
    EXPECT_EQ(tape_.opened.back(), R"({"audio":true,"video":true})");
    EXPECT_EQ(sink.own_session().methods, nullptr);
}

TEST_F(CallSinkTest, ThatCannotKeepOursIsRefusedAndReleased)
{
    tape_.deaf = true;
    CallSink sink(scripted_.board(), completions_, "call.mkv");
    try {
        sink.open({true, false, true, false});
        FAIL() << "one half of the call would have been missing";
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.error().status, JF_UNSUPPORTED);
        EXPECT_NE(failure.error().text.find("nothing of ours"), std::string::npos) << failure.error().text;
    }
    EXPECT_EQ(tape_.open_sessions, 0);
    sink.open({true, false, false, false}); // what arrives it can keep
    EXPECT_EQ(tape_.open_sessions, 1);
}

TEST_F(CallSinkTest, OfACallIsToldOfOursIfThePlanSaysSoAndSomethingOfItGoesOut)
{
    const auto opened = [&](const MediaPlan& plan) {
        const CallMedia media(scripted_.board(), completions_, workers_, playing_, plan, true, {});
        return tape_.opened.back();
    };
    EXPECT_EQ(opened({"anything", "call.mkv", true, true, true}),
              R"({"audio":true,"own_audio":true,"own_video":true,"video":true})");
    EXPECT_EQ(opened({"anything", "call.mkv", true, false, true}), R"({"audio":true,"own_audio":true,"video":false})");
    EXPECT_EQ(opened({"", "call.mkv", true, true, true}), R"({"audio":true,"video":true})"); // nothing is sent
    EXPECT_EQ(opened({"anything", "call.mkv", true, true, false}), R"({"audio":true,"video":true})");
}

TEST_F(CallSinkTest, GetsOurSoundAsItIsSent)
{
    SendStream stream(scripted_.board(), agreed_sound(), jf_source_info{}, [] {});
    stream.open();
    const std::vector<float> samples(960, 0.5F);
    jf_frame frame{};
    frame.struct_size = sizeof(frame);
    frame.kind = JF_AUDIO;
    frame.samples = samples.data();
    frame.channels = 1;
    frame.samples_per_channel = 960;

    stream.frame(frame); // to nobody yet
    stream.write_to({&Tape::kBoth, &tape_});
    stream.frame(frame);
    stream.mute(true);
    stream.frame(frame);
    ASSERT_EQ(tape_.own_sound.size(), 2U);
    EXPECT_EQ(tape_.own_sound[0], samples);
    EXPECT_EQ(tape_.own_sound[1], std::vector<float>(960, 0.0F)); // muted

    EXPECT_EQ(stream.unwritten(), 0U);
    stream.frame(frame); // no room
    EXPECT_EQ(stream.unwritten(), 1U);
    stream.write_to({});
    stream.frame(frame);
    EXPECT_EQ(tape_.own_sound.size(), 3U);
}

} // namespace
} // namespace jackfield::kernel
