// Loading and making the account.
//
// Threads: the loading thread of the plugin. Two processes that make one at once both end with the one that was first.
#include "store.hpp"

#include "files.hpp"

#include <openssl/crypto.h>

namespace identity_x509 {

using jackfield::Failure;

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

struct Credential {
    Key key;
    Chain chain;
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

Credential make_account(const StoreOptions& options, std::int64_t now_ms, const std::atomic<bool>& stop)
{
    Credential made;
    made.key = generate_key(options.key, stop);
    made.chain.push_back(
        make_account_certificate(made.key.get(), options.account_name, {now_ms, options.certificate_days}));
    return made;
}

/// A certificate for the device key, and a copy of the account's behind it.
Chain device_chain(const EVP_PKEY* device_key, const Credential& account, Validity validity)
{
    Chain chain;
    chain.push_back(make_device_certificate(device_key, account.chain.front().get(), account.key.get(), validity));
    must(X509_up_ref(account.chain.front().get()) == 1, "sharing a certificate");
    chain.emplace_back(account.chain.front().get());
    return chain;
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
        const KeyType type = is_rsa(account.key.get()) ? KeyType::rsa_2048 : KeyType::ec_p256;
        Credential made;
        made.key = generate_key(type, stop);
        made.chain = device_chain(made.key.get(), account, validity);
        device = create_or_adopt(folder, kDeviceFile, std::move(made));
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

    Account loaded;
    loaded.account_id = id_of(account.key.get());
    loaded.device_id = id_of(device.key.get());
    for (const auto& certificate : device.chain)
        loaded.chain_pem += certificate_pem(certificate.get());
    loaded.account_key = std::move(account.key);
    loaded.device_key = std::move(device.key);
    return loaded;
}

} // namespace identity_x509
