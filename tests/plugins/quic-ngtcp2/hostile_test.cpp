// Peers that break our rules inside a good QUIC connection: what they are allowed is bounded, and the rest ends it.
//
// The peer is a connection of the plugin's own parts, whose streams the test takes into its hands.
#include "quic_pair.hpp"

#include "session.hpp"

#include <set>

namespace jackfield::quic_test {
namespace {

/// The client's end, made of parts.
struct Rogue {
    explicit Rogue(Pair& pair) : host(pair.host.host()), engine(&quic_ngtcp2::Core::verify)
    {
        const IdentityService identity = pair.identity.service();
        engine.use_credentials({identity.self_device().chain_pem, identity.private_key_pem(), identity});
        core = std::make_shared<quic_ngtcp2::Core>(
            pair.host.host(), pair.below[0], true, engine,
            [identity, expected = pair.identity.device()](const std::string& chain) {
                return identity.verify_chain(chain, expected);
            },
            SecureListener({&kListener, this}), quic_ngtcp2::Options());
        session = std::make_unique<quic_ngtcp2::Session>(core, pair.host.host());
        core->listen(MultiplexerListener({&kRequests, this}));
        core->start(session->secured_path());
    }

    /// Whether the server gives way.
    void ask(const std::string& name, std::uint32_t kind = JF_STREAM)
    {
        core->ask(name, kind,
                  ChannelDone(host, {this, [](void* self, jf_status status, jf_channel channel, const jf_error*) {
                                         auto& rogue = *static_cast<Rogue*>(self);
                                         rogue.answers.push_back(status);
                                         if (status == JF_OK)
                                             rogue.channels.push_back(channel);
                                     }}));
    }
    void leave()
    {
        for (const auto& channel : std::exchange(channels, {}))
            channel.methods->release(channel.self);
        session.reset();
    }

    static const jf_secure_listener_methods kListener;
    static const jf_multiplexer_listener_methods kRequests;

    Host host;
    quic_ngtcp2::Engine engine;
    std::shared_ptr<quic_ngtcp2::Core> core;
    std::unique_ptr<quic_ngtcp2::Session> session;
    bool secured = false;
    std::vector<std::int64_t> requests;
    std::vector<Status> answers;
    std::vector<jf_channel> channels;
    std::vector<Status> closed;
};

const jf_secure_listener_methods Rogue::kListener{
    sizeof(jf_secure_listener_methods), 0,
    [](void* self, jf_path, const jf_secure_info*) { static_cast<Rogue*>(self)->secured = true; },
    [](void*, jf_status, const jf_error* error) { ADD_FAILURE() << error->text; }};

const jf_multiplexer_listener_methods Rogue::kRequests{
    sizeof(jf_multiplexer_listener_methods), 0,
    [](void* self, std::uint64_t request, jf_text, std::uint32_t) {
        static_cast<Rogue*>(self)->requests.push_back(static_cast<std::int64_t>(request));
    },
    [](void* self, jf_status status, const jf_error*) { static_cast<Rogue*>(self)->closed.push_back(status); }};

struct Siege {
    Siege()
    {
        pair.server.open(pair.instance, pair.below[1], false, pair.identity.device());
        rogue = std::make_unique<Rogue>(pair);
    }
    ~Siege()
    {
        rogue->leave();
        pair.server.release();
        pair.host.run_pending(); // whoever still asked hears the answer
    }
    bool connect()
    {
        return pair.until([&] { return rogue->secured && pair.server.ready(); });
    }

    /// The rogue's end of a channel that the server asked for.
    std::shared_ptr<quic_ngtcp2::Stream> accept(const std::string& name, std::uint32_t kind)
    {
        pair.server.ask(name, kind);
        if (!pair.until([&] { return !rogue->requests.empty(); }))
            return nullptr;
        auto stream = rogue->core->accept(rogue->requests.back());
        if (!pair.until([&] { return pair.server.channels.contains(name); }))
            return nullptr;
        pair.server.path(name).open(pair.at_server[name]);
        return stream;
    }

    static Status send(Rogue& rogue, quic_ngtcp2::Stream& stream, const Bytes& bytes)
    {
        const jf_bytes part = to_bytes(ByteView(bytes));
        return rogue.core->send(stream, {&part, 1});
    }

