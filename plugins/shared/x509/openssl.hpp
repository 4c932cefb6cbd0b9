// OpenSSL objects that free themselves, and its error queue as one sentence.
//
// Threads: any; the error queue is per thread. Lifetime: each handle owns its object.
#pragma once

#include <jackfield/basic.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

namespace shared_x509 {

template <auto Free>
struct Freer {
    template <class T>
    void operator()(T* object) const noexcept
    {
        Free(object);
    }
};

using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Freer<EVP_CIPHER_CTX_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Request = std::unique_ptr<X509_REQ, Freer<X509_REQ_free>>;
using RevocationCrl = std::unique_ptr<X509_CRL, Freer<X509_CRL_free>>;
using Number = std::unique_ptr<ASN1_INTEGER, Freer<ASN1_INTEGER_free>>;
using Memory = std::unique_ptr<BIO, Freer<BIO_free_all>>;

/// Throws with OpenSSL's reason; empties the queue, so that the next failure tells its own.
[[noreturn]] inline void fail_with_reason(jackfield::Status status, const std::string& what)
{
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    const std::string text = reason != nullptr ? what + " (" + reason + ")" : what;
    ERR_clear_error();
    throw jackfield::Failure(status, text);
}

/// For calls that fail only for lack of memory or by a mistake of ours.
inline void must(bool succeeded, const char* what)
{
    if (!succeeded)
        fail_with_reason(JF_INTERNAL, std::string("OpenSSL: ") + what);
}

inline Memory read_only(std::string_view text)
{
    Memory memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    must(memory != nullptr, "no memory for a buffer");
    return memory;
}

inline std::string contents(BIO* memory)
{
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

} // namespace shared_x509
