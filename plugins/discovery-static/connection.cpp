// One TCP connection between two neighbours. See connection.hpp.

#include "connection.hpp"

#include <asio/post.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>

namespace discovery_static {

namespace {

constexpr std::size_t kLargestFrame = 64 * 1024;
constexpr std::size_t kMostWaiting = 1024 * 1024;
constexpr auto kHalfDoneLimit = std::chrono::seconds(10);

jackfield::Bytes packed(const Frame& frame)
{
    const std::size_t size = 3 + frame.key.size() + frame.value.size();
    jackfield::Bytes bytes;
    bytes.reserve(4 + size);
    for (const int shift : {24, 16, 8, 0})
        bytes.push_back(static_cast<std::uint8_t>(size >> shift));
    bytes.push_back(static_cast<std::uint8_t>(frame.type));
    bytes.push_back(static_cast<std::uint8_t>(frame.key.size() >> 8));
    bytes.push_back(static_cast<std::uint8_t>(frame.key.size()));
    bytes.insert(bytes.end(), frame.key.begin(), frame.key.end());
    bytes.insert(bytes.end(), frame.value.begin(), frame.value.end());
    return bytes;
}

/// False if it is none of our frames.
bool unpack(const jackfield::Bytes& body, Frame& frame)
{
    if (body.size() < 3 || body[0] < 1 || body[0] > 4)
        return false;
    const std::size_t key = static_cast<std::size_t>(body[1]) << 8 | body[2];
    if (3 + key > body.size())
        return false;
    frame.type = static_cast<FrameType>(body[0]);
    frame.key.assign(body.begin() + 3, body.begin() + 3 + static_cast<std::ptrdiff_t>(key));
    frame.value.assign(body.begin() + 3 + static_cast<std::ptrdiff_t>(key), body.end());
    return true;
}

} // namespace

Connection::Connection(asio::ip::tcp::socket socket, std::string peer_address, Events events)
    : socket_(std::move(socket)),
      peer_address_(std::move(peer_address)),
      events_(std::move(events)),
      half_done_(socket_.get_executor())
{
    asio::error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

void Connection::start()
{
    read_length();
}

void Connection::read_length()
{
    // The first byte may take as long as it likes; from then on the frame has to come.
    asio::async_read(socket_, asio::buffer(length_.data(), 1),
                     [self = shared_from_this()](asio::error_code failed, auto) {
                         if (failed)
                             return self->close();
                         self->half_done_.expires_after(kHalfDoneLimit);
                         self->half_done_.async_wait([self](asio::error_code cancelled) {
                             if (!cancelled)
                                 self->close();
                         });
                         asio::async_read(self->socket_, asio::buffer(self->length_.data() + 1, 3),
                                          [self](asio::error_code broken, auto) {
                                              if (broken)
                                                  return self->close();
                                              std::size_t size = 0;
                                              for (const auto byte : self->length_)
                                                  size = size << 8 | byte;
                                              size > kLargestFrame ? self->close() : self->read_body(size);
                                          });
                     });
}

void Connection::read_body(std::size_t size)
{
    body_.resize(size);
    asio::async_read(socket_, asio::buffer(body_), [self = shared_from_this()](asio::error_code failed, auto) {
        self->half_done_.cancel();
        Frame frame;
        if (failed || self->closed_ || !unpack(self->body_, frame))
            return self->close();
        self->events_.frame(*self, std::move(frame));
        if (!self->closed_)
            self->read_length();
    });
}

void Connection::send(const Frame& frame)
{
    if (closed_)
        return;
    auto bytes = packed(frame);
    if (bytes.size() > kLargestFrame + 4 || out_bytes_ + bytes.size() > kMostWaiting)
        return close(); // a peer that does not read is no peer
    out_bytes_ += bytes.size();
    out_.push_back(std::move(bytes));
    if (out_.size() == 1)
        write_next();
}

void Connection::write_next()
{
    asio::async_write(socket_, asio::buffer(out_.front()), [self = shared_from_this()](asio::error_code failed, auto) {
        if (failed || self->closed_)
            return self->close();
        self->out_bytes_ -= self->out_.front().size();
        self->out_.pop_front();
        if (!self->out_.empty())
            self->write_next();
    });
}

void Connection::close()
{
    if (std::exchange(closed_, true))
        return;
    asio::error_code ignored;
    half_done_.cancel();
    socket_.close(ignored);
    asio::post(socket_.get_executor(), [self = shared_from_this()] { self->events_.closed(*self); });
}

} // namespace discovery_static
