// Certificates and a signature as bytes. See proof.hpp. Read from a stranger: every size is checked first.
//
// Threads: any.
#include "proof.hpp"

#include "pem.hpp"
#include "sized.hpp"

namespace secure_noise {

using jackfield::Bytes;
using jackfield::ByteView;

namespace {

constexpr std::uint8_t kProof = 1;
constexpr std::uint8_t kAlert = 2;
constexpr std::string_view kContext = "jackfield secure-noise 1 ";

[[noreturn]] void refuse(const char* why)
{
    throw jackfield::Failure(JF_BAD_INPUT, std::string("the peer's proof ") + why);
}

std::uint8_t take_byte(ByteView& bytes)
{
    if (bytes.empty())
        refuse("is cut off");
    const std::uint8_t byte = bytes[0];
    bytes = bytes.subspan(1);
    return byte;
}

ByteView take_sized(ByteView& bytes)
{
    const std::size_t high = take_byte(bytes);
    const std::size_t size = high << 8U | take_byte(bytes);
    if (size > bytes.size())
        refuse("is cut off");
    const ByteView part = bytes.first(size);
    bytes = bytes.subspan(size);
    return part;
}

Proof read_proof(ByteView& bytes)
{
    const std::size_t count = take_byte(bytes);
    if (count > kMostCertificates)
        refuse("has more than 8 certificates");
    Proof proof;
    for (std::size_t i = 0; i < count; ++i) {
        const ByteView certificate = take_sized(bytes);
        if (certificate.empty())
            refuse("has an empty certificate");
        append_certificate(certificate, proof.chain_pem);
    }
    const ByteView signature = take_sized(bytes);
    if (signature.size() > kMostSignatureBytes)
        refuse("has too large a signature");
    proof.signature.assign(signature.begin(), signature.end());
    return proof;
}

} // namespace

Bytes write_proof(std::span<const Bytes> certificates, ByteView signature)
{
    Bytes out{kProof, static_cast<std::uint8_t>(certificates.size())};
    for (const auto& certificate : certificates)
        append_sized(certificate, out);
    append_sized(signature, out);
    return out;
}

Bytes write_alert(std::uint8_t alert)
{
    return {kAlert, alert};
}

Payload read_payload(ByteView bytes)
{
    if (bytes.size() > kMostPayloadBytes)
        refuse("is too large");
    Payload payload;
    const std::uint8_t kind = take_byte(bytes);
    if (kind == kAlert)
        payload.alert = take_byte(bytes);
    else if (kind == kProof)
        payload.proof = read_proof(bytes);
    else
        refuse("is of an unknown kind");
    if (!bytes.empty())
        refuse("has bytes behind its end");
    return payload;
}

Bytes signed_text(bool by_initiator, const PublicKey& own_static, const PublicKey& peers_ephemeral)
{
    const std::string words = std::string(kContext) + (by_initiator ? "initiator" : "responder");
    Bytes text(words.begin(), words.end());
    text.push_back(0);
    text.insert(text.end(), own_static.begin(), own_static.end());
    text.insert(text.end(), peers_ephemeral.begin(), peers_ephemeral.end());
    return text;
}

} // namespace secure_noise
