// The tokens of XX, one message after the other. See handshake.hpp.
//
// Threads: none of its own.
#include "handshake.hpp"

#include "sized.hpp"

namespace secure_noise {

using jackfield::Bytes;
using jackfield::ByteView;

namespace {

/// Not of the specification: a third key beside the two of Split, from the same chaining key but another input.
constexpr std::string_view kExporterLabel = "jackfield noise exporter 1";

constexpr std::uint8_t kFirst[] = {1};
constexpr std::uint8_t kSecond[] = {2};

/// HKDF of section 4.3 with two outputs.
std::pair<Secret, Secret> derive(const Secret& chaining_key, std::initializer_list<ByteView> input)
{
    const Secret extracted = mac_of(chaining_key, input);
    const Secret first = mac_of(extracted, {kFirst});
    return {first, mac_of(extracted, {first.view(), kSecond})};
}

} // namespace

Handshake::Handshake(bool initiator, const KeyPair& static_key, ByteView prologue, const KeyPair& ephemeral)
    : initiator_(initiator), static_key_(&static_key), ephemeral_(ephemeral)
{
    static_assert(kProtocolName.size() == sizeof(Hash)); // section 5.2: a name of that size is taken as it is
    std::copy(kProtocolName.begin(), kProtocolName.end(), h_.begin());
    std::copy(h_.begin(), h_.end(), ck_.data());
    mix_hash(prologue);
}

std::optional<Bytes> Handshake::write(ByteView payload)
{
    Bytes message;
    if (!mix_tokens(message))
        return std::nullopt;
    seal_and_hash(payload, message);
    ++messages_;
    return message;
}

bool Handshake::mix_tokens(Bytes& out)
{
    if (messages_ < 2) { // e
        out.insert(out.end(), ephemeral_.shown.begin(), ephemeral_.shown.end());
        mix_hash(ephemeral_.shown);
    }
    if (messages_ == 0)
        return true;
    if (messages_ == 1 && !mix_key(ephemeral_, peers_ephemeral_)) // ee
        return false;
    seal_and_hash(static_key_->shown, out); // s
    return messages_ == 1 ? mix_es() : mix_se();
}

std::optional<Bytes> Handshake::read(ByteView message)
{
    Handshake next = *this;
    if (!next.take_tokens(message))
        return std::nullopt;
    const std::size_t tag = next.cipher_ ? kTagBytes : 0;
    if (message.size() < tag)
        return std::nullopt;
    Bytes payload(message.size() - tag);
    if (!next.open_and_hash(message, payload.data()))
        return std::nullopt;
    ++next.messages_;
    *this = next;
    return payload;
}

/// Cuts what belongs to the tokens from the message.
bool Handshake::take_tokens(ByteView& message)
{
    if (messages_ < 2) { // e
        if (message.size() < kKeyBytes)
            return false;
        std::copy_n(message.begin(), kKeyBytes, peers_ephemeral_.begin());
        message = message.subspan(kKeyBytes);
        mix_hash(peers_ephemeral_);
    }
    if (messages_ == 0)
        return true;
    if (messages_ == 1 && !mix_key(ephemeral_, peers_ephemeral_)) // ee
        return false;
    constexpr std::size_t sealed_key = kKeyBytes + kTagBytes;
    if (message.size() < sealed_key || !open_and_hash(message.first(sealed_key), peers_static_.data())) // s
        return false;
    message = message.subspan(sealed_key);
    return messages_ == 1 ? mix_es() : mix_se();
}

bool Handshake::mix_es()
{
    return initiator_ ? mix_key(ephemeral_, peers_static_) : mix_key(*static_key_, peers_ephemeral_);
}

bool Handshake::mix_se()
{
    return initiator_ ? mix_key(*static_key_, peers_ephemeral_) : mix_key(ephemeral_, peers_static_);
}

bool Handshake::mix_key(const KeyPair& ours, const PublicKey& theirs)
{
    const auto shared = agree(ours, theirs);
    if (!shared)
        return false;
    const auto [chaining_key, key] = derive(ck_, {shared->view()});
    ck_ = chaining_key;
    cipher_.emplace(key);
    counter_ = 0;
    return true;
}

void Handshake::seal_and_hash(ByteView plain, Bytes& out)
{
    const std::size_t at = out.size();
    out.insert(out.end(), plain.begin(), plain.end());
    if (cipher_) {
        out.resize(out.size() + kTagBytes);
        cipher_->seal(counter_++, h_, plain, out.data() + at);
    }
    mix_hash(ByteView(out).subspan(at));
}

bool Handshake::open_and_hash(ByteView sealed, std::uint8_t* plain)
{
    if (!cipher_)
        std::copy(sealed.begin(), sealed.end(), plain);
    else if (!cipher_->open(counter_++, h_, sealed, plain))
        return false;
    mix_hash(sealed);
    return true;
}

Keys Handshake::split() const
{
    const auto [of_initiator, of_responder] = derive(ck_, {});
    const Secret exporter = derive(ck_, {jackfield::as_bytes(kExporterLabel), h_}).first;
    return {Cipher(initiator_ ? of_initiator : of_responder), Cipher(initiator_ ? of_responder : of_initiator),
            exporter, h_};
}

void Handshake::forget()
{
    ephemeral_ = {};
    ck_ = {};
    cipher_.reset();
}

Bytes export_key(const Secret& exporter, std::string_view label, ByteView context, std::size_t size)
{
    constexpr std::size_t most = 255 * kKeyBytes; // RFC 5869 section 2.3
    if (size > most || label.size() > 0xffff || context.size() > 0xffff)
        throw jackfield::Failure(JF_BAD_INPUT, "key material: at most 8160 bytes, label and context up to 65535");
    Bytes info;
    append_sized(jackfield::as_bytes(label), info);
    if (!context.empty())
        append_sized(context, info);
    Bytes out;
    Secret block;
    for (std::uint8_t number = 1; out.size() < size; ++number) {
        const std::uint8_t last[] = {number};
        block = mac_of(exporter, {number == 1 ? ByteView() : block.view(), info, last});
        out.insert(out.end(), block.data(), block.data() + std::min(kKeyBytes, size - out.size()));
    }
    return out;
}

} // namespace secure_noise
