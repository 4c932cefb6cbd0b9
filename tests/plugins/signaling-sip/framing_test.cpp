// How a stream is cut into messages, wherever the network cuts it.
//
// Threads: one.
#include "sip_rig.hpp"

#include "sip_framing.hpp"

namespace jackfield::sip::testing {
namespace {

const std::string kOptions = "OPTIONS sip:b SIP/2.0\r\nCall-ID: 1\r\nContent-Length: 5\r\n\r\nhello";

std::vector<Frame> frames_of(Splitter& splitter, std::string_view text)
{
    splitter.feed(as_bytes(text));
    std::vector<Frame> frames;
    while (auto frame = splitter.next())
        frames.push_back(std::move(*frame));
    return frames;
}

/// What a refusal says; empty if the text is not refused.
std::string refusal(const std::string& text, FramingLimits limits = {})
{
    Splitter splitter(limits);
    try {
        frames_of(splitter, text);
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_BAD_INPUT);
        return failure.what();
    }
    return {};
}

TEST(SipFraming, GivesHeadAndBodyOfAMessage)
{
    Splitter splitter({});
    const auto frames = frames_of(splitter, kOptions);
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].start_line(), "OPTIONS sip:b SIP/2.0");
    EXPECT_EQ(frames[0].head(), "OPTIONS sip:b SIP/2.0\r\nCall-ID: 1\r\n\r\n");
    EXPECT_EQ(frames[0].body(), "hello");
    EXPECT_EQ(frames[0].header("call-id"), "1");
    EXPECT_FALSE(frames[0].header("From"));
    EXPECT_FALSE(splitter.in_the_middle());
}

TEST(SipFraming, GivesTheSameWhereverTheStreamIsCut)
{
    const std::string twice = kOptions + "\r\n\r\n" + kOptions;
    for (std::size_t cut = 0; cut <= twice.size(); ++cut) {
        Splitter splitter({});
        auto frames = frames_of(splitter, std::string_view(twice).substr(0, cut));
        for (auto& frame : frames_of(splitter, std::string_view(twice).substr(cut)))
            frames.push_back(std::move(frame));
        ASSERT_EQ(frames.size(), 2U) << cut;
        EXPECT_EQ(frames[0].body() + frames[1].body(), "hellohello");
    }
}

TEST(SipFraming, GivesTheSameByteByByte)
{
    Splitter splitter({});
    std::vector<Frame> frames;
    for (const char c : kOptions + kOptions + kOptions) {
        for (auto& frame : frames_of(splitter, std::string_view(&c, 1)))
            frames.push_back(std::move(frame));
    }
    EXPECT_EQ(frames.size(), 3U);
}

TEST(SipFraming, GivesAThousandMessagesThatCameAtOnce)
{
    std::string all;
    for (int i = 0; i < 1000; ++i)
        all += kOptions;
    Splitter splitter({});
    EXPECT_EQ(frames_of(splitter, all).size(), 1000U);
}

TEST(SipFraming, TakesKeepAlivesBetweenMessages)
{
    Splitter splitter({});
    EXPECT_EQ(frames_of(splitter, "\r\n\r\n\r\n").size(), 0U);
    EXPECT_FALSE(splitter.in_the_middle());
    EXPECT_EQ(frames_of(splitter, "\r\n" + kOptions + "\r\n\r\n" + kOptions + "\r\n").size(), 2U);
}

TEST(SipFraming, UnfoldsHeaderFields)
{
    Splitter splitter({});
    const auto frames =
        frames_of(splitter, "OPTIONS sip:b SIP/2.0\r\nSubject: one\r\n  two\r\n\tthree\r\nl :\r\n 0\r\n\r\n");
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].header("subject", 's'), "one two three");
}

TEST(SipFraming, TakesCompactNamesAndBlanksAroundTheColon)
{
    Splitter splitter({});
    const auto frames = frames_of(splitter, "OPTIONS sip:b SIP/2.0\r\nc  :  text/plain  \r\nL:2\r\n\r\nhi");
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].header("Content-Type", 'c'), "text/plain");
    EXPECT_EQ(frames[0].body(), "hi");
}

