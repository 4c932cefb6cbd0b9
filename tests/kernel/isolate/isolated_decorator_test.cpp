// A path decorator in a process of its own: packets go through it both ways, it may do nothing else, and its end is a
// status.

#include "tests/kernel/isolate/rig.hpp"

#include "kernel/bind/text.hpp"

#include <jackfield/abi/codec.h>
#include <jackfield/abi/identity.h>
#include <jackfield/abi/path_decorator.h>

#include <sys/wait.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <thread>

namespace jackfield::kernel::isolate {

namespace {

/// The path below: says what is sent on it, and receives what the test wants.
struct Below {
    Heard sent;
    std::optional<jf_path_receiver> receiver;
    std::uint32_t kind = JF_DATAGRAM;
    bool closed = false;

    std::mutex mutex; // of what is a stream's
    std::condition_variable changed;
    std::string stream;
    int room = 0; // so many sends are taken
    bool blocked = false;

    jf_status take(const std::string& bytes)
    {
        const std::lock_guard lock(mutex);
        if (room == 0) {
            blocked = true;
            changed.notify_all();
            return JF_WOULD_BLOCK;
        }
        --room;
        stream += bytes;
        changed.notify_all();
        return JF_OK;
    }

    /// Three sends at a time, until so many bytes are there.
    void take_slowly(std::size_t size)
    {
        std::unique_lock lock(mutex);
        while (stream.size() < size) {
            if (!changed.wait_for(lock, std::chrono::seconds(20), [&] { return blocked || stream.size() >= size; }))
                return;
            room = 3;
            if (std::exchange(blocked, false)) {
                lock.unlock();
                receiver->methods->writable(receiver->self);
                lock.lock();
            }
        }
    }

    jf_path path()
    {
        static constexpr jf_path_methods kMethods{
            sizeof(jf_path_methods),
            0,
            [](void* self, jf_path_info* info) {
                const auto ours = static_cast<Below*>(self)->kind;
                *info = {sizeof(jf_path_info), ours, ours == JF_STREAM ? JF_STREAM_SEND_MAX : 1200U, 28, 0, 0};
            },
            [](void* self, jf_path_receiver upper, jf_error*) -> jf_status {
                static_cast<Below*>(self)->receiver = upper;
                return JF_OK;
            },
            [](void* self, const jf_bytes* parts, std::size_t count) -> jf_status {
                std::string text;
                for (std::size_t i = 0; i < count; ++i)
                    text.append(reinterpret_cast<const char*>(parts[i].data), parts[i].size);
                auto& below = *static_cast<Below*>(self);
                if (below.kind == JF_STREAM)
                    return below.take(text);
                below.sent.say(std::move(text));
                return JF_OK;
            },
            [](void* self) { static_cast<Below*>(self)->closed = true; }};
        return {&kMethods, this};
    }

    void receive(const std::string& text)
    {
        const jf_packet packet{
            sizeof(packet), 3, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, 1234};
        receiver->methods->received(receiver->self, &packet);
    }
};

/// Whoever stands upon the path above.
struct Above {
    Heard heard;
    bool stream = false;
    std::string received; // of a stream, until it is closed

