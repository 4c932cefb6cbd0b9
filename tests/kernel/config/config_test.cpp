// The shape of the configuration file: what is read, and the exact place and words of each mistake.

#include "kernel/config/config.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <jackfield/abi/host.h>

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace jackfield::kernel;
using namespace std::chrono_literals;
using jackfield::test::TemporaryFolder;

std::string problem(const std::string& text)
{
    const auto config = parse_config(text, "call.json");
    if (config)
        return "accepted";
    EXPECT_EQ(config.error().status, JF_BAD_CONFIG);
    return config.error().text;
}

std::string problem_in_slots(const std::string& slots)
{
    return problem(R"({"jackfield": 1, "slots": )" + slots + "}");
}

std::string problem_in_call(const std::string& call)
{
    return problem(R"({"jackfield": 1, "slots": {}, "call": )" + call + "}");
}

TEST(Config, IsReadWhole)
{
    const auto config = parse_config(R"({
        // a comment
        "jackfield": 1,
        "plugin_path": ["./plugins", "/opt/more"],
        "slots": {
            "codec": [ { "use": "codec-a", "config": { "b": [1, "x"] } }, { "use": "codec-b", "optional": true, "isolate": true } ],
            "identity": { "use": "identity-x509" },
            "discovery": { "use": "discovery-opendht" } /* one where a list may stand */
        },
        "call": { "control_policy": "udp-only", "tcp_grace_ms": 0, "ring_timeout_s": 600, "connect_timeout_s": 1,
                  "bundle": "never", "allow_unproven_peer": true, "display_name": "Zoë",
                  "calls_from": "contacts", "contact_requests": "nobody" },
        "link": { "idle_timeout_s": 60, "ping_interval_s": 5 },
        "files": { "folder": "in", "from": "anyone", "quota_mib": 10, "file_mib": 5 },
        "contacts": "people.json",
        "profile": { "card": "me.vcf" },
        "texts": { "file": "said.sqlite", "max_mib": 7, "per_second": 3, "burst": 9 },
        "log": { "level": "debug" }
    })",
                                     "call.json", "/etc/jackfield");
    ASSERT_TRUE(config.has_value()) << config.error().text;
    EXPECT_EQ(config->name, "call.json");
    ASSERT_EQ(config->plugin_path.size(), 2U);
    EXPECT_EQ(config->plugin_path[0], "/etc/jackfield/plugins");
    ASSERT_EQ(config->choices.size(), 4U);
    EXPECT_EQ(config->choices[0].slot->name, "identity"); // in the order of a call, not of the file
    EXPECT_EQ(config->choices[0].pointer, "/slots/identity");
    EXPECT_EQ(config->choices[0].config_json, "{}");
    EXPECT_EQ(config->choices[1].use, "discovery-opendht");
    EXPECT_EQ(config->choices[1].pointer, "/slots/discovery");
    EXPECT_EQ(config->choices[2].config_json, R"({"b":[1,"x"]})");
    EXPECT_EQ(config->choices[2].pointer, "/slots/codec/0");
    EXPECT_FALSE(config->choices[2].optional);
    EXPECT_TRUE(config->choices[3].optional);
    EXPECT_FALSE(config->choices[2].isolate);
    EXPECT_TRUE(config->choices[3].isolate);
    EXPECT_EQ(config->call.control_policy, ControlPolicy::kUdpOnly);
    EXPECT_EQ(config->call.tcp_grace, 0ms);
    EXPECT_EQ(config->call.ring_timeout, 600s);
    EXPECT_EQ(config->call.connect_timeout, 1s);
    EXPECT_EQ(config->link.idle_timeout, 60s);
    EXPECT_EQ(config->link.ping_interval, 5s);
    EXPECT_EQ(config->files.download.folder, "/etc/jackfield/in");
    EXPECT_EQ(config->files.download.quota_bytes, 10U << 20);
    EXPECT_EQ(config->files.download.file_bytes, 5U << 20);
    EXPECT_EQ(config->files.from, CallsFrom::kAnyone);
    EXPECT_EQ(config->call.bundle, Bundle::kNever);
    EXPECT_TRUE(config->call.allow_unproven_peer);
    EXPECT_EQ(config->call.display_name, "Zoë");
    EXPECT_EQ(config->call.calls_from, CallsFrom::kContacts);
    EXPECT_EQ(config->call.contact_requests, ContactRequestsFrom::kNobody);
    EXPECT_EQ(config->profile.card, "/etc/jackfield/me.vcf");
    EXPECT_EQ(config->profile.folder, "/etc/jackfield/call.cards");
    EXPECT_EQ(config->contacts, "/etc/jackfield/people.json");
    EXPECT_EQ(config->texts.file, "/etc/jackfield/said.sqlite");
    EXPECT_EQ(config->texts.max_mib, 7);
    EXPECT_EQ(config->texts.per_second, 3);
    EXPECT_EQ(config->texts.burst, 9);
    EXPECT_EQ(config->log_level, JF_LOG_DEBUG);
}

