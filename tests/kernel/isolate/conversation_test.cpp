// Questions and answers between two ends that are, here, two threads of one process.

#include "kernel/executor/run_on_control.hpp"
#include "kernel/isolate/conversation.hpp"

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <array>
#include <thread>

namespace jackfield::kernel::isolate {

namespace {

using namespace std::chrono_literals;

std::array<Descriptor, 2> pair()
{
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

/// One end: its control thread, its reader, and what it does when it is asked.
struct End {
    explicit End(Descriptor socket)
        : talk(
              std::move(socket),
              {[this] { return control.is_current(); },
               [this](std::function<void()> work) { control.post(std::move(work)); }},
              [this](Message message) { asked(talk, message); }, [](Message&) { return false; })
    {
        control.start();
        reader = std::thread([this] { talk.read(); });
    }
    ~End()
    {
        talk.close();
        reader.join();
        control.stop();
    }

    /// On its control thread, and waited for.
    void run(const std::function<void()>& work) { run_on_control(control, work); }

    ControlThread control;
    std::function<void(Conversation&, const Message&)> asked = [](Conversation& to, const Message& question) {
        to.answer(question, JF_OK, question.body);
    };
    Conversation talk;
    std::thread reader;
};

struct Talk : ::testing::Test {
    std::array<Descriptor, 2> sockets = pair();
    End kernel{std::move(sockets[0])};
    std::optional<End> plugin{std::in_place, std::move(sockets[1])};
};

TEST_F(Talk, GivesTheAnswerToWhoeverAsked)
{
    std::vector<std::thread> askers;
    for (int i = 0; i < 4; ++i)
        askers.emplace_back([this, i] {
            for (int question = 0; question < 50; ++question) {
                const auto text = std::to_string(1000 * i + question);
                const auto answer = kernel.talk.call(Word::kOpen, 0, bytes_of(text), 20s);
                ASSERT_TRUE(answer);
                ASSERT_EQ(text_of(answer->body), text);
            }
        });
    for (auto& asker : askers)
        asker.join();
}

TEST_F(Talk, LetsTheOtherSideAskWhileItIsAsked)
{
    // As a decorator does: open the path above -> open the path below -> (and once more) -> done.
    plugin->asked = [](Conversation& to, const Message& question) {
        const auto below = to.call(Word::kOpenBelow, question.session, bytes_of("below?"), 20s);
        to.answer(question, JF_OK, bytes_of("above, upon " + (below ? text_of(below->body) : below.error().text)));
    };
    kernel.asked = [](Conversation& to, const Message& question) {
        to.answer(question, JF_OK, bytes_of("what is below"));
    };
    kernel.run([&] {
        const auto answer = kernel.talk.call(Word::kOpenAbove, 5, {}, 20s);
        ASSERT_TRUE(answer);
        EXPECT_EQ(text_of(answer->body), "above, upon what is below");
    });
}

TEST_F(Talk, OfBothSidesAtOnceEndsForBoth)
{
    const auto ask_much = [](End& end) {
        for (int i = 0; i < 200; ++i)
            ASSERT_TRUE(end.talk.call(Word::kOpen, 0, {}, 20s));
    };
    std::thread other([&] { plugin->run([&] { ask_much(*plugin); }); });
    kernel.run([&] { ask_much(kernel); });
    other.join();
}

TEST_F(Talk, KeepsTheOrderOfWhatItHears)
{
    std::string heard;
    plugin->asked = [&](Conversation& to, const Message& message) {
        heard += text_of(message.body);
        to.answer(message, JF_OK, {});
    };
    kernel.talk.tell(Word::kCloseAbove, 1, bytes_of("a"));
    kernel.talk.tell(Word::kRelease, 1, bytes_of("b"));
    ASSERT_TRUE(kernel.talk.call(Word::kOpen, 2, bytes_of("c"), 20s));
    EXPECT_EQ(heard, "abc");
}

TEST_F(Talk, AnswersAFailureAsAFailure)
{
    plugin->asked = [](Conversation& to, const Message& question) {
        to.answer(question, JF_UNSUPPORTED, bytes_of("not this"));
    };
    const auto answer = kernel.talk.call(Word::kOpen, 0, {}, 20s);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().status, JF_UNSUPPORTED);
    EXPECT_EQ(answer.error().text, "not this");
}

TEST_F(Talk, DoesNotWaitForEver)
{
    plugin->asked = [](Conversation&, const Message&) {};
    const auto answer = kernel.talk.call(Word::kOpen, 0, {}, 20ms);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().status, JF_TIMEOUT);
}

TEST_F(Talk, IsOverWhenTheOtherSideHasGone)
{
    plugin->asked = [](Conversation& to, const Message&) { to.close(); };
    const auto answer = kernel.talk.call(Word::kOpen, 0, {}, 20s);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().status, JF_CLOSED);
    EXPECT_EQ(kernel.talk.call(Word::kOpen, 0, {}, 20s).error().status, JF_CLOSED);
}

TEST_F(Talk, RefusesAQuestionThatIsTooLong)
{
    const std::vector<std::byte> much(Conversation::kMostBytes + 1);
    EXPECT_EQ(kernel.talk.call(Word::kOpen, 0, much, 20s).error().status, JF_EXHAUSTED);
    const std::vector<std::byte> most(Conversation::kMostBytes);
    EXPECT_TRUE(kernel.talk.call(Word::kOpen, 0, most, 20s));
}

TEST(HostileTalk, EndsTheConversationWithWhoeverTalksNonsense)
{
    const std::string nonsense[] = {"", "x", std::string(16, '\xff'),
                                    std::string("\x63\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16), std::string(100'000, 'x')};
    for (const auto& text : nonsense) {
        auto sockets = pair();
        End kernel(std::move(sockets[0]));
        ASSERT_GE(::send(sockets[1].get(), text.data(), text.size(), 0), 0);
        EXPECT_EQ(kernel.talk.call(Word::kOpen, 0, {}, 20s).error().status, JF_CLOSED) << text.size();
    }
}

} // namespace

} // namespace jackfield::kernel::isolate
