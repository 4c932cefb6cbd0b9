// What strangers send: no certificate, no TLS, records that are too large, cut or changed, a silence without end.
//
// Threads: the test's thread is control.
#include "bad_client.hpp"
#include "cases.hpp"

namespace secure_test {
namespace {

using jackfield::testing::Clock;

/// The server's side of the matter does not depend on the client's plugin.
std::vector<Case> servers(std::vector<Case> cases = all_cases())
{
    std::erase_if(cases, [](const Case& each) { return each.client != each.server; });
    return cases;
}

/// Of a stranger who says nothing, or nothing that makes sense, even a channel that encrypts nothing knows enough.
class Stranger : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, Stranger, ::testing::ValuesIn(servers(clear_too())), case_name);
class HostileTls : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, HostileTls, ::testing::ValuesIn(servers(only_tls())), case_name);
class HostileStream : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, HostileStream, ::testing::ValuesIn(servers(cases_on(JF_STREAM))), case_name);

std::string old_versions_too(const Case& which)
{
    return speaks_tls13(which.server) ? R"("min_version": "1.2")" : "";
}

/// One end under test against raw bytes.
struct Siege {
    explicit Siege(const Case& which, const std::string& config = {}, Clock clock = Clock::real)
        : host(clock),
          link(which.kind),
          identity(make_identity(host)),
          expected(make_identity(host)),
          server(host, which.server, identity->raw(), config_for(which.server, which, config))
    {}
    ~Siege()
    {
        link.path(0).close();
        server.release();
    }

    void open() { server.open(link.path(1), false, expected->device()); }
    Status throw_at(ByteView bytes) { return link.path(0).send(bytes); }
    bool decided()
    {
        return host.run_until([&] { return server.decided(); });
    }

    FakeHost host;
    MemoryLink link;
    std::unique_ptr<CertIdentity> identity;
    std::unique_ptr<CertIdentity> expected;
    End server;
};

TEST_P(HostileTls, AClientWithoutCertificateIsRefused)
{
    Siege siege(GetParam(), old_versions_too(GetParam()));
    BareClient client(siege.link.path(0));
    siege.open();
    client.start();
    ASSERT_TRUE(siege.decided());
    ASSERT_TRUE(siege.server.failed());
    EXPECT_EQ(siege.server.failure_->status, JF_UNAUTHENTICATED) << siege.server.failure_->text;
    EXPECT_NE(std::string(siege.server.failure_->text).find("certificate"), std::string::npos);
}

TEST_P(Stranger, GarbageInsteadOfAHandshakeFailsAStreamAndIsSkippedInDatagrams)
{
    Siege siege(GetParam(), R"("handshake_timeout_ms": 300)");
    siege.open();
    for (std::uint32_t seed = 1; seed <= 20; ++seed)
        siege.throw_at(pattern(700, seed));
    ASSERT_TRUE(siege.decided());
    ASSERT_TRUE(siege.server.failed());
    EXPECT_EQ(siege.server.failure_->status, GetParam().stream() ? JF_BAD_INPUT : JF_TIMEOUT)
        << siege.server.failure_->text;
}

TEST_P(HostileStream, ARecordLargerThanTlsAllowsIsRefused)
{
    Siege siege(GetParam());
    siege.open();
    Bytes giant = {0x16, 0x03, 0x01, 0xff, 0xff, 0x01, 0x00, 0xff, 0xff};
    giant.resize(60'000);
    siege.throw_at(giant);
    ASSERT_TRUE(siege.decided());
    ASSERT_TRUE(siege.server.failed());
    EXPECT_EQ(siege.server.failure_->status, JF_BAD_INPUT) << siege.server.failure_->text;
}

TEST_P(Stranger, SilenceEndsWithATimeout)
{
    Siege siege(GetParam(), {}, Clock::manual);
    siege.open();
    siege.host.advance(std::chrono::milliseconds(9'999));
    EXPECT_FALSE(siege.server.decided());
    siege.host.advance(std::chrono::milliseconds(2));
    ASSERT_TRUE(siege.server.failed());
    EXPECT_EQ(siege.server.failure_->status, JF_TIMEOUT);
    EXPECT_NE(std::string(siege.server.failure_->text).find("10000 ms"), std::string::npos);
    EXPECT_EQ(siege.host.timer_count(), 0U);
}

class Damage : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, Damage, ::testing::ValuesIn(all_cases()), case_name);
class Break : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, Break, ::testing::ValuesIn(clear_too()), case_name);
class StreamDamage : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, StreamDamage, ::testing::ValuesIn(cases_on(JF_STREAM)), case_name);
class DatagramDamage : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, DatagramDamage, ::testing::ValuesIn(cases_on(JF_DATAGRAM)), case_name);

