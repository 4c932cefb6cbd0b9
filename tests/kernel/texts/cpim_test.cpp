// The envelope of a text (RFC 3862, RFC 5438).

#include "kernel/texts/cpim.hpp"
#include "kernel/texts/text.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::kernel;

jf_status status_of(const std::string& body)
{
    const auto read = read_cpim(body);
    return read ? JF_OK : read.error().status;
}

TEST(Cpim, ReadsWhatItWrites)
{
    const auto read = read_cpim(write_cpim(
        {"alice", "bob", 1'795'755'000'123, "abc", true, false, "text/plain; charset=utf-8", "h\r\n\r\nw: \0x"}));
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(read->from, "<im:alice@jackfield.invalid>");
    EXPECT_EQ(read->to, "<im:bob@jackfield.invalid>");
    EXPECT_EQ(read->sent_ms, 1'795'755'000'123);
    EXPECT_EQ(read->message_id, "abc");
    EXPECT_TRUE(read->wants_receipt);
    EXPECT_FALSE(read->notification);
    EXPECT_EQ(bare_type(read->content_type), "text/plain");
    EXPECT_EQ(read->content, "h\r\n\r\nw: \0x");
}

TEST(Cpim, SaysWhatIsANotification)
{
    const auto read = read_cpim(write_cpim({"a", "b", 0, "", false, true, "message/imdn+xml", "<imdn/>"}));
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->notification);
    EXPECT_EQ(read->message_id, "");
    EXPECT_FALSE(read->wants_receipt);
}

// RFC 5438 section 6 has one like it: another name for the space of names, several dispositions, no length.
TEST(Cpim, ReadsTheMessageOfAnotherProgram)
{
    const auto read = read_cpim("From: Alice <im:alice@example.com>\r\nTo: Bob <im:bob@example.com>\r\n"
                                "NS: i <urn:ietf:params:imdn>\r\nNS: other <urn:other>\r\nother.Message-ID: no\r\n"
                                "i.Message-ID: 34jk324j\r\nDateTime: 2006-04-04T12:16:49-05:00\r\n"
                                "i.Disposition-Notification: negative-delivery, Positive-Delivery;x=y\r\n"
                                "Require: i.Message-ID, From\r\n\r\n"
                                "Content-type: Text/Plain\r\n\r\nHello");
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(read->message_id, "34jk324j");
    EXPECT_TRUE(read->wants_receipt);
    EXPECT_EQ(read->sent_ms, 1'144'171'009'000);
    EXPECT_EQ(bare_type(read->content_type), "text/plain");
    EXPECT_EQ(read->content, "Hello");
}

TEST(Cpim, WantsNoReceiptForAnythingButDelivery)
{
    const auto read = read_cpim("NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: a\r\n"
                                "imdn.Disposition-Notification: negative-delivery, display\r\n\r\n\r\n");
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_FALSE(read->wants_receipt);
}

TEST(Cpim, TakesNoIdWithoutItsNameSpace)
{
    const auto read = read_cpim("imdn.Message-ID: a\r\n\r\n\r\n");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->message_id, "");
}

TEST(Cpim, ReadsNothingThatIsNotInForm)
{
    for (const char* body :
         {"", "From", "From: a\r\n", "From: a\r\n\r\n", ": a\r\n\r\n\r\n", "a\r\n\r\n\r\n", "NS: a\r\n\r\n\r\n",
          "\r\nContent-Length: 5\r\n\r\nabcd", "\r\nContent-Length: five\r\n\r\nabcd",
          "\r\nContent-Length: 99999999999999999999999\r\n\r\nabcd",
          "NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: a b\r\n\r\n\r\n",
          "NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID:\r\n\r\n\r\n"})
        EXPECT_EQ(status_of(body), JF_BAD_INPUT) << body;
}

TEST(Cpim, SaysWhatItDoesNotUnderstandThoughItMust)
{
    EXPECT_EQ(status_of("Require: secret.Thing\r\n\r\n\r\n"), JF_UNSUPPORTED);
    EXPECT_EQ(status_of("\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD"), JF_UNSUPPORTED);
    EXPECT_EQ(status_of("\r\nContent-Transfer-Encoding: 8bit\r\n\r\nQUJD"), JF_OK);
}

TEST(Cpim, HasLimits)
{
    const auto with_headers = [](std::size_t count) {
        std::string body;
        for (std::size_t i = 0; i < count; ++i)
            body += "Subject: a\r\n";
        return body + "\r\n\r\n";
    };
    EXPECT_EQ(status_of(with_headers(text_limits::kHeaders)), JF_OK);
    EXPECT_EQ(status_of(with_headers(text_limits::kHeaders + 1)), JF_BAD_INPUT);
    const auto with_line = [](std::size_t bytes) { return "S:" + std::string(bytes - 2, 'a') + "\r\n\r\n\r\n"; };
    EXPECT_EQ(status_of(with_line(text_limits::kHeaderLineBytes)), JF_OK);
    EXPECT_EQ(status_of(with_line(text_limits::kHeaderLineBytes + 1)), JF_BAD_INPUT);
    const auto with_id = [](std::size_t bytes) {
        return "NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: " + std::string(bytes, 'a') + "\r\n\r\n\r\n";
    };
    EXPECT_EQ(status_of(with_id(text_limits::kIdBytes)), JF_OK);
    EXPECT_EQ(status_of(with_id(text_limits::kIdBytes + 1)), JF_BAD_INPUT);
    EXPECT_EQ(status_of("\r\n\r\n" + std::string(text_limits::kBodyBytes, 'a')), JF_OK);
    EXPECT_EQ(status_of("\r\n\r\n" + std::string(text_limits::kBodyBytes + 1, 'a')), JF_BAD_INPUT);
}

} // namespace
