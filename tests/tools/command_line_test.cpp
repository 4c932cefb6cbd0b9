// What the program answers to command lines: help, errors, tables; with streams that are missing or full.

#include "tests/kernel/temporary_folder.hpp"
#include "tests/need_plugins.hpp"
#include "tests/schema_check/schema_check.hpp"
#include "tests/tools/running_program.hpp"
#include "tools/jackfield/exit_code.hpp"
#include "tools/jackfield/verbs.hpp"

#include <jackfield/abi/types.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <fstream>

namespace {

using jackfield::test::How;
using jackfield::test::run;
using namespace jackfield::program;
using Json = nlohmann::json;

const std::string kSamples = JACKFIELD_SOURCE_DIR "/samples/configs/";
const std::string kSomebody(64, 'a');

/// Those that the file names. Others may be missing.
void need_plugins_of(const std::string& sample)
{
    const Json config = Json::parse(std::ifstream(kSamples + sample), nullptr, true, /*ignore_comments=*/true);
    for (const auto& slot : config["slots"]) {
        for (const auto& choice : slot.is_array() ? slot : Json::array({slot}))
            jackfield::test::need_plugins({choice["use"]});
    }
}

/// A configuration that would make an identity in the folder, should anything be opened.
std::string config_in(const jackfield::test::TemporaryFolder& folder)
{
    Json config = Json::parse(std::ifstream(kSamples + "static-peers.json"), nullptr, true, /*ignore_comments=*/true);
    config["plugin_path"] = {JACKFIELD_TEST_PLUGIN_DIR};
    config["slots"]["identity"]["config"]["store"] = (folder.path() / "store").string();
    config["slots"]["discovery"][0]["config"]["listen"] = "127.0.0.1:0";
    config["slots"]["discovery"][0]["config"]["peers"][0]["address"] = "127.0.0.1:9"; // nobody is there
    config["slots"]["connectivity"]["config"]["addresses"] = {"127.0.0.1"};
    return folder.write("peer.json", config.dump()).string();
}

TEST(CommandLine, WithoutAVerbShowsThemAndFails)
{
    const auto ran = run({});
    EXPECT_EQ(ran.code, kUsage);
    EXPECT_EQ(ran.out, "") << "an error, and no output";
    EXPECT_NE(ran.err.find("usage: jackfield VERB"), std::string::npos) << ran.err;
}

TEST(CommandLine, HelpShowsEveryVerb)
{
    const auto ran = run({"--help"});
    EXPECT_EQ(ran.code, kOk);
    EXPECT_EQ(ran.err, "");
    for (const auto& verb : all_verbs())
        EXPECT_NE(ran.out.find("  " + verb.info.name + " "), std::string::npos) << verb.info.name;
}

TEST(CommandLine, EveryVerbHasHelpWithItsOptionsAndTheExitCodes)
{
    for (const auto& verb : all_verbs()) {
        const auto ran = run({verb.info.name, "--help"});
        EXPECT_EQ(ran.code, kOk) << verb.info.name;
        EXPECT_EQ(ran.err, "") << verb.info.name;
        for (const auto& option : verb.info.options)
            EXPECT_NE(ran.out.find("--" + option.name), std::string::npos) << verb.info.name << " --" << option.name;
        EXPECT_NE(ran.out.find("Exit codes:"), std::string::npos) << verb.info.name;
    }
}

TEST(CommandLine, VersionIsTheProjectsAndThePluginAbis)
{
    const auto ran = run({"--version"});
    EXPECT_EQ(ran.code, kOk);
    EXPECT_EQ(ran.out, "jackfield " JACKFIELD_VERSION ", plugin ABI " + std::to_string(JF_ABI_MAJOR) + "." +
                           std::to_string(JF_ABI_MINOR) + "\n");
}

TEST(CommandLine, AnUnknownVerbIsSaidWithTheOneThatWasMeant)
{
    const auto ran = run({"lisen"});
    EXPECT_EQ(ran.code, kUsage);
    EXPECT_NE(ran.err.find("there is no verb \"lisen\"; did you mean \"listen\"?"), std::string::npos) << ran.err;
}

struct Wrong {
    std::vector<std::string> line; // "CONFIG" stands for a configuration
    std::string said;
    int code = kUsage;
};

const Wrong kWrong[] = {
    {{"call", "--config", "CONFIG"}, "PEER is missing"},
    {{"call", "--config", "CONFIG", "bob"}, "\"bob\" is no account: "},
    {{"call", "--config", "CONFIG", kSomebody, kSomebody}, "one argument too many"},
    {{"call", "--config", "CONFIG", "--for", "soon", kSomebody}, "--for takes a number of seconds"},
    {{"call", "--config", "CONFIG", "--events", "xml", kSomebody}, "--events takes"},
    {{"call", "--config", "CONFIG", "--log", "loud", kSomebody}, "--log takes debug, info, warning or error"},
    {{"call", "--config", "CONFIG", "--trace", "t.xml", kSomebody}, ".jsonl"},
    {{"call", "--config", "CONFIG", "--overwrite", kSomebody}, "--record"},
    {{"call", "--config", "CONFIG", "--trace", "/no/such/folder/t.csv", kSomebody}, "cannot be written", kMedia},
    {{"call", "--config", "CONFIG", "--record", "/no/such/folder/a.mkv", kSomebody}, "there is no folder", kMedia},
    {{"call", "--config", "CONFIG", "--trace", "CONFIG", kSomebody}, "is the configuration", kUsage},
    {{"listen", "--config", "CONFIG", "--answer", "--decline"}, "exclude each other"},
    {{"listen", "--config", "CONFIG", "--send", "/no/such/film.mp4"}, "no such file", kMedia},
    {{"listen", "--config", "CONFIG", "bob"}, "one argument too many"},
    {{"id", "--config", "/no/such/file.json"}, "/no/such/file.json", kConfiguration},
    {{"dht", "--port", "70000"}, "--port takes a number from 0 to 65535"},
    {{"dht", "--port", "0", "--events", "xml"}, "--events takes"},
    {{"demo", "--for", "-1"}, "--for takes a number of seconds"},
    {{"explain"}, "CONFIG is missing"},
    {{"explain", "/no/such/file.json"}, "/no/such/file.json", kConfiguration},
    {{"new", "codec"}, "NAME is missing"},
    {{"new", "codek", "codec-mine"}, "there is no slot \"codek\"; did you mean \"codec\"?; there are templates for"},
    {{"new", "control", "control-mine"}, "no template for the slot control yet; there are templates for identity, "},
    {{"new", "codec", "Mine"}, "cannot be the name of a plugin"},
    {{"new", "codec", "../mine"}, "cannot be the name of a plugin"},
    {{"new", "--folder", "/proc/none", "codec", "mine"}, "cannot be made", kMedia},
    {{"completion", "csh"}, "not for \"csh\""},
    {{"contacts", "--config", "CONFIG", "befriend", "bob"}, "what would work: add NAME ACCOUNT, ban PEER"},
    {{"contacts", "--config", "CONFIG", "add", "bob"}, "\"add bob\" is not understood"},
    {{"contacts", "--config", "CONFIG"}, "/contacts: missing", kConfiguration},
    {{"text", "--config", "CONFIG", kSomebody}, "PEER MESSAGE... is missing"},
    {{"text", "--config", "CONFIG", kSomebody, "hello"}, "/texts: missing", kConfiguration},
    {{"text", "--config", "CONFIG", "--wait", "long", kSomebody, "hello"}, "--wait takes a number of seconds"},
    {{"inbox", "--config", "CONFIG"}, "/texts: missing", kConfiguration},
    {{"inbox", "--config", "CONFIG", "--last", "0"}, "--last takes a number from 1 to"},
};

TEST(CommandLine, AMistakeIsSaidBeforeAnythingIsOpened)
{
    const jackfield::test::TemporaryFolder folder;
    const auto config = config_in(folder);
    for (const auto& wrong : kWrong) {
        auto line = wrong.line;
        std::ranges::replace(line, std::string("CONFIG"), config);
        const auto ran = run(line);
        EXPECT_EQ(ran.code, wrong.code) << ran.err;
        EXPECT_NE(ran.err.find(wrong.said), std::string::npos) << ran.err;
        EXPECT_EQ(ran.out, "") << wrong.said;
        const bool usage = ran.err.find("jackfield " + line.front() + " --help") != std::string::npos;
        EXPECT_EQ(usage, wrong.code == kUsage) << ran.err;
        EXPECT_FALSE(std::filesystem::exists(folder.path() / "store")) << wrong.said;
        EXPECT_GT(std::filesystem::file_size(config), 100U) << wrong.said;
    }
}

TEST(CommandLine, WhatAUserTypedDoesNotSteerTheTerminalInAnError)
{
    for (const auto& line : {std::vector<std::string>{"\x1b[2J"},
                             {"call", "\x1b[2J"},
                             {"call", "--\x1b[2J"},
                             {"explain", "\x1b[2J"},
                             {"completion", "\x1b[2J"}})
        EXPECT_EQ(run(line).err.find('\x1b'), std::string::npos) << line.back();
}

TEST(ContactsVerb, KeepsAListThatPeopleAndScriptsCanRead)
{
    const jackfield::test::TemporaryFolder folder;
    const auto config =
        folder.write("c.json", R"({"jackfield":1,"slots":{},"contacts":"people/contacts.json"})").string();
    const auto contacts = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"contacts", "--config", config});
        return run(words);
    };
    EXPECT_EQ(contacts({}).out, "");
    EXPECT_EQ(contacts({"add", "Bob", kSomebody}).code, kOk);
    EXPECT_EQ(contacts({"ban", std::string(64, 'B')}).code, kOk) << "somebody without a name";
    EXPECT_EQ(contacts({}).out, kSomebody + "          Bob\n" + std::string(64, 'b') + "  banned  \n");
    EXPECT_EQ(contacts({"add", "Robert", kSomebody}).code, kOk);
    EXPECT_EQ(contacts({"ban", "robert"}).code, kOk);
    EXPECT_EQ(contacts({"allow", std::string(64, 'b')}).code, kOk);
    const Json listed = Json::parse(contacts({"--json"}).out)["contacts"];
    ASSERT_EQ(listed.size(), 2U);
    EXPECT_EQ(listed[0], (Json{{"account", kSomebody}, {"name", "Robert"}, {"banned", true}, {"asked", false}}));
    EXPECT_EQ(listed[1]["banned"], false);
    EXPECT_EQ(contacts({"remove", "Robert"}).code, kOk);
    const auto gone = contacts({"remove", "Robert"});
    EXPECT_EQ(gone.code, kUsage);
    EXPECT_NE(gone.err.find("there is no contact \"Robert\""), std::string::npos) << gone.err;
    EXPECT_EQ(contacts({"add", "bob", "bob"}).code, kUsage);
}

