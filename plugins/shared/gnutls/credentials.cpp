// Mutual certificates, forward secrecy and AEAD only. See credentials.hpp.
//
// Threads: as there.
#include "credentials.hpp"

#include "failures.hpp"
#include "token_key.hpp"

#include <string>
#include <vector>

namespace shared_gnutls {
namespace {

/// The whole list is written out, so that GnuTLS's defaults do not decide; its file in /etc can only take away from it.
constexpr std::string_view kAlgorithms =
    ":+AES-128-GCM:+CHACHA20-POLY1305:+AES-256-GCM:+AEAD:+ECDHE-ECDSA:+ECDHE-RSA:+COMP-NULL"
    ":+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SHA256:+SIGN-ECDSA-SECP384R1-SHA384:+SIGN-ECDSA-SHA384"
    ":+SIGN-ECDSA-SECP521R1-SHA512:+SIGN-ECDSA-SHA512:+SIGN-EDDSA-ED25519"
    ":+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-PSS-RSAE-SHA384:+SIGN-RSA-PSS-RSAE-SHA512"
    ":+SIGN-RSA-SHA256:+SIGN-RSA-SHA384:+SIGN-RSA-SHA512"
    ":+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:%SERVER_PRECEDENCE";

gnutls_datum_t datum_of(const std::string& text)
{
    auto* data = reinterpret_cast<unsigned char*>(const_cast<char*>(text.data())); // read only, says the library
    return {data, static_cast<unsigned int>(text.size())};
}

/// Our chain as it stands in the text; whoever it is for judges it. Freed here unless it was handed over.
class Chain {
public:
    explicit Chain(const std::string& pem)
    {
        const gnutls_datum_t text = datum_of(pem);
        gnutls_x509_crt_t* list = nullptr;
        unsigned int count = 0;
        require(gnutls_x509_crt_list_import2(&list, &count, &text, GNUTLS_X509_FMT_PEM, 0),
                "our own certificate cannot be read");
        for (unsigned int i = 0; i < count; ++i)
            certificates_.emplace_back(list[i]);
        gnutls_free(list);
        for (const auto& certificate : certificates_) {
            parts_.emplace_back();
            require(gnutls_pcert_import_x509(&parts_.back(), certificate.get(), 0),
                    "our own certificate cannot be used");
        }
    }
    Chain(const Chain&) = delete;
    Chain& operator=(const Chain&) = delete;
    ~Chain()
    {
        for (auto& part : parts_)
            gnutls_pcert_deinit(&part);
    }

    gnutls_pcert_st* data() { return parts_.data(); }
    int size() const { return static_cast<int>(parts_.size()); }
    void hand_over() { parts_.clear(); }

private:
    std::vector<Certificate> certificates_;
    std::vector<gnutls_pcert_st> parts_;
};

PrivateKey read_key(const std::string& pem)
{
    gnutls_privkey_t made = nullptr;
    require(gnutls_privkey_init(&made), "private key");
    PrivateKey key(made);
    const gnutls_datum_t text = datum_of(pem);
    require(gnutls_privkey_import_x509_raw(key.get(), &text, GNUTLS_X509_FMT_PEM, nullptr, 0),
            "our own private key cannot be read");
    return key;
}

} // namespace

Priority make_priority(std::string_view versions, std::string_view more)
{
    gnutls_priority_t made = nullptr;
    const char* wrong_at = "";
    const std::string text = "NONE" + std::string(versions) + std::string(kAlgorithms) + std::string(more);
    const int code = gnutls_priority_init(&made, text.c_str(), &wrong_at);
    require(code, std::string("versions and ciphers, at ") + wrong_at);
    return Priority(made);
}

OurCredentials::OurCredentials(gnutls_certificate_verify_function* verify)
{
    gnutls_certificate_credentials_t made = nullptr;
    require(gnutls_certificate_allocate_credentials(&made), "credentials");
    credentials_.reset(made);
    gnutls_certificate_set_verify_function(made, verify);
}

void OurCredentials::use(const shared_tls::Credentials& ours)
{
    Chain chain(ours.chain_pem);
    PrivateKey key = ours.key_pem.empty() ? key_in_token(ours.signer, chain.data()->pubkey) : read_key(ours.key_pem);
    require(gnutls_certificate_set_key(credentials_.get(), nullptr, 0, chain.data(), chain.size(), key.get()),
            "our own key and certificate cannot be used together");
    chain.hand_over(); // both belong to the credentials from here on
    static_cast<void>(key.release());
}

std::string peer_chain_pem(gnutls_session_t session)
{
    unsigned int count = 0;
    const gnutls_datum_t* chain = gnutls_certificate_get_peers(session, &count);
    if (chain == nullptr || count == 0)
        throw jackfield::Failure(JF_UNAUTHENTICATED, "the peer sent no certificate");
    if (count > static_cast<unsigned int>(shared_tls::kMostCertificates))
        throw jackfield::Failure(JF_UNAUTHENTICATED, "the peer's chain has more than 8 certificates");
    std::string pem;
    for (unsigned int i = 0; i < count; ++i) {
        OwnedDatum text;
        require(gnutls_pem_base64_encode2("CERTIFICATE", &chain[i], &text.datum), "the peer's certificate");
        pem.append(reinterpret_cast<const char*>(text.datum.data), text.datum.size);
    }
    return pem;
}

std::string group_name(gnutls_session_t session)
{
    switch (gnutls_group_get(session)) {
    case GNUTLS_GROUP_X25519:
        return "X25519";
    case GNUTLS_GROUP_SECP256R1:
        return "P-256";
    case GNUTLS_GROUP_SECP384R1:
        return "P-384";
    default:
        return {};
    }
}

jackfield::Bytes export_key_material(gnutls_session_t session, std::string_view label, jackfield::ByteView context,
                                     std::size_t size)
{
    jackfield::Bytes out(size);
    require(gnutls_prf_rfc5705(session, label.size(), label.data(), context.size(),
                               context.empty() ? nullptr : reinterpret_cast<const char*>(context.data()), size,
                               reinterpret_cast<char*>(out.data())),
            "export of key material");
    return out;
}

} // namespace shared_gnutls