TEST(Config, LetsPathDecoratorsSayWhereTheyStand)
{
    const auto config = parse_config(R"({"jackfield": 1, "slots": { "path_decorator": [
        { "use": "path-a", "at": "media" }, { "use": "path-b", "at": ["signaling", "control", "secured"] } ] } })",
                                     "call.json");
    ASSERT_TRUE(config.has_value()) << config.error().text;
    EXPECT_EQ(config->choices[0].seams, std::vector{Seam::kMedia});
    EXPECT_EQ(config->choices[1].seams, (std::vector{Seam::kSignaling, Seam::kControl, Seam::kSecured}));
}

TEST(Config, MustSayWhereADecoratorStands)
{
    const std::string expected = "expected one of control, secured, signaling, media, or a list of them, each once";
    const auto at = [](const std::string& value) {
        return problem_in_slots(R"({"path_decorator": {"use": "path-a", "at": )" + value + "}}");
    };
    EXPECT_EQ(problem_in_slots(R"({"path_decorator": {"use": "path-a"}})"),
              "call.json: /slots/path_decorator/at: missing; " + expected);
    EXPECT_EQ(at(R"("middle")"), "call.json: /slots/path_decorator/at: " + expected + R"(, found "middle")");
    EXPECT_EQ(at("[]"), "call.json: /slots/path_decorator/at: " + expected + ", found []");
    EXPECT_EQ(at("7"), "call.json: /slots/path_decorator/at: " + expected + ", found 7");
    EXPECT_EQ(at(R"(["media", "media"])"), "call.json: /slots/path_decorator/at: " + expected + ", found a list");
    EXPECT_EQ(problem_in_slots(R"({"signaling": {"use": "x", "at": "media"}})").substr(0, 43),
              "call.json: /slots/signaling/at: no such key");
}

TEST(Config, HasDefaults)
{
    const auto config = parse_config(R"({"jackfield": 1, "slots": {}})", "call.json");
    ASSERT_TRUE(config.has_value()) << config.error().text;
    EXPECT_EQ(config->call.control_policy, ControlPolicy::kTcpPreferred);
    EXPECT_EQ(config->call.tcp_grace, 100ms);
    EXPECT_EQ(config->call.ring_timeout, 30s);
    EXPECT_EQ(config->call.connect_timeout, 15s);
    EXPECT_EQ(config->call.bundle, Bundle::kAuto);
    EXPECT_FALSE(config->call.allow_unproven_peer);
    EXPECT_EQ(config->call.display_name, "");
    EXPECT_EQ(config->call.calls_from, CallsFrom::kAnyone);
    EXPECT_EQ(config->call.contact_requests, ContactRequestsFrom::kAnyone);
    EXPECT_TRUE(config->contacts.empty());
    EXPECT_TRUE(config->texts.file.empty());
    EXPECT_EQ(config->log_level, JF_LOG_INFO);
    EXPECT_EQ(config->plugin_path, default_plugin_path());
}

TEST(Config, LooksForPluginsBesideTheProgramAndWhereTheyAreInstalled)
{
    const auto path = default_plugin_path();
    ASSERT_EQ(path.size(), 2U);
    EXPECT_EQ(path[0], std::filesystem::path(JACKFIELD_BINARY_DIR) / "plugins"); // this test is <build>/tests/...
    EXPECT_TRUE(path[1].string().ends_with("/jackfield/plugins")) << path[1];
}

