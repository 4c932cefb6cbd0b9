// The scenarios of RFC 8867 in a simulated network, against every congestion controller that is built.
//
// Each run is the same as the last: the bounds asserted here have a margin to what was seen, which RFC8867.md shows.
// Threads: the test's.
#include "network.hpp"

#include <jackfield/testing/plugin_under_test.hpp>

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <map>

namespace {

using namespace rates_test;

struct Candidate {
    std::string plugin;
    double busiest_share; ///< of the line in 5.1, from half a minute on, at least
    double queue_p95_ms;  ///< of seconds that are no change: at most
};

const Candidate kCandidates[] = {{"cc-gcc", 0.70, 90}, {"cc-scream", 0.70, 185}};

/// What the flows of a network came to between two seconds.
struct Sum {
    double delivered_bps = 0;
    double queue_mean_ms = 0;
    double queue_p95_ms = 0; ///< the median second's
    double worst_p95_ms = 0;
    double loss = 0;
};

Sum sum_of(const Flow& flow, std::size_t from, std::size_t to)
{
    Sum sum;
    std::vector<double> p95;
    for (std::size_t at = from; at < to; ++at) {
        const Second& second = flow.seconds.at(at);
        const double part = 1.0 / static_cast<double>(to - from);
        sum.delivered_bps += second.delivered_bps * part;
        sum.queue_mean_ms += second.mean_delay_ms * part;
        sum.loss += second.loss * part;
        p95.push_back(second.p95_delay_ms);
    }
    std::sort(p95.begin(), p95.end());
    sum.queue_p95_ms = p95[p95.size() / 2];
    sum.worst_p95_ms = p95.back();
    return sum;
}

double jain(const std::vector<double>& shares)
{
    double sum = 0;
    double squares = 0;
    for (const double share : shares) {
        sum += share;
        squares += share * share;
    }
    return sum * sum / (static_cast<double>(shares.size()) * squares);
}

class Rfc8867 : public testing::TestWithParam<Candidate> {
protected:
    jf_rate_controller controller(const std::string& config = "{}")
    {
        auto& host = hosts_.emplace_back(std::make_unique<jackfield::testing::FakeHost>());
        auto& instance = instances_.emplace_back(
            std::make_unique<jackfield::testing::InstanceUnderTest<jf_congestion_control_methods>>(
                *host, JACKFIELD_TEST_PLUGIN_DIR, GetParam().plugin, JF_CONGESTION_CONTROL_INTERFACE, config));
        jf_rate_controller made{};
        jf_error error = jackfield::no_error();
        jackfield::check((*instance)->open(instance->self(), &made, &error), error);
        return made;
    }

    /// One row of RFC8867.md for each flow, and the bound that always holds.
    void row(const char* scenario, const char* when, const Network& network, std::size_t from, std::size_t to)
    {
        for (std::size_t number = 0; number < network.flows.size(); ++number) {
            const Flow& flow = *network.flows[number];
            const Sum sum = sum_of(flow, from, to);
            std::printf("| %s | %s | %zu | %s | %.0f | %.0f | %.0f | %.0f | %.2f |\n", GetParam().plugin.c_str(),
                        scenario, number + 1, when, sum.delivered_bps / 1000, sum.queue_mean_ms, sum.queue_p95_ms,
                        sum.worst_p95_ms, sum.loss * 100);
            EXPECT_TRUE(flow.within_bounds) << "a target left the bounds of its stream";
        }
    }

