// Who is found, links that go out and come in, and whose a message is (RFC 3261 section 18).
//
// Threads: the test's thread is control; the server has its own.
#include "account_under_test.hpp"

namespace discovery_sip::testing {
namespace {

/// Alice, registered at a server that takes anybody.
class SipAccount : public ::testing::Test {
protected:
    explicit SipAccount(Over over = Over::udp, Json more = Json::object())
        : server(over, [](const Message& request) { return request.method() == "REGISTER" ? bind(request, 600) : ""; }),
          alice(alice_at(server, more))
    {
        EXPECT_TRUE(alice.begin());
        EXPECT_EQ(alice.announced.status, JF_OK) << alice.announced.text;
    }

    ::testing::AssertionResult server_heard(const std::string& part, std::size_t times = 1)
    {
        if (alice.until([&] { return server.count(part) >= times; }, 5s))
            return ::testing::AssertionSuccess();
        return ::testing::AssertionFailure() << "the server did not hear " << part << " but:\n"
                                             << (server.heard().empty() ? "" : server.heard().back());
    }
    /// Everything said before has been looked at when this returns.
    ::testing::AssertionResult settled()
    {
        Incoming probe;
        probe.method = "OPTIONS";
        probe.call_id = "probe-" + std::to_string(++probes_);
        server.say(probe.text());
        return server_heard("Call-ID: " + probe.call_id);
    }

    ScriptedServer server;
    AccountUnderTest alice;

private:
    int probes_ = 0;
};

TEST_F(SipAccount, FindsWhoeverHasASipAddressInOneSpelling)
{
    for (const std::string who :
         {"sip:bob@example.org", "SIP:bob@EXAMPLE.org:5060", "sip:bob@example.org;transport=tcp",
          "sip:%62ob@example.org?Subject=x", "sip:bob:word@example.org"}) {
        FindRecord found;
        alice.find(found, who);
        EXPECT_EQ(found.calls, 0) << "inside the call";
        ASSERT_TRUE(alice.until([&] { return found.calls == 1; }));
        ASSERT_EQ(found.devices.size(), 1U) << who;
        EXPECT_EQ(found.devices[0], Device("sip:bob@example.org", "sip:bob@example.org")) << who;
        EXPECT_TRUE(found.devices[0].chain_pem.empty());
    }
}

TEST_F(SipAccount, FindsNobodyWhoHasNone)
{
    for (const std::string who : {"bob", "", "6e6ca382", "tel:+4930123", "sip:", "sip:bob@", "sip:@example.org",
                                  "sip:b b@example.org", "sip:bob@example.org\r\nX: y", "sip:bob@example.org:0",
                                  "sip:bob@example.org:65536", "sip:b%4@example.org", "https://example.org"}) {
        FindRecord found;
        alice.find(found, who);
        ASSERT_TRUE(alice.until([&] { return found.calls == 1; }));
        EXPECT_EQ(found.status, JF_NOT_FOUND) << who;
        EXPECT_TRUE(found.devices.empty()) << who;
    }
}

TEST_F(SipAccount, FindsItself)
{
    FindRecord found;
    alice.find(found, "sip:alice@example.net");
    ASSERT_TRUE(alice.until([&] { return found.calls == 1; }));
    EXPECT_EQ(found.devices.size(), 1U);
}

TEST_F(SipAccount, CarriesOneLinkForEachPeer)
{
    auto link = alice.carry("sip:bob@example.org");
    try {
        alice.carry("sip:bob@example.org");
        FAIL() << "two links to one peer";
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_BUSY);
    }
    link.reset();
    EXPECT_NO_THROW(alice.carry("sip:bob@example.org"));
    EXPECT_THROW(alice.carry("6e6ca382"), Failure);
}

TEST_F(SipAccount, CarriesNoMoreThan64Links)
{
    std::vector<std::unique_ptr<HeldCarrier>> links;
    for (int i = 0; i < 64; ++i)
        links.push_back(alice.carry("sip:peer" + std::to_string(i) + "@example.org"));
    try {
        alice.carry("sip:bob@example.org");
        FAIL() << "a 65th link";
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_EXHAUSTED);
    }
    server.say(Incoming().text());
    EXPECT_TRUE(server_heard("SIP/2.0 503 "));
}

