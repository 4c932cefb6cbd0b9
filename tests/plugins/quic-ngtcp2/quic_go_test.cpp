// Against another QUIC and another TLS (quic-go): handshakes with certificates both ways, the name of the protocol,
// channels of both kinds, refusals, and ends.
#include "quic_go.hpp"
#include "quic_pair.hpp"

#include <fstream>

namespace jackfield::quic_test {
namespace {

/// Our plugin at one end, quic-go at the other.
class QuicGoPeer : public ::testing::Test {
protected:
    QuicGoPeer()
    {
        ours.provide_to(host);
        instance.emplace(host, JACKFIELD_TEST_PLUGIN_DIR, "quic-ngtcp2", JF_SECURE_CHANNEL_INTERFACE, "{}");
        relay.emplace(link.path(1));
    }
    ~QuicGoPeer() override
    {
        end.release();
        host.run_pending();
    }

    std::string file(const std::string& name, const std::string& content) const
    {
        std::ofstream(folder.path() + "/" + name) << content;
        return folder.path() + "/" + name;
    }
    void begin(const std::string& role, const std::string& protocol, const Device& shown_by_us)
    {
        std::vector<std::string> words{role, protocol, file("chain.pem", theirs.device().chain_pem),
                                       file("key.pem", theirs.service().private_key_pem()),
                                       file("expected.pem", shown_by_us.chain_pem)};
        if (role == "client")
            words.push_back(std::to_string(relay->port()));
        peer.emplace(words);
    }

    /// quic-go is the server; we are its client.
    void meet_a_server(const std::string& protocol, const std::optional<Device>& shown_by_us = {})
    {
        begin("server", protocol, shown_by_us.value_or(ours.device()));
        ASSERT_TRUE(until([&] { return peer->said("listening ") && peer->said("\n"); })) << peer->said();
        relay->go_to(static_cast<std::uint16_t>(std::stoi(peer->said().substr(10))));
        end.open(*instance, link.path(0), true, theirs.device());
    }
    void meet_a_client(const std::string& protocol)
    {
        end.open(*instance, link.path(0), false, theirs.device());
        begin("client", protocol, ours.device());
    }

    bool until(const std::function<bool()>& done) { return host.run_until(done, std::chrono::seconds(20)); }

