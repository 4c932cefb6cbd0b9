// A client that can do what no library would: send half a request, a byte at a time, or never read. HTTP/1.1 and the
// frames of RFC 6455 over a plain socket.
//
// Threads: the test's; every read has a time limit. Lifetime: the destructor closes.
#pragma once

#include <shared/rendezvous/wire.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <deque>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace jackfield::rendezvous::testing {

using namespace std::chrono_literals;

class RawClient {
public:
    explicit RawClient(std::uint16_t port, int receive_buffer = 0) : socket_(::socket(AF_INET, SOCK_STREAM, 0))
    {
        if (receive_buffer != 0)
            ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        to.sin_port = htons(port);
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0)
            throw std::runtime_error("nobody listens");
    }
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;
    ~RawClient() { ::close(socket_); }

    /// False once the other end has closed.
    bool send(std::string_view bytes) const
    {
        while (!bytes.empty()) {
            const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0)
                return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    /// Everything until the other end closes.
    std::string read_all(std::chrono::milliseconds limit = 20s)
    {
        const auto end = std::chrono::steady_clock::now() + limit;
        while (receive(end)) {
        }
        return std::exchange(input_, {});
    }

    /// True if the other end closes in time.
    bool is_closed(std::chrono::milliseconds limit = 20s)
    {
        const auto end = std::chrono::steady_clock::now() + limit;
        while (receive(end)) {
        }
        return closed_;
    }

    // --- WebSocket

    /// The status line of the answer, "HTTP/1.1 101 ..".
    std::string upgrade()
    {
        send("GET /v1/board HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        const auto end = std::chrono::steady_clock::now() + 20s;
        while (input_.find("\r\n\r\n") == std::string::npos && receive(end)) {
        }
        const auto head = input_.find("\r\n\r\n");
        const std::string line = input_.substr(0, input_.find("\r\n"));
        input_.erase(0, head == std::string::npos ? input_.size() : head + 4);
        return line;
    }

    static std::string frame(std::uint8_t opcode, std::string_view payload, bool last = true)
    {
        std::string bytes{static_cast<char>((last ? 0x80 : 0) | opcode)};
        if (payload.size() < 126) {
            bytes += static_cast<char>(0x80 | payload.size());
        } else if (payload.size() < 65536) {
            bytes += static_cast<char>(0x80 | 126);
            for (const int shift : {8, 0})
                bytes += static_cast<char>(payload.size() >> shift);
        } else {
            bytes += static_cast<char>(0x80 | 127);
            for (const int shift : {56, 48, 40, 32, 24, 16, 8, 0})
                bytes += static_cast<char>(payload.size() >> shift);
        }
        const std::array<char, 4> mask{1, 2, 3, 4};
        bytes.append(mask.data(), mask.size());
        for (std::size_t i = 0; i < payload.size(); ++i)
            bytes += static_cast<char>(payload[i] ^ mask[i % 4]);
        return bytes;
    }

    struct Frame {
        int opcode = -1; // -1: the connection ended, or nothing came in time
        std::string payload = {};
    };

    Frame read_frame(std::chrono::milliseconds limit = 20s)
    {
        const auto end = std::chrono::steady_clock::now() + limit;
        const auto have = [&](std::size_t size) {
            while (input_.size() < size && receive(end)) {
            }
            return input_.size() >= size;
        };
        if (!have(2))
            return {};
        const auto byte = [this](std::size_t at) { return static_cast<std::uint8_t>(input_[at]); };
        std::size_t size = byte(1) & 0x7fU;
        std::size_t head = 2;
        if (size >= 126) {
            const std::size_t count = size == 126 ? 2 : 8;
            head += count;
            if (!have(head))
                return {};
            size = 0;
            for (std::size_t i = 2; i < head; ++i)
                size = size << 8 | byte(i);
        }
        if (!have(head + size))
            return {};
        Frame frame{byte(0) & 0x0f, input_.substr(head, size)};
        input_.erase(0, head + size);
        return frame;
    }

    /// The code of the close frame; 0 if the connection ended without one.
    int close_code()
    {
        for (;;) {
            const Frame frame = read_frame();
            if (frame.opcode == -1)
                return 0;
            if (frame.opcode == 8 && frame.payload.size() >= 2)
                return static_cast<std::uint8_t>(frame.payload[0]) << 8 | static_cast<std::uint8_t>(frame.payload[1]);
        }
    }

    // --- the messages of the board

    void say(const Request& request) const { send(frame(1, write(request))); }

    /// Values that come before the reply are kept in `values`. A reply of code 0 if none came.
    Reply reply_to(std::uint64_t id)
    {
        while (const auto message = next()) {
            if (const auto* reply = std::get_if<Reply>(&*message); reply != nullptr && reply->id == id)
                return *reply;
        }
        return {id, Code(0)};
    }

    Reply ask(const Request& request)
    {
        say(request);
        return reply_to(request.id);
    }

    /// The next message, which goes into `values` if it is one.
    std::optional<std::variant<Reply, Value, Malformed>> next(std::chrono::milliseconds limit = 20s)
    {
        const Frame frame = read_frame(limit);
        if (frame.opcode != 1)
            return std::nullopt;
        auto message = read_server_message(frame.payload);
        if (const auto* value = std::get_if<Value>(&message))
            values.push_back(*value);
        return message;
    }

    bool hears(const Bytes& value)
    {
        for (;;) {
            for (const Value& one : values) {
                if (one.value == value)
                    return true;
            }
            if (!next())
                return false;
        }
    }

    std::vector<Value> values;

private:
    /// Some more bytes; false at the end or when the time is over.
    bool receive(std::chrono::steady_clock::time_point end)
    {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        pollfd waiting{socket_, POLLIN, 0};
        if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0)
            return false;
        std::array<char, 65536> piece{};
        const auto size = ::recv(socket_, piece.data(), piece.size(), 0);
        if (size <= 0) {
            closed_ = true;
            return false;
        }
        input_.append(piece.data(), static_cast<std::size_t>(size));
        return true;
    }

    int socket_;
    std::string input_;
    bool closed_ = false;
};

/// One request by HTTP, to its end.
inline std::string http(std::uint16_t port, const std::string& head, std::string_view body = {})
{
    RawClient client(port);
    client.send(head + "\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
    client.send(body);
    return client.read_all();
}

inline Bytes bytes(std::string_view text)
{
    return {text.begin(), text.end()};
}

} // namespace jackfield::rendezvous::testing
