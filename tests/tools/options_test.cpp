// What a command line means, and what is said about one that means nothing.

#include "tools/jackfield/exit_code.hpp"
#include "tools/jackfield/session.hpp"
#include "tools/jackfield/verbs.hpp"

#include <gtest/gtest.h>

#include <set>

namespace {

using namespace jackfield::program;

const VerbInfo kVerb{"try", "NAME", "A verb to try.", {{"file", "FILE", ""}, {"for", "SECONDS", ""}, {"loud", "", ""}},
                     0,     1};

/// What the user reads; empty if the line is fine.
std::string problem_of(const std::vector<std::string>& line)
{
    try {
        parse(kVerb, line);
        return {};
    } catch (const UsageError& error) {
        return error.what();
    }
}

TEST(Options, MayHaveTheirValueInTheSameWordOrTheNext)
{
    EXPECT_EQ(parse(kVerb, {"--file=a b"}).get("file"), "a b");
    EXPECT_EQ(parse(kVerb, {"--file", "a b"}).get("file"), "a b");
    EXPECT_EQ(parse(kVerb, {"--for", "-5"}).get("for"), "-5");
    EXPECT_EQ(parse(kVerb, {"--file=--loud"}).get("file"), "--loud");
}

TEST(Options, MayStandBeforeAndAfterTheOtherArguments)
{
    const auto arguments = parse(kVerb, {"--loud", "bob", "--file", "x"});
    EXPECT_TRUE(arguments.has("loud"));
    EXPECT_EQ(arguments.get("file"), "x");
    EXPECT_EQ(arguments.rest(), std::vector<std::string>{"bob"});
}

TEST(Options, AfterTwoDashesEverythingIsAnArgument)
{
    EXPECT_EQ(parse(kVerb, {"--", "--loud"}).rest(), std::vector<std::string>{"--loud"});
}

TEST(Options, AnUnknownOneIsSaidWithTheOneThatWasMeant)
{
    EXPECT_EQ(problem_of({"--flie", "x"}), "there is no option \"--flie\"; did you mean \"file\"?");
    EXPECT_NE(problem_of({"-x"}).find("there is no option \"-x\""), std::string::npos);
}

TEST(Options, AValueThatIsMissingIsSaidAndNotTakenFromTheNextOption)
{
    EXPECT_EQ(problem_of({"--file"}), "--file lacks its value");
    EXPECT_EQ(problem_of({"--file", "--loud"}),
              "--file lacks its value; one that begins with -- is given as --file=--loud");
}

TEST(Options, OneThatStandsTwiceIsRefused)
{
    EXPECT_NE(problem_of({"--file", "a", "--file", "b"}).find("twice"), std::string::npos);
    EXPECT_NE(problem_of({"--loud", "--loud"}).find("twice"), std::string::npos);
}

TEST(Options, ASwitchTakesNoValue)
{
    EXPECT_EQ(problem_of({"--loud=yes"}), "\"--loud\" takes no value");
}

TEST(Options, AnArgumentTooManyIsNamed)
{
    EXPECT_EQ(problem_of({"a", "b"}), "\"b\" is one argument too many");
}

TEST(Seconds, AreAPositiveNumberAndNothingElse)
{
    const auto milliseconds = [](const std::string& text) {
        return seconds_option(parse(kVerb, {"--for=" + text}), "for").count();
    };
    EXPECT_EQ(milliseconds("3"), 3000);
    EXPECT_EQ(milliseconds("0.25"), 250);
    EXPECT_EQ(milliseconds("0.001"), 1);
    for (const char* wrong : {"0", "-1", "0.0001", "", "3s", "nan", "inf", "0x10", "1e3", " 3", "10000000"})
        EXPECT_THROW(milliseconds(wrong), UsageError) << wrong;
}

TEST(AccountId, IsHexadecimalOfTheRightLength)
{
    const std::string account = std::string(60, '0') + "abcd";
    const jackfield::kernel::Config config;
    EXPECT_EQ(account_argument(account, config), account);
    EXPECT_EQ(account_argument(std::string(60, '0') + "ABCD", config), account) << "small letters, as others write it";
    for (const auto& wrong : {std::string(), std::string("bob"), std::string(63, 'a'), std::string(65, 'a'),
                              std::string(63, 'a') + "g", std::string(64, ' ')})
        EXPECT_THROW(account_argument(wrong, config), UsageError) << wrong;
}

TEST(Verbs, HaveNamesAndSummariesAndOptionsOfTheirOwn)
{
    std::set<std::string> names;
    for (const auto& verb : all_verbs()) {
        EXPECT_TRUE(names.insert(verb.info.name).second) << verb.info.name;
        EXPECT_FALSE(verb.info.summary.empty()) << verb.info.name;
        std::set<std::string> options;
        for (const auto& option : verb.info.options) {
            EXPECT_TRUE(options.insert(option.name).second) << verb.info.name << " --" << option.name;
            EXPECT_NE(help_text(verb.info).find("--" + option.name), std::string::npos);
        }
    }
}

} // namespace
