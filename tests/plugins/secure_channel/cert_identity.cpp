// Makes certificates with OpenSSL and checks chains of exactly two: a device and the account that issued it.
//
// Threads: any.
#include "cert_identity.hpp"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

namespace secure_test {
namespace {

using jackfield::Failure;

void need(bool fine, const char* what)
{
    if (!fine)
        throw Failure(JF_INTERNAL, what);
}

Key make_key(const std::string& type)
{
    Key key(type == "RSA" ? EVP_RSA_gen(2048) : EVP_EC_gen(type.c_str()));
    need(key != nullptr, "key");
    return key;
}

std::string id_of(EVP_PKEY* key)
{
    std::uint8_t* der = nullptr;
    const int size = i2d_PUBKEY(key, &der);
    need(size > 0, "public key");
    std::uint8_t digest[32];
    EVP_Digest(der, static_cast<std::size_t>(size), digest, nullptr, EVP_sha256(), nullptr);
    OPENSSL_free(der);
    std::string hex;
    for (const auto byte : digest) {
        hex += "0123456789abcdef"[byte >> 4U];
        hex += "0123456789abcdef"[byte & 15U];
    }
    return hex;
}

void add_extension(X509* certificate, int nid, const char* value)
{
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
    need(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, "extension");
    X509_EXTENSION_free(extension);
}

void set_name(X509_NAME* name, const std::string& text)
{
    need(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const std::uint8_t*>(text.c_str()), -1,
                                    -1, 0) == 1,
         "name");
}

Holder make(Key key, const Holder* issuer, Validity validity)
{
    Holder holder{std::move(key), Certificate(X509_new()), {}};
    holder.id = id_of(holder.key.get());
    X509* certificate = holder.certificate.get();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7);
    X509_gmtime_adj(X509_getm_notBefore(certificate), validity.from_s);
    X509_gmtime_adj(X509_getm_notAfter(certificate), validity.to_s);
    X509_set_pubkey(certificate, holder.key.get());
    set_name(X509_get_subject_name(certificate), holder.id.substr(0, 40));
    X509_set_issuer_name(certificate,
                         X509_get_subject_name(issuer != nullptr ? issuer->certificate.get() : certificate));
    add_extension(certificate, NID_basic_constraints, issuer != nullptr ? "critical,CA:FALSE" : "critical,CA:TRUE");
    add_extension(certificate, NID_key_usage,
                  issuer != nullptr ? "critical,digitalSignature" : "critical,keyCertSign,digitalSignature");
    EVP_PKEY* signer = issuer != nullptr ? issuer->key.get() : holder.key.get();
    need(X509_sign(certificate, signer, EVP_sha256()) > 0, "signature");
    return holder;
}

template <class Write>
std::string pem(Write write)
{
    const std::unique_ptr<BIO, Free> bio(BIO_new(BIO_s_mem()));
    need(write(bio.get()) == 1, "PEM");
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

std::vector<Certificate> parse(std::string_view chain_pem)
{
    const std::unique_ptr<BIO, Free> bio(BIO_new_mem_buf(chain_pem.data(), static_cast<int>(chain_pem.size())));
    std::vector<Certificate> chain;
    while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr))
        chain.emplace_back(next);
    return chain;
}

[[noreturn]] void unsupported()
{
    throw Failure(JF_UNSUPPORTED, "not needed by a secure channel");
}

} // namespace

Holder make_account(const std::string& type)
{
    return make(make_key(type), nullptr, {-7200, 7200});
}

Holder make_device(const Holder& account, Validity validity, const std::string& type)
{
    return make(make_key(type), &account, validity);
}

Holder certify(Key key, const Holder& account, Validity validity)
{
    return make(std::move(key), &account, validity);
}

Holder load_holder(const std::string& file)
{
    const std::unique_ptr<BIO, Free> bio(BIO_new_file(file.c_str(), "r"));
    need(bio != nullptr, "file");
    Holder holder{Key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr)),
                  Certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)),
                  {}};
    need(holder.key != nullptr && holder.certificate != nullptr, "key and certificate");
    holder.id = id_of(holder.key.get());
    return holder;
}

