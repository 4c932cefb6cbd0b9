// A jackfield.identity/1 with X.509 certificates; where its account comes from is for whoever derives to say.
//
// Threads:  load runs on a thread of its own (an RSA key takes long), joined by stop(); all else on any thread.
// Lifetime: what load found is published once and never changes, so readers need no lock.
#pragma once

#include "account.hpp"

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

protected:
    /// On the loader's thread. Throws Failure; `stop` ends it early (JF_CANCELLED).
    virtual Account find_account(const std::atomic<bool>& stop) = 0;

    /// Ends the loader's thread. In the destructor of whoever derives: find_account is his.
    void stop();

private:
    static bool is_account(std::uint32_t key);
    const Account& account() const;
    void load_now(jackfield::Completion done);

    Account account_; // written by the loader's thread before loaded_ points at it
    std::atomic<const Account*> loaded_{nullptr};
    std::atomic<bool> loading_{false};
    std::atomic<bool> stop_{false};
    std::thread loader_;
};

} // namespace shared_x509
