// Who is turned away: every wrong peer, in words on our side and with an alert on theirs.
//
// Threads: the test's thread is control.
#include "cases.hpp"

namespace secure_test {
namespace {

using jackfield::testing::Clock;

class Refusal : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, Refusal, ::testing::ValuesIn(all_cases()), case_name);

/// The judge failed with these words; the other side knows that it was refused; nothing was handed up.
void expect_refused(Pair& pair, End& judge, End& other, const std::string& words)
{
    ASSERT_TRUE(pair.decided(judge));
    ASSERT_TRUE(judge.failed());
    EXPECT_EQ(judge.failure_->status, JF_UNAUTHENTICATED);
    EXPECT_NE(std::string(judge.failure_->text).find(words), std::string::npos) << judge.failure_->text;

    ASSERT_TRUE(pair.decided(other));
    if (other.secured()) { // a client of TLS 1.3 is done before it is judged
        other.open_secured_path();
        other.path().send(text("too early"));
    }
    ASSERT_TRUE(pair.run_until([&] { return other.refused(); }))
        << (other.failed() ? other.failure_->text : other.sink.closed_text());
    const std::string reason = other.failed() ? other.failure_->text : other.sink.closed_text();
    EXPECT_NE(reason.find("alert"), std::string::npos) << reason;
    EXPECT_EQ(judge.sink.size(), 0U);
}

TEST_P(Refusal, OfAClientOfAnotherAccount)
{
    Pair pair(GetParam());
    const auto stranger = make_identity(pair.host);
    pair.server.open(pair.link.path(1), false, Device(stranger->device().account_id, ""));
    pair.client.open(pair.link.path(0), true, pair.server_identity->device());
    expect_refused(pair, pair.server, pair.client, "another account");
}

TEST_P(Refusal, OfAServerOfAnotherAccount)
{
    Pair pair(GetParam());
    const auto stranger = make_identity(pair.host);
    pair.server.open(pair.link.path(1), false, pair.client_identity->device());
    pair.client.open(pair.link.path(0), true, stranger->device());
    expect_refused(pair, pair.client, pair.server, "another account");
}

TEST_P(Refusal, OfAnotherDeviceOfTheRightAccount)
{
    Pair pair(GetParam());
    Device other = pair.server_identity->device();
    other.device_id = pair.client_identity->device().device_id;
    pair.server.open(pair.link.path(1), false, pair.client_identity->device());
    pair.client.open(pair.link.path(0), true, other);
    expect_refused(pair, pair.client, pair.server, "another device");
}

TEST_P(Refusal, OfACertificateThatHasExpiredByTheHostsClock)
{
    Pair pair(GetParam(), {}, Clock::manual);
    const auto now = std::chrono::system_clock::now() + std::chrono::hours(2);
    pair.host.set_wall_ms(std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
    pair.open();
    ASSERT_TRUE(pair.decided(pair.client));
    // Both certificates have expired; who judges first differs between TLS 1.2 and 1.3, but the server always shows
    // first.
    expect_refused(pair, pair.client, pair.server, "expired");
}

TEST_P(Refusal, OfAChainThatTheAccountDidNotSign)
{
    const Holder account = make_account();
    const Holder impostor = make_account();
    const Holder device = make_device(impostor);
    const auto self_made = [&](const FakeHost& host) {
        return std::make_unique<CertIdentity>(host, device, std::vector<const Holder*>{&account});
    };
    Pair pair(GetParam(), {}, self_made, make_identity);
    pair.open();
    expect_refused(pair, pair.server, pair.client, "did not sign");
}

TEST_P(Refusal, OfAChainThatLacksItsAccount)
{
    const Holder account = make_account();
    const Holder device = make_device(account);
    const auto leaf_only = [&](const FakeHost& host) {
        return std::make_unique<CertIdentity>(host, device, std::vector<const Holder*>{});
    };
    Pair pair(GetParam(), {}, leaf_only, make_identity);
    pair.open();
    expect_refused(pair, pair.server, pair.client, "not a device and its account");
}

TEST_P(Refusal, OfNobodyInParticularIsAnArgumentError)
{
    Pair pair(GetParam());
    try {
        pair.client.open(pair.link.path(0), true, Device());
        FAIL() << "a channel to nobody was opened";
    } catch (const jackfield::Failure& failure) {
        EXPECT_EQ(failure.status(), JF_BAD_INPUT);
    }
}

} // namespace
} // namespace secure_test
