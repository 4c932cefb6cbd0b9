// Ports of a router, as a session of ice-direct asks for them and tells the peer. The router is the test's own, at the
// end of the default route of a network of the test's own.
#include "direct.hpp"

#include "tests/plugins/shared/port_mapping/doubles.hpp"
#include "tests/scenarios/own_network.hpp"

#include <gmock/gmock.h>

namespace jackfield::direct_test {
namespace {

using shared_port_mapping::test::DatagramRouter;
using shared_port_mapping::test::get32;
using shared_port_mapping::test::is_pcp_map;
using shared_port_mapping::test::Mailbox;
using shared_port_mapping::test::pcp_answer;
using ::testing::HasSubstr;
using ::testing::Not;

class RouterOfDirect : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (const std::string why = scenarios::enter_namespace(); !why.empty())
            GTEST_SKIP() << why;
        router_ = std::make_unique<DatagramRouter>([this](ByteView request) {
            if (is_pcp_map(request))
                asked_.put({request.begin(), request.end()});
            return silent_ ? std::vector<Bytes>() : std::vector<Bytes>{pcp_answer(request, 3600, 7)};
        });
        const std::string place = "127.0.0.1:" + std::to_string(router_->place().port);
        if (!scenarios::run("ip", {"address", "add", "10.0.0.2/32", "dev", "lo"}) ||
            !scenarios::run("ip", {"route", "add", "default", "via", "10.0.0.9", "dev", "lo", "onlink"}) ||
            !scenarios::run("/usr/sbin/nft", {"table ip t { chain o { type nat hook output priority -100; "
                                              "ip daddr 10.0.0.9 udp dport 5351 dnat to " +
                                              place + "; }; }"}))
            GTEST_SKIP() << "no ip or nft that could make a default route";
    }

    std::unique_ptr<Instance> make(const std::string& more = {})
    {
        return make_instance(host_, "ice-direct",
                             R"({"addresses": ["10.0.0.2"], "port_mapping": ["pcp"])" + more + "}");
    }

    FakeHost host_;
    std::atomic<bool> silent_ = false;
    Mailbox<Bytes> asked_;
    std::unique_ptr<DatagramRouter> router_;
};

class RouterOfDirectSessions : public RouterOfDirect, public ::testing::WithParamInterface<std::uint32_t> {};

TEST_P(RouterOfDirectSessions, GivesAPortThatIsTrickledAndTakenBackAtTheEnd)
{
    const auto instance = make();
    IceSession session(*instance, JF_CONTROLLING, GetParam());
    session.gather();
    EXPECT_THAT(session.description(), Not(HasSubstr("srflx"))) << "nobody waits for it";
    ASSERT_TRUE(host_.run_until([&] { return session.gathered_ == 1; }));
    ASSERT_EQ(session.candidates_.size(), 1U);
    EXPECT_THAT(session.candidates_[0], HasSubstr(" 203.0.113.7 5000 typ srflx raddr 10.0.0.2 rport "));
    EXPECT_EQ(session.candidates_[0].find("tcptype passive") != std::string::npos, GetParam() == JF_STREAM);
    EXPECT_THAT(session.description(), HasSubstr(session.candidates_[0]));
    session.release();
    const auto back = asked_.at(1);
    ASSERT_TRUE(back);
    EXPECT_EQ(get32(*back, 4), 0U);
}

TEST_P(RouterOfDirectSessions, IsSilentAndHoldsUpNoCall)
{
    silent_ = true;
    const auto instance = make(R"(, "gather_timeout_ms": 400)");
    Call call(*instance, *instance, GetParam());
    ASSERT_TRUE(call.connect(host_, 1));
    EXPECT_EQ(call.a.enough_, 1);
    ASSERT_TRUE(host_.run_until([&] { return call.a.gathered_ == 1 && call.b.gathered_ == 1; }));
    EXPECT_TRUE(call.a.candidates_.empty());
}

TEST_P(RouterOfDirectSessions, ComesTooLateForAPeerThatWasToldThatThisIsAll)
{
    silent_ = true;
    const auto instance = make(R"(, "gather_timeout_ms": 10)");
    IceSession session(*instance, JF_CONTROLLING, GetParam());
    session.gather();
    ASSERT_TRUE(host_.run_until([&] { return session.gathered_ == 1; }));
    silent_ = false;
    ASSERT_TRUE(asked_.at(0));
    IceSession next(*instance, JF_CONTROLLING, GetParam()); // is answered after the first one
    next.gather();
    ASSERT_TRUE(host_.run_until([&] { return next.gathered_ == 1; }));
    EXPECT_TRUE(session.candidates_.empty());
    EXPECT_EQ(session.gathered_, 1);
}

TEST_P(RouterOfDirectSessions, DoesNotBetrayAnAddressInWhosePlaceAnotherIsAdvertised)
{
    const auto instance = make(R"(, "advertise": ["198.51.100.7"])");
    IceSession session(*instance, JF_CONTROLLING, GetParam());
    session.gather();
    ASSERT_TRUE(host_.run_until([&] { return session.gathered_ == 1; }));
    EXPECT_THAT(session.description(), HasSubstr(" 203.0.113.7 5000 typ srflx raddr 0.0.0.0 rport 9"));
    EXPECT_THAT(session.description(), Not(HasSubstr("10.0.0.2")));
}

