// @ID@: a secure channel that secures nothing yet. Its messages, in both directions:
//
//     type (1 byte), size (2 bytes, on streams alone), body        greeting, data, goodbye
//
// EngineSession of the SDK does what is the same for every protocol (threads, time limits, backpressure, closing); an
// engine does what is not: it is given bytes and gives bytes, and never waits.
//
// Threads:  open and a session's destructor come on the control thread; calls of one engine never overlap.
// Lifetime: a session is destroyed before the instance.
#include <jackfield/engine_session.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace {

using jackfield::Bytes;
using jackfield::ByteView;
using nlohmann::json;

constexpr std::size_t kLargestContent = 16 * 1024;

enum Type : std::uint8_t { greeting = 1, data = 2, goodbye = 3 };

struct Message {
    Type type;
    Bytes body;
};

class Engine final : public jackfield::SecureEngine {
public:
    Engine(jackfield::EngineOutput& out, bool client, bool datagrams)
        : out_(out), client_(client), datagrams_(datagrams)
    {}

    /// What came from the peer, or from somebody who wants to be taken for it: nothing here may be believed.
    void feed(ByteView bytes) noexcept override
    {
        if (datagrams_)
            fed_.clear();
        fed_.insert(fed_.end(), bytes.begin(), bytes.end());
    }

    /// Goes on as far as what was fed allows. The client speaks first. A real protocol exchanges keys and certificates
    /// here, and answers `done` only when it knows that the peer is the one whom it expects (SecureOptions::expected,
    /// checked by IdentityService::verify_chain, and a signature over what both have said).
    jackfield::HandshakeProgress handshake() noexcept override
    {
        if (client_ && !std::exchange(greeted_, true))
            send(greeting, {});
        while (const auto message = next()) {
            if (message->type != greeting)
                continue;
            if (!client_)
                send(greeting, {});
            return jackfield::HandshakeProgress::done;
        }
        return broken_ ? jackfield::HandshakeProgress::failed : jackfield::HandshakeProgress::more;
    }

    /// A datagram may be lost: the greeting is said again until it is answered.
    std::optional<jackfield::Nanoseconds> retransmit_in() override
    {
        if (!datagrams_ || !client_)
            return std::nullopt;
        return std::chrono::milliseconds(100);
    }
    jackfield::HandshakeProgress retransmit() noexcept override
    {
        greeted_ = false;
        return handshake();
    }

    /// The next content. A real protocol decrypts here, and answers `failed` for a record that was changed on a stream;
    /// on datagrams it leaves such a one out.
    jackfield::EngineRead read(std::span<std::uint8_t> plain) noexcept override
    {
        using Kind = jackfield::EngineRead::Kind;
        while (const auto message = next()) {
            if (message->type == goodbye)
                return {Kind::ended, 0};
            if (message->type == greeting && !client_)
                send(greeting, {}); // ours was lost
            if (message->type != data || message->body.empty())
                continue;
            std::copy(message->body.begin(), message->body.end(), plain.begin());
            return {Kind::data, message->body.size()};
        }
        return {broken_ ? Kind::failed : Kind::more, 0};
    }

    /// All of it, and on datagrams as one. A real protocol encrypts here.
    jackfield::Status write(ByteView plain) noexcept override
    {
        do {
            const ByteView part = plain.first(std::min(plain.size(), kLargestContent));
            send(data, part);
            plain = plain.subspan(part.size());
        } while (!plain.empty());
        return JF_OK;
    }

    void close_notify() noexcept override { send(goodbye, {}); }

    jf_error failure() const noexcept override
    {
        return jackfield::make_error(JF_BAD_INPUT, "the peer does not speak as " JACKFIELD_PLUGIN_ID " does");
    }

    /// What was agreed. The last member is the peer: empty, for nobody was proven.
    jackfield::SecureInfo info() const override { return {JACKFIELD_PLUGIN_ID, "none", "", jackfield::Device()}; }

    std::size_t record_overhead() const noexcept override { return head(); }

    /// Keys for media, of those of this channel (RFC 5705). There are none.
    Bytes export_key_material(std::string_view, ByteView, std::size_t) override
    {
        throw jackfield::Failure(JF_UNSUPPORTED, "nothing is encrypted here: there is no key material");
    }

private:
    std::size_t head() const { return datagrams_ ? 1 : 3; }

    void send(Type type, ByteView body)
    {
        Bytes message{type};
        if (!datagrams_) {
            message.push_back(static_cast<std::uint8_t>(body.size() >> 8));
            message.push_back(static_cast<std::uint8_t>(body.size() & 0xff));
        }
        message.insert(message.end(), body.begin(), body.end());
        out_.output(message);
    }

    /// The next whole message, if there is one. Anything that is none ends a stream, and is left out of datagrams.
    std::optional<Message> next()
    {
        while (fed_.size() >= head() && !broken_) {
            const std::size_t size = datagrams_ ? fed_.size() - 1 : std::size_t{fed_[1]} << 8 | fed_[2];
            const bool known = fed_[0] >= greeting && fed_[0] <= goodbye && size <= kLargestContent;
            broken_ = !known && !datagrams_;
            if (fed_.size() < head() + size || broken_)
                return std::nullopt;
            const auto begin = fed_.begin() + static_cast<std::ptrdiff_t>(head());
            const auto end = begin + static_cast<std::ptrdiff_t>(size);
            Message message{static_cast<Type>(fed_[0]), Bytes(begin, end)};
            fed_.erase(fed_.begin(), end);
            if (known)
                return message;
        }
        return std::nullopt;
    }

    jackfield::EngineOutput& out_;
    bool client_;
    bool datagrams_;
    bool greeted_ = false;
    bool broken_ = false;
    Bytes fed_; // and not used yet
};

class Channel final : public jackfield::SecureChannel {
public:
    /// ConfigError for a configuration that cannot be used: where, what is wrong, what would work. Users read that
    /// text.
    Channel(jackfield::Host host, std::string_view config_json) : SecureChannel(host)
    {
        const json config = json::parse(config_json, nullptr, /*allow_exceptions=*/false);
        if (!config.is_object())
            throw jackfield::ConfigError(": expected a JSON object; {\"insecure\": true} would work");
        if (config.value("insecure", json()) != true)
            throw jackfield::ConfigError("/insecure: expected true, to say that this is meant: nothing is encrypted");
        host.warning(JACKFIELD_PLUGIN_ID ": nothing is encrypted, and nobody is proven");
    }

    /// One connection, over a stream or over datagrams. Who speaks first is said by the kernel, not by this plugin.
    std::unique_ptr<jackfield::SecureSession> open(jackfield::Path below, jackfield::SecureOptions options,
                                                   jackfield::SecureListener listener) override
    {
        auto session = std::make_unique<jackfield::EngineSession>(host_, below, listener, std::chrono::seconds(10));
        session->start(std::make_unique<Engine>(session->output_of_engine(), options.client, session->datagrams()));
        return session;
    }
};

} // namespace

// The one symbol that the library exports. Id and version come from CMakeLists.txt, so that the manifest agrees.
JF_PLUGIN(Channel)
