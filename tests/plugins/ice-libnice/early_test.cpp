// The first datagrams of a component go along with its first checks, before there is a pair.
#include "ice_session.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace jackfield::ice_test {
namespace {

class Early : public ::testing::Test {
protected:
    Early() : instance_(make_instance(host_)), call_(*instance_, *instance_, JF_DATAGRAM) {}
    ~Early() override
    {
        call_.a.release(); // nothing comes to the ears any more
        call_.b.release();
    }

    bool both_ready()
    {
        return host_.run_until([this] { return call_.a.ready() == 1 && call_.b.ready() == 1; });
    }

    FakeHost host_;
    std::unique_ptr<Instance> instance_;
    Call call_;
    Ear ears_[2];
};

TEST_F(Early, DatagramsReachThePeerBeforeEitherPathIsOpened)
{
    call_.exchange();
    const std::vector<Bytes> flight{Bytes(1200, 0xc0), Bytes(300, 22)};
    ASSERT_EQ(call_.a.ready(), 0U);
    ASSERT_EQ(call_.a.send_early(flight), JF_OK);
    ASSERT_TRUE(both_ready());
    call_.b.path().open(ears_[1]);
    ASSERT_TRUE(ears_[1].wait_for_packets(2));
    call_.a.path().open(ears_[0]);
    // And the answer to a check that libnice knows nothing of is nothing that comes up.
    ASSERT_EQ(call_.b.path().send(pattern(100)), JF_OK);
    ASSERT_TRUE(ears_[0].wait_for_packets(1));
    ASSERT_EQ(call_.a.path().send(pattern(70)), JF_OK);
    ASSERT_TRUE(ears_[1].wait_for_packets(3));
    const std::lock_guard lock(ears_[0].mutex_);
    const std::lock_guard other(ears_[1].mutex_);
    EXPECT_EQ(ears_[0].packets_, std::vector<Bytes>{pattern(100)});
    EXPECT_EQ(ears_[1].packets_, (std::vector<Bytes>{flight[0], flight[1], pattern(70)}));
}

TEST_F(Early, TheyGoToCandidatesThatComeLater)
{
    call_.a.gather();
    call_.b.gather();
    call_.b.set_remote(call_.a.description());
    const auto lines = lines_of(call_.b.description());
    call_.a.set_remote(lines[0] + '\n' + lines[1] + '\n');
    ASSERT_EQ(call_.a.send_early({pattern(500)}), JF_OK);
    for (std::size_t i = 2; i < lines.size(); ++i)
        ASSERT_EQ(call_.a.add(lines[i]), JF_OK);
    ASSERT_TRUE(both_ready());
    call_.b.path().open(ears_[1]);
    ASSERT_TRUE(ears_[1].wait_for_packets(1));
    const std::lock_guard lock(ears_[1].mutex_);
    EXPECT_EQ(ears_[1].packets_, std::vector<Bytes>{pattern(500)});
}

TEST_F(Early, TellsHowThePathWillDescribeItself)
{
    call_.exchange();
    ASSERT_EQ(call_.a.send_early({}), JF_OK);
    EXPECT_EQ(call_.a.path_early_.kind, std::uint32_t{JF_DATAGRAM});
    ASSERT_TRUE(both_ready());
    EXPECT_EQ(call_.a.path_early_.max_datagram_bytes, call_.a.path().describe().max_datagram_bytes);
    EXPECT_EQ(call_.a.send_early({pattern(9)}), JF_UNSUPPORTED) << "there is a path";
}

TEST_F(Early, IsBounded)
{
    EXPECT_EQ(call_.a.send_early({pattern(9)}), JF_UNSUPPORTED) << "no peer yet";
    call_.exchange();
    EXPECT_EQ(call_.b.send_early({pattern(9)}), JF_UNSUPPORTED) << "the controlled side";
    EXPECT_EQ(call_.a.send_early({pattern(9)}, 2), JF_BAD_INPUT) << "no such component";
    EXPECT_EQ(call_.a.send_early({pattern(call_.a.path_early_.max_datagram_bytes + 1401)}), JF_BAD_INPUT);
    EXPECT_EQ(call_.a.send_early({Bytes()}), JF_BAD_INPUT);
    const std::vector<Bytes> most(JF_EARLY_DATAGRAMS, pattern(20));
    EXPECT_EQ(call_.a.send_early(most), JF_OK);
    EXPECT_EQ(call_.a.send_early({pattern(9)}), JF_EXHAUSTED);
}

TEST_F(Early, NothingGoesPastARelayThatIsTheOnlyWay)
{
    const auto hidden = make_instance(host_, R"({"addresses": ["127.0.0.1"], "relay_only": true, "pacing_ms": 1,
        "turn": [{"server": "127.0.0.1:9", "username": "u", "password": "p"}]})");
    IceSession alone(*hidden, JF_CONTROLLING, JF_DATAGRAM);
    alone.gather();
    alone.set_remote("ufrg\n0123456789012345678901\n1 1 UDP 5 127.0.0.1 9 typ host\n");
    EXPECT_EQ(alone.send_early({pattern(9)}), JF_UNSUPPORTED);
}