CertIdentity::CertIdentity(const jackfield::testing::FakeHost& host, const Holder& device,
                           const std::vector<const Holder*>& issuers)
    : Identity(host.host()), device_id_(device.id), raw_{&Identity::kMethods, static_cast<Identity*>(this)}
{
    const auto append = [&](const Holder& holder) {
        chain_pem_ += pem([&](BIO* bio) { return PEM_write_bio_X509(bio, holder.certificate.get()); });
    };
    append(device);
    for (const Holder* issuer : issuers) {
        append(*issuer);
        account_id_ = issuer->id;
    }
    key_pem_ = pem([&](BIO* bio) {
        return PEM_write_bio_PrivateKey(bio, device.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
}

jf_device CertIdentity::self_device() const
{
    using jackfield::to_text;
    return {sizeof(jf_device), 0, to_text(account_id_), to_text(device_id_), to_text(chain_pem_)};
}

jackfield::Device CertIdentity::verify_chain(std::string_view chain_pem, const jackfield::Device& expected)
{
    const auto refuse = [](const char* why) { throw Failure(JF_UNAUTHENTICATED, why); };
    const auto chain = parse(chain_pem);
    if (chain.size() != 2)
        refuse("the chain is not a device and its account");
    if (X509_verify(chain[0].get(), X509_get0_pubkey(chain[1].get())) != 1)
        refuse("the account did not sign the device");
    std::time_t now = host().wall_ms() / 1000;
    for (const auto& certificate : chain) {
        if (X509_cmp_time(X509_get0_notAfter(certificate.get()), &now) < 0)
            refuse("the certificate has expired");
        if (X509_cmp_time(X509_get0_notBefore(certificate.get()), &now) > 0)
            refuse("the certificate is not valid yet");
    }
    jackfield::Device found(id_of(X509_get0_pubkey(chain[1].get())), id_of(X509_get0_pubkey(chain[0].get())));
    if (!expected.account_id.empty() && expected.account_id != found.account_id)
        refuse("the certificate belongs to another account");
    if (!expected.device_id.empty() && expected.device_id != found.device_id)
        refuse("the certificate belongs to another device");
    return found;
}

jackfield::Bytes CertIdentity::sign(std::uint32_t key, jackfield::ByteView data)
{
    need(key == JF_KEY_DEVICE, "a secure channel signs with the device's key");
    const std::unique_ptr<BIO, Free> bio(BIO_new_mem_buf(key_pem_.data(), static_cast<int>(key_pem_.size())));
    const Key device(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    jackfield::Bytes signature(1024);
    std::size_t size = signature.size();
    need(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, device.get()) == 1 &&
             EVP_DigestSign(context.get(), signature.data(), &size, data.data(), data.size()) == 1,
         "signing");
    signature.resize(size);
    return signature;
}

void CertIdentity::verify(std::string_view chain_pem, std::uint32_t key, jackfield::ByteView data,
                          jackfield::ByteView signature)
{
    const auto chain = parse(chain_pem);
    need(key == JF_KEY_DEVICE && !chain.empty(), "a secure channel asks about the device's key");
    const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    need(EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, X509_get0_pubkey(chain[0].get())) == 1,
         "verifying");
    if (EVP_DigestVerify(context.get(), signature.data(), signature.size(), data.data(), data.size()) != 1)
        throw Failure(JF_UNAUTHENTICATED, "the device did not sign that");
}
jackfield::Bytes CertIdentity::seal(std::string_view, jackfield::ByteView)
{
    unsupported();
}
jackfield::Bytes CertIdentity::open(jackfield::ByteView)
{
    unsupported();
}
jackfield::Bytes CertIdentity::sign_digest(std::uint32_t, std::uint32_t, jackfield::ByteView)
{
    unsupported();
}

} // namespace secure_test
