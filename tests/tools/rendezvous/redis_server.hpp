// A real Redis for the length of a test: on loopback, on a free port, with its files in a folder of its own. It can be
// stopped, and started again with what it had.
//
// Threads: the test's. Lifetime: the process dies with this object, and with the test program in any case.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace jackfield::rendezvous::testing {

class RedisServer {
public:
    static bool installed() { return access("/usr/bin/redis-server", X_OK) == 0; }

    RedisServer()
    {
        std::string name = std::filesystem::temp_directory_path() / "jackfield-redis-XXXXXX";
        folder_ = mkdtemp(name.data()) != nullptr ? name : "";
        port_ = free_port();
        start();
    }
    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;
    ~RedisServer()
    {
        stop();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    std::uint16_t port() const { return port_; }
    std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }

    void start()
    {
        int output[2];
        if (::pipe2(output, O_CLOEXEC) != 0)
            return;
        pid_ = fork();
        if (pid_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            dup2(output[1], STDOUT_FILENO);
            dup2(output[1], STDERR_FILENO);
            const std::string port = std::to_string(port_);
            execl("/usr/bin/redis-server", "redis-server", "--bind", "127.0.0.1", "--port", port.c_str(), "--dir",
                  folder_.c_str(), "--appendonly", "yes", "--appendfsync", "always", "--save", "", nullptr);
            _exit(127);
        }
        ::close(output[1]);
        wait_for(output[0], "Ready to accept connections");
        reader_ = std::thread([out = output[0]] { // or it would stop when the pipe is full
            char piece[4096];
            while (::read(out, piece, sizeof(piece)) > 0) {
            }
            ::close(out);
        });
    }

    /// At once, as a machine that loses its power; what it had acknowledged is on disk.
    void stop()
    {
        if (pid_ <= 0)
            return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = -1;
        reader_.join();
    }

    /// It hangs, and goes on.
    void freeze() const { ::kill(pid_, SIGSTOP); }
    void thaw() const { ::kill(pid_, SIGCONT); }

private:
    static std::uint16_t free_port()
    {
        const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
        ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
        ::close(socket);
        return ntohs(address.sin_port);
    }

    static void wait_for(int descriptor, const std::string& words)
    {
        std::string text;
        char piece[512];
        while (text.find(words) == std::string::npos) {
            pollfd waiting{descriptor, POLLIN, 0};
            if (::poll(&waiting, 1, 20'000) <= 0)
                return;
            const auto size = ::read(descriptor, piece, sizeof(piece));
            if (size <= 0)
                return;
            text.append(piece, static_cast<std::size_t>(size));
        }
    }

    std::string folder_;
    std::uint16_t port_ = 0;
    pid_t pid_ = -1;
    std::thread reader_;
};

} // namespace jackfield::rendezvous::testing
