// Routers of the test's own on loopback: one that gets datagrams, one that gets HTTP requests. What they say is up to
// the test.
//
// Threads: one each, on which `answer` is called. Lifetime: the destructor ends it.
#pragma once

#include <shared/port_mapping/mapping.hpp>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace shared_port_mapping::test {

inline Endpoint on_loopback(std::uint16_t port)
{
    return {*IpAddress::parse("127.0.0.1"), port};
}

// --- what a good router says

inline const Endpoint kOutside{*IpAddress::parse("203.0.113.7"), 5000};
inline constexpr std::uint8_t kHigh = 5000 >> 8; // of its port
inline constexpr std::uint8_t kLow = 5000 & 0xFF;

inline void put32(Bytes& bytes, std::size_t at, std::uint32_t value)
{
    for (std::size_t byte = 0; byte < 4; ++byte)
        bytes[at + byte] = static_cast<std::uint8_t>(value >> (24 - 8 * byte));
}

inline std::uint32_t get32(ByteView bytes, std::size_t at)
{
    return static_cast<std::uint32_t>(bytes[at]) << 24 | static_cast<std::uint32_t>(bytes[at + 1]) << 16 |
           static_cast<std::uint32_t>(bytes[at + 2]) << 8 | bytes[at + 3];
}

/// A router's answer to a request of PCP: kOutside, for as long as is said.
inline Bytes pcp_answer(ByteView request, std::uint32_t lifetime_s, std::uint32_t epoch_s, std::uint8_t result = 0)
{
    Bytes answer(request.begin(), request.end());
    if (request[0] != 2) { // RFC 6887 section 9
        answer.assign(24, 0);
        answer[0] = 2;
        result = 1;
    }
    answer[1] |= 0x80;
    answer[3] = result;
    put32(answer, 4, lifetime_s);
    put32(answer, 8, epoch_s);
    if (answer.size() >= 60) {
        answer[42] = kHigh;
        answer[43] = kLow;
        std::fill_n(answer.begin() + 44, 10, std::uint8_t{0});
        answer[54] = answer[55] = 0xFF;
        std::copy_n(kOutside.address.bytes(), 4, answer.begin() + 56);
    }
    return answer;
}

inline bool is_pcp_map(ByteView request)
{
    return request.size() == 60 && request[0] == 2 && request[1] == 1;
}

inline Bytes nat_pmp_answer(ByteView request)
{
    Bytes answer{0, static_cast<std::uint8_t>(request[1] | 0x80U), 0, 0, 0, 0, 0, 7};
    if (request[0] != 0) { // RFC 6886 section 3.5
        answer[3] = 1;
        return answer;
    }
    if (request[1] == 0) {
        answer.insert(answer.end(), kOutside.address.bytes(), kOutside.address.bytes() + 4);
    } else {
        answer.insert(answer.end(), {request[4], request[5], kHigh, kLow});
        answer.insert(answer.end(), request.begin() + 8, request.begin() + 12);
    }
    return answer;
}

inline constexpr const char* kGateway = "urn:schemas-upnp-org:device:InternetGatewayDevice:1";

inline Bytes search_answer(const std::string& location)
{
    const std::string text =
        std::string("HTTP/1.1 200 OK\r\nST: ") + kGateway + "\r\nLOCATION: " + location + "\r\n\r\n";
    return {text.begin(), text.end()};
}

/// Of an action.
inline std::string value_in(const std::string& request, const std::string& name)
{
    const auto begin = request.find('<' + name + '>') + name.size() + 2;
    return request.substr(begin, request.find("</" + name) - begin);
}

// --- routers

/// A bound socket, and the end of whoever waits for it.
class Door {
public:
    explicit Door(int kind, const std::string& at = "127.0.0.1") : ended_(eventfd(0, EFD_CLOEXEC))
    {
        const auto address = *IpAddress::parse(at);
        socket_ = ::socket(address.is_v6() ? AF_INET6 : AF_INET, kind | SOCK_CLOEXEC, 0);
        sockaddr_storage storage{};
        socklen_t size = address.to_sockaddr(0, storage);
        bind(socket_, reinterpret_cast<const sockaddr*>(&storage), size);
        getsockname(socket_, reinterpret_cast<sockaddr*>(&storage), &size);
        place_ = Endpoint::from_sockaddr(storage).value();
    }
    Door(const Door&) = delete;
    Door& operator=(const Door&) = delete;
    ~Door()
    {
        close(socket_);
        close(ended_);
    }

    int socket() const { return socket_; }
    const Endpoint& place() const { return place_; }
    void end() const { eventfd_write(ended_, 1); }

    /// False once it has ended. A socket of -1 is never ready.
    bool wait(int socket, int timeout_ms = -1) const
    {
        pollfd ready[] = {{socket, POLLIN, 0}, {ended_, POLLIN, 0}};
        poll(ready, 2, timeout_ms);
        return ready[1].revents == 0;
    }

private:
    int socket_ = -1;
    int ended_;
    Endpoint place_;
};

