// How much one address may ask for, and what counts as one.
#include "tools/rendezvous/rate_limits.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::rendezvous;
using namespace std::chrono_literals;

TEST(RateLimit, AllowsWhatAnAddressHasSavedAndThenItsRate)
{
    Limits limits;
    limits.requests_per_second = 10;
    limits.burst = 2;
    RateLimits rates(limits);
    RateLimits::Time now{};
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(rates.ask("192.0.2.1", now), 0ms) << i;
    EXPECT_EQ(rates.ask("192.0.2.1", now), 100ms) << "a tenth of a second makes the next";
    EXPECT_EQ(rates.ask("192.0.2.2", now), 0ms) << "of another nothing is taken";
    now += 99ms;
    EXPECT_EQ(rates.ask("192.0.2.1", now), 1ms);
    now += 1ms;
    EXPECT_EQ(rates.ask("192.0.2.1", now), 0ms);
    EXPECT_GT(rates.ask("192.0.2.1", now), 0ms);
    now += 1h;
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(rates.ask("192.0.2.1", now), 0ms) << "nobody saves more than a burst; " << i;
    EXPECT_GT(rates.ask("192.0.2.1", now), 0ms);
}

TEST(RateLimit, RemembersABoundedNumberOfAddresses)
{
    RateLimits rates{Limits()};
    RateLimits::Time now{};
    for (std::size_t i = 0; i < RateLimits::kMostAddresses; ++i)
        EXPECT_EQ(rates.ask(std::to_string(i), now), 0ms);
    EXPECT_EQ(rates.ask("one more", now), 1s) << "as long as all the others are at work";
    EXPECT_EQ(rates.ask("7", now), 0ms) << "who is known goes on";
    now += 1s;
    EXPECT_EQ(rates.ask("one more", now), 0ms) << "those who are quiet are forgotten";
}

TEST(RateLimit, CountsTheConnectionsOfAnAddressAndOfAll)
{
    Limits limits;
    limits.connections = 3;
    limits.connections_per_address = 2;
    RateLimits rates(limits);
    using Seat = RateLimits::Seat;
    const Seat a1(rates, "a");
    auto a2 = std::make_unique<Seat>(rates, "a");
    EXPECT_EQ(a2->place(), RateLimits::Place::given);
    EXPECT_EQ(Seat(rates, "a").place(), RateLimits::Place::address_has_too_many);
    const Seat b(rates, "b");
    EXPECT_EQ(b.place(), RateLimits::Place::given);
    EXPECT_EQ(Seat(rates, "c").place(), RateLimits::Place::server_is_full);
    a2.reset();
    EXPECT_EQ(Seat(rates, "c").place(), RateLimits::Place::given);
    EXPECT_EQ(rates.connections(), 2U);
}

TEST(RateLimit, TakesANetworkOfIpv6ForOneAddress)
{
    EXPECT_EQ(RateLimits::address_of("192.0.2.7"), "192.0.2.7");
    EXPECT_EQ(RateLimits::address_of("::ffff:192.0.2.7"), "192.0.2.7");
    EXPECT_EQ(RateLimits::address_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    EXPECT_EQ(RateLimits::address_of("2001:db8:1:2:9::1"), RateLimits::address_of("2001:db8:1:2::7"));
    EXPECT_NE(RateLimits::address_of("2001:db8:1:3::1"), RateLimits::address_of("2001:db8:1:2::1"));
}

} // namespace