TEST(ContactsVerb, ShowsWhoAsksAndTakesADecisionWithoutANode)
{
    const jackfield::test::TemporaryFolder folder;
    const auto config = folder.write("c.json", R"({"jackfield":1,"slots":{},"contacts":"people.json"})").string();
    folder.write("people.requests.json", R"({"requests":[{"account":")" + kSomebody +
                                             R"(","at":"2026-11-27T10:00:00.000Z","name":"Bob","note":"we met"},
        {"account":")" + std::string(64, 'c') +
                                             R"(","at":"2026-11-27T10:00:00.000Z","name":"Bob"}]})");
    const auto contacts = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"contacts", "--config", config});
        return run(words);
    };
    EXPECT_EQ(contacts({"requests"}).out,
              kSomebody + "  2026-11-27T10:00  Bob: we met\n" + std::string(64, 'c') + "  2026-11-27T10:00  Bob\n");
    EXPECT_EQ(Json::parse(contacts({"requests", "--json"}).out)["requests"][0]["note"], "we met");
    const auto two = contacts({"accept", "Bob"});
    EXPECT_EQ(two.code, kUsage);
    EXPECT_NE(two.err.find("more than one \"Bob\""), std::string::npos) << two.err;
    EXPECT_EQ(contacts({"decline", std::string(64, 'c')}).code, kOk);
    EXPECT_EQ(contacts({"accept", "Bob", "bobby"}).code, kOk);
    EXPECT_EQ(contacts({"requests"}).out, "");
    EXPECT_EQ(contacts({}).out, kSomebody + "          bobby\n");
    EXPECT_EQ(contacts({"accept", "Bob"}).code, kUsage);
    EXPECT_EQ(contacts({"accept", "a", "b", "c"}).code, kUsage);
    const auto service = contacts({"request", "sip:bob@example.net"});
    EXPECT_EQ(service.code, kConfiguration);
    EXPECT_NE(service.err.find("would work"), std::string::npos) << service.err;
}

