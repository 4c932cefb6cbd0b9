// identity-x509: an account that signs its devices, kept in files, by OpenSSL 3.
//
// Threads:  load runs on a thread of its own (an RSA key takes long), joined in the destructor; all else on any thread.
// Lifetime: what load found is published once and never changes, so readers need no lock.
#include "certificates.hpp"
#include "sealing.hpp"
#include "store.hpp"

#include <jackfield/identity.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

#include <openssl/crypto.h>

#include <thread>

namespace {

using namespace identity_x509;
using jackfield::Bytes;
using jackfield::ByteView;
using jackfield::Completion;
using jackfield::ConfigError;
using jackfield::Device;
using jackfield::Failure;

StoreOptions parse_config(std::string_view config_json)
{
    const auto config = nlohmann::json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    if (!config.is_object() || !config.contains("store") || !config["store"].is_string() ||
        config["store"].get_ref<const std::string&>().empty())
        throw ConfigError("/store: required, the folder for the private keys, for example "
                          "\"~/.local/share/jackfield/alice\"");
    StoreOptions options;
    options.folder = config["store"].get<std::string>();
    while (options.folder.size() > 1 && options.folder.back() == '/')
        options.folder.pop_back();
    options.key = key_type_of(config.value("key", "ec-p256"));
    options.account_name = config.value("account_name", "");
    options.certificate_days = config.value("certificate_days", options.certificate_days);
    if (options.certificate_days < 1 || options.certificate_days > 36500)
        throw ConfigError("/certificate_days: must be from 1 to 36500");
    return options;
}

class X509Identity final : public jackfield::Identity {
public:
    X509Identity(jackfield::Host host, std::string_view config_json)
        : Identity(host), options_(parse_config(config_json))
    {}

    ~X509Identity() override
    {
        stop_ = true;
        if (loader_.joinable())
            loader_.join();
    }

    void load(Completion done) override
    {
        if (loaded_.load() != nullptr)
            return done.succeed();
        if (loading_.exchange(true))
            throw Failure(JF_BUSY, "the account is being loaded");
        if (loader_.joinable())
            loader_.join(); // an attempt that failed; it has nothing left to do
        loader_ = std::thread([this, done = std::move(done)]() mutable { load_now(std::move(done)); });
    }

    jf_device self_device() const override
    {
        const Account& us = account();
        return {sizeof(jf_device), 0, jackfield::to_text(us.account_id), jackfield::to_text(us.device_id),
                jackfield::to_text(us.chain_pem)};
    }

    Bytes sign(std::uint32_t key, ByteView data) override
    {
        const Account& us = account();
        return sign_data(is_account(key) ? us.account_key.get() : us.device_key.get(), data);
    }

    void verify(std::string_view signer_chain_pem, std::uint32_t key, ByteView data, ByteView signature) override
    {
        account();
        const Chain chain = parse_chain(signer_chain_pem);
        const bool by_account = is_account(key);
        if (by_account)
            check_links(chain); // else anybody could put an account of his behind a device that is not its own
        EVP_PKEY* signer = X509_get0_pubkey((by_account ? chain.back() : chain.front()).get());
        check_key_kind(signer, by_account ? "account" : "device");
        if (!signature_fits(signer, data, signature))
            throw Failure(JF_UNAUTHENTICATED, by_account
                                                  ? "the signature was not made by that account over these bytes"
                                                  : "the signature was not made by that device over these bytes");
    }

    Device verify_chain(std::string_view chain_pem, const Device& expected) override
    {
        account();
        return check_chain(parse_chain(chain_pem), expected, host_.wall_ms());
    }

    Bytes seal(std::string_view recipient_chain_pem, ByteView plain) override
    {
        account();
        const Chain chain = parse_chain(recipient_chain_pem);
        EVP_PKEY* recipient = X509_get0_pubkey(chain.front().get());
        check_key_kind(recipient, "recipient");
        return seal_for(recipient, plain);
    }

    Bytes open(ByteView sealed) override { return open_with(account().device_key.get(), sealed); }

    Bytes sign_digest(std::uint32_t scheme, std::uint32_t digest, ByteView value) override
    {
        return identity_x509::sign_digest(account().device_key.get(), scheme, digest, value);
    }

    std::string private_key_pem() override { return private_pem(account().device_key.get()); }

private:
    static bool is_account(std::uint32_t key)
    {
        if (key != JF_KEY_DEVICE && key != JF_KEY_ACCOUNT)
            throw Failure(JF_BAD_INPUT, "key " + std::to_string(key) + " is neither the device's nor the account's");
        return key == JF_KEY_ACCOUNT;
    }

    const Account& account() const
    {
        const Account* loaded = loaded_.load();
        if (loaded == nullptr)
            throw Failure(JF_WOULD_BLOCK, "the account is not loaded yet");
        return *loaded;
    }

    /// On the loader's thread.
    void load_now(Completion done)
    {
        jf_error error = jackfield::no_error();
        const jackfield::Status status = jackfield::guarded(&error, [&] {
            account_ = load_account(options_, host_.wall_ms(), stop_, [this](const std::string& line) {
                host_.info("identity-x509: " + line + " in " + options_.folder);
            });
            loaded_.store(&account_);
        });
        loading_ = false;
        if (status == JF_OK)
            done.succeed();
        else
            done.fail(status, error.text);
        OPENSSL_thread_stop();
    }

    StoreOptions options_;
    Account account_; // written by the loader's thread before loaded_ points at it
    std::atomic<const Account*> loaded_{nullptr};
    std::atomic<bool> loading_{false};
    std::atomic<bool> stop_{false};
    std::thread loader_;
};

} // namespace

JF_PLUGIN(X509Identity)
