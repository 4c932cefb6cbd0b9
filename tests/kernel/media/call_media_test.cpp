// The media of a call while its codecs open: whom that holds up, what happens if one does not open, or the call ends.

#include "kernel/media/call_media.hpp"
#include "tests/kernel/media/scripted_board.hpp"

#include <gtest/gtest.h>

#include <array>
#include <future>

namespace jackfield::kernel {
namespace {

AgreedStream agreed(MediaKind kind)
{
    AgreedStream stream;
    stream.kind = kind;
    stream.codec.kind = kind;
    stream.codec.name = kind == MediaKind::audio ? "opus" : "VP8";
    stream.codec.clock_rate_hz = kind == MediaKind::audio ? 48000 : 90000;
    return stream;
}

class CallMediaTest : public ::testing::Test {
protected:
    CallMediaTest()
    {
        control_.start();
        on_control([this] {
            workers_.on_idle([this] { notice(); });
            media_ = std::make_shared<CallMedia>(scripted_.board(), completions_, workers_, playing_,
                                                 MediaPlan{"anything", "", true, true}, true,
                                                 CallMedia::Events{{}, {}, [this] { notice(); }});
        });
    }

    ~CallMediaTest() override
    {
        for (const char* held : {"encode opus", "encode VP8", "decode opus", "decode VP8"})
            scripted_.script.release(held);
        on_control([this] { media_.reset(); });
        wait_until([this] { return workers_.idle(); });
        control_.stop();
    }

    /// Runs it on the control thread and waits. Fails the test if the control thread does not get to it.
    void on_control(const std::function<void()>& task)
    {
        auto done = std::make_shared<std::promise<void>>();
        auto finished = done->get_future();
        control_.post([task, done] {
            task();
            done->set_value();
        });
        ASSERT_EQ(finished.wait_for(std::chrono::seconds(10)), std::future_status::ready) << "control is held up";
    }

    /// Until that holds on the control thread; looked at whenever media says that something changed.
    void wait_until(const std::function<bool()>& condition)
    {
        auto holds = std::make_shared<std::promise<void>>();
        auto held = holds->get_future();
        on_control([&] {
            wanted_ = [condition, holds] {
                const bool now = condition();
                if (now)
                    holds->set_value();
                return now;
            };
            look();
        });
        ASSERT_EQ(held.wait_for(std::chrono::seconds(10)), std::future_status::ready) << "it never happened";
    }

    void open(std::initializer_list<MediaKind> kinds)
    {
        std::vector<AgreedStream> streams;
        for (const MediaKind kind : kinds)
            streams.push_back(agreed(kind));
        on_control([this, streams] { media_->open_codecs(streams); });
    }

    void open_transport(std::initializer_list<MediaKind> kinds)
    {
        std::vector<AgreedStream> streams;
        for (const MediaKind kind : kinds)
            streams.push_back(agreed(kind));
        on_control(
            [this, streams] { media_->open_transport(streams, std::vector<jf_path>(places_of(streams).size())); });
    }

    void notice()
    {
        control_.post([this] { look(); });
    }
    void look()
    {
        if (wanted_ && wanted_())
            wanted_ = nullptr;
    }

    ControlThread control_;
    Completions completions_;
    PlayThread playing_;
    Workers workers_{control_};
    testing::ScriptedBoard scripted_{control_};
    testing::Script& script_ = scripted_.script;
    std::shared_ptr<CallMedia> media_;
    std::function<bool()> wanted_;
};

/// A sink that remembers the size of the last picture and its first byte.
struct Screen {
    std::vector<std::uint32_t> shown;