TEST(Config, SaysWhereItsSyntaxIsWrong)
{
    const auto text = problem("{\n  \"jackfield\": 1,\n  \"slots\" {}\n}");
    EXPECT_TRUE(text.starts_with("call.json: line 3, column 11: syntax error")) << text;
}

TEST(Config, IsBoundedInSizeAndDepth)
{
    EXPECT_EQ(problem(std::string((1 << 20) + 1, ' ')), "call.json: larger than 1024 KiB");
    EXPECT_EQ(problem(std::string(1000, '[') + std::string(1000, ']')), "call.json: nested deeper than 32 levels");
    std::string deep_options;
    for (int i = 0; i < 1000; ++i)
        deep_options += R"({"a":)";
    EXPECT_EQ(problem_in_slots(R"({"codec": {"use": "x", "config": )" + deep_options),
              "call.json: nested deeper than 32 levels");
    EXPECT_EQ(problem("{ \"jackfield\": 1, \"slots\": {} } // \xff"), "call.json: line 1, column 36: not UTF-8");
}

TEST(Config, MustBeAnObjectWithVersionOneAndSlots)
{
    EXPECT_EQ(problem("[]"), "call.json: expected an object, found []");
    EXPECT_EQ(problem("{}"), "call.json: /jackfield: missing; a configuration says \"jackfield\": 1");
    EXPECT_EQ(problem(R"({"jackfield": 2})"), "call.json: /jackfield: expected 1, the only version there is, found 2");
    EXPECT_EQ(problem(R"({"jackfield": "1"})"),
              "call.json: /jackfield: expected 1, the only version there is, found \"1\"");
    EXPECT_EQ(problem(R"({"jackfield": 1})"), "call.json: /slots: missing; it says which plugin does which step");
}

TEST(Config, NamesTheNearestKeyForOneItDoesNotKnow)
{
    EXPECT_EQ(problem(R"({"jackfield": 1, "slot": {}})"),
              "call.json: /slot: no such key; did you mean \"slots\"?\n"
              "  known      jackfield, plugin_path, plugins, slots, call, link, files, contacts, profile, texts, log");
    EXPECT_EQ(problem_in_slots(R"({"conectivity": {"use": "ice-libnice"}})"),
              "call.json: /slots/conectivity: no such slot; did you mean \"connectivity\"?\n"
              "  known      identity, discovery, connectivity, path_decorator, secure_channel, reliable_stream, "
              "multiplexer, signaling, "
              "media_transport, congestion_control, codec, media_source, media_sink, audio_stage, control");
    EXPECT_EQ(problem_in_slots(R"({"codec": [{"use": "a"}, {"use": "b", "confg": {}}]})"),
              "call.json: /slots/codec/1/confg: no such key; did you mean \"config\"?\n"
              "  known      use, config, optional, isolate");
    EXPECT_EQ(problem_in_call(R"({"ring_timeout": 3})"),
              "call.json: /call/ring_timeout: no such key; did you mean \"ring_timeout_s\"?\n"
              "  known      control_policy, tcp_grace_ms, ring_timeout_s, connect_timeout_s, bundle, "
              "allow_unproven_peer, display_name, calls_from, contact_requests, send, play");
    EXPECT_EQ(problem(R"({"jackfield": 1, "slots": {}, "log": {"file": "x"}})"), "call.json: /log/file: no such key\n"
                                                                                 "  known      level");
}

TEST(Config, NeedsAListOfContactsToTakeCallsOfContactsAlone)
{
    EXPECT_EQ(problem_in_call(R"({"calls_from": "contacts"})"),
              "call.json: /call/calls_from: \"contacts\", and there is no list of them; \"contacts\": "
              "\"contacts.json\" at the top names one");
    EXPECT_EQ(problem(R"({"jackfield": 1, "slots": {}, "contacts": ""})"),
              "call.json: /contacts: expected the name of a file, found \"\"");
}

TEST(Config, NeedsAFolderForFilesAndSomebodyToTakeThemOf)
{
    EXPECT_EQ(problem(R"({"jackfield": 1, "slots": {}, "files": {}})"),
              "call.json: /files/folder: missing; it names the folder that files of peers are put into");
    EXPECT_EQ(problem(R"({"jackfield": 1, "slots": {}, "files": {"folder": "in"}})"),
              "call.json: /files/from: \"contacts\" (the default), and there is no list of them; \"contacts\": "
              "\"contacts.json\" at the top names one, \"from\": \"anyone\" takes files of everybody");
    EXPECT_TRUE(parse_config(R"({"jackfield": 1, "slots": {}, "files": {"folder": "in"}, "contacts": "c.json"})", "x"));
}

