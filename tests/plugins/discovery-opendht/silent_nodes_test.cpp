// When a node counts as silent, with a clock that the test turns.
//
// Threads: the test's.
#include "silent_nodes.hpp"

#include <gtest/gtest.h>

namespace discovery_opendht {
namespace {

using namespace std::chrono_literals;

class OfSilentNodes : public ::testing::Test {
protected:
    static Place place(std::uint16_t port)
    {
        Place place;
        place.port = port;
        return place;
    }
    static NodeId id(std::uint8_t fill)
    {
        NodeId id;
        id.fill(fill);
        return id;
    }

    /// Round trips of a millisecond, so that patience is short.
    void be_near_everybody()
    {
        for (int i = 0; i < 20; ++i) {
            nodes_.asked(place(1), Question::other, {}, now_);
            now_ += 1ms;
            nodes_.heard(place(1), id(1), now_);
        }
        ASSERT_EQ(nodes_.patience(), SilentNodes::kShortestPatience);
    }

    void look_up(std::uint16_t port, std::uint32_t transaction)
    {
        nodes_.asked(place(port), Question::look_up, transaction, now_);
    }

    /// Does what is due, as the socket would, until nothing is due for a second; how many pings that were.
    int ping_what_is_due()
    {
        int pings = 0;
        for (const auto end = now_ + 1s; now_ < end; now_ += 1ms) {
            for (const Place& overdue : nodes_.overdue(now_)) {
                nodes_.pinged(overdue, now_);
                ++pings;
            }
            for (const auto& lost : nodes_.take_lost(now_))
                lost_.push_back(lost);
        }
        return pings;
    }