/// Speaks PCP, NAT-PMP or SSDP, as `answer` has it: what it returns goes back, in that order.
class DatagramRouter {
public:
    using Answer = std::function<std::vector<Bytes>(ByteView)>;

    explicit DatagramRouter(Answer answer, const std::string& at = "127.0.0.1")
        : answer_(std::move(answer)), door_(SOCK_DGRAM, at), thread_([this] { run(); })
    {}
    DatagramRouter(const DatagramRouter&) = delete;
    DatagramRouter& operator=(const DatagramRouter&) = delete;
    ~DatagramRouter()
    {
        door_.end();
        thread_.join();
    }

    Endpoint place() const { return door_.place(); }

private:
    void run()
    {
        while (door_.wait(door_.socket())) {
            std::uint8_t buffer[2048];
            sockaddr_storage from{};
            socklen_t size = sizeof(from);
            const auto count = recvfrom(door_.socket(), buffer, sizeof(buffer), MSG_DONTWAIT,
                                        reinterpret_cast<sockaddr*>(&from), &size);
            if (count < 0)
                continue;
            for (const auto& datagram : answer_({buffer, static_cast<std::size_t>(count)}))
                sendto(door_.socket(), datagram.data(), datagram.size(), 0, reinterpret_cast<const sockaddr*>(&from),
                       size);
        }
    }

    Answer answer_;
    Door door_;
    std::thread thread_;
};

/// One connection after the other: the whole request, then whatever `answer` says; nothing at all: it stays silent.
class HttpDevice {
public:
    using Answer = std::function<std::string(const std::string& request)>;

    explicit HttpDevice(Answer answer, const std::string& at = "127.0.0.1")
        : answer_(std::move(answer)), door_(SOCK_STREAM, at)
    {
        listen(door_.socket(), 16);
        thread_ = std::thread([this] { run(); });
    }
    HttpDevice(const HttpDevice&) = delete;
    HttpDevice& operator=(const HttpDevice&) = delete;
    ~HttpDevice()
    {
        door_.end();
        thread_.join();
    }

    Endpoint place() const { return door_.place(); }
    std::string url(const std::string& path) const
    {
        const std::string address = place().address.text();
        return "http://" + (place().address.is_v6() ? '[' + address + ']' : address) + ':' +
               std::to_string(place().port) + path;
    }

    static std::string ok(const std::string& body) { return "HTTP/1.1 200 OK\r\n\r\n" + body; }
    static std::string upnp_error(int code)
    {
        return "HTTP/1.1 500 Internal Server Error\r\n\r\n<s:Envelope><s:Body><s:Fault><detail><UPnPError><errorCode>" +
               std::to_string(code) +
               "</errorCode><errorDescription>no</errorDescription></UPnPError></detail></s:Fault>"
               "</s:Body></s:Envelope>";
    }

private:
    void run()
    {
        while (door_.wait(door_.socket())) {
            const int client = accept4(door_.socket(), nullptr, nullptr, SOCK_CLOEXEC);
            serve(client);
            close(client);
        }
    }

    void serve(int client)
    {
        std::string request;
        while (!is_whole(request)) {
            char buffer[4096];
            if (!door_.wait(client))
                return;
            const auto count = recv(client, buffer, sizeof(buffer), MSG_DONTWAIT);
            if (count <= 0)
                return;
            request.append(buffer, static_cast<std::size_t>(count));
        }
        const std::string answer = answer_(request);
        std::size_t sent = 0;
        while (sent < answer.size()) {
            const auto count = send(client, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
            if (count <= 0)
                return;
            sent += static_cast<std::size_t>(count);
        }
        if (answer.empty())
            door_.wait(client); // until the other one has had enough
    }

    static bool is_whole(const std::string& request)
    {
        const auto head = request.find("\r\n\r\n");
        const auto length = request.find("Content-Length: ");
        if (head == std::string::npos)
            return false;
        return length == std::string::npos || request.size() >= head + 4 + std::stoul(request.substr(length + 16));
    }

    Answer answer_;
    Door door_;
    std::thread thread_;
};

/// What came on another thread, and a test that waits for it.
template <class Value>
class Mailbox {
public:
    void put(Value value)
    {
        const std::lock_guard lock(mutex_);
        values_.push_back(std::move(value));
        changed_.notify_all();
    }

    /// The number-th value, from 0; waits for it.
    std::optional<Value> at(std::size_t number, std::chrono::milliseconds limit = std::chrono::seconds(20))
    {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, limit, [&] { return values_.size() > number; }))
            return std::nullopt;
        return values_[number];
    }

    std::size_t size()
    {
        const std::lock_guard lock(mutex_);
        return values_.size();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Value> values_;
};

} // namespace shared_port_mapping::test
