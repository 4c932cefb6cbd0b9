// The links of an account by themselves: whose a message is, how much is remembered, how they end.
//
// Threads: one; the service behind them is the test's.
#include "links.hpp"

#include "account_under_test.hpp"

namespace discovery_sip::testing {
namespace {

/// Takes what is sent, and keeps the last of it.
class Service final : public CarrierService {
public:
    std::string describe_link(const std::string& remote) const override { return "{\"remote\": \"" + remote + "\"}"; }
    std::string answer_challenge(std::string_view, std::string_view, std::string_view, ByteView) override { return {}; }
    Status transmit(std::string text, std::optional<HostPort> where) override
    {
        sent = std::move(text);
        to = std::move(where);
        return answers;
    }

    std::string sent;
    std::optional<HostPort> to;
    Status answers = JF_OK;
};

class SipLinks : public ::testing::Test {
protected:
    HeldCarrier open(const std::string& peer) { return HeldCarrier(links->open(peer, peer).release()->handle()); }
    static Message response_in(const std::string& call_id)
    {
        return Message::read(respond(Message::read(outgoing("MESSAGE", call_id)), 200, "OK"));
    }

    FakeHost host;
    Service service;
    std::shared_ptr<Links> links =
        std::make_shared<Links>(host.host(), service, jf_path_info{sizeof(jf_path_info), JF_DATAGRAM, 65507, 0, 0, 0});
};

TEST_F(SipLinks, RememberTheLast1024Calls)
{
    const HeldCarrier bob = open("sip:bob@example.org");
    for (int i = 0; i < 1030; ++i)
        ASSERT_EQ(bob.send(outgoing("MESSAGE", "call-" + std::to_string(i))), JF_OK);
    for (const int gone : {0, 5})
        EXPECT_FALSE(links->deliver_to_call(response_in("call-" + std::to_string(gone)))) << gone;
    for (const int there : {6, 1029})
        EXPECT_TRUE(links->deliver_to_call(response_in("call-" + std::to_string(there)))) << there;
}

TEST_F(SipLinks, SendResponsesWhereTheirViaSaysAndTheRestToTheServer)
{
    const HeldCarrier bob = open("sip:bob@example.org");
    ASSERT_EQ(bob.send(outgoing("MESSAGE", "call")), JF_OK);
    EXPECT_EQ(service.to, std::nullopt);
    std::string answer = response_in("call").text();
    answer.replace(answer.find(";rport"), 6, ";rport=40000;received=198.51.100.7");
    ASSERT_EQ(bob.send(answer), JF_OK);
    EXPECT_EQ(service.to, (HostPort{"198.51.100.7", 40000}));
    EXPECT_EQ(service.sent, answer);
}

TEST_F(SipLinks, KeepNoMoreThanAQuarterOfAMegabyteForALinkThatIsNotOpen)
{
    HeldCarrier bob = open("sip:bob@example.org");
    Incoming large;
    large.more = "X: " + std::string(10'000, 'x') + "\r\n";
    const Message message = Message::read(large.text());
    std::size_t taken = 0;
    while (links->deliver_to_peer("sip:bob@example.org", message))
        ASSERT_LT(++taken, 100U);
    EXPECT_EQ(taken, 256 * 1024 / message.text().size());
    bob.path.open(bob.ear);
    EXPECT_TRUE(bob.ear.wait_for_packets(taken));
}

TEST_F(SipLinks, OutliveTheirAccountAndSaySo)
{
    HeldCarrier bob = open("sip:bob@example.org");
    bob.path.open(bob.ear);
    links->close("the account is gone");
    EXPECT_EQ(bob.ear.heard().closed, 1);
    EXPECT_EQ(bob.send(outgoing("MESSAGE", "call")), JF_CLOSED);
    EXPECT_THROW(bob.describe(), Failure);
}

} // namespace

} // namespace discovery_sip::testing
