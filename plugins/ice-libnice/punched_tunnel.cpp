// See punched_tunnel.hpp.
#include "punched_tunnel.hpp"

#include <asio/buffer.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

namespace jackfield::ice {

namespace {

using asio::ip::tcp;
using asio::ip::udp;

constexpr std::chrono::seconds kLinger{2};           // for bytes that the peer does not take
constexpr std::chrono::seconds kLocalLimit{10};      // for libnice, to come to the stand-in
constexpr std::size_t kPieceBytes = 65'536;          // of a stream, at a time
constexpr std::size_t kMaxDatagramBytes = 2048;      // libnice's are shorter; what is longer is no peer of ours
constexpr std::size_t kMaxWaitingBytes = 128 * 1024; // of datagrams; more are dropped, as by any full queue

asio::ip::address_v4 to_asio(const IpAddress& address)
{
    asio::ip::address_v4::bytes_type bytes{};
    std::copy_n(address.bytes(), bytes.size(), bytes.begin());
    return asio::ip::address_v4(bytes);
}

void no_delay(tcp::socket& socket)
{
    asio::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
}

class StreamTunnel final : public PunchedTunnel, public std::enable_shared_from_this<StreamTunnel> {
public:
    StreamTunnel(tcp::socket peer, const Endpoint& host, StreamSide side)
        : peer_(std::move(peer)),
          local_(peer_.get_executor()),
          acceptor_(peer_.get_executor()),
          timer_(peer_.get_executor()),
          host_(host),
          side_(side)
    {
        no_delay(peer_);
    }

    void start(Opened opened) override
    {
        asio::error_code error;
        const auto began = side_ == StreamSide::listens ? listen(opened, error) : connect(opened, error);
        if (!began)
            return end();
        limit(kLocalLimit);
    }

    void finish() override
    {
        if (!carries_)
            end();
    }

private:
    struct Direction {
        tcp::socket& from;
        tcp::socket& to;
        std::array<std::uint8_t, kPieceBytes> buffer{};
        bool over = false;
    };

    bool listen(const Opened& opened, asio::error_code& error)
    {
        acceptor_.open(tcp::v4(), error);
        if (!error)
            acceptor_.bind(to_tcp({host_.address, 0}), error);
        if (!error)
            acceptor_.listen(4, error);
        if (error)
            return false;
        accept();
        opened(from_asio(acceptor_.local_endpoint()));
        return true;
    }

    /// Nobody but this machine comes in; who of it does must know libnice's credentials.
    void accept()
    {
        acceptor_.async_accept([self = shared_from_this()](asio::error_code error, tcp::socket socket) {
            if (error)
                return self->end();
            asio::error_code gone;
            const auto from = socket.remote_endpoint(gone);
            if (gone || from.address() != to_asio(self->host_.address))
                return self->accept();
            self->local_ = std::move(socket);
            self->carry();
        });
    }

    bool connect(const Opened& opened, asio::error_code& error)
    {
        local_.open(tcp::v4(), error);
        if (!error)
            local_.bind(to_tcp({host_.address, 0}), error);
        if (error)
            return false;
        opened(from_asio(local_.local_endpoint()));
        local_.async_connect(to_tcp(host_), [self = shared_from_this()](asio::error_code failed) {
            if (failed)
                return self->end();
            self->carry();
        });
        return true;
    }

    void carry()
    {
        carries_ = true;
        timer_.cancel();
        asio::error_code ignored;
        acceptor_.close(ignored);
        no_delay(local_);
        read(outwards_);
        read(inwards_);
    }

    void read(Direction& direction)
    {
        direction.from.async_read_some(asio::buffer(direction.buffer), [self = shared_from_this(), &direction](
                                                                           asio::error_code error, std::size_t size) {
            if (error)
                return self->over(direction);
            asio::async_write(direction.to, asio::buffer(direction.buffer, size),
                              [self, &direction](asio::error_code broken, std::size_t) {
                                  if (broken)
                                      return self->end();
                                  self->read(direction);
                              });
        });
    }

    void over(Direction& direction)
    {
        direction.over = true;
        asio::error_code ignored;
        direction.to.shutdown(tcp::socket::shutdown_send, ignored);
        if (outwards_.over && inwards_.over)
            return end();
        limit(kLinger);
    }

    void limit(std::chrono::seconds time)
    {
        timer_.expires_after(time);
        timer_.async_wait([self = shared_from_this()](asio::error_code error) {
            if (!error)
                self->end();
        });
    }

    void end()
    {
        timer_.cancel();
        asio::error_code ignored;
        acceptor_.close(ignored);
        local_.close(ignored);
        peer_.close(ignored);
    }

