// quic-go as the other end, in a process of its own (peer/quic_peer.go), and the socket between it and a link in
// memory.
//
// Threads: construct and destroy on the test's thread; each has one thread that reads.
// Lifetime: the relay goes before its link. A peer that still runs is killed and waited for.
#pragma once

#include <jackfield/testing/memory_link.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

namespace jackfield::quic_test {

class QuicGo {
public:
    explicit QuicGo(std::vector<std::string> arguments)
    {
        arguments.insert(arguments.begin(), JACKFIELD_QUIC_PEER);
        std::vector<char*> raw;
        for (auto& argument : arguments)
            raw.push_back(argument.data());
        raw.push_back(nullptr);
        int pipe[2];
        if (::pipe2(pipe, O_CLOEXEC) != 0)
            throw std::runtime_error("no pipe for the peer");
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
        const int error = posix_spawn(&pid_, raw[0], &actions, nullptr, raw.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        ::close(pipe[1]);
        said_here_ = pipe[0];
        if (error != 0)
            throw std::runtime_error(std::string(JACKFIELD_QUIC_PEER) + " does not start");
        reader_ = std::thread([this] { read(); });
    }
    QuicGo(const QuicGo&) = delete;
    QuicGo& operator=(const QuicGo&) = delete;
    ~QuicGo()
    {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        reader_.join();
        ::close(said_here_);
    }

    std::string said() const
    {
        const std::lock_guard lock(mutex_);
        return said_;
    }
    bool said(const std::string& piece) const { return said().find(piece) != std::string::npos; }

private:
    void read()
    {
        char piece[1024];
        for (ssize_t size = 0; (size = ::read(said_here_, piece, sizeof(piece))) > 0;) {
            const std::lock_guard lock(mutex_);
            said_.append(piece, static_cast<std::size_t>(size));
        }
    }

    pid_t pid_ = -1;
    int said_here_ = -1;
    mutable std::mutex mutex_;
    std::string said_;
    std::thread reader_;
};

/// What arrives at that end of a link goes to the peer over UDP, and what the peer sends goes back.
class Relay final : public PathReceiver {
public:
    explicit Relay(Path end) : end_(end), socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in here = loopback(0);
        socklen_t size = sizeof(here);
        ::bind(socket_, reinterpret_cast<const sockaddr*>(&here), size);
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&here), &size);
        port_ = ntohs(here.sin_port);
        end_.open(*this);
        thread_ = std::thread([this] { run(); });
    }
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;
    ~Relay()
    {
        stop_ = true;
        thread_.join();
        end_.close();
        ::close(socket_);
    }

    std::uint16_t port() const { return port_; }
    void go_to(std::uint16_t port) { peer_port_ = port; }

private:
    static sockaddr_in loopback(std::uint16_t port)
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return address;
    }

    void received(const jf_packet& packet) noexcept override
    {
        const sockaddr_in peer = loopback(peer_port_);
        ::sendto(socket_, packet.bytes.data, packet.bytes.size, 0, reinterpret_cast<const sockaddr*>(&peer),
                 sizeof(peer));
    }
    void writable() noexcept override {}
    void closed(Status, std::string_view) noexcept override {}

    void run()
    {
        while (!stop_) {
            pollfd waiting{socket_, POLLIN, 0};
            if (::poll(&waiting, 1, 20) != 1)
                continue;
            std::array<std::uint8_t, 2048> packet;
            sockaddr_in from{};
            socklen_t size = sizeof(from);
            const ssize_t got =
                ::recvfrom(socket_, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
            if (got <= 0)
                continue;
            peer_port_ = ntohs(from.sin_port);
            end_.send(ByteView(packet.data(), static_cast<std::size_t>(got)));
        }
    }

    Path end_;
    int socket_;
    std::uint16_t port_ = 0;
    std::atomic<std::uint16_t> peer_port_{0};
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

} // namespace jackfield::quic_test
