// identity-pkcs11: an account and a device whose private keys stay in a token.
//
// Threads:  the token is opened on the loader's thread; signing and opening wait for it on whatever thread asks.
// Lifetime: the token outlives the keys, which the base class holds; so it is a base that stands before it.
#include "token.hpp"

#include <jackfield/plugin.hpp>
#include <shared/x509/diagnosis.hpp>
#include <shared/x509/identity.hpp>

#include <nlohmann/json.hpp>

namespace identity_pkcs11 {
namespace {

using nlohmann::json;
using shared_x509::Account;
using shared_x509::Credential;

struct Options {
    TokenOptions token;
    std::string account_key;
    std::string device_key;
    std::string account_name;
    int certificate_days = 365;
};

std::string read_text(const json& config, const char* name, const char* otherwise)
{
    const auto found = config.find(name);
    if (found == config.end() && otherwise != nullptr)
        return otherwise;
    if (found == config.end() || !found->is_string() || (otherwise == nullptr && found->get<std::string>().empty()))
        throw jackfield::ConfigError("/" + std::string(name) +
                                     (otherwise == nullptr ? ": required, a text" : ": a text"));
    return found->get<std::string>();
}

Options parse_config(std::string_view config_json)
{
    const json config = json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    if (!config.is_object())
        throw jackfield::ConfigError("/: expected an object");
    Options options;
    options.token = {read_text(config, "module", nullptr), read_text(config, "token", nullptr),
                     read_text(config, "pin_file", nullptr)};
    options.account_key = read_text(config, "account_key", "jackfield account");
    options.device_key = read_text(config, "device_key", "jackfield device");
    if (options.account_key == options.device_key)
        throw jackfield::ConfigError("/device_key: expected another key than the account's");
    options.account_name = read_text(config, "account_name", "");
    const json days = config.value("certificate_days", json(options.certificate_days));
    if (!days.is_number_integer() || days < 1 || days > 36'500)
        throw jackfield::ConfigError("/certificate_days: must be from 1 to 36500");
    options.certificate_days = days.get<int>();
    return options;
}

struct HasToken {
    Token token;
};

class TokenIdentity final : private HasToken, public shared_x509::X509Identity {
public:
    TokenIdentity(jackfield::Host host, std::string_view config_json)
        : X509Identity(host), options_(parse_config(config_json))
    {}

    ~TokenIdentity() override { stop(); }

private:
    /// The certificates are made anew: they are no secret, and ids are of the keys.
    Account find_account(const std::atomic<bool>& stopping) override
    {
        token.open(options_.token);
        const shared_x509::Validity validity{host_.wall_ms(), options_.certificate_days};
        Credential account;
        account.key = key("/account_key", options_.account_key);
        if (stopping)
            throw jackfield::Failure(JF_CANCELLED, "loading was given up");
        account.chain.push_back(
            shared_x509::make_account_certificate(account.key.get(), options_.account_name, validity));
        Credential device;
        device.key = key("/device_key", options_.device_key);
        device.chain = shared_x509::device_chain(device.key.get(), account, validity);
        Account made = shared_x509::account_of(std::move(account), std::move(device));
        made.keys_stay = true;
        return made;
    }

    int certificate_days() const override { return options_.certificate_days; }

    shared_x509::Key key(const char* option, const std::string& label) const
    {
        auto found = token.private_key(option, label);
        shared_x509::check_key_kind(found.get(), std::string("token, ") + option);
        return found;
    }

    Options options_;
};

class TokenDiagnosis final : public shared_x509::CertificateDiagnosis {
public:
    TokenDiagnosis(jackfield::Host host, std::string_view config_json) : CertificateDiagnosis(host)
    {
        parse_config(config_json);
    }
};

} // namespace
} // namespace identity_pkcs11

JF_PLUGIN(identity_pkcs11::TokenIdentity, identity_pkcs11::TokenDiagnosis)
