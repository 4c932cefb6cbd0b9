// Options of a plugin against its schema: what is accepted, and place, words and help of each mistake.

#include "kernel/config/options.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <string>

namespace {

using namespace jackfield::kernel;
using jackfield::test::TemporaryFolder;
using nlohmann::json;

constexpr const char* kSchema = R"({
  "$schema": "http://json-schema.org/draft-07/schema#",
  "type": "object",
  "additionalProperties": false,
  "required": ["store"],
  "definitions": {
    "server": {
      "type": "object",
      "additionalProperties": false,
      "required": ["host"],
      "properties": {
        "host": { "type": "string", "minLength": 1, "description": "Name or address of the server" },
        "port": { "type": "integer", "minimum": 1, "maximum": 65535, "default": 3478 },
        "secret_file": { "type": "string", "format": "path" }
      }
    }
  },
  "properties": {
    "store": { "type": "string", "format": "path", "description": "Folder of the keys" },
    "pacing_ms": { "type": "integer", "minimum": 5, "maximum": 500, "default": 20, "description": "Between checks" },
    "mode": { "enum": ["fast", "careful"], "default": "fast" },
    "upnp": { "type": "boolean" },
    "turn": { "type": "array", "maxItems": 2, "items": { "$ref": "#/definitions/server" } },
    "ids": { "type": "array", "items": { "type": "string", "pattern": "^[0-9a-f]+$" } },
    "where": { "oneOf": [ { "type": "string", "format": "path" }, { "type": "boolean" } ] },
    "names": { "type": "object", "additionalProperties": { "type": "integer" } }
  }
})";

class Options : public testing::Test {
protected:
    std::expected<std::string, Error> check(const std::string& options, const char* schema = kSchema)
    {
        plugins_.write("ice-x.schema.json", schema);
        Manifest manifest;
        manifest.id = "ice-x";
        manifest.config_schema = "ice-x.schema.json";
        manifest.path = plugins_.path() / "ice-x.plugin.json";
        return check_options(options, manifest, {"call.json", "/slots/connectivity/config", "/etc/jackfield"});
    }

    /// The problem with these options beside a correct "store", without the line that names the schema.
    std::string problem(const std::string& member) { return problem_of(R"({"store": "/x", )" + member + "}"); }

    std::string problem_of(const std::string& options, const char* schema = kSchema)
    {
        const auto checked = check(options, schema);
        if (checked)
            return "accepted";
        EXPECT_EQ(checked.error().status, JF_BAD_CONFIG);
        auto text = checked.error().text;
        const auto searched = "\n  searched   " + (plugins_.path() / "ice-x.schema.json").string();
        const auto line = text.find(searched);
        EXPECT_NE(line, std::string::npos) << text;
        return line == std::string::npos ? text : text.erase(line, searched.size());
    }

    TemporaryFolder plugins_;
};

TEST_F(Options, ThatSatisfyTheSchemaPassUnchanged)
{
    const std::string options =
        R"({"mode":"careful","names":{"a":1},"pacing_ms":5,"store":"/var/x","turn":[{"host":"h","port":1}],"upnp":true})";
    const auto checked = check(options);
    ASSERT_TRUE(checked.has_value()) << checked.error().text;
    EXPECT_EQ(*checked, options); // no defaults put in
}

TEST_F(Options, OfAnUnknownNameAreRefusedWithTheNearestOne)
{
    EXPECT_EQ(problem(R"("pacing": 5)"), "call.json: /slots/connectivity/config/pacing: no such option of ice-x\n"
                                         "  available  ids, mode, names, pacing_ms, store, turn, upnp, where");
    EXPECT_EQ(problem(R"("pacing_m": 5)"),
              "call.json: /slots/connectivity/config/pacing_m: no such option of ice-x; did you mean \"pacing_ms\"?\n"
              "  available  ids, mode, names, pacing_ms, store, turn, upnp, where");
    EXPECT_EQ(problem(R"("turn": [{"host": "a"}, {"host": "b", "prot": 1}])"),
              "call.json: /slots/connectivity/config/turn/1/prot: no such option of ice-x; did you mean \"port\"?\n"
              "  available  host, port, secret_file");
}

TEST_F(Options, ThatAreMissingAreNamedWithWhatTheyMean)
{
    EXPECT_EQ(problem_of("{}"), "call.json: /slots/connectivity/config/store: missing; ice-x needs it\n"
                                "  expected   a string\n"
                                "  meaning    Folder of the keys");
    EXPECT_EQ(problem(R"("turn": [{}])"), "call.json: /slots/connectivity/config/turn/0/host: missing; ice-x needs it\n"
                                          "  expected   a string of at least 1 characters\n"
                                          "  meaning    Name or address of the server");
}