TEST(Config, KeepsTextsBesideItselfUnlessItSaysWhere)
{
    const auto config = parse_config(R"({"jackfield": 1, "slots": {}, "texts": {}})", "/etc/alice.json", "/etc");
    ASSERT_TRUE(config.has_value()) << config.error().text;
    EXPECT_EQ(config->texts.file, "/etc/alice.texts.sqlite");
    EXPECT_EQ(config->texts.max_mib, 256);
    EXPECT_EQ(config->texts.per_second, 20);
    EXPECT_EQ(config->texts.burst, 100);
    EXPECT_EQ(problem(R"({"jackfield": 1, "slots": {}, "texts": {"file": ""}})"),
              "call.json: /texts/file: expected the name of a file, found \"\"");
    EXPECT_EQ(problem(R"({"jackfield": 1, "slots": {}, "texts": {"max_mib": 0}})"),
              "call.json: /texts/max_mib: expected a whole number from 1 to 1048576, found 0");
    EXPECT_EQ(problem(R"({"jackfield": 1, "slots": {}, "texts": {"limit": 1}})"),
              "call.json: /texts/limit: no such key\n  known      file, max_mib, per_second, burst");
}

TEST(Config, RefusesSlotsOfTheWrongShape)
{
    EXPECT_EQ(problem_in_slots("[]"), "call.json: /slots: expected an object, found []");
    EXPECT_EQ(problem_in_slots(R"({"identity": "identity-x509"})"),
              "call.json: /slots/identity: expected an object, found \"identity-x509\"");
    EXPECT_EQ(problem_in_slots(R"({"identity": [{"use": "identity-x509"}]})"),
              "call.json: /slots/identity: expected one object, found a list; only one plugin can fill this slot");
    EXPECT_EQ(problem_in_slots(R"({"codec": []})"), "call.json: /slots/codec: expected 1 to 16 plugins, found 0");
    EXPECT_EQ(problem_in_slots(R"({"codec": [7]})"), "call.json: /slots/codec/0: expected an object, found 7");
    EXPECT_EQ(problem_in_slots(R"({"codec": {}})"), "call.json: /slots/codec/use: missing; it names the plugin");
    EXPECT_EQ(problem_in_slots(R"({"codec": {"use": null}})"),
              "call.json: /slots/codec/use: expected a string of at most 64 bytes, found null");
    EXPECT_EQ(problem_in_slots(R"({"codec": {"use": "a", "config": []}})"),
              "call.json: /slots/codec/config: expected an object, found []");
    EXPECT_EQ(problem_in_slots(R"({"codec": {"use": "a", "optional": 1}})"),
              "call.json: /slots/codec/optional: expected true or false, found 1");
    EXPECT_EQ(problem_in_slots(R"({"identity": {"use": "a", "isolate": true}})"),
              "call.json: /slots/identity/isolate: plugins of the slot identity run in Jackfield's own process only; "
              "those of "
              "path_decorator, codec, audio_stage can be isolated");
}

TEST(Config, RefusesMoreThanSixteenPluginsInASlot)
{
    std::string list = R"({"use": "a"})";
    for (int i = 0; i < 16; ++i)
        list += R"(, {"use": "a"})";
    EXPECT_EQ(problem_in_slots(R"({"codec": [)" + list + "]}"),
              "call.json: /slots/codec: expected 1 to 16 plugins, found 17");
}

TEST(Config, RefusesTheSameSlotTwice)
{
    EXPECT_EQ(problem_in_slots(R"({"codec": {"use": "a"}, "codec": {"use": "b"}})"),
              "call.json: the key \"codec\" stands twice in one object");
}