TEST(ContactsVerb, TellsScriptsWhatAChangeHasComeTo)
{
    const jackfield::test::TemporaryFolder folder;
    const auto config = folder.write("c.json", R"({"jackfield":1,"slots":{},"contacts":"people.json"})").string();
    const std::string other(64, 'c');
    const std::string third(64, 'd');
    Json requests = Json::array();
    for (const auto& account : {other, third})
        requests.push_back({{"account", account}, {"at", "2026-11-27T10:00:00.000Z"}, {"name", account.substr(0, 1)}});
    folder.write("people.requests.json", Json{{"requests", requests}}.dump());
    const auto told = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"contacts", "--config", config, "--events", "json"});
        return Json::parse(run(words).out, nullptr, false);
    };
    const auto contact = [](const std::string& account, const std::string& name, bool banned) {
        return Json{{"account", account}, {"name", name}, {"banned", banned}, {"asked", false}};
    };
    EXPECT_EQ(told({"add", "Bob", kSomebody}), contact(kSomebody, "Bob", false));
    EXPECT_EQ(told({"ban", "bob"}), contact(kSomebody, "Bob", true));
    EXPECT_EQ(told({"allow", "bob"}), contact(kSomebody, "Bob", false));
    EXPECT_EQ(told({"requests"})["requests"].size(), 2U);
    EXPECT_EQ(told({"accept", other, "Carol"}), contact(other, "Carol", false));
    EXPECT_EQ(told({"decline", third}), (Json{{"account", third}, {"request", "declined"}}));
    EXPECT_EQ(told({})["contacts"].size(), 2U);
    EXPECT_EQ(told({"remove", "bob"}), (Json{{"account", kSomebody}, {"removed", true}}));
    EXPECT_TRUE(told({"remove", "bob"}).is_discarded()) << "an error is for standard error";
}

