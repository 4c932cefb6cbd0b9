// A TLS connection to the server: TLS 1.2 or 1.3, its certificate checked for who it is (RFC 5922 section 7).
//
// Threads: the network's. Lifetime: see wire.hpp.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <asio/ssl.hpp>
#include <asio/ssl/impl/src.hpp> // ASIO_SEPARATE_COMPILATION: here and nowhere else in this plugin
#pragma GCC diagnostic pop

#include "server_certificate.hpp"
#include "stream_wire.hpp"

#include <openssl/err.h>

namespace discovery_sip {

namespace {

using TlsStream = asio::ssl::stream<asio::ip::tcp::socket>;

/// Whatever the system's openssl.cnf says: no old version, no short keys, nothing that outlives a connection.
asio::ssl::context make_context(const TlsOptions& options)
{
    asio::ssl::context context(asio::ssl::context::tls_client);
    SSL_CTX* const native = context.native_handle();
    SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
    SSL_CTX_set_security_level(native, 2);
    SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
    asio::error_code failed;
    if (options.ca_file.empty())
        context.set_default_verify_paths(failed);
    else
        context.load_verify_file(options.ca_file, failed);
    if (failed)
        throw jackfield::ConfigError("/ca_file: \"" + options.ca_file + "\" cannot be used: " + failed.message() +
                                     "; a PEM file of certificates would work");
    context.set_verify_mode(options.verify ? asio::ssl::verify_peer : asio::ssl::verify_none);
    return context;
}

/// Before the stream, which is made from it.
struct HasContext {
    explicit HasContext(const TlsOptions& options) : context(make_context(options)) {}
    asio::ssl::context context;
};

class TlsWire final : private HasContext, public StreamWire<TlsStream> {
public:
    TlsWire(asio::io_context& io, const WireOptions& options, WireEvents events)
        : HasContext(options.tls), StreamWire(io, options, std::move(events), HasContext::context)
    {}

private:
    void shake_hands() override
    {
        const std::string name = options_.tls.server_name.empty() ? options_.server.host : options_.tls.server_name;
        if (!is_ip_address(name)) // RFC 6066 section 3
            SSL_set_tlsext_host_name(stream_.native_handle(), name.c_str());
        if (options_.tls.verify)
            stream_.set_verify_callback([this, name](bool chain_is_good, asio::ssl::verify_context& verified) {
                return check(chain_is_good, verified.native_handle(), name);
            });
        const auto self = std::static_pointer_cast<TlsWire>(shared_from_this());
        stream_.async_handshake(asio::ssl::stream_base::client, [self](asio::error_code failed) {
            self->shaken(!failed ? "" : !self->problem_.empty() ? self->problem_ : "TLS failed: " + failed.message());
        });
    }

    bool check(bool chain_is_good, X509_STORE_CTX* verified, const std::string& name)
    {
        if (!chain_is_good) {
            problem_ = std::string("its certificate is not trusted: ") +
                       X509_verify_cert_error_string(X509_STORE_CTX_get_error(verified));
            return false;
        }
        if (X509_STORE_CTX_get_error_depth(verified) > 0)
            return true;
        if (names_server(X509_STORE_CTX_get_current_cert(verified), name))
            return true;
        problem_ = "its certificate names another than " + name;
        return false;
    }

    asio::ip::tcp::socket& socket() override { return stream_.next_layer(); }

    std::string problem_;
};

} // namespace

void check_tls(const TlsOptions& options)
{
    make_context(options);
}

std::shared_ptr<Wire> make_tls_wire(asio::io_context& context, const WireOptions& options, WireEvents events)
{
    return std::make_shared<TlsWire>(context, options, std::move(events));
}

} // namespace discovery_sip
