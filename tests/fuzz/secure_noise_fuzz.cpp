// A Noise connection of either role, over a stream or datagrams, before a peer that mixes nonsense with messages that
// are authentic and say anything at all.
//
// An input begins with a byte: 1 we are the client, 2 datagrams. Then steps: what (0 raw bytes, 1 the next message of
// the handshake, 2 a record, 3 the timer), how many bytes, the bytes: payload, or kind and content.
//
// Threads: one; time is turned by hand.
// links: secure_noise_parts jackfield_sdk_testing
#include "fuzz.hpp"

#include "datagram_client.hpp"
#include "datagram_server.hpp"
#include "stream_engine.hpp"

#include <jackfield/testing/fake_host.hpp>

#include <cstdlib>

namespace {

using namespace jackfield;
using namespace secure_noise;

/// Takes every chain but the empty one, and no signature that begins with zero.
class EasyIdentity final : public Identity {
public:
    explicit EasyIdentity(Host host) : Identity(host) {}
    void load(Completion done) override { done.succeed(); }
    jf_device self_device() const override
    {
        static const std::string chain = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
        return {sizeof(jf_device), 0, to_text("account"), to_text("device"), to_text(chain)};
    }
    Bytes sign(std::uint32_t, ByteView) override { return {1}; }
    void verify(std::string_view, std::uint32_t, ByteView, ByteView signature) override
    {
        if (signature.empty() || signature[0] == 0)
            throw Failure(JF_UNAUTHENTICATED, "not signed");
    }
    Device verify_chain(std::string_view chain, const Device&) override
    {
        if (chain.empty())
            std::abort(); // asked about nothing
        return {"account", "device"};
    }
    Bytes seal(std::string_view, ByteView) override { return {}; }
    Bytes open(ByteView) override { return {}; }
    Bytes sign_digest(std::uint32_t, std::uint32_t, ByteView) override { return {}; }
};

/// Follows what the engine says, so that it can go on with it.
class Peer final : public EngineOutput {
public:
    Peer(bool client, bool datagrams, const KeyPair& key)
        : datagrams_(datagrams), client_(client), handshake_(client, key, as_bytes("jackfield secure-noise 1"))
    {}

    void output(ByteView bytes) noexcept override
    {
        said_ += bytes.size();
        if (datagrams_)
            return take_datagram(bytes);
        frames_.feed(bytes);
        for (auto next = frames_.next(); next.what == FrameReader::What::message; next = frames_.next())
            take(next.message);
    }

    /// The next message, or what comes close to one.
    Bytes message(ByteView payload)
    {
        const bool ours = (written_ % 2 == 0) == client_;
        Bytes filled(payload.begin(), payload.end());
        if (datagrams_ && client_ && written_ == 0)
            filled.resize(kSmallestHello - kKeyBytes);
        const auto made = written_ < 3 && ours ? handshake_.write(filled) : std::nullopt;
        const Bytes message = made ? *made : Bytes(payload.begin(), payload.end());
        written_ += made ? 1 : 0;
        if (!datagrams_)
            return framed(message);
        const bool first = client_ && written_ == 1;
        return write_piece({first     ? DatagramType::hello
                            : client_ ? DatagramType::proof
                                      : DatagramType::answer,
                            0, id_, first ? Id{} : responder_, static_cast<std::uint16_t>(message.size()), 0, message});
    }

    Bytes record(RecordKind kind, ByteView content)
    {
        if (written_ < 3)
            return framed(content);
        if (datagrams_ && !datagram_records_)
            datagram_records_.emplace(handshake_.split());
        if (!datagrams_ && !stream_records_)
            stream_records_.emplace(handshake_.split());
        const ByteView sealed =
            datagrams_ ? datagram_records_->seal(kind, content) : stream_records_->seal(kind, content);
        return {sealed.begin(), sealed.end()};
    }

    std::size_t said() const { return said_; }

private:
    static Bytes framed(ByteView message)
    {
        Bytes bytes{static_cast<std::uint8_t>(message.size() >> 8U), static_cast<std::uint8_t>(message.size() & 0xffU)};
        bytes.insert(bytes.end(), message.begin(), message.end());
        return bytes;
    }

    void take_datagram(ByteView datagram)
    {
        const auto piece = read_piece(datagram);
        if (!piece)
            return;
        id_ = piece->initiator;
        responder_ = piece->type == DatagramType::hello ? Id{9} : piece->responder;
        if (piece->type != DatagramType::go_on && assembly_.add(*piece))
            take(assembly_.message());
    }

    void take(ByteView message)
    {
        if (written_ < 3 && (written_ % 2 == 0) != client_ && handshake_.read(message))
            ++written_;
    }

    bool datagrams_;
    bool client_;
    Handshake handshake_;
    int written_ = 0; // messages of the handshake, by either end
    FrameReader frames_;
    Assembly assembly_;
    Id id_{7};
    Id responder_{};
    std::optional<StreamRecords> stream_records_;
    std::optional<DatagramRecords> datagram_records_;
    std::size_t said_ = 0;
};

/// As a session drives an engine.
class Driver {
public:
    explicit Driver(SecureEngine& engine) : engine_(engine) { progress_ = engine.handshake(); }

