// The manual says what the program takes, all of it, and nothing else.

#include "kernel/config/config.hpp"
#include "tools/jackfield/exit_code.hpp"
#include "tools/jackfield/verbs.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace {

using namespace jackfield::program;
using Json = nlohmann::json;
namespace fs = std::filesystem;

using Names = std::set<std::string>;

std::vector<std::string> lines_of(const fs::path& file)
{
    std::vector<std::string> lines;
    std::ifstream stream(file);
    EXPECT_TRUE(stream) << file;
    for (std::string line; std::getline(stream, line);)
        lines.push_back(line);
    return lines;
}

const std::vector<std::string>& program_manual()
{
    static const auto lines = lines_of(JACKFIELD_SOURCE_DIR "/tools/jackfield/manual/jackfield.1");
    return lines;
}

const std::vector<std::string>& config_manual()
{
    static const auto lines = lines_of(JACKFIELD_BINARY_DIR "/tools/jackfield/jackfield.conf.5");
    return lines;
}

/// The lines below a heading, up to the next one of its kind (.Sh, .Ss) or a higher one.
std::vector<std::string> section(const std::vector<std::string>& manual, const std::string& heading)
{
    auto from = std::ranges::find(manual, heading);
    if (from == manual.end()) {
        ADD_FAILURE() << "there is no " << heading;
        return {};
    }
    const bool high = heading.starts_with(".Sh");
    const auto to = std::find_if(std::next(from), manual.end(), [&](const std::string& line) {
        return line.starts_with(".Sh ") || (!high && line.starts_with(".Ss "));
    });
    return {std::next(from), to};
}

/// What the outermost lists of a section have items for, given how such an item begins.
Names items(const std::vector<std::string>& lines, const std::string& begins)
{
    Names names;
    int depth = 0;
    for (const auto& line : lines) {
        depth += line.starts_with(".Bl") ? 1 : line.starts_with(".El") ? -1 : 0;
        if (depth != 1 || !line.starts_with(begins))
            continue;
        EXPECT_TRUE(names.insert(line.substr(begins.size())).second) << line << " stands there twice";
    }
    return names;
}

std::string as_written(const OptionInfo& option)
{
    return option.name + (option.argument.empty() ? "" : " Ar " + option.argument);
}

/// Of each verb, what stands in the synopsis.
std::map<std::string, Names> synopses()
{
    std::map<std::string, Names> verbs;
    std::string verb;
    for (const auto& line : section(program_manual(), ".Sh SYNOPSIS")) {
        if (line.starts_with(".Cm "))
            verbs[verb = line.substr(4)];
        else if (line == ".Nm")
            verb.clear();
        else if (!verb.empty())
            verbs[verb].insert(line);
    }
    return verbs;
}

TEST(Manual, HasASynopsisForEveryVerbWithItsOptionsAndArguments)
{
    std::map<std::string, Names> expected;
    for (const auto& verb : all_verbs()) {
        auto& lines = expected[verb.info.name];
        for (const auto& option : verb.info.options)
            lines.insert(".Op Fl -" + as_written(option));
        if (!verb.info.arguments.empty())
            lines.insert(".Ar " + verb.info.arguments);
    }
    EXPECT_EQ(synopses(), expected);
}

TEST(Manual, SaysWhatEveryVerbDoes)
{
    Names expected;
    for (const auto& verb : all_verbs())
        expected.insert(verb.info.name);
    EXPECT_EQ(items(section(program_manual(), ".Sh DESCRIPTION"), ".It Cm "), expected);
}

TEST(Manual, SaysWhatEveryOptionDoes)
{
    Names expected;
    for (const auto& verb : all_verbs()) {
        for (const auto& option : verb.info.options)
            expected.insert(as_written(option));
    }
    EXPECT_EQ(items(section(program_manual(), ".Sh OPTIONS"), ".It Fl -"), expected);
}

TEST(Manual, SaysWhatEveryExitCodeMeans)
{
    Names expected;
    for (const auto& [code, words] : kExitCodes)
        expected.insert(std::to_string(code));
    EXPECT_EQ(items(section(program_manual(), ".Sh EXIT STATUS"), ".It "), expected);
}

