// Two sessions of ours: what becomes of their handshakes on good and bad paths, with the right and the wrong peer.
//
// Threads: the test's thread; time is simulated, but for OpenSSL's own clock of flights that are due again.
#include "tests/plugins/media_transport/call.hpp"

#include <gtest/gtest.h>

namespace media_transport_test {
namespace {

const Transport kDtls{"dtls", "media-dtls", "", 16, "AEAD_AES_128_GCM"};

bool is_dtls(const Bytes& bytes)
{
    return !bytes.empty() && bytes[0] >= 20 && bytes[0] <= 63;
}

/// A simulation whose sides are opened by the test, each with its own configuration.
class Pair : public Simulation {
public:
    explicit Pair(const std::string& config = "{}", std::size_t links = 1) : Simulation(links, config, kDtls)
    {
        client = audio_session(*this);
        client["streams"][0]["remote_ssrc"] = kAudioSsrc + kOtherSide;
        server = mirrored(client);
    }

    void open_both()
    {
        jackfield::check(sides[1].open(server, paths(1)), jackfield::no_error());
        jackfield::check(sides[0].open(client, paths(0)), jackfield::no_error());
    }

    /// Time passes until it holds; simulated time runs ahead of OpenSSL's.
    bool run_until(const std::function<bool()>& done)
    {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!done() && std::chrono::steady_clock::now() < end)
            run(kMs);
        return done();
    }

    std::string suite(int side) { return sides[side].statistics(0).value("suite", ""); }

    Json client;
    Json server;
};

TEST(DtlsHandshake, NeedsFourFlightsAndThenSoundGoesBothWays)
{
    Pair pair;
    pair.recording = true;
    pair.open_both();
    pair.run(8 * kMs);
    EXPECT_EQ(pair.suite(0), "AEAD_AES_128_GCM");
    EXPECT_EQ(pair.suite(1), "AEAD_AES_128_GCM");
    for (const auto& transit : pair.seen)
        EXPECT_TRUE(is_dtls(transit.bytes));
    pair.seen.clear();
    AudioSource forth(pair.sides[0]);
    AudioSource back(pair.sides[1]);
    pair.run(400 * kMs, [&] {
        forth();
        back();
    });
    EXPECT_GT(pair.sides[0].played[0].size(), 15U);
    EXPECT_GT(pair.sides[1].played[0].size(), 15U);
    EXPECT_EQ(pair.sides[1].played[0][0].number(), 0U);
    for (const auto& transit : pair.seen) {
        const std::string bytes(transit.bytes.begin(), transit.bytes.end());
        EXPECT_EQ(bytes.find("ZZZZ"), std::string::npos) << "the payload in clear";
    }
}

TEST(DtlsHandshake, TakesTheSuiteThatBothHave)
{
    Pair pair(R"({"suites": ["AES_CM_128_HMAC_SHA1_80"]})");
    pair.open_both();
    pair.run(10 * kMs);
    EXPECT_EQ(pair.suite(0), "AES_CM_128_HMAC_SHA1_80");
    AudioSource source(pair.sides[1]);
    pair.run(100 * kMs, [&] { source(); });
    EXPECT_GE(pair.sides[0].played[0].size(), 4U);
}

TEST(DtlsHandshake, WithoutACommonSuiteEndsTheSession)
{
    Side gcm(R"({"suites": ["AEAD_AES_128_GCM"]})", "media-dtls");
    Pair pair(R"({"suites": ["AES_CM_128_HMAC_SHA1_80"]})");
    introduce(gcm, pair.sides[1]);
    pair.server["streams"][0]["fingerprint"] = gcm.fingerprint;
    jackfield::check(pair.sides[1].open(pair.server, pair.paths(1)), jackfield::no_error());
    jackfield::check(gcm.open(pair.client, pair.paths(0)), jackfield::no_error());
    EXPECT_TRUE(pair.run_until([&] {
        gcm.host.advance(std::chrono::milliseconds(1));
        return !gcm.ended.empty() && !pair.sides[1].ended.empty();
    }));
    EXPECT_EQ(gcm.ended, std::vector<jackfield::Status>{JF_UNSUPPORTED});
    EXPECT_EQ(pair.sides[1].ended, std::vector<jackfield::Status>{JF_UNSUPPORTED});
    gcm.release();
}

class WrongPeer : public ::testing::TestWithParam<bool> {};

TEST_P(WrongPeer, IsSentAwayAndHearsNothing)
{
    const bool at_the_client = GetParam();
    Pair pair;
    Json& mistaken = at_the_client ? pair.client : pair.server;
    std::string fingerprint = mistaken["streams"][0]["fingerprint"];
    fingerprint.back() = fingerprint.back() == '0' ? '1' : '0';
    mistaken["streams"][0]["fingerprint"] = fingerprint;
    pair.open_both();
    AudioSource forth(pair.sides[0]);
    AudioSource back(pair.sides[1]);
    const int judge = at_the_client ? 0 : 1;
    EXPECT_TRUE(pair.run_until([&] {
        forth();
        back();
        return !pair.sides[judge].ended.empty();
    }));
    EXPECT_EQ(pair.sides[judge].ended, std::vector<jackfield::Status>{JF_UNAUTHENTICATED});
    pair.run(100 * kMs, [&] { forth(); });
    EXPECT_TRUE(pair.sides[0].played[0].empty());
    EXPECT_TRUE(pair.sides[1].played[0].empty());
}

INSTANTIATE_TEST_SUITE_P(DtlsHandshake, WrongPeer, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "AtTheClient" : "AtTheServer"; });

