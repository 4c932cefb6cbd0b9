// A jackfield.identity/1 with X.509 certificates; where its account comes from is for whoever derives to say.
//
// Threads:  load runs on a thread of its own (an RSA key takes long), joined by stop(); all else on any thread.
// Lifetime: what load found is published once and never changes, so readers need no lock.
#pragma once

#include "revocation_book.hpp"

#include <jackfield/identity.hpp>

#include <thread>

namespace shared_x509 {

class X509Identity : public jackfield::Identity {
public:
    using Identity::Identity;

    void load(jackfield::Completion done) final;
    jf_device self_device() const final;
    jackfield::Bytes sign(std::uint32_t key, jackfield::ByteView data) final;
    void verify(std::string_view signer_chain_pem, std::uint32_t key, jackfield::ByteView data,
                jackfield::ByteView signature) final;
    jackfield::Device verify_chain(std::string_view chain_pem, const jackfield::Device& expected) final;
    jackfield::Bytes seal(std::string_view recipient_chain_pem, jackfield::ByteView plain) final;
    jackfield::Bytes open(jackfield::ByteView sealed) final;
    jackfield::Bytes sign_digest(std::uint32_t scheme, std::uint32_t digest, jackfield::ByteView value) final;
    std::string private_key_pem() final;
    jackfield::Device issue_device(std::string_view request_pem) final;
    jackfield::Bytes revocations(std::string_view account_id) override;
    void take_revocations(std::string_view chain_pem, jackfield::ByteView list) final;
    std::string describe_account() final;

protected:
    /// On the loader's thread. Throws Failure; `stop` ends it early (JF_CANCELLED).
    virtual Account find_account(const std::atomic<bool>& stop) = 0;

    /// Once loaded; throws JF_WOULD_BLOCK before.
    const Account& account() const;

    /// Throws JF_UNSUPPORTED where it is not.
    EVP_PKEY* account_key() const;

    /// How long what is issued is valid.
    virtual int certificate_days() const = 0;

    /// A device was added. Before anybody has its chain.
    virtual void issued(const std::string& /*device_id*/, const std::string& /*serial*/) {}

    /// Devices that were added, ids.
    virtual std::vector<std::string> added() const { return {}; }

    /// False if the list is not newer than what is known. The account whose list had to go for it, or nobody.
    bool learn(RevocationList list, std::string* forgotten = nullptr);

    /// A peer has brought a list that is news; `forgotten` is an account whose list had to go for it, or empty.
    virtual void keep(const RevocationList& /*list*/, const std::string& /*account_pem*/,
                      const std::string& /*forgotten*/)
    {}

    const RevocationBook& book() const { return book_; }

    /// Ends the loader's thread. In the destructor of whoever derives: find_account is his.
    void stop();

private:
    static bool is_account(std::uint32_t key);
    void load_now(jackfield::Completion done);
    void warn_if_revoked();

    RevocationBook book_;
    Account account_; // written by the loader's thread before loaded_ points at it
    std::atomic<const Account*> loaded_{nullptr};
    std::atomic<bool> loading_{false};
    std::atomic<bool> stop_{false};
    std::atomic<bool> warned_{false};
    std::thread loader_;
};

} // namespace shared_x509
