// A client of a test and what stands before it: a server that can be restarted, one that is silent, a road that loses
// what the server says.
//
// Threads: the test's waits; the board and the servers have their own.
#pragma once

#include "board.hpp"

#include "tests/kernel/temporary_folder.hpp"
#include "tools/rendezvous/server.hpp"

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <condition_variable>

namespace discovery_rendezvous::testing {

using namespace std::chrono_literals;
using jackfield::ByteView;
using jackfield::Status;
namespace wire = jackfield::rendezvous;

/// What happened, to wait for.
class Notes {
public:
    void add(const std::string& what)
    {
        const std::lock_guard lock(mutex_);
        notes_.push_back(what);
        changed_.notify_all();
    }
    bool wait(const std::string& what, std::ptrdiff_t times = 1, std::chrono::milliseconds limit = 20s)
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, limit, [&] { return std::ranges::count(notes_, what) >= times; });
    }
    std::string all() const
    {
        const std::lock_guard lock(mutex_);
        std::string text;
        for (const auto& note : notes_)
            text += note + "; ";
        return text;
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> notes_;
};

/// A server that can be stopped and started at the same port with the same state.
class TestServer {
public:
    explicit TestServer(wire::Limits limits = {})
    {
        options_.bind = "127.0.0.1";
        options_.port = 0;
        options_.store = (folder_.path() / "board").string();
        options_.limits = limits;
        start();
        options_.port = server_->port();
    }
    void start() { server_ = std::make_unique<wire::Server>(options_); }
    void stop() { server_.reset(); }
    void forget()
    {
        stop();
        std::filesystem::remove(options_.store);
    }
    Server address() const { return {"127.0.0.1", options_.port, std::string(wire::kBoardPath)}; }

private:
    jackfield::test::TemporaryFolder folder_;
    wire::Server::Options options_;
    std::unique_ptr<wire::Server> server_;
};

/// A client and what it was told.
class Client {
public:
    explicit Client(std::vector<Server> servers)
        : board({std::move(servers)},
                [this](bool online, const std::string&) { notes.add(online ? "online" : "offline"); })
    {
        board.open();
    }
    void put(const std::string& key, const std::string& value, std::chrono::milliseconds lifetime = 60s,
             const std::string& slot = {})
    {
        board.put({key, {value.begin(), value.end()}, lifetime, slot}, [this, value](Status status, std::string_view) {
            notes.add("put " + value + " " + std::to_string(status));
        });
    }
    void get(const std::string& key)
    {
        board.get(
            key, [this](ByteView value) { notes.add("got " + text(value)); },
            [this, key](Status status, std::string_view) { notes.add("get " + key + " " + std::to_string(status)); });
    }
    void listen(const std::string& key)
    {
        board.listen(key, [this, key](ByteView value) { notes.add(key + ": " + text(value)); });
    }
    static std::string text(ByteView value) { return std::string(jackfield::as_text(value)); }

    Notes notes;
    Board board;
};

/// Takes connections and says nothing, or only the handshake.
class SilentServer {
public:
    SilentServer() : socket_(::socket(AF_INET, SOCK_STREAM, 0))
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        ::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
        ::listen(socket_, 8);
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
    }
    SilentServer(const SilentServer&) = delete;
    SilentServer& operator=(const SilentServer&) = delete;
    ~SilentServer() { ::close(socket_); }
    Server address() const { return {"127.0.0.1", port_, std::string(wire::kBoardPath)}; }
    int socket() const { return socket_; }

private:
    int socket_;
    std::uint16_t port_ = 0;
};

/// Stands before a server, one connection at a time; what the server says can be lost on the way.
class LossyRoad {
public:
    explicit LossyRoad(const Server& server) : server_(server), thread_([this] { run(); }) {}
    LossyRoad(const LossyRoad&) = delete;
    LossyRoad& operator=(const LossyRoad&) = delete;
    ~LossyRoad()
    {
        over_ = true;
        cut();
        thread_.join();
    }
    Server address() const { return entry_.address(); }

    std::atomic<bool> swallows{false};

    void cut() const { ASSERT_EQ(::write(pipe_[1], "x", 1), 1); }

private:
    void run()
    {
        while (!over_) {
            if (const int client = take(entry_.socket()); client >= 0)
                carry(client);
        }
    }

    /// A connection, or -1 if we were cut.
    int take(int listener) const
    {
        std::array<pollfd, 2> waiting{{{listener, POLLIN, 0}, {pipe_[0], POLLIN, 0}}};
        ::poll(waiting.data(), waiting.size(), -1);
        if (waiting[1].revents != 0)
            return forget_cut(), -1;
        return ::accept(listener, nullptr, nullptr);
    }

    void carry(int client)
    {
        const int server = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        to.sin_port = htons(server_.port);
        EXPECT_EQ(::connect(server, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
        std::array<char, 65536> piece{};
        for (bool open = true; open;) {
            std::array<pollfd, 3> waiting{{{client, POLLIN, 0}, {server, POLLIN, 0}, {pipe_[0], POLLIN, 0}}};
            ::poll(waiting.data(), waiting.size(), -1);
            for (const int side : {0, 1}) {
                if (waiting[static_cast<std::size_t>(side)].revents == 0)
                    continue;
                const auto size = ::recv(side == 0 ? client : server, piece.data(), piece.size(), 0);
                open = open && size > 0;
                if (size > 0 && !(side == 1 && swallows))
                    ::send(side == 0 ? server : client, piece.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL);
            }
            if (waiting[2].revents != 0) {
                forget_cut();
                open = false;
            }
        }
        ::close(client);
        ::close(server);
    }

    void forget_cut() const
    {
        char byte = 0;
        EXPECT_EQ(::read(pipe_[0], &byte, 1), 1);
    }

    const Server server_;
    const SilentServer entry_;
    std::array<int, 2> pipe_ = [] {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe(ends.data()), 0);
        return ends;
    }();
    std::atomic<bool> over_{false};
    std::thread thread_;
};

} // namespace discovery_rendezvous::testing
