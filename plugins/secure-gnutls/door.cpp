// A hello and its cookie. See door.hpp.
//
// Threads: the engine's.
#include "door.hpp"

#include <shared/gnutls/failures.hpp>

namespace secure_gnutls {
namespace {

char kPeer[] = {0}; // a path has one peer, so the cookie need not name it

/// RFC 6347 sections 4.3.1 and 4.3.2: a record of a handshake (22) whose message is a ClientHello (1).
bool is_hello(jackfield::ByteView datagram)
{
    constexpr std::size_t record_header = 13;
    constexpr std::size_t message_header = 12;
    return datagram.size() > record_header + message_header && datagram[0] == 22 && datagram[1] == 0xfe &&
           datagram[record_header] == 1;
}

ssize_t send_cookie(gnutls_transport_ptr_t output, const void* data, std::size_t size)
{
    static_cast<jackfield::EngineOutput*>(output)->output({static_cast<const std::uint8_t*>(data), size});
    return static_cast<ssize_t>(size);
}

} // namespace

Door::Door(bool ask_for_cookie) : ask_for_cookie_(ask_for_cookie)
{
    shared_gnutls::require(gnutls_key_generate(&key_.datum, GNUTLS_COOKIE_KEY_SIZE), "a key for cookies");
}

bool Door::admits(jackfield::ByteView datagram, gnutls_session_t session, jackfield::EngineOutput& output)
{
    return is_hello(datagram) && (!ask_for_cookie_ || cookie_fits(datagram, session, output));
}

/// RFC 6347 section 4.2.1.
bool Door::cookie_fits(jackfield::ByteView datagram, gnutls_session_t session, jackfield::EngineOutput& output)
{
    gnutls_dtls_prestate_st state{};
    auto* hello = const_cast<std::uint8_t*>(datagram.data()); // read only
    if (gnutls_dtls_cookie_verify(&key_.datum, kPeer, sizeof(kPeer), hello, datagram.size(), &state) < 0) {
        gnutls_dtls_cookie_send(&key_.datum, kPeer, sizeof(kPeer), &state, &output, &send_cookie);
        return false;
    }
    gnutls_dtls_prestate_set(session, &state);
    return true;
}

} // namespace secure_gnutls