TEST_F(SipAccount, DescribesALink)
{
    const auto link = alice.carry("sip:bob@example.org");
    const std::string here = server.peer().text();
    EXPECT_EQ(link->describe(), Json({{"protocol", "sip"},
                                      {"local", "sip:alice@example.net"},
                                      {"remote", "sip:bob@example.org"},
                                      {"contact", "sip:alice@" + here},
                                      {"transport", "UDP"},
                                      {"sent_by", here},
                                      {"routes", Json::array()}}));
    const jf_path_info info = link->path.describe();
    EXPECT_EQ(info.kind, static_cast<std::uint32_t>(JF_DATAGRAM));
    EXPECT_EQ(info.max_datagram_bytes, 65507U);
    EXPECT_EQ(info.reliable, 0U);
    EXPECT_EQ(info.secured, 0U);
}

TEST_F(SipAccount, SendsWholeMessagesAndHandsUpTheirResponses)
{
    const auto link = alice.carry("sip:bob@example.org");
    link->path.open(link->ear);
    const std::string invite = outgoing("INVITE", "our-call");
    ASSERT_EQ(link->send(invite), JF_OK);
    ASSERT_TRUE(server_heard("INVITE sip:bob"));
    EXPECT_EQ(server.last("INVITE sip:bob"), invite) << "as it was given";
    const std::string ringing = respond(Message::read(invite), 180, "Ringing");
    server.say(ringing);
    ASSERT_TRUE(settled());
    ASSERT_TRUE(link->ear.wait_for_packets(1));
    EXPECT_EQ(as_text(link->ear.heard().packets[0]), ringing);
}

TEST_F(SipAccount, RefusesToSendWhatIsNoMessage)
{
    const auto link = alice.carry("sip:bob@example.org");
    EXPECT_EQ(link->send("hello\r\n\r\n"), JF_BAD_INPUT);
    EXPECT_EQ(link->send(std::string(65508, 'x')), JF_BAD_INPUT);
    link->path.close();
    EXPECT_EQ(link->send(outgoing("INVITE", "our-call")), JF_CLOSED);
}

TEST_F(SipAccount, DropsResponsesToNobody)
{
    const auto link = alice.carry("sip:bob@example.org");
    link->path.open(link->ear);
    server.say(respond(Message::read(outgoing("INVITE", "nobody's")), 180, "Ringing"));
    ASSERT_TRUE(settled());
    EXPECT_TRUE(link->ear.heard().packets.empty());
}

TEST_F(SipAccount, YieldsALinkForWhoWritesFirst)
{
    Incoming invite;
    invite.from = "\"Bob\" <sip:bob@EXAMPLE.org;transport=udp>";
    server.say(invite.text());
    ASSERT_TRUE(alice.until([&] { return !alice.heard.carried.empty(); }));
    EXPECT_EQ(alice.heard.carried[0].first, Device("sip:bob@example.org", "sip:bob@example.org"));
    const auto link = alice.take_carried();
    EXPECT_EQ(link->describe()["remote"], "sip:bob@example.org;transport=udp");
    link->path.open(link->ear);
    ASSERT_TRUE(link->ear.wait_for_packets(1));
    const Message heard = Message::read(std::string(as_text(link->ear.heard().packets[0])));
    EXPECT_EQ(heard.method(), "INVITE");
    EXPECT_EQ(heard.top_via(), "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKin1;rport=" +
                                   std::to_string(server.address().port) + ";received=127.0.0.1");
    const std::string answer = respond(heard, 180, "Ringing");
    ASSERT_EQ(link->send(answer), JF_OK);
    EXPECT_TRUE(server_heard("SIP/2.0 180 Ringing")) << "back to where it came from";
}

TEST_F(SipAccount, SortsRequestsByTheirCallThenByTheirSender)
{
    server.say(Incoming().text());
    ASSERT_TRUE(alice.until([&] { return !alice.heard.carried.empty(); }));
    const auto bob = alice.take_carried();
    bob->path.open(bob->ear);
    Incoming second; // a new call of the same peer
    second.call_id = "call-2";
    second.branch = "z9hG4bKin2";
    server.say(second.text());
    Incoming other; // the first call, under another name
    other.method = "BYE";
    other.from = "<sip:somebody@example.org>";
    other.to_tag = "at";
    other.branch = "z9hG4bKin3";
    server.say(other.text());
    ASSERT_TRUE(settled());
    EXPECT_TRUE(bob->ear.wait_for_packets(3));
    EXPECT_TRUE(alice.heard.carried.empty());
}

TEST_F(SipAccount, TakesACallThatWeBeganForOurs)
{
    const auto link = alice.carry("sip:bob@example.org");
    link->path.open(link->ear);
    ASSERT_EQ(link->send(outgoing("INVITE", "our-call")), JF_OK);
    ASSERT_TRUE(server_heard("INVITE sip:bob"));
    Incoming bye;
    bye.method = "BYE";
    bye.call_id = "our-call";
    bye.to_tag = "at";
    bye.from = "<sip:bob-at-his-desk@example.org>"; // a proxy may have changed it
    server.say(bye.text());
    EXPECT_TRUE(alice.until([&] { return link->ear.heard().packets.size() == 1; }));
}

