// A secure channel of paper: the ends prove themselves with signatures, and what they send is turned and hashed.
// It keeps no secret from anybody who thinks; it is correct as the contract has it, but for one bug.
//
// Messages: type, size, body; hello (nonce, chain), proof (signature over both nonces), record (number, hash, bytes).
// Threads: handshake and records on the thread of the path below. Lifetime: the session is the path.
#include "outlet.hpp"
#include "planted.hpp"

#include <jackfield/plugin.hpp>
#include <jackfield/secure_channel.hpp>

#include <functional>

namespace {

using namespace jackfield;
using planted::append_number;
using planted::has;
using planted::number_at;

enum Type : std::uint8_t { hello = 1, proof, record, goodbye };
constexpr std::size_t kHead = 5;
constexpr std::uint32_t kOverhead = 21;

Bytes message_of(Type type, ByteView body)
{
    Bytes message{type};
    append_number(message, body.size(), 4);
    message.insert(message.end(), body.begin(), body.end());
    return message;
}

class Session final : public SecureSession, public PathBase, private PathReceiver {
public:
    Session(Host host, Path below, SecureOptions options, SecureListener listener)
        : identity_(IdentityService::of(host)),
          scope_(host),
          below_(below),
          out_(below),
          options_(std::move(options)),
          listener_(listener),
          timer_(host),
          ours_(host.random_number())
    {
        Bytes body;
        append_number(body, ours_, 8);
        const std::string chain = identity_.self_device().chain_pem;
        body.insert(body.end(), chain.begin(), chain.end());
        {
            const std::lock_guard lock(mutex_);
            out_.put(message_of(hello, body)); // before a proof, which may have to follow inside open
        }
        below_.open(*this);
        if (!has("JF-SEC-06"))
            timer_.start(std::chrono::seconds(10), [this] { fail(JF_TIMEOUT, "the peer stayed silent"); });
    }
    ~Session() override
    {
        scope_.end();
        close();
        below_.close();
    }