/// The keys that the kernel says it knows when it is given one that it does not.
Names known_at(const std::string& text)
{
    const auto config = jackfield::kernel::parse_config(text, "test.json");
    if (config) {
        ADD_FAILURE() << "taken: " << text;
        return {};
    }
    std::istringstream words(config.error().text.substr(config.error().text.find("known") + 5));
    Names names;
    for (std::string word; words >> word;)
        names.insert(word.substr(0, word.find(',')));
    return names;
}

Names keys(const std::string& heading)
{
    return items(section(config_manual(), heading), ".It Cm ");
}

TEST(ConfigManual, HasEveryKeyOfTheFile)
{
    EXPECT_EQ(keys(".Sh THE DOCUMENT"), known_at(R"({"jackfield":1,"zz":1})"));
    EXPECT_EQ(keys(".Sh SLOTS"), known_at(R"({"jackfield":1,"slots":{"zz":1}})"));
    EXPECT_EQ(keys(".Sh A PLUGIN IN A SLOT"), known_at(R"({"jackfield":1,"slots":{"codec":{"zz":1}}})"));
    EXPECT_EQ(keys(".Sh CALL"), known_at(R"({"jackfield":1,"slots":{},"call":{"zz":1}})"));
    EXPECT_EQ(keys(".Sh LINK"), known_at(R"({"jackfield":1,"slots":{},"link":{"zz":1}})"));
    EXPECT_EQ(keys(".Sh FILES OF PEERS"), known_at(R"({"jackfield":1,"slots":{},"files":{"zz":1}})"));
    EXPECT_EQ(keys(".Sh PROFILE"), known_at(R"({"jackfield":1,"slots":{},"profile":{"zz":1}})"));
    EXPECT_EQ(keys(".Sh TEXTS"), known_at(R"({"jackfield":1,"slots":{},"texts":{"zz":1}})"));
    EXPECT_EQ(keys(".Sh LOG"), known_at(R"({"jackfield":1,"slots":{},"log":{"zz":1}})"));
}

TEST(ConfigManual, HasEveryOptionOfEveryPlugin)
{
    Names plugins;
    for (const auto& file : fs::directory_iterator(JACKFIELD_TEST_PLUGIN_DIR)) {
        if (!file.path().string().ends_with(".plugin.json"))
            continue;
        const Json manifest = Json::parse(std::ifstream(file.path()));
        const std::string id = manifest["id"];
        plugins.insert(id);
        Names expected;
        if (manifest.contains("config_schema")) {
            const Json schema =
                Json::parse(std::ifstream(file.path().parent_path() / manifest["config_schema"].get<std::string>()));
            for (const auto& [name, option] : schema["properties"].items())
                expected.insert(name);
        }
        EXPECT_EQ(items(section(config_manual(), ".Ss " + id), ".It Cm "), expected) << id;
    }
    Names described;
    for (const auto& line : section(config_manual(), ".Sh OPTIONS OF PLUGINS")) {
        if (line.starts_with(".Ss "))
            described.insert(line.substr(4));
    }
    EXPECT_EQ(described, plugins);
}

TEST(ConfigManual, ItsExampleIsAConfiguration)
{
    const auto lines = section(config_manual(), ".Sh EXAMPLES");
    std::string text;
    for (const auto& line : lines)
        text += line.starts_with(".") ? "" : line + "\n";
    const auto config = jackfield::kernel::parse_config(text, "example.json");
    EXPECT_TRUE(config) << config.error().text;
}

TEST(Manuals, AreWhatMandocTakes)
{
    if (std::system("command -v mandoc >/dev/null") != 0)
        GTEST_SKIP() << "mandoc is not installed; tools/install-deps brings it";
    for (const char* file : {JACKFIELD_SOURCE_DIR "/tools/jackfield/manual/jackfield.1",
                             JACKFIELD_BINARY_DIR "/tools/jackfield/jackfield.conf.5"})
        EXPECT_EQ(std::system(("mandoc -Tlint -Wwarning " + std::string(file)).c_str()), 0) << file;
}

} // namespace
