// See router_socket.hpp.
#include "router_socket.hpp"

#include <asio/buffer.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <array>

namespace shared_port_mapping {

using asio::ip::udp;

udp::endpoint to_asio(const Endpoint& endpoint, unsigned interface)
{
    if (endpoint.address.is_v6()) {
        asio::ip::address_v6::bytes_type wide{};
        std::copy_n(endpoint.address.bytes(), wide.size(), wide.begin());
        return {asio::ip::address_v6(wide, endpoint.address.is_link_local() ? interface : 0), endpoint.port};
    }
    asio::ip::address_v4::bytes_type bytes{};
    std::copy_n(endpoint.address.bytes(), bytes.size(), bytes.begin());
    return {asio::ip::address_v4(bytes), endpoint.port};
}

RouterSocket::RouterSocket(asio::io_context& context, RouterPlace place)
    : context_(context), place_(std::move(place)), socket_(context)
{}

/// Connected: nobody's datagrams but the router's come in, and if nobody listens there we hear of it at once.
void RouterSocket::open()
{
    asio::error_code error;
    const udp::endpoint router = to_asio(*place_.router, place_.interface);
    socket_.open(router.protocol(), error);
    if (!error)
        socket_.bind(to_asio({place_.local, 0}), error);
    if (!error)
        socket_.connect(router, error);
    if (!error)
        return receive();
    asio::error_code ignored;
    socket_.close(ignored);
    asio::post(context_, [self = shared_from_this(), why = error.message()] { self->fail_all(why); });
}

void RouterSocket::ask(Bytes request, Take take, Fail fail)
{
    auto question = std::make_shared<Question>(context_);
    question->request = std::move(request);
    question->take = std::move(take);
    question->fail = std::move(fail);
    questions_.push_back(question);
    if (!socket_.is_open())
        open();
    if (socket_.is_open())
        say(question);
}

void RouterSocket::say(const std::shared_ptr<Question>& question)
{
    asio::error_code ignored; // what is lost is said again
    socket_.send(asio::buffer(question->request), 0, ignored);
    question->timer.expires_after(kFirstWait * (1 << question->sent++));
    question->timer.async_wait([self = shared_from_this(), question](asio::error_code error) {
        if (error || self->closed_ || std::erase(self->questions_, question) == 0)
            return;
        if (question->sent == kTries)
            return question->fail("the router does not answer");
        self->questions_.push_back(question);
        self->say(question);
    });
}

void RouterSocket::receive()
{
    socket_.async_receive(asio::buffer(buffer_), [self = shared_from_this()](asio::error_code error, std::size_t size) {
        if (self->closed_)
            return;
        if (!error)
            self->take(ByteView(self->buffer_).first(size));
        else
            self->fail_all(error == asio::error::connection_refused ? "nothing listens at the router"
                                                                    : error.message());
        if (!self->closed_ && self->socket_.is_open())
            self->receive();
    });
}

void RouterSocket::take(ByteView datagram)
{
    // Whoever takes it may ask anew, and thus change the list.
    const auto questions = questions_;
    for (const auto& question : questions) {
        if (!question->take(datagram))
            continue;
        question->timer.cancel();
        std::erase(questions_, question);
        return;
    }
}

void RouterSocket::fail_all(const std::string& why)
{
    for (const auto& question : std::exchange(questions_, {})) {
        question->timer.cancel();
        if (!closed_)
            question->fail(why);
    }
}

void RouterSocket::close()
{
    closed_ = true;
    fail_all({});
    asio::error_code ignored;
    socket_.close(ignored);
}

} // namespace shared_port_mapping
