// JSON from outside: size, depth, UTF-8, keys, and the places in the messages.

#include "kernel/registry/json_text.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>

namespace {

using namespace jackfield::kernel;

constexpr JsonLimits kLimits{.size_bytes = 1 << 20, .depth = 8};

std::string problem(std::string_view text, JsonLimits limits = kLimits)
{
    const auto parsed = parse_json(text, limits);
    return parsed ? "accepted" : parsed.error().text;
}

TEST(JsonText, KeepsValuesAndIgnoresComments)
{
    const auto parsed = parse_json("// first\n{ \"a\": /* second */ [1, true] }", kLimits);
    ASSERT_TRUE(parsed.has_value()) << parsed.error().text;
    EXPECT_EQ(*parsed, nlohmann::json::parse(R"({"a": [1, true]})"));
}

TEST(JsonText, SaysWhereTheSyntaxIsWrong)
{
    const auto text = problem("{\n  \"a\": 1,\n  \"b\" 2\n}");
    EXPECT_TRUE(text.starts_with("line 3, column 7: syntax error while parsing object separator")) << text;
}

TEST(JsonText, RefusesAnEmptyDocument)
{
    EXPECT_TRUE(problem("").starts_with("line 1, column 1: syntax error")) << problem("");
}

TEST(JsonText, RefusesAnUnfinishedDocument)
{
    EXPECT_TRUE(problem("{\"a\": [").starts_with("line 1, column 8: syntax error")) << problem("{\"a\": [");
}

TEST(JsonText, RefusesMoreThanTheLimitOfBytes)
{
    EXPECT_EQ(problem("[" + std::string(2048, ' ') + "]", {.size_bytes = 1024, .depth = 8}), "larger than 1 KiB");
}

TEST(JsonText, AcceptsTheLimitOfDepthAndRefusesOneMore)
{
    EXPECT_EQ(problem("[[[[[[[[]]]]]]]]"), "accepted");
    EXPECT_EQ(problem("[[[[[[[[[]]]]]]]]]"), "nested deeper than 8 levels");
}

TEST(JsonText, RefusesAThousandAndAHalfMillionLevels)
{
    EXPECT_EQ(problem(std::string(1000, '[') + std::string(1000, ']')), "nested deeper than 8 levels");
    EXPECT_EQ(problem(std::string(500'000, '[')), "nested deeper than 8 levels");
    std::string objects;
    for (int i = 0; i < 100'000; ++i)
        objects += R"({"a":)";
    EXPECT_EQ(problem(objects), "nested deeper than 8 levels");
}

TEST(JsonText, RefusesBytesThatAreNoUtf8EvenInAComment)
{
    EXPECT_EQ(problem("{} // caf\xe9"), "line 1, column 10: not UTF-8");
    EXPECT_EQ(problem("[\n \"\xc0\xaf\"]"), "line 2, column 3: not UTF-8");      // longer form than needed
    EXPECT_EQ(problem("[\"\xed\xa0\x80\"]"), "line 1, column 3: not UTF-8");     // surrogate
    EXPECT_EQ(problem("[\"\xf4\x90\x80\x80\"]"), "line 1, column 3: not UTF-8"); // above U+10FFFF
    EXPECT_EQ(problem("[\"\xe2\x82"), "line 1, column 3: not UTF-8");            // cut off
    EXPECT_EQ(problem("[\"\xe2\x82\xac \xf0\x9f\x93\x9e\"]"), "accepted");
}

TEST(JsonText, RefusesAKeyThatStandsTwice)
{
    EXPECT_EQ(problem(R"({"a": {"x": 1}, "b": {"x": 1}, "a": 2})"), "the key \"a\" stands twice in one object");
}

TEST(JsonText, RefusesANumberThatIsNone)
{
    EXPECT_NE(problem("[1e999]"), "accepted");
}

TEST(JsonText, ReadsAFileUpToTheLimit)
{
    const jackfield::test::TemporaryFolder folder;
    const auto file = folder.write("a.json", std::string(1024, ' '));
    EXPECT_EQ(read_text_file(file, 1024)->size(), 1024U);
    EXPECT_EQ(read_text_file(file, 1023).error().text, "larger than 0 KiB");
    EXPECT_EQ(read_text_file(folder.path() / "b.json", 10).error().text, "No such file or directory");
    EXPECT_EQ(read_text_file(folder.path(), 10).error().text, "Is a directory");
}

TEST(JsonText, ShowsNamesSoThatTheyCannotBreakAMessage)
{
    EXPECT_EQ(in_quotes("a\n\"b"), R"("a\n\"b")");
    EXPECT_EQ(in_quotes(std::string(1000, 'x')), "\"" + std::string(80, 'x') + "...\"");
    EXPECT_EQ(at("/slots", "a/b~c"), "/slots/a~1b~0c");
    EXPECT_EQ(at("/slots", 3), "/slots/3");
}

} // namespace
