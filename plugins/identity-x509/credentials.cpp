// Reading and writing credentials. See credentials.hpp.
//
// Threads: the caller's.
#include "credentials.hpp"

#include <openssl/crypto.h>

namespace identity_x509 {

using jackfield::Failure;
using namespace shared_x509;

namespace {

Credential parse(const PrivateFolder& folder, const std::string& file, const Secret& secret, std::size_t certificates)
{
    Credential found;
    try {
        found.key = private_from_pem(secret.text);
        if (certificates > 0)
            found.chain = parse_chain(secret.text);
        check_key_kind(found.key.get(), "store");
    } catch (const Failure& failure) {
        refuse_damaged(folder, file, std::string("is damaged (") + failure.what() + ")");
    }
    if (found.chain.size() != certificates)
        refuse_damaged(folder, file, "is incomplete");
    if (certificates > 0 && X509_check_private_key(found.chain.front().get(), found.key.get()) != 1) {
        ERR_clear_error();
        refuse_damaged(folder, file, "holds a key and a certificate that do not belong together");
    }
    return found;
}

} // namespace

Secret::~Secret()
{
    OPENSSL_cleanse(text.data(), text.size());
}

void refuse_damaged(const PrivateFolder& folder, const std::string& file, const std::string& problem)
{
    throw Failure(JF_BAD_CONFIG, "/store: " + file + " " + problem +
                                     "; put it back from a backup, or move the whole folder away to get a new account; "
                                     "looked at " +
                                     folder.full(file));
}

std::string credential_text(const Credential& credential)
{
    std::string text = private_pem(credential.key.get());
    for (const auto& certificate : credential.chain)
        text += certificate_pem(certificate.get());
    return text;
}

Credential read_credential(const PrivateFolder& folder, const std::string& file, std::size_t certificates)
{
    auto text = folder.read(file);
    if (!text)
        return {};
    return parse(folder, file, Secret(std::move(*text)), certificates);
}

Credential create_or_adopt(const PrivateFolder& folder, const std::string& file, Credential made)
{
    const std::size_t certificates = made.chain.size();
    if (folder.create(file, Secret(credential_text(made)).text))
        return made;
    return read_credential(folder, file, certificates);
}

} // namespace identity_x509
