// One connection to a relay over TLS. See tls_tunnel.hpp.
//
// SIGPIPE: GSocket ignores it for the whole process, so OpenSSL may write to a connection that has ended.
#include "tls_tunnel.hpp"

#include <shared/ice/ip_address.hpp>
#include <shared/openssl/failures.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <cerrno>

namespace jackfield::ice {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kOpensWithin = 10s; // to name, connection and handshake
constexpr guint kConnectsWithinSeconds = 10;

int descriptor(GSocket* socket)
{
    return g_socket_get_fd(socket);
}

} // namespace

/// A GSource with both sockets of a tunnel.
struct TlsTunnel::Source {
    GSource base;
    TlsTunnel* owner;

    static gboolean dispatch(GSource* source, GSourceFunc, gpointer)
    {
        const auto tunnel = reinterpret_cast<Source*>(source)->owner->shared_from_this(); // it may end in there
        tunnel->pump();
        return G_SOURCE_CONTINUE;
    }
};

void TlsTunnel::Buffer::take(std::size_t count)
{
    first += count;
    if (first == last)
        first = last = 0;
}

TlsTunnel::TlsTunnel(GlibLoop& loop, Farewells& connecting, const TlsDestination& destination, GPtr<GSocket> inner,
                     TunnelListener& listener)
    : loop_(loop),
      connecting_(connecting),
      destination_(destination),
      listener_(listener),
      inner_(std::move(inner)),
      cancel_(g_cancellable_new())
{}

void TlsTunnel::start()
{
    g_socket_set_blocking(inner_.get(), FALSE);
    g_socket_set_option(inner_.get(), IPPROTO_TCP, TCP_NODELAY, 1, nullptr);
    static GSourceFuncs functions{nullptr, nullptr, &Source::dispatch, nullptr, nullptr, nullptr};
    source_.reset(g_source_new(&functions, sizeof(Source)));
    reinterpret_cast<Source*>(source_.get())->owner = this;
    inner_tag_ = g_source_add_unix_fd(source_.get(), descriptor(inner_.get()), G_IO_IN);
    g_source_attach(source_.get(), loop_.context());

    const GPtr<GSocketClient> client(g_socket_client_new());
    g_socket_client_set_enable_proxy(client.get(), FALSE);
    g_socket_client_set_timeout(client.get(), kConnectsWithinSeconds);
    connecting_.begin(); // the answer comes in any case, and must find what it is about
    g_socket_client_connect_to_host_async(
        client.get(), destination_.host.c_str(), destination_.port, cancel_.get(),
        [](GObject* object, GAsyncResult* result, gpointer data) {
            const std::unique_ptr<std::shared_ptr<TlsTunnel>> owner(static_cast<std::shared_ptr<TlsTunnel>*>(data));
            TlsTunnel& self = **owner;
            GError* error = nullptr;
            self.outer_.reset(g_socket_client_connect_to_host_finish(G_SOCKET_CLIENT(object), result, &error));
            if (!self.over_)
                self.connected(error);
            g_clear_error(&error);
            self.connecting_.end();
        },
        new std::shared_ptr<TlsTunnel>(shared_from_this()));
    loop_.post_after(kOpensWithin, [weak = weak_from_this()] {
        const auto self = weak.lock();
        if (self && !self->open_)
            self->end("no connection within 10 s");
    });
}

void TlsTunnel::connected(const GError* error)
{
    if (outer_ == nullptr)
        return end(error->message);
    GSocket* const socket = g_socket_connection_get_socket(outer_.get());
    g_socket_set_blocking(socket, FALSE);
    g_socket_set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1, nullptr);
    try {
        prepare(descriptor(socket));
    } catch (const Failure& failure) {
        return end(failure.what());
    }
    outer_tag_ = g_source_add_unix_fd(source_.get(), descriptor(socket), G_IO_IN);
    pump();
}

/// The certificate must be for that name or address, and a name is what we ask for (RFC 6066 section 3).
void TlsTunnel::prepare(int socket)
{
    using shared_openssl::require;
    const std::string& name = destination_.server_name;
    ssl_.reset(SSL_new(destination_.context));
    require(ssl_ != nullptr && SSL_set_fd(ssl_.get(), socket) == 1, "TLS");
    X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl_.get());
    if (IpAddress::parse(name)) {
        require(X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str()) == 1, "TLS");
    } else {
        X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        require(X509_VERIFY_PARAM_set1_host(wanted, name.c_str(), name.size()) == 1 &&
                    SSL_set_tlsext_host_name(ssl_.get(), name.c_str()) == 1,
                "TLS");
    }
    SSL_set_connect_state(ssl_.get());
}

