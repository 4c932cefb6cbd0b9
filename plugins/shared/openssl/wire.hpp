// The BIO between OpenSSL and a session: reads from what was fed, writes to the session's output.
//
// Threads: those of the engine that owns it, one at a time.
#pragma once

#include "openssl_ptr.hpp"

#include <jackfield/secure_engine.hpp>

namespace shared_openssl {

class Wire {
public:
    Wire(jackfield::EngineOutput& output, bool datagrams, std::uint32_t mtu_bytes)
        : output_(output), datagrams_(datagrams), mtu_bytes_(mtu_bytes)
    {}

    /// Borrowed until it is used up or replaced.
    void feed(jackfield::ByteView input) { input_ = input; }

    /// A BIO that borrows this object. Throws Failure.
    BioPtr make_bio();

private:
    static const BIO_METHOD* method();
    static Wire& of(BIO* bio) { return *static_cast<Wire*>(BIO_get_data(bio)); }
    static int read(BIO* bio, char* data, int size);
    static int write(BIO* bio, const char* data, int size);
    static long control(BIO* bio, int command, long number, void* pointer);

    jackfield::EngineOutput& output_;
    jackfield::ByteView input_;
    bool datagrams_;
    std::uint32_t mtu_bytes_;
};

} // namespace shared_openssl
