// The small rules of SIP text, reasons and the configuration.
//
// Threads: one.
#include "sip_rig.hpp"

#include "sip_config.hpp"
#include "sip_reason.hpp"
#include "sip_text.hpp"

namespace jackfield::sip::testing {
namespace {

TEST(SipText, KnowsUtf8FromWhatOnlyLooksLikeIt)
{
    EXPECT_TRUE(is_utf8("plain"));
    EXPECT_TRUE(is_utf8("\xc3\xb6 \xe2\x82\xac \xf0\x9f\x93\x9e"));
    EXPECT_FALSE(is_utf8("\xc3"));
    EXPECT_FALSE(is_utf8("\xff"));
    EXPECT_FALSE(is_utf8("\xc0\xaf"));         // overlong
    EXPECT_FALSE(is_utf8("\xe0\x80\xaf"));     // overlong
    EXPECT_FALSE(is_utf8("\xed\xa0\x80"));     // surrogate
    EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80")); // beyond the last character
    EXPECT_FALSE(is_utf8("\x80"));
}

TEST(SipText, QuotesAndReadsDisplayNames)
{
    for (const std::string name : {"Alice", "A \"B\" C", "back\\slash", "Ö", ""})
        EXPECT_EQ(read_display_name(quote_display_name(name)), name);
    EXPECT_EQ(quote_display_name("a\r\nEvil: x"), "\"a  Evil: x\"");
    EXPECT_EQ(quote_display_name("\xff"), "\"?\"");
    EXPECT_EQ(read_display_name("  Bob Smith "), "Bob Smith");
}

TEST(SipText, BoundsDisplayNamesOnACharacter)
{
    std::string name;
    for (int i = 0; i < 100; ++i)
        name += "ö";
    const std::string read = read_display_name(quote_display_name("x" + name));
    EXPECT_EQ(read.size(), 127U);
    EXPECT_TRUE(is_utf8(read));
}

TEST(SipText, EscapesTheUserOfAUri)
{
    EXPECT_EQ(escape_user("0d04b935"), "0d04b935");
    EXPECT_EQ(escape_user("a@b:c\r\n"), "a%40b%3Ac%0D%0A");
}

TEST(SipText, ReadsOnlyWholeNumbers)
{
    EXPECT_EQ(parse_number("42", 100), 42U);
    for (const char* text : {"", "-1", "+1", " 1", "1 ", "0x1", "1.0", "101"})
        EXPECT_FALSE(parse_number(text, 100)) << text;
}

TEST(SipReason, SurvivesTheWayThroughAHeader)
{
    for (const std::uint32_t reason : {JF_REASON_ELSEWHERE, JF_REASON_DECLINED, JF_REASON_BUSY, JF_REASON_NO_ANSWER,
                                       JF_REASON_NOT_ACCEPTABLE, JF_REASON_FAILED})
        EXPECT_EQ(read_reason(write_reason(reason), 99), reason);
    EXPECT_EQ(write_reason(JF_REASON_NORMAL), "");
}

TEST(SipReason, IsNotBelievedBeyondItsForm)
{
    EXPECT_EQ(read_reason(std::nullopt, 4), 4U);
    EXPECT_EQ(read_reason("Q.850;cause=16", 4), 4U);
    EXPECT_EQ(read_reason("SIP", 4), 4U);
    EXPECT_EQ(read_reason("SIP;cause=nonsense", 4), 4U);
    EXPECT_EQ(read_reason("SIP;cause=99999", 4), 4U);
    EXPECT_EQ(read_reason("sip ; cause=200 ; text=\"x\"", 4), static_cast<std::uint32_t>(JF_REASON_ELSEWHERE));
}

std::string config_problem(const std::string& json)
{
    try {
        read_config(json);
    } catch (const ConfigError& error) {
        return error.what();
    }
    return {};
}

TEST(SipConfig, HasDefaults)
{
    const SipConfig config = read_config("{}");
    EXPECT_EQ(config.limits.message_bytes, 65536U);
    EXPECT_EQ(config.timeouts.request, std::chrono::seconds(5));
}

TEST(SipConfig, TakesEveryOption)
{
    const SipConfig config = read_config(R"({"user_agent":"Test 1.0","domain":"a.invalid","max_message_bytes":8000,
        "max_header_bytes":4000,"max_waiting_bytes":70000,"max_calls":2,"transaction_timeout_ms":700,
        "invite_timeout_ms":900})");
    EXPECT_EQ(config.user_agent, "Test 1.0");
    EXPECT_EQ(config.domain, "a.invalid");
    EXPECT_EQ(config.limits.message_bytes, 8000U);
    EXPECT_EQ(config.limits.header_bytes, 4000U);
    EXPECT_EQ(config.max_waiting_bytes, 70000U);
    EXPECT_EQ(config.max_calls, 2U);
    EXPECT_EQ(config.timeouts.request.count(), 700);
    EXPECT_EQ(config.timeouts.invite.count(), 900);
}

TEST(SipConfig, SaysWhereItIsWrong)
{
    EXPECT_EQ(config_problem(R"({"max_calls":0})"), "/max_calls: expected a whole number from 1 to 64");
    EXPECT_TRUE(config_problem(R"({"user_agent":"a\r\nb"})").starts_with("/user_agent: "));
    EXPECT_TRUE(config_problem(R"({"domain":"a b"})").starts_with("/domain: "));
    EXPECT_TRUE(config_problem(R"({"colour":1})").starts_with("/colour: no such option"));
    EXPECT_NE(config_problem("[]"), "");
}

} // namespace
} // namespace jackfield::sip::testing
