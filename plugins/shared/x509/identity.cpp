// The account behind every method. See identity.hpp.
//
// Threads: as there.
#include "identity.hpp"

#include "requests.hpp"
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
        warn_if_revoked();
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

EVP_PKEY* X509Identity::account_key() const
{
    if (!account().account_key)
        throw Failure(JF_UNSUPPORTED, "this device does not hold the key of its account; do it on the one that does");
    return account().account_key.get();
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
    return sign_data(is_account(key) ? account_key() : us.device_key.get(), data);
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
    const Chain chain = parse_chain(chain_pem);
    Device device = check_chain(chain, expected, host_.wall_ms());
    book_.check(device, chain.front().get());
    return device;
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

// --- devices --------------------------------------------------------------------------------------------------------

Device X509Identity::issue_device(std::string_view request_pem)
{
    EVP_PKEY* const signer = account_key();
    const Account& us = account();
    const Key key = key_of_request(request_pem);
    const std::string id = id_of(key.get());
    if (id == us.account_id)
        throw Failure(JF_REFUSED, "the request is for the account's own key; a device has one of its own");
    if (const auto list = book_.find(us.account_id); list && list->devices.contains(id))
        throw Failure(JF_REFUSED,
                      "device " + id + " was revoked, which is for ever; a request with a new key would do");
    const Certificate made =
        make_device_certificate(key.get(), us.account_certificate.get(), signer, {host_.wall_ms(), certificate_days()});
    issued(id, serial_of(made.get()));
    return {us.account_id, id, certificate_pem(made.get()) + certificate_pem(us.account_certificate.get())};
}

Bytes X509Identity::revocations(std::string_view account_id)
{
    const std::string id(account_id.empty() ? std::string_view(account().account_id) : account_id);
    if (auto list = book_.find(id))
        return std::move(list->der);
    throw Failure(JF_NOT_FOUND, "no list of revoked devices is known of account " + id);
}

void X509Identity::take_revocations(std::string_view chain_pem, ByteView list)
{
    account();
    const Chain chain = parse_chain(chain_pem);
    const auto known = book_.find(id_of(chain.back().get()));
    if (known && std::equal(known->der.begin(), known->der.end(), list.begin(), list.end()))
        throw Failure(JF_REFUSED, "the list is known");
    check_links(chain);
    const RevocationList taken = read_list(chain.back().get(), list);
    std::string forgotten;
    if (!learn(taken, &forgotten))
        throw Failure(JF_REFUSED, "list " + std::to_string(taken.number) + " is not newer than what is known");
    keep(taken, certificate_pem(chain.back().get()), forgotten);
}

void X509Identity::warn_if_revoked()
{
    const Account* us = loaded_.load();
    const auto list = us == nullptr ? std::nullopt : book_.find(us->account_id);
    if (list && list->devices.contains(us->device_id) && !warned_.exchange(true))
        host_.warning("this device was revoked by its account: nobody will talk to it any more");
}

bool X509Identity::learn(RevocationList list, std::string* forgotten)
{
    std::string gone;
    if (!book_.take(std::move(list), gone))
        return false;
    warn_if_revoked();
    if (forgotten != nullptr)
        *forgotten = std::move(gone);
    return true;
}

/// Ids are hexadecimal, so that nothing needs to be escaped.
std::string X509Identity::describe_account()
{
    const Account& us = account();
    const auto list = book_.find(us.account_id);
    std::set<std::string> devices{us.device_id};
    for (const auto& device : added())
        devices.insert(device);
    if (list)
        devices.insert(list->devices.begin(), list->devices.end());
    std::string lines;
    for (const auto& device : devices) {
        const bool revoked = list && list->devices.contains(device);
        lines += (lines.empty() ? "" : ", ") + (R"({"device": ")" + device) + R"(", "revoked": )" +
                 (revoked ? "true" : "false") + "}";
    }
    const Chain chain = parse_chain(us.chain_pem);
    return R"({"account": ")" + us.account_id + R"(", "device": ")" + us.device_id + R"(", "account_key": )" +
           (us.account_key ? "true" : "false") + R"(, "valid_until": ")" + last_day(chain.front().get()) + "\"" +
           (list ? R"(, "revoked_number": )" + std::to_string(list->number) : std::string()) + R"(, "devices": [)" +
           lines + "]}";
}

} // namespace shared_x509
