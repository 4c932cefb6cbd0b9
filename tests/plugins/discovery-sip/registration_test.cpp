// Registering, renewing, removing, and whatever a registrar may say to that (RFC 3261 section 10.2, RFC 7616).
//
// Threads: the test's thread is control; the server has its own. With a clock that the test turns, timers are exact.
#include "account_under_test.hpp"

#include <shared/sip/header_value.hpp>

namespace discovery_sip::testing {
namespace {

const std::string kAsks = "Digest realm=\"example.net\", nonce=\"n1\", qop=\"auth\", algorithm=MD5";

ScriptedServer::Script with_password(const std::string& challenge_value = kAsks, int expires_s = 600)
{
    return [=](const Message& request) {
        return knows_password(request, "secret") ? bind(request, expires_s) : challenge(request, challenge_value);
    };
}

std::string contact_of(const std::string& message)
{
    return std::string(shared_sip::address_of(Message::read(message).value("Contact")));
}

TEST(SipRegistration, RegistersWithAPasswordAndSaysWhere)
{
    ScriptedServer server(Over::udp, with_password());
    AccountUnderTest alice(alice_at(server));
    ASSERT_TRUE(alice.begin());
    EXPECT_EQ(alice.announced.status, JF_OK) << alice.announced.text;
    EXPECT_TRUE(alice.online());
    const auto heard = server.heard();
    ASSERT_EQ(heard.size(), 2U);
    const Message first = Message::read(heard[0]);
    const Message second = Message::read(heard[1]);
    EXPECT_EQ(first.uri(), "sip:example.net");
    EXPECT_EQ(first.call_id(), second.call_id());
    EXPECT_EQ(first.cseq() + 1, second.cseq());
    EXPECT_NE(first.branch(), second.branch());
    EXPECT_EQ(contact_of(heard[1]), "sip:alice@" + server.peer().text());
    EXPECT_EQ(credential(second, "nc"), "00000001");
    const Json state = alice.describe();
    EXPECT_EQ(state["contact"], "sip:alice@" + server.peer().text());
    EXPECT_EQ(state["expires_s"], 600);
    EXPECT_EQ(state["state"], "online");
    EXPECT_EQ(state["transport"], "udp");
}

TEST(SipRegistration, SaysNothingOfItsStateInsideStart)
{
    ScriptedServer server(Over::udp);
    AccountUnderTest alice(alice_at(server));
    alice.start();
    EXPECT_TRUE(alice.heard.states.empty());
    ASSERT_TRUE(alice.until([&] { return alice.online(); }));
    EXPECT_NE(alice.detail().find("not registered"), std::string::npos);
    EXPECT_TRUE(server.heard().empty());
}

TEST(SipRegistration, StopsAskingWhenThePasswordIsWrong)
{
    ScriptedServer server(Over::udp, [](const Message& request) { return challenge(request, kAsks); });
    AccountUnderTest alice(alice_at(server), Clock::manual);
    ASSERT_TRUE(alice.begin());
    EXPECT_EQ(alice.announced.status, JF_UNAUTHENTICATED);
    EXPECT_TRUE(alice.offline());
    EXPECT_NE(alice.detail().find("refuses the password of alice"), std::string::npos) << alice.detail();
    EXPECT_EQ(server.heard().size(), 2U);
    EXPECT_EQ(alice.host.timer_count(), 0U) << "it will ask again";
    server.script(with_password());
    alice.network_changed();
    EXPECT_TRUE(alice.until([&] { return alice.online(); })) << alice.detail();
}

TEST(SipRegistration, DoesNotAskAgainAfterAWrongPasswordWhateverBreaks)
{
    ScriptedServer server(Over::tcp, [](const Message& request) { return challenge(request, kAsks); });
    AccountUnderTest alice(alice_at(server, {{"transport", "tcp"}}), Clock::manual);
    ASSERT_TRUE(alice.begin());
    const std::string told = alice.detail();
    server.drop_connections();
    const auto link = alice.carry("sip:bob@example.org");
    ASSERT_TRUE(alice.until([&] { return link->send(outgoing("INVITE", "c")) == JF_UNREACHABLE; }));
    EXPECT_EQ(alice.host.timer_count(), 0U) << "it will connect again";
    EXPECT_EQ(alice.detail(), told);
    alice.announce();
    ASSERT_TRUE(alice.until([&] { return alice.announced.calls == 2; }));
    EXPECT_EQ(alice.announced.status, JF_UNAUTHENTICATED);
}

TEST(SipRegistration, AnswersAStaleNonceWithTheNewOne)
{
    ScriptedServer server(Over::udp, [](const Message& request) {
        if (credential(request, "nonce") == "fresh")
            return bind(request, 600);
        const bool old = credential(request, "nonce") == "n1";
        return challenge(request,
                         old ? "Digest realm=\"example.net\", nonce=\"fresh\", stale=TRUE, qop=\"auth\"" : kAsks);
    });
    AccountUnderTest alice(alice_at(server));
    ASSERT_TRUE(alice.begin());
    EXPECT_EQ(alice.announced.status, JF_OK) << alice.announced.text;
    EXPECT_EQ(server.heard().size(), 3U);
}

TEST(SipRegistration, GivesUpOnAServerForWhichEveryNonceIsStale)
{
    ScriptedServer server(Over::udp, [number = 0](const Message& request) mutable {
        return challenge(request, "Digest realm=\"example.net\", nonce=\"n" + std::to_string(++number) +
                                      "\", stale=true, qop=\"auth\"");
    });
    AccountUnderTest alice(alice_at(server), Clock::manual);
    ASSERT_TRUE(alice.begin());
    EXPECT_NE(alice.announced.status, JF_OK);
    EXPECT_EQ(server.heard().size(), 8U);
}

TEST(SipRegistration, TakesTheStrongestSchemeOfThoseItKnows)
{
    ScriptedServer server(Over::udp, [](const Message& request) {
        if (credential(request, "algorithm") == "SHA-512-256" && knows_password(request, "secret"))
            return bind(request, 600);
        const std::string rest = ", realm=\"example.net\", nonce=\"n1\", qop=\"auth\"\r\n";
        return respond(request, 401, "Unauthorized",
                       "WWW-Authenticate: Digest algorithm=MD5" + rest + "WWW-Authenticate: Digest algorithm=FUTURE" +
                           rest + "WWW-Authenticate: Digest algorithm=SHA-512-256" + rest +
                           "WWW-Authenticate: Digest algorithm=SHA-256" + rest);
    });
    AccountUnderTest alice(alice_at(server));
    ASSERT_TRUE(alice.begin());
    EXPECT_EQ(alice.announced.status, JF_OK) << alice.announced.text;
}

TEST(SipRegistration, GivesCredentialsToNoOtherRealmThanThatOfTheConfiguration)
{
    ScriptedServer server(Over::udp, with_password());
    AccountUnderTest alice(alice_at(server, {{"realm", "elsewhere"}}), Clock::manual);
    ASSERT_TRUE(alice.begin());
    EXPECT_EQ(alice.announced.status, JF_UNSUPPORTED);
    EXPECT_EQ(server.count("Authorization:"), 0U);
}

TEST(SipRegistration, SaysThatItHasNoPasswordWhereOneIsAskedFor)
{
    ScriptedServer server(Over::udp, with_password());
    Json config = alice_at(server);
    config.erase("password");
    AccountUnderTest alice(config, Clock::manual);
    ASSERT_TRUE(alice.begin());
    EXPECT_EQ(alice.announced.status, JF_UNAUTHENTICATED);
    EXPECT_NE(alice.detail().find("the configuration has none"), std::string::npos) << alice.detail();
}

TEST(SipRegistration, AsksForAsLongAsTheRegistrarWants)
{
    ScriptedServer server(Over::udp, [](const Message& request) {
        return request.value("Expires") == "1800"
                   ? bind(request, 1800)
                   : respond(request, 423, "Interval Too Brief", "Min-Expires: 1800\r\n");
    });
    AccountUnderTest alice(alice_at(server));
    ASSERT_TRUE(alice.begin());
    EXPECT_EQ(alice.announced.status, JF_OK) << alice.announced.text;
    EXPECT_EQ(alice.describe()["expires_s"], 1800);
    EXPECT_EQ(server.heard().size(), 2U);
}

TEST(SipRegistration, DoesNotArgueWithARegistrarThatWantsNoLongerInterval)
{
    ScriptedServer server(Over::udp, [](const Message& request) {
        return respond(request, 423, "Interval Too Brief", "Min-Expires: 60\r\n");
    });
    AccountUnderTest alice(alice_at(server), Clock::manual);
    ASSERT_TRUE(alice.begin());
    EXPECT_EQ(alice.announced.status, JF_REFUSED);
    EXPECT_EQ(server.heard().size(), 1U);
}

TEST(SipRegistration, RenewsAtFourFifthsToNineTenthsOfWhatWasGranted)
{
    ScriptedServer server(Over::udp, with_password(kAsks, 100));
    AccountUnderTest alice(alice_at(server), Clock::manual);
    ASSERT_TRUE(alice.begin());
    ASSERT_EQ(server.heard().size(), 2U);
    const auto due = alice.host.next_timer_in();
    ASSERT_TRUE(due.has_value());
    EXPECT_GE(*due, 80s);
    EXPECT_LE(*due, 90s);
    alice.host.advance(*due);
    ASSERT_TRUE(alice.until([&] { return server.heard().size() == 3; }));
    const Message renewal = Message::read(server.heard().back());
    EXPECT_EQ(credential(renewal, "nc"), "00000002") << "the known nonce, once more";
    EXPECT_EQ(renewal.call_id(), Message::read(server.heard().front()).call_id());
    EXPECT_EQ(renewal.cseq(), Message::read(server.heard()[1]).cseq() + 1);
}

TEST(SipRegistration, RegistersAgainWhereTheServerSeesIt)
{
    ScriptedServer server(Over::udp, [](const Message& request) {
        std::string answer = bind(request, 600);
        answer.replace(answer.find(";rport"), 6, ";rport=40000;received=198.51.100.7");
        return answer;
    });
    AccountUnderTest alice(alice_at(server));
    ASSERT_TRUE(alice.begin());
    EXPECT_EQ(alice.announced.status, JF_OK);
    ASSERT_EQ(server.heard().size(), 2U);
    const Message second = Message::read(server.heard().back());
    const auto contacts = second.elements("Contact");
    ASSERT_EQ(contacts.size(), 2U);
    EXPECT_EQ(contacts[0], "<sip:alice@198.51.100.7:40000>;expires=600");
    EXPECT_EQ(contacts[1], "<sip:alice@" + server.peer().text() + ">;expires=0");
    EXPECT_EQ(alice.describe()["contact"], "sip:alice@198.51.100.7:40000");
    EXPECT_NE(second.top_via().find(server.peer().text()), std::string::npos) << "Via stays where the socket is";
}

TEST(SipRegistration, RepeatsWhatIsNotAnsweredAndSaysSoInTheEnd)
{
    ScriptedServer server(Over::udp);
    AccountUnderTest alice(alice_at(server), Clock::manual);
    alice.start();
    alice.announce();
    ASSERT_TRUE(alice.until([&] { return server.heard().size() == 1; }));
    std::size_t copies = 1;
    for (const auto pause : {500ms, 1000ms, 2000ms, 4000ms, 4000ms}) { // timer E
        alice.host.advance(pause - 1ms);
        alice.host.advance(1ms);
        ++copies;
        ASSERT_TRUE(alice.until([&] { return server.heard().size() == copies; })) << pause.count();
    }
    EXPECT_EQ(server.heard().front(), server.heard().back());
    alice.host.advance(21s); // timer F: 32 s in all
    ASSERT_TRUE(alice.until([&] { return alice.announced.calls == 1; }));
    EXPECT_EQ(alice.announced.status, JF_TIMEOUT);
    EXPECT_NE(alice.detail().find("does not answer"), std::string::npos) << alice.detail();
}

TEST(SipRegistration, TriesAgainWithGrowingPausesAndComesBack)
{
    ScriptedServer server(Over::udp, [](const Message& request) { return respond(request, 500, "Broken"); });
    AccountUnderTest alice(alice_at(server), Clock::manual);
    ASSERT_TRUE(alice.begin());
    EXPECT_EQ(alice.announced.status, JF_REFUSED);
    std::chrono::nanoseconds whole = 1s;
    for (std::size_t attempt = 2; attempt < 12; ++attempt) {
        const auto due = alice.host.next_timer_in();
        ASSERT_TRUE(due.has_value());
        EXPECT_GE(*due, whole / 2) << attempt;
        EXPECT_LE(*due, whole) << attempt;
        whole = std::min<std::chrono::nanoseconds>(2 * whole, 300s);
        alice.host.advance(*due);
        ASSERT_TRUE(alice.until([&] {
            return server.heard().size() == attempt && alice.host.next_timer_in() > 0s && alice.host.timer_count() == 1;
        }));
    }
    server.script(with_password());
    alice.host.advance(*alice.host.next_timer_in()); // and no further: a request's own timers would run with it
    ASSERT_TRUE(alice.until([&] { return alice.online(); }));
}

TEST(SipRegistration, WaitsAsLongAsTheServerAsksFor)
{
    ScriptedServer server(Over::udp, [](const Message& request) {
        return respond(request, 503, "Service Unavailable", "Retry-After: 120 (maintenance);duration=5\r\n");
    });
    AccountUnderTest alice(alice_at(server), Clock::manual);
    ASSERT_TRUE(alice.begin());
    EXPECT_GE(*alice.host.next_timer_in(), 120s);
    EXPECT_NE(alice.detail().find("503 Service Unavailable"), std::string::npos);
    EXPECT_NE(alice.detail().find("in 120 s"), std::string::npos) << alice.detail();
}

TEST(SipRegistration, WaitsLongWhereItIsForbidden)
{
    ScriptedServer server(Over::udp, [](const Message& request) { return respond(request, 403, "Forbidden"); });
    AccountUnderTest alice(alice_at(server), Clock::manual);
    ASSERT_TRUE(alice.begin());
    EXPECT_GE(*alice.host.next_timer_in(), 600s);
}

TEST(SipRegistration, FollowsARedirection)
{
    ScriptedServer there(Over::udp, with_password());
    ScriptedServer here(Over::udp, [&](const Message& request) {
        return respond(request, 302, "Moved", "Contact: <sip:" + there.address().text() + ">\r\n");
    });
    AccountUnderTest alice(alice_at(here));
    ASSERT_TRUE(alice.begin());
    EXPECT_EQ(alice.announced.status, JF_OK) << alice.announced.text;
    EXPECT_EQ(here.heard().size(), 1U);
    EXPECT_EQ(alice.describe()["registrar"], there.address().text());
}

TEST(SipRegistration, LeavesACircleOfRedirections)
{
    ScriptedServer there(Over::udp);
    ScriptedServer here(Over::udp, [to = "Contact: <sip:" + there.address().text() + ">\r\n"](const Message& request) {
        return respond(request, 301, "Moved", to);
    });
    there.script([to = "Contact: <sip:" + here.address().text() + ">\r\n"](const Message& request) {
        return respond(request, 302, "Moved", to);
    });
    AccountUnderTest alice(alice_at(here), Clock::manual);
    ASSERT_TRUE(alice.begin());
    EXPECT_EQ(alice.announced.status, JF_REFUSED);
    EXPECT_LE(here.heard().size() + there.heard().size(), 4U);
    EXPECT_NE(alice.detail().find("nobody there can be asked"), std::string::npos) << alice.detail();
}

TEST(SipRegistration, FollowsNoMoreThanFiveRedirections)
{
    std::vector<std::unique_ptr<ScriptedServer>> servers;
    for (int i = 0; i < 8; ++i)
        servers.push_back(std::make_unique<ScriptedServer>(Over::udp));
    for (std::size_t i = 0; i + 1 < servers.size(); ++i) {
        servers[i]->script([next = servers[i + 1]->address().text()](const Message& request) {
            return respond(request, 302, "Moved", "Contact: <sip:" + next + ">\r\n");
        });
    }
    AccountUnderTest alice(alice_at(*servers[0]), Clock::manual);
    ASSERT_TRUE(alice.begin());
    EXPECT_EQ(alice.announced.status, JF_REFUSED);
    EXPECT_EQ(servers[5]->heard().size(), 1U);
    EXPECT_EQ(servers[6]->heard().size(), 0U);
}

TEST(SipRegistration, IsNotSentToAWeakerTransport)
{
    ScriptedServer server(Over::tcp, [](const Message& request) {
        return respond(request, 302, "Moved", "Contact: <sip:127.0.0.1:9;transport=udp>\r\n");
    });
    AccountUnderTest alice(alice_at(server, {{"transport", "tcp"}}), Clock::manual);
    ASSERT_TRUE(alice.begin());
    EXPECT_EQ(alice.announced.status, JF_REFUSED);
    EXPECT_NE(alice.detail().find("nobody there can be asked"), std::string::npos) << alice.detail();
}

TEST(SipRegistration, RemovesItselfWhenItStops)
{
    ScriptedServer server(Over::udp, with_password());
    AccountUnderTest alice(alice_at(server));
    ASSERT_TRUE(alice.begin());
    alice.stop();
    EXPECT_EQ(alice.stopped.calls, 0);
    ASSERT_TRUE(alice.until([&] { return alice.stopped.calls == 1; }));
    const std::string last = server.heard().back();
    EXPECT_NE(last.find(";expires=0\r\n"), std::string::npos) << last;
    EXPECT_NE(last.find("Expires: 0\r\n"), std::string::npos);
    FindRecord found;
    alice.find(found, "sip:bob@example.org");
    ASSERT_TRUE(alice.until([&] { return found.calls == 1; }));
    EXPECT_EQ(found.status, JF_CLOSED);
}

TEST(SipRegistration, StopsInTimeEvenIfTheServerIsSilent)
{
    ScriptedServer server(Over::udp, with_password());
    AccountUnderTest alice(alice_at(server), Clock::manual);
    ASSERT_TRUE(alice.begin());
    server.script({});
    alice.stop();
    alice.host.advance(1900ms);
    EXPECT_EQ(alice.stopped.calls, 0);
    alice.host.advance(101ms);
    ASSERT_TRUE(alice.until([&] { return alice.stopped.calls == 1; }));
    EXPECT_EQ(alice.stopped.status, JF_OK);
}

TEST(SipRegistration, TakesTheServiceRouteForItsCalls)
{
    ScriptedServer server(Over::udp, [](const Message& request) {
        return bind(request, 600, "Service-Route: <sip:p1.example.net;lr>, <sip:p2.example.net;lr>\r\n");
    });
    AccountUnderTest alice(alice_at(server));
    ASSERT_TRUE(alice.begin());
    const auto link = alice.carry("sip:bob@example.org");
    EXPECT_EQ(link->describe()["routes"], Json({"<sip:p1.example.net;lr>", "<sip:p2.example.net;lr>"}));
}

TEST(SipRegistration, GoesThroughAnOutboundProxy)
{
    ScriptedServer proxy(Over::udp, with_password());
    AccountUnderTest alice({{"aor", "sip:alice@example.net"},
                            {"outbound_proxy", proxy.address().text()},
                            {"password", "secret"},
                            {"keepalive_s", 0}});
    ASSERT_TRUE(alice.begin());
    const std::string route = "<sip:" + proxy.address().text() + ";lr>";
    EXPECT_EQ(Message::read(proxy.heard().back()).value("Route"), route);
    EXPECT_EQ(Message::read(proxy.heard().back()).uri(), "sip:example.net");
    EXPECT_EQ(alice.carry("sip:bob@example.org")->describe()["routes"], Json({route}));
}

} // namespace
} // namespace discovery_sip::testing
