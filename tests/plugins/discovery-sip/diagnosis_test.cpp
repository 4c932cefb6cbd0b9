// Why a registrar does not take us: it is asked for our bindings, and none is changed.
#include "account_diagnosis.hpp"
#include "scripted_server.hpp"

#include <jackfield/testing/diagnosis_record.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <ctime>

namespace discovery_sip::testing {
namespace {

using jackfield::testing::DiagnosisRecord;
using namespace std::chrono_literals;
using Json = nlohmann::json;

std::string account(const HostPort& registrar, const std::string& password = "secret")
{
    return Json{{"aor", "sip:alice@example.net"}, {"registrar", registrar.text()}, {"password", password}}.dump();
}

std::string date_of(std::int64_t seconds_from_now)
{
    const std::time_t then = std::time(nullptr) + seconds_from_now;
    std::tm parts{};
    gmtime_r(&then, &parts);
    char text[64];
    return {text, std::strftime(text, sizeof(text), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts)};
}

/// Takes alice with that password.
std::string registrar(const Message& request, const std::string& more = {})
{
    if (credential(request, "response").empty() || !knows_password(request, "secret"))
        return challenge(request, R"(Digest realm="example.net", nonce="n", qop="auth", algorithm=SHA-256)");
    return respond(request, 200, "OK", "Contact: <sip:alice@192.0.2.1>;expires=60\r\n" + more);
}

std::string said(ScriptedServer& server, const char* check, const std::string& password = "secret",
                 std::chrono::nanoseconds limit = 10s)
{
    DiagnosisRecord record(JACKFIELD_TEST_PLUGIN_DIR, "discovery-sip", account(server.address(), password), limit);
    EXPECT_TRUE(record.run());
    return record.said(check);
}

TEST(SipDiagnosis, SaysThatTheRegistrarTakesUsAndChangesNothingThere)
{
    for (const Over over : {Over::udp, Over::tcp}) {
        ScriptedServer server(over, [](const Message& request) { return registrar(request); });
        auto config = Json::parse(account(server.address()));
        config["transport"] = over == Over::udp ? "udp" : "tcp";
        DiagnosisRecord record(JACKFIELD_TEST_PLUGIN_DIR, "discovery-sip", config.dump());
        ASSERT_TRUE(record.run());
        EXPECT_TRUE(record.said("registrar").starts_with("ok: ")) << record.said("registrar");
        EXPECT_EQ(Json::parse(record.found["registrar"].details)["bindings"], 1);
        EXPECT_EQ(server.count("REGISTER "), 2U);
        EXPECT_EQ(server.count("Contact:"), 0U) << "a binding would have been changed";
    }
}

TEST(SipDiagnosis, SaysWhatTheRegistrarRefuses)
{
    ScriptedServer server(Over::udp, [](const Message& request) { return registrar(request); });
    EXPECT_NE(said(server, "registrar", "wrong")
                  .find("problem: The registrar " + server.address().text() +
                        " refuses the password of alice -> correct \"user\""),
              std::string::npos);
    server.script([](const Message& request) { return respond(request, 404, "Not Found"); });
    EXPECT_NE(said(server, "registrar").find("does not want sip:alice@example.net (404 Not Found)"), std::string::npos);
    server.script([](const Message& request) { return respond(request, 503, "Service Unavailable"); });
    EXPECT_NE(said(server, "registrar").find("does not take us: 503"), std::string::npos);
    server.script([](const Message&) { return std::string(); });
    EXPECT_NE(said(server, "registrar", "secret", 400ms).find("does not answer"), std::string::npos);
}

TEST(SipDiagnosis, SaysThatNobodyListensThere)
{
    std::string gone;
    {
        ScriptedServer server(Over::tcp);
        auto config = Json::parse(account(server.address()));
        config["transport"] = "tcp";
        gone = config.dump();
    }
    DiagnosisRecord record(JACKFIELD_TEST_PLUGIN_DIR, "discovery-sip", gone);
    ASSERT_TRUE(record.run());
    EXPECT_NE(record.said("registrar").find("cannot be reached"), std::string::npos) << record.said("registrar");
}

TEST(SipDiagnosis, ComparesTheClockWithTheDateOfTheAnswer)
{
    std::atomic<std::int64_t> offset_s{0};
    ScriptedServer server(Over::udp, [&](const Message& request) { return registrar(request, date_of(offset_s)); });
    EXPECT_TRUE(said(server, "clock").starts_with("ok: ")) << said(server, "clock");
    offset_s = 7200;
    EXPECT_NE(said(server, "clock").find("s behind that of"), std::string::npos) << said(server, "clock");
    offset_s = -7200;
    EXPECT_NE(said(server, "clock").find("s ahead of that of"), std::string::npos) << said(server, "clock");
    EXPECT_EQ(clock_offset_ms("Sat, 13 Nov 2010 23:29:00 GMT", 1'289'690'941'000), 1000);
    EXPECT_FALSE(clock_offset_ms("yesterday", 0));
    EXPECT_FALSE(clock_offset_ms("", 0));
}

TEST(SipDiagnosis, IsSilentOnceItWasReleasedWhateverTheServerSays)
{
    ScriptedServer server(Over::udp, [](const Message&) { return std::string(); });
    DiagnosisRecord record(JACKFIELD_TEST_PLUGIN_DIR, "discovery-sip", account(server.address()));
    ASSERT_TRUE(record.host.run_until([&] { return server.count("REGISTER ") > 0; }));
    record.release();
    server.say(respond(Message::read(server.last("REGISTER ")), 200, "OK"));
    record.host.run_until([] { return false; }, 100ms);
    EXPECT_TRUE(record.found.empty());
    EXPECT_EQ(record.ends, 0);
}

} // namespace
} // namespace discovery_sip::testing
