// Certificates for tests of TLS: a key, signed by itself, for the names that a test wants.
//
// Threads: any. Lifetime: values own.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace discovery_sip::testing {

struct FreeOpenSsl {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(BIO* bio) const { BIO_free(bio); }
};

struct TestCertificate {
    std::unique_ptr<EVP_PKEY, FreeOpenSsl> key;
    std::unique_ptr<X509, FreeOpenSsl> certificate;

    /// alternative_names: "DNS:example.net,IP:127.0.0.1,URI:sip:example.net"; empty for none.
    explicit TestCertificate(const std::string& common_name, const std::string& alternative_names = {},
                             long valid_s = 3600)
        : key(EVP_EC_gen("P-256")), certificate(X509_new())
    {
        X509* const made = certificate.get();
        X509_set_version(made, X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
        X509_gmtime_adj(X509_getm_notBefore(made), -7200);
        X509_gmtime_adj(X509_getm_notAfter(made), valid_s);
        X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
        X509_set_issuer_name(made, X509_get_subject_name(made));
        X509_set_pubkey(made, key.get());
        if (!alternative_names.empty()) {
            X509_EXTENSION* const names =
                X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternative_names.c_str());
            X509_add_ext(made, names, -1);
            X509_EXTENSION_free(names);
        }
        X509_sign(made, key.get(), EVP_sha256());
    }

    std::string certificate_pem() const
    {
        const std::unique_ptr<BIO, FreeOpenSsl> bio(BIO_new(BIO_s_mem()));
        PEM_write_bio_X509(bio.get(), certificate.get());
        return text_of(bio.get());
    }
    std::string key_pem() const
    {
        const std::unique_ptr<BIO, FreeOpenSsl> bio(BIO_new(BIO_s_mem()));
        PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        return text_of(bio.get());
    }

private:
    static std::string text_of(BIO* bio)
    {
        char* data = nullptr;
        const long size = BIO_get_mem_data(bio, &data);
        return {data, static_cast<std::size_t>(size)};
    }
};

} // namespace discovery_sip::testing