TEST_P(Damage, OfOneByteEndsAStreamAndLosesOneDatagram)
{
    Pair pair(GetParam());
    ASSERT_TRUE(pair.connect());
    pair.link.set_filter([](int, Bytes& packet) {
        packet.back() ^= 1U;
        return true;
    });
    ASSERT_EQ(pair.client.path().send(text("changed on the way")), JF_OK);
    if (GetParam().stream()) {
        ASSERT_TRUE(pair.run_until([&] { return pair.server.sink.is_closed(); }));
        EXPECT_EQ(pair.server.sink.closed_status(), JF_BAD_INPUT) << pair.server.sink.closed_text();
        EXPECT_EQ(pair.server.sink.size(), 0U);
        EXPECT_EQ(pair.server.path().send(text("x")), JF_CLOSED);
        return;
    }
    pair.link.set_filter(nullptr);
    ASSERT_EQ(pair.client.path().send(text("intact")), JF_OK);
    ASSERT_TRUE(pair.run_until([&] { return pair.server.sink.size() > 0; }));
    EXPECT_EQ(jackfield::as_text(pair.server.sink.bytes()), "intact");
    EXPECT_FALSE(pair.server.sink.is_closed());
}

TEST_P(Damage, OfARecordsLengthEndsAStreamAndLosesOneDatagram)
{
    // RFC 8446 section 5.1, RFC 6347 section 4.1; a record of Noise begins with its length, but every length is
    // allowed.
    const bool tls = speaks_tls(GetParam().client);
    const std::size_t length_at = !GetParam().stream() ? 11 : tls ? 3 : 1;
    const std::uint8_t length = tls ? 0xff : 0xfe;
    Pair pair(GetParam());
    ASSERT_TRUE(pair.connect());
    pair.link.set_filter([=](int, Bytes& packet) {
        packet[length_at] = length;
        packet.resize(packet.size() + 512);
        return true;
    });
    ASSERT_EQ(pair.client.path().send(text("giant")), JF_OK);
    if (GetParam().stream()) {
        ASSERT_TRUE(pair.run_until([&] { return pair.server.sink.is_closed(); }));
        EXPECT_EQ(pair.server.sink.closed_status(), JF_BAD_INPUT) << pair.server.sink.closed_text();
        return;
    }
    pair.link.set_filter(nullptr);
    ASSERT_EQ(pair.client.path().send(text("intact")), JF_OK);
    ASSERT_TRUE(pair.run_until([&] { return pair.server.sink.size() > 0; }));
    EXPECT_EQ(jackfield::as_text(pair.server.sink.bytes()), "intact");
}

TEST_P(StreamDamage, ByTruncationIsToldApartFromAnOrderlyEnd)
{
    Pair pair(GetParam());
    ASSERT_TRUE(pair.connect());
    ASSERT_EQ(pair.client.path().send(text("the last words")), JF_OK);
    pair.link.path(0).close(); // the stream below ends, TLS does not
    ASSERT_TRUE(pair.run_until([&] { return pair.server.sink.is_closed(); }));
    EXPECT_EQ(pair.server.sink.closed_status(), JF_UNREACHABLE);
    EXPECT_NE(pair.server.sink.closed_text().find("truncated"), std::string::npos);
    EXPECT_EQ(jackfield::as_text(pair.server.sink.bytes()), "the last words");
}

TEST_P(Break, OfThePathDuringTheHandshakeIsReportedAtOnce)
{
    Pair pair(GetParam());
    pair.link.set_filter([](int end, Bytes&) { return end == 0; }); // the server's answer never comes
    pair.open();
    pair.link.break_link(JF_UNREACHABLE, "the cable was pulled");
    ASSERT_TRUE(pair.decided(pair.client));
    ASSERT_TRUE(pair.client.failed());
    EXPECT_EQ(pair.client.failure_->status, JF_UNREACHABLE);
    EXPECT_NE(std::string(pair.client.failure_->text).find("the cable was pulled"), std::string::npos);
}

TEST_P(DatagramDamage, ByReplayIsNoticed)
{
    std::mutex mutex;
    std::vector<Bytes> seen;
    Pair pair(GetParam());
    pair.link.set_filter([&](int end, Bytes& packet) {
        const std::lock_guard lock(mutex);
        if (end == 0)
            seen.push_back(packet);
        return true;
    });
    ASSERT_TRUE(pair.connect());
    ASSERT_EQ(pair.client.path().send(text("once")), JF_OK);
    ASSERT_TRUE(pair.run_until([&] { return pair.server.sink.size() == 4; }));
    pair.link.set_filter(nullptr);

    // All of it again: hellos, keys, data. The channel stays what it is.
    for (int round = 0; round < 3; ++round) {
        for (const auto& packet : seen)
            ASSERT_EQ(pair.link.path(0).send(packet), JF_OK);
    }
    ASSERT_EQ(pair.client.path().send(text("new")), JF_OK);
    ASSERT_TRUE(pair.run_until([&] { return pair.server.sink.size() >= 7; }));
    EXPECT_EQ(jackfield::as_text(pair.server.sink.bytes()), "oncenew");
    ASSERT_EQ(pair.server.path().send(text("back")), JF_OK);
    ASSERT_TRUE(pair.run_until([&] { return pair.client.sink.size() >= 4; }));
    EXPECT_FALSE(pair.server.sink.is_closed());
}

} // namespace
} // namespace secure_test
