// The name server of a host that has IPv6 alone: a DNS64 (RFC 6147) that knows of ipv4only.arpa (RFC 7050) and of
// nothing else. It answers at ::1, port 53, of that very host.
//
// Threads: one of its own. Lifetime: the socket is in the host's namespace; the destructor ends the thread.
#pragma once

#include <filesystem>
#include <thread>

namespace laboratory {

class NameServer {
public:
    /// In the namespace of the thread that makes it. Throws std::runtime_error.
    NameServer();
    NameServer(const NameServer&) = delete;
    NameServer& operator=(const NameServer&) = delete;
    ~NameServer();

    /// What /etc/resolv.conf must be for programs to ask it.
    const std::filesystem::path& resolver_file() const { return file_; }

private:
    void answer() const;

    std::filesystem::path file_;
    int socket_ = -1;
    std::thread thread_;
};

} // namespace laboratory
