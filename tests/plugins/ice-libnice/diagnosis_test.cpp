// Why calls find no way, asked of a real relay and of nobody. Networks with NATs are in tests/laboratory.
#include "turn_server.hpp"

#include <jackfield/testing/diagnosis_record.hpp>
#include <jackfield/testing/free_port.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace jackfield::ice_test {
namespace {

using testing::DiagnosisRecord;
using namespace std::chrono_literals;
using Json = nlohmann::json;

Json relay(const std::string& server, const std::string& transport, const std::string& password = "secret")
{
    return {{"server", server}, {"transport", transport}, {"username", "user"}, {"password", password}};
}

Json relay_over_tls(const TurnServer& server)
{
    Json one = relay(server.address(), "tls");
    one.update({{"server_name", TurnServer::kName}, {"ca", server.ca()}});
    return one;
}

/// A name that nobody has to be asked about: its label is longer than one may be (RFC 1035 section 2.3.4).
const std::string kNoName = std::string(80, 'a') + ".invalid";

std::size_t count_in(const std::string& text, const std::string& part)
{
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        ++count;
    return count;
}

class NetworkDiagnosis : public ::testing::Test {
protected:
    void begin(const Json& config, std::chrono::nanoseconds limit = 10s)
    {
        record_ = std::make_unique<DiagnosisRecord>(JACKFIELD_TEST_PLUGIN_DIR, "ice-libnice", config.dump(), limit);
    }
    std::string said(const char* check) { return record_->said(check); }

    std::unique_ptr<DiagnosisRecord> record_;
};

TEST_F(NetworkDiagnosis, TakesAnAllocationOverEachTransportAndGivesItBack)
{
    if (!TurnServer::installed())
        GTEST_SKIP() << "turnserver is not installed (Debian package coturn)";
    TurnServer plain({"--verbose"}); // or the log says nothing of goodbyes
    TurnServer tls({}, true);
    ASSERT_TRUE(plain.started() && tls.started()) << plain.log() << tls.log();
    begin({{"stun", {plain.address()}},
           {"turn", {relay(plain.address(), "udp"), relay(plain.address(), "tcp"), relay_over_tls(tls)}}});
    ASSERT_TRUE(record_->run());
    EXPECT_TRUE(said("stun/0").starts_with("ok: ")) << said("stun/0");
    for (const char* check : {"turn/0", "turn/1", "turn/2"})
        EXPECT_TRUE(said(check).starts_with("ok: ")) << said(check);
    EXPECT_GT(Json::parse(record_->found["turn/2"].details).value("handshake_ms", 0.0), 0);
    EXPECT_TRUE(said("clock").starts_with("ok: ")) << said("clock");
    EXPECT_TRUE(record_->host.run_until([&] { return count_in(plain.log(), "lifetime=0") >= 2; })) << plain.log();
}

TEST_F(NetworkDiagnosis, SaysWhatARelayRefusesAndWhoseCertificateIsWrong)
{
    if (!TurnServer::installed())
        GTEST_SKIP() << "turnserver is not installed (Debian package coturn)";
    TurnServer tls({}, true);
    ASSERT_TRUE(tls.started()) << tls.log();
    Json guess = relay_over_tls(tls);
    guess["password"] = "guess";
    Json misnamed = relay_over_tls(tls);
    misnamed["server_name"] = "other.example.net";
    Json untrusted = relay_over_tls(tls);
    untrusted.erase("ca");
    begin({{"turn", {guess, misnamed, untrusted}}});
    ASSERT_TRUE(record_->run());
    EXPECT_NE(said("turn/0").find("user name or password is wrong (401"), std::string::npos) << said("turn/0");
    EXPECT_NE(said("turn/1").find("as \"server_name\""), std::string::npos) << said("turn/1");
    EXPECT_NE(said("turn/2").find("check \"server_name\" and \"ca\""), std::string::npos) << said("turn/2");
}

TEST_F(NetworkDiagnosis, SaysAtOnceWhereNobodyListens)
{
    const auto udp = "127.0.0.1:" + std::to_string(testing::free_port(SOCK_DGRAM));
    const auto tcp = "127.0.0.1:" + std::to_string(testing::free_port(SOCK_STREAM));
    begin({{"stun", {udp}}, {"turn", {relay(udp, "udp"), relay(tcp, "tcp")}}});
    ASSERT_TRUE(record_->run());
    for (const char* check : {"stun/0", "turn/0", "turn/1"})
        EXPECT_NE(said(check).find("connection refused"), std::string::npos) << said(check);
    EXPECT_TRUE(said("network").starts_with("ok: ")) << said("network");
}

TEST_F(NetworkDiagnosis, CanBeGivenUpWhileANameIsLookedUp)
{
    begin({{"stun", {kNoName}}, {"turn", {relay(kNoName, "tls")}}});
    record_->release();
    record_->host.run_until([] { return false; }, 50ms);
    EXPECT_EQ(record_->ends, 0);
}

TEST_F(NetworkDiagnosis, SaysOfANameThatIsNoneThatItIsNotFound)
{
    begin({{"turn", {relay(kNoName, "udp")}}}, 3s);
    ASSERT_TRUE(record_->run());
    EXPECT_NE(said("turn/0").find(kNoName), std::string::npos) << said("turn/0");
    EXPECT_EQ(said("turn/0").find("does not answer"), std::string::npos) << said("turn/0");
    EXPECT_TRUE(said("network").starts_with("ok: ") || said("network").starts_with("problem: ")) << said("network");
}

} // namespace
} // namespace jackfield::ice_test