TEST(ContactsVerb, TellsTheNearestNameOfOneThatIsCalledAndNotThere)
{
    const jackfield::test::TemporaryFolder folder;
    folder.write("people.json", R"({"contacts":[{"account":")" + kSomebody + R"(","name":"bob"}]})");
    const auto config = folder.write("c.json", R"({"jackfield":1,"slots":{},"contacts":"people.json"})").string();
    const auto ran = run({"call", "--config", config, "rob"});
    EXPECT_EQ(ran.code, kUsage);
    EXPECT_NE(ran.err.find("people.json; did you mean \"bob\"?"), std::string::npos) << ran.err;
}

TEST(LookingVerbs, ListPluginsInATable)
{
    jackfield::test::need_plugins({"ice-libnice"});
    const jackfield::test::TemporaryFolder folder;
    const auto ran = run({"plugins", "--config", config_in(folder)});
    EXPECT_EQ(ran.code, kOk) << ran.err;
    EXPECT_NE(ran.out.find("ice-libnice 0.1.0"), std::string::npos) << ran.out;
    EXPECT_NE(ran.out.find("jackfield.connectivity/1"), std::string::npos) << ran.out;
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "store"));
}

TEST(LookingVerbs, ListPluginsForScripts)
{
    jackfield::test::need_plugins({"ice-libnice"});
    const jackfield::test::TemporaryFolder folder;
    const Json listed = Json::parse(run({"plugins", "--json", "--config", config_in(folder)}).out);
    EXPECT_EQ(listed["folders"][0]["folder"], JACKFIELD_TEST_PLUGIN_DIR);
    const auto found =
        std::ranges::find_if(listed["plugins"], [](const Json& one) { return one["id"] == "ice-libnice"; });
    ASSERT_NE(found, listed["plugins"].end());
    EXPECT_EQ((*found)["interfaces"], (Json{"jackfield.connectivity/1", "jackfield.diagnosis/1"}));
}

