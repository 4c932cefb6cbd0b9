// The program dissononce_peer.py as the other end of a path: its standard input and output.
//
// Threads: the test's; receive waits for the program. Lifetime: the program ends with this object.
#pragma once

#include <jackfield/testing/test_identity.hpp>

namespace secure_noise {

class Dissononce {
public:
    Dissononce(bool initiator, bool datagrams, const jackfield::testing::TestIdentity& identity,
               const jackfield::Device& peer);
    Dissononce(const Dissononce&) = delete;
    Dissononce& operator=(const Dissononce&) = delete;
    ~Dissononce();

    void send(jackfield::ByteView bytes);

    /// One datagram, or some bytes of the stream; empty if it has ended.
    jackfield::Bytes receive();

    /// Waits for its end.
    int exit_code();

private:
    bool read_exactly(std::uint8_t* data, std::size_t size);

    jackfield::testing::TemporaryFolder folder_;
    bool datagrams_;
    int pid_ = 0;
    int to_ = -1;
    int from_ = -1;
};

} // namespace secure_noise
