// Over a connection, by TCP and TLS: framing, its end and its return, whom a certificate names (RFC 3261 section 18.3,
// RFC 5922).
//
// Threads: the test's thread is control; the server has its own.
#include "account_under_test.hpp"
#include "test_certificate.hpp"

#include "tests/kernel/temporary_folder.hpp"

#include <jackfield/testing/free_port.hpp>

#include <fstream>

namespace discovery_sip::testing {
namespace {

std::string take_anybody(const Message& request)
{
    return request.method() == "REGISTER" ? bind(request, 600) : "";
}

class SipConnection : public ::testing::Test {
protected:
    SipConnection() : server(Over::tcp, take_anybody), alice(alice_at(server, {{"transport", "tcp"}}))
    {
        EXPECT_TRUE(alice.begin());
        EXPECT_EQ(alice.announced.status, JF_OK) << alice.announced.text;
    }
    static Incoming over_tcp(const std::string& call_id)
    {
        Incoming request;
        request.via = "SIP/2.0/TCP 192.0.2.1";
        request.call_id = call_id;
        return request;
    }
    bool again_online(std::size_t connections)
    {
        return alice.until([&] { return alice.online() && server.connections() == connections; });
    }

    ScriptedServer server;
    AccountUnderTest alice;
};

TEST_F(SipConnection, RegistersTheConnectionItself)
{
    const std::string registered = server.heard().front();
    const Message message = Message::read(registered);
    const std::string sent_by = message.top_via().substr(12, message.top_via().find(';') - 12);
    EXPECT_EQ(message.value("Contact"), "<sip:alice@" + sent_by + ";transport=tcp>;expires=600");
    EXPECT_EQ(server.heard().size(), 1U);
    EXPECT_EQ(server.connections(), 1U);
    EXPECT_EQ(alice.carry("sip:bob@example.org")->path.describe().reliable, 1U);
}

TEST_F(SipConnection, ReadsMessagesHoweverTheyAreCut)
{
    std::string all;
    for (int i = 0; i < 3; ++i)
        all += over_tcp("cut-" + std::to_string(i)).text() + (i == 1 ? "\r\n\r\n" : "");
    for (const char byte : all)
        server.say(std::string(1, byte));
    ASSERT_TRUE(alice.until([&] { return !alice.heard.carried.empty(); }));
    const auto link = alice.take_carried();
    link->path.open(link->ear);
    EXPECT_TRUE(alice.until([&] { return link->ear.heard().packets.size() == 3; }));
    server.say(over_tcp("whole-1").text() + over_tcp("whole-2").text());
    EXPECT_TRUE(alice.until([&] { return link->ear.heard().packets.size() == 5; }));
}

TEST_F(SipConnection, LeavesAServerThatBreaksTheFraming)
{
    std::string without = over_tcp("framed").text();
    without.erase(without.find("Content-Length"), 19);
    std::size_t made = 1;
    for (const std::string& broken :
         {without, "INVITE " + std::string(20'000, 'x'),
          "INVITE sip:a@b SIP/2.0\r\nContent-Length: 70000\r\n\r\n" + std::string(10, 'x')}) {
        const std::size_t told = alice.heard.details.size();
        server.say(broken);
        ASSERT_TRUE(alice.until([&] { return alice.heard.details.size() > told; }));
        EXPECT_NE(alice.heard.details[told].find("does not speak SIP"), std::string::npos) << alice.heard.details[told];
        EXPECT_EQ(alice.heard.states[told], static_cast<std::uint32_t>(JF_OFFLINE));
        ASSERT_TRUE(again_online(++made));
    }
}

TEST_F(SipConnection, RegistersAgainWhenTheServerClosesAndKeepsItsLinks)
{
    const auto link = alice.carry("sip:bob@example.org");
    link->path.open(link->ear);
    const Json before = link->describe();
    server.drop_connections();
    ASSERT_TRUE(again_online(2));
    EXPECT_EQ(server.count("REGISTER"), 2U);
    EXPECT_EQ(server.count("Contact: <" + before["contact"].get<std::string>() + ">;expires=0"), 1U)
        << "the old binding goes";
    EXPECT_NE(link->describe()["contact"], before["contact"]);
    EXPECT_EQ(link->ear.heard().closed, 0);
    EXPECT_EQ(link->send(outgoing("INVITE", "our-call")), JF_OK);
    EXPECT_TRUE(alice.until([&] { return server.count("INVITE sip:bob") == 1; }));
}

TEST_F(SipConnection, TakesWhatIsSentWhileTheConnectionIsBeingMade)
{
    const auto link = alice.carry("sip:bob@example.org");
    alice.network_changed();
    EXPECT_EQ(link->send(outgoing("INVITE", "our-call")), JF_OK);
    EXPECT_TRUE(alice.until([&] { return server.count("INVITE sip:bob") == 1; }));
    EXPECT_EQ(server.connections(), 2U);
}

TEST(SipBackPressure, LetsAWriterWaitAndTellsItWhenThereIsRoom)
{
    ScriptedServer server(Over::tcp); // speaks no TLS: the connection is being made until it goes
    AccountUnderTest alice(alice_at(server, {{"transport", "tls"}}), Clock::manual);
    alice.start();
    ASSERT_TRUE(alice.until([&] { return server.connections() == 1; }));
    const auto link = alice.carry("sip:bob@example.org");
    const auto other = alice.carry("sip:carol@example.org");
    link->path.open(link->ear);
    other->path.open(other->ear);
    std::string large = outgoing("MESSAGE", "large");
    large.replace(large.find("Content-Length: 0"), 17, "X: " + std::string(10'000, 'x') + "\r\nContent-Length: 0");
    EXPECT_THROW(link->describe(), Failure) << "nobody knows yet where we are";
    std::size_t sent = 0;
    while (link->send(large) == JF_OK)
        ++sent;
    EXPECT_EQ(sent, 256 * 1024 / large.size());
    EXPECT_EQ(link->send(large), JF_WOULD_BLOCK);
    server.drop_connections(); // what waited is lost
    ASSERT_TRUE(alice.until([&] { return alice.offline() && link->ear.heard().writable == 1; }));
    EXPECT_EQ(other->ear.heard().writable, 0) << "it did not wait";
    EXPECT_EQ(link->send(large), JF_UNREACHABLE);
}

TEST_F(SipConnection, SaysWhereNobodyAnswers)
{
    const auto link = alice.carry("sip:bob@example.org");
    Json config = alice_at(server, {{"transport", "tcp"}});
    config["registrar"] = "127.0.0.1:" + std::to_string(free_port(SOCK_STREAM));
    AccountUnderTest nobody(config, Clock::manual);
    ASSERT_TRUE(nobody.begin());
    EXPECT_EQ(nobody.announced.status, JF_UNREACHABLE);
    EXPECT_NE(nobody.detail().find("Connection refused"), std::string::npos) << nobody.detail();
    EXPECT_EQ(nobody.carry("sip:bob@example.org")->send(outgoing("INVITE", "c")), JF_UNREACHABLE);
}

TEST_F(SipConnection, WaitsForAServerThatComesLater)
{
    Json config = alice_at(server, {{"transport", "tcp"}});
    const std::uint16_t port = free_port(SOCK_STREAM);
    config["registrar"] = "127.0.0.1:" + std::to_string(port);
    AccountUnderTest late(config, Clock::manual);
    ASSERT_TRUE(late.begin());
    ScriptedServer there(Over::tcp, take_anybody, port);
    late.host.advance(*late.host.next_timer_in());
    EXPECT_TRUE(late.until([&] { return late.online(); })) << late.detail();
}

TEST(SipKeepAlive, PingsOverEveryTransport)
{
    for (const Over over : {Over::udp, Over::tcp}) {
        ScriptedServer server(over, take_anybody);
        AccountUnderTest alice(
            alice_at(server, {{"transport", over == Over::udp ? "udp" : "tcp"}, {"keepalive_s", 1}}));
        ASSERT_TRUE(alice.begin());
        EXPECT_TRUE(alice.until([&] { return server.empty_lines() >= 1; }));
        EXPECT_TRUE(alice.online());
    }
}

class SipOverTls : public ::testing::Test {
protected:
    std::string written(const std::string& name, const std::string& text) const
    {
        const std::string file = (folder_.path() / name).string();
        std::ofstream(file) << text;
        return file;
    }
    /// How a registration over TLS at a server with that certificate ends.
    std::string outcome(const TestCertificate& certificate, const Json& more = Json::object(),
                        const TestCertificate* trusted = nullptr)
    {
        ScriptedServer server(Over::tls, take_anybody, 0, certificate.certificate_pem() + certificate.key_pem());
        Json config =
            alice_at(server, {{"transport", "tls"},
                              {"ca_file", written("ca.pem", (trusted ? *trusted : certificate).certificate_pem())}});
        config.update(more);
        AccountUnderTest alice(config, Clock::manual);
        EXPECT_TRUE(alice.begin());
        return alice.announced.status == JF_OK ? "registered" : alice.announced.text;
    }

    jackfield::test::TemporaryFolder folder_;
};

TEST_F(SipOverTls, RegistersAtAServerThatIsWhoItShouldBe)
{
    EXPECT_EQ(outcome(TestCertificate("x", "IP:127.0.0.1")), "registered");
    EXPECT_EQ(outcome(TestCertificate("x", "URI:sip:example.net"), {{"server_name", "Example.NET"}}), "registered");
}

TEST_F(SipOverTls, RefusesAServerOfAnotherName)
{
    const std::string text = outcome(TestCertificate("127.0.0.1", "DNS:example.org,IP:127.0.0.2"));
    EXPECT_NE(text.find("names another than 127.0.0.1"), std::string::npos) << text;
}

TEST_F(SipOverTls, RefusesACertificateThatNobodySigned)
{
    const TestCertificate other("x", "IP:127.0.0.1");
    const std::string text = outcome(TestCertificate("x", "IP:127.0.0.1"), Json::object(), &other);
    EXPECT_NE(text.find("is not trusted"), std::string::npos) << text;
}

TEST_F(SipOverTls, RefusesACertificateThatHasExpired)
{
    const std::string text = outcome(TestCertificate("x", "IP:127.0.0.1", -3600));
    EXPECT_NE(text.find("expired"), std::string::npos) << text;
}

TEST_F(SipOverTls, TakesAnyServerForExperimentsOnly)
{
    EXPECT_EQ(outcome(TestCertificate("x", "DNS:example.org"), {{"verify", false}}), "registered");
}

TEST_F(SipOverTls, DoesNotRegisterInClear)
{
    ScriptedServer server(Over::tcp, take_anybody); // speaks no TLS
    AccountUnderTest alice(alice_at(server, {{"transport", "tls"}}), Clock::manual);
    alice.start();
    alice.announce();
    EXPECT_TRUE(alice.until([&] { return server.connections() == 1; }));
    EXPECT_TRUE(server.heard().empty());
}

} // namespace
} // namespace discovery_sip::testing
