// identity-x509: an account that signs its devices, kept in files, by OpenSSL 3.
//
// Threads:  files are read and written on the loader's thread.
// Lifetime: the options live as long as the instance, which joins that thread.
#include "credentials.hpp"
#include "kept_lists.hpp"
#include "membership.hpp"

#include <jackfield/plugin.hpp>
#include <shared/x509/diagnosis.hpp>
#include <shared/x509/identity.hpp>

#include <nlohmann/json.hpp>

namespace {

using namespace identity_x509;
using jackfield::ConfigError;
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
        : X509Identity(host),
          options_(parse_config(config_json)),
          lists_(options_.folder + "/revoked", [this](const std::string& line) { host_.warning(line); })
    {}

    ~StoredIdentity() override { stop(); }

    std::string request_device() override { return request_of(options_, never_); }

    void join_account(std::string_view chain_pem) override { join(options_, chain_pem, host_.wall_ms()); }

    void revoke_device(std::string_view device_id) override
    {
        EVP_PKEY* const signer = account_key();
        const std::string id(device_id);
        if (id == account().device_id)
            throw Failure(JF_REFUSED, "this is the device itself; who takes it out of service deletes its store");
        const auto serial = serial_of_added(id);
        const PrivateFolder folder(options_.folder);
        const PrivateFolder::Turn turn(folder);
        look_at_own_list();
        const auto known = book().find(account().account_id);
        if (known && known->devices.contains(id))
            return;
        auto devices = known ? devices_of(*known) : std::vector<shared_x509::RevokedDevice>();
        devices.push_back({id, serial});
        X509* const us = account().account_certificate.get();
        const auto der =
            make_list(us, signer, known ? known->number + 1 : 1, devices, {host_.wall_ms(), options_.certificate_days});
        lists_.write(shared_x509::certificate_pem(us), shared_x509::read_list(us, der));
        look_at_own_list();
    }

    /// Another process may have revoked a device: what it has written is looked at each time.
    jackfield::Bytes revocations(std::string_view account_id) override
    {
        if (account_id.empty() || account_id == account().account_id)
            look_at_own_list();
        return X509Identity::revocations(account_id);
    }

private:
    shared_x509::Account find_account(const std::atomic<bool>& stopping) override
    {
        auto found = load_account(options_, host_.wall_ms(), stopping, [this](const std::string& line) {
            host_.info("identity-x509: " + line + " in " + options_.folder);
        });
        for (auto& kept : lists_.load())
            learn(std::move(kept.list));
        return found;
    }

    int certificate_days() const override { return options_.certificate_days; }

    void issued(const std::string& device_id, const std::string& serial) override
    {
        remember_device(options_, {device_id, serial});
    }

    std::vector<std::string> added() const override
    {
        std::vector<std::string> ids;
        for (auto& device : added_devices(options_))
            ids.push_back(std::move(device.device_id));
        return ids;
    }

    void keep(const shared_x509::RevocationList& list, const std::string& account_pem,
              const std::string& forgotten) override
    {
        if (!forgotten.empty())
            lists_.forget(forgotten);
        lists_.keep(account_pem, list);
    }

    std::string serial_of_added(const std::string& device_id) const
    {
        for (const auto& device : added_devices(options_)) {
            if (device.device_id == device_id)
                return device.serial;
        }
        throw Failure(JF_NOT_FOUND, "no device \"" + device_id.substr(0, 64) +
                                        "\" was added here; \"jackfield id\" lists those that were");
    }

    void look_at_own_list()
    {
        if (auto kept = lists_.changed(account().account_id))
            learn(std::move(kept->list));
    }

    StoreOptions options_;
    std::atomic<bool> never_{false};
    KeptLists lists_;
};

class StoredDiagnosis final : public shared_x509::CertificateDiagnosis {
public:
    StoredDiagnosis(jackfield::Host host, std::string_view config_json) : CertificateDiagnosis(host)
    {
        parse_config(config_json);
    }
};

} // namespace

JF_PLUGIN(StoredIdentity, StoredDiagnosis)
