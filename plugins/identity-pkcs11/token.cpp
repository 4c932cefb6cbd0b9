// Finding a token and its keys. See token.hpp.
//
// Threads: as there.
#include "token.hpp"

#include <openssl/crypto.h>

#include <sys/stat.h>

#include <fstream>

namespace identity_pkcs11 {

using jackfield::Failure;
using shared_x509::fail_with_reason;

namespace {

/// Overwritten when it goes.
struct Pin {
    std::string text;
    ~Pin() { OPENSSL_cleanse(text.data(), text.size()); }
};

void read_pin(const std::string& file, Pin& pin)
{
    struct stat status{};
    if (stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
        throw Failure(JF_BAD_CONFIG, "/pin_file: there is no file " + file);
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        throw Failure(JF_BAD_CONFIG, "/pin_file: others may read " + file + "; chmod 600 keeps it to you");
    std::ifstream stream(file);
    pin.text.reserve(256); // so that no copy is left behind
    if (!std::getline(stream, pin.text) || pin.text.empty())
        throw Failure(JF_BAD_CONFIG, "/pin_file: the first line of " + file + " is empty; write the PIN there");
}

void append(const char* word, std::string& list)
{
    list += (list.empty() ? "\"" : ", \"") + std::string(word != nullptr ? word : "") + "\"";
}

} // namespace

void Token::open(const TokenOptions& options)
{
    close(); // of an attempt that failed
    load(options.module);
    find(options.label);
    log_in(options);
}

void Token::load(const std::string& module)
{
    context_ = PKCS11_CTX_new();
    shared_x509::must(context_ != nullptr, "no memory for a token");
    if (PKCS11_CTX_load(context_, module.c_str()) != 0)
        fail_with_reason(JF_BAD_CONFIG, "/module: " + module + " cannot be loaded as a PKCS#11 library");
    loaded_ = true;
    if (PKCS11_enumerate_slots(context_, &slots_, &slot_count_) != 0)
        fail_with_reason(JF_NOT_FOUND, "/module: " + module + " cannot say which tokens there are");
}

void Token::find(const std::string& label)
{
    std::string others;
    for (unsigned int i = 0; i < slot_count_; ++i) {
        const PKCS11_TOKEN* token = slots_[i].token;
        if (token == nullptr || !token->initialized)
            continue;
        if (token->label != nullptr && label == token->label) {
            slot_ = &slots_[i];
            return;
        }
        append(token->label, others);
    }
    throw Failure(JF_NOT_FOUND,
                  "/token: there is no token \"" + label + "\"; there is " + (others.empty() ? "none" : others));
}

void Token::log_in(const TokenOptions& options)
{
    Pin pin;
    read_pin(options.pin_file, pin);
    if (PKCS11_open_session(slot_, /*rw=*/0) != 0)
        fail_with_reason(JF_UNREACHABLE, "the token \"" + options.label + "\" does not answer");
    if (PKCS11_login(slot_, /*so=*/0, pin.text.c_str()) != 0)
        fail_with_reason(JF_UNAUTHENTICATED,
                         "/pin_file: the token \"" + options.label + "\" does not take that PIN, which was tried once");
}

shared_x509::Key Token::private_key(const char* option, const std::string& label) const
{
    PKCS11_KEY* keys = nullptr;
    unsigned int count = 0;
    if (PKCS11_enumerate_keys(slot_->token, &keys, &count) != 0)
        fail_with_reason(JF_UNREACHABLE, "the token does not say which keys it has");
    std::string others;
    for (unsigned int i = 0; i < count; ++i) {
        if (keys[i].label == nullptr || label != keys[i].label) {
            append(keys[i].label, others);
            continue;
        }
        shared_x509::Key key(PKCS11_get_private_key(&keys[i]));
        if (!key)
            fail_with_reason(JF_UNSUPPORTED, std::string(option) + ": the key \"" + label + "\" cannot be used");
        return key;
    }
    throw Failure(JF_NOT_FOUND, std::string(option) + ": the token has no private key \"" + label + "\"; it has " +
                                    (others.empty() ? "none" : others));
}

void Token::close()
{
    if (slots_ != nullptr)
        PKCS11_release_all_slots(context_, slots_, slot_count_);
    if (loaded_)
        PKCS11_CTX_unload(context_);
    if (context_ != nullptr)
        PKCS11_CTX_free(context_);
    context_ = nullptr;
    loaded_ = false;
    slots_ = nullptr;
    slot_count_ = 0;
    slot_ = nullptr;
}

} // namespace identity_pkcs11
