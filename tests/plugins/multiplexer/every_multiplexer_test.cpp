// What every multiplexer promises: channels by name, independent of each other, bounded, and a sign of life.
#include "mux_end.hpp"

#include <sstream>

namespace jackfield::mux_test {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> multiplexers()
{
    std::vector<std::string> ids;
    std::istringstream list(JACKFIELD_MULTIPLEXERS);
    for (std::string id; std::getline(list, id, ',');)
        ids.push_back(id);
    return ids;
}

Bytes pattern(std::size_t size, unsigned seed)
{
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<std::uint8_t>(i * 31 + seed + i / 251);
    return bytes;
}

class EveryMultiplexer : public ::testing::TestWithParam<std::string> {
protected:
    EveryMultiplexer() : pair_(GetParam()) {}

    /// Sends it all, waiting for room as often as need be.
    bool send_all(const Path& path, PathEar& ear, const Bytes& bytes, std::size_t piece = 10'000)
    {
        for (std::size_t at = 0; at < bytes.size();) {
            const std::size_t size = std::min(piece, bytes.size() - at);
            const int writable = ear.heard().writable;
            const Status status = path.send(ByteView(bytes).subspan(at, size));
            if (status == JF_OK)
                at += size;
            else if (status != JF_WOULD_BLOCK ||
                     !ear.wait([writable](const auto& heard) { return heard.writable > writable; }))
                return false;
        }
        return true;
    }

    Pair pair_;
};

TEST_P(EveryMultiplexer, CarriesBytesBothWaysOnAChannel)
{
    ASSERT_TRUE(pair_.connect("one"));
    const Bytes there = pattern(100'000, 1);
    const Bytes back = pattern(70'000, 2);
    ASSERT_TRUE(send_all(pair_.a.path("one"), pair_.at_a["one"], there));
    ASSERT_TRUE(send_all(pair_.b.path("one"), pair_.at_b["one"], back));
    ASSERT_TRUE(pair_.at_b["one"].wait([&](const auto& heard) { return heard.bytes == there.size(); }));
    ASSERT_TRUE(pair_.at_a["one"].wait([&](const auto& heard) { return heard.bytes == back.size(); }));
    EXPECT_EQ(pair_.at_b["one"].heard().stream(), there);
    EXPECT_EQ(pair_.at_a["one"].heard().stream(), back);
}

TEST_P(EveryMultiplexer, DescribesAChannelAsAStream)
{
    ASSERT_TRUE(pair_.connect("one"));
    const jf_path_info info = pair_.a.path("one").describe();
    EXPECT_EQ(info.kind, JF_STREAM);
    EXPECT_EQ(info.reliable, 1U);
    EXPECT_EQ(info.max_datagram_bytes, JF_STREAM_SEND_MAX);
}

TEST_P(EveryMultiplexer, LetsBothEndsAsk)
{
    ASSERT_TRUE(pair_.connect("from a"));
    pair_.b.ask("from b");
    ASSERT_TRUE(pair_.until([&] { return pair_.a.requests.contains("from b"); }));
    ASSERT_EQ(pair_.a.accept("from b"), JF_OK);
    EXPECT_TRUE(pair_.until([&] { return pair_.b.channels.contains("from b"); }));
}

TEST_P(EveryMultiplexer, KeepsChannelsApart)
{
    for (const std::string name : {"one", "two", "three"})
        ASSERT_TRUE(pair_.connect(name));
    unsigned seed = 0;
    for (const std::string name : {"one", "two", "three"})
        ASSERT_TRUE(send_all(pair_.a.path(name), pair_.at_a[name], pattern(30'000, ++seed)));
    seed = 0;
    for (const std::string name : {"one", "two", "three"}) {
        ASSERT_TRUE(pair_.at_b[name].wait([](const auto& heard) { return heard.bytes == 30'000; }));
        EXPECT_EQ(pair_.at_b[name].heard().stream(), pattern(30'000, ++seed)) << name;
    }
}

TEST_P(EveryMultiplexer, TellsThatAChannelWasDeclined)
{
    pair_.a.ask("unwanted");
    ASSERT_TRUE(pair_.until([&] { return pair_.b.requests.contains("unwanted"); }));
    pair_.b.decline("unwanted");
    ASSERT_TRUE(pair_.until([&] { return pair_.a.refused.contains("unwanted"); }));
    EXPECT_EQ(pair_.a.refused["unwanted"], JF_REFUSED);
    EXPECT_TRUE(pair_.connect("wanted")) << "the session goes on";
}

TEST_P(EveryMultiplexer, ClosesAChannelAfterWhatWasSentAndLeavesTheOthers)
{
    ASSERT_TRUE(pair_.connect("one"));
    ASSERT_TRUE(pair_.connect("two"));
    ASSERT_EQ(pair_.a.path("one").send(pattern(500, 1)), JF_OK);
    pair_.a.release_channel("one");
    ASSERT_TRUE(pair_.at_b["one"].wait([](const auto& heard) { return heard.closed == 1; }));
    EXPECT_EQ(pair_.at_b["one"].heard().status, JF_CLOSED);
    EXPECT_EQ(pair_.at_b["one"].heard().bytes, 500U);
    ASSERT_EQ(pair_.a.path("two").send(pattern(10, 1)), JF_OK);
    EXPECT_TRUE(pair_.at_b["two"].wait_for_packets(1));
}

TEST_P(EveryMultiplexer, KeepsWhatCameBeforeTheChannelWasOpened)
{
    pair_.a.ask("one");
    ASSERT_TRUE(pair_.until([&] { return pair_.b.requests.contains("one"); }));
    ASSERT_EQ(pair_.b.accept("one"), JF_OK);
    ASSERT_TRUE(pair_.until([&] { return pair_.a.channels.contains("one"); }));
    ASSERT_EQ(pair_.a.path("one").send(pattern(100, 1)), JF_OK);
    ASSERT_TRUE(pair_.connect("two")); // behind it the bytes have come
    pair_.b.path("one").open(pair_.at_b["one"]);
    EXPECT_TRUE(pair_.at_b["one"].wait_for_packets(1));
}

/// Those whose wire can hold one sender back.
class WithWindows : public EveryMultiplexer {};

std::vector<std::string> those_with_windows()
{
    auto ids = multiplexers();
    std::erase(ids, "mux-msgpack");
    return ids;
}

TEST_P(WithWindows, HoldsTheSenderOfAChannelThatNobodyReadsAndNoOther)
{
    pair_.a.ask("unread");
    ASSERT_TRUE(pair_.until([&] { return pair_.b.requests.contains("unread"); }));
    ASSERT_EQ(pair_.b.accept("unread"), JF_OK);
    ASSERT_TRUE(pair_.until([&] { return pair_.a.channels.contains("unread"); }));
    pair_.a.path("unread").open(pair_.at_a["unread"]);
    ASSERT_TRUE(pair_.connect("read"));
    std::size_t taken = 0;
    for (Status status = JF_OK; taken < 10'000'000;) {
        const int writable = pair_.at_a["unread"].heard().writable;
        status = pair_.a.path("unread").send(pattern(10'000, 1));
        if (status == JF_OK)
            taken += 10'000;
        else if (!pair_.at_a["unread"].wait([&](const auto& heard) { return heard.writable > writable; }, 300ms))
            break; // no room comes
    }
    EXPECT_LT(taken, 2'000'000U) << "what waits to be read is bounded";
    const Bytes bytes = pattern(1'000'000, 5);
    ASSERT_TRUE(send_all(pair_.a.path("read"), pair_.at_a["read"], bytes));
    ASSERT_TRUE(pair_.at_b["read"].wait([&](const auto& heard) { return heard.bytes == bytes.size(); }));
    pair_.b.path("unread").open(pair_.at_b["unread"]);
    EXPECT_TRUE(pair_.at_b["unread"].wait([&](const auto& heard) { return heard.bytes == taken; }));
    EXPECT_TRUE(pair_.at_a["unread"].wait([](const auto& heard) { return heard.writable > 0; }));
}

TEST_P(EveryMultiplexer, GivesASmallChannelItsTurnBesideALargeOne)
{
    ASSERT_TRUE(pair_.connect("large"));
    ASSERT_TRUE(pair_.connect("small"));
    pair_.link.hold(true);
    Status large = JF_OK;
    while (large == JF_OK)
        large = pair_.a.path("large").send(pattern(1000, 1));
    ASSERT_EQ(large, JF_WOULD_BLOCK);
    ASSERT_EQ(pair_.a.path("small").send(pattern(10, 2)), JF_WOULD_BLOCK);
    pair_.link.hold(false);
    EXPECT_TRUE(pair_.at_a["small"].wait([](const auto& heard) { return heard.writable > 0; }));
    EXPECT_TRUE(pair_.at_a["large"].wait([](const auto& heard) { return heard.writable > 0; }));
}

TEST_P(EveryMultiplexer, HearsASignOfLife)
{
    pair_.a.ping(5s);
    pair_.b.ping(5s);
    ASSERT_TRUE(pair_.until([&] { return pair_.a.pings.size() == 1 && pair_.b.pings.size() == 1; }));
    EXPECT_EQ(pair_.a.pings[0], JF_OK);
    EXPECT_EQ(pair_.b.pings[0], JF_OK);
}

TEST_P(EveryMultiplexer, NoticesThatThereIsNone)
{
    pair_.link.hold(true);
    pair_.a.ping(50ms);
    ASSERT_TRUE(pair_.until([&] { return pair_.a.pings.size() == 1; }));
    EXPECT_EQ(pair_.a.pings[0], JF_TIMEOUT);
}

TEST_P(EveryMultiplexer, TellsEveryChannelWhenTheStreamBreaks)
{
    ASSERT_TRUE(pair_.connect("one"));
    pair_.a.ask("not answered");
    pair_.link.break_link(JF_UNREACHABLE, "cut");
    ASSERT_TRUE(pair_.until([&] { return pair_.a.closed.size() == 1 && pair_.b.closed.size() == 1; }));
    EXPECT_EQ(pair_.a.closed[0], JF_UNREACHABLE);
    EXPECT_EQ(pair_.at_a["one"].heard().status, JF_UNREACHABLE);
    EXPECT_EQ(pair_.at_b["one"].heard().closed, 1);
    ASSERT_TRUE(pair_.until([&] { return pair_.a.refused.contains("not answered"); }));
    EXPECT_EQ(pair_.a.path("one").send(pattern(1, 1)), JF_CLOSED);
}

TEST_P(EveryMultiplexer, TellsThePeerThatTheSessionWasReleased)
{
    ASSERT_TRUE(pair_.connect("one"));
    pair_.a.release();
    ASSERT_TRUE(pair_.until([&] { return pair_.b.closed.size() == 1; }));
    EXPECT_EQ(pair_.b.closed[0], JF_CLOSED);
    EXPECT_EQ(pair_.at_b["one"].heard().closed, 1);
}

TEST_P(EveryMultiplexer, AnswersARequestOnceTheSessionIsGone)
{
    pair_.a.ask("late");
    pair_.a.release();
    ASSERT_TRUE(pair_.until([&] { return pair_.a.refused.contains("late"); }));
}

TEST_P(EveryMultiplexer, RefusesWhatItCannotSend)
{
    ASSERT_TRUE(pair_.connect("one"));
    EXPECT_EQ(pair_.a.path("one").send(pattern(JF_STREAM_SEND_MAX + 1, 1)), JF_BAD_INPUT);
    const Bytes most = pattern(JF_STREAM_SEND_MAX, 3);
    ASSERT_TRUE(send_all(pair_.a.path("one"), pair_.at_a["one"], most, most.size()));
    EXPECT_TRUE(pair_.at_b["one"].wait([](const auto& heard) { return heard.bytes == JF_STREAM_SEND_MAX; }));
}

TEST_P(EveryMultiplexer, BoundsTheChannelsThatAPeerMayAskFor)
{
    for (int i = 0; i < 200; ++i)
        pair_.a.ask("channel " + std::to_string(i));
    ASSERT_TRUE(pair_.until([&] { return !pair_.a.refused.empty(); }));
    ASSERT_TRUE(pair_.connect("channel 0") || pair_.a.channels.empty());
    EXPECT_LT(pair_.b.requests.size(), 200U);
}

std::string name_of(const ::testing::TestParamInfo<std::string>& test)
{
    std::string name = test.param;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}
INSTANTIATE_TEST_SUITE_P(Channels, EveryMultiplexer, ::testing::ValuesIn(multiplexers()), name_of);
INSTANTIATE_TEST_SUITE_P(Channels, WithWindows, ::testing::ValuesIn(those_with_windows()), name_of);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(WithWindows);

} // namespace
} // namespace jackfield::mux_test
