// identity-x509: an account that signs its devices, kept in files, by OpenSSL 3.
//
// Threads:  files are read and written on the loader's thread.
// Lifetime: the options live as long as the instance, which joins that thread.
#include "store.hpp"

#include <jackfield/plugin.hpp>
#include <shared/x509/identity.hpp>

#include <nlohmann/json.hpp>

namespace {

using namespace identity_x509;
using jackfield::ConfigError;

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
    options.key = shared_x509::key_type_of(config.value("key", "ec-p256"));
    options.account_name = config.value("account_name", "");
    options.certificate_days = config.value("certificate_days", options.certificate_days);
    if (options.certificate_days < 1 || options.certificate_days > 36500)
        throw ConfigError("/certificate_days: must be from 1 to 36500");
    return options;
}

class StoredIdentity final : public shared_x509::X509Identity {
public:
    StoredIdentity(jackfield::Host host, std::string_view config_json)
        : X509Identity(host), options_(parse_config(config_json))
    {}

    ~StoredIdentity() override { stop(); }

private:
    shared_x509::Account find_account(const std::atomic<bool>& stopping) override
    {
        return load_account(options_, host_.wall_ms(), stopping, [this](const std::string& line) {
            host_.info("identity-x509: " + line + " in " + options_.folder);
        });
    }

    StoreOptions options_;
};

} // namespace

JF_PLUGIN(StoredIdentity)
