// Flight by flight until both are done. See rehearsal.hpp.
//
// Threads: control.
#include "rehearsal.hpp"

namespace shared_tls {
namespace {

using jackfield::HandshakeProgress;

/// Feeds one engine what the other has said.
HandshakeProgress hear(jackfield::SecureEngine& engine, Pipe& from, HandshakeProgress before)
{
    HandshakeProgress progress = before;
    while (!from.queue.empty()) {
        engine.feed(from.queue.front());
        if (progress == HandshakeProgress::more)
            progress = engine.handshake();
        from.queue.pop_front();
    }
    return progress;
}

} // namespace

void rehearse(jackfield::SecureEngine& client, Pipe& to_server, jackfield::SecureEngine& server, Pipe& to_client)
{
    HandshakeProgress client_progress = client.handshake();
    HandshakeProgress server_progress = HandshakeProgress::more;
    for (int flight = 0; flight < 8; ++flight) {
        server_progress = hear(server, to_server, server_progress);
        client_progress = hear(client, to_client, client_progress);
    }
    if (client_progress != HandshakeProgress::done || server_progress != HandshakeProgress::done)
        throw jackfield::Failure(JF_INTERNAL, std::string("the library cannot finish a handshake with itself: ") +
                                                  client.failure().text + " " + server.failure().text);
}

} // namespace shared_tls
