// A TLS 1.3 stream without anything of ours: OpenSSL over loopback TCP, a thread at each end, 16 KiB at a time.
//
// Threads: the caller's reads; another one, which has ended when the call returns, writes.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace jackfield::bench {

inline void require(bool holds, const char* what)
{
    if (!holds)
        throw std::runtime_error(what);
}

/// Two ends of one TCP connection.
inline std::pair<int, int> loopback_connection()
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    const int listening = ::socket(AF_INET, SOCK_STREAM, 0);
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    require(::bind(listening, raw, length) == 0 && ::listen(listening, 1) == 0, "listen");
    require(::getsockname(listening, raw, &length) == 0, "getsockname");
    const int client = ::socket(AF_INET, SOCK_STREAM, 0);
    require(::connect(client, raw, length) == 0, "connect");
    const int server = ::accept(listening, nullptr, nullptr);
    require(server >= 0, "accept");
    ::close(listening);
    const int on = 1;
    for (const int end : {client, server})
        ::setsockopt(end, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return {client, server};
}

/// A context of TLS 1.3 and the cipher that secure-openssl prefers; the server's has a certificate of P-256.
inline std::shared_ptr<SSL_CTX> tls_context(bool server)
{
    const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()),
                                           SSL_CTX_free);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
    require(SSL_CTX_set_ciphersuites(context.get(), "TLS_AES_128_GCM_SHA256") == 1, "cipher");
    if (!server)
        return context;
    const std::shared_ptr<EVP_PKEY> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const std::shared_ptr<X509> certificate(X509_new(), X509_free);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    require(X509_sign(certificate.get(), key.get(), EVP_sha256()) != 0, "certificate");
    require(SSL_CTX_use_certificate(context.get(), certificate.get()) == 1, "certificate");
    require(SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1, "key");
    return context;
}

/// How long so many bytes take, from the first that is written to the last that is read, and over which cipher.
inline double bare_tls_seconds(std::size_t bytes, std::string& cipher)
{
    const auto [client_socket, server_socket] = loopback_connection();
    const auto client_context = tls_context(false);
    const auto server_context = tls_context(true);
    std::chrono::steady_clock::time_point began;
    std::thread writer([&, socket = client_socket] {
        const std::shared_ptr<SSL> tls(SSL_new(client_context.get()), SSL_free);
        SSL_set_fd(tls.get(), socket);
        require(SSL_connect(tls.get()) == 1, "connect");
        const std::vector<std::uint8_t> block(16 * 1024, 0x5a);
        began = std::chrono::steady_clock::now();
        for (std::size_t written = 0; written < bytes; written += block.size())
            require(SSL_write(tls.get(), block.data(), static_cast<int>(block.size())) > 0, "write");
    });
    const std::shared_ptr<SSL> tls(SSL_new(server_context.get()), SSL_free);
    SSL_set_fd(tls.get(), server_socket);
    require(SSL_accept(tls.get()) == 1, "accept");
    cipher = SSL_CIPHER_standard_name(SSL_get_current_cipher(tls.get()));
    std::vector<std::uint8_t> block(16 * 1024);
    for (std::size_t read = 0; read < bytes;) {
        const int got = SSL_read(tls.get(), block.data(), static_cast<int>(block.size()));
        require(got > 0, "read");
        read += static_cast<std::size_t>(got);
    }
    const auto ended = std::chrono::steady_clock::now();
    writer.join();
    ::close(client_socket);
    ::close(server_socket);
    return std::chrono::duration<double>(ended - began).count();
}

} // namespace jackfield::bench
