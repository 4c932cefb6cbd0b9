// What files that come in may be called.

#include "kernel/files/file_name.hpp"

#include <gtest/gtest.h>

namespace {

using jackfield::kernel::kMaxFileNameBytes;
using jackfield::kernel::numbered_file_name;
using jackfield::kernel::safe_file_name;

TEST(FileName, IsTheLastPartOfWhateverPathIsSaid)
{
    EXPECT_EQ(safe_file_name("picture.jpg"), "picture.jpg");
    EXPECT_EQ(safe_file_name("../../../etc/passwd"), "passwd");
    EXPECT_EQ(safe_file_name("/etc/shadow"), "shadow");
    EXPECT_EQ(safe_file_name("C:\\Windows\\system32\\calc.exe"), "calc.exe");
    EXPECT_EQ(safe_file_name("..\\..\\up.txt"), "up.txt");
}

TEST(FileName, IsNothingIfNothingIsLeft)
{
    for (const char* said : {"", ".", "..", "...", "/", "a/", "a/..", " ", " . ", "\n", "\\"})
        EXPECT_EQ(safe_file_name(said), "") << said;
}

TEST(FileName, IsNotHiddenAndHasNoBlanksAround)
{
    EXPECT_EQ(safe_file_name(".bashrc"), "bashrc");
    EXPECT_EQ(safe_file_name(".received"), "received");
    EXPECT_EQ(safe_file_name("  a b.txt  "), "a b.txt");
}

TEST(FileName, HasNothingThatSteersATerminalOrTurnsLettersAround)
{
    EXPECT_EQ(safe_file_name("a\x1b[2Jb\n\r\t\x7f.txt"), "a[2Jb.txt");
    EXPECT_EQ(safe_file_name("a\xC2\x9B"
                             "b"),
              "ab")
        << "C1 control";
    EXPECT_EQ(safe_file_name("photo\xE2\x80\xAEgpj.exe"), "photogpj.exe") << "right-to-left override";
    EXPECT_EQ(safe_file_name(std::string("a\0b", 3)), "ab");
}

TEST(FileName, IsUtf8)
{
    EXPECT_EQ(safe_file_name("Zo\xC3\xAB \xE2\x82\xAC \xF0\x9F\x93\x9E.txt"),
              "Zo\xC3\xAB \xE2\x82\xAC \xF0\x9F\x93\x9E.txt");
    EXPECT_EQ(safe_file_name("a\xFF.txt"), "a_.txt");
    EXPECT_EQ(safe_file_name("a\xC0\xAF"), "a__") << "an overlong slash is none";
    EXPECT_EQ(safe_file_name("a\xED\xA0\x80"), "a___") << "a surrogate";
    EXPECT_EQ(safe_file_name("a\xE2\x82"), "a__") << "cut off";
}

TEST(FileName, IsCutBeforeItsExtensionAndNotInsideALetter)
{
    const auto cut = safe_file_name(std::string(4096, 'x') + ".tar");
    EXPECT_EQ(cut.size(), kMaxFileNameBytes);
    EXPECT_TRUE(cut.ends_with("xx.tar"));
    std::string letters;
    for (int i = 0; i < 150; ++i)
        letters += "\xC3\xAB";
    const auto cut_letters = safe_file_name("x" + letters);
    EXPECT_EQ(cut_letters.size(), kMaxFileNameBytes - 1) << "the last letter would be half";
    EXPECT_EQ(safe_file_name("x." + std::string(300, 'y')).size(), kMaxFileNameBytes) << "that is no extension";
}

TEST(FileName, IsNumberedBeforeItsExtension)
{
    EXPECT_EQ(numbered_file_name("picture.jpg", 2), "picture (2).jpg");
    EXPECT_EQ(numbered_file_name("README", 10), "README (10)");
}

} // namespace
