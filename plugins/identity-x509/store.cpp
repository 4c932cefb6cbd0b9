// Loading and making the account.
//
// Threads: the loading thread of the plugin. Two processes that make one at once both end with the one that was first.
#include "store.hpp"

#include "credentials.hpp"

namespace identity_x509 {

using jackfield::Failure;
using namespace shared_x509;

namespace {

/// New certificates for the same keys: the ids stay.
void renew(const PrivateFolder& folder, Credential& account, Credential& device, const StoreOptions& options,
           Validity validity)
{
    account.chain.front() = make_account_certificate(account.key.get(), options.account_name, validity);
    device.chain = device_chain(device.key.get(), account, validity);
    // The device first: it carries the new account certificate, and the next load mends the other file if we die here.
    folder.replace(kDeviceFile, Secret(credential_text(device)).text);
    folder.replace(kAccountFile, Secret(credential_text(account)).text);
}

void check_device(const PrivateFolder& folder, const Credential& device, const Credential& account)
{
    try {
        check_links(device.chain);
    } catch (const Failure& failure) {
        refuse_damaged(folder, kDeviceFile, std::string("is damaged (") + failure.what() + ")");
    }
    if (account.key && id_of(device.chain.back().get()) != id_of(account.key.get()))
        refuse_damaged(folder, kDeviceFile, "belongs to another account than account.pem");
}

bool wants_renewal(const Credential& device, std::int64_t now_ms)
{
    return shared_x509::wants_renewal(device.chain.front().get(), now_ms) ||
           shared_x509::wants_renewal(device.chain.back().get(), now_ms);
}

} // namespace

Account load_account(const StoreOptions& options, std::int64_t now_ms, const std::atomic<bool>& stop,
                     const std::function<void(const std::string&)>& say)
{
    const PrivateFolder folder(options.folder);
    folder.sweep();
    // In this order: whoever makes a store makes the account first, so whoever finds a device and then no account has
    // found a device that joined one.
    Credential device = read_credential(folder, kDeviceFile, 2);
    Credential account = read_credential(folder, kAccountFile, 1);
    const Validity validity{now_ms, options.certificate_days};
    if (!account.key && !device.key && folder.has(kRequestFile))
        throw Failure(JF_BAD_CONFIG, "/store: a request waits here to join an account; \"jackfield id join\" takes the "
                                     "chain that was issued for it; looked at " +
                                         folder.full(kRequestFile));
    if (!account.key && !device.key) {
        account = create_or_adopt(folder, kAccountFile, make_account(options, now_ms, stop));
        say("made account " + id_of(account.key.get()));
    }
    if (!device.key) {
        device = create_or_adopt(folder, kDeviceFile, make_device(account, validity, stop));
        say("made device " + id_of(device.key.get()));
    }
    check_device(folder, device, account);
    if (wants_renewal(device, now_ms) && account.key) {
        renew(folder, account, device, options, validity);
        say("renewed the certificates of device " + id_of(device.key.get()));
    } else if (wants_renewal(device, now_ms)) {
        say("the certificate of this device ends on " + last_day(device.chain.front().get()) +
            "; \"jackfield id request\" asks for a new one");
    }
    return account_of(std::move(account), std::move(device));
}

} // namespace identity_x509
