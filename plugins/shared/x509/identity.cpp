// The account behind every method. See identity.hpp.
//
// Threads: as there.
#include "identity.hpp"

#include "sealing.hpp"

#include <openssl/crypto.h>

namespace shared_x509 {

using jackfield::Bytes;
using jackfield::ByteView;
using jackfield::Completion;
using jackfield::Device;
using jackfield::Failure;

void X509Identity::stop()
{
    stop_ = true;
    if (loader_.joinable())
        loader_.join();
}

void X509Identity::load(Completion done)
{
    if (loaded_.load() != nullptr)
        return done.succeed();
    if (loading_.exchange(true))
        throw Failure(JF_BUSY, "the account is being loaded");
    if (loader_.joinable())
        loader_.join(); // an attempt that failed; it has nothing left to do
    loader_ = std::thread([this, done = std::move(done)]() mutable { load_now(std::move(done)); });
}

/// On the loader's thread.
void X509Identity::load_now(Completion done)
{
    jf_error error = jackfield::no_error();
    const jackfield::Status status = jackfield::guarded(&error, [&] {
        account_ = find_account(stop_);
        loaded_.store(&account_);
    });
    loading_ = false;
    if (status == JF_OK)
        done.succeed();
    else
        done.fail(status, error.text);
    OPENSSL_thread_stop();
}

const Account& X509Identity::account() const
{
    const Account* loaded = loaded_.load();
    if (loaded == nullptr)
        throw Failure(JF_WOULD_BLOCK, "the account is not loaded yet");
    return *loaded;
}

bool X509Identity::is_account(std::uint32_t key)
{
    if (key != JF_KEY_DEVICE && key != JF_KEY_ACCOUNT)
        throw Failure(JF_BAD_INPUT, "key " + std::to_string(key) + " is neither the device's nor the account's");
    return key == JF_KEY_ACCOUNT;
}

jf_device X509Identity::self_device() const
{
    const Account& us = account();
    return {sizeof(jf_device), 0, jackfield::to_text(us.account_id), jackfield::to_text(us.device_id),
            jackfield::to_text(us.chain_pem)};
}

Bytes X509Identity::sign(std::uint32_t key, ByteView data)
{
    const Account& us = account();
    return sign_data(is_account(key) ? us.account_key.get() : us.device_key.get(), data);
}

void X509Identity::verify(std::string_view signer_chain_pem, std::uint32_t key, ByteView data, ByteView signature)
{
    account();
    const Chain chain = parse_chain(signer_chain_pem);
    const bool by_account = is_account(key);
    if (by_account)
        check_links(chain); // else anybody could put an account of his behind a device that is not its own
    EVP_PKEY* signer = X509_get0_pubkey((by_account ? chain.back() : chain.front()).get());
    check_key_kind(signer, by_account ? "account" : "device");
    if (!signature_fits(signer, data, signature))
        throw Failure(JF_UNAUTHENTICATED, by_account ? "the signature was not made by that account over these bytes"
                                                     : "the signature was not made by that device over these bytes");
}

Device X509Identity::verify_chain(std::string_view chain_pem, const Device& expected)
{
    account();
    return check_chain(parse_chain(chain_pem), expected, host_.wall_ms());
}

Bytes X509Identity::seal(std::string_view recipient_chain_pem, ByteView plain)
{
    account();
    const Chain chain = parse_chain(recipient_chain_pem);
    EVP_PKEY* recipient = X509_get0_pubkey(chain.front().get());
    check_key_kind(recipient, "recipient");
    return seal_for(recipient, plain);
}

Bytes X509Identity::open(ByteView sealed)
{
    return open_with(account().device_key.get(), sealed);
}

Bytes X509Identity::sign_digest(std::uint32_t scheme, std::uint32_t digest, ByteView value)
{
    return shared_x509::sign_digest(account().device_key.get(), scheme, digest, value);
}

std::string X509Identity::private_key_pem()
{
    if (account().keys_stay)
        throw Failure(JF_UNSUPPORTED, "the private key does not leave its token; use a secure channel that lets the "
                                      "identity sign, as secure-noise and secure-gnutls do");
    return private_pem(account().device_key.get());
}

} // namespace shared_x509
