// What makes a secured path more than a path: what it says of itself, what can be seen of it on the wire, its keys.
//
// Threads: the test's thread is control.
#include "cases.hpp"

namespace secure_test {
namespace {

class Sealed : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, Sealed, ::testing::ValuesIn(all_cases()), case_name);
class SealedStream : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, SealedStream, ::testing::ValuesIn(cases_on(JF_STREAM)), case_name);
class SealedDatagrams : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, SealedDatagrams, ::testing::ValuesIn(cases_on(JF_DATAGRAM)), case_name);

TEST_P(SealedStream, SaysItIsASecuredStream)
{
    Pair pair(GetParam());
    ASSERT_TRUE(pair.connect());
    const jf_path_info info = pair.client.path().describe();
    EXPECT_EQ(info.kind, static_cast<std::uint32_t>(JF_STREAM));
    EXPECT_EQ(info.secured, 1U);
    EXPECT_EQ(info.reliable, 1U);
    EXPECT_EQ(info.max_datagram_bytes, static_cast<std::uint32_t>(JF_STREAM_SEND_MAX));
    const Bytes too_much(JF_STREAM_SEND_MAX + 1);
    EXPECT_EQ(pair.client.path().send(too_much), JF_BAD_INPUT);
}

TEST_P(SealedDatagrams, TheLargestDatagramFitsThePathBelow)
{
    std::atomic<std::size_t> wire{0};
    Pair pair(GetParam());
    ASSERT_TRUE(pair.connect());
    const jf_path_info info = pair.client.path().describe();
    EXPECT_EQ(info.secured, 1U);
    EXPECT_EQ(info.reliable, 0U);
    EXPECT_EQ(info.max_datagram_bytes, 1200U - info.overhead_bytes);
    pair.link.set_filter([&](int end, Bytes& packet) {
        if (end == 0)
            wire = std::max(wire.load(), packet.size()); // QUIC says more than it is given
        return true;
    });
    const Bytes largest = pattern(info.max_datagram_bytes);
    ASSERT_EQ(pair.client.path().send(largest), JF_OK);
    ASSERT_TRUE(pair.run_until([&] { return pair.server.sink.size() == largest.size(); }));
    EXPECT_LE(wire, 1200U);
    EXPECT_GE(wire, speaks_quic(GetParam().client) ? 1197U : 1200U); // its packets' numbers have 1 to 4 bytes
    EXPECT_EQ(pair.server.sink.bytes(), largest);
    EXPECT_EQ(pair.client.path().send(Bytes(largest.size() + 1)), JF_BAD_INPUT);
    EXPECT_EQ(pair.client.path().send(Bytes()), JF_BAD_INPUT);
}

TEST_P(Sealed, NothingCanBeReadOnTheWire)
{
    std::atomic<bool> seen{false};
    const std::string secret = "this must not be seen by anybody on the way";
    Pair pair(GetParam());
    pair.link.set_filter([&](int, Bytes& packet) {
        if (jackfield::as_text(packet).find(secret) != std::string_view::npos)
            seen = true;
        return true;
    });
    ASSERT_TRUE(pair.connect());
    ASSERT_EQ(pair.client.path().send(text(secret)), JF_OK);
    ASSERT_TRUE(pair.run_until([&] { return pair.server.sink.size() == secret.size(); }));
    EXPECT_FALSE(seen);
}

TEST_P(Sealed, KeyMaterialIsTheSameAtBothEnds)
{
    Pair pair(GetParam());
    pair.link.hold(true);
    pair.open();
    EXPECT_THROW(pair.client.export_key("EXPORTER-test", "", 32), jackfield::Failure);
    pair.link.hold(false);
    ASSERT_TRUE(pair.finish_handshake());
    const Bytes plain = pair.client.export_key("EXPORTER-test", "", 60);
    EXPECT_EQ(plain.size(), 60U);
    EXPECT_EQ(plain, pair.server.export_key("EXPORTER-test", "", 60));
    const Bytes bound = pair.client.export_key("EXPORTER-test", "context", 60);
    EXPECT_EQ(bound, pair.server.export_key("EXPORTER-test", "context", 60));
    EXPECT_NE(bound, plain);
    EXPECT_NE(pair.client.export_key("EXPORTER-other", "", 60), plain);
    EXPECT_THROW(pair.client.export_key("EXPORTER-test", "", 1'000'000), jackfield::Failure);
}

std::vector<Case> tls13_cases()
{
    std::vector<Case> cases = all_cases();
    std::erase_if(cases, [](const Case& each) { return !each.tls13(); });
    return cases;
}

class Tls13 : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, Tls13, ::testing::ValuesIn(tls13_cases()), case_name);

TEST_P(Tls13, AServerIsSecuredOnlyByTheClientsFinished)
{
    std::atomic<int> from_client{0};
    Pair pair(GetParam());
    pair.link.set_filter([&](int end, Bytes&) { return end == 1 || ++from_client == 1; }); // the hello alone passes
    pair.open();
    ASSERT_TRUE(pair.decided(pair.client));
    EXPECT_TRUE(pair.client.secured());
    EXPECT_EQ(pair.client.path().send(text("at once")), JF_OK);
    ASSERT_TRUE(pair.run_until([&] { return from_client >= 3; }));
    pair.host.run_pending();
    EXPECT_FALSE(pair.server.decided());
}

} // namespace
} // namespace secure_test
