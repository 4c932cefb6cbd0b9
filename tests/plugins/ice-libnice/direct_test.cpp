// Datagrams of a selected pair go past libnice; what is libnice's own still comes to it, and nobody else's comes up.
#include "ice_session.hpp"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <set>
#include <sstream>

namespace jackfield::ice_test {
namespace {

/// Notes on which threads packets come up.
class Direct : public ::testing::Test {
protected:
    Direct() : instance_(make_instance(host_)), call_(*instance_, *instance_, JF_DATAGRAM, 2)
    {
        EXPECT_TRUE(call_.connect(host_, 2)) << call_.a.text_;
        ear_.answer_ = [this](const jf_packet&) {
            char name[16] = {};
            pthread_getname_np(pthread_self(), name, sizeof(name));
            threads_.insert(name);
        };
        call_.b.path().open(ear_);
    }
    ~Direct() override
    {
        call_.a.release(); // nothing comes to the ear any more
        call_.b.release();
    }

    FakeHost host_;
    std::unique_ptr<Instance> instance_;
    Call call_;
    Ear ear_;
    std::set<std::string> threads_; // under the ear's lock
};

TEST_F(Direct, PacketsComeUpOnTheReadersThread)
{
    const Bytes media(200, 0x80);     // RTP begins so
    ASSERT_TRUE(host_.run_until([&] { // the first few may still go through libnice, while the way is being laid
        call_.a.path().send(media);
        return ear_.wait([&](const Ear& ear) { return threads_.contains("jf-ice-media") && ear.count_ > 0; },
                         std::chrono::milliseconds(20));
    }));
    const std::lock_guard lock(ear_.mutex_);
    EXPECT_EQ(ear_.packets_, std::vector<Bytes>(ear_.count_, media));
}

// A byte of 0 to 3 may begin a STUN message. libnice looks at it and finds that it is none.
TEST_F(Direct, PacketsThatBeginLikeStunArriveTooAndInTheirTurn)
{
    std::vector<Bytes> sent;
    for (int i = 0; i < 60; ++i) {
        Bytes packet(40, static_cast<std::uint8_t>(i));
        packet[0] = i % 3 == 0 ? 1 : 0x90;
        sent.push_back(packet);
        ASSERT_EQ(call_.a.path().send(packet), JF_OK);
        if (i % 6 == 5) { // else libnice may read them all in one go
            ASSERT_TRUE(ear_.wait_for_packets(sent.size())) << i;
        }
    }
    const std::lock_guard lock(ear_.mutex_);
    EXPECT_EQ(ear_.packets_, sent);
}

/// Where component 1 listens: the port of its host candidate.
std::uint16_t port_of(const std::string& description)
{
    std::istringstream lines(description);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string foundation;
        std::string component;
        std::string transport;
        std::string priority;
        std::string address;
        std::uint16_t port = 0;
        if (words >> foundation >> component >> transport >> priority >> address >> port && component == "1")
            return port;
    }
    return 0;
}

TEST_F(Direct, PacketsFromElsewhereDoNotArrive)
{
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port_of(call_.b.description()));
    const int stranger = socket(AF_INET, SOCK_DGRAM, 0);
    const Bytes theirs(100, 0x80);
    const Bytes ours(50, 0x81);
    for (int i = 0; i < 20; ++i) {
        ASSERT_EQ(sendto(stranger, theirs.data(), theirs.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof(to)),
                  static_cast<ssize_t>(theirs.size()));
        ASSERT_EQ(call_.a.path().send(ours), JF_OK);
    }
    close(stranger);
    ASSERT_TRUE(ear_.wait_for_packets(20));
    const std::lock_guard lock(ear_.mutex_);
    EXPECT_EQ(ear_.packets_, std::vector<Bytes>(20, ours));
}

TEST_F(Direct, NothingComesUpOnceThePathIsClosed)
{
    ASSERT_EQ(call_.a.path().send(pattern(100)), JF_OK);
    ASSERT_TRUE(ear_.wait_for_packets(1));
    call_.b.path().close();
    const auto before = ear_.count_;
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(call_.a.path().send(pattern(100)), JF_OK);
    call_.a.path().close();
    EXPECT_EQ(call_.a.path().send(pattern(100)), JF_CLOSED);
    call_.a.release();
    call_.b.release(); // its last words have been said by then
    EXPECT_EQ(ear_.count_, before);
}

} // namespace
} // namespace jackfield::ice_test