    tcp::socket peer_;
    tcp::socket local_;
    tcp::acceptor acceptor_;
    asio::steady_timer timer_;
    Endpoint host_;
    StreamSide side_;
    bool carries_ = false;
    Direction outwards_{local_, peer_, {}, false};
    Direction inwards_{peer_, local_, {}, false};
};

class DatagramTunnel final : public PunchedTunnel, public std::enable_shared_from_this<DatagramTunnel> {
public:
    DatagramTunnel(tcp::socket peer, const Endpoint& host)
        : peer_(std::move(peer)), local_(peer_.get_executor()), host_(host)
    {
        no_delay(peer_);
    }

    void start(Opened opened) override
    {
        if (appear(opened))
            read_frame();
        else
            finish();
    }

    void appear_anew(const Opened& opened) override
    {
        if (peer_.is_open() && !appear(opened))
            finish();
    }

    void finish() override
    {
        asio::error_code ignored;
        local_.close(ignored);
        peer_.close(ignored);
    }

private:
    bool appear(const Opened& opened)
    {
        udp::socket socket(peer_.get_executor()); // beside the one before, so that it has another port
        asio::error_code error;
        socket.open(udp::v4(), error);
        if (!error)
            socket.bind(to_udp({host_.address, 0}), error);
        if (!error)
            socket.connect(to_udp(host_), error); // nobody else's datagrams come in
        if (error)
            return false;
        local_ = std::move(socket);
        ++appearance_;
        read_datagram();
        opened(from_asio(local_.local_endpoint()));
        return true;
    }

    void read_datagram()
    {
        local_.async_receive(asio::buffer(datagram_), [self = shared_from_this(), appearance = appearance_](
                                                          asio::error_code error, std::size_t size) {
            if (!self->local_.is_open() || appearance != self->appearance_)
                return;
            if (!error)
                self->queue(size);
            self->read_datagram();
        });
    }

    /// RFC 4571 section 2.
    void queue(std::size_t size)
    {
        if (waiting_.size() + size + 2 > kMaxWaitingBytes)
            return;
        waiting_.push_back(static_cast<std::uint8_t>(size >> 8));
        waiting_.push_back(static_cast<std::uint8_t>(size));
        waiting_.insert(waiting_.end(), datagram_.begin(), datagram_.begin() + static_cast<std::ptrdiff_t>(size));
        if (writing_.empty())
            write();
    }

    void write()
    {
        std::swap(writing_, waiting_); // both keep their memory
        asio::async_write(peer_, asio::buffer(writing_),
                          [self = shared_from_this()](asio::error_code error, std::size_t) {
                              if (error)
                                  return self->finish();
                              self->writing_.clear();
                              if (!self->waiting_.empty())
                                  self->write();
                          });
    }

    void read_frame()
    {
        asio::async_read(
            peer_, asio::buffer(length_), [self = shared_from_this()](asio::error_code error, std::size_t) {
                const std::size_t size = static_cast<std::size_t>(self->length_[0]) << 8 | self->length_[1];
                if (error || size > kMaxDatagramBytes)
                    return self->finish();
                asio::async_read(self->peer_, asio::buffer(self->frame_, size),
                                 [self](asio::error_code broken, std::size_t count) {
                                     if (broken)
                                         return self->finish();
                                     asio::error_code lost;
                                     self->local_.send(asio::buffer(self->frame_, count), 0, lost);
                                     self->read_frame();
                                 });
            });
    }

    tcp::socket peer_;
    udp::socket local_;
    Endpoint host_;
    unsigned appearance_ = 0; // of the stand-in: how many there were
    std::array<std::uint8_t, kMaxDatagramBytes> datagram_{};
    std::array<std::uint8_t, 2> length_{};
    std::array<std::uint8_t, kMaxDatagramBytes> frame_{};
    std::vector<std::uint8_t> writing_;
    std::vector<std::uint8_t> waiting_;
};

} // namespace

tcp::endpoint to_tcp(const Endpoint& endpoint)
{
    return {to_asio(endpoint.address), endpoint.port};
}

udp::endpoint to_udp(const Endpoint& endpoint)
{
    return {to_asio(endpoint.address), endpoint.port};
}

std::shared_ptr<PunchedTunnel> make_stream_tunnel(tcp::socket peer, const Endpoint& host, StreamSide side)
{
    return std::make_shared<StreamTunnel>(std::move(peer), host, side);
}

std::shared_ptr<PunchedTunnel> make_datagram_tunnel(tcp::socket peer, const Endpoint& host)
{
    return std::make_shared<DatagramTunnel>(std::move(peer), host);
}

} // namespace jackfield::ice
