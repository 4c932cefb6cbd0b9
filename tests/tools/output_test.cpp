// What reaches a terminal: nothing that steers it but what is ours.

#include "tools/jackfield/doctor_words.hpp"
#include "tools/jackfield/output.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace {

using namespace jackfield::program;
namespace kernel = jackfield::kernel;

TEST(Printable, KeepsTextOfAnyLanguage)
{
    const std::string text = "Zo\xc3\xab \xe2\x9c\x93 \xf0\x9f\x93\x9e, 100 %";
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, TakesControlCharactersAway)
{
    EXPECT_EQ(printable("\x1b[2Jgone\x7f"), "?[2Jgone?");
    EXPECT_EQ(printable("\xc2\x9b"
                        "31m"),
              "?31m")
        << "the one-byte CSI, as UTF-8";
    EXPECT_EQ(printable(std::string("a\0b", 3)), "a?b");
}

TEST(Printable, IsOneLine)
{
    EXPECT_EQ(printable("declined\nwarning ice-libnice: forged"), "declined warning ice-libnice: forged");
    EXPECT_EQ(printable("a\rb"), "a?b");
}

TEST(Printable, BrokenUtf8BecomesQuestionMarks)
{
    EXPECT_EQ(printable("\xff"
                        "a\xc3"),
              "?a?");
    EXPECT_EQ(printable("\xc0\xaf"), "??") << "an overlong slash";
    EXPECT_EQ(printable("\xed\xa0\x80"), "???") << "a surrogate";
    EXPECT_EQ(printable("\xf4\x90\x80\x80"), "????") << "beyond the last code point";
}

TEST(LogLine, HasTimeLevelAndNameAndIsOneLine)
{
    auto line = log_line(2, "ice-libnice", "no\nroute");
    for (char& c : line)
        c = c >= '0' && c <= '9' ? '0' : c;
    EXPECT_EQ(line, "0000-00-00 00:00:00.000 warning ice-libnice: no route\n");
    EXPECT_NE(log_line(99, "x", "").find(" error x:"), std::string::npos) << "a level that is none is an error";
}

TEST(Display, AFileIsNoTerminal)
{
    std::FILE* const file = std::tmpfile();
    const auto display = display_of(file);
    EXPECT_FALSE(display.terminal || display.colour || display.utf8);
    std::fclose(file);
}

kernel::Finding with_pairs(const std::string& pairs)
{
    return {"kernel", "peer/1", kernel::Verdict::problem, "s", "a", R"({"pairs": [)" + pairs + "]}"};
}

TEST(PairsOfAPeer, AreATableOfTwelveLinesAtMost)
{
    const std::string first = R"({"transport": "udp", "local": "192.0.2.1:5000", "local_type": "host",
        "seen_as": "198.51.100.1:6", "remote": "192.0.2.2:7", "remote_type": "srflx", "result": "heard"})";
    const std::string alone = R"({"transport": "tcp", "remote": "[2001:db8::2]:8", "remote_type": "host",
        "result": "not formed", "why": "no common\u001b address family"})";
    EXPECT_EQ(pairs_table(with_pairs(first + "," + alone)),
              "              ours                                         the peer's            result\n"
              "         udp  host 192.0.2.1:5000, seen as 198.51.100.1:6  srflx 192.0.2.2:7     its checks come, ours "
              "get no answer\n"
              "         tcp  -                                            host [2001:db8::2]:8  not formed: no common? "
              "address family\n");
    std::string many = first;
    for (int i = 0; i < 19; ++i)
        many += "," + alone;
    const auto table = pairs_table(with_pairs(many));
    EXPECT_EQ(std::ranges::count(table, '\n'), 14) << table;
    EXPECT_TRUE(table.ends_with("and 8 more; --json has them\n")) << table;
    EXPECT_EQ(pairs_table({"kernel", "peer", kernel::Verdict::ok, "s"}), "");
}

} // namespace