TEST(Config, RefusesCallSettingsThatAreNone)
{
    EXPECT_EQ(problem_in_call("7"), "call.json: /call: expected an object, found 7");
    EXPECT_EQ(
        problem_in_call(R"({"control_policy": "tcp_preferred"})"),
        "call.json: /call/control_policy: expected one of \"tcp-preferred\", \"race\", \"tcp-only\", \"udp-only\", "
        "found \"tcp_preferred\"; did you mean \"tcp-preferred\"?");
    EXPECT_EQ(problem_in_call(R"({"bundle": false})"),
              "call.json: /call/bundle: expected one of \"auto\", \"never\", found false");
    EXPECT_EQ(problem_in_call(R"({"ring_timeout_s": 0})"),
              "call.json: /call/ring_timeout_s: expected a whole number from 1 to 600, found 0");
    EXPECT_EQ(problem_in_call(R"({"ring_timeout_s": 18446744073709551615})"),
              "call.json: /call/ring_timeout_s: expected a whole number from 1 to 600, found 18446744073709551615");
    EXPECT_EQ(problem_in_call(R"({"ring_timeout_s": 3.5})"),
              "call.json: /call/ring_timeout_s: expected a whole number from 1 to 600, found 3.5");
    EXPECT_EQ(problem_in_call(R"({"tcp_grace_ms": "5"})"),
              "call.json: /call/tcp_grace_ms: expected a whole number from 0 to 10000, found \"5\"");
    EXPECT_EQ(problem_in_call(R"({"connect_timeout_s": -1})"),
              "call.json: /call/connect_timeout_s: expected a whole number from 1 to 300, found -1");
    EXPECT_EQ(problem(R"({"jackfield": 1, "slots": {}, "log": {"level": "warn"}})"),
              "call.json: /log/level: expected one of \"debug\", \"info\", \"warning\", \"error\", found \"warn\"");
}

TEST(Config, RefusesPluginFoldersThatAreNone)
{
    EXPECT_EQ(problem(R"({"jackfield": 1, "slots": {}, "plugin_path": "plugins"})"),
              "call.json: /plugin_path: expected a list of at most 16 folders, found \"plugins\"");
    EXPECT_EQ(problem(R"({"jackfield": 1, "slots": {}, "plugin_path": ["a", ""]})"),
              "call.json: /plugin_path/1: expected a folder, found \"\"");
}

TEST(Config, FromAFileTakesRelativeFoldersFromThere)
{
    const TemporaryFolder folder;
    const auto file = folder.write("etc/call.json", R"({"jackfield": 1, "slots": {}, "plugin_path": ["../plugins"]})");
    const auto config = load_config(file);
    ASSERT_TRUE(config.has_value()) << config.error().text;
    EXPECT_EQ(config->name, file.string());
    EXPECT_EQ(config->plugin_path[0], folder.path() / "plugins");
}

TEST(Config, ThatIsNotThereIsAnErrorThatSaysWhereItWasLookedFor)
{
    const TemporaryFolder folder;
    const auto file = (folder.path() / "call.json").string();
    const auto missing = load_config(file);
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().status, JF_NOT_FOUND);
    EXPECT_EQ(missing.error().text, file + ": No such file or directory\n  searched   " + file);
    EXPECT_TRUE(load_config(folder.path()).error().text.starts_with(folder.path().string() + ": Is a directory"));
}

TEST(ConfigProfile, HasANameOrACardAndGivesCallersAName)
{
    const auto with = [](const std::string& more) {
        return parse_config(R"({"jackfield": 1, "slots": {})" + more + "}", "call.json", "/etc/jackfield");
    };
    const auto named = with(R"(, "profile": {"name": "Zo\u00eb"})");
    ASSERT_TRUE(named) << named.error().text;
    EXPECT_EQ(named->call.display_name, "Zo\xc3\xab");
    EXPECT_EQ(named->profile.folder, "/etc/jackfield/call.cards");
    EXPECT_EQ(with(R"(, "profile": {"name": "a"}, "call": {"display_name": "b"})")->call.display_name, "b");
    EXPECT_TRUE(with("")->profile.folder.empty()) << "no cards are taken";
    EXPECT_FALSE(with(R"(, "contacts": "people.json")")->profile.folder.empty());
    for (const char* profile : {"{}", R"({"name": "a", "card": "b.vcf"})", R"({"name": ""})"})
        EXPECT_EQ(problem(R"({"jackfield": 1, "slots": {}, "profile": )" + std::string(profile) + "}"),
                  "call.json: /profile: expected \"name\" or \"card\", one of the two and not empty");
}

} // namespace