TEST(DtlsHandshake, KnowsAFingerprintInSmallLettersAndOfALongerHash)
{
    Pair pair;
    std::string fingerprint = pair.client["streams"][0]["fingerprint"];
    std::ranges::transform(fingerprint, fingerprint.begin(), [](unsigned char c) { return std::tolower(c); });
    pair.client["streams"][0]["fingerprint"] = fingerprint;
    pair.open_both();
    EXPECT_TRUE(pair.run_until([&] { return pair.suite(0) == "AEAD_AES_128_GCM"; }));
    Pair weak;
    weak.client["streams"][0]["fingerprint"] = "sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB";
    weak.open_both();
    EXPECT_TRUE(weak.run_until([&] { return !weak.sides[0].ended.empty(); }));
    EXPECT_EQ(weak.sides[0].ended, std::vector<jackfield::Status>{JF_UNSUPPORTED});
}

class LostFlight : public ::testing::TestWithParam<int> {};

TEST_P(LostFlight, IsSentAgain)
{
    Pair pair(R"({"retransmit_ms": 40})"); // OpenSSL takes less than 15 for none
    int number = 0;
    pair.fate = [&](Transit& transit) -> std::vector<std::int64_t> {
        if (is_dtls(transit.bytes) && number++ == GetParam())
            return {};
        return {kMs};
    };
    pair.open_both();
    EXPECT_TRUE(pair.run_until(
        [&] { return !pair.suite(0).empty() && pair.suite(0) != "none" && pair.suite(1) == pair.suite(0); }));
    AudioSource source(pair.sides[0]);
    EXPECT_TRUE(pair.run_until([&] {
        source();
        return pair.sides[1].played[0].size() > 3;
    }));
}

INSTANTIATE_TEST_SUITE_P(DtlsHandshake, LostFlight, ::testing::Range(0, 6));

// The server has its keys first, and its first packets may overtake its last flight.
TEST(DtlsHandshake, KeepsThePacketsThatComeBeforeItsEnd)
{
    Pair pair;
    pair.fate = [](Transit& transit) -> std::vector<std::int64_t> {
        const bool last = transit.from == 1 && transit.bytes.size() < 400 && is_dtls(transit.bytes);
        return {last ? 50 * kMs : kMs};
    };
    pair.open_both();
    ASSERT_TRUE(pair.run_until([&] { return pair.suite(1) == "AEAD_AES_128_GCM"; }));
    ASSERT_EQ(pair.suite(0), "none");
    AudioSource source(pair.sides[1]);
    pair.run(200 * kMs, [&] { source(); });
    EXPECT_EQ(pair.suite(0), "AEAD_AES_128_GCM");
    ASSERT_GE(pair.sides[0].played[0].size(), 5U);
    EXPECT_EQ(pair.sides[0].played[0][0].number(), 0U) << "the first one was kept";
    EXPECT_EQ(pair.sides[0].statistics(0)["packets_refused"], 0);
}

TEST(DtlsHandshake, KeepsABoundedNumberOfThem)
{
    Pair pair;
    pair.open_both(); // nothing is delivered yet
    Bytes packet(200, 7);
    packet[0] = 0x80;
    for (int i = 0; i < 100; ++i)
        pair.inject(0, 0, packet);
    EXPECT_EQ(pair.sides[0].statistics(0)["packets_refused"], 68) << "32 wait";
}

TEST(DtlsHandshake, LetsMediaGoUntilThereAreKeys)
{
    Pair pair;
    pair.recording = true;
    pair.open_both();
    EXPECT_EQ(pair.sides[0].send(0, 0, numbered(0)), JF_WOULD_BLOCK);
    EXPECT_EQ(pair.sides[0].statistics(0)["packets_dropped"], 1);
    pair.run(10 * kMs);
    EXPECT_EQ(pair.sides[0].send(0, 960, numbered(1)), JF_OK);
    for (const auto& transit : pair.seen)
        EXPECT_TRUE(is_dtls(transit.bytes) || transit.bytes.size() > 160 + 12) << "in clear";
}

