// A TLS client without a certificate, by Mbed TLS: asks for a connection as any stranger could.
//
// Threads: feed on the path's thread. Lifetime: outlives the path's close.
#pragma once

#include "pair.hpp"

#include <mbedtls/ssl.h>

namespace secure_test {

class BareClient final : public jackfield::PathReceiver {
public:
    explicit BareClient(Path path);
    ~BareClient() override;

    void start();
    void received(const jf_packet& packet) noexcept override;
    void closed(Status, std::string_view) noexcept override {}

private:
    static int send(void* self, const unsigned char* data, std::size_t size);
    static int receive(void* self, unsigned char* data, std::size_t size);
    static int random(void*, unsigned char* data, std::size_t size);

    Path path_;
    std::mutex mutex_;
    ByteView input_;
    bool timer_running_ = false;
    mbedtls_ssl_config config_;
    mbedtls_ssl_context ssl_;
};

} // namespace secure_test
