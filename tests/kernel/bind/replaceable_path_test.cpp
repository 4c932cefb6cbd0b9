// A path whose lower end is replaced while media goes over it.

#include "kernel/bind/replaceable_path.hpp"

#include <jackfield/path.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace {

using jackfield::Path;
using jackfield::Status;
using jackfield::kernel::ReplaceablePath;

/// What a link gives: it may end, be full, or be in clear.
class LowerEnd : public jackfield::PathBase {
public:
    explicit LowerEnd(std::uint32_t secured = 1) : secured_(secured) {}

    jf_path_info describe() const noexcept override
    {
        return {sizeof(jf_path_info), JF_DATAGRAM, most, 7, 0, secured_};
    }
    void open(jf_path_receiver receiver) override
    {
        if (opens_with != JF_OK)
            throw jackfield::Failure(opens_with, "as the test says");
        receiver_ = receiver;
    }
    Status send(std::span<const jf_bytes>) noexcept override
    {
        ++sent;
        return sends_with;
    }
    void close() noexcept override { ++closes; }

    void receive()
    {
        const jf_packet packet{sizeof(jf_packet), JF_ECN_UNKNOWN, {nullptr, 0}, 1};
        receiver_.methods->received(receiver_.self, &packet);
    }
    void become_writable() { receiver_.methods->writable(receiver_.self); }
    void end() { receiver_.methods->closed(receiver_.self, JF_CLOSED, nullptr); }

    std::atomic<int> sent{0};
    int closes = 0;
    Status opens_with = JF_OK;
    Status sends_with = JF_OK;
    std::uint32_t most = 1200;

private:
    std::uint32_t secured_;
    jf_path_receiver receiver_{};
};

class Above : public jackfield::PathReceiver {
public:
    void received(const jf_packet&) noexcept override { ++packets; }
    void writable() noexcept override { ++writables; }
    void closed(Status, std::string_view) noexcept override { ++ends; }

    int packets = 0;
    int writables = 0;
    int ends = 0;
};

class AReplaceablePath : public ::testing::Test {
protected:
    Path path() { return Path(replaceable_.path()); }
    Status send() { return path().send(jackfield::ByteView()); }

    LowerEnd first_;
    LowerEnd second_;
    Above above_;
    ReplaceablePath replaceable_{first_.handle()};
};

TEST_F(AReplaceablePath, CarriesBothWaysOverWhatItStandsOn)
{
    path().open(above_);
    EXPECT_EQ(send(), JF_OK);
    EXPECT_EQ(first_.sent, 1);
    replaceable_.leave();
    EXPECT_EQ(first_.closes, 1);
    EXPECT_FALSE(replaceable_.stands());
    EXPECT_EQ(send(), JF_OK) << "a datagram may be lost";
    EXPECT_EQ(first_.sent, 1);
    replaceable_.stand_on(second_.handle());
    EXPECT_EQ(send(), JF_OK);
    EXPECT_EQ(second_.sent, 1);
    second_.receive();
    EXPECT_EQ(above_.packets, 1);
}

TEST_F(AReplaceablePath, IsOpenedOnceAndOpensWhatItStandsOnByThen)
{
    replaceable_.leave();
    replaceable_.stand_on(second_.handle());
    path().open(above_);
    second_.receive();
    EXPECT_EQ(above_.packets, 1);
    EXPECT_THROW(path().open(above_), jackfield::Failure);
}

TEST_F(AReplaceablePath, KeepsItsEndToItself)
{
    path().open(above_);
    first_.sends_with = JF_CLOSED;
    first_.end();
    EXPECT_TRUE(replaceable_.over());
    EXPECT_EQ(above_.ends, 0);
    EXPECT_EQ(send(), JF_OK);
    replaceable_.leave();
    replaceable_.stand_on(second_.handle());
    EXPECT_FALSE(replaceable_.over());
}

TEST_F(AReplaceablePath, IsWritableAgainThoughWhatWasFullHasGone)
{
    path().open(above_);
    first_.sends_with = JF_WOULD_BLOCK;
    EXPECT_EQ(send(), JF_WOULD_BLOCK);
    first_.become_writable();
    EXPECT_EQ(above_.writables, 1);
    EXPECT_EQ(send(), JF_WOULD_BLOCK);
    replaceable_.leave();
    EXPECT_EQ(above_.writables, 2);
}

TEST_F(AReplaceablePath, DescribesWhatItStandsOnAndAtOtherTimesTheFirst)
{
    second_.most = 900;
    path().open(above_);
    replaceable_.leave();
    EXPECT_EQ(path().describe().max_datagram_bytes, 1200U);
    EXPECT_EQ(path().describe().secured, 1U);
    jf_path_info old{};
    old.struct_size = offsetof(jf_path_info, max_datagram_bytes); // of an older plugin
    replaceable_.path().methods->describe(replaceable_.path().self, &old);
    EXPECT_EQ(old.kind, JF_DATAGRAM);
    EXPECT_EQ(old.max_datagram_bytes, 0U);
    replaceable_.stand_on(second_.handle());
    EXPECT_EQ(path().describe().max_datagram_bytes, 900U);
}

TEST_F(AReplaceablePath, DoesNotGoFromEncryptedToClear)
{
    path().open(above_);
    LowerEnd clear(0);
    replaceable_.leave();
    try {
        replaceable_.stand_on(clear.handle());
        FAIL() << "it stands on a path in clear";
    } catch (const jackfield::kernel::Failure& failure) {
        EXPECT_EQ(failure.status(), JF_UNAUTHENTICATED);
    }
    EXPECT_FALSE(replaceable_.stands());
    EXPECT_EQ(send(), JF_OK);
    EXPECT_EQ(clear.sent, 0);
}

TEST_F(AReplaceablePath, StandsOnNothingThatDoesNotOpen)
{
    path().open(above_);
    replaceable_.leave();
    second_.opens_with = JF_CLOSED;
    EXPECT_THROW(replaceable_.stand_on(second_.handle()), jackfield::kernel::Failure);
    EXPECT_FALSE(replaceable_.stands());
    send();
    EXPECT_EQ(second_.sent, 0);
}

TEST_F(AReplaceablePath, IsClosedForGood)
{
    path().open(above_);
    first_.sends_with = JF_WOULD_BLOCK;
    send();
    path().close();
    path().close();
    EXPECT_EQ(first_.closes, 1);
    EXPECT_EQ(above_.writables, 0) << "nothing is called any more";
    replaceable_.stand_on(second_.handle());
    EXPECT_FALSE(replaceable_.stands());
    EXPECT_EQ(send(), JF_OK);
    EXPECT_EQ(second_.sent, 0);
}

// What the sanitizers look at: a lower end is freed as soon as leave has returned.
TEST_F(AReplaceablePath, IsLeftByEverySenderBeforeItsLowerEndGoes)
{
    path().open(above_);
    std::atomic<bool> over{false};
    std::vector<std::thread> senders;
    std::atomic<int> running{0};
    for (int number = 0; number < 3; ++number) {
        senders.emplace_back([&] {
            ++running;
            while (!over) {
                send();
                path().describe();
            }
        });
    }
    while (running < 3)
        std::this_thread::yield();
    std::unique_ptr<LowerEnd> lower;
    for (int times = 0; times < 300; ++times) {
        replaceable_.leave();
        lower = std::make_unique<LowerEnd>();
        replaceable_.stand_on(lower->handle());
        while (lower->sent == 0)
            std::this_thread::yield();
    }
    over = true;
    for (auto& sender : senders)
        sender.join();
    replaceable_.leave();
    EXPECT_GT(first_.closes, 0);
}

} // namespace