TEST_F(SipAccount, ForgetsTheCallsOfALinkThatWasReleased)
{
    server.say(Incoming().text());
    ASSERT_TRUE(alice.until([&] { return !alice.heard.carried.empty(); }));
    alice.take_carried().reset();
    Incoming bye;
    bye.method = "BYE";
    bye.to_tag = "at";
    server.say(bye.text());
    EXPECT_TRUE(server_heard("SIP/2.0 481 "));
    server.say(Incoming().text());
    EXPECT_TRUE(alice.until([&] { return !alice.heard.carried.empty(); })) << "it may begin anew";
}

TEST_F(SipAccount, RefusesWhatBelongsToNoCall)
{
    Incoming bye;
    bye.method = "BYE";
    bye.call_id = "long-gone";
    bye.to_tag = "at";
    server.say(bye.text());
    ASSERT_TRUE(server_heard("SIP/2.0 481 "));
    Incoming ack = bye;
    ack.method = "ACK";
    ack.call_id = "nothing";
    server.say(ack.text());
    ASSERT_TRUE(settled());
    EXPECT_EQ(server.count("Call-ID: nothing"), 0U);
    EXPECT_TRUE(alice.heard.carried.empty());
}

TEST_F(SipAccount, AnswersWhatProxiesAndStrangersAsk)
{
    const std::vector<std::pair<std::string, std::string>> asked{
        {"OPTIONS", "200"}, {"REGISTER", "405"}, {"SUBSCRIBE", "489"}, {"PUBLISH", "489"}, {"NOTIFY", "481"},
        {"REFER", "405"},   {"CANCEL", "481"},   {"INFO", "481"},      {"JUMP", "501"}};
    for (const auto& [method, code] : asked) {
        Incoming request;
        request.method = method;
        request.call_id = "asked-" + method;
        server.say(request.text());
        ASSERT_TRUE(server_heard("Call-ID: asked-" + method)) << method;
        const std::string answer = server.last("Call-ID: asked-" + method);
        EXPECT_TRUE(answer.starts_with("SIP/2.0 " + code + " ")) << method << "\n" << answer;
    }
    EXPECT_NE(server.last("SIP/2.0 200 OK").find("Allow: INVITE"), std::string::npos);
    EXPECT_TRUE(alice.heard.carried.empty());
}

TEST_F(SipAccount, AnswersTheSameRequestTheSame)
{
    Incoming options;
    options.method = "OPTIONS";
    for (int i = 0; i < 2; ++i)
        server.say(options.text());
    ASSERT_TRUE(server_heard("SIP/2.0 200", 2));
    EXPECT_EQ(server.heard()[server.heard().size() - 1], server.heard()[server.heard().size() - 2]);
}

TEST_F(SipAccount, SaysThatItIsNotThereIfNobodyKeepsTheLink)
{
    server.say(Incoming().text());
    ASSERT_TRUE(alice.until([&] { return !alice.heard.carried.empty(); }));
    // The record keeps it. A listener of an older kernel has no ear for it:
    AccountUnderTest deaf(alice_at(server));
    static const jf_discovery_listener_methods old{
        offsetof(jf_discovery_listener_methods, carried),       0,
        [](void*, const jf_device*, const jf_call_message*) {}, [](void*, std::uint32_t, jf_text) {},
        [](void*, const jf_device*, std::int32_t) {},           nullptr};
    deaf.start_with({&old, nullptr});
    deaf.announce();
    ASSERT_TRUE(deaf.until([&] { return deaf.announced.calls == 1; }));
    Incoming invite;
    invite.call_id = "to-the-deaf";
    server.say(invite.text());
    ASSERT_TRUE(deaf.until([&] { return server.count("Call-ID: to-the-deaf") == 1; }));
    EXPECT_TRUE(server.last("to-the-deaf").starts_with("SIP/2.0 480 "));
}

TEST_F(SipAccount, HearsNobodyButItsProxy)
{
    server.say_from_elsewhere(Incoming().text());
    ASSERT_TRUE(settled());
    EXPECT_TRUE(alice.heard.carried.empty());
}

