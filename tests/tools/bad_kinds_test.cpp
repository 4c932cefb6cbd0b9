// Every kind of tests/bad_plugins/kinds.cpp under jackfield check: it is caught, by which rule, and with which
// sentence.

#include "tests/kernel/temporary_folder.hpp"
#include "tests/tools/running_program.hpp"
#include "tools/jackfield/exit_code.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <ostream>
#include <regex>

namespace {

using namespace jackfield::program;
using jackfield::test::run;
using jackfield::test::TemporaryFolder;
using Json = nlohmann::json;
namespace fs = std::filesystem;

const Json kManifest{
    {"manifest", 1}, {"id", "kinds"}, {"version", "1.0.0"}, {"interfaces", {"jackfield.diagnosis/1"}}, {"abi", "1.0"}};

/// What jackfield check says of one kind, asked for some tests.
Json report_on(const TemporaryFolder& folder, const std::string& kind, const std::string& only,
               const std::string& limit = "4")
{
    const auto library = folder.path() / (kind + ".so");
    fs::create_symlink(JACKFIELD_BINARY_DIR "/tests/bad_plugins/kinds/kinds.so", library);
    Json manifest = kManifest;
    manifest["library"] = kind + ".so";
    if (fs::exists(folder.path() / "mood.schema.json"))
        manifest["config_schema"] = "mood.schema.json";
    folder.write(kind + ".plugin.json", manifest.dump());
    std::vector<std::string> words{"check", library.string(), "--json", "--time-limit", limit, "--seed", "5"};
    if (!only.empty())
        words.insert(words.end(), {"--only", only});
    const auto ran = run(words);
    const auto report = Json::parse(ran.out, nullptr, false);
    EXPECT_TRUE(report.is_object()) << ran.out << ran.err;
    EXPECT_EQ(ran.code, report.is_object() && report["verdict"] == "passed" ? kOk : kProblems);
    return report;
}

Json first_bad(const Json& report)
{
    for (const Json& test : report.value("tests", Json::array())) {
        if (test["result"] != "passed" && test["result"] != "skipped")
            return test;
    }
    ADD_FAILURE() << "nothing is bad: " << report.dump(2);
    return Json::object();
}

/// What the C library says when its heap is damaged depends on where the damage is.
std::string without_last_words(const std::string& seen)
{
    return seen.substr(0, seen.find("; its last words: "));
}

/// How many threads the last instances have left by the time they are counted is for the scheduler to say.
std::string without_numbers(const std::string& seen)
{
    return std::regex_replace(seen, std::regex("[0-9]+ more threads"), "some more threads");
}

struct Kind {
    const char* name;
    const char* only;   // of the tests
    const char* result; // of the first that is bad
    const char* rule;
    const char* seen;
};

void PrintTo(const Kind& kind, std::ostream* out)
{
    *out << kind.name;
}

class BadKind : public testing::TestWithParam<Kind> {
protected:
    void SetUp() override
    {
#ifdef __SANITIZE_ADDRESS__
        GTEST_SKIP() << "here the sanitizer ends what crashes, in words of its own";
#endif
    }
};

TEST_P(BadKind, IsCaughtWithASentence)
{
    const TemporaryFolder folder;
    const auto& [name, only, result, rule, seen] = GetParam();
    const bool hangs = std::string(result) == "timed out";
    const Json bad = first_bad(report_on(folder, name, only, hangs ? "1" : "4"));
    EXPECT_EQ(bad.value("result", ""), result);
    EXPECT_EQ(bad.value("rule", ""), rule);
    EXPECT_EQ(without_numbers(without_last_words(bad.value("seen", ""))), seen);
    EXPECT_NE(bad.value("do", ""), "");
}

const Kind kKinds[] = {
    {"load-crashes", "JF-GEN-01", "crashed", "JF-GEN-01",
     "ended by signal Segmentation fault in the loading of the library"},
    {"load-exits", "JF-GEN-01", "crashed", "JF-GEN-13",
     "the plugin ended the process in the loading of the library, with exit code 0"},
    {"load-never-returns", "JF-GEN-01", "timed out", "JF-GEN-14",
     "not over after 1 s: no return from the loading of the library"},
    {"abi-is-of-tomorrow", "JF-GEN-01", "failed", "JF-GEN-01", "the entry speaks ABI 2.0"},
    {"abi-is-a-little-later", "JF-GEN-01", "failed", "JF-GEN-01", "the entry speaks ABI 1.7"},
    {"entry-is-short", "JF-GEN-01", "failed", "JF-GEN-01", "the entry has 8 bytes"},
    {"factories-are-none", "JF-GEN-01", "failed", "JF-GEN-01", "the entry has 0 factories; 1 to 16 would work"},
    {"factories-are-many", "JF-GEN-01", "failed", "JF-GEN-01", "the entry has 100000 factories; 1 to 16 would work"},
    {"factories-are-null", "JF-GEN-01", "failed", "JF-GEN-01", "the entry has no table of its factories"},
    {"factories-point-nowhere", "JF-GEN-01", "crashed", "JF-GEN-01", "ended by signal Segmentation fault"},
    {"factory-is-missing", "JF-GEN-01", "failed", "JF-GEN-01", "a factory is missing"},
    {"factory-is-short", "JF-GEN-01", "failed", "JF-GEN-01", "a factory is too short"},
    {"create-is-missing", "JF-GEN-01", "failed", "JF-GEN-01", "a factory lacks create"},
    {"destroy-is-missing", "JF-GEN-01", "failed", "JF-GEN-01", "a factory lacks destroy"},
    {"table-is-missing", "JF-GEN-01", "failed", "JF-GEN-01", "a factory lacks its methods"},
    {"table-is-short", "JF-GEN-01", "failed", "JF-GEN-01",
     "the table of jackfield.diagnosis/1 has 8 bytes; 16 are required"},
    {"method-is-missing", "JF-GEN-01", "failed", "JF-GEN-01", "method 1 of jackfield.diagnosis/1 is missing"},
    {"method-points-nowhere", "JF-DIA-01", "crashed", "JF-DIA-01",
     "ended by signal Segmentation fault in begin of a diagnosis"},
    {"id-is-missing", "JF-GEN-01", "failed", "JF-GEN-01", "a factory lacks its id, its interface or its version"},
    {"id-is-another", "JF-GEN-02", "failed", "JF-GEN-02", "the manifest says id kinds, the library somebody-else"},
    {"id-points-nowhere", "JF-GEN-02", "crashed", "JF-GEN-02", "ended by signal Segmentation fault"},
    {"version-is-another", "JF-GEN-02", "failed", "JF-GEN-02", "the manifest says version 1.0.0, the library 9.9.9"},
    {"interface-is-another", "JF-GEN-02", "failed", "JF-GEN-02", "manifest and library name different interfaces"},
    {"create-exits", "JF-GEN-14", "crashed", "JF-GEN-13",
     "the plugin ended the process in create of jackfield.diagnosis/1, with exit code 0"},
    {"create-exits-at-once", "JF-GEN-14", "crashed", "JF-GEN-13",
     "the plugin ended the process in create of jackfield.diagnosis/1, with exit code 3"},
    {"create-aborts", "JF-GEN-14", "crashed", "JF-GEN-14",
     "ended by signal Aborted in create of jackfield.diagnosis/1"},
    {"create-crashes", "JF-GEN-14", "crashed", "JF-GEN-14",
     "ended by signal Segmentation fault in create of jackfield.diagnosis/1"},
    {"create-overflows-its-stack", "JF-GEN-14", "crashed", "JF-GEN-14",
     "ended by signal Segmentation fault in create of jackfield.diagnosis/1"},
    {"create-never-returns", "JF-GEN-14", "timed out", "JF-GEN-14",
     "not over after 1 s: no return from create of jackfield.diagnosis/1"},
    {"create-waits-for-its-own-task", "JF-GEN-14", "timed out", "JF-GEN-14",
     "not over after 1 s: no return from create of jackfield.diagnosis/1"},
    {"create-eats-memory", "JF-GEN-14", "failed", "JF-GEN-14", "failed with JF_EXHAUSTED: out of memory"},
    {"create-unloads-itself", "JF-GEN-14", "crashed", "JF-GEN-14",
     "ended by signal Segmentation fault in create of jackfield.diagnosis/1"},
    {"create-closes-descriptors", "JF-GEN-13", "failed", "JF-GEN-13",
     "the plugin closed a descriptor that is not its own"},
    {"create-closes-standard-error", "JF-GEN-13", "failed", "JF-GEN-13",
     "the plugin closed a descriptor that is not its own"},
    {"create-takes-a-signal", "JF-GEN-13", "failed", "JF-GEN-13",
     "the plugin changed what happens on the signal User defined signal 1"},
    {"create-ignores-ctrl-c", "JF-GEN-13", "failed", "JF-GEN-13",
     "the plugin changed what happens on the signal Interrupt"},
    {"create-changes-the-folder", "JF-GEN-13", "failed", "JF-GEN-13", "the plugin changed the working directory to /"},
    {"create-changes-the-umask", "JF-GEN-13", "failed", "JF-GEN-13", "the plugin changed the umask"},
    {"create-leaves-a-process", "JF-GEN-13", "failed", "JF-GEN-13",
     "the plugin left a process running that it had started"},
    {"create-kills-who-watches", "JF-GEN-13", "crashed", "JF-GEN-13",
     "the plugin ended the process that watched it, or keeps it from its end"},
    {"create-kills-its-group", "JF-GEN-13", "crashed", "JF-GEN-13",
     "ended by signal Killed in create of jackfield.diagnosis/1"},
    {"create-asks-for-what-it-does-not-name", "JF-GEN-16", "failed", "JF-GEN-16",
     "the plugin asked its host for jackfield.control/1, which its manifest does not name under needs"},
    {"begin-asks-for-what-it-does-not-name", "JF-DIA-01", "failed", "JF-GEN-16",
     "the plugin asked its host for jackfield.control/1, which its manifest does not name under needs"},
    {"create-throws", "JF-GEN-04", "failed", "JF-GEN-04", "an exception came through: thrown on purpose"},
    {"create-throws-a-number", "JF-GEN-04", "failed", "JF-GEN-04", "an exception of an unknown type came through"},
    {"create-says-nothing", "JF-GEN-04", "failed", "JF-GEN-04", "create fails without a word, given '{}'"},
    {"create-makes-nothing", "JF-GEN-04", "failed", "JF-GEN-04", "create answers JF_OK and makes no instance"},
    {"create-answers-no-status", "JF-GEN-04", "failed", "JF-GEN-04", "create answers 7, which is no status"},
    {"create-fails-with-an-instance", "JF-GEN-03", "failed", "JF-GEN-03", "create failed with '' and changed *self"},
    {"create-fills-its-error-to-the-brim", "JF-GEN-04", "failed", "JF-GEN-04", "the error is not terminated"},
    {"create-frees-its-configuration", "JF-GEN-14", "crashed", "JF-GEN-14",
     "ended by signal Aborted in create of jackfield.diagnosis/1"},
    {"refuses-without-a-place", "JF-GEN-03", "failed", "JF-GEN-03",
     "the error does not begin with the place of the value: \"bad configuration\""},
    {"takes-any-configuration", "JF-GEN-03", "failed", "JF-GEN-03", "create with '' gives JF_OK, not JF_BAD_CONFIG"},
    {"leaks-a-thread", "JF-GEN-05", "failed", "JF-GEN-05", "three more instances left some more threads running"},
    {"leaks-a-descriptor", "JF-GEN-05", "failed", "JF-GEN-05", "three more instances left descriptors open"},
    {"uses-the-host-of-an-instance-that-is-gone", "JF-GEN-05", "failed", "JF-GEN-05",
     "the host was used after destroy had returned"},
    {"destroy-crashes", "JF-GEN-14", "crashed", "JF-GEN-14",
     "ended by signal Segmentation fault in destroy of jackfield.diagnosis/1"},
    {"destroy-never-returns", "JF-GEN-14", "timed out", "JF-GEN-14",
     "not over after 1 s: no return from destroy of jackfield.diagnosis/1"},
    {"destroy-exits", "JF-GEN-14", "crashed", "JF-GEN-13",
     "the plugin ended the process in destroy of jackfield.diagnosis/1, with exit code 0"},
    {"destroy-throws", "JF-GEN-14", "failed", "JF-GEN-04", "an exception came through: thrown on purpose"},
    {"destroy-frees-the-host", "JF-GEN-14", "crashed", "JF-GEN-14",
     "ended by signal Aborted in destroy of jackfield.diagnosis/1"},
    {"destroy-destroys-twice", "JF-GEN-14", "crashed", "JF-GEN-14",
     "ended by signal Segmentation fault in destroy of jackfield.diagnosis/1"},
    {"begin-never-returns", "JF-DIA-01", "timed out", "JF-GEN-14",
     "not over after 1 s: no return from begin of a diagnosis"},
    {"begin-crashes", "JF-DIA-01", "crashed", "JF-DIA-01",
     "ended by signal Segmentation fault in begin of a diagnosis"},
    {"begin-throws", "JF-DIA-01", "failed", "JF-GEN-04", "an exception came through: thrown on purpose"},
    {"begin-throws-a-number", "JF-DIA-01", "failed", "JF-DIA-01",
     "failed with JF_INTERNAL: an exception of an unknown type was thrown"},
    {"begin-frees-what-is-not-its-own", "JF-DIA-01", "crashed", "JF-DIA-01",
     "ended by signal Aborted in begin of a diagnosis"},
    {"begin-takes-any-limit", "JF-DIA-01", "failed", "JF-DIA-01", "begin with no time gives JF_OK, not JF_BAD_INPUT"},
    {"begin-says-the-end-at-once", "JF-DIA-01", "failed", "JF-DIA-01", "something was said inside begin, not posted"},
    {"ends-never", "JF-DIA-01", "failed", "JF-DIA-01", "the diagnosis does not finish"},
    {"ends-twice", "JF-DIA-01", "failed", "JF-DIA-01", "something was said after finished"},
    {"ends-with-no-status", "JF-DIA-01", "failed", "JF-DIA-01", "finished gives status 7, not JF_OK"},
    {"ends-on-its-own-thread", "JF-GEN-12", "failed", "JF-GEN-12",
     "an event or an end came on another thread than the control thread"},
    {"speaks-after-its-end", "JF-DIA-01", "failed", "JF-DIA-01", "something was said after finished"},
    {"speaks-after-release", "JF-DIA-03", "failed", "JF-DIA-03", "something was said after release"},
    {"finding-has-a-bad-name", "JF-DIA-02", "failed", "JF-DIA-02", "\"The Weather!\" is no name of a check"},
    {"finding-has-no-sentence", "JF-DIA-02", "failed", "JF-DIA-02", "weather has no sentence on one line"},
    {"finding-has-bad-details", "JF-DIA-02", "failed", "JF-DIA-02", "weather has details that are no object"},
    {"finding-comes-twice", "JF-DIA-02", "failed", "JF-DIA-02", "weather is found twice"},
    {"finding-has-no-verdict", "JF-DIA-02", "failed", "JF-DIA-02", "bread has the verdict 17"},
    {"problem-has-no-advice", "JF-DIA-02", "failed", "JF-DIA-02", "bread is a problem without advice"},
    {"release-crashes", "JF-DIA-03", "crashed", "JF-DIA-03",
     "ended by signal Segmentation fault in release of a diagnosis"},
    {"release-never-returns", "JF-DIA-03", "timed out", "JF-GEN-14",
     "not over after 1 s: no return from release of a diagnosis"},
    {"release-says-the-end", "JF-DIA-03", "failed", "JF-DIA-03", "something was said after release"},
    {"second-begin-crashes", "JF-GEN-15", "crashed", "JF-GEN-15",
     "ended by signal Segmentation fault in begin of a diagnosis"},
    {"session-leaks-a-thread", "JF-GEN-15", "failed", "JF-GEN-15",
     "2 instances, left in the middle of work (seed 5), left some more threads running"},
    {"session-leaks-a-timer", "JF-GEN-15", "failed", "JF-GEN-15",
     "sessions that were released left 23 timers running; after release of a diagnosis, begin of a diagnosis, release "
     "of a diagnosis, begin of a diagnosis, begin of a diagnosis, release of a diagnosis (call by chance, seed 5)"},
    {"session-leaks-a-descriptor", "JF-GEN-15", "failed", "JF-GEN-15",
     "2 instances, left in the middle of work (seed 5), left 54 descriptors open"},
};

std::string test_name(const testing::TestParamInfo<Kind>& info)
{
    std::string name = info.param.name;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

TEST(GoodKind, PassesEveryTest)
{
    for (const char* kind : {"good", "greets-the-terminal"}) {
        const TemporaryFolder folder;
        const Json report = report_on(folder, kind, "");
        EXPECT_EQ(report.value("verdict", ""), "passed") << report.dump(2);
    }
}

TEST(BadKinds, LetsEveryOtherTestHaveItsTurnWhateverItDoes)
{
    std::size_t all = 0;
    for (const char* kind : {"good", "load-exits", "create-kills-its-group", "create-kills-who-watches"}) {
        const TemporaryFolder folder;
        const Json report = report_on(folder, kind, "");
        const Json tests = report.value("tests", Json::array());
        EXPECT_EQ(report.value("verdict", ""), all == 0 ? "passed" : "failed");
        all = all == 0 ? tests.size() : all;
        EXPECT_GT(tests.size(), 12U);
        EXPECT_EQ(tests.size(), all) << kind;
    }
}

TEST(BadKinds, MaySayWhatItLikesOnStandardOutput)
{
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "here the sanitizer ends what crashes, in words of its own";
#endif
    const TemporaryFolder folder;
    EXPECT_EQ(first_bad(report_on(folder, "create-forges-a-result", "JF-GEN-14")).value("seen", ""),
              "ended by signal Segmentation fault in create of jackfield.diagnosis/1; its last words: "
              R"({"rule":"JF-GEN-01","result":"passed","seen":"","ms":0})");
}

/// jackfield check of one kind whose manifest needs something; words: more of them.
jackfield::test::Ran check_needing(const TemporaryFolder& folder, const std::string& kind, const Json& needs,
                                   const std::vector<std::string>& words)
{
    const auto library = folder.path() / (kind + ".so");
    if (!fs::exists(library))
        fs::create_symlink(JACKFIELD_BINARY_DIR "/tests/bad_plugins/kinds/kinds.so", library);
    Json manifest = kManifest;
    manifest.update({{"library", kind + ".so"}, {"needs", needs}});
    folder.write(kind + ".plugin.json", manifest.dump());
    std::vector<std::string> all{"check", library.string()};
    all.insert(all.end(), words.begin(), words.end());
    return run(all);
}

TEST(Needs, ThatAreNamedMayBeAskedFor)
{
    const Json control{"jackfield.control/1"};
    for (const auto& [kind, needs] : {std::pair("create-asks-for-what-it-does-not-name", control),
                                      {"begin-asks-for-what-it-does-not-name", control},
                                      {"create-asks-for-what-it-does-itself", Json::array()}}) {
        const TemporaryFolder folder;
        const auto ran = check_needing(folder, kind, needs, {"--json"});
        EXPECT_EQ(ran.code, kOk) << kind << ran.out << ran.err;
        EXPECT_EQ(Json::parse(ran.out, nullptr, false).value("notes", Json()), Json::array()) << kind;
    }
}

TEST(Needs, ThatNoTestSawAskedForAreNotedAndNoMistake)
{
    const TemporaryFolder folder;
    const Json needs{"jackfield.control/1", "jackfield.timeline/1"};
    const std::string kind = "create-asks-for-what-it-does-not-name";
    const auto ran = check_needing(folder, kind, needs, {});
    EXPECT_EQ(ran.code, kOk) << ran.out << ran.err;
    EXPECT_NE(ran.out.find("note       JF-GEN-16    " + kind +
                           ".plugin.json: /needs: no test made the plugin ask for jackfield.timeline/1\n"
                           "           do    Leave it out if the plugin never asks; a node without that service is "
                           "refused for it.\n"),
              std::string::npos)
        << ran.out;
    EXPECT_EQ(ran.out.find("ask for jackfield.control/1"), std::string::npos) << ran.out;
    const auto some = check_needing(folder, kind, needs, {"--json", "--only", "JF-GEN-02"}); // nobody could ask
    EXPECT_EQ(Json::parse(some.out, nullptr, false).value("notes", Json()), Json::array()) << some.out;
}

#ifndef __SANITIZE_ADDRESS__
TEST(Needs, AreNotNotedIfATestDidNotComeToItsEnd)
{
    const TemporaryFolder folder;
    const auto ran = check_needing(folder, "begin-crashes", {"jackfield.timeline/1"}, {"--json"});
    EXPECT_EQ(Json::parse(ran.out, nullptr, false).value("notes", Json()), Json::array()) << ran.out;
}
#endif

struct BadSchema {
    const char* text;
    const char* seen;
};

const BadSchema kSchemas[] = {
    {"nothing of use", "mood.schema.json is missing, or no JSON object"},
    {R"({"type": "array"})", "mood.schema.json describes no object"},
    {R"({"type": "object"})",
     "mood.schema.json takes options that nobody knows: \"additionalProperties\" is not false"},
    {R"({"type": "object", "additionalProperties": false, "properties": []})",
     "mood.schema.json: /properties is no object"},
    {R"({"type": "object", "additionalProperties": false, "properties": {"mood": 7}})",
     "/properties/mood is no object"},
    {R"({"type": "object", "additionalProperties": false, "properties": {"mood": {"description": "How."}}})",
     "/properties/mood has neither a type nor a list of values"},
    {R"({"type": "object", "additionalProperties": false, "properties": {"mood": {"type": "string"}}})",
     "/properties/mood has no description"},
    {R"({"type": "object", "additionalProperties": false,
         "properties": {"mood": {"type": "integer", "description": "How.", "maximum": 3, "default": 4}}})",
     "/properties/mood/default is not what the option takes"},
    {R"({"type": "object", "additionalProperties": false,
         "properties": {"mood": {"enum": ["quiet", "loud"], "description": "How."}}})",
     "the schema takes \"loud\" for /mood, create refuses it: /mood: expected quiet"},
};

