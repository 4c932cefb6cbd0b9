// The identity's part in a handshake. It signs and judges; its key is never asked for. See context.hpp.
//
// Threads: as there.
#include "context.hpp"

#include "pem.hpp"

#include <numeric>

namespace secure_noise {

using jackfield::Failure;

Context::Context(jackfield::IdentityService identity) : identity_(identity)
{
    prepare_library();
    static_key_ = KeyPair::generate();
}

void Context::load_own_chain()
{
    if (!certificates_.empty())
        return;
    auto certificates = certificates_of(identity_.self_device().chain_pem);
    if (certificates.empty())
        throw Failure(JF_UNSUPPORTED, "our identity has no certificate to show");
    const auto bytes = std::accumulate(certificates.begin(), certificates.end(), std::size_t{0},
                                       [](std::size_t sum, const auto& each) { return sum + 2 + each.size(); });
    constexpr std::size_t most = kMostPayloadBytes - kMostSignatureBytes - 4;
    if (certificates.size() > kMostCertificates || bytes > most)
        throw Failure(JF_UNSUPPORTED,
                      "our identity's chain is too large: at most 8 certificates, " + std::to_string(most) + " bytes");
    certificates_ = std::move(certificates);
}

jackfield::Bytes Context::own_proof(const Handshake& handshake, bool initiator) const
{
    const auto text = signed_text(initiator, handshake.own_static(), handshake.peers_ephemeral());
    const auto signature = identity_.sign(JF_KEY_DEVICE, text);
    if (signature.size() > kMostSignatureBytes)
        throw Failure(JF_UNSUPPORTED, "our identity's signature has more than 1024 bytes");
    return write_proof(certificates_, signature);
}

jackfield::Device Context::check_chain(const Proof& proof, const jackfield::Device& expected) const
{
    if (proof.chain_pem.empty())
        throw Failure(JF_UNAUTHENTICATED, "the peer sent no certificate");
    return identity_.verify_chain(proof.chain_pem, expected);
}

void Context::check_signature(const Proof& proof, const Handshake& handshake, bool by_initiator) const
{
    const auto text = signed_text(by_initiator, handshake.peers_static(), handshake.own_ephemeral());
    identity_.verify(proof.chain_pem, JF_KEY_DEVICE, text, proof.signature);
}

} // namespace secure_noise
