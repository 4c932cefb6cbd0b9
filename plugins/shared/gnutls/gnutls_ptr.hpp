// Owners of what GnuTLS hands out.
//
// Threads: as the object owned.
#pragma once

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include <memory>
#include <type_traits>

namespace shared_gnutls {

template <auto Free>
struct Freer {
    template <class T>
    void operator()(T* object) const
    {
        Free(object);
    }
};

template <class Handle, auto Free>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, Freer<Free>>;

using Session = Owned<gnutls_session_t, gnutls_deinit>;
using Priority = Owned<gnutls_priority_t, gnutls_priority_deinit>;
using CertificateCredentials = Owned<gnutls_certificate_credentials_t, gnutls_certificate_free_credentials>;
using Certificate = Owned<gnutls_x509_crt_t, gnutls_x509_crt_deinit>;
using PrivateKey = Owned<gnutls_privkey_t, gnutls_privkey_deinit>;

/// Bytes that the library allocated.
struct OwnedDatum {
    OwnedDatum() = default;
    OwnedDatum(const OwnedDatum&) = delete;
    OwnedDatum& operator=(const OwnedDatum&) = delete;
    ~OwnedDatum() { gnutls_free(datum.data); }
    gnutls_datum_t datum{nullptr, 0};
};

} // namespace shared_gnutls
