// Connections that both sides make at once, on loopback: what is carried through them, and strangers at every end.

#include "punching_end.hpp"

#include <shared/stun/message.hpp>

#include <netinet/in.h>

namespace jackfield::ice {
namespace {

using shared_port_mapping::test::Door;
using shared_port_mapping::test::Mailbox;

/// A socket of the test's own; reads and writes wait.
class Socket {
public:
    explicit Socket(int descriptor) : descriptor_(descriptor) {}
    Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    Socket& operator=(Socket&&) = delete;
    ~Socket() { close(); }

    static Socket to(const Endpoint& place)
    {
        Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_storage address{};
        const auto size = place.address.to_sockaddr(place.port, address);
        socket.connected_ = connect(socket.descriptor_, reinterpret_cast<const sockaddr*>(&address), size) == 0;
        return socket;
    }

    bool connected() const { return connected_; }
    void write(std::string_view text) const { send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL); }

    /// Says no more, and goes on to hear.
    void end() const { shutdown(descriptor_, SHUT_WR); }

    /// So many bytes, or what there is before the end; and a word if that does not come.
    std::string read(std::size_t size) const
    {
        std::string all;
        char some[4096];
        for (ssize_t count = 1; all.size() < size && count > 0;) {
            pollfd ready{descriptor_, POLLIN, 0};
            if (poll(&ready, 1, 10'000) != 1)
                return all + " (silence)";
            count = recv(descriptor_, some, std::min(sizeof(some), size - all.size()), 0);
            all.append(some, static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        }
        return all;
    }

    void close()
    {
        if (descriptor_ >= 0)
            ::close(std::exchange(descriptor_, -1));
    }

private:
    int descriptor_;
    bool connected_ = false;
};

/// A STUN server over TCP for one question of each client. What it says is up to the test; with `{}` what is right.
class StunOverTcp {
public:
    using Answer = std::function<Bytes(const shared_stun::Message& request)>;

    explicit StunOverTcp(Answer answer = {}) : answer_(std::move(answer)), door_(SOCK_STREAM)
    {
        listen(door_.socket(), 16);
        thread_ = std::thread([this] {
            while (door_.wait(door_.socket()))
                serve();
        });
    }
    StunOverTcp(const StunOverTcp&) = delete;
    StunOverTcp& operator=(const StunOverTcp&) = delete;
    ~StunOverTcp()
    {
        door_.end();
        thread_.join();
    }

    Endpoint place() const { return door_.place(); }

private:
    void serve()
    {
        sockaddr_storage from{};
        socklen_t size = sizeof(from);
        clients_.emplace_back(accept(door_.socket(), reinterpret_cast<sockaddr*>(&from), &size));
        const std::string text = clients_.back().read(shared_stun::kHeaderBytes);
        const auto request = shared_stun::read_message(as_bytes(text));
        if (!request)
            return;
        Bytes answer;
        if (answer_) {
            answer = answer_(*request);
        } else {
            shared_stun::Message good = *request;
            good.kind = shared_stun::Class::success;
            shared_stun::add_address(good, shared_stun::Type::xor_mapped_address, *Endpoint::from_sockaddr(from));
            answer = shared_stun::write_message(good, true);
        }
        clients_.back().write(as_text(answer));
        if (answer.empty())
            clients_.back().close();
    }

    Answer answer_;
    Door door_;
    std::vector<Socket> clients_;
    std::thread thread_;
};

/// Both know of each other.
void introduce(End& a, End& b, const Endpoint& server)
{
    a.start(server);
    b.start(server);
    const auto at_a = a.mapped.at(0);
    const auto at_b = b.mapped.at(0);
    ASSERT_TRUE(at_a && *at_a && at_b && *at_b) << "nobody has seen them";
    a.puncher->add_remote(1, **at_b);
    b.puncher->add_remote(1, **at_a);
    const auto found = a.punched.at(0);
    ASSERT_TRUE(found && b.punched.at(0)) << "they have not met";
    EXPECT_EQ(found->remote, **at_b);
}

TEST(PunchedStreams, CarryBytesBothWaysAndTheirEnd)
{
    const StunOverTcp server;
    End a(true, /*controlling=*/true);
    End b(true, false);
    ASSERT_NO_FATAL_FAILURE(introduce(a, b, server.place()));
    Socket active = Socket::to(a.punched.at(0)->stand_in); // as libnice does
    ASSERT_TRUE(active.connected());
    ASSERT_TRUE(b.libnice.wait(b.libnice.socket(), 20'000));
    Socket passive(accept(b.libnice.socket(), nullptr, nullptr));
    const std::string long_text(1'000'000, 'x');
    std::thread writer([&] {
        active.write(long_text);
        active.write("end");
        shutdown(b.libnice.socket(), SHUT_RDWR);
    });
    EXPECT_EQ(passive.read(1'000'003), long_text + "end");
    writer.join();
    passive.write("back");
    EXPECT_EQ(active.read(4), "back");
    active.end();
    EXPECT_EQ(passive.read(1), "") << "its end comes through";
    passive.write("last word");
    EXPECT_EQ(active.read(9), "last word") << "and is not the other one's";
}

TEST(PunchedDatagrams, KeepTheirBounds)
{
    const StunOverTcp server;
    End a(false, true);
    End b(false, false);
    ASSERT_NO_FATAL_FAILURE(introduce(a, b, server.place()));
    const auto say = [](const Door& from, const Endpoint& to, std::string_view text) {
        sockaddr_storage address{};
        const auto size = to.address.to_sockaddr(to.port, address);
        sendto(from.socket(), text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&address), size);
    };
    const auto hear = [](const Door& at) {
        char some[2048];
        at.wait(at.socket(), 20'000);
        const auto count = recv(at.socket(), some, sizeof(some), MSG_DONTWAIT);
        return std::string(some, static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    };
    const auto to_b = a.punched.at(0)->stand_in;
    const auto to_a = b.punched.at(0)->stand_in;
    for (const std::string& text : {std::string("one"), std::string(1400, 'x'), std::string("three")})
        say(a.libnice, to_b, text);
    EXPECT_EQ(hear(b.libnice), "one");
    EXPECT_EQ(hear(b.libnice), std::string(1400, 'x'));
    EXPECT_EQ(hear(b.libnice), "three");
    say(b.libnice, to_a, "back");
    EXPECT_EQ(hear(a.libnice), "back");

    a.puncher->appear_anew(1);
    const auto anew = a.punched.at(1);
    ASSERT_TRUE(anew) << "there is no other stand-in";
    EXPECT_EQ(anew->remote, a.punched.at(0)->remote);
    EXPECT_NE(anew->stand_in, to_b);
    say(a.libnice, to_b, "to nobody");
    say(a.libnice, anew->stand_in, "as before");
    EXPECT_EQ(hear(b.libnice), "as before");
    say(b.libnice, to_a, "and back");
    EXPECT_EQ(hear(a.libnice), "and back");
}

// As where the STUN server has a name, which takes longer to look up than the peer's answer takes to come.
TEST(PunchedDatagrams, ReachAPeerWhoWasKnownBeforeTheServerWas)
{
    const StunOverTcp server;
    End a(false, true);
    End b(false, false);
    b.start(server.place());
    const auto at_b = b.mapped.at(0);
    ASSERT_TRUE(at_b && *at_b) << "nobody has seen him";
    a.puncher->add_remote(1, **at_b);
    a.start(server.place());
    const auto found = a.punched.at(0);
    ASSERT_TRUE(found && b.punched.at(0)) << "they have not met";
    EXPECT_EQ(found->remote, **at_b);
}

TEST(PunchedDatagrams, EndWhenAStrangerSendsAFrameThatIsTooLong)
{
    const StunOverTcp server;
    End one(false, true);
    one.start(server.place());
    const auto place = one.mapped.at(0);
    ASSERT_TRUE(place && *place);
    const Socket stranger = Socket::to(**place);
    stranger.write(std::string("\x08\x01", 2)); // 2049 bytes follow
    EXPECT_EQ(stranger.read(1), "");
}

TEST(APunchersPort, HasNoMoreThanEightConnections)
{
    const StunOverTcp server;
    End one(false, true);
    one.start(server.place());
    const auto place = one.mapped.at(0);
    ASSERT_TRUE(place && *place);
    std::vector<Socket> strangers;
    for (int number = 0; number < 9; ++number)
        strangers.push_back(Socket::to(**place));
    EXPECT_EQ(strangers.back().read(1), "") << "it is turned away";
    EXPECT_EQ(one.punched.size(), 8U);
}

TEST(APunchersPort, IsClosedOnceTheComponentHasItsPair)
{
    const StunOverTcp server;
    End one(true, true);
    one.start(server.place());
    const auto place = one.mapped.at(0);
    ASSERT_TRUE(place && *place);
    const Socket first = Socket::to(**place);
    ASSERT_TRUE(first.connected());
    ASSERT_TRUE(one.punched.at(0));
    one.puncher->settle(1);
    one.puncher->start({{2, one.libnice.place()}}, server.place()); // when this is answered, that has been done
    ASSERT_TRUE(one.mapped.at(1));
    EXPECT_FALSE(Socket::to(**place).connected());
}

TEST(APunchersPort, SaysWhereItIsRefused)
{
    const StunOverTcp server;
    End one(false, true);
    one.start(server.place());
    ASSERT_TRUE(one.mapped.at(0));
    const shared_port_mapping::test::Door nobody(SOCK_STREAM, "127.0.0.1"); // bound, and does not listen
    one.puncher->add_remote(1, nobody.place());
    EXPECT_EQ(one.refused.at(0), nobody.place());
}

TEST(APunchersServer, IsBelievedOnlyIfItAnswersWhatItWasAsked)
{
    const auto wrong_id = [](const shared_stun::Message& request) {
        shared_stun::Message answer = request;
        answer.kind = shared_stun::Class::success;
        answer.id[0] ^= 1;
        shared_stun::add_address(answer, shared_stun::Type::mapped_address, {*IpAddress::parse("203.0.113.7"), 5000});
        return shared_stun::write_message(answer, false);
    };
    const auto too_long = [](const shared_stun::Message& request) {
        Bytes answer = shared_stun::write_message(request, false);
        answer[2] = 0xFF;
        return answer;
    };
    const auto garbage = [](const shared_stun::Message&) { return Bytes(100, 0); };
    const auto goodbye = [](const shared_stun::Message&) { return Bytes(); };
    for (const StunOverTcp::Answer& answer : {StunOverTcp::Answer(wrong_id), StunOverTcp::Answer(too_long),
                                              StunOverTcp::Answer(garbage), StunOverTcp::Answer(goodbye)}) {
        const StunOverTcp server(answer);
        End one(true, true);
        one.start(server.place());
        const auto place = one.mapped.at(0);
        ASSERT_TRUE(place);
        EXPECT_FALSE(*place);
    }
}

TEST(APunchersServer, IsMissedByNobody)
{
    End one(true, true);
    one.start(std::nullopt); // its name led nowhere
    const auto place = one.mapped.at(0);
    ASSERT_TRUE(place);
    EXPECT_FALSE(*place);
}

} // namespace
} // namespace jackfield::ice