    jf_path_receiver receiver()
    {
        static constexpr jf_path_receiver_methods kMethods{
            sizeof(jf_path_receiver_methods), 0,
            [](void* self, const jf_packet* packet) {
                std::string text(reinterpret_cast<const char*>(packet->bytes.data), packet->bytes.size);
                if (static_cast<Above*>(self)->stream)
                    return void(static_cast<Above*>(self)->received += text);
                if (packet->arrival_ns != 1234 || packet->ecn != 3)
                    text = "another time, or another mark";
                static_cast<Above*>(self)->heard.say(std::move(text));
            },
            [](void* self) { static_cast<Above*>(self)->heard.say("writable"); },
            [](void* self, jf_status status, const jf_error* error) {
                static_cast<Above*>(self)->heard.say("closed " + std::to_string(status) + ": " + error->text);
            }};
        return {&kMethods, this};
    }
};

/// Five MiB in which no place is like another.
std::string numbered_bytes()
{
    std::string all;
    for (std::uint32_t number = 0; all.size() < 5 * 1024 * 1024; ++number)
        all += std::to_string(number) + ' ';
    return all;
}

/// Returns when it stands still.
void stop(pid_t process)
{
    ASSERT_EQ(kill(process, SIGSTOP), 0);
    siginfo_t stopped{};
    ASSERT_EQ(waitid(P_PID, static_cast<id_t>(process), &stopped, WSTOPPED), 0);
}

class IsolatedDecorator : public ::testing::Test {
protected:
    jf_status open(const std::string& peer = "bob-1")
    {
        jf_status status = JF_OK;
        rig_.on_control([&] { status = open_here(peer); });
        return status;
    }
    /// [control]
    jf_status open_here(const std::string& peer = "bob-1")
    {
        const jf_decorator_options options{sizeof(options), 1, 1, 0, abi_text("media"), abi_text(peer)};
        const auto& methods = rig_.methods<jf_path_decorator_methods>();
        const jf_status status = methods.open(rig_.self(), below_.path(), &options, &above_path_, &session_, &error_);
        return status == JF_OK ? above_path_.methods->open(above_path_.self, above_.receiver(), &error_) : status;
    }
    jf_status send(const std::string& text)
    {
        const jf_bytes part{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
        return above_path_.methods->send(above_path_.self, &part, 1);
    }
    std::string outcome_of(const std::string& word)
    {
        EXPECT_EQ(send(word), JF_OK);
        return below_.sent.wait_for("");
    }
    void release()
    {
        rig_.on_control([&] { session_.methods->release(session_.self); });
    }

    Rig rig_;
    Below below_;
    Above above_;
    jf_path above_path_{};
    jf_decorator_session session_{};
    ErrorSlot error_;
};

TEST_F(IsolatedDecorator, LetsPacketsThroughBothWays)
{
    ASSERT_EQ(rig_.create(JF_PATH_DECORATOR_INTERFACE).status, JF_OK);
    ASSERT_EQ(open(), JF_OK) << error_.raw.text;
    EXPECT_EQ(rig_.log.wait_for("stands"), "stands at media");
    jf_path_info info{};
    info.struct_size = sizeof(info);
    above_path_.methods->describe(above_path_.self, &info);
    EXPECT_EQ(info.max_datagram_bytes, 1200U);
    EXPECT_EQ(send("hello"), JF_OK);
    EXPECT_EQ(below_.sent.wait_for(""), "hello");
    below_.receive("and hello");
    EXPECT_EQ(above_.heard.wait_for(""), "and hello");
    EXPECT_EQ(send(std::string(1201, 'x')), JF_BAD_INPUT);
    release();
    EXPECT_TRUE(below_.closed);
}

TEST_F(IsolatedDecorator, CanDoNothingBesidesItsWork)
{
    ASSERT_EQ(rig_.create(JF_PATH_DECORATOR_INTERFACE).status, JF_OK);
    ASSERT_EQ(open(), JF_OK);
    for (const auto* const word : {"socket", "write", "read", "fork", "exec", "code"})
        EXPECT_EQ(outcome_of(word), "EPERM") << word;
    EXPECT_EQ(outcome_of("privileges"), "no new ones");
    EXPECT_NE(outcome_of("pid"), std::to_string(getpid()));
    EXPECT_FALSE(std::ifstream("/tmp/isolated-trouble").good());
    release();
}

TEST_F(IsolatedDecorator, ThatCrashesEndsItsPathWithAStatusAndIsStartedAgain)
{
    ASSERT_EQ(rig_.create(JF_PATH_DECORATOR_INTERFACE).status, JF_OK);
    ASSERT_EQ(open(), JF_OK);
    EXPECT_EQ(send("abort"), JF_OK);
    EXPECT_EQ(above_.heard.wait_for("closed"), "closed -14: isolated-trouble: its process crashed (SIGABRT)");
    EXPECT_EQ(send("more"), JF_CLOSED);
    release();
    EXPECT_TRUE(below_.closed);
    EXPECT_FALSE(rig_.log.wait_for("runs again").empty());
    ASSERT_EQ(open(), JF_OK) << error_.raw.text;
    EXPECT_EQ(outcome_of("hello again"), "hello again");
    release();
}

TEST_F(IsolatedDecorator, IsStartedAgainLaterEachTime)
{
    ASSERT_EQ(rig_.create(JF_PATH_DECORATOR_INTERFACE).status, JF_OK);
    Heard tried;
    rig_.on_line = [&](std::string_view line) {
        if (line.find("it is started again") != std::string_view::npos)
            rig_.post([&] { // the next turn of control: no timer comes before it
                jf_decorator_session kept = session_;
                const jf_status status = open_here();
                tried.say(std::to_string(status) + ": " + error_.raw.text);
                session_ = kept;
            });
    };
    for (const auto* const delay : {"100 ms", "200 ms", "400 ms"}) {
        ASSERT_EQ(open(), JF_OK) << error_.raw.text;
        EXPECT_EQ(send("exit"), JF_OK);
        const auto said = rig_.log.wait_for("it is started again");
        EXPECT_EQ(said, "isolated-trouble: its process ended the process (exit code 7); it is started again after " +
                            std::string(delay));
        EXPECT_EQ(tried.wait_for(""), "-14: " + said) << "not yet";
        release();
        EXPECT_FALSE(rig_.log.wait_for("runs again").empty());
    }
}

TEST_F(IsolatedDecorator, ThatDoesNotLeaveWhenItIsToIsMadeTo)
{
    ASSERT_EQ(rig_.create(JF_PATH_DECORATOR_INTERFACE).status, JF_OK);
    ASSERT_EQ(open(), JF_OK);
    const pid_t process = std::stoi(outcome_of("pid"));
    EXPECT_EQ(outcome_of("hang up"), "done"); // it does not hear us any more
    release();
    rig_.destroy();
    EXPECT_EQ(kill(process, 0), -1);
}

TEST_F(IsolatedDecorator, ThatIsKilledLeavesNoZombie)
{
    ASSERT_EQ(rig_.create(JF_PATH_DECORATOR_INTERFACE).status, JF_OK);
    ASSERT_EQ(open(), JF_OK);
    const pid_t process = std::stoi(outcome_of("pid"));
    ASSERT_EQ(kill(process, SIGKILL), 0);
    EXPECT_EQ(above_.heard.wait_for("closed"), "closed -14: isolated-trouble: its process crashed (SIGKILL)");
    EXPECT_EQ(kill(process, 0), -1);
    release();
}

TEST_F(IsolatedDecorator, ThatDoesNotAnswerIsEnded)
{
    ASSERT_EQ(rig_.create(JF_PATH_DECORATOR_INTERFACE).status, JF_OK);
    EXPECT_EQ(open("hang"), JF_TIMEOUT);
    EXPECT_EQ(rig_.log.wait_for("it is started again"),
              "isolated-trouble: its process did not answer within 3000 ms; it is started again after 100 ms");
}

TEST_F(IsolatedDecorator, SaysWhatItSaysWhenItRefuses)
{
    ASSERT_EQ(rig_.create(JF_PATH_DECORATOR_INTERFACE).status, JF_OK);
    EXPECT_EQ(open("refuse"), JF_REFUSED);
    EXPECT_STREQ(error_.raw.text, "it said refuse");
}

TEST_F(IsolatedDecorator, LosesNothingOfAStreamThatItsLowerEndTakesSlowly)
{
    ASSERT_EQ(rig_.create(JF_PATH_DECORATOR_INTERFACE).status, JF_OK);
    below_.kind = JF_STREAM;
    ASSERT_EQ(open(), JF_OK) << error_.raw.text;
    const std::string all = numbered_bytes();
    std::thread taker([&] { below_.take_slowly(all.size()); });
    std::size_t waits = 0;
    for (std::size_t at = 0; at < all.size();) {
        const auto piece = all.substr(at, 50'000);
        if (send(piece) == JF_OK)
            at += piece.size();
        else if (++waits, above_.heard.wait_for("writable").empty())
            break;
    }
    taker.join();
    EXPECT_EQ(below_.stream, all);
    EXPECT_GT(waits, 3U) << "no more than so much is under way";
    release();
}

TEST_F(IsolatedDecorator, LosesNothingOfAStreamThatArrivesWhileItStandsStill)
{
    ASSERT_EQ(rig_.create(JF_PATH_DECORATOR_INTERFACE).status, JF_OK);
    const pid_t process = [&] {
        EXPECT_EQ(open(), JF_OK);
        const pid_t found = std::stoi(outcome_of("pid"));
        release();
        return found;
    }();
    below_.kind = JF_STREAM;
    above_.stream = true;
    ASSERT_EQ(open(), JF_OK) << error_.raw.text;
    const std::string all = numbered_bytes();
    stop(process);
    for (std::size_t at = 0; at < all.size(); at += 10'000)
        below_.receive(all.substr(at, 10'000)); // more than a ring holds
    const jf_error end{sizeof(end), JF_CLOSED, "the end"};
    below_.receiver->methods->closed(below_.receiver->self, JF_CLOSED, &end);
    ASSERT_EQ(kill(process, SIGCONT), 0);
    EXPECT_EQ(above_.heard.wait_for("closed"), "closed -13: the end");
    EXPECT_EQ(above_.received, all);
    release();
}

TEST_F(IsolatedDecorator, SaysWhyItCannotBeMade)
{
    const auto crashed = rig_.create(JF_PATH_DECORATOR_INTERFACE, R"({"at_create":"abort"})");
    EXPECT_EQ(crashed.status, JF_INTERNAL);
    EXPECT_EQ(crashed.text, "isolated-trouble: its process crashed (SIGABRT)");
    const auto ended = rig_.create(JF_PATH_DECORATOR_INTERFACE, R"({"at_create":"exit"})");
    EXPECT_EQ(ended.text, "isolated-trouble: its process ended the process (exit code 7)");
    const auto forbidden = rig_.create(JF_PATH_DECORATOR_INTERFACE, R"({"at_create":"socket"})");
    EXPECT_EQ(forbidden.status, JF_BAD_CONFIG);
    EXPECT_EQ(forbidden.text, "/at_create: it was not allowed");
    const auto missing = rig_.create(JF_PATH_DECORATOR_INTERFACE, "{}", "/nowhere/at-all.plugin.json");
    EXPECT_EQ(missing.status, JF_NOT_FOUND);
    const auto other = rig_.create(JF_IDENTITY_INTERFACE);
    EXPECT_EQ(other.status, JF_UNSUPPORTED);
    const auto too_long = rig_.create(JF_PATH_DECORATOR_INTERFACE, std::string(70'000, ' '));
    EXPECT_EQ(too_long.status, JF_EXHAUSTED);
}

TEST_F(IsolatedDecorator, LosesPacketsItDoesNotTakeAndSaysWhenItTakesMore)
{
    ASSERT_EQ(rig_.create(JF_PATH_DECORATOR_INTERFACE).status, JF_OK);
    ASSERT_EQ(open(), JF_OK);
    const pid_t process = std::stoi(outcome_of("pid"));
    stop(process);
    const std::string packet(1200, 'x');
    int taken = 0;
    while (send(packet) == JF_OK)
        ++taken;
    EXPECT_GT(taken, 500);
    below_.receive(packet); // is lost, and nobody waits
    ASSERT_EQ(kill(process, SIGCONT), 0);
    EXPECT_EQ(above_.heard.wait_for(""), "writable");
    EXPECT_EQ(send("the next"), JF_OK);
    EXPECT_EQ(below_.sent.wait_for("the next"), "the next");
    release();
}

} // namespace

} // namespace jackfield::kernel::isolate