    SilentNodes nodes_;
    SilentNodes::TimePoint now_{1h};
    std::vector<SilentNodes::Lost> lost_;
};

TEST_F(OfSilentNodes, AStrangerThatIsNamedIsPingedOnceAndSoonHopeless)
{
    be_near_everybody();
    EXPECT_TRUE(nodes_.named(place(2), id(2), now_));
    nodes_.pinged(place(2), now_);
    EXPECT_FALSE(nodes_.named(place(2), id(2), now_)) << "the next who names it causes no other ping";
    EXPECT_FALSE(nodes_.hopeless(place(2), now_));
    now_ += SilentNodes::kShortestPatience;
    EXPECT_TRUE(nodes_.hopeless(place(2), now_));
    EXPECT_FALSE(nodes_.may_be_back(place(2), now_));
    now_ += 1s;
    EXPECT_TRUE(nodes_.may_be_back(place(2), now_)) << "it may have been a lost packet";
    EXPECT_TRUE(nodes_.named(place(2), id(2), now_));
}

TEST_F(OfSilentNodes, TheQuestionToOneIsLostWithItsTransaction)
{
    be_near_everybody();
    nodes_.named(place(2), id(2), now_);
    nodes_.pinged(place(2), now_);
    look_up(2, 77);
    EXPECT_TRUE(nodes_.take_lost(now_).empty());
    EXPECT_EQ(nodes_.next(now_), now_ + SilentNodes::kShortestPatience);
    ping_what_is_due();
    ASSERT_EQ(lost_.size(), 1U);
    EXPECT_EQ(lost_[0].place, place(2));
    EXPECT_EQ(lost_[0].node, id(2));
    EXPECT_EQ(lost_[0].transaction, 77U);
    EXPECT_FALSE(nodes_.next(now_)) << "once";
}

TEST_F(OfSilentNodes, EveryLookUpThatIsUnderWayIsLost)
{
    be_near_everybody();
    nodes_.named(place(2), id(2), now_);
    nodes_.pinged(place(2), now_);
    for (std::uint32_t transaction = 1; transaction <= 3; ++transaction)
        look_up(2, transaction);
    ping_what_is_due();
    ASSERT_EQ(lost_.size(), 3U);
    for (std::uint32_t i = 0; i < 3; ++i)
        EXPECT_EQ(lost_[i].transaction, i + 1);
}

TEST_F(OfSilentNodes, ANeighbourGetsSeveralPings)
{
    be_near_everybody();
    nodes_.heard(place(2), id(2), now_);
    look_up(2, 1);
    EXPECT_EQ(ping_what_is_due(), 3);
    EXPECT_EQ(lost_.size(), 1U);
    EXPECT_TRUE(nodes_.hopeless(place(2), now_));
}

TEST_F(OfSilentNodes, ANeighbourWhereOpenDhtListensOrWaitsForMoreIsLeftToIt)
{
    be_near_everybody();
    nodes_.heard(place(2), id(2), now_);
    nodes_.asked(place(2), Question::listen, 1, now_);
    nodes_.heard(place(2), id(2), now_);
    look_up(2, 2);
    nodes_.heard(place(3), id(3), now_);
    nodes_.asked(place(3), Question::other, 3, now_);
    look_up(3, 4);
    ping_what_is_due();
    EXPECT_TRUE(lost_.empty());
    EXPECT_FALSE(nodes_.hopeless(place(2), now_));
    EXPECT_FALSE(nodes_.hopeless(place(3), now_));
    EXPECT_FALSE(nodes_.next(now_)) << "and we look no more";
}

TEST_F(OfSilentNodes, ANeighbourThatIsOnlySlowLosesNothing)
{
    be_near_everybody();
    nodes_.heard(place(2), id(2), now_);
    look_up(2, 1);
    const auto answer = now_ + 3 * SilentNodes::kShortestForNeighbours;
    while (now_ < answer) {
        for (const Place& overdue : nodes_.overdue(now_))
            nodes_.pinged(overdue, now_);
        EXPECT_TRUE(nodes_.take_lost(now_).empty());
        now_ += 1ms;
    }
    nodes_.heard(place(2), id(2), now_);
    ping_what_is_due();
    EXPECT_TRUE(lost_.empty());
}

TEST_F(OfSilentNodes, OneThatWasNotHeardForLongIsAStrangerAgain)
{
    be_near_everybody();
    nodes_.heard(place(2), id(2), now_);
    now_ += SilentNodes::kLately;
    look_up(2, 1);
    EXPECT_EQ(ping_what_is_due(), 1);
    ASSERT_EQ(lost_.size(), 1U);
    EXPECT_TRUE(nodes_.hopeless(place(2), now_));
    EXPECT_FALSE(nodes_.missed(place(2), now_)) << "it was not there a moment ago";
}

TEST_F(OfSilentNodes, ANeighbourThatFallsSilentIsMissedUntilItIsHeardOrSaysFarewell)
{
    be_near_everybody();
    nodes_.heard(place(2), id(2), now_);
    EXPECT_FALSE(nodes_.missed(place(2), now_));
    look_up(2, 1);
    ping_what_is_due();
    ASSERT_TRUE(nodes_.hopeless(place(2), now_));
    EXPECT_TRUE(nodes_.missed(place(2), now_)) << "what lies there may be what was asked for";
    nodes_.leaves(place(2), now_);
    EXPECT_FALSE(nodes_.missed(place(2), now_));
    nodes_.heard(place(2), id(2), now_);
    EXPECT_FALSE(nodes_.missed(place(2), now_));
}

TEST_F(OfSilentNodes, OneThatIsHeardAgainIsAsBefore)
{
    be_near_everybody();
    nodes_.named(place(2), id(2), now_);
    nodes_.pinged(place(2), now_);
    now_ += 1s;
    ASSERT_TRUE(nodes_.hopeless(place(2), now_));
    nodes_.heard(place(2), id(2), now_);
    EXPECT_FALSE(nodes_.hopeless(place(2), now_));
    look_up(2, 2);
    EXPECT_EQ(ping_what_is_due(), 3);
}

TEST_F(OfSilentNodes, ANeighbourThatSaysFarewellIsGoneWhenItDoesNotAnswerOnePing)
{
    be_near_everybody();
    nodes_.asked(place(2), Question::listen, 1, now_);
    nodes_.heard(place(2), id(2), now_);
    nodes_.leaves(place(2), now_);
    EXPECT_FALSE(nodes_.has_left(place(2), now_)) << "anybody can say so";
    now_ += SilentNodes::kShortestPatience;
    EXPECT_TRUE(nodes_.has_left(place(2), now_));
    EXPECT_TRUE(nodes_.hopeless(place(2), now_)) << "although OpenDHT listens there";
    nodes_.heard(place(2), id(2), now_);
    EXPECT_FALSE(nodes_.has_left(place(2), now_));
    nodes_.leaves(place(3), now_);
    now_ += 1s;
    EXPECT_FALSE(nodes_.has_left(place(3), now_)) << "who never was here cannot leave";
}

TEST_F(OfSilentNodes, PatienceFollowsTheNetworkWithinLimits)
{
    EXPECT_EQ(nodes_.patience(), SilentNodes::kLongestPatience) << "before anybody has answered";
    for (int i = 0; i < 100; ++i) {
        nodes_.asked(place(1), Question::other, {}, now_);
        now_ += 80ms;
        nodes_.heard(place(1), id(1), now_);
    }
    EXPECT_GE(nodes_.patience(), 80ms);
    EXPECT_LE(nodes_.patience(), 120ms);
    nodes_.asked(place(1), Question::other, {}, now_);
    now_ += 3s; // a repetition was answered: that is no round trip
    nodes_.heard(place(1), id(1), now_);
    EXPECT_LE(nodes_.patience(), 120ms);
    for (int i = 0; i < 100; ++i) {
        nodes_.asked(place(1), Question::other, {}, now_);
        now_ += 900ms;
        nodes_.heard(place(1), id(1), now_);
    }
    EXPECT_GE(nodes_.patience(), 900ms);
    EXPECT_LE(nodes_.patience(), SilentNodes::kLongestFarAway);
}

TEST_F(OfSilentNodes, AStrangerWhoIsAsFarAwayAsEverybodyIsNotTakenForSilent)
{
    for (const auto round_trip : {310ms, 400ms, 600ms}) {
        nodes_ = {};
        nodes_.asked(place(1), Question::ping, {}, now_);
        now_ += round_trip;
        nodes_.heard(place(1), id(1), now_);
        EXPECT_TRUE(nodes_.named(place(2), id(2), now_));
        nodes_.pinged(place(2), now_);
        look_up(2, 77);
        now_ += round_trip + 10ms;
        EXPECT_TRUE(nodes_.overdue(now_).empty());
        EXPECT_TRUE(nodes_.take_lost(now_).empty()) << "OpenDHT would never hear it again";
        EXPECT_FALSE(nodes_.hopeless(place(2), now_));
        nodes_.heard(place(2), id(2), now_);
        now_ += 10s;
        EXPECT_TRUE(nodes_.take_lost(now_).empty());
    }
}

TEST_F(OfSilentNodes, AnotherNetworkForgivesAll)
{
    be_near_everybody();
    nodes_.named(place(2), id(2), now_);
    nodes_.pinged(place(2), now_);
    now_ += 1s;
    ASSERT_TRUE(nodes_.hopeless(place(2), now_));
    nodes_.forgive();
    EXPECT_FALSE(nodes_.hopeless(place(2), now_));
}

TEST_F(OfSilentNodes, AreABoundedNumber)
{
    for (std::size_t i = 0; i < SilentNodes::kMost + 10; ++i) {
        nodes_.named(place(static_cast<std::uint16_t>(i)), id(1), now_);
        nodes_.pinged(place(static_cast<std::uint16_t>(i)), now_);
        look_up(static_cast<std::uint16_t>(i), 1);
        now_ += 1ms;
    }
    now_ += 1s;
    EXPECT_FALSE(nodes_.hopeless(place(0), now_)) << "forgotten";
    EXPECT_TRUE(nodes_.hopeless(place(SilentNodes::kMost), now_));
    EXPECT_EQ(nodes_.take_lost(now_).size(), SilentNodes::kMost);
}

} // namespace
} // namespace discovery_opendht