    Pair pair;
    std::unique_ptr<Rogue> rogue;
};

TEST(QuicRogue, ThatSendsBytesOnTheStreamOfAChannelOfDatagramsIsLeft)
{
    Siege siege;
    ASSERT_TRUE(siege.connect());
    const auto stream = siege.accept("media", JF_DATAGRAM);
    ASSERT_TRUE(stream);
    stream->kind = JF_STREAM; // it pretends
    ASSERT_EQ(Siege::send(*siege.rogue, *stream, pattern(10, 1)), JF_OK);
    ASSERT_TRUE(siege.pair.until([&] { return siege.pair.server.closed.size() == 1; }));
    EXPECT_EQ(siege.pair.server.closed[0], JF_BAD_INPUT);
    EXPECT_EQ(siege.pair.at_server["media"].heard().status, JF_BAD_INPUT);
    EXPECT_EQ(siege.pair.at_server["media"].heard().packets.size(), 0U);
    ASSERT_TRUE(siege.pair.until([&] { return siege.rogue->closed.size() == 1; })) << "and is told so";
}

TEST(QuicRogue, WhoseDatagramsBelongToNobodyIsNotHeard)
{
    Siege siege;
    ASSERT_TRUE(siege.connect());
    const auto stream = siege.accept("media", JF_DATAGRAM);
    ASSERT_TRUE(stream);
    const auto flow = stream->flow;
    stream->flow = 99;
    ASSERT_EQ(Siege::send(*siege.rogue, *stream, pattern(10, 1)), JF_OK);
    stream->flow = flow;
    ASSERT_EQ(Siege::send(*siege.rogue, *stream, pattern(20, 1)), JF_OK);
    ASSERT_TRUE(siege.pair.at_server["media"].wait_for_packets(1));
    EXPECT_EQ(siege.pair.at_server["media"].heard().packets[0].size(), 20U);
    EXPECT_TRUE(siege.pair.server.closed.empty());
}

TEST(QuicRogue, HasNoMoreThanSixteenRequestsUnanswered)
{
    Siege siege;
    ASSERT_TRUE(siege.connect());
    for (int i = 0; i < 40; ++i)
        siege.rogue->ask("channel " + std::to_string(i), JF_DATAGRAM); // whose end waits for the answer
    ASSERT_TRUE(siege.pair.until([&] { return siege.rogue->answers.size() == 24; }));
    EXPECT_EQ(std::set<Status>(siege.rogue->answers.begin(), siege.rogue->answers.end()), std::set<Status>{JF_REFUSED});
    EXPECT_EQ(siege.pair.server.requests.size(), 16U);
    EXPECT_EQ(siege.pair.server.accept("channel 3"), JF_OK);
    siege.rogue->ask("one more", JF_DATAGRAM);
    EXPECT_TRUE(siege.pair.until([&] { return siege.pair.server.requests.contains("one more"); }));
}

TEST(QuicRogue, HasNoMoreChannelsThanConfigured)
{
    Siege siege;
    ASSERT_TRUE(siege.connect());
    for (int i = 0; i < 64; ++i) {
        const std::string name = "channel " + std::to_string(i);
        siege.rogue->ask(name);
        ASSERT_TRUE(siege.pair.until([&] { return siege.pair.server.requests.contains(name); }));
        ASSERT_EQ(siege.pair.server.accept(name), JF_OK);
    }
    ASSERT_TRUE(siege.pair.until([&] { return siege.rogue->answers.size() == 64; }));
    siege.rogue->ask("too many");
    ASSERT_TRUE(siege.pair.until([&] { return siege.rogue->answers.size() == 65; }));
    EXPECT_EQ(siege.rogue->answers.back(), JF_EXHAUSTED);
}

TEST(QuicChannels, ThatAreClosedMakeRoomForOthers)
{
    Pair pair(R"({"max_channels": 4})");
    ASSERT_TRUE(pair.connect());
    for (int i = 0; i < 20; ++i) {
        const std::string name = "channel " + std::to_string(i);
        ASSERT_TRUE(pair.make(name, i % 2 == 0 ? JF_STREAM : JF_DATAGRAM)) << i;
        pair.client.release_channel(name);
        pair.server.release_channel(name);
    }
}

TEST(QuicRogue, ThatSendsMoreThanIsReadIsHeldBack)
{
    Siege siege;
    ASSERT_TRUE(siege.connect());
    siege.pair.server.ask("unread", JF_STREAM);
    ASSERT_TRUE(siege.pair.until([&] { return !siege.rogue->requests.empty(); }));
    const auto stream = siege.rogue->core->accept(siege.rogue->requests.back());
    ASSERT_TRUE(siege.pair.until([&] { return siege.pair.server.channels.contains("unread"); }));
    std::size_t taken = 0;
    for (const std::int64_t until_ns = siege.pair.host.now_ns() + 300'000'000; siege.pair.host.now_ns() < until_ns;) {
        if (Siege::send(*siege.rogue, *stream, pattern(10'000, 1)) == JF_OK)
            taken += 10'000;
    }
    EXPECT_LE(taken, 2 * (256U * 1024 + 512)) << "one window here, one on its way";
}

} // namespace
} // namespace jackfield::quic_test
