// A handshake with another implementation of Noise, in both roles and on both kinds of path, with real identities.
//
// Threads: the test's; it waits for the other program.
#include "dissononce.hpp"
#include "engines.hpp"

namespace secure_noise {
namespace {

using Kind = jackfield::EngineRead::Kind;

struct Case {
    bool client;
    bool datagrams;
};

class Interop : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Dissononce, Interop,
                         ::testing::Values(Case{true, false}, Case{false, false}, Case{true, true}, Case{false, true}),
                         [](const auto& which) {
                             return std::string(which.param.client ? "Initiator" : "Responder") + "Over" +
                                    (which.param.datagrams ? "Datagrams" : "AStream");
                         });

/// Our end, driven by what the other program says.
class Ours {
public:
    Ours(const Case& which, const jackfield::testing::TestIdentity& identity, Dissononce& peer,
         const jackfield::Device& expected)
        : context_(identity.service()), peer_(peer)
    {
        context_.load_own_chain();
        const Role role{which.client, expected, 1200, 100};
        if (!which.datagrams)
            engine_ = std::make_unique<StreamEngine>(context_, role, out_);
        else if (which.client)
            engine_ = std::make_unique<DatagramClient>(host_.host(), context_, role, out_);
        else
            engine_ = std::make_unique<DatagramServer>(host_.host(), context_, role, out_);
    }

    HandshakeProgress shake_hands()
    {
        HandshakeProgress progress = engine_->handshake();
        for (flush(); progress == HandshakeProgress::more; flush()) {
            Bytes bytes = peer_.receive();
            if (bytes.empty())
                return HandshakeProgress::failed;
            progress = feed(*engine_, bytes);
            last_ = std::move(bytes); // borrowed until it is read
        }
        return progress;
    }

    /// So many bytes of what the peer says, or less if it ends.
    std::string hear(std::size_t size)
    {
        Bytes plain(16'384);
        while (heard_.size() < size && !ended_) {
            const auto got = engine_->read(plain);
            if (got.kind == Kind::data) {
                heard_ += jackfield::as_text(ByteView(plain).first(got.size));
            } else if (got.kind == Kind::more) {
                last_ = peer_.receive();
                ended_ = last_.empty();
                engine_->feed(last_);
            } else {
                ended_ = true;
                in_order_ = got.kind == Kind::ended;
            }
        }
        const std::string words = heard_.substr(0, size);
        heard_.erase(0, size);
        return words;
    }

    void say(std::string_view words)
    {
        EXPECT_EQ(engine_->write(jackfield::as_bytes(words)), JF_OK);
        flush();
    }

    void close()
    {
        engine_->close_notify();
        flush();
    }

    bool ended_in_order()
    {
        hear(1);
        return in_order_;
    }

    jackfield::SecureEngine& engine() { return *engine_; }

private:
    void flush()
    {
        for (; !out_.sent.empty(); out_.sent.pop_front())
            peer_.send(out_.sent.front());
    }

    FakeHost host_;
    Context context_;
    Dissononce& peer_;
    Outbox out_;
    std::unique_ptr<jackfield::SecureEngine> engine_;
    Bytes last_;
    std::string heard_;
    bool ended_ = false;
    bool in_order_ = false;
};

TEST_P(Interop, ProvesBothEndsAndCarriesBytesBothWays)
{
    const jackfield::testing::TestIdentity alice;
    const jackfield::testing::TestIdentity bob;
    Dissononce peer(!GetParam().client, GetParam().datagrams, bob, alice.device());
    Ours ours(GetParam(), alice, peer, bob.device());
    ASSERT_EQ(ours.shake_hands(), HandshakeProgress::done) << ours.engine().failure().text;
    EXPECT_EQ(ours.engine().info().peer, bob.device());
    EXPECT_EQ(ours.engine().info().peer.chain_pem, bob.device().chain_pem);

    const std::string words = std::string("dissononce, ") + (GetParam().client ? "responder" : "initiator");
    EXPECT_EQ(ours.hear(words.size()), words);
    ours.say("jackfield");
    const Bytes key = ours.engine().export_key_material("EXPORTER-test", jackfield::as_bytes("context"), 60);
    EXPECT_EQ(ours.hear(60), jackfield::as_text(key));
    EXPECT_TRUE(ours.ended_in_order());
    ours.close();
    EXPECT_EQ(peer.exit_code(), 0);
}

TEST_P(Interop, AnotherDeviceThanExpectedIsRefused)
{
    const jackfield::testing::TestIdentity alice;
    const jackfield::testing::TestIdentity bob;
    const jackfield::testing::TestIdentity carol;
    Dissononce peer(!GetParam().client, GetParam().datagrams, bob, alice.device());
    Ours ours(GetParam(), alice, peer, carol.device());
    ASSERT_EQ(ours.shake_hands(), HandshakeProgress::failed);
    EXPECT_EQ(ours.engine().failure().status, JF_UNAUTHENTICATED) << ours.engine().failure().text;
    EXPECT_NE(peer.exit_code(), 0) << "it was not taken for carol";
}

} // namespace
} // namespace secure_noise