/// Moves what can be moved; the loop calls again when a socket is ready for more.
void TlsTunnel::pump()
{
    bool moved = true;
    while (moved && !over_) {
        wants_to_write_ = false; // said by whichever of the following must wait for it
        moved = read_inner();
        if (ssl_ == nullptr || over_)
            continue;
        if (!open_) {
            moved = shake_hands() || moved;
            continue;
        }
        moved = write_outer() || moved;
        moved = !over_ && (read_outer() || moved);
        moved = !over_ && (write_inner() || moved);
    }
    if (over_)
        return;
    if ((inner_closed_ && (up_.empty() || ssl_ == nullptr)) || (outer_closed_ && down_.empty()))
        return end({});
    watch();
}

bool TlsTunnel::read_inner()
{
    if (inner_closed_ || up_.room() == 0)
        return false;
    const auto count = recv(descriptor(inner_.get()), up_.bytes.data() + up_.last, up_.room(), 0);
    if (count > 0) {
        up_.last += static_cast<std::size_t>(count);
        return true;
    }
    inner_closed_ = count == 0 || (errno != EAGAIN && errno != EINTR);
    return false;
}

bool TlsTunnel::write_inner()
{
    if (down_.empty())
        return false;
    const auto count =
        send(descriptor(inner_.get()), down_.bytes.data() + down_.first, down_.last - down_.first, MSG_NOSIGNAL);
    if (count > 0) {
        down_.take(static_cast<std::size_t>(count));
        return true;
    }
    if (errno != EAGAIN && errno != EINTR)
        end({}); // libnice has no more use for it
    return false;
}

bool TlsTunnel::shake_hands()
{
    ERR_clear_error();
    open_ = went_well(SSL_do_handshake(ssl_.get()), "the TLS handshake");
    if (open_)
        listener_.tunnel_opened(*this);
    return open_;
}

bool TlsTunnel::write_outer()
{
    if (up_.empty())
        return false;
    ERR_clear_error();
    const int count = SSL_write(ssl_.get(), up_.bytes.data() + up_.first, static_cast<int>(up_.last - up_.first));
    if (!went_well(count, "TLS"))
        return false;
    up_.take(static_cast<std::size_t>(count));
    return true;
}

bool TlsTunnel::read_outer()
{
    if (outer_closed_ || down_.room() == 0)
        return false;
    ERR_clear_error();
    const int count = SSL_read(ssl_.get(), down_.bytes.data() + down_.last, static_cast<int>(down_.room()));
    if (!went_well(count, "TLS"))
        return false;
    down_.last += static_cast<std::size_t>(count);
    return true;
}

/// False if it must wait or the relay has gone; ends the tunnel if it has failed.
bool TlsTunnel::went_well(int result, const char* what)
{
    if (result > 0)
        return true;
    const int error = errno;
    switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
        return false;
    case SSL_ERROR_WANT_WRITE:
        wants_to_write_ = true;
        return false;
    case SSL_ERROR_ZERO_RETURN:
        outer_closed_ = true;
        return false;
    default:
        break;
    }
    const long verdict = SSL_get_verify_result(ssl_.get());
    if (!open_ && verdict != X509_V_OK)
        end(std::string("its certificate is not accepted: ") + X509_verify_cert_error_string(verdict));
    else if (ERR_peek_error() == 0)
        end(std::string(what) + ": the connection has ended" +
            (error != 0 ? std::string(": ") + g_strerror(error) : ""));
    else
        end(shared_openssl::library_text(what));
    return false;
}

/// A full buffer is how the one side slows the other.
void TlsTunnel::watch()
{
    const auto wants = [](bool in, bool out) {
        return static_cast<GIOCondition>((in ? G_IO_IN : 0) | (out ? G_IO_OUT : 0));
    };
    g_source_modify_unix_fd(source_.get(), inner_tag_, wants(!inner_closed_ && up_.room() != 0, !down_.empty()));
    if (outer_tag_ != nullptr)
        g_source_modify_unix_fd(source_.get(), outer_tag_,
                                wants(!outer_closed_ && (!open_ || down_.room() != 0), wants_to_write_));
}

void TlsTunnel::end(const std::string& problem)
{
    if (std::exchange(over_, true))
        return;
    g_cancellable_cancel(cancel_.get());
    source_.reset();
    if (open_ && problem.empty()) {
        ERR_clear_error();
        SSL_shutdown(ssl_.get()); // says so, and waits for nobody
        ERR_clear_error();
    }
    g_socket_close(inner_.get(), nullptr);
    listener_.tunnel_ended(*this, problem);
}

} // namespace jackfield::ice