/// A socket of the peer's that only counts what comes.
class Place {
public:
    Place()
    {
        sockaddr_in own{};
        own.sin_family = AF_INET;
        own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(own);
        EXPECT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&own), size), 0);
        EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&own), &size), 0);
        port_ = ntohs(own.sin_port);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { close(socket_); }

    std::string line(int number) const
    {
        return std::to_string(number) + " 1 UDP " + std::to_string(2130706431 - number) + " 127.0.0.1 " +
               std::to_string(port_) + " typ host\n";
    }

    /// What has come by now.
    std::vector<Bytes> packets() const
    {
        std::vector<Bytes> all;
        Bytes buffer(2000);
        for (ssize_t size = 0; (size = recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT)) >= 0;)
            all.emplace_back(buffer.begin(), buffer.begin() + size);
        return all;
    }

private:
    int socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    std::uint16_t port_ = 0;
};

TEST_F(Early, GoesToTheBestPlacesAndNoMore)
{
    const Place places[JF_EARLY_PLACES + 2];
    std::string description = "ufrg\n0123456789012345678901\n";
    for (int i = JF_EARLY_PLACES + 1; i >= 0; --i) // the worst is named first
        description += places[i].line(i);
    call_.a.gather();
    call_.a.set_remote(description);
    ASSERT_EQ(call_.a.send_early({pattern(33)}), JF_OK);
    for (int i = 0; i < JF_EARLY_PLACES + 2; ++i)
        EXPECT_EQ(std::ranges::count(places[i].packets(), pattern(33)), i < JF_EARLY_PLACES ? 1 : 0) << i;
}

/// The types of the attributes of a Binding request (RFC 8489 section 5); nothing of anything else.
std::vector<unsigned> attributes_of(const Bytes& packet)
{
    std::vector<unsigned> types;
    if (packet.size() < 20 || packet[0] != 0 || packet[1] != 1)
        return types;
    for (std::size_t at = 20; at + 4 <= packet.size();) {
        types.push_back(packet[at] * 256U + packet[at + 1]);
        at += 4 + (packet[at + 2] * 256U + packet[at + 3] + 3U) / 4U * 4U;
    }
    return types;
}

TEST_F(Early, ComesBehindACheckThatNominatesNothing)
{
    const Place place;
    call_.a.gather();
    call_.a.set_remote("ufrg\n0123456789012345678901\n" + place.line(1));
    ASSERT_EQ(call_.a.send_early({pattern(33)}), JF_OK);
    const auto packets = place.packets();
    const auto datagram = std::ranges::find(packets, pattern(33));
    ASSERT_NE(datagram, packets.end());
    const bool checked = std::any_of(packets.begin(), datagram, [](const Bytes& packet) {
        const auto types = attributes_of(packet);
        const auto has = [&](unsigned type) { return std::ranges::find(types, type) != types.end(); };
        return has(0x0006) && has(0x0008) && has(0x0024) && has(0x802a) && !has(0x0025);
    });
    EXPECT_TRUE(checked) << "USERNAME, MESSAGE-INTEGRITY, PRIORITY, ICE-CONTROLLING, and no USE-CANDIDATE";
}

} // namespace
} // namespace jackfield::ice_test