TEST_F(SipAccount, DropsWhatIsNoMessage)
{
    Incoming two_calls;
    two_calls.more = "Call-ID: another\r\n";
    Incoming longer;
    longer.more = "Content-Length: 99\r\n";
    Incoming other_method;
    std::string crossed = other_method.text();
    crossed.replace(crossed.find("CSeq: 1 INVITE"), 14, "CSeq: 1 BYE");
    std::string no_end = Incoming().text();
    no_end.resize(no_end.size() - 2);
    for (const std::string& nonsense :
         {std::string("hello, world"), two_calls.text(), longer.text(), crossed, no_end,
          std::string("INVITE sip:alice@example.net SIP/2.0\r\n\r\n"), std::string(60'000, 'x'),
          "INVITE sip:a@b SIP/2.0\r\n" + std::string(20'000, 'y') + "\r\n\r\n"})
        server.say(nonsense);
    ASSERT_TRUE(settled());
    EXPECT_TRUE(alice.heard.carried.empty());
    EXPECT_EQ(server.heard().size(), 2U) << server.heard()[1];
}

TEST_F(SipAccount, KeepsWhatArrivesUntilTheLinkIsOpened)
{
    Incoming message;
    message.method = "MESSAGE";
    for (int i = 0; i < 5; ++i) {
        message.call_id = "text-" + std::to_string(i);
        server.say(message.text());
    }
    ASSERT_TRUE(settled());
    ASSERT_EQ(alice.heard.carried.size(), 1U);
    const auto link = alice.take_carried();
    link->path.open(link->ear);
    EXPECT_TRUE(link->ear.wait_for_packets(5));
}

TEST_F(SipAccount, AnswersAChallengeOnceForEachRequest)
{
    const auto link = alice.carry("sip:bob@example.org");
    const std::string asks = "Digest realm=\"example.net\", nonce=\"abc\", qop=\"auth,auth-int\", algorithm=SHA-256";
    const std::string first = link->view.answer_challenge(asks, "INVITE", "sip:bob@example.org", as_bytes("v=0"));
    EXPECT_NE(first.find("nc=00000001"), std::string::npos);
    const std::string second = link->view.answer_challenge(asks, "INVITE", "sip:carol@example.org", as_bytes("v=0"));
    EXPECT_NE(second.find("nc=00000002"), std::string::npos) << "the nonce has been used once";
    const auto fails_with = [&](const std::string& challenge, Status status) {
        try {
            link->view.answer_challenge(challenge, "INVITE", "sip:bob@example.org", as_bytes("v=0"));
            ADD_FAILURE() << challenge;
        } catch (const Failure& failure) {
            EXPECT_EQ(failure.status(), status) << failure.what();
        }
    };
    fails_with(asks, JF_UNAUTHENTICATED);
    fails_with("Basic realm=\"example.net\"", JF_UNSUPPORTED);
    fails_with("Digest realm=\"example.net\", nonce=\"abc\", algorithm=FUTURE", JF_UNSUPPORTED);
    EXPECT_NO_THROW(
        link->view.answer_challenge(asks + ", stale=true", "INVITE", "sip:bob@example.org", as_bytes("v=0")));
}

TEST_F(SipAccount, EndsItsLinksWhenItStops)
{
    const auto link = alice.carry("sip:bob@example.org");
    link->path.open(link->ear);
    alice.stop();
    ASSERT_TRUE(alice.until([&] { return alice.stopped.calls == 1; }));
    ASSERT_TRUE(link->ear.wait([](const auto& heard) { return heard.closed == 1; }));
    EXPECT_EQ(link->send(outgoing("BYE", "our-call")), JF_CLOSED);
    EXPECT_THROW(alice.carry("sip:carol@example.org"), Failure);
}

class SipAccountForAnyone : public SipAccount {
protected:
    SipAccountForAnyone() : SipAccount(Over::udp, {{"accept_from", "anyone"}}) {}
};

TEST_F(SipAccountForAnyone, HearsStrangersAndAnswersThem)
{
    server.say_from_elsewhere(Incoming().text());
    ASSERT_TRUE(alice.until([&] { return !alice.heard.carried.empty(); }));
    const auto link = alice.take_carried();
    link->path.open(link->ear);
    ASSERT_TRUE(link->ear.wait_for_packets(1));
    EXPECT_NE(as_text(link->ear.heard().packets[0]).find("received=127.0.0.2"), std::string::npos);
}

TEST_F(SipAccountForAnyone, TakesResponsesFromItsProxyAlone)
{
    const auto link = alice.carry("sip:bob@example.org");
    link->path.open(link->ear);
    const std::string invite = outgoing("INVITE", "our-call");
    ASSERT_EQ(link->send(invite), JF_OK);
    ASSERT_TRUE(server_heard("INVITE sip:bob"));
    server.say_from_elsewhere(respond(Message::read(invite), 200, "OK"));
    ASSERT_TRUE(settled());
    EXPECT_TRUE(link->ear.heard().packets.empty());
}

} // namespace
} // namespace discovery_sip::testing
