// Which kind of NAT: against a server and a NAT of the test's, by a clock of the test's. Against coturn it is tried in
// tests/laboratory.

#include <shared/stun/behaviour_discovery.hpp>

#include <gtest/gtest.h>

#include <random>

namespace shared_stun {
namespace {

using namespace std::chrono_literals;
using jackfield::ice::IpAddress;

const Endpoint kServer{*IpAddress::parse("198.51.100.1"), 3478};
const Endpoint kOther{*IpAddress::parse("198.51.100.2"), 3479};
const Endpoint kLocal{*IpAddress::parse("192.168.1.2"), 5000};

/// A server of RFC 5780 behind whatever NAT, and how each may fail.
struct Net {
    Dependence mapping = Dependence::endpoint_independent;
    Dependence filtering = Dependence::endpoint_independent;
    std::optional<Endpoint> other = kOther;
    bool translates = true;
    int lost = 0;       // so many of the next requests
    bool second = true; // it answers at its second address
    std::vector<std::pair<Endpoint, Bytes>> answers = {};

    Endpoint seen_from(const Endpoint& to) const
    {
        if (!translates)
            return kLocal;
        const bool by_address = mapping != Dependence::endpoint_independent && to.address == kOther.address;
        const bool by_port = mapping == Dependence::address_and_port_dependent && to.port == kOther.port;
        return {*IpAddress::parse("203.0.113.9"),
                static_cast<std::uint16_t>(5000 + (by_address ? 1 : 0) + (by_port ? 2 : 0))};
    }

    bool lets_in(const Endpoint& from, const Endpoint& sent_to) const
    {
        return filtering == Dependence::endpoint_independent || from == sent_to ||
               (filtering == Dependence::address_dependent && from.address == sent_to.address);
    }

    void take(const BehaviourDiscovery::Datagram& datagram)
    {
        const auto request = read_message(datagram.bytes);
        ASSERT_TRUE(request);
        if (lost > 0) {
            --lost;
            return;
        }
        Endpoint from = datagram.to;
        if (const auto* change = request->find(Type::change_request)) {
            from.address = (change->value[3] & 4) != 0 ? kOther.address : from.address;
            from.port = (change->value[3] & 2) != 0 ? kOther.port : from.port;
        }
        if (!lets_in(from, datagram.to) || (!second && datagram.to.address == kOther.address))
            return;
        Message answer;
        answer.kind = Class::success;
        answer.id = request->id;
        add_address(answer, Type::xor_mapped_address, seen_from(datagram.to));
        if (other)
            add_address(answer, Type::other_address, *other);
        answers.emplace_back(from, write_message(answer, false));
    }
};

class Discovery : public ::testing::Test {
protected:
    BehaviourDiscovery make(const Endpoint& local = kLocal)
    {
        return {kServer,
                local,
                [this](std::span<std::uint8_t> bytes) {
                    for (auto& byte : bytes)
                        byte = static_cast<std::uint8_t>(random_());
                },
                {100ms, 4, 2}};
    }

    /// Until there is a report; how long that took stands in now_.
    NatReport run(BehaviourDiscovery discovery)
    {
        for (int turn = 0; turn < 100 && !discovery.report(); ++turn) {
            for (const auto& datagram : discovery.send(now_)) {
                ++sent_;
                net_.take(datagram);
            }
            for (const auto& [from, bytes] : std::exchange(net_.answers, {}))
                discovery.receive(from, bytes, now_);
            if (discovery.next())
                now_ = std::max(now_, *discovery.next());
        }
        EXPECT_TRUE(discovery.report());
        return discovery.report().value_or(NatReport{});
    }

