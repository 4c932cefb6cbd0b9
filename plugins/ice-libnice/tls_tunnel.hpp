// One connection to a relay over TLS (RFC 8656 section 2.1): what libnice says in clear on loopback goes on encrypted,
// and back. libnice itself knows relays over UDP and TCP only.
//
// Threads:  the loop's.
// Lifetime: shared by its relay and by callbacks under way; it ends when either side closes, and says so once.
#pragma once

#include "farewells.hpp"
#include "glib_loop.hpp"

#include <shared/openssl/openssl_ptr.hpp>

#include <gio/gio.h>

#include <array>
#include <string>

namespace jackfield::ice {

struct GObjectUnref {
    void operator()(gpointer object) const { g_object_unref(object); }
};
template <class T>
using GPtr = std::unique_ptr<T, GObjectUnref>;

/// Where a tunnel leads, and who must be there.
struct TlsDestination {
    std::string host;
    std::uint16_t port = 0;
    std::string server_name; // the certificate's: a name or an address
    SSL_CTX* context = nullptr;
};

class TlsTunnel;

class TunnelListener {
public:
    /// The relay is who it should be, and hears what is said.
    virtual void tunnel_opened(TlsTunnel& tunnel) = 0;

    /// Once, and the last word. Why; empty if that was in order.
    virtual void tunnel_ended(TlsTunnel& tunnel, const std::string& problem) = 0;

protected:
    ~TunnelListener() = default;
};

class TlsTunnel : public std::enable_shared_from_this<TlsTunnel> {
public:
    TlsTunnel(GlibLoop& loop, Farewells& connecting, const TlsDestination& destination, GPtr<GSocket> inner,
              TunnelListener& listener);
    TlsTunnel(const TlsTunnel&) = delete;
    TlsTunnel& operator=(const TlsTunnel&) = delete;

    void start();
    void end(const std::string& problem);

private:
    /// Bytes that wait for the other side; when it is full, this side is not read.
    struct Buffer {
        std::array<std::uint8_t, 32'768> bytes;
        std::size_t first = 0;
        std::size_t last = 0;

        bool empty() const { return first == last; }
        std::size_t room() const { return bytes.size() - last; }
        void take(std::size_t count);
    };
    struct Source;

    void connected(const GError* error);
    void prepare(int socket);
    void pump();
    bool read_inner();
    bool write_inner();
    bool shake_hands();
    bool read_outer();
    bool write_outer();
    bool went_well(int result, const char* what);
    void watch();

    GlibLoop& loop_;
    Farewells& connecting_;
    const TlsDestination& destination_;
    TunnelListener& listener_;
    GPtr<GSocket> inner_;
    GPtr<GSocketConnection> outer_; // once there is one
    GPtr<GCancellable> cancel_;
    shared_openssl::SslPtr ssl_;
    SourcePtr source_;
    gpointer inner_tag_ = nullptr;
    gpointer outer_tag_ = nullptr;
    Buffer up_;
    Buffer down_;
    bool inner_closed_ = false;
    bool outer_closed_ = false;
    bool wants_to_write_ = false; // TLS does
    bool open_ = false;           // the relay is who it should be
    bool over_ = false;
};

} // namespace jackfield::ice