TEST(SipFraming, TakesBinaryBodies)
{
    std::string body;
    for (int i = 0; i < 256; ++i)
        body += static_cast<char>(i);
    Splitter splitter({});
    const auto frames = frames_of(splitter, "MESSAGE sip:b SIP/2.0\r\nContent-Length: 256\r\n\r\n" + body + kOptions);
    ASSERT_EQ(frames.size(), 2U);
    EXPECT_EQ(frames[0].body(), body);
}

TEST(SipFraming, RefusesWhatIsNoMessage)
{
    const std::string start = "OPTIONS sip:b SIP/2.0\r\n";
    EXPECT_NE(refusal(start + "Call-ID: 1\r\n\r\n").find("no Content-Length"), std::string::npos);
    EXPECT_NE(refusal(start + "Content-Length: -5\r\n\r\n").find("not a number"), std::string::npos);
    EXPECT_NE(refusal(start + "Content-Length: +5\r\n\r\n"), "");
    EXPECT_NE(refusal(start + "Content-Length: 5 5\r\n\r\n"), "");
    EXPECT_NE(refusal(start + "Content-Length:\r\n\r\n"), "");
    EXPECT_NE(refusal(start + "Content-Length: 99999999999999999999999\r\n\r\n"), "");
    EXPECT_NE(refusal(start + "Content-Length: 4294967296\r\n\r\n"), "");
    EXPECT_NE(refusal(start + "Content-Length: 4294967295\r\n\r\n").find("more than 65536 bytes"), std::string::npos);
    EXPECT_NE(refusal(start + "Content-Length: 0\r\nl: 0\r\n\r\n").find("two Content-Length"), std::string::npos);
    EXPECT_NE(refusal(start + "no colon\r\nContent-Length: 0\r\n\r\n").find("without a name"), std::string::npos);
    EXPECT_NE(refusal(start + ": nameless\r\nContent-Length: 0\r\n\r\n"), "");
    EXPECT_NE(refusal(start + "Na me: x\r\nContent-Length: 0\r\n\r\n"), "");
    EXPECT_NE(refusal(start + "Name: a\nb\r\nContent-Length: 0\r\n\r\n").find("CR LF"), std::string::npos);
    EXPECT_NE(refusal(start + "Name: a\rb\r\nContent-Length: 0\r\n\r\n").find("CR LF"), std::string::npos);
    EXPECT_NE(refusal(start + "Name: \xff\r\nContent-Length: 0\r\n\r\n").find("UTF-8"), std::string::npos);
    EXPECT_NE(refusal(start + "Name: a" + '\0' + "b\r\nContent-Length: 0\r\n\r\n").find("zero byte"),
              std::string::npos);
}

TEST(SipFraming, RefusesAHeadWithoutEnd)
{
    EXPECT_NE(refusal(std::string(20000, 'a')).find("more than 16384 bytes"), std::string::npos);
    FramingLimits small;
    small.header_bytes = 100;
    EXPECT_NE(refusal("OPTIONS sip:b SIP/2.0\r\nName: " + std::string(100, 'x') + "\r\nl: 0\r\n\r\n", small), "");
    EXPECT_EQ(refusal("OPTIONS sip:b SIP/2.0\r\nl: 0\r\n\r\n", small), "");
}

TEST(SipFraming, RefusesTooManyHeaderFields)
{
    std::string text = "OPTIONS sip:b SIP/2.0\r\n";
    for (int i = 0; i < 129; ++i)
        text += "a: b\r\n";
    EXPECT_NE(refusal(text + "l: 0\r\n\r\n").find("more than 128"), std::string::npos);
}

TEST(SipFraming, TakesAMessageOfExactlyTheLimitAndNoLarger)
{
    const std::string head = "MESSAGE sip:b SIP/2.0\r\nContent-Length: ";
    const std::size_t body = 65536 - head.size() - 5 - 4;
    EXPECT_EQ(refusal(head + std::to_string(body) + "\r\n\r\n" + std::string(body, 'x')), "");
    EXPECT_NE(refusal(head + std::to_string(body + 1) + "\r\n\r\n"), "");
}

} // namespace
} // namespace jackfield::sip::testing