TEST(BadSchema, IsCaughtWithASentence)
{
    for (const auto& [text, seen] : kSchemas) {
        const TemporaryFolder folder;
        folder.write("mood.schema.json", text);
        const Json bad = first_bad(report_on(folder, "refuses-what-its-schema-takes", "JF-GEN-11"));
        EXPECT_EQ(bad.value("seen", ""), seen);
        EXPECT_EQ(bad.value("rule", ""), "JF-GEN-11");
    }
}

TEST(BadSchema, ThatIsNotThereIsCaught)
{
    const TemporaryFolder folder;
    folder.write("mood.schema.json", "{}");
    const Json report = report_on(folder, "good", "JF-GEN-11");
    EXPECT_EQ(first_bad(report).value("seen", ""), "mood.schema.json is missing, or no JSON object");
}

TEST(BadKinds, ThatExportsMoreThanItsEntryIsCaught)
{
    const auto ran =
        run({"check", JACKFIELD_BINARY_DIR "/tests/bad_plugins/bad-exports-more.so", "--json", "--only", "JF-GEN-10"});
    EXPECT_EQ(first_bad(Json::parse(ran.out, nullptr, false)).value("seen", ""),
              "the library exports more than that, 1 in all; the first is more_than_the_entry");
}

INSTANTIATE_TEST_SUITE_P(Check, BadKind, testing::ValuesIn(kKinds), test_name);

} // namespace