    FakeHost host;
    testing::TestIdentity ours, theirs;
    testing::TemporaryFolder folder;
    std::optional<Instance> instance;
    MemoryLink link{JF_DATAGRAM, 1500, 100'000};
    std::map<std::string, PathEar> ears;
    std::optional<QuicGo> peer;
    std::optional<Relay> relay;
    End end;
};

TEST_F(QuicGoPeer, AsServerProvesItselfAndGivesBackWhatChannelsCarry)
{
    meet_a_server("jackfield/1");
    ASSERT_TRUE(until([&] { return end.ready(); })) << (end.failure ? end.failure->text : peer->said());
    end.ask("bytes", JF_STREAM);
    end.ask("datagrams", JF_DATAGRAM);
    ASSERT_TRUE(until([&] { return end.channels.size() == 2; })) << peer->said();
    for (const std::string name : {"bytes", "datagrams"})
        end.path(name).open(ears[name]);

    const Bytes sent = pattern(300'000, 1);
    ASSERT_TRUE(send_all(end.path("bytes"), ears["bytes"], sent));
    ASSERT_TRUE(ears["bytes"].wait([&](const auto& heard) { return heard.bytes >= sent.size(); }));
    EXPECT_EQ(ears["bytes"].heard().stream(), sent);

    for (std::size_t i = 0; i < 20; ++i) {
        const Bytes datagram = pattern(1 + i * 50, static_cast<unsigned>(i));
        ASSERT_EQ(end.path("datagrams").send(datagram), JF_OK);
        ASSERT_TRUE(ears["datagrams"].wait([&](const auto& heard) { return heard.packets.size() == i + 1; })) << i;
        EXPECT_EQ(ears["datagrams"].heard().packets[i], datagram);
    }
    EXPECT_TRUE(peer->said("secured jackfield/1\n")) << peer->said();
    EXPECT_TRUE(peer->said("asked 1 bytes flow 1\n")) << peer->said();
    EXPECT_TRUE(peer->said("asked 2 datagrams flow 3\n")) << peer->said();
}

TEST_F(QuicGoPeer, AsServerDeclinesAnswersSignsOfLifeAndHearsOfTheEnd)
{
    meet_a_server("jackfield/1");
    ASSERT_TRUE(until([&] { return end.ready(); })) << peer->said();
    end.ask("unwanted", JF_STREAM);
    ASSERT_TRUE(until([&] { return end.channels.contains("unwanted"); })) << "before the peer has answered";
    end.path("unwanted").open(ears["unwanted"]);
    ASSERT_TRUE(ears["unwanted"].wait([](const auto& heard) { return heard.closed == 1; })) << peer->said();
    EXPECT_EQ(ears["unwanted"].heard().status, JF_REFUSED);
    std::optional<Status> alive;
    end.ping(std::chrono::seconds(10), alive);
    ASSERT_TRUE(until([&] { return alive.has_value(); }));
    EXPECT_EQ(*alive, JF_OK);
    end.release();
    EXPECT_TRUE(until([&] { return peer->said("ended Application error 0x0"); })) << peer->said();
}

TEST_F(QuicGoPeer, AsClientGetsBackWhatItSendsAndIsDeclined)
{
    meet_a_client("jackfield/1");
    ASSERT_TRUE(until([&] { return end.requests.contains("bytes"); }))
        << peer->said() << (end.failure ? end.failure->text : "");
    EXPECT_EQ(end.requests["bytes"].kind, JF_STREAM);
    ASSERT_EQ(end.accept("bytes"), JF_OK);
    end.path("bytes").open(ears["bytes"]);
    ASSERT_TRUE(ears["bytes"].wait([](const auto& heard) { return heard.bytes >= 320'000; })) << peer->said();
    ASSERT_TRUE(send_all(end.path("bytes"), ears["bytes"], ears["bytes"].heard().stream()));

    ASSERT_TRUE(until([&] { return end.requests.contains("datagrams"); })) << peer->said();
    EXPECT_EQ(end.requests["datagrams"].kind, JF_DATAGRAM);
    ASSERT_EQ(end.accept("datagrams"), JF_OK);
    end.path("datagrams").open(ears["datagrams"]);
    for (std::size_t i = 0; i < 20; ++i) {
        ASSERT_TRUE(ears["datagrams"].wait([&](const auto& heard) { return heard.packets.size() == i + 1; }))
            << i << peer->said();
        ASSERT_EQ(end.path("datagrams").send(ears["datagrams"].heard().packets[i]), JF_OK);
    }
    ASSERT_TRUE(until([&] { return end.requests.contains("unwanted"); })) << peer->said();
    end.decline("unwanted");
    ASSERT_TRUE(until([&] { return end.closed.size() == 1; })) << peer->said();
    EXPECT_EQ(end.closed[0], JF_CLOSED);
    EXPECT_TRUE(until([&] { return peer->said("ended in order\n"); }));
    EXPECT_EQ(peer->said(), "secured jackfield/1\nbytes 320000 true\ndatagrams 20\ndeclined 1\nended in order\n");
}

TEST_F(QuicGoPeer, AsServerOfAnotherProtocolIsRefusedWithWords)
{
    meet_a_server("jackfield/2");
    ASSERT_TRUE(until([&] { return end.failure.has_value(); })) << peer->said();
    EXPECT_FALSE(end.secured());
    EXPECT_EQ(end.failure->status, JF_REFUSED);
    EXPECT_NE(std::string(end.failure->text).find("no_application_protocol"), std::string::npos) << end.failure->text;
}

TEST_F(QuicGoPeer, AsClientOfAnotherProtocolIsRefusedWithWords)
{
    meet_a_client("jackfield/2");
    ASSERT_TRUE(until([&] { return end.failure.has_value() && peer->said("ended "); })) << peer->said();
    EXPECT_FALSE(end.secured());
    EXPECT_EQ(end.failure->status, JF_UNSUPPORTED);
    EXPECT_NE(std::string(end.failure->text).find("no_application_protocol"), std::string::npos) << end.failure->text;
    EXPECT_TRUE(peer->said("no application protocol")) << peer->said();
}

TEST_F(QuicGoPeer, ThatDoesNotWantOurCertificateIsHeard)
{
    meet_a_server("jackfield/1", theirs.device());
    ASSERT_TRUE(until([&] { return end.failure.has_value() || !end.closed.empty(); })) << peer->said();
    EXPECT_EQ(end.failure ? end.failure->status : end.closed[0], JF_REFUSED);
    EXPECT_FALSE(peer->said("secured")) << peer->said();
}

} // namespace
} // namespace jackfield::quic_test
