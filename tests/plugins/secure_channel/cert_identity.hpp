// Identities for these tests, good and bad ones: certificates made on the spot, with any dates and any issuer.
//
// Threads: verify_chain and the rest on any thread. Lifetime: must outlive the instances it is provided to.
#pragma once

#include <jackfield/identity.hpp>
#include <jackfield/testing/fake_host.hpp>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

namespace secure_test {

struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(BIO* bio) const { BIO_free_all(bio); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;

/// A key, its certificate and the id of the key. `type` is "P-256", "P-384" or "RSA".
struct Holder {
    Key key;
    Certificate certificate;
    std::string id;
};

struct Validity {
    long from_s = -3600; ///< relative to now
    long to_s = 3600;
};

Holder make_account(const std::string& type = "P-256");
Holder make_device(const Holder& account, Validity validity = {}, const std::string& type = "P-256");

/// A device certificate for a key that is there already.
Holder certify(Key key, const Holder& account, Validity validity = {});

/// Key and first certificate of a file of an identity-x509 store.
Holder load_holder(const std::string& file);

class CertIdentity final : public jackfield::Identity {
public:
    /// chain: what is shown to peers, leaf first.
    CertIdentity(const jackfield::testing::FakeHost& host, const Holder& device,
                 const std::vector<const Holder*>& issuers);

    const jf_identity* raw() const { return &raw_; }
    jackfield::Device device() const { return {account_id_, device_id_, chain_pem_}; }

    void load(jackfield::Completion done) override { done.succeed(); }
    jf_device self_device() const override;
    jackfield::Device verify_chain(std::string_view chain_pem, const jackfield::Device& expected) override;
    std::string private_key_pem() override { return key_pem_; }

    jackfield::Bytes sign(std::uint32_t, jackfield::ByteView) override;
    void verify(std::string_view, std::uint32_t, jackfield::ByteView, jackfield::ByteView) override;
    jackfield::Bytes seal(std::string_view, jackfield::ByteView) override;
    jackfield::Bytes open(jackfield::ByteView) override;
    jackfield::Bytes sign_digest(std::uint32_t, std::uint32_t, jackfield::ByteView) override;

private:
    std::string account_id_;
    std::string device_id_;
    std::string chain_pem_;
    std::string key_pem_;
    jf_identity raw_;
};

} // namespace secure_test
