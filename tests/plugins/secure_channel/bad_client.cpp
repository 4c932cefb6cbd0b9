// A client that checks nothing and shows nothing.
//
// Threads: start on the test's thread, received on the link's.
#include "bad_client.hpp"

#include <random>

namespace secure_test {

BareClient::BareClient(Path path) : path_(path)
{
    mbedtls_ssl_config_init(&config_);
    mbedtls_ssl_init(&ssl_);
    mbedtls_ssl_config_defaults(&config_, MBEDTLS_SSL_IS_CLIENT,
                                path.is_stream() ? MBEDTLS_SSL_TRANSPORT_STREAM : MBEDTLS_SSL_TRANSPORT_DATAGRAM,
                                MBEDTLS_SSL_PRESET_DEFAULT);
    mbedtls_ssl_conf_authmode(&config_, MBEDTLS_SSL_VERIFY_NONE);
    mbedtls_ssl_conf_rng(&config_, &BareClient::random, this);
    mbedtls_ssl_setup(&ssl_, &config_);
    mbedtls_ssl_set_bio(&ssl_, this, &BareClient::send, &BareClient::receive, nullptr);
    mbedtls_ssl_set_timer_cb(
        &ssl_, this,
        [](void* self, std::uint32_t, std::uint32_t end) { static_cast<BareClient*>(self)->timer_running_ = end != 0; },
        [](void* self) { return static_cast<BareClient*>(self)->timer_running_ ? 0 : -1; });
}

BareClient::~BareClient()
{
    path_.close();
    mbedtls_ssl_free(&ssl_);
    mbedtls_ssl_config_free(&config_);
}

void BareClient::start()
{
    path_.open(*this);
    const std::lock_guard lock(mutex_);
    mbedtls_ssl_handshake(&ssl_);
}

void BareClient::received(const jf_packet& packet) noexcept
{
    const std::lock_guard lock(mutex_);
    input_ = jackfield::view(packet.bytes);
    mbedtls_ssl_handshake(&ssl_);
}

int BareClient::send(void* self, const unsigned char* data, std::size_t size)
{
    static_cast<BareClient*>(self)->path_.send(ByteView(data, size));
    return static_cast<int>(size);
}

int BareClient::receive(void* self, unsigned char* data, std::size_t size)
{
    ByteView& input = static_cast<BareClient*>(self)->input_;
    if (input.empty())
        return MBEDTLS_ERR_SSL_WANT_READ;
    const std::size_t count = std::min(size, input.size());
    std::memcpy(data, input.data(), count);
    input = static_cast<BareClient*>(self)->path_.is_stream() ? input.subspan(count) : ByteView();
    return static_cast<int>(count);
}

int BareClient::random(void*, unsigned char* data, std::size_t size)
{
    std::random_device device;
    for (std::size_t i = 0; i < size; ++i)
        data[i] = static_cast<unsigned char>(device());
    return 0;
}

} // namespace secure_test
