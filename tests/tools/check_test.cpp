// jackfield check as the author of a plugin and a script meet it.

#include "tests/kernel/temporary_folder.hpp"
#include "tests/need_plugins.hpp"
#include "tests/schema_check/schema_check.hpp"
#include "tests/tools/running_program.hpp"
#include "tools/jackfield/exit_code.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <set>

namespace {

using namespace jackfield::program;
using jackfield::test::run;
using Json = nlohmann::json;
namespace fs = std::filesystem;

const std::string kGood = JACKFIELD_TEST_PLUGIN_DIR "/mux-yamux.so";
const std::string kBadFolder = JACKFIELD_BINARY_DIR "/tests/bad_plugins/";

class CheckVerb : public testing::Test {
protected:
    CheckVerb() { jackfield::test::need_plugins({"mux-yamux"}); }
};

TEST_F(CheckVerb, PassesAGoodPluginAndEndsWithZero)
{
    const auto ran = run({"check", kGood});
    EXPECT_EQ(ran.code, kOk) << ran.out << ran.err;
    EXPECT_EQ(ran.err, "");
    for (const char* words :
         {"passed     JF-GEN-02    The kernel reads the manifest",
          "passed     JF-GEN-10    The library exports one symbol", "passed     JF-MUX-05    A ping is a sign of life",
          " passed, 0 failed, 0 crashed, 0 timed out, ", ", seed "})
        EXPECT_NE(ran.out.find(words), std::string::npos) << words << "\n" << ran.out;
}

TEST_F(CheckVerb, TakesTheManifestInPlaceOfTheLibrary)
{
    const auto ran =
        run({"check", JACKFIELD_TEST_PLUGIN_DIR "/mux-yamux.plugin.json", "--only", "JF-MUX-05", "--json"});
    EXPECT_EQ(ran.code, kOk) << ran.out << ran.err;
    EXPECT_EQ(Json::parse(ran.out)["library"], kGood);
}

TEST_F(CheckVerb, PrintsOneObjectForScriptsAsItsSchemaSays)
{
    for (const auto& file : {kGood, kBadFolder + "bad-null-method.so"}) {
        const auto ran = run({"check", file, "--json", "--only", "JF-GEN-*", "--seed", "7"});
        const auto report = Json::parse(ran.out, nullptr, false);
        ASSERT_TRUE(report.is_object()) << ran.out << ran.err;
        EXPECT_TRUE(jackfield::test::satisfies(report, JACKFIELD_SOURCE_DIR "/tools/jackfield/check.schema.json"))
            << ran.out;
        EXPECT_EQ(report["seed"], 7);
        EXPECT_EQ(report["verdict"], file == kGood ? "passed" : "failed");
        EXPECT_EQ(ran.code, file == kGood ? kOk : kProblems);
    }
}

TEST_F(CheckVerb, SaysOfWhatFailsTheRuleAndWhatToDo)
{
    const auto ran = run({"check", kBadFolder + "bad-null-method.so", "--only", "JF-GEN-01"});
    EXPECT_EQ(ran.code, kProblems) << ran.out << ran.err;
    for (const char* words : {"failed     JF-GEN-01    The entry of the library is whole",
                              "seen  method 2 of jackfield.codec/1 is missing\n",
                              "rule  The library exports `jackfield_plugin`", "do    Make the entry with JF_PLUGIN"})
        EXPECT_NE(ran.out.find(words), std::string::npos) << words << "\n" << ran.out;
}

TEST_F(CheckVerb, MakesOnlyTheTestsThatWereAskedFor)
{
    std::set<std::string> rules;
    const auto ran = run({"check", kGood, "--only", "jf-mux-0?", "--json"});
    const auto report = Json::parse(ran.out);
    for (const auto& test : report["tests"])
        rules.insert(test["rule"].get<std::string>());
    EXPECT_EQ(rules, (std::set<std::string>{"JF-MUX-01", "JF-MUX-02", "JF-MUX-03", "JF-MUX-04", "JF-MUX-05"}));
    const auto none = run({"check", kGood, "--only", "JF-SIG"});
    EXPECT_EQ(none.code, kUsage);
    EXPECT_EQ(none.err,
              "jackfield check: --only JF-SIG: no test for this plugin has such a rule, interface or name; --list "
              "shows what there is\njackfield check --help shows what it takes\n");
}

TEST_F(CheckVerb, ListsItsTestsAndMakesNone)
{
    const auto ran = run({"check", kGood, "--list"});
    EXPECT_EQ(ran.code, kOk) << ran.err;
    EXPECT_NE(ran.out.find("JF-MUX-05    jackfield.multiplexer/1       A ping is a sign of life\n"), std::string::npos)
        << ran.out;
    EXPECT_EQ(ran.out.find("passed"), std::string::npos);
}

TEST_F(CheckVerb, ChecksThePluginWithTheConfigurationThatItIsGiven)
{
    const std::string test = "create takes what";
    EXPECT_EQ(run({"check", kGood, "--config", R"({"max_channels": 8})", "--only", test}).code, kOk);
    const auto refused = run({"check", kGood, "--config", R"({"max_channels": "many"})", "--only", "A ping is"});
    EXPECT_EQ(refused.code, kProblems) << refused.out;
    const auto wrong = run({"check", kGood, "--config", "{max_channels"});
    EXPECT_EQ(wrong.code, kUsage);
    EXPECT_NE(wrong.err.find("--config: {max_channels is no JSON object"), std::string::npos) << wrong.err;
}

TEST_F(CheckVerb, RefusesFilesThatAreNotThereAndNumbersThatAreNone)
{
    const auto missing = run({"check", "/there/is/no.so"});
    EXPECT_EQ(missing.code, kConfiguration);
    EXPECT_EQ(missing.err, "/there/is/no.so: no such file\n");
    EXPECT_EQ(run({"check", kGood, "--environment", "/there/is/no.json"}).code, kConfiguration);
    EXPECT_EQ(run({"check", kGood, "--seed", "many"}).code, kUsage);
    EXPECT_EQ(run({"check", kGood, "--time-limit", "0"}).code, kUsage);
    EXPECT_EQ(run({"check"}).code, kUsage);
}

/// What the one failure says of a plugin with this manifest.
std::string refusal(const std::string& manifest, const std::string& another = "")
{
    const jackfield::test::TemporaryFolder folder;
    fs::copy_file(kGood, folder.path() / "mux-yamux.so");
    folder.write("mux-yamux.plugin.json", manifest);
    if (!another.empty())
        folder.write("another.plugin.json", another);
    const auto ran = run({"check", (folder.path() / "mux-yamux.so").string(), "--json", "--only", "JF-GEN-02"});
    EXPECT_EQ(ran.code, kProblems) << ran.out << ran.err;
    const auto report = Json::parse(ran.out, nullptr, false);
    if (!report.is_object() || report["tests"].size() != 1)
        return ran.out + ran.err;
    EXPECT_EQ(report["tests"][0]["rule"], "JF-GEN-02");
    EXPECT_FALSE(report["tests"][0]["do"].get<std::string>().empty());
    return report["tests"][0]["seen"];
}

Json manifest()
{
    return Json::parse(std::ifstream(JACKFIELD_TEST_PLUGIN_DIR "/mux-yamux.plugin.json"));
}

std::string refusal_with(const char* key, const Json& value)
{
    Json changed = manifest();
    changed[key] = value;
    return refusal(changed.dump());
}

TEST_F(CheckVerb, ReadsAManifestAsTheKernelDoesAndGoesNoFurtherIfThatRefusesIt)
{
    const std::string file = "mux-yamux.plugin.json: ";
    EXPECT_EQ(refusal(std::string(70'000, ' ')), file + "larger than 64 KiB");
    EXPECT_EQ(refusal(std::string(30'000, '[')), file + "nested deeper than 16 levels");
    EXPECT_EQ(refusal("{\"id\": \"\xff\"}"), file + "line 1, column 9: not UTF-8");
    EXPECT_EQ(refusal("{"), file + "line 1, column 2: syntax error while parsing object key - unexpected end of input; "
                                   "expected string literal");
    EXPECT_EQ(refusal_with("library", "../mux-yamux.so"),
              file +
                  "/library: \"../mux-yamux.so\" is not a file name; the file must lie in the folder of the manifest");
    EXPECT_EQ(refusal_with("library", "another.so"),
              file + "/library: names another.so, but the library is mux-yamux.so");
    EXPECT_EQ(refusal_with("abi", "2.0"), file + "built for ABI 2.0, this kernel speaks 1.0");
    EXPECT_EQ(refusal_with("needs", {"jackfield.multiplexer/1"}),
              file + "/needs: jackfield.multiplexer/1 is what the plugin does itself, so it would wait for itself");
    EXPECT_EQ(refusal(manifest().dump(), manifest().dump()),
              file + "/id: mux-yamux is the id of another.plugin.json as well as of mux-yamux.plugin.json");
}

TEST_F(CheckVerb, SaysThatThereIsNoManifestBesideALibrary)
{
    const jackfield::test::TemporaryFolder folder;
    fs::copy_file(kGood, folder.path() / "alone.so");
    const auto ran = run({"check", (folder.path() / "alone.so").string()});
    EXPECT_EQ(ran.code, kProblems);
    EXPECT_NE(ran.out.find("seen  alone.plugin.json: not a regular file\n"), std::string::npos) << ran.out;
}

} // namespace
