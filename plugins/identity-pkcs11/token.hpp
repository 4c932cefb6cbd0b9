// A token behind a PKCS#11 library, by libp11: its keys as OpenSSL's, though they stay where they are.
//
// Threads: open and private_key on one thread; libp11 locks what its keys do later, on any.
// Lifetime: outlives its keys.
#pragma once

#include <shared/x509/openssl.hpp>

#include <libp11.h>

namespace identity_pkcs11 {

struct TokenOptions {
    std::string module;
    std::string label;
    std::string pin_file;
};

class Token {
public:
    Token() = default;
    Token(const Token&) = delete;
    Token& operator=(const Token&) = delete;
    ~Token() { close(); }

    /// Loads the library and logs in, once: a wrong PIN is not tried again. Throws Failure that says what there is
    /// instead.
    void open(const TokenOptions& options);

    /// Throws Failure that names the keys there are.
    shared_x509::Key private_key(const char* option, const std::string& label) const;

    void close();

private:
    void load(const std::string& module);
    void find(const std::string& label);
    void log_in(const TokenOptions& options);

    PKCS11_CTX* context_ = nullptr;
    bool loaded_ = false;
    PKCS11_SLOT* slots_ = nullptr; // with a count: libp11's array
    unsigned int slot_count_ = 0;
    PKCS11_SLOT* slot_ = nullptr; // one of them
};

} // namespace identity_pkcs11
