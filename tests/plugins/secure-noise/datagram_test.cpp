// Noise over datagrams: loss, forgery, long chains, and how much a stranger gets out of a responder.
//
// Threads: the test's; time is turned by hand, so that nothing here can wait for a timer unseen.
#include "engines.hpp"

namespace secure_noise {
namespace {

using Kind = jackfield::EngineRead::Kind;

DatagramType type_of(const Bytes& datagram)
{
    return static_cast<DatagramType>(datagram[0]);
}

/// Two ends whose datagrams go where the test sends them.
struct Two {
    explicit Two(const std::string& key = "P-256", std::uint32_t client_mtu = 1200, std::uint32_t server_mtu = 1200)
        : alice(key),
          bob(key),
          client(alice.host.host(), alice.context, alice.role(true, bob, client_mtu), alice.out),
          server(bob.host.host(), bob.context, bob.role(false, alice, server_mtu), bob.out)
    {
        client_progress = client.handshake();
        server_progress = server.handshake();
    }

    void to_client(const Bytes& datagram)
    {
        if (client_progress == HandshakeProgress::more)
            client_progress = feed(client, datagram);
        else
            client_reading = read(client, datagram);
    }
    void to_server(const Bytes& datagram)
    {
        if (server_progress == HandshakeProgress::more)
            server_progress = feed(server, datagram);
        else
            server_reading = read(server, datagram);
    }

    /// Until nobody says anything more. passes: which datagrams arrive.
    void exchange(const std::function<bool(const Bytes&)>& passes = [](const Bytes&) { return true; })
    {
        while (!alice.out.sent.empty() || !bob.out.sent.empty()) {
            const bool from_client = !alice.out.sent.empty();
            const Bytes datagram = (from_client ? alice : bob).out.next();
            ++(from_client ? from_client_count : from_server_count);
            largest = std::max(largest, datagram.size());
            if (!passes(datagram))
                continue;
            from_client ? to_server(datagram) : to_client(datagram);
        }
    }

    void time_out()
    {
        alice.host.advance(*client.retransmit_in());
        client_progress = client.retransmit();
    }

    bool both_done() const
    {
        return client_progress == HandshakeProgress::done && server_progress == HandshakeProgress::done;
    }