// While a telephone rings nobody may be listening, for minutes. Then there is a limit.
TEST(DtlsHandshake, HasATimeLimitFromTheFirstPacketThatWaitsForIt)
{
    Pair pair(R"({"handshake_timeout_ms": 200})");
    pair.fate = [](Transit&) { return std::vector<std::int64_t>{}; };
    pair.open_both();
    pair.run(2000 * kMs);
    EXPECT_TRUE(pair.sides[0].ended.empty());
    pair.sides[0].send(0, 0, numbered(0));
    pair.run(190 * kMs);
    EXPECT_TRUE(pair.sides[0].ended.empty());
    pair.run(20 * kMs);
    EXPECT_EQ(pair.sides[0].ended, std::vector<jackfield::Status>{JF_TIMEOUT});
    EXPECT_TRUE(pair.sides[1].ended.empty());
}

TEST(DtlsHandshake, IsNotDisturbedByRecordsThatAreNone)
{
    Pair pair;
    pair.open_both();
    const auto junk = [&](int to) {
        for (const std::uint8_t first :
             {std::uint8_t{20}, std::uint8_t{21}, std::uint8_t{22}, std::uint8_t{23}, std::uint8_t{63}}) {
            Bytes record(60, 0x11);
            record[0] = first;
            record[1] = 0xfe;
            record[2] = 0xfd;
            pair.inject(to, 0, record);
        }
        pair.inject(to, 0, Bytes{22});
        pair.inject(to, 0, Bytes(1400, 0xff));
    };
    junk(0);
    junk(1);
    pair.run(10 * kMs);
    EXPECT_EQ(pair.suite(0), "AEAD_AES_128_GCM");
    junk(0);
    junk(1);
    AudioSource source(pair.sides[0]);
    pair.run(100 * kMs, [&] { source(); });
    EXPECT_GE(pair.sides[1].played[0].size(), 4U);
    EXPECT_TRUE(pair.sides[0].ended.empty());
    EXPECT_TRUE(pair.sides[1].ended.empty());
}

TEST(DtlsHandshake, RefusesPacketsThatAreForgedOrReplayed)
{
    Pair pair;
    pair.recording = true;
    pair.open_both();
    pair.run(10 * kMs);
    pair.sides[0].send(0, 0, numbered(0));
    const Bytes packet = pair.seen.back().bytes;
    ASSERT_FALSE(is_dtls(packet));
    pair.run(40 * kMs);
    ASSERT_EQ(pair.sides[1].played[0].size(), 1U);
    pair.inject(1, 0, packet);
    Bytes forged = packet;
    forged[3] ^= 1;
    pair.inject(1, 0, forged);
    pair.run(40 * kMs);
    EXPECT_EQ(pair.sides[1].played[0].size(), 1U);
    EXPECT_EQ(pair.sides[1].statistics(0)["packets_refused"], 2);
}

TEST(DtlsHandshake, IsMadeAgainWhereTheRolesAreOthers)
{
    Pair pair;
    pair.recording = true;
    pair.open_both();
    pair.run(10 * kMs);
    const auto change = [&](int side, Json& config, std::uint32_t ssrc, std::uint32_t remote) {
        config["streams"][0]["ssrc"] = ssrc;
        config["streams"][0]["remote_ssrc"] = remote;
        config["streams"][0]["dtls_role"] = config["streams"][0]["dtls_role"] == "client" ? "server" : "client";
        const auto paths = pair.paths(side);
        const std::string text = config.dump();
        jf_error error = jackfield::no_error();
        jackfield::check(pair.sides[side].session.methods->change(pair.sides[side].session.self,
                                                                  jackfield::to_text(text), paths.data(), paths.size(),
                                                                  &error),
                         error);
    };
    change(0, pair.client, 77, 88);
    pair.seen.clear();
    change(1, pair.server, 88, 77);
    pair.run(10 * kMs);
    EXPECT_TRUE(std::ranges::any_of(pair.seen, [](const Transit& one) { return is_dtls(one.bytes); }));
    AudioSource source(pair.sides[0]);
    pair.run(100 * kMs, [&] { source(); });
    EXPECT_GE(pair.sides[1].played[0].size(), 4U);
    // The same again is no reason for another one.
    pair.seen.clear();
    const std::string same = pair.client.dump();
    const auto paths = pair.paths(0);
    jf_error error = jackfield::no_error();
    jackfield::check(pair.sides[0].session.methods->change(pair.sides[0].session.self, jackfield::to_text(same),
                                                           paths.data(), paths.size(), &error),
                     error);
    pair.run(10 * kMs);
    EXPECT_TRUE(std::ranges::none_of(pair.seen, [](const Transit& one) { return is_dtls(one.bytes); }));
}

} // namespace
} // namespace media_transport_test