    /// The share of the line that is used, and what waits in it.
    void expect_used(const Network& network, std::size_t from, std::size_t to, double share, double queue_p95_ms)
    {
        double delivered = 0;
        double capacity = 0;
        for (std::size_t at = from; at < to; ++at)
            capacity += network.capacity_bps.at(at) / static_cast<double>(to - from);
        double most = 0;
        for (const auto& flow : network.flows) {
            const Sum sum = sum_of(*flow, from, to);
            delivered += sum.delivered_bps;
            most += flow->plan.max_bps;
            EXPECT_LT(sum.queue_p95_ms, queue_p95_ms) << "seconds " << from << " to " << to;
        }
        EXPECT_GT(delivered, share * std::min(capacity, most)) << "seconds " << from << " to " << to;
        EXPECT_LE(delivered, 1.02 * capacity);
    }

private:
    std::vector<std::unique_ptr<jackfield::testing::FakeHost>> hosts_;
    std::vector<std::unique_ptr<jackfield::testing::InstanceUnderTest<jf_congestion_control_methods>>> instances_;
};

constexpr double kMbps = 1e6;
constexpr double kFree = 100 * kMbps;

/// 5.1: one flow, and a line that changes.
TEST_P(Rfc8867, OneFlowFollowsALineThatChanges)
{
    Network network(1 * kMbps, kFree, 1);
    network.add({}, controller());
    network.run(100, [&](int second) {
        const std::map<int, double> changes{{40, 2.5}, {60, 0.6}, {80, 1.0}};
        if (changes.contains(second))
            network.forward.set_rate(changes.at(second) * kMbps);
    });
    row("5.1", "10-40 s, 1 Mb/s", network, 10, 40);
    row("5.1", "45-60 s, 2.5 Mb/s", network, 45, 60);
    row("5.1", "65-80 s, 0.6 Mb/s", network, 65, 80);
    row("5.1", "85-100 s, 1 Mb/s", network, 85, 100);
    const auto& [plugin, share, queue] = GetParam();
    expect_used(network, 15, 40, share, queue);
    expect_used(network, 50, 60, 0.9, queue);
    expect_used(network, 65, 80, share, queue);
    expect_used(network, 85, 100, share, queue);
    for (std::size_t second = 63; second < 80; ++second)
        EXPECT_LT(network.flows[0]->seconds[second].loss, 0.02) << "second " << second;
}

/// 5.2: two flows, and a line that changes.
TEST_P(Rfc8867, TwoFlowsFollowALineThatChanges)
{
    Network network(4 * kMbps, kFree, 2);
    network.add({}, controller());
    network.add({}, controller());
    network.run(125, [&](int second) {
        const std::map<int, double> changes{{25, 2.0}, {50, 3.5}, {75, 1.0}, {100, 2.0}};
        if (changes.contains(second))
            network.forward.set_rate(changes.at(second) * kMbps);
    });
    row("5.2", "30-50 s, 2 Mb/s", network, 30, 50);
    row("5.2", "80-100 s, 1 Mb/s", network, 80, 100);
    row("5.2", "105-125 s, 2 Mb/s", network, 105, 125);
    const auto& [plugin, share, queue] = GetParam();
    expect_used(network, 30, 50, share, queue);
    expect_used(network, 55, 75, share, queue);
    expect_used(network, 80, 100, share, queue);
    expect_used(network, 105, 125, share, queue);
}

/// 5.3: a flow each way, and a line that is narrow where the feedback goes.
TEST_P(Rfc8867, FeedbackMayHaveToWait)
{
    Network network(2 * kMbps, 2 * kMbps, 3);
    network.add({}, controller());
    FlowPlan back;
    back.backward = true;
    network.add(back, controller());
    network.run(100, [&](int second) {
        const std::map<int, double> forward{{20, 1.0}, {40, 0.5}, {60, 2.0}};
        const std::map<int, double> backward{{35, 0.8}, {70, 2.0}};
        if (forward.contains(second))
            network.forward.set_rate(forward.at(second) * kMbps);
        if (backward.contains(second))
            network.backward.set_rate(backward.at(second) * kMbps);
    });
    row("5.3", "25-40 s, 1 Mb/s", network, 25, 35);
    row("5.3", "45-60 s, 0.5 and 0.8 Mb/s", network, 45, 60);
    row("5.3", "80-100 s, 2 Mb/s", network, 80, 100);
    for (const std::size_t flow : {0U, 1U}) {
        const Sum narrow = sum_of(*network.flows[flow], 45, 60);
        EXPECT_GT(narrow.delivered_bps, 0.7 * (flow == 0 ? 0.5 : 0.8) * kMbps);
        EXPECT_LT(narrow.queue_p95_ms, GetParam().queue_p95_ms);
        EXPECT_GT(sum_of(*network.flows[flow], 80, 100).delivered_bps, 1.35 * kMbps);
    }
}

/// 5.4: flows of one kind that begin one after the other.
TEST_P(Rfc8867, FlowsOfOneKindLetEachOtherLive)
{
    Network network(3.5 * kMbps, kFree, 4);
    for (int number = 0; number < 3; ++number) {
        FlowPlan plan;
        plan.start_ns = number * 20 * kSecond;
        network.add(plan, controller());
    }
    network.run(120, [](int) {});
    row("5.4", "80-120 s, 3.5 Mb/s", network, 80, 120);
    std::vector<double> shares;
    for (const auto& flow : network.flows)
        shares.push_back(sum_of(*flow, 80, 120).delivered_bps);
    EXPECT_GT(jain(shares), 0.75);
    EXPECT_GT(*std::min_element(shares.begin(), shares.end()), 0.3 * kMbps);
    expect_used(network, 80, 120, GetParam().busiest_share, GetParam().queue_p95_ms);
}

/// 5.5: flows of one kind whose peers are near and far.
TEST_P(Rfc8867, AFarPeerIsNotStarved)
{
    Network network(4 * kMbps, kFree, 5);
    std::int64_t start = 0;
    for (const int delay_ms : {10, 25, 50, 100, 150}) {
        FlowPlan plan;
        plan.delay_ns = delay_ms * kMs;
        plan.start_ns = start;
        start += 10 * kSecond;
        network.add(plan, controller());
    }
    network.run(300, [](int) {});
    row("5.5", "100-300 s, 4 Mb/s", network, 100, 300);
    for (const auto& flow : network.flows)
        EXPECT_GT(sum_of(*flow, 100, 300).delivered_bps, 0.9 * flow->plan.min_bps);
    expect_used(network, 100, 300, GetParam().busiest_share, GetParam().queue_p95_ms);
}

/// 5.6: a long transfer over TCP, which fills the queue whatever we do, leaves us something.
TEST_P(Rfc8867, ATransferOverTcpLeavesSomething)
{
    Network network(2 * kMbps, kFree, 7);
    FlowPlan plan;
    network.add(plan, controller());
    network.transfers.push_back(std::make_unique<Transfer>(0, 50 * kMs));
    network.run(120, [](int) {});
    row("5.6", "30-120 s, 2 Mb/s", network, 30, 120);
    EXPECT_GT(sum_of(*network.flows[0], 30, 120).delivered_bps, 40'000);
    EXPECT_GT(network.transfers[0]->delivered_bytes * 8 / 120, 1 * kMbps);
}

/// 5.7: ten who fetch this and that over TCP beside two flows.
TEST_P(Rfc8867, ShortTransfersOverTcpLeaveSomething)
{
    Network network(2 * kMbps, kFree, 10);
    network.add({}, controller());
    network.add({}, controller());
    for (unsigned number = 0; number < 10; ++number)
        network.browsers.push_back(std::make_unique<Browser>(number < 2, 50 * kMs, 100 + number));
    network.run(300, [](int) {});
    row("5.7", "30-300 s, 2 Mb/s", network, 30, 300);
    int fetched = 0;
    for (const auto& browser : network.browsers)
        fetched += browser->fetched;
    std::printf("[  figure  ] %d files came through beside them\n", fetched);
    EXPECT_GT(fetched, 60);
    for (const auto& flow : network.flows)
        EXPECT_GT(sum_of(*flow, 30, 300).delivered_bps, 40'000);
}

/// 5.8: one of three pauses and comes back.
TEST_P(Rfc8867, AFlowPausesAndComesBack)
{
    Network network(3.5 * kMbps, kFree, 6);
    for (int number = 0; number < 3; ++number) {
        FlowPlan plan;
        if (number == 0) {
            plan.pause_ns = 40 * kSecond;
            plan.resume_ns = 60 * kSecond;
        }
        network.add(plan, controller());
    }
    network.run(120, [](int) {});
    row("5.8", "45-60 s, the first pauses", network, 45, 60);
    row("5.8", "80-120 s", network, 80, 120);
    for (std::size_t second = 42; second < 59; ++second)
        EXPECT_EQ(network.flows[0]->seconds[second].delivered_bps, 0);
    for (const std::size_t other : {1U, 2U})
        EXPECT_GT(sum_of(*network.flows[other], 50, 60).delivered_bps, 1.0 * kMbps);
    // Coming back fills nobody's queue.
    for (std::size_t second = 60; second < 66; ++second)
        EXPECT_LT(network.flows[1]->seconds[second].p95_delay_ms, 280) << "second " << second;
    EXPECT_GT(sum_of(*network.flows[0], 80, 120).delivered_bps, 0.5 * kMbps);
    expect_used(network, 80, 120, GetParam().busiest_share, GetParam().queue_p95_ms);
}

/// Not of RFC 8867: a line that is dead for five seconds.
TEST_P(Rfc8867, AfterSilenceItBeginsLow)
{
    Network network(2 * kMbps, kFree, 8);
    network.add({}, controller());
    std::uint32_t at_the_end = 0;
    network.run(60, [&](int second) {
        if (second == 35)
            at_the_end = network.flows[0]->target_bps();
        network.forward.set_loss(second >= 30 && second < 35 ? 1 : 0);
    });
    EXPECT_LT(at_the_end, 600'000U) << "nothing came back for five seconds";
    EXPECT_GT(sum_of(*network.flows[0], 55, 60).delivered_bps, 0.3 * kMbps);
    EXPECT_TRUE(network.flows[0]->within_bounds);
}

/// Not of RFC 8867: a third of all packets is lost, though the line is wide.
TEST_P(Rfc8867, HeavyLossesBringTheRateDown)
{
    Network network(10 * kMbps, kFree, 9);
    FlowPlan plan;
    plan.start_bps = 1'000'000;
    network.add(plan, controller());
    network.run(40, [&](int) { network.forward.set_loss(0.3); });
    EXPECT_LT(network.flows[0]->target_bps(), 300'000U);
}

/// Not of RFC 8867: what is on its way is little while packets wait long, whatever the rate does.
TEST_P(Rfc8867, AWindowShrinksWhilePacketsWait)
{
    const jf_rate_controller subject = controller();
    const jf_rate_stream stream{sizeof(stream), JF_VIDEO, 150'000, 1'500'000, 1'000'000, 0};
    subject.methods->set_streams(subject.self, &stream, 1, kSecond);
    std::uint64_t number = 0;
    std::int64_t now_ns = kSecond;
    const auto window_after = [&](int rounds, std::int64_t waits_ns) {
        std::uint32_t bps = 0;
        jf_rate_targets targets{sizeof(targets), 1, &bps, 0, 0};
        for (int round = 0; round < rounds; ++round) {
            std::vector<jf_packet_report> reports;
            for (int packet = 0; packet < 10; ++packet) {
                now_ns += 10 * kMs;
                const jf_sent_packet sent{sizeof(sent), 0, ++number, now_ns, 1200, 0};
                subject.methods->sent(subject.self, &sent);
                reports.push_back({number, now_ns, now_ns + 20 * kMs + waits_ns, 1200, 1, 0, 0});
            }
            const jf_rate_feedback feedback{sizeof(feedback), 24'000, now_ns, 50 * kMs, reports.data(), reports.size()};
            subject.methods->feedback(subject.self, &feedback);
            const jf_rate_moment moment{sizeof(moment), 24'000, 0, 0, now_ns, 0};
            subject.methods->tick(subject.self, &moment);
        }
        subject.methods->targets(subject.self, &targets);
        return targets.window_bytes;
    };
    const std::uint32_t before = window_after(50, 0);
    const std::uint32_t after = window_after(30, 400 * kMs);
    subject.methods->release(subject.self);
    if (before == 0)
        GTEST_SKIP() << "it has no window";
    EXPECT_LT(after, before / 2);
}

// --- a dip of the line ----------------------------------------------------------------------------------------------

/// For RFC8867.md, too: how soon pictures are in time again in the dip, and as good as before behind it.
class CapacityDip : public Rfc8867 {
protected:
    static constexpr std::size_t kBegins = 40;
    static constexpr std::size_t kEnds = 60;
    static constexpr std::size_t kOver = 120;

    /// The first second from there on of which that is true and stays so for three, in seconds from there; -1: none.
    static int seconds_until(const Flow& flow, std::size_t from, std::size_t to,
                             const std::function<bool(const Second&)>& good)
    {
        for (std::size_t at = from; at + 3 <= to; ++at) {
            const auto first = flow.seconds.begin() + static_cast<std::ptrdiff_t>(at);
            if (std::all_of(first, first + 3, good))
                return static_cast<int>(at - from);
        }
        return -1;
    }
};

TEST_P(CapacityDip, IsFollowedWithinSecondsAndClimbedOutOf)
{
    const bool fixed = GetParam().plugin == "cc-fixed";
    Network network(2 * kMbps, kFree, 8);
    network.add({}, fixed ? controller(R"({"rate_bps": 1000000})") : controller());
    network.run(kOver, [&](int second) {
        if (second == kBegins || second == kEnds)
            network.forward.set_rate((second == kBegins ? 0.5 : 2) * kMbps);
    });
    const Flow& flow = *network.flows[0];
    const double before_bps = sum_of(flow, kBegins - 10, kBegins).delivered_bps;
    const int in_time = seconds_until(flow, kBegins, kEnds, [](const Second& one) { return one.p95_delay_ms < 100; });
    const int as_before =
        seconds_until(flow, kEnds, kOver, [&](const Second& one) { return one.delivered_bps > 0.9 * before_bps; });
    const Sum dip = sum_of(flow, kBegins, kEnds);
    std::printf("| %s | %.0f | %d | %.0f | %.2f | %d |\n", GetParam().plugin.c_str(), before_bps / 1000, in_time,
                dip.delivered_bps / 1000, dip.loss * 100, as_before);
    EXPECT_GE(as_before, 0) << "it does not recover";
    if (fixed) {
        EXPECT_EQ(in_time, -1) << "it does not follow the line, which is what it is for";
        return;
    }
    EXPECT_GE(in_time, 0) << "the queue stays full";
    EXPECT_LE(in_time, 5);
    EXPECT_LE(as_before, 22);
    EXPECT_LT(dip.loss, 0.05);
}

std::string name_of(const testing::TestParamInfo<Candidate>& named)
{
    std::string name = named.param.plugin;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Controllers, Rfc8867, testing::ValuesIn(kCandidates), name_of);
INSTANTIATE_TEST_SUITE_P(Controllers, CapacityDip,
                         testing::Values(Candidate{"cc-fixed", 0, 0}, kCandidates[0], kCandidates[1]), name_of);

} // namespace
