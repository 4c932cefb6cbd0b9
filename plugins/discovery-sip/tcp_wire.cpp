// A TCP connection to the server.
//
// Threads: the network's. Lifetime: see wire.hpp.
#include "stream_wire.hpp"

namespace discovery_sip {

namespace {

class TcpWire final : public StreamWire<asio::ip::tcp::socket> {
public:
    using StreamWire::StreamWire;

private:
    void shake_hands() override { shaken({}); }
    asio::ip::tcp::socket& socket() override { return stream_; }
};

} // namespace

std::shared_ptr<Wire> make_tcp_wire(asio::io_context& context, const WireOptions& options, WireEvents events)
{
    return std::make_shared<TcpWire>(context, options, std::move(events));
}

} // namespace discovery_sip
