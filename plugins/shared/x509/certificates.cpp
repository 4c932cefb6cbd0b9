// Making certificates.
//
// Threads: any. Lifetime: nothing is kept.
#include "certificates.hpp"

#include <openssl/asn1.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace shared_x509 {

using jackfield::Failure;

namespace {

void set_dates(X509* certificate, Validity validity)
{
    const std::int64_t now = validity.now_ms / 1000;
    must(ASN1_TIME_set(X509_getm_notBefore(certificate), now - kSecondsOfDay) != nullptr, "a date");
    must(ASN1_TIME_set(X509_getm_notAfter(certificate), now + validity.days * kSecondsOfDay) != nullptr, "a date");
}

/// 127 random bits: positive, and never the same twice (RFC 5280 section 4.1.2.2).
void set_serial(X509* certificate)
{
    const std::unique_ptr<BIGNUM, Freer<BN_free>> number(BN_new());
    must(number && BN_rand(number.get(), 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1, "a serial number");
    must(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr, "a serial number");
}

void add_extension(X509* certificate, const X509* issuer, int extension, const char* value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, const_cast<X509*>(issuer), certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>> made(
        X509V3_EXT_conf_nid(nullptr, &context, extension, value));
    must(made && X509_add_ext(certificate, made.get(), -1) == 1, "a certificate extension");
}

Certificate begin_certificate(const EVP_PKEY* key, const std::string& common_name, Validity validity)
{
    Certificate certificate(X509_new());
    must(certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1, "a certificate");
    set_serial(certificate.get());
    set_dates(certificate.get(), validity);
    must(X509_set_pubkey(certificate.get(), const_cast<EVP_PKEY*>(key)) == 1, "a certificate's key");
    X509_NAME* subject = X509_get_subject_name(certificate.get());
    const auto* name = reinterpret_cast<const unsigned char*>(common_name.data());
    if (X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, const_cast<unsigned char*>(name),
                                   static_cast<int>(common_name.size()), -1, 0) != 1)
        fail_with_reason(JF_BAD_CONFIG, "/account_name: no name for a certificate; use UTF-8 of at most 64 characters");
    return certificate;
}

} // namespace

Certificate make_account_certificate(EVP_PKEY* account_key, const std::string& name, Validity validity)
{
    Certificate account = begin_certificate(account_key, name.empty() ? id_of(account_key) : name, validity);
    must(X509_set_issuer_name(account.get(), X509_get_subject_name(account.get())) == 1, "an issuer");
    add_extension(account.get(), account.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(account.get(), account.get(), NID_key_usage, "critical,keyCertSign,cRLSign,digitalSignature");
    add_extension(account.get(), account.get(), NID_subject_key_identifier, "hash");
    must(X509_sign(account.get(), account_key, EVP_sha256()) > 0, "signing the account certificate");
    return account;
}

Certificate make_device_certificate(const EVP_PKEY* device_key, const X509* account, EVP_PKEY* account_key,
                                    Validity validity)
{
    Certificate device = begin_certificate(device_key, id_of(device_key), validity);
    must(X509_set_issuer_name(device.get(), X509_get_subject_name(account)) == 1, "an issuer");
    add_extension(device.get(), account, NID_basic_constraints, "critical,CA:FALSE");
    // RSA wraps keys (RFC 4055 section 1.2), EC agrees on them (RFC 5480 section 3).
    add_extension(device.get(), account, NID_key_usage,
                  is_rsa(device_key) ? "critical,digitalSignature,keyEncipherment"
                                     : "critical,digitalSignature,keyAgreement");
    add_extension(device.get(), account, NID_ext_key_usage, "clientAuth,serverAuth");
    add_extension(device.get(), account, NID_subject_key_identifier, "hash");
    add_extension(device.get(), account, NID_authority_key_identifier, "keyid:always");
    must(X509_sign(device.get(), account_key, EVP_sha256()) > 0, "signing the device certificate");
    return device;
}

std::string certificate_pem(X509* certificate)
{
    const Memory memory(BIO_new(BIO_s_mem()));
    must(memory && PEM_write_bio_X509(memory.get(), certificate) == 1, "writing a certificate");
    return contents(memory.get());
}

bool wants_renewal(const X509* certificate, std::int64_t now_ms)
{
    int days = 0;
    int seconds = 0;
    must(ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(certificate), X509_get0_notAfter(certificate)) == 1,
         "a date");
    const std::int64_t third = (days * kSecondsOfDay + seconds) / 3;
    return ASN1_TIME_cmp_time_t(X509_get0_notAfter(certificate), now_ms / 1000 + third) < 0;
}

} // namespace shared_x509
