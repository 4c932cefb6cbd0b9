// A server of ICE that means no good: a STUN server that lies, and somebody in front of an honest relay who adds to
// what it says.
//
// Threads: one of its own; what it was told and counts, on any. Lifetime: the thread ends with the object.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace jackfield::ice_test {

using Datagram = std::vector<std::uint8_t>;

inline sockaddr_in loopback_at(std::uint16_t port)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

class LoopbackSocket {
public:
    LoopbackSocket() : handle_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in own = loopback_at(0);
        socklen_t size = sizeof(own);
        if (bind(handle_, reinterpret_cast<const sockaddr*>(&own), size) != 0)
            throw std::runtime_error("no socket on the loopback");
        getsockname(handle_, reinterpret_cast<sockaddr*>(&own), &size);
        port_ = ntohs(own.sin_port);
    }
    LoopbackSocket(const LoopbackSocket&) = delete;
    LoopbackSocket& operator=(const LoopbackSocket&) = delete;
    ~LoopbackSocket() { close(handle_); }

    int handle() const { return handle_; }
    std::uint16_t port() const { return port_; }
    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

    void send(std::span<const std::uint8_t> bytes, const sockaddr_in& to) const
    {
        sendto(handle_, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
    }
    Datagram receive(sockaddr_in& from) const
    {
        Datagram bytes(65'536);
        socklen_t size = sizeof(from);
        const auto count =
            recvfrom(handle_, bytes.data(), bytes.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &size);
        bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
        return bytes;
    }

private:
    int handle_;
    std::uint16_t port_ = 0;
};

/// Answers each datagram with those that `lie` makes of it.
class LyingServer {
public:
    using Lie = std::function<std::vector<Datagram>(const Datagram& asked)>;

    explicit LyingServer(Lie lie) : lie_(std::move(lie)), thread_([this] { run(); }) {}
    ~LyingServer()
    {
        stop_ = true;
        thread_.join();
    }

    std::string address() const { return socket_.address(); }

private:
    void run()
    {
        while (!stop_) {
            pollfd ready{socket_.handle(), POLLIN, 0};
            if (poll(&ready, 1, 20) <= 0)
                continue;
            sockaddr_in from{};
            const Datagram asked = socket_.receive(from);
            for (const auto& answer : lie_(asked))
                socket_.send(answer, from);
        }
    }

    LoopbackSocket socket_;
    Lie lie_;
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

/// Carries datagrams between its clients and the server at that port. What the server says, `spoil` may change,
/// multiply or add to.
class ManBetween {
public:
    using Spoil = std::function<std::vector<Datagram>(const Datagram& said)>;

    ManBetween(std::uint16_t server_port, Spoil spoil)
        : server_(loopback_at(server_port)), spoil_(std::move(spoil)), thread_([this] { run(); })
    {}
    ~ManBetween()
    {
        stop_ = true;
        thread_.join();
    }

    std::string address() const { return front_.address(); }
    std::size_t added() const { return added_; } // datagrams that the server did not send

private:
    struct Client {
        sockaddr_in place{};
        LoopbackSocket towards_server;
    };

    void run()
    {
        while (!stop_) {
            std::vector<pollfd> ready{{front_.handle(), POLLIN, 0}};
            std::vector<Client*> waiting;
            for (auto& [port, client] : clients_) {
                ready.push_back({client.towards_server.handle(), POLLIN, 0});
                waiting.push_back(&client);
            }
            if (poll(ready.data(), ready.size(), 20) <= 0)
                continue;
            for (std::size_t number = 0; number < waiting.size(); ++number) {
                if (ready[number + 1].revents != 0)
                    carry_back(*waiting[number]);
            }
            if (ready[0].revents != 0)
                carry_on();
        }
    }

    void carry_on()
    {
        sockaddr_in from{};
        const Datagram asked = front_.receive(from);
        Client& client = clients_[from.sin_port];
        client.place = from;
        client.towards_server.send(asked, server_);
    }

    void carry_back(Client& client)
    {
        sockaddr_in from{};
        const Datagram said = client.towards_server.receive(from);
        const auto spoilt = spoil_(said);
        added_ += spoilt.size() - 1;
        for (const auto& one : spoilt)
            front_.send(one, client.place);
    }

    const sockaddr_in server_;
    Spoil spoil_;
    LoopbackSocket front_;
    std::map<std::uint16_t, Client> clients_;
    std::atomic<std::size_t> added_ = 0;
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

} // namespace jackfield::ice_test
