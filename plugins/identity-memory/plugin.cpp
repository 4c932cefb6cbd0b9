// identity-memory: an account and a device that are made at the start and gone at the end.
//
// Threads:  keys are made on the loader's thread.
// Lifetime: the account lives as long as the instance, which joins that thread.
#include <jackfield/plugin.hpp>
#include <shared/x509/diagnosis.hpp>
#include <shared/x509/identity.hpp>

#include <nlohmann/json.hpp>

namespace {

using shared_x509::Account;
using shared_x509::AccountOptions;
using shared_x509::Credential;

constexpr int kDays = 30; // longer than any process that should use this

AccountOptions parse_config(std::string_view config_json)
{
    const auto config = nlohmann::json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    if (!config.is_object())
        throw jackfield::ConfigError("/: expected an object");
    const auto text = [&](const char* name, const char* otherwise) {
        const auto value = config.value(name, nlohmann::json(otherwise));
        if (!value.is_string())
            throw jackfield::ConfigError("/" + std::string(name) + ": expected a text");
        return value.get<std::string>();
    };
    AccountOptions options;
    options.key = shared_x509::key_type_of(text("key", "ec-p256"));
    options.account_name = text("account_name", "");
    options.certificate_days = kDays;
    return options;
}

class MemoryIdentity final : public shared_x509::X509Identity {
public:
    MemoryIdentity(jackfield::Host host, std::string_view config_json)
        : X509Identity(host), options_(parse_config(config_json))
    {}

    ~MemoryIdentity() override { stop(); }

private:
    Account find_account(const std::atomic<bool>& stopping) override
    {
        const auto now_ms = host_.wall_ms();
        Credential account = make_account(options_, now_ms, stopping);
        Credential device = make_device(account, {now_ms, options_.certificate_days}, stopping);
        return account_of(std::move(account), std::move(device));
    }

    int certificate_days() const override { return options_.certificate_days; }

    AccountOptions options_;
};

class MemoryDiagnosis final : public shared_x509::CertificateDiagnosis {
public:
    MemoryDiagnosis(jackfield::Host host, std::string_view config_json) : CertificateDiagnosis(host)
    {
        parse_config(config_json);
    }
};

} // namespace

JF_PLUGIN(MemoryIdentity, MemoryDiagnosis)
