// STUN servers and relays that refuse, lie or add to what was said: a session finds its way without them, and says what
// was wrong.
#include "ice_session.hpp"
#include "lying_server.hpp"
#include "turn_server.hpp"

#include <gmock/gmock.h>

#include <array>
#include <random>

namespace jackfield::ice_test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// --- relays that refuse ---------------------------------------------------------------------------------------------

/// Of a real server, which refuses.
class RefusingRelay : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (!TurnServer::installed())
            GTEST_SKIP() << "turnserver is not installed (Debian package coturn)";
    }

    static std::string config(const TurnServer& server, const std::string& password, const std::string& more = {})
    {
        return R"({"addresses": ["127.0.0.1"], "pacing_ms": 1, "connect_timeout_ms": 1500, "turn": [{"server": ")" +
               server.address() + R"(", "username": "user", "password": ")" + password + "\"}]" + more + "}";
    }
    static std::size_t relays_of(IceSession& session)
    {
        return static_cast<std::size_t>(std::ranges::count_if(
            session.candidates_, [](const auto& line) { return line.find(" typ relay") != std::string::npos; }));
    }
    /// The lines about a relay that gave no address.
    static std::vector<std::string> complaints(FakeHost& host)
    {
        std::vector<std::string> found;
        for (const auto& line : host.log_lines()) {
            if (line.find("no relay has given an address") != std::string::npos)
                found.push_back(line);
        }
        return found;
    }
};

TEST_F(RefusingRelay, BecauseOfAWrongPasswordIsSaidAndDelaysNobody)
{
    TurnServer server;
    ASSERT_TRUE(server.started()) << server.log();
    FakeHost host;
    const auto instance = make_instance(host, config(server, "wrong"));
    Call call(*instance, *instance, JF_DATAGRAM);
    ASSERT_TRUE(call.connect(host, 1)) << call.a.text_;
    ASSERT_TRUE(host.run_until([&] { return call.a.gathered_ + call.b.gathered_ == 2; }));
    EXPECT_EQ(relays_of(call.a) + relays_of(call.b), 0U);
    EXPECT_THAT(server.log(), HasSubstr("credentials are incorrect"));
    ASSERT_EQ(complaints(host).size(), 2U) << "once for each session";
    EXPECT_THAT(complaints(host)[0], HasSubstr(server.address()));
    EXPECT_THAT(complaints(host)[0], HasSubstr("password"));
}

TEST_F(RefusingRelay, BecauseOfAWrongPasswordFailsASessionThatHasNothingElse)
{
    TurnServer server;
    ASSERT_TRUE(server.started()) << server.log();
    FakeHost host;
    const auto instance = make_instance(host, config(server, "wrong", R"(, "relay_only": true)"));
    Call call(*instance, *instance, JF_DATAGRAM);
    call.a.gather();
    call.b.gather();
    call.b.set_remote(call.a.description());
    call.a.set_remote(call.b.description());
    ASSERT_TRUE(host.run_until([&] { return call.a.failed_ == 1; }));
    EXPECT_EQ(call.a.status_, JF_TIMEOUT) << call.a.text_;
}

TEST_F(RefusingRelay, BecauseTheUserHasHisShareIsSaid) // 486
{
    TurnServer server({"-v", "--user-quota=1"});
    ASSERT_TRUE(server.started()) << server.log();
    FakeHost host;
    const auto instance = make_instance(host, config(server, "secret"));
    Call call(*instance, *instance, JF_DATAGRAM);
    ASSERT_TRUE(call.connect(host, 1)) << call.a.text_;
    ASSERT_TRUE(host.run_until([&] { return call.a.gathered_ + call.b.gathered_ == 2; }));
    EXPECT_EQ(relays_of(call.a) + relays_of(call.b), 1U);
    EXPECT_THAT(server.log(), HasSubstr("486"));
    EXPECT_EQ(complaints(host).size(), 1U);
}

TEST_F(RefusingRelay, BecauseItIsFullIsSaid) // 508
{
    TurnServer server({"-v", "--min-port=50123", "--max-port=50123"});
    ASSERT_TRUE(server.started()) << server.log();
    FakeHost host;
    const auto instance = make_instance(host, config(server, "secret"));
    Call call(*instance, *instance, JF_DATAGRAM);
    ASSERT_TRUE(call.connect(host, 1)) << call.a.text_;
    ASSERT_TRUE(host.run_until([&] { return call.a.gathered_ + call.b.gathered_ == 2; }));
    EXPECT_LE(relays_of(call.a) + relays_of(call.b), 1U);
    EXPECT_THAT(server.log(), HasSubstr("508"));
    EXPECT_GE(complaints(host).size(), 1U);
}

// --- a relay that adds to what is said ------------------------------------------------------------------------------

/// Each datagram twice, cut short, with other bytes, followed by noise of every kind, some of it longer than any that a
/// session may send.
std::vector<Datagram> spoilt(const Datagram& said, std::mt19937& random)
{
    std::vector<Datagram> all{said, said};
    Datagram cut(said.begin(), said.begin() + static_cast<std::ptrdiff_t>(said.size() / 2));
    all.push_back(cut);
    for (int kind = 0; kind < 4; ++kind) {
        Datagram noise(kind == 3 ? 9000 : 1 + random() % 1500);
        for (auto& byte : noise)
            byte = static_cast<std::uint8_t>(random());
        if (kind == 0) { // a Data indication (RFC 8656 section 18.3) that is longer than it says
            const std::uint8_t head[] = {0x00, 0x17, 0x00, 0x08, 0x21, 0x12, 0xA4, 0x42};
            noise.resize(std::max<std::size_t>(noise.size(), 40));
            std::ranges::copy(head, noise.begin());
        }
        if (kind == 1 && noise.size() >= 4) { // data of a channel that nobody has bound
            noise[0] = 0x4F;
            noise[1] = 0xFF;
        }
        all.push_back(std::move(noise));
    }
    return all;
}

