// Packets of real sockets through the network of the laboratory, and what is left when a program of it ends.

#include "private_world.hpp"
#include "udp_socket.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace laboratory {
namespace {

using namespace std::chrono_literals;

class LaboratoryNetwork : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (!why_no_world().empty())
            GTEST_SKIP() << why_no_world();
    }

    /// True if what one sends to that place is what the other hears next.
    static bool reaches(const UdpSocket& from, const Place& to, const UdpSocket& at)
    {
        from.send(to, "hello");
        const auto heard = at.receive(5s);
        return heard && heard->text == "hello";
    }

    Network network_{1};
};

/// Listens in the host, connects from the other one, and sends a text there and back.
std::string echo_over_tcp(const Host& client, const Host& server, const std::string& text)
{
    int listener = -1;
    int near = -1;
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(server.address().value);
    place.sin_port = htons(7);
    server.inside([&] { listener = socket(AF_INET, SOCK_STREAM, 0); });
    client.inside([&] { near = socket(AF_INET, SOCK_STREAM, 0); });
    std::string heard;
    if (bind(listener, reinterpret_cast<const sockaddr*>(&place), sizeof(place)) == 0 && listen(listener, 1) == 0 &&
        connect(near, reinterpret_cast<const sockaddr*>(&place), sizeof(place)) == 0) {
        const int far = accept(listener, nullptr, nullptr);
        std::thread writer([&] {
            [[maybe_unused]] const auto sent = write(near, text.data(), text.size());
            shutdown(near, SHUT_WR);
        });
        char some[4096];
        for (ssize_t count = 0; (count = read(far, some, sizeof(some))) > 0;)
            heard.append(some, static_cast<std::size_t>(count));
        writer.join();
        close(far);
    }
    close(listener);
    close(near);
    return heard;
}

TEST_F(LaboratoryNetwork, CarriesDatagramsAndStreamsThroughRouters)
{
    Host& server = network_.add_host(network_.internet());
    Router& carrier = network_.add_router(network_.internet(), port_restricted(), /*carrier=*/true);
    Router& home = network_.add_router(carrier.inside(), symmetric());
    Host& client = network_.add_host(home.inside());
    EXPECT_EQ(client.address().text(), "192.168.1.2");
    EXPECT_EQ(home.outside().text(), "100.64.0.2");
    const UdpSocket near(client);
    const UdpSocket far(server, 53);
    near.send(far.local(), "question");
    const auto question = far.receive(5s);
    ASSERT_TRUE(question);
    EXPECT_EQ(question->from.address, carrier.outside());
    far.send(question->from, "answer");
    const auto answer = near.receive(5s);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->text, "answer");
    EXPECT_EQ(answer->from, far.local());
    const std::string text(300'000, 'x');
    EXPECT_EQ(echo_over_tcp(client, server, text), text);
}

TEST_F(LaboratoryNetwork, DropsAtTheOutsideWhatNobodyAskedFor)
{
    Host& stranger = network_.add_host(network_.internet());
    Router& home = network_.add_router(network_.internet(), port_restricted());
    Host& host = network_.add_host(home.inside());
    const UdpSocket far(stranger);
    const UdpSocket near(host, 5000);
    far.send({home.outside(), 5000}, "early");
    ASSERT_TRUE(reaches(near, far.local(), far));
    ASSERT_TRUE(reaches(far, {home.outside(), 5000}, near)) << "the early packet must not have taken the port";
    EXPECT_EQ(network_.filtered(home), 1U);
    EXPECT_EQ(network_.mappings(home), 1U);
    network_.reboot(home);
    far.send({home.outside(), 5000}, "late");
    ASSERT_TRUE(reaches(near, far.local(), far));
    EXPECT_EQ(network_.filtered(home), 2U) << "nothing is known from before";
}

