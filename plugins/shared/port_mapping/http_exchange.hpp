// One HTTP request and its answer, on a connection of its own.
//
// Threads:  the mapper's thread.
// Lifetime: shared with what it has under way; `close` ends that. Bounded in time and size whatever comes.
#pragma once

#include "client.hpp"
#include "http_reply.hpp"

#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <array>
#include <memory>

namespace shared_port_mapping {

class HttpExchange : public std::enable_shared_from_this<HttpExchange> {
public:
    static constexpr std::chrono::seconds kLimit{2}; ///< from connecting to the last byte

    struct Answer {
        int status = 0;
        std::string body;
    };
    using Done = std::function<void(std::expected<Answer, std::string>)>;

    explicit HttpExchange(asio::io_context& context) : socket_(context), timer_(context) {}
    HttpExchange(const HttpExchange&) = delete;
    HttpExchange& operator=(const HttpExchange&) = delete;

    /// From our address at that place. `done` comes once, later.
    void start(const Endpoint& to, const RouterPlace& place, std::string request, Done done);
    void close();

private:
    void read();
    void finish(std::expected<Answer, std::string> answer);

    asio::ip::tcp::socket socket_;
    asio::steady_timer timer_;
    std::string request_;
    Done done_;
    HttpReply reply_;
    std::array<std::uint8_t, 4096> buffer_{};
};

} // namespace shared_port_mapping