    jf_path_info describe() const noexcept override
    {
        jf_path_info info = below_.describe();
        if (info.kind == JF_DATAGRAM)
            info.max_datagram_bytes -= kOverhead;
        info.overhead_bytes += kOverhead;
        info.secured = 1;
        return info;
    }
    void open(jf_path_receiver receiver) override { gate_.open(receiver); }
    Status send(std::span<const jf_bytes> parts) noexcept override
    {
        const jf_path_info info = describe();
        if (gate_.over())
            return JF_CLOSED;
        if (total_size(parts) > info.max_datagram_bytes)
            return JF_BAD_INPUT;
        auto records = planted::pieces_of(parts, info.kind == JF_STREAM ? 30'000 : info.max_datagram_bytes);
        const std::lock_guard lock(mutex_);
        const std::uint64_t first = next_out_;
        for (auto& each : records)
            each = sealed(next_out_++, each);
        if (out_.offer(std::move(records)))
            return JF_OK;
        next_out_ = first;
        blocked_ = true;
        return JF_WOULD_BLOCK;
    }
    void close() noexcept override
    {
        {
            const std::lock_guard lock(mutex_);
            if (secured_ && !gate_.over())
                out_.put(message_of(goodbye, {}));
        }
        gate_.shut();
    }

    Bytes export_key_material(std::string_view label, ByteView, std::size_t size) override
    {
        if (!secured_)
            throw Failure(JF_WOULD_BLOCK, "not secured yet");
        Bytes out;
        const std::string of = has("JF-SEC-05") ? "" : std::string(label);
        while (out.size() < size)
            append_number(out, std::hash<std::string>{}(of + std::to_string(key_ + out.size())), 8);
        out.resize(size);
        return out;
    }

private:
    Bytes turned(ByteView bytes) const
    {
        Bytes out(bytes.begin(), bytes.end());
        for (std::size_t i = 0; i < out.size() && !has("JF-SEC-03"); ++i)
            out[i] = static_cast<std::uint8_t>(out[i] ^ (key_ >> i % 8 * 8) ^ (i * 7 + 90));
        return out;
    }
    std::uint64_t hash(std::uint64_t number, ByteView bytes) const
    {
        return std::hash<std::string>{}(std::to_string(key_ + number) + std::string(as_text(bytes)));
    }
    Bytes sealed(std::uint64_t number, ByteView bytes) const
    {
        Bytes body;
        append_number(body, number, 8);
        append_number(body, hash(number, bytes), 8);
        const Bytes hidden = turned(bytes);
        body.insert(body.end(), hidden.begin(), hidden.end());
        return message_of(record, body);
    }

    void received(const jf_packet& packet) noexcept override
    {
        buffer_.insert(buffer_.end(), packet.bytes.data, packet.bytes.data + packet.bytes.size);
        while (buffer_.size() >= kHead && buffer_.size() >= kHead + number_at(buffer_, 1, 4)) {
            const auto size = static_cast<std::ptrdiff_t>(kHead + number_at(buffer_, 1, 4));
            const Bytes body(buffer_.begin() + kHead, buffer_.begin() + size);
            const auto type = static_cast<Type>(buffer_[0]);
            buffer_.erase(buffer_.begin(), buffer_.begin() + size);
            if (guarded(nullptr, [&] { take(type, body, packet.arrival_ns); }) != JF_OK)
                fail(JF_UNAUTHENTICATED, "the peer is not who it should be");
        }
    }
    void writable() noexcept override
    {
        const bool tell = [&] {
            const std::lock_guard lock(mutex_);
            out_.flush();
            return out_.idle() && std::exchange(blocked_, false);
        }();
        if (tell)
            gate_.writable();
    }
    void closed(Status status, std::string_view text) noexcept override
    {
        fail(status, text);
        gate_.ended(status, text);
    }

    void take(Type type, const Bytes& body, std::int64_t arrival_ns)
    {
        if (type == hello)
            take_hello(body);
        else if (type == proof)
            take_proof(body);
        else if (type == goodbye)
            gate_.ended(JF_CLOSED, "the peer said goodbye");
        else if (type == record && body.size() >= 16)
            take_record(body, arrival_ns);
    }
    void take_hello(const Bytes& body)
    {
        const std::uint64_t theirs = number_at(body, 0, 8);
        const std::string chain(as_text(ByteView(body).subspan(8)));
        const Device expected = has("JF-SEC-02") ? Device() : options_.expected;
        info_ = {"paper 1", "TURNED", "", identity_.verify_chain(chain, expected)};
        key_ = ours_ ^ theirs;
        const Bytes signature = identity_.sign(JF_KEY_DEVICE, words(options_.client));
        const std::lock_guard lock(mutex_);
        out_.put(message_of(proof, signature));
    }
    void take_proof(const Bytes& signature)
    {
        identity_.verify(info_.peer.chain_pem, JF_KEY_DEVICE, words(!options_.client), signature);
        if (secured_.exchange(true))
            return;
        if (has("JF-SEC-01"))
            info_.peer = identity_.self_device();
        scope_.post([this] {
            if (std::exchange(told_, true))
                return;
            timer_.cancel();
            listener_.secured(*this, info_);
        });
    }
    Bytes words(bool of_client) const
    {
        const std::string text = (of_client ? "client " : "server ") + std::to_string(key_);
        return {text.begin(), text.end()};
    }
    void take_record(const Bytes& body, std::int64_t arrival_ns)
    {
        const std::uint64_t number = number_at(body, 0, 8);
        const Bytes plain = turned(ByteView(body).subspan(16));
        if (hash(number, plain) == number_at(body, 8, 8) || has("JF-SEC-04"))
            gate_.deliver(make_packet(plain, arrival_ns));
        else if (below_.is_stream())
            gate_.ended(JF_BAD_INPUT, "a record was changed on its way");
    }
    void fail(Status status, std::string_view text)
    {
        scope_.post([this, status, why = std::string(text)] {
            if (!std::exchange(told_, true))
                listener_.failed(status, why);
        });
    }

    IdentityService identity_;
    Scope scope_;
    Path below_;
    std::mutex mutex_;
    planted::Outlet out_;
    SecureOptions options_;
    SecureListener listener_;
    Timer timer_;
    ReceiverGate gate_;
    std::uint64_t ours_;
    std::atomic<std::uint64_t> key_{0};
    std::uint64_t next_out_ = 0;
    bool blocked_ = false;
    std::atomic<bool> secured_{false};
    bool told_ = false;
    SecureInfo info_;
    Bytes buffer_;
};

class Paper final : public SecureChannel {
public:
    Paper(Host host, std::string_view config_json) : SecureChannel(host) { planted::look_at(config_json); }
    std::unique_ptr<SecureSession> open(Path below, SecureOptions options, SecureListener listener) override
    {
        return std::make_unique<Session>(host_, below, std::move(options), listener);
    }
};

} // namespace

JF_PLUGIN(Paper)
