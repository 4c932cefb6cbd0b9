// A TLS server of the test's own that listens when it is told to: it takes so many bytes, then says them all again, and
// knows how its clients leave.
//
// Threads: one that accepts and one for each client. Lifetime: the object's; clients must have gone by then.
#pragma once

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <latch>
#include <string>
#include <thread>
#include <vector>

namespace jackfield::ice_test {

class TlsEcho {
public:
    TlsEcho(const std::string& certificate, const std::string& key, std::size_t bytes)
        : bytes_(bytes), context_(SSL_CTX_new(TLS_server_method())), socket_(socket(AF_INET, SOCK_STREAM, 0))
    {
        SSL_CTX_use_certificate_file(context_, certificate.c_str(), SSL_FILETYPE_PEM);
        SSL_CTX_use_PrivateKey_file(context_, key.c_str(), SSL_FILETYPE_PEM);
        const int little = 8192; // so that who sends must wait
        setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        bind(socket_, reinterpret_cast<const sockaddr*>(&address), size);
        listen(socket_, 16);
        getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        acceptor_ = std::thread([this] {
            for (int client = 0; (client = accept(socket_, nullptr, nullptr)) >= 0;)
                clients_.emplace_back([this, client] { serve(client); });
        });
    }
    TlsEcho(const TlsEcho&) = delete;
    TlsEcho& operator=(const TlsEcho&) = delete;
    ~TlsEcho()
    {
        shutdown(socket_, SHUT_RDWR);
        acceptor_.join();
        for (auto& client : clients_)
            client.join();
        close(socket_);
        SSL_CTX_free(context_);
    }

    std::uint16_t port() const { return port_; }
    void listen_to_them() { listens_.count_down(); }

    /// Clients that have said goodbye, as TLS does (RFC 8446 section 6.1).
    int goodbyes() const { return goodbyes_; }

private:
    void serve(int client)
    {
        SSL* const tls = SSL_new(context_);
        SSL_set_fd(tls, client);
        std::vector<char> heard;
        if (SSL_accept(tls) == 1) {
            listens_.wait();
            char some[16'384];
            int count = 0;
            while (heard.size() < bytes_ && (count = SSL_read(tls, some, sizeof(some))) > 0)
                heard.insert(heard.end(), some, some + count);
            if (heard.size() == bytes_)
                SSL_write(tls, heard.data(), static_cast<int>(heard.size()));
            while (count > 0)
                count = SSL_read(tls, some, sizeof(some));
            goodbyes_ += SSL_get_error(tls, count) == SSL_ERROR_ZERO_RETURN ? 1 : 0;
        }
        SSL_free(tls);
        close(client);
    }

    std::size_t bytes_;
    SSL_CTX* context_;
    int socket_;
    std::uint16_t port_ = 0;
    std::latch listens_{1};
    std::atomic<int> goodbyes_ = 0;
    std::vector<std::thread> clients_; // the acceptor's, then the destructor's
    std::thread acceptor_;
};

} // namespace jackfield::ice_test
