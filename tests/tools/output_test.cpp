// What reaches a terminal: nothing that steers it but what is ours.

#include "tools/jackfield/output.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::program;

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

} // namespace
