// What a server of datagrams looks at before there is a connection: only a hello gets in, and if so configured only one
// with our cookie.
//
// Threads: the engine's. Lifetime: the engine's.
#pragma once

#include <jackfield/secure_engine.hpp>

#include <gnutls/dtls.h>
#include <shared/gnutls/gnutls_ptr.hpp>

namespace secure_gnutls {

class Door {
public:
    /// Throws Failure if there are no random bytes for the key of the cookie.
    explicit Door(bool ask_for_cookie);

    /// Whether the connection begins with this datagram. If not, it counts as lost; a hello without its cookie is
    /// answered with one.
    bool admits(jackfield::ByteView datagram, gnutls_session_t session, jackfield::EngineOutput& output);

private:
    bool cookie_fits(jackfield::ByteView datagram, gnutls_session_t session, jackfield::EngineOutput& output);

    bool ask_for_cookie_;
    shared_gnutls::OwnedDatum key_;
};

} // namespace secure_gnutls