    static constexpr jf_sink_session_methods kSession{offsetof(jf_sink_session_methods, write_own),
                                                      0,
                                                      [](void* self, const jf_frame* frame) -> jf_status {
                                                          static_cast<Screen*>(self)->shown = {
                                                              frame->width_px, frame->height_px, frame->planes[0][0]};
                                                          return JF_OK;
                                                      },
                                                      [](void*, jf_done done) { done.call(done.self, JF_OK, nullptr); },
                                                      [](void*) {},
                                                      nullptr};
    static constexpr jf_media_sink_methods kSink{
        sizeof(jf_media_sink_methods), 0, [](void*, jf_text) -> std::int32_t { return 1; },
        [](void* self, jf_text, jf_text, jf_sink_session* session, jf_error*) -> jf_status {
            *session = {&kSession, self};
            return JF_OK;
        },
        nullptr};
};

TEST_F(CallMediaTest, PicturesOfThePeerAreShownTurnedAsItsCameraIsHeld)
{
    Screen screen;
    scripted_.add_sink({&Screen::kSink, &screen, "screen"});
    std::shared_ptr<CallMedia> media;
    on_control([&] {
        media = std::make_shared<CallMedia>(scripted_.board(), completions_, workers_, playing_,
                                            MediaPlan{"", "screen", true, true}, true,
                                            CallMedia::Events{{}, {}, [this] { notice(); }});
        media->rotate(90); // said before there is a picture
        media->open_codecs({agreed(MediaKind::video)});
    });
    wait_until([&] { return media->ready(); });
    const std::array<std::uint8_t, 6> luma{0, 1, 2, 3, 4, 5};
    const std::array<std::uint8_t, 2> chroma{};
    jf_frame picture{};
    picture.struct_size = sizeof(picture);
    picture.kind = JF_VIDEO;
    picture.width_px = 3;
    picture.height_px = 2;
    for (std::size_t plane = 0; plane < 3; ++plane) {
        picture.planes[plane] = plane == 0 ? luma.data() : chroma.data();
        picture.strides_bytes[plane] = plane == 0 ? 3 : 2;
    }
    using Shown = std::vector<std::uint32_t>;
    scripted_.decode(picture);
    EXPECT_EQ(screen.shown, (Shown{2, 3, 3}));
    on_control([&] { media->rotate(180); });
    scripted_.decode(picture);
    EXPECT_EQ(screen.shown, (Shown{3, 2, 5}));
    on_control([&] { media->rotate(0); });
    scripted_.decode(picture);
    EXPECT_EQ(screen.shown, (Shown{3, 2, 0}));
    on_control([&] { media.reset(); });
}

TEST_F(CallMediaTest, ACodecThatTakesItsTimeDoesNotHoldUpTheControlThread)
{
    script_.hold("encode VP8");
    open({MediaKind::video});
    ASSERT_TRUE(script_.wait_for("encode VP8"));
    on_control([&] { EXPECT_FALSE(media_->ready()); }); // control is free while the encoder opens

    script_.release("encode VP8");
    wait_until([&] { return media_->ready(); });
    on_control([&] { EXPECT_GT(media_->ready_ns(), 0); });
}

TEST_F(CallMediaTest, WorkThatIsDoneAtOnceIsStillHeardOfLater)
{
    on_control([&] {
        workers_.work_at_once();
        media_->open_codecs({agreed(MediaKind::audio)});
        EXPECT_EQ(script_.count("encode opus"), 1);
        EXPECT_FALSE(media_->ready());
        EXPECT_FALSE(workers_.idle());
    });
    wait_until([&] { return media_->ready(); });
}

TEST_F(CallMediaTest, CodecsOfSeveralStreamsOpenAtTheSameTime)
{
    script_.hold("encode opus");
    script_.hold("encode VP8");
    script_.hold("decode VP8");
    open({MediaKind::audio, MediaKind::video});
    EXPECT_TRUE(script_.wait_for("encode opus"));
    EXPECT_TRUE(script_.wait_for("encode VP8"));
    EXPECT_TRUE(script_.wait_for("decode VP8"));
}

TEST_F(CallMediaTest, ACodecThatDoesNotOpenFailsInItsOwnWords)
{
    script_.refuse("decode VP8");
    open({MediaKind::video});
    wait_until([&] { return media_->failure().has_value(); });
    on_control([&] {
        EXPECT_EQ(media_->failure()->status, JF_EXHAUSTED);
        EXPECT_EQ(media_->failure()->text, "scripted-codec: no memory for pictures");
        EXPECT_FALSE(media_->ready());
    });
}

TEST_F(CallMediaTest, ASourceThatDoesNotStartIsAFailure)
{
    script_.refuse("sound starts");
    open_transport({MediaKind::audio});
    on_control([&] { media_->start(); });
    wait_until([&] { return media_->failure().has_value(); });
    on_control([&] { EXPECT_EQ(media_->failure()->text, "media source: unplugged"); });
}

TEST_F(CallMediaTest, SoundFlowsAtTheAcceptThoughTheEncoderOfPicturesIsNotOpenYet)
{
    script_.hold("encode VP8");
    open_transport({MediaKind::audio, MediaKind::video});
    on_control([&] { media_->start(); });
    EXPECT_TRUE(script_.wait_for("sound starts"));
    EXPECT_EQ(script_.count("pictures start"), 0);

    script_.release("encode VP8");
    EXPECT_TRUE(script_.wait_for("pictures start"));
    wait_until([&] { return media_->ready(); });
    EXPECT_EQ(script_.count("sound starts"), 1);
    EXPECT_EQ(script_.count("pictures start"), 1);
}

TEST_F(CallMediaTest, PicturesRunBesideTheSoundUnlessTheyCanJoinItLater)
{
    for (const bool join : {false, true}) {
        script_.source_joins_late = join;
        on_control([&] {
            media_ = std::make_shared<CallMedia>(scripted_.board(), completions_, workers_, playing_,
                                                 MediaPlan{"anything", "", true, true}, true,
                                                 CallMedia::Events{{}, {}, [this] { notice(); }});
        });
        const auto earlier = script_.count("pictures start");
        open_transport({MediaKind::audio});
        on_control([&] { media_->start(); });
        wait_until([&] { return media_->ready(); });
        on_control([&] { EXPECT_EQ(script_.count("pictures start"), earlier + (join ? 0 : 1)) << join; });
    }
}

TEST_F(CallMediaTest, NothingFlowsBeforeTheAccept)
{
    open_transport({MediaKind::audio});
    wait_until([&] { return media_->ready(); });
    EXPECT_EQ(script_.count("sound starts"), 0);
}

TEST_F(CallMediaTest, HangingUpNeitherWaitsForACodecThatOpensNorForgetsToReleaseIt)
{
    script_.hold("encode opus");
    open_transport({MediaKind::audio});
    ASSERT_TRUE(script_.wait_for("encode opus"));
    on_control([&] {
        media_->stop();
        media_.reset();
    });
    EXPECT_TRUE(script_.wait_for("close transport"));
    EXPECT_EQ(script_.count("release encoder"), 0);

    script_.release("encode opus");
    wait_until([&] { return workers_.idle(); });
    EXPECT_EQ(script_.count("release encoder"), 1);
    EXPECT_EQ(script_.count("release decoder"), 1);
}

TEST_F(CallMediaTest, CodecsOpenedAtTheAgreementServeTheTransportOfTheSameStreams)
{
    open({MediaKind::audio});
    wait_until([&] { return media_->ready(); });
    open_transport({MediaKind::audio});
    on_control([&] { EXPECT_TRUE(media_->ready()); });
    EXPECT_EQ(script_.count("encode opus"), 1);

    open_transport({MediaKind::video}); // another leg won
    wait_until([&] { return media_->ready(); });
    EXPECT_EQ(script_.count("encode VP8"), 1);
    EXPECT_EQ(script_.count("release encoder"), 1);
}

TEST_F(CallMediaTest, AKeyFrameThatIsWantedBeforeTheEncoderIsOpenNeedsNoAsking)
{
    script_.hold("encode VP8");
    open_transport({MediaKind::video});
    ASSERT_TRUE(script_.wait_for("encode VP8"));
    scripted_.ask_for_key_frame(0); // on a path's thread
    script_.release("encode VP8");
    wait_until([&] { return media_->ready(); });
    EXPECT_EQ(script_.count("key frame"), 0);
    scripted_.ask_for_key_frame(0);
    EXPECT_EQ(script_.count("key frame"), 1);
}

} // namespace
} // namespace jackfield::kernel