TEST_F(RefusingRelay, OrOneThatSendsGarbageDamagesNothing)
{
    TurnServer server;
    ASSERT_TRUE(server.started()) << server.log();
    std::mt19937 random(1);
    const auto port = static_cast<std::uint16_t>(std::stoi(server.address().substr(server.address().find(':') + 1)));
    ManBetween relay(port, [&random](const Datagram& said) { return spoilt(said, random); });
    FakeHost host;
    const auto instance = make_instance(
        host, R"({"addresses": ["127.0.0.1"], "pacing_ms": 1, "relay_only": true, "turn": [{"server": ")" +
                  relay.address() + R"(", "username": "user", "password": "secret"}]})");
    Call call(*instance, *instance, JF_DATAGRAM);
    ASSERT_TRUE(call.connect(host, 1)) << call.a.text_ << server.log();
    Ear ear;
    call.b.path().open(ear);
    constexpr std::size_t kPackets = 100;
    for (std::size_t i = 0; i < kPackets; ++i) {
        ASSERT_EQ(call.a.path().send(pattern(100 + i, static_cast<unsigned>(i))), JF_OK);
        ASSERT_TRUE(ear.wait([&](const Ear& heard) {
            return std::ranges::find(heard.packets_, pattern(100 + i, static_cast<unsigned>(i))) !=
                   heard.packets_.end();
        })) << "packet "
            << i;
    }
    EXPECT_GT(relay.added(), 5 * kPackets);
    EXPECT_EQ(call.a.failed_ + call.b.failed_, 0) << call.a.text_ << call.b.text_;
    ear.wait([](const Ear& heard) {
        for (const auto& packet : heard.packets_)
            EXPECT_LE(packet.size(), 1500U) << "longer than a session may send";
        return true;
    });
    call.b.path().close();
}

// --- STUN answers that lie ------------------------------------------------------------------------------------------

/// A Binding success response to that question with MAPPED-ADDRESS, as of RFC 3489, whose questions libnice asks
/// servers.
Datagram mapped(const Datagram& question, std::array<std::uint8_t, 4> address)
{
    Datagram answer(question.begin(), question.begin() + 20); // with its transaction
    const std::uint8_t head[] = {0x01, 0x01, 0x00, 12};
    std::ranges::copy(head, answer.begin());
    const std::uint8_t attribute[] = {0x00, 0x01, 0x00, 8, 0x00, 0x01, 7777 >> 8, 7777 & 0xFF};
    answer.insert(answer.end(), std::begin(attribute), std::end(attribute));
    answer.insert(answer.end(), address.begin(), address.end());
    return answer;
}

/// What is no answer to that question, and then one that says an address which is not ours.
std::vector<Datagram> lies(const Datagram& asked)
{
    const bool question = asked.size() >= 20 && asked[0] == 0x00 && asked[1] == 0x01;
    if (!question)
        return {};
    Datagram of_another = mapped(asked, {203, 0, 113, 66});
    of_another[19] ^= 0xFF;
    Datagram too_long = mapped(asked, {203, 0, 113, 67});
    too_long[22] = 0xFF; // the attribute says that it has 65 KiB
    too_long[23] = 0xFC;
    Datagram huge = mapped(asked, {203, 0, 113, 68});
    huge[2] = 0xFF; // and so does the message
    huge[3] = 0xFC;
    huge.resize(60'000);
    Datagram cut = mapped(asked, {203, 0, 113, 69});
    cut.resize(cut.size() - 6);
    const Datagram whole = mapped(asked, {203, 0, 113, 99});
    return {of_another, too_long, huge, cut, whole, whole};
}

TEST(LyingStun, MakesACandidateAtMostThatNobodyAnswersAt)
{
    LyingServer server(lies);
    FakeHost host;
    const auto instance =
        make_instance(host, R"({"addresses": ["127.0.0.1"], "pacing_ms": 1, "stun": [")" + server.address() + R"("]})");
    Call call(*instance, *instance, JF_DATAGRAM);
    ASSERT_TRUE(call.connect(host, 1)) << call.a.text_;
    ASSERT_TRUE(host.run_until([&] { return call.a.gathered_ + call.b.gathered_ == 2; }));
    EXPECT_THAT(call.a.pairs_.at(1).local, HasSubstr(" 127.0.0.1 "));
    EXPECT_THAT(call.a.pairs_.at(1).remote, HasSubstr(" 127.0.0.1 "));
    std::size_t of_the_lie = 0;
    for (const auto& line : lines_of(call.a.description())) {
        EXPECT_THAT(line, ::testing::Not(::testing::ContainsRegex("203\\.0\\.113\\.6")))
            << "no answer to that question";
        of_the_lie += line.find(" 203.0.113.99 7777 typ srflx") != std::string::npos ? 1 : 0;
    }
    EXPECT_EQ(of_the_lie, 1U) << call.a.description();
    Ear ear;
    call.b.path().open(ear);
    EXPECT_EQ(call.a.path().send(pattern(50)), JF_OK);
    EXPECT_TRUE(ear.wait_for_packets(1));
    call.b.path().close();
}

} // namespace
} // namespace jackfield::ice_test
