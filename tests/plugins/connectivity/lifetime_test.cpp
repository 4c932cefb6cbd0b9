// Sessions that go away at every moment of their life, and leave nothing behind.
#include "every_plugin.hpp"

#include <dirent.h>

namespace jackfield::connectivity_test {
namespace {

std::size_t open_descriptors()
{
    std::size_t count = 0;
    DIR* folder = opendir("/proc/self/fd");
    while (readdir(folder) != nullptr)
        ++count;
    closedir(folder);
    return count;
}

void run_for(FakeHost& host, std::chrono::milliseconds time)
{
    const auto end = std::chrono::steady_clock::now() + time;
    host.run_until([&] { return std::chrono::steady_clock::now() >= end; });
}

class Moments : public EveryKind {};

TEST_P(Moments, AReleaseIsFineInEveryState)
{
    FakeHost host;
    const auto instance = make(host);
    for (int moment = 0; moment < 9; ++moment) {
        SCOPED_TRACE(moment);
        Call call(*instance, *instance, kind(), 2);
        Ear ear;
        if (moment >= 1)
            call.a.gather();
        if (moment >= 2)
            call.b.gather();
        if (moment >= 3)
            call.a.set_remote(call.b.description()); // checks to somebody who does not know us yet
        if (moment >= 4)
            call.b.set_remote(call.a.description());
        if (moment >= 5) // in the middle of the checks
            run_for(host, std::chrono::milliseconds(2));
        if (moment >= 6) {
            ASSERT_TRUE(host.run_until([&] { return call.a.ready() == 2 && call.b.ready() == 2; }));
        }
        if (moment >= 7)
            call.a.path(2).open(ear);
        if (moment >= 8)
            call.a.path(2).close();
        call.a.release();
        const int events = call.a.gathered_ + call.a.pair_events_ + call.a.failed_ + static_cast<int>(call.a.ready());
        run_for(host, std::chrono::milliseconds(10));
        EXPECT_EQ(events, call.a.gathered_ + call.a.pair_events_ + call.a.failed_ + static_cast<int>(call.a.ready()))
            << "no event comes after the release";
        EXPECT_EQ(ear.closed_, 0);
    }
}

TEST_P(Moments, TheInstanceMayGoRightAfterItsSessions)
{
    for (int moment = 0; moment < 4; ++moment) {
        FakeHost host;
        auto instance = make(host);
        {
            Call call(*instance, *instance, kind());
            if (moment >= 1)
                call.exchange();
            if (moment >= 2) {
                ASSERT_TRUE(host.run_until([&] { return call.a.ready() == 1 && call.b.ready() == 1; }));
            }
            if (moment >= 3) {
                EXPECT_EQ(call.a.path().send(pattern(1000)), JF_OK);
            }
        }
        instance.reset();
    }
}

TEST_P(Moments, ASessionThatFailedCanBeReleased)
{
    FakeHost host;
    const auto instance = make(host, R"("connect_timeout_ms": 100)");
    IceSession session(*instance, JF_CONTROLLING, kind());
    session.gather();
    session.set_remote("ufrg\n0123456789012345678901\n1 1 TCP 5 127.0.0.1 9 typ host tcptype passive\n"
                       "1 1 UDP 5 127.0.0.1 9 typ host\n");
    ASSERT_TRUE(host.run_until([&] { return session.failed_ == 1; }));
    EXPECT_THROW(session.description(), Failure);
    session.release();
}

TEST_P(Moments, SendersOnOtherThreadsSeeTheCloseAndNothingWorse)
{
    FakeHost host;
    const auto left = make(host);
    const auto right = make(host);
    for (int round = 0; round < 5; ++round) {
        Call call(*left, *right, kind());
        ASSERT_TRUE(call.connect(host, 1));
        Ear at_a;
        Ear at_b;
        at_b.keep_ = false;
        call.a.path().open(at_a);
        call.b.path().open(at_b);
        const Path path = call.a.path();
        std::vector<std::jthread> senders;
        for (int i = 0; i < 3; ++i) {
            senders.emplace_back([path] {
                const Bytes bytes = pattern(1000);
                while (path.send(bytes) != JF_CLOSED)
                    std::this_thread::yield();
            });
        }
        ASSERT_TRUE(at_b.wait_for_bytes(20000));
        call.a.path().close();
        senders.clear();
        call.b.path().close();
    }
}

TEST_P(Moments, AHundredSessionsLeaveNoDescriptorBehind)
{
    FakeHost host;
    const auto instance = make(host);
    const auto round = [&] {
        Call call(*instance, *instance, kind(), 2);
        call.exchange();
        run_for(host, std::chrono::milliseconds(3));
    };
    round(); // whatever the libraries open once and keep
    const auto settled = [&](std::size_t limit) {
        return host.run_until([&] { return open_descriptors() <= limit; }, std::chrono::seconds(10));
    };
    run_for(host, std::chrono::milliseconds(50));
    const std::size_t before = open_descriptors();
    for (int i = 0; i < 50; ++i)
        round();
    EXPECT_TRUE(settled(before)) << before << " before, " << open_descriptors() << " after";
}

JF_INSTANTIATE_EVERY_KIND(Moments);

class Instances : public EveryPlugin {};

TEST_P(Instances, AnInstanceClosesEverythingItOpened)
{
    FakeHost host;
    {
        const auto warm = make(host);
        Call call(*warm, *warm, JF_STREAM);
        ASSERT_TRUE(call.connect(host, 1));
    }
    const std::size_t before = open_descriptors();
    for (int i = 0; i < 5; ++i) {
        FakeHost own;
        const auto instance = make(own);
        Call call(*instance, *instance, i % 2 == 0 ? JF_STREAM : JF_DATAGRAM, 4);
        ASSERT_TRUE(call.connect(own, 4));
    }
    EXPECT_LE(open_descriptors(), before);
}

TEST_P(Instances, AnInstanceWithoutSessionsComesAndGoes)
{
    FakeHost host;
    for (int i = 0; i < 20; ++i)
        make(host);
}

JF_INSTANTIATE_EVERY_PLUGIN(Instances);

} // namespace
} // namespace jackfield::connectivity_test
