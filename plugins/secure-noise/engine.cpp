// Proofs and verdicts. See engine.hpp.
//
// Threads: the session calls it under its lock.
#include "engine.hpp"

#include <jackfield/tls_alert.hpp>

namespace secure_noise {

using jackfield::Bytes;
using jackfield::ByteView;
using jackfield::EngineRead;
using jackfield::HandshakeProgress;

namespace {

/// Mixed into every handshake, so that nobody is understood who speaks another protocol over Noise.
constexpr std::string_view kPrologue = "jackfield secure-noise 1";

} // namespace

std::string refusal_text(std::uint8_t alert)
{
    return "the peer refused: " + jackfield::tls_alert_text(alert);
}

Engine::Engine(const Context& context, Role role, jackfield::EngineOutput& output)
    : context_(context), role_(std::move(role)), output_(output)
{}

Handshake Engine::new_handshake() const
{
    return {role_.client, context_.static_key(), jackfield::as_bytes(kPrologue)};
}

std::optional<Bytes> Engine::write_proof_message(Handshake& handshake)
{
    std::optional<Bytes> message;
    jf_error error = jackfield::no_error();
    const auto status =
        jackfield::guarded(&error, [&] { message = handshake.write(context_.own_proof(handshake, role_.client)); });
    if (status != JF_OK)
        failure_ = error;
    else if (!message)
        fail(JF_BAD_INPUT, "the handshake failed: the peer's key is a point of small order");
    return message;
}

Engine::Verdict Engine::judge(ByteView bytes, const Handshake& handshake)
{
    Verdict verdict;
    verdict.alert = kDecodeError;
    const auto status = jackfield::guarded(&failure_, [&] {
        const Payload payload = read_payload(bytes);
        if (payload.alert) {
            verdict.alert.reset();
            throw jackfield::Failure(JF_REFUSED, refusal_text(*payload.alert));
        }
        verdict.alert = kBadCertificate;
        jackfield::Device peer = context_.check_chain(payload.proof, role_.expected);
        verdict.alert = kDecryptError;
        context_.check_signature(payload.proof, handshake, !role_.client);
        peer_ = std::move(peer);
    });
    verdict.good = status == JF_OK;
    return verdict;
}

HandshakeProgress Engine::fail(jackfield::Status status, std::string_view text)
{
    failure_ = jackfield::make_error(status, text);
    return HandshakeProgress::failed;
}

EngineRead Engine::fail_reading(jackfield::Status status, std::string_view text)
{
    fail(status, text);
    return {EngineRead::Kind::failed};
}

EngineRead Engine::refused_by_peer(ByteView alert)
{
    return fail_reading(JF_REFUSED, alert.empty() ? "the peer refused" : refusal_text(alert[0]));
}

jackfield::SecureInfo Engine::info() const
{
    return {"Noise XX", std::string(kProtocolName), "X25519", peer_};
}

Bytes Engine::export_key_material(std::string_view label, ByteView context, std::size_t size)
{
    return export_key(exporter_, label, context, size);
}

} // namespace secure_noise
