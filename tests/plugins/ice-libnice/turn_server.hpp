// A real TURN server, coturn, for the length of a test: on loopback, on a free port, with its files in a folder of its
// own.
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
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace jackfield::ice_test {

class TurnServer {
public:
    static constexpr const char* kName = "relay.example.net";

    static bool installed() { return access("/usr/bin/turnserver", X_OK) == 0; }

    /// Over TLS it shows a certificate that ca() has signed, for kName and not for its address.
    explicit TurnServer(std::vector<std::string> more_options = {}, bool tls = false) : tls_(tls)
    {
        std::string name = std::filesystem::temp_directory_path() / "jackfield-turn-XXXXXX";
        folder_ = mkdtemp(name.data()) != nullptr ? name : "";
        port_ = free_port();
        tls_port_ = tls_ ? free_port() : 0;
        const std::string log = folder_ + "/log";
        std::vector<std::string> words{"turnserver",
                                       "-n",
                                       "--no-dtls",
                                       "--no-cli",
                                       "-L",
                                       "127.0.0.1",
                                       "-E",
                                       "127.0.0.1",
                                       "-p",
                                       std::to_string(port_),
                                       "--allow-loopback-peers",
                                       "-a",
                                       "-u",
                                       "user:secret",
                                       "-r",
                                       "example.net",
                                       "--log-file",
                                       "stdout",
                                       "--pidfile",
                                       folder_ + "/pid",
                                       "--userdb",
                                       folder_ + "/db"};
        if (tls_ && make_certificate())
            words.insert(words.end(), {"--tls-listening-port", std::to_string(tls_port_), "--cert",
                                       folder_ + "/cert.pem", "--pkey", folder_ + "/key.pem"});
        else
            words.push_back("--no-tls");
        words.insert(words.end(), more_options.begin(), more_options.end());
        std::vector<char*> arguments;
        for (auto& word : words)
            arguments.push_back(word.data());
        arguments.push_back(nullptr);

        pid_ = fork();
        if (pid_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
            dup2(out, STDOUT_FILENO);
            dup2(out, STDERR_FILENO);
            execv("/usr/bin/turnserver", arguments.data());
            _exit(127);
        }
        started_ = pid_ > 0 && wait_until_it_listens();
    }
    TurnServer(const TurnServer&) = delete;
    TurnServer& operator=(const TurnServer&) = delete;
    ~TurnServer()
    {
        stop();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    bool started() const { return started_; }
    std::string address() const { return "127.0.0.1:" + std::to_string(tls_ ? tls_port_ : port_); }
    std::string ca() const { return folder_ + "/cert.pem"; }
    std::string key() const { return folder_ + "/key.pem"; }

    /// The way a server that loses its power ends.
    void stop()
    {
        if (pid_ > 0) {
            kill(pid_, SIGKILL);
            waitpid(pid_, nullptr, 0);
            pid_ = -1;
        }
    }

    /// A server that has no time for anybody, and later catches up with what has come.
    void pause() { kill(pid_, SIGSTOP); }
    void resume() { kill(pid_, SIGCONT); }

    std::string log() const
    {
        std::ifstream file(folder_ + "/log");
        return {std::istreambuf_iterator<char>(file), {}};
    }

private:
    static sockaddr_in loopback(std::uint16_t port)
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        return address;
    }

    static std::uint16_t free_port()
    {
        const int probe = socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address = loopback(0);
        socklen_t size = sizeof(address);
        bind(probe, reinterpret_cast<sockaddr*>(&address), size);
        getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size);
        close(probe);
        return ntohs(address.sin_port);
    }

    bool make_certificate() const
    {
        const std::string command =
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=" +
            std::string(kName) + " -addext subjectAltName=DNS:" + kName + " -keyout " + folder_ + "/key.pem -out " +
            folder_ + "/cert.pem 2>/dev/null";
        return std::system(command.c_str()) == 0;
    }

    bool wait_until_it_listens() const
    {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (std::chrono::steady_clock::now() < end) {
            const int probe = socket(AF_INET, SOCK_STREAM, 0);
            const sockaddr_in address = loopback(tls_ ? tls_port_ : port_);
            const bool connected = connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
            close(probe);
            if (connected)
                return true;
            if (waitpid(pid_, nullptr, WNOHANG) == pid_)
                return false;
            poll(nullptr, 0, 5); // another process tells nobody when it is ready
        }
        return false;
    }

    std::string folder_;
    bool tls_;
    std::uint16_t port_ = 0;
    std::uint16_t tls_port_ = 0;
    pid_t pid_ = -1;
    bool started_ = false;
};

} // namespace jackfield::ice_test
