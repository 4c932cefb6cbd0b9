// Messages as a transport reads them.
//
// Threads: one.
#include <shared/sip/message.hpp>

#include <gtest/gtest.h>

namespace shared_sip {
namespace {

const std::string kHead = "INVITE sip:bob@b SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1, SIP/2.0/TCP g\r\n"
                          "f: \"A\" <sip:a@a>;tag=1\r\nt: <sip:bob@b>\r\ni: c1\r\nCSeq: 7 INVITE\r\n";

TEST(SipMessageReader, ReadsWhatATransportNeeds)
{
    const Message message = Message::read(kHead + "Subject: one\r\n  two\r\n\r\nbody");
    EXPECT_TRUE(message.is_request());
    EXPECT_EQ(message.method(), "INVITE");
    EXPECT_EQ(message.uri(), "sip:bob@b");
    EXPECT_EQ(message.cseq(), 7U);
    EXPECT_EQ(message.call_id(), "c1");
    EXPECT_EQ(message.from_tag(), "1");
    EXPECT_EQ(message.to_tag(), "");
    EXPECT_EQ(message.branch(), "z9hG4bK1");
    EXPECT_EQ(message.value("subject"), "one   two");
    EXPECT_EQ(message.elements("Via").size(), 2U);
    EXPECT_EQ(message.body(), "body");
}

TEST(SipMessageReader, CutsOffWhatFollowsTheBody)
{
    EXPECT_EQ(Message::read(kHead + "l: 2\r\n\r\nbody").body(), "bo");
    EXPECT_THROW(Message::read(kHead + "l: 5\r\n\r\nbody"), jackfield::Failure);
    EXPECT_THROW(Message::read(kHead + "l: -1\r\n\r\nbody"), jackfield::Failure);
    EXPECT_THROW(Message::read(kHead + "l: 4\r\nContent-Length: 4\r\n\r\nbody"), jackfield::Failure);
}

TEST(SipMessageReader, ReplacesTheTopmostViaAlone)
{
    const Message message =
        Message::read(kHead + "Via: SIP/2.0/UDP last\r\n\r\nbody").with_top_via("SIP/2.0/UDP new;x");
    const auto vias = message.elements("Via");
    ASSERT_EQ(vias.size(), 3U);
    EXPECT_EQ(vias[0], "SIP/2.0/UDP new;x");
    EXPECT_EQ(vias[1], "SIP/2.0/TCP g");
    EXPECT_EQ(vias[2], "SIP/2.0/UDP last");
    EXPECT_EQ(message.body(), "body");
}

TEST(SipMessageReader, AnswersWithWhatBelongsToTheRequest)
{
    const Message answer =
        Message::read(make_response(Message::read(kHead + "\r\n"), 486, "Busy Here", "me", "X: y\r\n"));
    EXPECT_EQ(answer.code(), 486);
    EXPECT_EQ(answer.reason(), "Busy Here");
    EXPECT_EQ(answer.method(), "INVITE");
    EXPECT_EQ(answer.to_tag(), "me");
    EXPECT_EQ(answer.elements("Via").size(), 2U);
    EXPECT_EQ(answer.value("X"), "y");
    const Message again = Message::read(make_response(answer, 200, "OK", "other"));
    EXPECT_EQ(again.to_tag(), "me") << "one that is there stays";
}

TEST(SipMessageReader, RefusesWhatIsNone)
{
    const auto without = [](const std::string& line) {
        std::string text = kHead + "\r\n";
        const std::size_t at = text.find(line);
        return text.erase(at, text.find("\r\n", at) + 2 - at);
    };
    for (const std::string line : {"v:", "f:", "t:", "i:", "CSeq:"})
        EXPECT_THROW(Message::read(without(line)), jackfield::Failure) << line;
    for (const std::string& text :
         {std::string("\r\n\r\n"), std::string("INVITE sip:a@b\r\n\r\n"), "X" + kHead, kHead,
          kHead + "nameless\r\n\r\n", kHead + "From: <sip:x@y>\r\n\r\n", kHead + "a: b\nc: d\r\n\r\n",
          kHead + std::string("a: b\0c\r\n\r\n", 11), "SIP/2.0 700 X" + kHead.substr(kHead.find("\r\n")) + "\r\n",
          "SIP/2.0 99 X" + kHead.substr(kHead.find("\r\n")) + "\r\n"})
        EXPECT_THROW(Message::read(text), jackfield::Failure) << text;
    for (const std::string to : {"To: <sip:bob@b", "To: \"Bob <sip:bob@b>"}) { // a tag that is added would not be one
        std::string open_ended = without("t:");
        open_ended.insert(open_ended.find("f:"), to + "\r\n");
        EXPECT_THROW(Message::read(open_ended), jackfield::Failure) << open_ended;
        const std::size_t end = open_ended.find("\r\n", open_ended.find("To:"));
        EXPECT_NO_THROW(
            Message::read(open_ended.insert(end, to.find('"') == std::string::npos ? ">" : "\" <sip:b@b>")));
    }
    EXPECT_THROW(Message::read(kHead + "a: " + std::string(17'000, 'x') + "\r\n\r\n"), jackfield::Failure);
    std::string many = kHead;
    for (int i = 0; i < 130; ++i)
        many += "a: b\r\n";
    EXPECT_THROW(Message::read(many + "\r\n"), jackfield::Failure);
    EXPECT_THROW(Message::read(kHead + "\r\n" + std::string(66'000, 'x')), jackfield::Failure);
}

} // namespace
} // namespace shared_sip
