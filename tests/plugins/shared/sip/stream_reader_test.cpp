// A connection, cut into messages.
//
// Threads: one.
#include <shared/sip/stream_reader.hpp>

#include <gtest/gtest.h>

namespace shared_sip {
namespace {

std::string message(const std::string& name, const std::string& body)
{
    return name + "\r\nl: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

void feed(StreamReader& reader, const std::string& text)
{
    reader.feed(jackfield::as_bytes(text));
}

TEST(SipStreamReader, CutsHoweverTheBytesCome)
{
    const std::string one = message("A", "body\r\n\r\n");
    const std::string other = message("B", "");
    const std::string all = "\r\n\r\n" + one + "\r\n" + other;
    for (const std::size_t piece : {std::size_t(1), std::size_t(2), std::size_t(7), all.size()}) {
        StreamReader reader;
        std::vector<std::string> got;
        for (std::size_t at = 0; at < all.size(); at += piece) {
            feed(reader, all.substr(at, piece));
            while (auto text = reader.next())
                got.push_back(*text);
        }
        EXPECT_EQ(got, (std::vector<std::string>{one, other})) << piece;
        EXPECT_EQ(reader.empty_lines(), 3U);
        EXPECT_FALSE(reader.in_the_middle());
    }
}

TEST(SipStreamReader, NeedsALengthItCanBelieve)
{
    for (const std::string text :
         {"A\r\nb: c\r\n\r\n", "A\r\nl: x\r\n\r\n", "A\r\nl: -1\r\n\r\n", "A\r\nl: 1\r\nContent-Length: 1\r\n\r\n",
          "A\r\nl: 65536\r\n\r\n", "A\r\nl: 99999999999999999999\r\n\r\n"}) {
        StreamReader reader;
        feed(reader, text);
        EXPECT_THROW(reader.next(), jackfield::Failure) << text;
    }
}

TEST(SipStreamReader, HoldsNoMoreThanItSays)
{
    StreamReader reader;
    feed(reader, "A: " + std::string(kMostHeadBytes - 10, 'x'));
    EXPECT_FALSE(reader.next());
    feed(reader, std::string(20, 'x'));
    EXPECT_THROW(reader.next(), jackfield::Failure);
}

} // namespace
} // namespace shared_sip