TEST_F(Options, OfTheWrongTypeOrRangeAreRefusedWithWhatWasExpected)
{
    const std::string at = "call.json: /slots/connectivity/config";
    EXPECT_EQ(problem(R"("pacing_ms": "5")"), at + "/pacing_ms: expected a whole number from 5 to 500, found \"5\"\n"
                                                   "  meaning    Between checks\n"
                                                   "  default    20");
    EXPECT_EQ(problem(R"("pacing_ms": 4)"), at + "/pacing_ms: expected a whole number from 5 to 500, found 4\n"
                                                 "  meaning    Between checks\n"
                                                 "  default    20");
    EXPECT_EQ(problem(R"("pacing_ms": 5.5)"), at + "/pacing_ms: expected a whole number from 5 to 500, found 5.5\n"
                                                   "  meaning    Between checks\n"
                                                   "  default    20");
    EXPECT_EQ(problem(R"("mode": "slow")"), at + "/mode: expected one of \"fast\", \"careful\", found \"slow\"\n"
                                                 "  default    \"fast\"");
    EXPECT_EQ(problem(R"("upnp": null)"), at + "/upnp: expected true or false, found null");
    EXPECT_EQ(problem(R"("turn": [{"host": "a"}, {"host": "b", "port": 70000}])"),
              at + "/turn/1/port: expected a whole number from 1 to 65535, found 70000\n"
                   "  default    3478");
    EXPECT_EQ(problem(R"("turn": [{"host": ""}])"),
              at + "/turn/0/host: expected a string of at least 1 characters, found \"\"\n"
                   "  meaning    Name or address of the server");
    EXPECT_EQ(problem(R"("turn": {})"), at + "/turn: expected a list of at most 2 items, found {}");
    EXPECT_EQ(problem(R"("turn": [{"host": "a"}, {"host": "b"}, {"host": "c"}])"),
              at + "/turn: expected a list of at most 2 items, found a list");
    EXPECT_EQ(problem(R"("ids": ["ab", "AB"])"),
              at + "/ids/1: expected a string that matches \"^[0-9a-f]+$\", found \"AB\"");
    EXPECT_EQ(problem(R"("where": 7)"), at + "/where: expected a string or true or false, found 7");
    EXPECT_EQ(problem(R"("names": {"a/b": "x"})"), at + "/names/a~1b: expected a whole number, found \"x\"");
}

TEST_F(Options, ThatArePathsStartAtTheFolderOfTheFileOrAtHome)
{
    const auto paths = [this](const std::string& options) {
        const auto checked = check(options);
        return checked ? *checked : checked.error().text;
    };
    ::setenv("HOME", "/home/zoe", 1);
    EXPECT_EQ(paths(R"({"store": "~/keys"})"), R"({"store":"/home/zoe/keys"})");
    EXPECT_EQ(paths(R"({"store": "~"})"), R"({"store":"/home/zoe/"})");
    EXPECT_EQ(paths(R"({"store": "../keys"})"), R"({"store":"/etc/keys"})");
    EXPECT_EQ(paths(R"({"store": "/var/keys"})"), R"({"store":"/var/keys"})");
    EXPECT_EQ(paths(R"({"store": ""})"), R"({"store":""})");
    EXPECT_EQ(paths(R"({"store": "/x", "turn": [{"host": "~", "secret_file": "s"}]})"),
              R"({"store":"/x","turn":[{"host":"~","secret_file":"/etc/jackfield/s"}]})");
    EXPECT_EQ(paths(R"({"store": "/x", "where": "here"})"), R"({"store":"/x","where":"/etc/jackfield/here"})");
}

TEST_F(Options, OfAnotherUsersHomeAreRefused)
{
    EXPECT_EQ(problem_of(R"({"store": "~zoe/keys"})"),
              "call.json: /slots/connectivity/config/store: of ~ paths only ~/... is understood, found \"~zoe/keys\"");
}

TEST_F(Options, ThatMustMatchAPatternAreBoundedInLength)
{
    const std::string longest(2 * 1024, 'a');
    EXPECT_EQ(problem(R"("ids": [")" + longest + R"("])"), "accepted");
    EXPECT_EQ(problem(R"("ids": [")" + longest + R"(a"])"),
              "call.json: /slots/connectivity/config/ids/0: longer than 2 KiB");
    EXPECT_EQ(problem(R"("turn": [{"host": ")" + std::string(500'000, 'a') + R"("}])"), "accepted");
}

TEST_F(Options, OfAPluginWithoutASchemaCanOnlyBeNone)
{
    Manifest manifest;
    manifest.id = "ice-x";
    manifest.path = "plugins/ice-x.plugin.json";
    const OptionsPlace place{"call.json", "/slots/connectivity/config", ""};
    EXPECT_EQ(check_options("{}", manifest, place), "{}");
    EXPECT_EQ(check_options(R"({"a": 1})", manifest, place).error().text,
              "call.json: /slots/connectivity/config/a: no such option of ice-x\n"
              "  searched   plugins/ice-x.plugin.json\n"
              "  available  none");
}

TEST_F(Options, OfAPluginThatWasHandedInAreCheckedAgainstTheSchemaItBrought)
{
    Manifest manifest;
    manifest.id = "ice-x";
    manifest.schema_json = R"({"type": "object", "properties": {"a": {"type": "integer"}}})";
    const OptionsPlace place{"call.json", "/slots/connectivity/config", ""};
    EXPECT_EQ(check_options(R"({"a": 1})", manifest, place), R"({"a":1})");
    EXPECT_EQ(check_options(R"({"a": "1"})", manifest, place).error().text,
              "call.json: /slots/connectivity/config/a: expected a whole number, found \"1\"");
}

TEST_F(Options, CannotBeCheckedAgainstABrokenSchema)
{
    const std::string at = "call.json: /slots/connectivity/config: the schema of ice-x cannot be ";
    EXPECT_EQ(problem_of("{}", "[]"), at + "read: not an object");
    EXPECT_TRUE(problem_of("{}", "{").starts_with(at + "read: line 1, column 2: syntax error"));
    EXPECT_TRUE(problem_of("{}", R"({"properties": 7})").starts_with(at + "used: "));
    EXPECT_TRUE(problem_of("{}", R"({"type": "colour"})").starts_with(at + "used: "));
    EXPECT_TRUE(problem_of("{}", R"({"$ref": "http://example.org/x"})").starts_with(at + "used: "));
    EXPECT_EQ(problem_of("{}", std::string(1000, '[').c_str()), at + "read: nested deeper than 32 levels");
}

} // namespace
