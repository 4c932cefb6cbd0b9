// Loading and making the account.
//
// Threads: the loading thread of the plugin. Two processes that make one at once both end with the one that was first.
#include "store.hpp"

#include "files.hpp"

#include <openssl/crypto.h>

namespace identity_x509 {

using jackfield::Failure;
using namespace shared_x509;

namespace {

const std::string kAccountFile = "account.pem";
const std::string kDeviceFile = "device.pem";

/// Text with a private key in it; wiped when it goes.
struct Secret {
    std::string text;
    explicit Secret(std::string value) : text(std::move(value)) {}
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret() { OPENSSL_cleanse(text.data(), text.size()); }
};

[[noreturn]] void refuse_damaged(const PrivateFolder& folder, const std::string& file, const std::string& problem)
{
    throw Failure(JF_BAD_CONFIG, "/store: " + file + " " + problem +
                                     "; put it back from a backup, or move the whole folder away to get a new account; "
                                     "looked at " +
                                     folder.full(file));
}

/// Key and certificates of one file, checked to belong together.
Credential parse(const PrivateFolder& folder, const std::string& file, const Secret& secret, std::size_t certificates)
{
    Credential found;
    try {
        found.key = private_from_pem(secret.text);
        found.chain = parse_chain(secret.text);
        check_key_kind(found.key.get(), "store");
    } catch (const Failure& failure) {
        refuse_damaged(folder, file, std::string("is damaged (") + failure.what() + ")");
    }
    if (found.chain.size() != certificates)
        refuse_damaged(folder, file, "is incomplete");
    if (X509_check_private_key(found.chain.front().get(), found.key.get()) != 1) {
        ERR_clear_error();
        refuse_damaged(folder, file, "holds a key and a certificate that do not belong together");
    }
    return found;
}

std::string text_of(const Credential& credential)
{
    std::string text = private_pem(credential.key.get());
    for (const auto& certificate : credential.chain)
        text += certificate_pem(certificate.get());
    return text;
}

Credential read(const PrivateFolder& folder, const std::string& file, std::size_t certificates)
{
    auto text = folder.read(file);
    if (!text)
        return {};
    return parse(folder, file, Secret(std::move(*text)), certificates);
}

/// Writes it unless the name is taken: then what is there wins.
Credential create_or_adopt(const PrivateFolder& folder, const std::string& file, Credential made)
{
    const std::size_t certificates = made.chain.size();
    if (folder.create(file, Secret(text_of(made)).text))
        return made;
    return read(folder, file, certificates);
}

/// New certificates for the same keys: the ids stay.
void renew(const PrivateFolder& folder, Credential& account, Credential& device, const StoreOptions& options,
           Validity validity)
{
    account.chain.front() = make_account_certificate(account.key.get(), options.account_name, validity);
    device.chain = device_chain(device.key.get(), account, validity);
    // The device first: it carries the new account certificate, and the next load mends the other file if we die here.
    folder.replace(kDeviceFile, Secret(text_of(device)).text);
    folder.replace(kAccountFile, Secret(text_of(account)).text);
}

} // namespace

Account load_account(const StoreOptions& options, std::int64_t now_ms, const std::atomic<bool>& stop,
                     const std::function<void(const std::string&)>& say)
{
    const PrivateFolder folder(options.folder);
    folder.sweep();
    // In this order: whoever makes a store makes the account first, so a device without account is never seen by
    // chance.
    const bool device_expected = folder.has(kDeviceFile);
    Credential account = read(folder, kAccountFile, 1);
    if (!account.key && device_expected)
        refuse_damaged(folder, kAccountFile, "is missing though there is a device");
    if (!account.key) {
        account = create_or_adopt(folder, kAccountFile, make_account(options, now_ms, stop));
        say("made account " + id_of(account.key.get()));
    }
    const Validity validity{now_ms, options.certificate_days};
    Credential device = read(folder, kDeviceFile, 2);
    if (!device.key) {
        device = create_or_adopt(folder, kDeviceFile, make_device(account, validity, stop));
        say("made device " + id_of(device.key.get()));
    }
    try {
        check_links(device.chain);
    } catch (const Failure& failure) {
        refuse_damaged(folder, kDeviceFile, std::string("is damaged (") + failure.what() + ")");
    }
    if (id_of(device.chain.back().get()) != id_of(account.key.get()))
        refuse_damaged(folder, kDeviceFile, "belongs to another account than account.pem");
    if (wants_renewal(device.chain.front().get(), now_ms) || wants_renewal(device.chain.back().get(), now_ms)) {
        renew(folder, account, device, options, validity);
        say("renewed the certificates of device " + id_of(device.key.get()));
    }

    return account_of(std::move(account), std::move(device));
}

} // namespace identity_x509