    Net net_;
    Time now_ = 0ms;
    int sent_ = 0;
    std::mt19937 random_{1};
};

TEST_F(Discovery, TellsEveryKindApart)
{
    using enum Dependence;
    for (const auto mapping : {endpoint_independent, address_dependent, address_and_port_dependent}) {
        for (const auto filtering : {endpoint_independent, address_dependent, address_and_port_dependent}) {
            net_ = {.mapping = mapping, .filtering = filtering};
            now_ = 0ms;
            const auto report = run(make());
            EXPECT_EQ(report.mapping, mapping) << name_of(mapping) << name_of(filtering);
            EXPECT_EQ(report.filtering, filtering) << name_of(mapping) << name_of(filtering);
            EXPECT_TRUE(report.translated);
        }
    }
}

TEST_F(Discovery, IsQuickWhereNothingIsFiltered)
{
    run(make());
    EXPECT_LE(now_, 0ms) << "nothing had to be waited for";
}

TEST_F(Discovery, KnowsThatThereIsNoNat)
{
    net_.translates = false;
    const auto report = run(make());
    EXPECT_FALSE(report.translated);
    EXPECT_EQ(report.mapped, kLocal);
}

TEST_F(Discovery, SaysThatNothingAnswers)
{
    net_.lost = 1000;
    const auto report = run(make());
    EXPECT_FALSE(report.mapped);
    EXPECT_FALSE(report.mapping);
    EXPECT_FALSE(report.filtering);
    EXPECT_EQ(sent_, 4);
    EXPECT_EQ(now_, 1500ms) << "100, 200, 400, 800";
}

TEST_F(Discovery, SaysNothingOfWhatAServerWithOneAddressCannotTell)
{
    for (const auto& other :
         {std::optional<Endpoint>(), std::optional(kServer), std::optional(Endpoint{kServer.address, 3479}),
          std::optional(Endpoint{kOther.address, 3478}),
          std::optional(Endpoint{*IpAddress::parse("2001:db8::1"), 3479})}) {
        net_ = {.other = other};
        const auto report = run(make());
        EXPECT_TRUE(report.mapped);
        EXPECT_FALSE(report.mapping);
        EXPECT_FALSE(report.filtering);
    }
}

TEST_F(Discovery, SaysWhatItKnowsIfTheSecondAddressIsDead)
{
    net_.second = false;
    const auto report = run(make());
    EXPECT_EQ(report.filtering, Dependence::endpoint_independent);
    EXPECT_FALSE(report.mapping);
}

TEST_F(Discovery, TakesLossForNothingElse)
{
    net_ = {.mapping = Dependence::address_and_port_dependent, .filtering = Dependence::address_dependent, .lost = 2};
    const auto report = run(make());
    EXPECT_EQ(report.mapping, Dependence::address_and_port_dependent);
    EXPECT_EQ(report.filtering, Dependence::address_dependent);
}

// While the server does not answer what it must answer, its silence says nothing of the NAT.
TEST_F(Discovery, DoesNotTakeASlowServerForAFilter)
{
    auto discovery = make();
    for (const auto& datagram : discovery.send(0ms))
        net_.take(datagram);
    for (const auto& [from, bytes] : std::exchange(net_.answers, {}))
        discovery.receive(from, bytes, 0ms);
    std::vector<BehaviourDiscovery::Datagram> held;
    for (Time now = 0ms; now <= 700ms; now = *discovery.next()) { // three tries, and no answer to any
        for (auto& datagram : discovery.send(now))
            held.push_back(std::move(datagram));
        ASSERT_FALSE(discovery.report());
        if (now == 700ms)
            break;
    }
    EXPECT_EQ(held.size(), 12U) << "three requests, four times";
    for (const auto& datagram : held)
        net_.take(datagram);
    for (const auto& [from, bytes] : std::exchange(net_.answers, {}))
        discovery.receive(from, bytes, 710ms);
    now_ = 710ms;
    const auto report = run(std::move(discovery));
    EXPECT_EQ(report.filtering, Dependence::endpoint_independent);
}

TEST_F(Discovery, IsNotMisledByStrangers)
{
    auto discovery = make();
    const auto sent = discovery.send(0ms);
    ASSERT_EQ(sent.size(), 1U);
    net_.take(sent[0]);
    const auto [from, bytes] = net_.answers.at(0);
    discovery.receive(kOther, bytes, 0ms); // not from where we asked
    Message forged = *read_message(bytes);
    forged.id[0] ^= 1U;
    discovery.receive(from, write_message(forged, false), 0ms); // not our request's id
    Message question = *read_message(bytes);
    question.kind = Class::request;
    discovery.receive(from, write_message(question, false), 0ms);
    discovery.receive(from, ByteView(bytes).first(10), 0ms);
    EXPECT_EQ(*discovery.next(), 100ms) << "it still waits for the first answer";
    discovery.receive(from, bytes, 0ms);
    EXPECT_LT(*discovery.next(), 0ms) << "and goes on at once when that comes";
}

} // namespace
} // namespace shared_stun
