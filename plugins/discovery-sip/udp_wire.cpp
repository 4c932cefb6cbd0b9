// A UDP socket towards the server (RFC 3261 section 18.1.1 and 18.2.1). One datagram, one message.
//
// Threads: the network's. Lifetime: see wire.hpp.
#include "wire.hpp"

#include <shared/sip/message.hpp>

#include <asio/ip/udp.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <vector>

namespace discovery_sip {

namespace {

using asio::ip::udp;

class UdpWire final : public Wire, public std::enable_shared_from_this<UdpWire> {
public:
    UdpWire(asio::io_context& context, const WireOptions& options, WireEvents events)
        : options_(options),
          events_(std::move(events)),
          resolver_(context),
          socket_(context),
          limit_(context),
          keep_alive_(context)
    {}

    void start() override
    {
        limit_.expires_after(kConnectLimit);
        limit_.async_wait([self = shared_from_this()](asio::error_code cancelled) {
            if (!cancelled)
                self->fail(self->options_.server.host + " was not found in 10 s");
        });
        resolver_.async_resolve(
            options_.server.host, std::to_string(options_.server.port),
            [self = shared_from_this()](asio::error_code failed, const udp::resolver::results_type& found) {
                if (self->over_)
                    return;
                self->limit_.cancel();
                failed ? self->fail(self->options_.server.host + ": " + failed.message()) : self->resolved(found);
            });
    }

    void send(std::string text, const std::optional<HostPort>& to) override
    {
        if (over_)
            return events_.left(text.size());
        if (!up_) {
            early_.emplace_back(std::move(text), to);
            return;
        }
        udp::endpoint target = servers_.front();
        asio::error_code failed;
        if (to) {
            target = {asio::ip::make_address(to->host, failed), to->port};
            if (!failed && target.address().is_v4() != servers_.front().address().is_v4())
                failed = asio::error::address_family_not_supported;
        }
        if (!failed) // to a socket that takes no more it is lost, as on the way
            socket_.send_to(asio::buffer(text), target, 0, failed);
        events_.left(text.size());
    }

    void close() override
    {
        over_ = true;
        stop();
    }

private:
    void resolved(const udp::resolver::results_type& found)
    {
        const bool v6_only = options_.bind.find(':') != std::string::npos;
        for (const auto& entry : found) {
            if (options_.bind.empty() || entry.endpoint().address().is_v6() == v6_only)
                servers_.push_back(entry.endpoint());
        }
        if (servers_.empty())
            return fail(options_.server.host + " has no address that " + options_.bind + " can reach");
        asio::error_code failed;
        asio::ip::address local = asio::ip::make_address(options_.bind.empty() ? "0.0.0.0" : options_.bind, failed);
        if (options_.bind.empty())
            local = towards(servers_.front(), failed);
        if (!failed)
            socket_.open(servers_.front().protocol(), failed);
        if (!failed)
            socket_.bind({local, options_.port}, failed);
        if (!failed)
            socket_.non_blocking(true, failed);
        if (failed)
            return fail("no socket at " + host_port(local, options_.port).text() + ": " + failed.message());
        up_ = true;
        events_.up(host_port(local, socket_.local_endpoint(failed).port()));
        for (auto& [text, to] : std::exchange(early_, {}))
            send(std::move(text), to);
        receive();
        wait_for_keep_alive();
    }

    /// The address from which the server is reached, as routing has it.
    asio::ip::address towards(const udp::endpoint& server, asio::error_code& failed)
    {
        udp::socket probe(socket_.get_executor());
        probe.open(server.protocol(), failed);
        if (!failed)
            probe.connect(server, failed);
        return failed ? asio::ip::address() : probe.local_endpoint(failed).address();
    }

    void receive()
    {
        socket_.async_receive_from(asio::buffer(input_), source_,
                                   [self = shared_from_this()](asio::error_code failed, std::size_t size) {
                                       if (self->over_)
                                           return;
                                       if (!failed)
                                           self->take({self->input_.data(), size});
                                       if (failed == asio::error::bad_descriptor || failed == asio::error::not_socket)
                                           return self->fail(failed.message());
                                       if (!self->over_) // an ICMP error is no end
                                           self->receive();
                                   });
    }

    void take(std::string_view datagram)
    {
        if (datagram.size() < 8) // a keep-alive
            return;
        const bool from_server = std::ranges::any_of(
            servers_, [&](const udp::endpoint& server) { return server.address() == source_.address(); });
        const bool response = datagram.starts_with("SIP/2.0 ");
        if (!from_server && (response || !options_.from_anyone))
            return;
        events_.message(std::string(datagram), host_port(source_.address(), source_.port()));
    }

    void wait_for_keep_alive()
    {
        if (options_.keep_alive.count() == 0)
            return;
        keep_alive_.expires_after(keep_alive_pause(options_.keep_alive));
        keep_alive_.async_wait([self = shared_from_this()](asio::error_code cancelled) {
            if (cancelled || self->over_)
                return;
            asio::error_code ignored;
            self->socket_.send_to(asio::buffer("\r\n\r\n", 4), self->servers_.front(), 0, ignored);
            self->wait_for_keep_alive();
        });
    }

    void fail(const std::string& why)
    {
        if (std::exchange(over_, true))
            return;
        stop();
        asio::post(socket_.get_executor(), [self = shared_from_this(), why] { self->events_.down(why); });
    }

    void stop()
    {
        asio::error_code ignored;
        limit_.cancel();
        keep_alive_.cancel();
        resolver_.cancel();
        socket_.close(ignored);
        for (const auto& [text, to] : std::exchange(early_, {}))
            events_.left(text.size());
    }

    const WireOptions options_;
    const WireEvents events_;
    udp::resolver resolver_;
    udp::socket socket_;
    asio::steady_timer limit_;
    asio::steady_timer keep_alive_;
    std::vector<udp::endpoint> servers_; // the first is the one we write to
    udp::endpoint source_;
    std::array<char, shared_sip::kMostMessageBytes> input_{};
    std::deque<std::pair<std::string, std::optional<HostPort>>> early_;
    bool up_ = false;
    bool over_ = false;
};

} // namespace

std::shared_ptr<Wire> make_udp_wire(asio::io_context& context, const WireOptions& options, WireEvents events)
{
    return std::make_shared<UdpWire>(context, options, std::move(events));
}

} // namespace discovery_sip