TEST(LookingVerbs, SayWhyAPluginCannotBeUsed)
{
    const jackfield::test::TemporaryFolder folder;
    const auto manifest = [](const std::string& library, const std::string& more) {
        return R"({"manifest": 1, "id": "mux-x", "version": "1.0.0", "interfaces": ["jackfield.multiplexer/1"],
                   "abi": "1.0", "library": ")" +
               library + "\"" + more + "}";
    };
    const std::string taken = "mux-x was already found as " + (folder.path() / "plugins/a.plugin.json").string();
    folder.write("plugins/a.plugin.json", manifest("a.so", ""));
    struct Bad {
        std::string file;
        std::string text;
        std::string reason;
    };
    const Bad all[] = {
        {"b", manifest("b.so", ""), taken},
        {"broken", "{",
         "line 1, column 2: syntax error while parsing object key - unexpected end of input; expected "
         "string literal"},
        {"deep", std::string(60'000, '['), "nested deeper than 16 levels"},
        {"folder", "", "not a regular file"},
        {"huge", std::string(70'000, ' '), "larger than 64 KiB"},
        {"needs", manifest("x.so", R"(, "needs": ["a/1", "a/1"])"), "/needs/1: \"a/1\" stands there twice"},
        {"not-text", "{\"id\": \"\xff\"}", "line 1, column 9: not UTF-8"},
        {"outside", manifest("../x.so", ""),
         "/library: \"../x.so\" is not a file name; the file must lie in the folder of the manifest"},
        {"schema", manifest("x.so", R"(, "config_schema": "/etc/passwd")"),
         "/config_schema: \"/etc/passwd\" is not a file name; the file must lie in the folder of the manifest"},
    };
    for (const auto& [file, text, reason] : all)
        folder.write("plugins/" + file + ".plugin.json" + (text.empty() ? "/inside" : ""), text);
    const auto config = folder.write("c.json", R"({"jackfield":1,"plugin_path":["plugins"],"slots":{}})").string();
    const auto said = run({"plugins", "--config", config}).out;
    const Json listed = Json::parse(run({"plugins", "--json", "--config", config}).out);
    ASSERT_EQ(listed["skipped"].size(), std::size(all)) << listed.dump(2);
    for (const auto& [file, text, reason] : all) {
        EXPECT_NE(said.find("  skipped " + file + ".plugin.json: " + reason + "\n"), std::string::npos) << said;
        EXPECT_TRUE(std::ranges::any_of(listed["skipped"],
                                        [&](const Json& one) {
                                            return one["reason"] == reason && one["file"].get<std::string>().ends_with(
                                                                                  "/" + file + ".plugin.json");
                                        }))
            << reason << listed.dump(2);
    }
}

TEST(LookingVerbs, LoadNothing)
{
    need_plugins_of("static-peers.json");
    // A library that is none: whoever opens it fails.
    const jackfield::test::TemporaryFolder folder;
    for (const auto& file : std::filesystem::directory_iterator(JACKFIELD_TEST_PLUGIN_DIR)) {
        const auto name = file.path().filename().string();
        if (name.ends_with(".json"))
            std::filesystem::copy(file.path(), folder.path() / name);
        else
            folder.write(name, "not a library");
    }
    Json config = Json::parse(std::ifstream(kSamples + "static-peers.json"), nullptr, true, /*ignore_comments=*/true);
    config["plugin_path"] = {folder.path().string()};
    const auto file = folder.write("peer.json", config.dump()).string();
    EXPECT_EQ(run({"plugins", "--config", file}).code, kOk);
    EXPECT_EQ(run({"explain", file}).code, kOk);
    EXPECT_EQ(run({"id", "--config", file}).code, kConfiguration) << "while others do";
}

TEST(LookingVerbs, ExplainSaysWhichPluginIsInEachSlot)
{
    need_plugins_of("udp-only.json");
    const auto ran = run({"explain", kSamples + "udp-only.json"});
    EXPECT_EQ(ran.code, kOk) << ran.err;
    for (const char* part : {"secure_channel", "secure-openssl", "control path", "media path", "udp-only"})
        EXPECT_NE(ran.out.find(part), std::string::npos) << part << "\n" << ran.out;
}

TEST(LookingVerbs, ExplainForScripts)
{
    need_plugins_of("udp-only.json");
    const Json explained = Json::parse(run({"explain", "--json", kSamples + "udp-only.json"}).out);
    EXPECT_EQ(explained["call"]["control_policy"], "udp-only");
    const auto slot =
        std::ranges::find_if(explained["slots"], [](const Json& one) { return one["slot"] == "secure_channel"; });
    ASSERT_NE(slot, explained["slots"].end());
    EXPECT_EQ((*slot)["plugins"][0]["id"], "secure-openssl");
    EXPECT_EQ((*slot)["plugins"][0]["named_at"], "/slots/secure_channel");
}

Json checks_of(const std::string& document)
{
    Json checks;
    const Json whole = Json::parse(document, nullptr, false);
    if (!whole.is_object())
        return checks;
    for (const auto& finding : whole["findings"])
        checks[finding["check"].get<std::string>()] = finding;
    return checks;
}

TEST(DoctorVerb, SaysOfEachPartThatItWorksAndEndsWithZero)
{
    need_plugins_of("static-peers.json");
    const jackfield::test::TemporaryFolder folder;
    const auto config = config_in(folder);
    auto alone = Json::parse(std::ifstream(config));
    alone["slots"]["discovery"][0]["config"]["peers"] = Json::array();
    folder.write("peer.json", alone.dump());
    const auto ran = run({"doctor", "--config", config, "--json"});
    const auto checks = checks_of(ran.out);
    EXPECT_EQ(ran.code, kOk) << ran.out << ran.err;
    EXPECT_EQ(Json::parse(ran.out)["verdict"], "ok");
    EXPECT_TRUE(
        jackfield::test::satisfies(Json::parse(ran.out), JACKFIELD_SOURCE_DIR "/tools/jackfield/doctor.schema.json"))
        << ran.out;
    for (const char* check :
         {"identity", "certificates", "certificates/device", "certificates/account", "discovery/discovery-static"})
        EXPECT_EQ(checks.value(check, Json::object()).value("verdict", ""), "ok") << check << ran.out;
    EXPECT_EQ(checks["source"]["verdict"], "skipped");
}

TEST(DoctorVerb, SaysOfEachProblemWhatToChange)
{
    need_plugins_of("static-peers.json");
    const jackfield::test::TemporaryFolder folder;
    const auto config = config_in(folder);
    auto changed = Json::parse(std::ifstream(config));
    changed["call"] = {{"send", "/there/is/no/film.mkv"}, {"play", "speaker:"}};
    folder.write("peer.json", changed.dump());
    const auto ran = run({"doctor", "--config", config, kSomebody});
    EXPECT_EQ(ran.code, kProblems);
    for (const char* words :
         {"problem source (kernel): /call/send: \"/there/is/no/film.mkv\" does not open",
          "problem sink (kernel): /call/play: \"speaker:\" cannot be used",
          "problem peer (kernel): No device of aaaaaaaaaaaaaaaa... was found", "asked were discovery-static (online)",
          "note address/0 (discovery-static): Nobody listens at 127.0.0.1:9",
          "\n  to change: ", "\n3 problems, 1 note, "})
        EXPECT_NE(ran.out.find(words), std::string::npos) << words << "\n" << ran.out;
}

TEST(DoctorVerb, SaysOfADamagedIdentityThatItDoesNotLoad)
{
    need_plugins_of("static-peers.json");
    const jackfield::test::TemporaryFolder folder;
    const auto config = config_in(folder);
    ASSERT_EQ(run({"id", "--config", config}).code, kOk);
    std::ofstream(folder.path() / "store" / "device.pem") << "nothing of use";
    const auto ran = run({"doctor", "--config", config, "--json"});
    const auto checks = checks_of(ran.out);
    EXPECT_EQ(ran.code, kProblems);
    EXPECT_EQ(checks["identity"]["verdict"], "problem") << ran.out;
    EXPECT_NE(checks["identity"]["sentence"].get<std::string>().find("device.pem"), std::string::npos) << ran.out;
    EXPECT_EQ(checks["certificates"]["verdict"], "skipped");
    EXPECT_FALSE(checks.contains("discovery/discovery-static")) << "without an identity nobody is asked";
}

/// A server that takes what it is sent and says nothing.
class SilentServer {
public:
    SilentServer()
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        bind(socket_, reinterpret_cast<const sockaddr*>(&address), size);
        getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
    }
    SilentServer(const SilentServer&) = delete;
    SilentServer& operator=(const SilentServer&) = delete;
    ~SilentServer() { close(socket_); }

    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

private:
    int socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int port_ = 0;
};

std::string config_with_silent_server(const jackfield::test::TemporaryFolder& folder, const SilentServer& server)
{
    const auto file = config_in(folder);
    auto config = Json::parse(std::ifstream(file));
    config["slots"]["connectivity"]["config"]["stun"] = {server.address()};
    folder.write("peer.json", config.dump());
    return file;
}

TEST(DoctorVerb, EndsWithinItsLimitAndCountsSilenceAsAnAnswer)
{
    need_plugins_of("static-peers.json");
    const jackfield::test::TemporaryFolder folder;
    const SilentServer server;
    const auto ran = run({"doctor", "--config", config_with_silent_server(folder, server), "--json", "--limit", "1.5"});
    EXPECT_EQ(ran.code, kProblems);
    const auto document = Json::parse(ran.out);
    EXPECT_TRUE(document.value("complete", false)) << ran.out;
    EXPECT_LT(document.value("took_ms", 0.0), 4650) << "which a silent server alone takes without a limit";
    EXPECT_NE(checks_of(ran.out)["network"].value("sentence", "").find("Nothing answers"), std::string::npos)
        << ran.out;
}

TEST(DoctorVerb, ShowsWhatItLooksAtAndWhatItHasFoundWhenSomebodyCannotWait)
{
    NEEDS_A_TERMINAL();
    need_plugins_of("static-peers.json");
    const jackfield::test::TemporaryFolder folder;
    const SilentServer server;
    jackfield::test::RunningProgram program({"doctor", "--config", config_with_silent_server(folder, server)},
                                            {.terminal = true, .environment = {{"TERM", "xterm"}}});
    ASSERT_TRUE(program.says("discovery-static is online")) << program.out();
    ASSERT_TRUE(program.says("looking at ice-libnice ..")) << program.out();
    program.signal(SIGINT);
    EXPECT_EQ(program.exit_code(), kInterrupted);
    EXPECT_NE(program.out().find("broken off, there may be more"), std::string::npos) << program.out();
}

TEST(DoctorVerb, SaysOfAConfigurationThatIsWrongTheSameForScripts)
{
    const auto ran = run({"doctor", "--config", "/there/is/no.json", "--json"});
    EXPECT_EQ(ran.code, kConfiguration);
    EXPECT_EQ(checks_of(ran.out)["configuration"]["verdict"], "problem") << ran.out;
}

TEST(StandardOutput, ThatIsFullIsAnError)
{
    const auto ran = run({"--help"}, {.out = "/dev/full"});
    EXPECT_EQ(ran.code, kMedia);
    EXPECT_NE(ran.err.find("standard output"), std::string::npos) << ran.err;
}

TEST(StandardStreams, ThatAreMissingAreMissedByNobody)
{
    need_plugins_of("static-peers.json");
    const jackfield::test::TemporaryFolder folder;
    const auto config = config_in(folder);
    EXPECT_EQ(run({"id", "--config", config}, {.closed = {0, 1, 2}}).code, kOk);
    EXPECT_EQ(run({"id", "--config", config}, {.closed = {0}}).out.substr(0, 8), "account ");
}

std::string read_whole(const std::filesystem::path& file)
{
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(NewVerb, WritesAFolderAndNeverOverOne)
{
    const jackfield::test::TemporaryFolder folder;
    const auto made = folder.path() / "here" / "it is";
    const auto ran = run({"new", "media_sink", "sink-mine", "--folder", made.string()});
    EXPECT_EQ(ran.code, kOk) << ran.err;
    EXPECT_NE(ran.out.find("cmake -B build"), std::string::npos) << ran.out;
    for (const auto& file : std::filesystem::directory_iterator(made)) {
        const auto text = read_whole(file.path());
        EXPECT_EQ(text.find("@ID@"), std::string::npos) << file.path();
        EXPECT_EQ(text.find("@SLOT@"), std::string::npos) << file.path();
    }
    EXPECT_NE(read_whole(made / "CMakeLists.txt").find("INTERFACES jackfield.media_sink/1"), std::string::npos);
    const Json config = Json::parse(read_whole(made / "call.json.in"));
    EXPECT_EQ(config["call"]["play"], "sink-mine");
    EXPECT_EQ(config["slots"]["media_sink"][0]["use"], "sink-mine");

    std::ofstream(made / "sink-mine.cpp") << "mine";
    const auto again = run({"new", "media_sink", "sink-mine", "--folder", made.string()});
    EXPECT_EQ(again.code, kMedia);
    EXPECT_NE(again.err.find("something is in it"), std::string::npos) << again.err;
    EXPECT_EQ(read_whole(made / "sink-mine.cpp"), "mine");
}

/// What bash would offer after these words.
std::string completed(const std::string& words)
{
    const std::string script = "source <(" JACKFIELD_BINARY_DIR "/bin/jackfield completion bash); COMP_WORDS=(" +
                               words + "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _jackfield; echo \"${COMPREPLY[@]}\"";
    std::FILE* const bash = popen(("bash -c '" + script + "'").c_str(), "r");
    std::array<char, 4096> text{};
    const auto size = std::fread(text.data(), 1, text.size(), bash);
    pclose(bash);
    return {text.data(), size};
}

TEST(Completion, OffersVerbsOptionsAndValues)
{
    EXPECT_EQ(completed("jackfield li"), "listen\n");
    EXPECT_EQ(completed("jackfield call --rec"), "--record\n");
    EXPECT_EQ(completed("jackfield call --log w"), "warning\n");
    EXPECT_EQ(completed("jackfield completion b"), "bash\n");
    EXPECT_EQ(completed("jackfield new path"), "path_decorator\n");
    EXPECT_EQ(completed("jackfield explain " JACKFIELD_SOURCE_DIR "/READ"), JACKFIELD_SOURCE_DIR "/README.md\n");
}

} // namespace