TEST_F(LaboratoryNetwork, TurnsBackInOnlyWhereTheRouterDoesHairpins)
{
    for (const bool hairpin : {true, false}) {
        NatBehaviour behaviour = full_cone();
        behaviour.hairpin = hairpin;
        Router& home = network_.add_router(network_.internet(), behaviour);
        const UdpSocket one(network_.add_host(home.inside()), 5000);
        Host& other_host = network_.add_host(home.inside());
        const UdpSocket other(other_host, 6000);
        const UdpSocket server(network_.add_host(network_.internet()));
        ASSERT_TRUE(reaches(other, server.local(), server)) << "this is what makes the mapping";
        one.send({home.outside(), 6000}, "over the hairpin");
        one.send(other.local(), "directly"); // on the same way, behind it
        const auto first = other.receive(5s);
        ASSERT_TRUE(first);
        EXPECT_EQ(first->text, hairpin ? "over the hairpin" : "directly");
        EXPECT_EQ(first->from, hairpin ? (Place{home.outside(), 5000}) : one.local());
    }
}

TEST_F(LaboratoryNetwork, ChangesACableWhileItCarries)
{
    Host& one_host = network_.add_host(network_.internet());
    const UdpSocket one(one_host);
    const UdpSocket other(network_.add_host(network_.internet()));
    ASSERT_TRUE(reaches(one, other.local(), other));

    network_.change_up(one_host, R"({"delay_ms": 40})");
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(reaches(one, other.local(), other));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 40ms);

    network_.change_up(one_host, R"({"duplicate": 1})");
    ASSERT_TRUE(reaches(one, other.local(), other));
    EXPECT_TRUE(other.receive(5s));

    network_.change(one_host, R"({"mtu": 600})");
    one.send(other.local(), std::string(1000, 'x'));
    ASSERT_TRUE(reaches(one, other.local(), other)) << "the long one vanished, the short one did not";
    EXPECT_EQ(network_.up(one_host).too_long, 1U);

    network_.cut(one_host, true);
    one.send(other.local(), "into the void");
    while (network_.up(one_host).lost == 0)
        poll(nullptr, 0, 1); // the network's thread reads it when it is its turn
    network_.cut(one_host, false);
    ASSERT_TRUE(reaches(one, other.local(), other));
}

TEST_F(LaboratoryNetwork, IsAloneWithWhatIsInIt)
{
    Host& host = network_.add_host(network_.internet());
    const UdpSocket socket(host);
    socket.send({Address::parse("192.0.2.1"), 53}, "into nothing");
    EXPECT_FALSE(socket.receive(0s));
    std::string interfaces;
    host.inside([&] {
        auto* const list = if_nameindex();
        for (const auto* one = list; one->if_name != nullptr; ++one)
            interfaces += one->if_name + std::string(" ");
        if_freenameindex(list);
    });
    EXPECT_EQ(interfaces, "lo net ");
}

// The program that is called is killed: whatever it started in its private world goes, and with it the last of the
// writers of this pipe.
TEST(PrivateWorld, DiesWithWhoeverCalledIt)
{
    if (!why_no_world().empty())
        GTEST_SKIP() << why_no_world();
    int alive[2];
    ASSERT_EQ(pipe(alive), 0);
    const pid_t program = fork();
    if (program == 0) {
        close(alive[0]);
        if (!enter_private_world().empty())
            _exit(1);
        if (fork() == 0) {
            setsid();
            [[maybe_unused]] const auto said = write(alive[1], "x", 1);
            for (;;)
                pause();
        }
        for (;;)
            pause();
    }
    close(alive[1]);
    pollfd heard{alive[0], POLLIN, 0};
    char byte = 0;
    ASSERT_EQ(poll(&heard, 1, 20'000), 1);
    ASSERT_EQ(read(alive[0], &byte, 1), 1) << "it could not enter a private world of its own";
    kill(program, SIGKILL);
    waitpid(program, nullptr, 0);
    ASSERT_EQ(poll(&heard, 1, 20'000), 1) << "a process is left behind";
    EXPECT_EQ(read(alive[0], &byte, 1), 0);
    close(alive[0]);
}

} // namespace
} // namespace laboratory
