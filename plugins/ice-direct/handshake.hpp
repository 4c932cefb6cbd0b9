// The greetings on one TCP connection, from connected to "this is the one" or not. Either end may have made the
// connection: whoever made it asks, the other answers, the controlling side says choose.
//
// Threads: I/O. Lifetime: shared by its component and by what is under way.
#pragma once

#include "component.hpp"
#include "greeting.hpp"
#include "sockets.hpp"

#include <asio/steady_timer.hpp>

namespace jackfield::direct {

class Handshake : public std::enable_shared_from_this<Handshake> {
public:
    struct Events {
        std::function<void(const std::shared_ptr<Handshake>&)> chosen; // its socket may be taken
        std::function<void(const std::shared_ptr<Handshake>&, const std::string& why)> failed;
    };

    /// made: by us; else it was accepted. The connection is established.
    Handshake(tcp::socket socket, const ComponentSetup& setup, bool made, Events events);

    /// remote_password may be empty for an accepted connection: then the answer waits for set_remote_password.
    void start(const std::string& remote_password);
    void set_remote_password(const std::string& remote_password);

    /// The controlling side has not taken another one: says choose, and chosen follows.
    void choose();

    tcp::socket take_socket() { return std::move(socket_); }
    void stop();

    bool made() const { return made_; }

private:
    void read(std::size_t until);
    void understand(const Greeting& greeting);
    void say(Word word, std::uint32_t number);
    void fail(const std::string& why);

    tcp::socket socket_;
    const ComponentSetup& setup_; // of the component, which outlives this
    const bool made_;
    Events events_;
    asio::steady_timer limit_;
    std::string remote_password_;
    Bytes input_; // one greeting, never a byte more: what follows is the stream
    std::uint32_t number_ = 0;
    std::optional<std::uint32_t> to_answer_; // asked before we knew the peer's password
    bool stopped_ = false;
};

} // namespace jackfield::direct
