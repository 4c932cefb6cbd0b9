// The greeting by itself: what is written is read again, and nothing else is.
#include "greeting.hpp"

#include <gtest/gtest.h>

namespace jackfield::direct {
namespace {

constexpr const char* kPassword = "0123456789abcdef012345";

TEST(Greeting, IsReadAsItWasWritten)
{
    const std::string longest(255, 'p');
    for (const std::string_view password : {std::string_view(kPassword), std::string_view(longest)}) {
        for (const Word word : {Word::ask, Word::choose, Word::answer}) {
            const Greeting greeting{word, 4, 0x01020304, password};
            const Bytes bytes = write_greeting(greeting);
            EXPECT_EQ(bytes.size(), kGreetingHeaderBytes + password.size());
            EXPECT_EQ(greeting_size(bytes), bytes.size());
            EXPECT_EQ(read_greeting(bytes), greeting);
        }
    }
}

TEST(Greeting, HasTheLayoutThatIsWrittenDown)
{
    const Bytes bytes = write_greeting({Word::choose, 2, 0x01020304, kPassword});
    EXPECT_EQ(Bytes(bytes.begin(), bytes.begin() + 8), (Bytes{5, 2, 2, 1, 2, 3, 4, 22}));
}

TEST(Greeting, IsNothingThatIsTooShortOrTooLong)
{
    Bytes bytes = write_greeting({Word::ask, 1, 7, kPassword});
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(read_greeting(ByteView(bytes).first(size))) << size;
    bytes.push_back(0);
    EXPECT_FALSE(read_greeting(bytes));
}

TEST(Greeting, IsNothingWithAnotherFirstByteWordComponentOrLength)
{
    const Bytes good = write_greeting({Word::ask, 1, 7, kPassword});
    const auto with = [&](std::size_t at, std::uint8_t value) {
        Bytes bytes = good;
        bytes[at] = value;
        return read_greeting(bytes).has_value();
    };
    EXPECT_FALSE(with(0, 0)) << "STUN";
    EXPECT_FALSE(with(0, 22)) << "DTLS";
    EXPECT_FALSE(with(0, 128)) << "RTP";
    EXPECT_FALSE(with(1, 0));
    EXPECT_FALSE(with(1, 4));
    EXPECT_FALSE(with(2, 0));
    EXPECT_FALSE(with(2, 5));
    EXPECT_FALSE(with(7, 21));
    EXPECT_TRUE(with(6, 8)) << "any number is fine";
}

} // namespace
} // namespace jackfield::direct