    void feed(const Bytes& bytes)
    {
        if (bytes.empty() || over_)
            return;
        last_ = bytes;
        engine_.feed(last_);
        if (progress_ == HandshakeProgress::more)
            progress_ = engine_.handshake();
        if (progress_ == HandshakeProgress::failed)
            over_ = engine_.failure().status != JF_OK ? true : (std::abort(), true);
        if (progress_ == HandshakeProgress::done)
            read_all();
    }

    void time_out()
    {
        if (progress_ == HandshakeProgress::more && engine_.retransmit_in())
            progress_ = engine_.retransmit();
    }

    void finish()
    {
        if (progress_ != HandshakeProgress::done || over_)
            return;
        if (engine_.info().peer.account_id != "account")
            std::abort(); // done without a proof
        engine_.write(Bytes(20'000 % engine_.largest_content(), 1));
        engine_.export_key_material("label", {}, 32);
        engine_.close_notify();
    }

private:
    void read_all()
    {
        for (;;) {
            const EngineRead got = engine_.read(plain_);
            if (got.kind == EngineRead::Kind::more)
                return;
            if (got.kind != EngineRead::Kind::data) {
                over_ = true;
                return;
            }
            if (got.size == 0 || got.size > plain_.size())
                std::abort();
        }
    }

    SecureEngine& engine_;
    Bytes last_; // borrowed by the engine
    Bytes plain_ = Bytes(16'384);
    HandshakeProgress progress_ = HandshakeProgress::more;
    bool over_ = false;
};

void play(std::span<const std::uint8_t> steps, SecureEngine& engine, Peer& peer)
{
    Driver driver(engine);
    std::size_t heard = 0;
    while (steps.size() >= 2) {
        const std::uint8_t what = steps[0] % 4;
        const std::size_t size = std::min<std::size_t>(steps[1], steps.size() - 2);
        const ByteView bytes = steps.subspan(2, size);
        steps = steps.subspan(2 + size);
        Bytes made;
        if (what == 0)
            made.assign(bytes.begin(), bytes.end());
        else if (what == 1)
            made = peer.message(bytes);
        else if (what == 2 && !bytes.empty())
            made = peer.record(static_cast<RecordKind>(bytes[0]), bytes.subspan(1));
        else
            driver.time_out();
        heard += made.size();
        driver.feed(made);
        if (peer.said() > 4 * heard + 64 * 1024)
            std::abort(); // nobody may make us say so much
    }
    driver.finish();
}

Bytes proof()
{
    return write_proof(std::vector<Bytes>{Bytes{0x30, 0}}, Bytes{1});
}

Bytes steps(std::uint8_t begin, std::initializer_list<std::pair<int, Bytes>> all)
{
    Bytes out{begin};
    for (const auto& [what, bytes] : all) {
        out.push_back(static_cast<std::uint8_t>(what));
        out.push_back(static_cast<std::uint8_t>(bytes.size()));
        out.insert(out.end(), bytes.begin(), bytes.end());
    }
    return out;
}

} // namespace

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    const Bytes data{0, 'a', 'b', 'c'};
    return {
        steps(0, {{1, {}}, {1, proof()}, {2, data}, {2, {1}}}),
        steps(0, {{1, {}}, {1, write_alert(42)}}),
        steps(0, {{0, {0, 32}}, {0, Bytes(32, 9)}, {0, {0, 3, 1, 2, 3}}}),
        steps(1, {{1, proof()}, {2, data}, {2, {2, 42}}}),
        steps(1, {{1, write_alert(50)}}),
        steps(2, {{1, Bytes(255)}, {1, proof()}, {2, data}, {2, {1}}}),
        steps(2, {{0, Bytes(255, 1)}, {1, Bytes(255)}, {3, {}}, {1, write_alert(42)}}),
        steps(3, {{3, {}}, {1, proof()}, {3, {}}, {2, {3}}, {2, data}, {2, {2, 42}}}),
        steps(3, {{0, Bytes(40, 2)}, {1, proof()}, {2, data}, {2, {1}}}),
    };
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0)
        return 0;
    const bool client = (data[0] & 1U) != 0;
    const bool datagrams = (data[0] & 2U) != 0;
    testing::FakeHost host(testing::Clock::manual);
    EasyIdentity identity(host.host());
    const jf_identity raw{&Identity::kMethods, static_cast<Identity*>(&identity)};
    Context context{IdentityService(&raw)};
    context.load_own_chain();
    static const KeyPair key = KeyPair::generate();
    Peer peer(!client, datagrams, key);
    const Role role{client, {"account", "device"}, 512, 100};
    const std::span<const std::uint8_t> script(data + 1, size - 1);
    if (!datagrams) {
        StreamEngine engine(context, role, peer);
        play(script, engine, peer);
    } else if (client) {
        DatagramClient engine(host.host(), context, role, peer);
        play(script, engine, peer);
    } else {
        DatagramServer engine(host.host(), context, role, peer);
        play(script, engine, peer);
    }
    return 0;
}
