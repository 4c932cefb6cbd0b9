// Comes to one relay as a call would, over UDP, TCP or TLS, asks for an allocation, and gives it back.
//
// Threads: the loop's. Lifetime: shared by its look and by callbacks under way; `done` is called once, unless it is
// ended before.
#pragma once

#include "network_facts.hpp"
#include "probe_socket.hpp"

#include <shared/openssl/openssl_ptr.hpp>

namespace jackfield::ice {

class TurnProbe : public std::enable_shared_from_this<TurnProbe> {
public:
    /// `context` is that of TLS, else null. The facts are filled as they become known. All outlive it.
    TurnProbe(GlibLoop& loop, Host host, const TurnServer& server, SSL_CTX* context, TurnFacts& facts,
              std::function<void()> done);

    void start(const Endpoint& server);

    /// Nothing is sent and heard any more; a relay that has granted something is told.
    void end();

private:
    double ms() const { return static_cast<double>(host_.now_ns() - began_ns_) / 1e6; }
    bool tls() const { return server_.transport == RelayTransport::tls; }
    void ready();
    void connected();
    void begin_tls();
    void shake_hands();
    void begin_allocation();
    void ask();
    void read();
    void take(ByteView packet);
    void send(const Bytes& bytes);
    void watch(bool for_writing);
    void fail(std::string problem);
    void finish();

    GlibLoop& loop_;
    Host host_;
    const TurnServer& server_;
    SSL_CTX* context_;
    TurnFacts& facts_;
    std::function<void()> done_;
    ProbeSocket socket_;
    shared_openssl::SslPtr ssl_;
    std::optional<TurnAllocation> allocation_;
    Bytes unsent_; // of a stream
    Bytes input_;  // of a stream: the beginning of a message
    std::int64_t began_ns_ = 0;
    int tries_ = 0;
    unsigned round_ = 0; // of requests, so that a timer knows its own
};

} // namespace jackfield::ice
