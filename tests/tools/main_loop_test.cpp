// The main loop under signals: the first asks, the second ends, whatever the main thread is doing.

#include "tools/jackfield/main_loop.hpp"

#include "tools/jackfield/exit_code.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <utility>

namespace {

using namespace jackfield::program;

/// A process that has a main loop and tells us by a byte how far it is.
class LoopProcess {
public:
    /// `body` tells through the function it is given; what it returns is the exit code.
    template <typename Body>
    explicit LoopProcess(Body body)
    {
        std::array<int, 2> ends{};
        EXPECT_EQ(pipe(ends.data()), 0);
        pid_ = fork();
        if (pid_ == 0) {
            const auto tell = [&](char what) { [[maybe_unused]] const auto written = write(ends[1], &what, 1); };
            _exit(body(tell));
        }
        close(ends[1]);
        from_ = ends[0];
    }
    LoopProcess(const LoopProcess&) = delete;
    LoopProcess& operator=(const LoopProcess&) = delete;
    ~LoopProcess()
    {
        if (pid_ > 0) {
            kill(pid_, SIGKILL);
            waitpid(pid_, nullptr, 0);
        }
        close(from_);
    }

    char hear()
    {
        char what = 0;
        return read(from_, &what, 1) == 1 ? what : '\0';
    }

    void signal(int number) const { kill(pid_, number); }

    /// -1 if it does not end.
    int exit_code()
    {
        const int process = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
        pollfd ended{process, POLLIN, 0};
        const bool over = poll(&ended, 1, 20'000) > 0;
        close(process);
        if (!over)
            return -1;
        int status = 0;
        waitpid(std::exchange(pid_, -1), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

private:
    pid_t pid_ = -1;
    int from_ = -1;
};

[[noreturn]] void hang()
{
    for (;;)
        pause();
}

class EndingSignal : public ::testing::TestWithParam<int> {};

TEST_P(EndingSignal, AsksTheLoopToEnd)
{
    LoopProcess process([](const auto& tell) {
        MainLoop loop;
        loop.on_interrupt = [&] { loop.quit(); };
        loop.post([&] { tell('r'); });
        loop.run();
        return loop.interrupted() ? 42 : 1;
    });
    ASSERT_EQ(process.hear(), 'r');
    process.signal(GetParam());
    EXPECT_EQ(process.exit_code(), 42);
}

TEST_P(EndingSignal, TheSecondTimeEndsAtOnceThoughTheMainThreadIsStuck)
{
    LoopProcess process([](const auto& tell) {
        MainLoop loop;
        loop.on_interrupt = [&] {
            tell('i');
            hang();
        };
        loop.post([&] { tell('r'); });
        loop.run();
        return 1;
    });
    ASSERT_EQ(process.hear(), 'r');
    process.signal(GetParam());
    ASSERT_EQ(process.hear(), 'i');
    process.signal(GetParam());
    EXPECT_EQ(process.exit_code(), kInterrupted);
}

TEST_P(EndingSignal, ThatComesBeforeTheLoopRunsIsHeardWhenItDoes)
{
    LoopProcess process([](const auto& tell) {
        MainLoop loop;
        kill(getpid(), GetParam());
        loop.on_interrupt = [&] {
            tell('i');
            loop.quit();
        };
        loop.run();
        return loop.interrupted() ? 42 : 1;
    });
    ASSERT_EQ(process.hear(), 'i');
    EXPECT_EQ(process.exit_code(), 42);
}

TEST_P(EndingSignal, TheSecondTimeEndsWhatHasNotBegun)
{
    LoopProcess process([](const auto& tell) {
        const MainLoop loop;
        tell('s');
        hang(); // a plugin that takes its time to start
        return 1;
    });
    ASSERT_EQ(process.hear(), 's');
    process.signal(GetParam());
    const int another = GetParam() == SIGTERM ? SIGINT : SIGTERM; // two of one kind may arrive as one
    process.signal(another);
    EXPECT_EQ(process.exit_code(), kInterrupted);
}

INSTANTIATE_TEST_SUITE_P(All, EndingSignal, ::testing::Values(SIGINT, SIGTERM, SIGHUP),
                         [](const auto& tested) { return std::string(sigabbrev_np(tested.param)); });

TEST(MainLoop, SaysEachTimeThatTheConfigurationShallBeReadAgainAndGoesOn)
{
    LoopProcess process([](const auto& tell) {
        MainLoop loop;
        loop.on_reload = [&] { tell('c'); };
        loop.on_interrupt = [&] { loop.quit(); };
        loop.post([&] { tell('r'); });
        loop.run();
        return 42;
    });
    ASSERT_EQ(process.hear(), 'r');
    for (int i = 0; i < 3; ++i) {
        process.signal(SIGUSR1);
        ASSERT_EQ(process.hear(), 'c');
    }
    process.signal(SIGTERM);
    EXPECT_EQ(process.exit_code(), 42);
}

TEST(MainLoop, TakesNoNoticeOfThatWhereNothingCanBeReadAgain)
{
    LoopProcess process([](const auto& tell) {
        MainLoop loop;
        loop.on_interrupt = [&] { loop.quit(); };
        loop.post([&] { tell('r'); });
        loop.run();
        return 42;
    });
    ASSERT_EQ(process.hear(), 'r');
    process.signal(SIGUSR1);
    process.signal(SIGTERM);
    EXPECT_EQ(process.exit_code(), 42);
}

TEST(MainLoop, TheDeadlineActsOnce)
{
    MainLoop loop;
    int acted = 0;
    loop.at(std::chrono::steady_clock::now(), [&] {
        ++acted;
        loop.quit();
    });
    loop.run();
    EXPECT_EQ(acted, 1);
}

} // namespace