    Person alice, bob;
    DatagramClient client;
    DatagramServer server;
    HandshakeProgress client_progress, server_progress;
    Reading client_reading, server_reading;
    int from_client_count = 0, from_server_count = 0;
    std::size_t largest = 0;
};

TEST(Datagrams, AShortChainTakesTwoRoundTrips)
{
    Two two;
    two.exchange();
    EXPECT_TRUE(two.both_done());
    EXPECT_EQ(two.client.info().peer, two.bob.identity.device());
    EXPECT_EQ(two.server.info().peer, two.alice.identity.device());
    EXPECT_EQ(two.from_client_count, 2); // hello, proof
    EXPECT_EQ(two.from_server_count, 2); // answer, confirmation
    EXPECT_FALSE(two.server.retransmit_in()) << "a responder has no timer";
}

TEST(Datagrams, ALongChainInSmallDatagramsNeedsNoTimer)
{
    int asked = 0;
    Two two("RSA", 512, 1200);
    two.exchange(
        [&](const Bytes& datagram) { return asked += type_of(datagram) == DatagramType::go_on ? 1 : 0, true; });
    EXPECT_TRUE(two.both_done());
    EXPECT_EQ(asked, 1) << "the responder stops where it must, and goes on when it is asked";
    EXPECT_LE(two.largest, 512U) << "no answer is larger than the hello was";
}

TEST(Datagrams, AResponderSendsThreeTimesTheHelloAtMostBeforeItIsHeard)
{
    Two two("RSA", 512, 16'384);
    const Bytes hello = two.alice.out.next();
    for (int round = 0; round < 3; ++round) {
        two.to_server(hello);
        EXPECT_GT(two.bob.out.size(), hello.size());
        EXPECT_LE(two.bob.out.size(), 3 * hello.size());
        two.bob.out.sent.clear();
    }
}

TEST(Datagrams, ASmallHelloIsNotLookedAt)
{
    Two two;
    Bytes hello = two.alice.out.next();
    const auto cut_to = [&](std::size_t size) {
        Bytes cut(hello.begin(), hello.begin() + static_cast<std::ptrdiff_t>(size));
        const std::size_t message = size - kPieceHead;
        cut[18] = static_cast<std::uint8_t>(message >> 8U);
        cut[19] = static_cast<std::uint8_t>(message);
        return cut;
    };
    two.to_server(cut_to(kSmallestHello - 1));
    EXPECT_TRUE(two.bob.out.sent.empty());
    two.to_server(cut_to(kSmallestHello));
    EXPECT_FALSE(two.bob.out.sent.empty());
}

TEST(Datagrams, ForgedHellosDoNotDisturbTheOneThatIsMeant)
{
    Two two;
    const Bytes hello = two.alice.out.sent.front();
    const auto forge = [&](std::uint8_t number) {
        Bytes forged = hello;
        forged[kPieceHead] ^= number; // another key under the same id
        two.to_server(forged);
    };
    for (std::uint8_t i = 1; i < DatagramServer::kMostAttempts; ++i)
        forge(i);
    two.bob.out.sent.clear();
    bool one_more = false;
    two.exchange([&](const Bytes& datagram) {
        if (type_of(datagram) == DatagramType::answer && !std::exchange(one_more, true))
            forge(100); // it takes the place of the oldest, which is not the one that is meant
        return true;
    });
    EXPECT_TRUE(two.both_done());
}

TEST(Datagrams, HellosAreBoundedInNumber)
{
    Two two;
    Bytes hello = two.alice.out.next();
    int answered = 0;
    for (int i = 0; i < 100; ++i) {
        hello[kPieceHead] = static_cast<std::uint8_t>(i);
        two.to_server(hello);
        answered += two.bob.out.sent.empty() ? 0 : 1;
        two.bob.out.sent.clear();
    }
    EXPECT_EQ(answered, DatagramServer::kMostHellos);
    EXPECT_EQ(two.server_progress, HandshakeProgress::more);
}

TEST(Datagrams, WhatIsLostIsAskedForByTheInitiatorAlone)
{
    for (int lost = 0; lost < 8; ++lost) {
        int number = 0;
        Two two("P-256", 512, 512); // three pieces each way
        const auto all_but_one = [&](const Bytes&) { return number++ != lost; };
        two.exchange(all_but_one);
        for (int i = 0; i < 2 && two.client_progress == HandshakeProgress::more; ++i) {
            two.time_out();
            two.exchange(all_but_one);
        }
        EXPECT_TRUE(two.both_done()) << "datagram " << lost;
    }
}

TEST(Datagrams, TheInitiatorWaitsTwiceAsLongEachTimeUpToALimit)
{
    Two two;
    std::vector<std::int64_t> waits;
    for (int i = 0; i < 7; ++i) {
        waits.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(*two.client.retransmit_in()).count());
        two.time_out();
    }
    EXPECT_EQ(waits, (std::vector<std::int64_t>{100, 200, 400, 800, 1600, 1600, 1600}));
    EXPECT_EQ(two.alice.out.sent.size(), 8U);
}

TEST(Datagrams, AForgedPieceCostsOneRetransmission)
{
    for (const DatagramType forged : {DatagramType::answer, DatagramType::proof}) {
        bool once = false;
        Two two;
        two.exchange([&](const Bytes& datagram) {
            if (type_of(datagram) != forged || std::exchange(once, true))
                return true;
            Bytes changed = datagram;
            changed.back() ^= 1U;
            forged == DatagramType::answer ? two.to_client(changed) : two.to_server(changed);
            return false;
        });
        EXPECT_FALSE(two.both_done());
        two.time_out();
        two.exchange();
        EXPECT_TRUE(two.both_done());
    }
}

TEST(Datagrams, PiecesWithOtherIdsAreNotLookedAt)
{
    for (const std::size_t at : {std::size_t{2}, std::size_t{10}}) {
        Two two;
        two.exchange([&](const Bytes& datagram) {
            if (type_of(datagram) != DatagramType::proof)
                return true;
            Bytes changed = datagram;
            changed[at] ^= 1U;
            two.to_server(changed);
            return false;
        });
        EXPECT_EQ(two.server_progress, HandshakeProgress::more);
        EXPECT_TRUE(two.bob.out.sent.empty());
    }
    Two two;
    two.exchange([&](const Bytes& datagram) {
        if (type_of(datagram) != DatagramType::answer)
            return true;
        Bytes changed = datagram;
        changed[2] ^= 1U;
        two.to_client(changed);
        return false;
    });
    EXPECT_EQ(two.from_client_count, 1) << "the initiator says nothing to what is not for it";
}

TEST(Datagrams, ALostConfirmationIsGivenAgain)
{
    bool once = false;
    Two two;
    two.exchange(
        [&](const Bytes& datagram) { return datagram[0] != DatagramRecords::kType || std::exchange(once, true); });
    EXPECT_EQ(two.server_progress, HandshakeProgress::done);
    EXPECT_EQ(two.client_progress, HandshakeProgress::more);
    two.time_out();
    two.exchange();
    EXPECT_TRUE(two.both_done());
}

TEST(Datagrams, DataOfTheResponderConfirmsAndIsNotLost)
{
    Two two;
    two.exchange([](const Bytes& datagram) { return datagram[0] != DatagramRecords::kType; });
    ASSERT_EQ(two.server.write(jackfield::as_bytes("at once")), JF_OK);
    const Bytes datagram = two.bob.out.next();
    two.to_client(datagram);
    ASSERT_EQ(two.client_progress, HandshakeProgress::done);
    Bytes plain(100);
    const auto got = two.client.read(plain);
    ASSERT_EQ(got.kind, Kind::data);
    EXPECT_EQ(jackfield::as_text(ByteView(plain).first(got.size)), "at once");
    EXPECT_EQ(two.client.read(plain).kind, Kind::more);
    EXPECT_EQ(read(two.client, datagram).text, "") << "the same again";
}

TEST(Datagrams, TheHandshakesPiecesComeTooLateOnceItIsDone)
{
    std::vector<Bytes> seen;
    Two two;
    two.exchange([&](const Bytes& datagram) { return seen.push_back(datagram), true; });
    ASSERT_TRUE(two.both_done());
    for (const auto& datagram : seen) {
        EXPECT_EQ(read(two.client, datagram).end, Kind::more);
        EXPECT_TRUE(two.alice.out.sent.empty());
        EXPECT_EQ(read(two.server, datagram).end, Kind::more);
        if (type_of(datagram) != DatagramType::proof) {
            EXPECT_TRUE(two.bob.out.sent.empty());
        }
        two.bob.out.sent.clear();
    }
}

TEST(Datagrams, ARefusedInitiatorHearsItInsideTheHandshake)
{
    Person alice, bob, carol;
    DatagramClient client(alice.host.host(), alice.context, alice.role(true, bob), alice.out);
    DatagramServer server(bob.host.host(), bob.context, bob.role(false, carol), bob.out);
    client.handshake();
    feed(server, alice.out.next());
    feed(client, bob.out.next());
    EXPECT_EQ(feed(server, alice.out.next()), HandshakeProgress::failed);
    EXPECT_EQ(server.failure().status, JF_UNAUTHENTICATED);
    EXPECT_EQ(feed(client, bob.out.next()), HandshakeProgress::failed);
    EXPECT_EQ(client.failure().status, JF_REFUSED);
    EXPECT_STREQ(client.failure().text, "the peer refused: alert bad_certificate (42)");
}

TEST(Datagrams, ARefusedResponderIsShownNoCertificate)
{
    Person alice, bob, carol;
    DatagramClient client(alice.host.host(), alice.context, alice.role(true, carol), alice.out);
    DatagramServer server(bob.host.host(), bob.context, bob.role(false, alice), bob.out);
    client.handshake();
    feed(server, alice.out.next());
    EXPECT_EQ(feed(client, bob.out.next()), HandshakeProgress::failed);
    EXPECT_EQ(client.failure().status, JF_UNAUTHENTICATED);
    const Bytes last = alice.out.next();
    EXPECT_LT(last.size(), 120U) << "no room for a chain";
    EXPECT_EQ(feed(server, last), HandshakeProgress::failed);
    EXPECT_EQ(server.failure().status, JF_REFUSED);
}

TEST(Datagrams, ForgeriesLoseNothing)
{
    Two two;
    two.exchange();
    Bytes forged(60, 0x55);
    forged[0] = DatagramRecords::kType;
    for (int i = 0; i < 1000; ++i)
        ASSERT_EQ(read(two.server, forged).end, Kind::more);
    ASSERT_EQ(two.client.write(jackfield::as_bytes("still here")), JF_OK);
    EXPECT_EQ(read(two.server, two.alice.out.next()).text, "still here");
}

// ---- pieces ----

Bytes piece_of(std::uint16_t size, std::uint16_t offset, const Bytes& bytes, DatagramType type = DatagramType::proof)
{
    return write_piece({type, 0, {}, {}, size, offset, bytes});
}

TEST(Pieces, ThatDoNotFitTogetherAreNone)
{
    EXPECT_TRUE(read_piece(piece_of(10, 5, Bytes(5))));
    EXPECT_FALSE(read_piece(piece_of(10, 6, Bytes(5)))) << "beyond the end";
    EXPECT_FALSE(read_piece(piece_of(10, 65'535, Bytes(5))));
    EXPECT_FALSE(read_piece(piece_of(10, 5, {}))) << "empty";
    EXPECT_TRUE(read_piece(piece_of(10, 5, {}, DatagramType::go_on)));
    EXPECT_FALSE(read_piece(piece_of(10, 5, Bytes(1), DatagramType::go_on))) << "a request carries nothing";
    EXPECT_FALSE(read_piece(piece_of(600, 1, Bytes(599), DatagramType::hello))) << "a hello is whole";
    EXPECT_TRUE(read_piece(piece_of(600, 0, Bytes(600), DatagramType::hello)));
    const auto most = static_cast<std::uint16_t>(kLargestHandshakeMessage);
    EXPECT_TRUE(read_piece(piece_of(most, 0, Bytes(1))));
    EXPECT_FALSE(read_piece(piece_of(static_cast<std::uint16_t>(most + 1), 0, Bytes(1))));
    EXPECT_FALSE(read_piece(piece_of(10, 0, Bytes(1), static_cast<DatagramType>(5))));
    EXPECT_FALSE(read_piece(Bytes(kPieceHead - 1, 3)));
}

TEST(Pieces, ComeInAnyOrderMoreThanOnceAndOverlapping)
{
    Assembly assembly;
    const auto add = [&](std::uint16_t offset, const Bytes& bytes) {
        return assembly.add({DatagramType::proof, 0, {}, {}, 6, offset, bytes});
    };
    EXPECT_FALSE(assembly.begun());
    EXPECT_FALSE(add(4, {5, 6}));
    EXPECT_EQ(assembly.first_missing(), 0U);
    EXPECT_FALSE(add(0, {1, 2}));
    EXPECT_FALSE(add(0, {1, 2}));
    EXPECT_EQ(assembly.first_missing(), 2U);
    EXPECT_TRUE(add(1, {2, 3, 4, 5}));
    EXPECT_EQ(assembly.message(), (Bytes{1, 2, 3, 4, 5, 6}));
}

TEST(Pieces, OfAMessageOfAnotherSizeBeginAnew)
{
    Assembly assembly;
    assembly.add({DatagramType::proof, 0, {}, {}, 3, 0, Bytes{1, 2}});
    EXPECT_FALSE(assembly.add({DatagramType::proof, 0, {}, {}, 2, 1, Bytes{9}}));
    EXPECT_TRUE(assembly.add({DatagramType::proof, 0, {}, {}, 2, 0, Bytes{8}}));
    EXPECT_EQ(assembly.message(), (Bytes{8, 9}));
}

} // namespace
} // namespace secure_noise
