// One connection to a server. See connection.hpp.
#include "connection.hpp"

#include <shared/ice/nat64.hpp>
#include <shared/rendezvous/wire.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

#include <deque>
#include <utility>
#include <vector>

namespace discovery_rendezvous {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;

class WebSocketConnection final : public Connection, public std::enable_shared_from_this<WebSocketConnection> {
public:
    WebSocketConnection(asio::io_context& context, const Server& server, Events events)
        : server_(server), events_(std::move(events)), resolver_(context), socket_(context), limit_(context)
    {}

    void start()
    {
        limit_.expires_after(kConnectLimit);
        limit_.async_wait([self = shared_from_this()](error_code cancelled) {
            if (!cancelled)
                self->fail("no answer in " + std::to_string(kConnectLimit.count()) + " s");
        });
        if (jackfield::ice::IpAddress::parse(server_.host) && jackfield::ice::lacks_ipv4())
            return find_nat64();
        resolve(server_.host);
    }

    void send(std::string message) override
    {
        if (over_)
            return;
        waiting_bytes_ += message.size();
        if (waiting_bytes_ > kMostWaiting)
            return fail("the server does not read");
        waiting_.push_back(std::move(message));
        if (waiting_.size() == 1)
            write();
    }

    void ping() override
    {
        if (over_)
            return;
        socket_.async_ping({}, [self = shared_from_this()](error_code failed) {
            if (failed)
                self->fail(failed.message());
        });
    }

    void close() override
    {
        muted_ = true;
        if (!std::exchange(over_, true))
            stop();
    }

private:
    /// The server has an address of IPv4, and this network has none: it is behind a NAT64, or cannot be reached.
    void find_nat64()
    {
        using namespace jackfield::ice;
        resolver_.async_resolve(kIpv4OnlyName, "", [self = shared_from_this()](error_code failed, const auto& found) {
            std::vector<IpAddress> answers;
            for (const auto& one : found) {
                if (!failed && one.endpoint().address().is_v6())
                    answers.push_back(IpAddress::from_bytes(one.endpoint().address().to_v6().to_bytes()));
            }
            self->resolve(host_behind(Nat64Prefix::find(answers), self->server_.host));
        });
    }

    void resolve(const std::string& host)
    {
        if (over_)
            return;
        resolver_.async_resolve(host, std::to_string(server_.port),
                                [self = shared_from_this()](error_code failed, const auto& endpoints) {
                                    failed ? self->fail(failed.message()) : self->connect(endpoints);
                                });
    }

    void connect(const tcp::resolver::results_type& endpoints)
    {
        if (over_)
            return;
        beast::get_lowest_layer(socket_).async_connect(
            endpoints, [self = shared_from_this()](error_code failed, const tcp::endpoint&) {
                failed ? self->fail(failed.message()) : self->shake_hands();
            });
    }

    void shake_hands()
    {
        if (over_)
            return;
        error_code ignored;
        beast::get_lowest_layer(socket_).socket().set_option(tcp::no_delay(true), ignored);
        socket_.set_option(websocket::stream_base::timeout{kConnectLimit, kSilence, true});
        socket_.read_message_max(jackfield::rendezvous::kLargestMessage_bytes);
        socket_.control_callback([this](websocket::frame_type kind, beast::string_view) {
            if (kind == websocket::frame_type::pong && !over_)
                events_.pong();
        });
        socket_.async_handshake(response_, server_.authority(), server_.path,
                                [self = shared_from_this()](error_code failed) { self->hands_shaken(failed); });
    }

    void hands_shaken(error_code failed)
    {
        if (over_)
            return;
        if (failed == websocket::error::upgrade_declined)
            return fail("the server declined: " + std::to_string(response_.result_int()) + " " +
                        std::string(response_.reason().substr(0, 80)));
        if (failed)
            return fail(failed.message());
        limit_.cancel();
        events_.open();
        if (!over_)
            read();
    }

    void read()
    {
        socket_.async_read(input_, [self = shared_from_this()](error_code failed, std::size_t) {
            if (self->over_)
                return;
            if (failed)
                return self->fail(failed == websocket::error::closed ? "the server closed: " + self->close_reason()
                                                                     : failed.message());
            const auto bytes = self->input_.data();
            self->events_.message({static_cast<const char*>(bytes.data()), bytes.size()});
            self->input_.consume(self->input_.size());
            if (!self->over_)
                self->read();
        });
    }

    std::string close_reason() const
    {
        const auto& reason = socket_.reason();
        return std::to_string(static_cast<unsigned>(reason.code)) + " " + reason.reason.c_str();
    }

    void write()
    {
        socket_.text(true);
        socket_.async_write(asio::buffer(waiting_.front()),
                            [self = shared_from_this()](error_code failed, std::size_t) {
                                if (self->over_)
                                    return;
                                if (failed)
                                    return self->fail(failed.message());
                                self->waiting_bytes_ -= self->waiting_.front().size();
                                self->waiting_.pop_front();
                                if (!self->waiting_.empty())
                                    self->write();
                            });
    }

    void fail(const std::string& why)
    {
        if (over_)
            return;
        over_ = true;
        stop();
        asio::post(socket_.get_executor(), [self = shared_from_this(), why] {
            if (!self->muted_)
                self->events_.closed(why);
        });
    }

    /// The end of TCP tells the server enough: whatever it acknowledged, it keeps.
    void stop()
    {
        error_code ignored;
        limit_.cancel();
        resolver_.cancel();
        beast::get_lowest_layer(socket_).socket().shutdown(tcp::socket::shutdown_both, ignored);
        beast::get_lowest_layer(socket_).close();
    }

    const Server server_;
    Events events_;
    tcp::resolver resolver_;
    websocket::stream<beast::tcp_stream> socket_;
    asio::steady_timer limit_;
    websocket::response_type response_;
    beast::flat_buffer input_;
    std::deque<std::string> waiting_; // the first is being written
    std::size_t waiting_bytes_ = 0;
    bool over_ = false;  // no event comes any more, but for closed
    bool muted_ = false; // nor that
};

} // namespace

std::shared_ptr<Connection> Connection::make(asio::io_context& context, const Server& server, Events events)
{
    const auto connection = std::make_shared<WebSocketConnection>(context, server, std::move(events));
    connection->start();
    return connection;
}

} // namespace discovery_rendezvous