INSTANTIATE_TEST_SUITE_P(IceDirect, RouterOfDirectSessions, ::testing::Values(JF_DATAGRAM, JF_STREAM),
                         [](const auto& test) { return test.param == JF_DATAGRAM ? "Udp" : "Tcp"; });

TEST_F(RouterOfDirect, IsAskedAnewByARestartAndKeepsTheOldPortUntilThereIsAWay)
{
    const auto instance = make();
    Call call(*instance, *instance, JF_DATAGRAM);
    ASSERT_TRUE(call.connect(host_, 1));
    ASSERT_TRUE(host_.run_until([&] { return call.a.gathered_ == 1 && call.b.gathered_ == 1; }));
    const std::size_t before = asked_.size();
    call.a.restart();
    call.b.restart();
    ASSERT_TRUE(host_.run_until([&] { return call.a.gathered_ == 2 && call.b.gathered_ == 2; }));
    EXPECT_EQ(call.a.candidates_.size(), 2U);
    for (std::size_t number = before; number < asked_.size(); ++number)
        EXPECT_NE(get32(*asked_.at(number), 4), 0U) << "the old way still carries packets";
    const std::size_t asked = asked_.size();
    const int pairs = call.a.pair_events_ + call.b.pair_events_;
    call.b.set_remote(call.a.description());
    call.a.set_remote(call.b.description());
    ASSERT_TRUE(host_.run_until([&] { return call.a.pair_events_ + call.b.pair_events_ >= pairs + 2; }));
    ASSERT_TRUE(asked_.at(asked + 1)) << "two are given back";
    EXPECT_EQ(get32(*asked_.at(asked), 4), 0U);
    EXPECT_EQ(get32(*asked_.at(asked + 1), 4), 0U);
}

// The peer has the candidate already, so there is nothing to trickle, and nothing to wait for.
TEST_F(RouterOfDirect, OpensAPinholeThatNobodyWaitsForAndClosesItAtTheEnd)
{
    Mailbox<Bytes> pinholes;
    const DatagramRouter firewall(
        [&](ByteView request) {
            Bytes answer(request.begin(), request.end()); // all that was asked for is granted
            answer[1] |= 0x80;
            answer[3] = 0;
            if (is_pcp_map(request))
                pinholes.put({request.begin(), request.end()});
            return std::vector<Bytes>{answer};
        },
        "::1");
    const auto ip = [](const std::vector<std::string>& words) { return scenarios::run("ip", words); };
    if (!ip({"tuntap", "add", "dev", "tun9", "mode", "tun"}) || !ip({"link", "set", "dev", "tun9", "up"}) ||
        !ip({"-6", "address", "add", "2001:db8:1::2/128", "dev", "tun9", "nodad"}) ||
        !ip({"-6", "route", "add", "default", "via", "2001:db8:1::9", "dev", "tun9", "onlink"}) ||
        !scenarios::run("/usr/sbin/nft", {"table ip6 t { chain o { type nat hook output priority -100; "
                                          "ip6 daddr 2001:db8:1::9 udp dport 5351 dnat to [::1]:" +
                                          std::to_string(firewall.place().port) + "; }; }"}))
        GTEST_SKIP() << "no ip or nft that could make a default route of IPv6";
    const auto instance =
        make_instance(host_, "ice-direct", R"({"addresses": ["2001:db8:1::2"], "port_mapping": ["pcp"]})");
    IceSession session(*instance, JF_CONTROLLING, JF_DATAGRAM);
    session.gather();
    ASSERT_TRUE(host_.run_until([&] { return session.gathered_ == 1; }));
    EXPECT_EQ(session.enough_, 0) << "it is all there is";
    const auto opened = pinholes.at(0);
    ASSERT_TRUE(opened);
    EXPECT_EQ(get32(*opened, 4), 3600U);
    const std::string line = lines_of(session.description()).at(2);
    EXPECT_THAT(line, HasSubstr("2001:db8:1::2 " + std::to_string((*opened)[40] << 8 | (*opened)[41]) + " typ host"));
    session.release();
    const auto closed = pinholes.at(1);
    ASSERT_TRUE(closed);
    EXPECT_EQ(get32(*closed, 4), 0U);
    EXPECT_TRUE(session.candidates_.empty());
}

TEST(RouterOfDirectConfig, NamesWhatMayBeWritten)
{
    FakeHost host;
    try {
        make_direct(host, R"("port_mapping": ["pnp"])");
        FAIL() << "taken";
    } catch (const std::exception& wrong) {
        EXPECT_THAT(wrong.what(), HasSubstr(R"(/port_mapping/0: expected "pcp", "nat-pmp" or "upnp")"));
    }
}

} // namespace
} // namespace jackfield::direct_test
