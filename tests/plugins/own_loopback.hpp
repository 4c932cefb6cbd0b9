// A network of the test's own: a loopback with the addresses that it wants, and a name server that knows of a NAT64
// (RFC 7050) and answers when it is told to.
//
// Threads: the test's, before it has others; the name server has one. Lifetime: the network is the process's, for good:
// each test has one of its own when CTest runs it, and where a program runs whole there is none.
#pragma once

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace jackfield::testing {

/// Empty if this process is now alone in a network with these addresses ("192.0.2.1/32"), else why not.
inline std::string enter_network_with(const std::vector<std::string>& addresses)
{
    if (::testing::UnitTest::GetInstance()->test_to_run_count() != 1)
        return "the tests behind this one need the network that is there";
    const uid_t user = getuid();
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS) != 0)
        return "this kernel refuses namespaces to users";
    std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
    std::string words = "ip link set lo up";
    for (const auto& address : addresses)
        words += " && ip address add " + address + " dev lo nodad";
    return std::system((words + " 2>/dev/null").c_str()) == 0 ? "" : "ip cannot give addresses to a loopback";
}

/// At ::1, and the resolver of this process asks it. Only in a network of its own: else it does nothing, and /etc is
/// the machine's.
class SlowNameServer {
public:
    explicit SlowNameServer(bool entered)
    {
        if (!entered)
            return;
        std::string file = "/tmp/jackfield-resolver-XXXXXX";
        const int made = mkstemp(file.data());
        if (made >= 0) {
            close(made);
            std::ofstream(file) << "nameserver ::1\n";
            ready_ = mount(file.c_str(), "/etc/resolv.conf", nullptr, MS_BIND, nullptr) == 0;
            unlink(file.c_str());
        }
        socket_ = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        sockaddr_in6 place{};
        place.sin6_family = AF_INET6;
        place.sin6_addr = in6addr_loopback;
        place.sin6_port = htons(53);
        ready_ = ready_ && bind(socket_, reinterpret_cast<const sockaddr*>(&place), sizeof(place)) == 0;
        if (ready_)
            thread_ = std::thread([this] { hear(); });
    }
    SlowNameServer(const SlowNameServer&) = delete;
    SlowNameServer& operator=(const SlowNameServer&) = delete;
    ~SlowNameServer()
    {
        if (socket_ < 0)
            return;
        shutdown(socket_, SHUT_RD); // which ends the wait
        if (thread_.joinable())
            thread_.join();
        close(socket_);
    }

    bool ready() const { return ready_; }

    /// What was asked, and whatever comes.
    void answer()
    {
        const std::lock_guard lock(mutex_);
        answers_ = true;
        for (const auto& question : waiting_)
            reply(question);
        waiting_.clear();
    }

private:
    struct Question {
        std::vector<std::uint8_t> bytes;
        sockaddr_in6 from;
    };

    void hear()
    {
        for (;;) {
            Question question{std::vector<std::uint8_t>(512), {}};
            socklen_t size = sizeof(question.from);
            const auto count = recvfrom(socket_, question.bytes.data(), question.bytes.size(), 0,
                                        reinterpret_cast<sockaddr*>(&question.from), &size);
            if (count <= 0)
                return;
            question.bytes.resize(static_cast<std::size_t>(count));
            const std::lock_guard lock(mutex_);
            if (answers_)
                reply(question);
            else
                waiting_.push_back(question);
        }
    }

    /// Every name has the address of IPv6 that a DNS64 with the prefix 64:ff9b::/96 makes of 192.0.0.170, and no other
    /// (RFC 1035 section 4.1, RFC 6147).
    void reply(const Question& question) const
    {
        constexpr std::size_t kHeader = 12;
        const auto& query = question.bytes;
        const auto end = std::find(query.begin() + std::min(kHeader, query.size()), query.end(), 0) - query.begin();
        const auto length = static_cast<std::size_t>(end) + 5;
        if (length > query.size())
            return;
        std::vector<std::uint8_t> answer(query.begin(), query.begin() + static_cast<std::ptrdiff_t>(length));
        answer[2] = 0x84;
        answer[3] = 0x80;
        std::fill(answer.begin() + 6, answer.begin() + kHeader, 0);
        if (answer[length - 3] == 28) { // AAAA
            const std::uint8_t record[] = {0xC0, kHeader, 0, 28, 0, 1, 0, 0, 0, 60, 0,    16, 0, 0x64,
                                           0xff, 0x9b,    0, 0,  0, 0, 0, 0, 0, 0,  0xC0, 0,  0, 0xAA};
            answer.insert(answer.end(), std::begin(record), std::end(record));
            answer[7] = 1;
        }
        sendto(socket_, answer.data(), answer.size(), 0, reinterpret_cast<const sockaddr*>(&question.from),
               sizeof(question.from));
    }

    int socket_ = -1;
    bool ready_ = false;
    std::mutex mutex_;
    bool answers_ = false;          // guarded
    std::vector<Question> waiting_; // guarded
    std::thread thread_;
};

} // namespace jackfield::testing
