// What two people do while they talk: hold, mute, pictures on and off, another source, keys, a turned camera; and the
// sound that was there goes on through all of it.
//
// Threads: the test's; both nodes run in this process and speak on their control threads.
#include "heard_lines.hpp"
#include "world.hpp"

#include "kernel/node/node.hpp"

#include <gtest/gtest.h>

namespace scenarios {
namespace {

using namespace jackfield::kernel;

/// One end, and what it has heard so far, one line an event: "held 1", "media sendrecv none", "digit 5".
class End final : public HeardLines,
                  public NodeListener,
                  public CallListener,
                  public std::enable_shared_from_this<End> {
public:
    void timeline(const TimelineEvent& event) override
    {
        hear("timeline " + std::string(name_of(event.step)) + " " + event.detail_json);
    }
    IncomingPlan incoming(const IncomingCall&) override { return {plan, shared_from_this(), std::nullopt}; }
    void ringing(Call& ringing) override
    {
        const std::lock_guard lock(mutex_);
        call_ = ringing.shared_from_this();
        if (ringing.side == Side::callee)
            ringing.answer();
    }
    void held(Call&, bool held) override { hear(held ? "held" : "heard again"); }
    void media_changed(Call&, const MediaNow& now) override
    {
        const auto word = [](const std::optional<Direction>& direction) -> std::string {
            if (!direction)
                return "none";
            return std::string(direction->send ? "send" : "") + (direction->receive ? "recv" : "");
        };
        hear("media " + word(now.audio) + " " + word(now.video) + (now.holding ? " holding" : "") +
             (now.muted ? " muted" : ""));
    }
    void change_refused(Call&, const Error& error) override
    {
        hear("refused " + std::string(status_word(error.status)));
    }
    void digit(Call&, const Digit& digit) override { hear(std::string("digit ") + digit.key); }
    void rotated(Call&, std::uint32_t degrees) override { hear("rotated " + std::to_string(degrees)); }
    void ended(Call&, const CallEnd& how) override
    {
        const std::lock_guard lock(mutex_);
        call_.reset(); // it holds its listener
        end_ = how;
        changed_.notify_all();
    }

    std::optional<CallEnd> end()
    {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 20s, [&] { return end_.has_value(); });
        return end_;
    }
    std::shared_ptr<Call> call()
    {
        const std::lock_guard lock(mutex_);
        return call_;
    }

    MediaPlan plan{"test", "null", true, true};

private:
    std::shared_ptr<Call> call_;
    std::optional<CallEnd> end_;
};

struct Stack {
    const char* name;
    const char* signaling;
    const char* bundle;
};

void PrintTo(const Stack& stack, std::ostream* out)
{
    *out << stack.name;
}

class InCall : public ::testing::TestWithParam<Stack> {
protected:
    InCall()
    {
        const PeerOptions options{.call = {{"bundle", GetParam().bundle}},
                                  .slots = {{"signaling", {{"use", GetParam().signaling}}}}};
        for (const std::size_t one : {0, 1}) {
            ends_[one] = std::make_shared<End>();
            auto node = Node::create(*load_config(world_.configure(one == 0 ? "alice" : "bob", options)), ends_[one]);
            if (!node)
                throw std::runtime_error(node.error().text);
            nodes_[one] = std::move(*node);
            accounts_[one] = nodes_[one]->start()->account_id;
            ends_[one]->hears("announced");
        }
    }

    ~InCall() override
    {
        if (HasFailure()) {
            std::cerr << "alice heard\n" << alice().all() << "bob heard\n" << bob().all();
        }
    }

    /// Alice calls bob; sound flows both ways.
    void talk(bool video)
    {
        alice().plan.video = video;
        calls_[0] = nodes_[0]->call(accounts_[1], alice().plan, ends_[0]);
        ASSERT_TRUE(alice().hears(R"("what":"first_audio")"));
        ASSERT_TRUE(bob().hears(R"("what":"first_audio")"));
        calls_[1] = bob().call();
        ASSERT_TRUE(calls_[1]);
    }

    /// Nothing of the sound was lost on the way, and there was sound all the time.
    void expect_whole_sound()
    {
        nodes_[0]->hang_up(calls_[0]);
        for (auto* end : {&alice(), &bob()}) {
            const auto how = end->end();
            ASSERT_TRUE(how);
            EXPECT_EQ(how->error.status, JF_OK) << how->error.text;
            const Json statistics = Json::parse(how->statistics);
            const Json& sound = statistics["streams"][0];
            EXPECT_EQ(sound.value("packets_lost", -1), 0) << statistics;
            EXPECT_GT(sound.value("frames_decoded", 0), 0) << statistics;
        }
    }

    End& alice() { return *ends_[0]; }
    End& bob() { return *ends_[1]; }

