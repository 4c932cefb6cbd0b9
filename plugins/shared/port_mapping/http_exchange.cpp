// See http_exchange.hpp.
#include "http_exchange.hpp"

#include "router_socket.hpp"

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/write.hpp>

namespace shared_port_mapping {

using asio::ip::tcp;

namespace {

tcp::endpoint to_tcp(const Endpoint& endpoint, unsigned interface = 0)
{
    return {to_asio(endpoint, interface).address(), endpoint.port};
}

} // namespace

void HttpExchange::start(const Endpoint& to, const RouterPlace& place, std::string request, Done done)
{
    request_ = std::move(request);
    done_ = std::move(done);
    timer_.expires_after(kLimit);
    timer_.async_wait([self = shared_from_this()](asio::error_code error) {
        if (!error)
            self->finish(std::unexpected("the device takes too long"));
    });
    asio::error_code error;
    const tcp::endpoint device = to_tcp(to, place.interface);
    socket_.open(device.protocol(), error);
    if (!error)
        socket_.bind(to_tcp({place.local, 0}), error);
    if (error) {
        asio::post(socket_.get_executor(),
                   [self = shared_from_this(), why = error.message()] { self->finish(std::unexpected(why)); });
        return;
    }
    socket_.async_connect(device, [self = shared_from_this()](asio::error_code failed) {
        if (failed)
            return self->finish(std::unexpected(failed.message()));
        asio::async_write(self->socket_, asio::buffer(self->request_), [self](asio::error_code broken, std::size_t) {
            if (broken)
                return self->finish(std::unexpected(broken.message()));
            self->read();
        });
    });
}

void HttpExchange::read()
{
    socket_.async_read_some(
        asio::buffer(buffer_), [self = shared_from_this()](asio::error_code error, std::size_t size) {
            if (error && error != asio::error::eof)
                return self->finish(std::unexpected(error.message()));
            const auto state = error ? self->reply_.end() : self->reply_.take(ByteView(self->buffer_).first(size));
            if (state == HttpReply::State::more)
                return self->read();
            if (state == HttpReply::State::bad)
                return self->finish(std::unexpected("the device's answer is no HTTP, or longer than 64 KiB"));
            self->finish(Answer{self->reply_.status(), self->reply_.body()});
        });
}

void HttpExchange::finish(std::expected<Answer, std::string> answer)
{
    timer_.cancel();
    asio::error_code ignored;
    socket_.close(ignored);
    if (const auto done = std::exchange(done_, nullptr))
        done(std::move(answer));
}

void HttpExchange::close()
{
    done_ = nullptr;
    finish(std::unexpected(""));
}

} // namespace shared_port_mapping
