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

/// Those whose wire can hold one sender back.
class WithWindows : public EveryMultiplexer {
protected:
    /// Sends on a channel of a's that nobody reads until no room comes any more; how much that was.
    std::size_t fill(const std::string& name)
    {
        std::size_t taken = 0;
        while (taken < 10'000'000) {
            const int writable = pair_.at_a[name].heard().writable;
            if (pair_.a.path(name).send(pattern(10'000, 1)) == JF_OK)
                taken += 10'000;
            else if (!pair_.at_a[name].wait([&](const auto& heard) { return heard.writable > writable; }, 300ms))
                break;
        }
        return taken;
    }
};

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
    const std::size_t taken = fill("unread");
    EXPECT_LT(taken, 2'000'000U) << "what waits to be read is bounded";
    const Bytes bytes = pattern(1'000'000, 5);
    ASSERT_TRUE(send_all(pair_.a.path("read"), pair_.at_a["read"], bytes));
    ASSERT_TRUE(pair_.at_b["read"].wait([&](const auto& heard) { return heard.bytes == bytes.size(); }));
    pair_.b.path("unread").open(pair_.at_b["unread"]);
    EXPECT_TRUE(pair_.at_b["unread"].wait([&](const auto& heard) { return heard.bytes == taken; }));
    EXPECT_TRUE(pair_.at_a["unread"].wait([](const auto& heard) { return heard.writable > 0; }));
}

TEST_P(WithWindows, HoldsTheSenderOfAChannelThatNobodyHasAcceptedAndLosesNothing)
{
    pair_.a.ask("early");
    ASSERT_TRUE(pair_.until([&] { return pair_.a.channels.contains("early") && pair_.b.requests.contains("early"); }));
    pair_.a.path("early").open(pair_.at_a["early"]);
    const std::size_t taken = fill("early");
    EXPECT_GT(taken, 0U);
    EXPECT_LT(taken, 2'000'000U) << "what waits for the answer is bounded";
    ASSERT_EQ(pair_.b.accept("early"), JF_OK);
    pair_.b.path("early").open(pair_.at_b["early"]);
    EXPECT_TRUE(pair_.at_b["early"].wait([&](const auto& heard) { return heard.bytes == taken; }));
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
    const Status small = pair_.a.path("small").send(pattern(10, 2));
    pair_.link.hold(false);
    if (small == JF_OK) // each channel of this one has room of its own
        EXPECT_TRUE(pair_.at_b["small"].wait_for_packets(1));
    else
        EXPECT_TRUE(pair_.at_a["small"].wait([](const auto& heard) { return heard.writable > 0; }));
    EXPECT_TRUE(pair_.at_a["large"].wait([](const auto& heard) { return heard.writable > 0; }));
}

TEST_P(EveryMultiplexer, BoundsTheChannelsThatAPeerMayAskFor)
{
    for (int i = 0; i < 200; ++i)
        pair_.a.ask("channel " + std::to_string(i));
    const std::string first = "channel 0";
    ASSERT_TRUE(pair_.until([&] { // said by open_channel, or by a channel that was given before the answer
        for (const auto& [name, channel] : pair_.a.channels) {
            if (name != first && !pair_.at_a.contains(name))
                pair_.a.path(name).open(pair_.at_a[name]);
        }
        return !pair_.a.refused.empty() ||
               std::ranges::any_of(pair_.at_a, [](auto& entry) { return entry.second.heard().closed > 0; });
    }));
    ASSERT_TRUE(pair_.until([&] { return pair_.b.requests.contains(first); }));
    ASSERT_EQ(pair_.b.accept(first), JF_OK);
    ASSERT_TRUE(pair_.until([&] { return pair_.a.channels.contains(first); }));
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