    World world_;
    std::array<std::shared_ptr<End>, 2> ends_;
    std::array<std::unique_ptr<Node>, 2> nodes_;
    std::array<std::string, 2> accounts_;
    std::array<std::shared_ptr<Call>, 2> calls_;
};

TEST_P(InCall, EitherEndHoldsAndGoesOn)
{
    talk(false);
    for (const std::size_t one : {0, 1}) {
        auto& holder = *ends_[one];
        auto& other = *ends_[1 - one];
        nodes_[one]->change(calls_[one], {.hold = true, .video = {}, .source = {}, .play = {}});
        EXPECT_TRUE(holder.hears("holding"));
        EXPECT_TRUE(other.hears("held"));
        nodes_[one]->change(calls_[one], {.hold = false, .video = {}, .source = {}, .play = {}});
        EXPECT_TRUE(holder.hears("media sendrecv none"));
        EXPECT_TRUE(other.hears("heard again"));
        EXPECT_TRUE(other.hears("media sendrecv none"));
    }
    expect_whole_sound();
}

TEST_P(InCall, PicturesComeAndGoWhileSoundGoesOn)
{
    talk(false);
    nodes_[0]->change(calls_[0], {.hold = {}, .video = true, .source = {}, .play = {}});
    for (auto* end : {&alice(), &bob()}) {
        EXPECT_TRUE(end->hears("media sendrecv sendrecv"));
        EXPECT_TRUE(end->hears(R"("what":"first_video")"));
    }
    nodes_[1]->change(calls_[1], {.hold = {}, .video = false, .source = {}, .play = {}});
    for (auto* end : {&alice(), &bob()})
        EXPECT_TRUE(end->hears("media sendrecv none"));
    nodes_[1]->change(calls_[1], {.hold = {}, .video = true, .source = {}, .play = {}});
    for (auto* end : {&alice(), &bob()})
        EXPECT_TRUE(end->hears("media sendrecv sendrecv"));
    expect_whole_sound();
}

TEST_P(InCall, AnotherSourceTakesOver)
{
    talk(true);
    nodes_[1]->change(calls_[1], {.hold = {}, .video = {}, .source = "test", .play = {}});
    EXPECT_TRUE(bob().hears("media sendrecv sendrecv"));
    nodes_[1]->change(calls_[1], {.hold = {}, .video = {}, .source = "/nowhere/at/all.mkv", .play = {}});
    EXPECT_TRUE(bob().hears("refused"));
    expect_whole_sound();
}

TEST_P(InCall, BothHoldAtOnce)
{
    talk(false);
    for (const std::size_t one : {0, 1})
        nodes_[one]->change(calls_[one], {.hold = true, .video = {}, .source = {}, .play = {}});
    for (auto* end : {&alice(), &bob()})
        EXPECT_TRUE(end->hears("holding"));
    for (const std::size_t one : {0, 1})
        nodes_[one]->change(calls_[one], {.hold = false, .video = {}, .source = {}, .play = {}});
    for (auto* end : {&alice(), &bob()})
        EXPECT_TRUE(end->hears("media sendrecv none"));
    expect_whole_sound();
}

TEST_P(InCall, MutedIsSilenceAndNobodyIsTold)
{
    talk(false);
    nodes_[0]->mute(calls_[0], true);
    EXPECT_TRUE(alice().hears("muted"));
    nodes_[0]->mute(calls_[0], false);
    EXPECT_TRUE(alice().hears("media sendrecv none"));
    expect_whole_sound();
    EXPECT_EQ(bob().all().find("media_changed"), std::string::npos);
}

TEST_P(InCall, KeysArriveOnceEachAndInOrder)
{
    talk(false);
    nodes_[0]->send_digits(calls_[0], "1x5#");
    nodes_[1]->send_digits(calls_[1], "A");
    for (const char* digit : {"digit 1", "digit 5", "digit #"})
        EXPECT_TRUE(bob().hears(digit));
    EXPECT_TRUE(alice().hears("digit A"));
    expect_whole_sound();
    EXPECT_EQ(bob().all().find("digit x"), std::string::npos);
}

TEST_P(InCall, ATurnedCameraIsTold)
{
    talk(true);
    for (const std::uint32_t degrees : {90U, 180U, 270U, 0U}) {
        nodes_[0]->rotate(calls_[0], degrees);
        EXPECT_TRUE(bob().hears("rotated " + std::to_string(degrees)));
    }
    expect_whole_sound();
}

INSTANTIATE_TEST_SUITE_P(Stacks, InCall,
                         ::testing::Values(Stack{"Sip", "signaling-sip", "auto"},
                                           Stack{"WithoutBundle", "signaling-sip", "never"},
                                           Stack{"Json", "signaling-json", "auto"}),
                         [](const auto& stack) { return std::string(stack.param.name); });

} // namespace
} // namespace scenarios
