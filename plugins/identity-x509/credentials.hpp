// Keys and their certificates as files of the store.
//
// Threads: the caller's. Lifetime: results own their keys.
#pragma once

#include "files.hpp"

#include <shared/x509/account.hpp>

namespace identity_x509 {

inline const std::string kAccountFile = "account.pem";
inline const std::string kDeviceFile = "device.pem";
inline const std::string kRequestFile = "request.pem"; ///< the key of a request that waits for its certificate

/// Text with a private key in it; wiped when it goes.
struct Secret {
    std::string text;
    explicit Secret(std::string value) : text(std::move(value)) {}
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret();
};

[[noreturn]] void refuse_damaged(const PrivateFolder& folder, const std::string& file, const std::string& problem);

/// The key first, then its certificates.
std::string credential_text(const shared_x509::Credential& credential);

/// Key and certificates, checked to belong together; empty if there is no such file. Throws JF_BAD_CONFIG for one that
/// is damaged.
shared_x509::Credential read_credential(const PrivateFolder& folder, const std::string& file, std::size_t certificates);

/// Writes it unless the name is taken: then what is there wins.
shared_x509::Credential create_or_adopt(const PrivateFolder& folder, const std::string& file,
                                        shared_x509::Credential made);

} // namespace identity_x509
