// Two engines shake hands in memory, so that the first handshake of a call costs like the second: what a library loads
// or computes at first use is there afterwards.
//
// Threads: control, inside create. Lifetime: the engines and the pipes are the caller's.
#pragma once

#include <jackfield/secure_engine.hpp>

#include <deque>

namespace shared_tls {

/// What one engine has said and the other has not heard yet.
struct Pipe final : jackfield::EngineOutput {
    void output(jackfield::ByteView bytes) noexcept override { queue.emplace_back(bytes.begin(), bytes.end()); }
    std::deque<jackfield::Bytes> queue;
};

/// Throws Failure if the library cannot finish a handshake with itself.
void rehearse(jackfield::SecureEngine& client, Pipe& to_server, jackfield::SecureEngine& server, Pipe& to_client);

} // namespace shared_tls
