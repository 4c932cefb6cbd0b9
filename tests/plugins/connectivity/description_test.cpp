// What every plugin does with what a stranger writes, and with options of its own that cannot be.
#include "every_plugin.hpp"

#include <gmock/gmock.h>

#include <set>

namespace jackfield::connectivity_test {
namespace {

using ::testing::ContainsRegex;

constexpr const char* kCredentials = "ufrg\n0123456789012345678901\n";

class Descriptions : public EveryPlugin {};

// On whatever machine this runs, with whatever interfaces it has. Sockets are opened; nothing is sent.
TEST_P(Descriptions, LinkLocalAddressesNeverAppear)
{
    FakeHost host;
    const auto instance = make_with(host, "{}");
    for (const auto kind : {JF_DATAGRAM, JF_STREAM}) {
        IceSession session(*instance, JF_CONTROLLING, static_cast<std::uint32_t>(kind));
        session.gather();
        const std::string text = session.description();
        EXPECT_GE(lines_of(text).size(), 3U) << text;
        EXPECT_EQ(text.find(" fe80:"), std::string::npos) << text;
        EXPECT_EQ(text.find(" 169.254."), std::string::npos) << text;
    }
}

TEST_P(Descriptions, ConnectsThoughMostLinesOfTheDescriptionAreNonsense)
{
    FakeHost host;
    const auto instance = make(host);
    Call call(*instance, *instance, JF_DATAGRAM);
    call.a.gather();
    call.b.gather();
    const auto lines = lines_of(call.a.description());
    std::string noisy = lines[0] + '\n' + lines[1] + '\n';
    noisy +=
        "nonsense\n\n1 1 UDP 5 fe80::1 5 typ host\n1 1 UDP 5 224.0.0.1 5 typ host\n1 1 UDP 5 0.0.0.0 5 typ host\n"
        "1 7 UDP 5 127.0.0.1 5 typ host\n1 1 UDP 5 127.0.0.1 0 typ host\n1 1 TCP 5 127.0.0.1 5 typ host tcptype so\n"
        "1 1 UDP 5 name.local 5 typ host\n1 1 UDP 5 127.0.0.1 5 typ prflx raddr 127.0.0.1 rport 5\n" +
        std::string(2000, 'x') + "\n";
    for (std::size_t i = 2; i < lines.size(); ++i)
        noisy += lines[i] + '\n';
    call.b.set_remote(noisy);
    call.a.set_remote(call.b.description());
    EXPECT_TRUE(host.run_until([&] { return call.a.ready() == 1 && call.b.ready() == 1; })) << call.b.text_;
}

TEST_P(Descriptions, TakesSixtyFourOfAThousandCandidatesAndStillConnects)
{
    FakeHost host;
    const auto instance = make(host);
    Call call(*instance, *instance, JF_DATAGRAM);
    call.a.gather();
    call.b.gather();
    std::string text = call.a.description();
    // To the discard port of other loopback addresses, where nobody answers.
    for (int i = 0; i < 1000; ++i)
        text += "x" + std::to_string(i) + " 1 UDP " + std::to_string(1000 + i) + " 127.0." +
                std::to_string(1 + i / 200) + "." + std::to_string(2 + i % 200) + " 9 typ host\n";
    call.b.set_remote(text);
    call.a.set_remote(call.b.description());
    EXPECT_TRUE(host.run_until([&] { return call.a.ready() == 1 && call.b.ready() == 1; })) << call.b.text_;
    const auto log = host.log_lines();
    EXPECT_TRUE(std::any_of(log.begin(), log.end(), [](const std::string& line) {
        return line.find("more than 64 candidates") != std::string::npos;
    }));
}

TEST_P(Descriptions, RefusesTheSixtyFifthTrickledCandidateButNotARepetition)
{
    FakeHost host;
    const auto instance = make(host);
    IceSession session(*instance, JF_CONTROLLING, JF_DATAGRAM);
    session.gather();
    session.set_remote(kCredentials);
    const auto line = [](int i) { return "1 1 UDP 5 127.0.0.1 " + std::to_string(40000 + i) + " typ host"; };
    for (int i = 0; i < 64; ++i)
        EXPECT_EQ(session.add(line(i)), JF_OK);
    EXPECT_EQ(session.add(line(64)), JF_EXHAUSTED);
    EXPECT_EQ(session.add(line(0)), JF_OK);
    EXPECT_EQ(session.add("1 2 UDP 5 127.0.0.1 5 typ host"), JF_OK) << "a component we do not have is ignored";
    EXPECT_EQ(session.add("1 1 UDP 5 somewhere.local 5 typ host"), JF_OK) << "a name is ignored";
    EXPECT_EQ(session.add("1 1 UDP 5 127.0.0.1 5 typ"), JF_BAD_INPUT);
    EXPECT_EQ(session.add(""), JF_BAD_INPUT);
    EXPECT_EQ(session.add(std::string(600, 'x')), JF_BAD_INPUT);
}

TEST_P(Descriptions, RefusesOptionsThatMakeNoSense)
{
    FakeHost host;
    const auto instance = make(host);
    EXPECT_THROW(IceSession(*instance, 0, JF_STREAM), Failure);
    EXPECT_THROW(IceSession(*instance, JF_CONTROLLING, 3), Failure);
    EXPECT_THROW(IceSession(*instance, JF_CONTROLLING, JF_STREAM, 0), Failure);
    EXPECT_THROW(IceSession(*instance, JF_CONTROLLING, JF_STREAM, 5), Failure);
    IceSession session(*instance, JF_CONTROLLING, JF_DATAGRAM);
    EXPECT_THROW(session.description(), Failure) << "before gather";
    EXPECT_THROW(session.restart(), Failure) << "before gather";
    session.gather();
    EXPECT_THROW(session.gather(), Failure) << "twice";
}

TEST_P(Descriptions, SaysSoIfNoAddressIsUsable)
{
    FakeHost host;
    const auto named = make_with(host, R"({"interfaces": ["no-such-interface"]})");
    IceSession nowhere(*named, JF_CONTROLLING, JF_DATAGRAM);
    const auto foreign = make_with(host, R"({"addresses": ["203.0.113.77"]})");
    IceSession elsewhere(*foreign, JF_CONTROLLING, JF_STREAM);
    for (auto* session : {&nowhere, &elsewhere}) {
        try {
            session->gather();
            ADD_FAILURE() << "gathered";
        } catch (const Failure& failure) {
            EXPECT_EQ(failure.status(), JF_UNREACHABLE) << failure.what();
        }
    }
}

TEST_P(Descriptions, TakesItsPortsFromTheRange)
{
    FakeHost host;
    const auto instance = make(host, R"("ports": [42000, 42999])");
    for (const auto kind : {JF_DATAGRAM, JF_STREAM}) {
        IceSession session(*instance, JF_CONTROLLING, static_cast<std::uint32_t>(kind), 4);
        session.gather();
        const std::string text = session.description();
        const auto lines = lines_of(text);
        for (std::size_t i = 2; i < lines.size(); ++i)
            EXPECT_THAT(lines[i], ContainsRegex(" 127.0.0.1 (42[0-9]{3}|9) "));
        EXPECT_THAT(text, ContainsRegex(" 127.0.0.1 42[0-9]{3} "));
    }
}

JF_INSTANTIATE_EVERY_PLUGIN(Descriptions);

} // namespace
} // namespace jackfield::connectivity_test
