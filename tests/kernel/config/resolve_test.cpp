// Configuration and manifests together: the four parts of each error, and what comes out when all fits.

#include "kernel/config/resolve.hpp"
#include "tests/kernel/config/fake_plugins.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace jackfield::kernel;
using namespace jackfield::test;

class Resolve : public testing::Test {
protected:
    Resolve() { write_needed_plugins(folder_); }

    std::expected<Resolved, Error> run(const std::string& text)
    {
        auto registry = scan(folder_);
        registry.retire("ice-old", "ice-libnice");
        const auto config = parse_config(text, "call.json");
        if (!config)
            return std::unexpected(config.error());
        return resolve(*config, registry);
    }

    /// With the temporary folder written as "./plugins".
    std::string problem(const std::string& text)
    {
        const auto resolved = run(text);
        if (resolved)
            return "accepted";
        auto problem = resolved.error().text;
        const auto path = folder_.path().string();
        for (auto at = problem.find(path); at != std::string::npos; at = problem.find(path))
            problem.replace(at, path.size(), "./plugins");
        return problem;
    }

    TemporaryFolder folder_;
};

TEST_F(Resolve, GivesManifestAndOptionsOfEverySlot)
{
    write_plugin(folder_, "codec-a", "codec", R"({"properties": {"store": {"type": "string", "format": "path"}}})");
    write_plugin(folder_, "codec-b", "codec");
    write_plugin(folder_, "codec-c", "codec");
    const auto resolved =
        run(config_text("", R"("codec": [{"use": "codec-b"}, {"use": "codec-a", "config": {"store": "/keys/../a"}}])"));
    ASSERT_TRUE(resolved.has_value()) << resolved.error().text;
    ASSERT_EQ(resolved->plugins.size(), 7U);
    EXPECT_EQ(resolved->plugin("connectivity")->manifest.id, "ice-libnice");
    EXPECT_EQ(resolved->plugin("multiplexer"), nullptr);
    const auto codecs = resolved->plugins_of("codec");
    ASSERT_EQ(codecs.size(), 2U);
    EXPECT_EQ(codecs[0]->manifest.id, "codec-b");
    EXPECT_EQ(codecs[0]->config_json, "{}");
    EXPECT_EQ(codecs[0]->others, std::vector<std::string>{"codec-c 0.1.0"});
    EXPECT_EQ(codecs[1]->config_json, R"({"store":"/a"})");
    EXPECT_EQ(codecs[1]->pointer, "/slots/codec/1");
}

TEST_F(Resolve, SaysInFourPartsThatThereIsNoSuchPlugin)
{
    write_plugin(folder_, "ice-direct", "connectivity");
    folder_.write("ice-libjuice.plugin.json", R"({"manifest": 1, "id": "ice-libjuice", "abi": "2.0"})");
    EXPECT_EQ(problem(config_text("connectivity", R"("connectivity": {"use": "ice-libjuice"})")),
              "call.json: /slots/connectivity/use: no plugin \"ice-libjuice\"\n"
              "  searched   ./plugins (7 manifests)\n"
              "  available  ice-direct 0.1.0, ice-libnice 0.1.0   (jackfield.connectivity/1)\n"
              "  skipped    ice-libjuice.plugin.json: built for ABI 2.0, this kernel speaks 1.0");
}

TEST_F(Resolve, NamesTheNearestPluginOfTheSlot)
{
    EXPECT_EQ(problem(config_text("connectivity", R"("connectivity": {"use": "ice-libnce"})")),
              "call.json: /slots/connectivity/use: no plugin \"ice-libnce\"; did you mean \"ice-libnice\"?\n"
              "  searched   ./plugins (5 manifests)\n"
              "  available  ice-libnice 0.1.0   (jackfield.connectivity/1)");
}

TEST_F(Resolve, SaysWhatReplacedARetiredPlugin)
{
    EXPECT_EQ(problem(config_text("connectivity", R"("connectivity": {"use": "ice-old"})")),
              "call.json: /slots/connectivity/use: no plugin \"ice-old\"\n"
              "  retired    ice-old: use ice-libnice\n"
              "  searched   ./plugins (5 manifests)\n"
              "  available  ice-libnice 0.1.0   (jackfield.connectivity/1)");
}

TEST_F(Resolve, ShowsWhatWasSkippedWhenNoneOfItIsTheWantedOne)
{
    for (const char* name : {"a", "b", "c", "d", "e", "f"})
        folder_.write(std::string(name) + ".plugin.json", "{}");
    EXPECT_EQ(problem(config_text("", R"("control": {"use": "control-http"})")),
              "call.json: /slots/control/use: no plugin \"control-http\"\n"
              "  searched   ./plugins (11 manifests)\n"
              "  available  none   (jackfield.control/1)\n"
              "  skipped    a.plugin.json: /manifest: expected 1, the only format this kernel reads\n"
              "             b.plugin.json: /manifest: expected 1, the only format this kernel reads\n"
              "             c.plugin.json: /manifest: expected 1, the only format this kernel reads\n"
              "             d.plugin.json: /manifest: expected 1, the only format this kernel reads\n"
              "             and 2 more");
}

TEST_F(Resolve, SaysThatAPluginDoesNotFitTheSlot)
{
    EXPECT_EQ(problem(config_text("connectivity", R"("connectivity": {"use": "signaling-sip"})")),
              "call.json: /slots/connectivity/use: signaling-sip cannot fill the slot connectivity: it implements "
              "jackfield.signaling/1\n"
              "  searched   ./plugins/signaling-sip.plugin.json\n"
              "  available  ice-libnice 0.1.0   (jackfield.connectivity/1)");
}

TEST_F(Resolve, LeavesOutAnOptionalPluginThatIsNotThere)
{
    const auto resolved = run(config_text("", R"("control": [{"use": "control-dbus", "optional": true}])"));
    ASSERT_TRUE(resolved.has_value()) << resolved.error().text;
    EXPECT_EQ(resolved->plugin("control"), nullptr);
    ASSERT_EQ(resolved->left_out.size(), 1U);
    EXPECT_EQ(resolved->left_out[0].pointer, "/slots/control/0");
    EXPECT_EQ(resolved->left_out[0].reason, "optional, and there is no such plugin");
}

TEST_F(Resolve, ChecksTheOptionsOfAnOptionalPluginThatIsThere)
{
    write_plugin(folder_, "control-dbus", "control");
    EXPECT_EQ(
        problem(config_text("", R"("control": {"use": "control-dbus", "optional": true, "config": {"port": 1}})")),
        "call.json: /slots/control/config/port: no such option of control-dbus\n"
        "  searched   ./plugins/control-dbus.plugin.json\n"
        "  available  none");
}

TEST_F(Resolve, RefusesACallWithoutARequiredSlot)
{
    EXPECT_EQ(problem(config_text("signaling")),
              "call.json: /slots/signaling: missing; without it nobody can be called\n"
              "  searched   ./plugins (5 manifests)\n"
              "  available  signaling-sip 0.1.0   (jackfield.signaling/1)");
    EXPECT_EQ(problem(config_text("signaling", R"("signaling": {"use": "signaling-x", "optional": true})")),
              "call.json: /slots/signaling: missing; without it nobody can be called\n"
              "  searched   ./plugins (5 manifests)\n"
              "  available  signaling-sip 0.1.0   (jackfield.signaling/1)");
}

TEST_F(Resolve, LooksForAllPluginsBeforeAnyOption)
{
    EXPECT_TRUE(problem(config_text("identity", R"("identity": {"use": "identity-x509", "config": {"a": 1}},
                                                   "control": {"use": "nothing"})"))
                    .starts_with("call.json: /slots/control/use: no plugin \"nothing\""));
}

TEST_F(Resolve, RefusesAPluginWhoseServiceNobodyGives)
{
    write_plugin(folder_, "mux-x", "multiplexer", "", R"("needs": ["jackfield.control/1", "jackfield.timeline/1"],)");
    EXPECT_EQ(problem(config_text("", R"("multiplexer": {"use": "mux-x"})")),
              "call.json: /slots/control: missing; mux-x at /slots/multiplexer needs jackfield.control/1\n"
              "  searched   ./plugins (6 manifests)\n"
              "  available  none   (jackfield.control/1)");
}

TEST_F(Resolve, RefusesToIsolateAPluginThatNeedsAnother)
{
    write_plugin(folder_, "codec-a", "codec", "", R"("needs": ["jackfield.identity/1"],)");
    EXPECT_EQ(problem(config_text("", R"("codec": {"use": "codec-a", "isolate": true})")),
              "call.json: /slots/codec/isolate: codec-a needs jackfield.identity/1, which is not there in a process of "
              "its own; "
              "without \"isolate\" it is");
    EXPECT_EQ(problem(config_text("", R"("codec": {"use": "codec-a"})")), "accepted");
}

TEST_F(Resolve, RefusesPluginsThatNeedEachOtherInACircle)
{
    write_plugin(folder_, "mux-x", "multiplexer", "", R"("needs": ["jackfield.connectivity/1"],)");
    write_plugin(folder_, "ice-libnice", "connectivity", "", R"("needs": ["jackfield.multiplexer/1"],)");
    EXPECT_EQ(
        problem(config_text("", R"("multiplexer": {"use": "mux-x"})")),
        "call.json: /slots/connectivity: waits for itself: ice-libnice needs jackfield.multiplexer/1, mux-x needs "
        "jackfield.connectivity/1\n"
        "  would work  another plugin in one of these slots");
    write_plugin(folder_, "ice-libnice", "connectivity", "", R"("needs": ["jackfield.connectivity/1"],)");
    EXPECT_EQ(problem(config_text()), "call.json: /slots/connectivity: waits for itself: ice-libnice needs "
                                      "jackfield.connectivity/1\n"
                                      "  would work  another plugin in one of these slots");
    write_plugin(folder_, "ice-libnice", "connectivity", "", "");
    EXPECT_EQ(problem(config_text("", R"("multiplexer": {"use": "mux-x"})")), "accepted");
}

TEST_F(Resolve, PutsThePlaceBeforeWhatCreateSays)
{
    const auto resolved = run(config_text());
    ASSERT_TRUE(resolved.has_value()) << resolved.error().text;
    const auto& ice = *resolved->plugin("connectivity");
    EXPECT_EQ(ice.place_of(resolved->config, "/turn/0/host: no such host"),
              "call.json: /slots/connectivity/config/turn/0/host: no such host");
    EXPECT_EQ(ice.place_of(resolved->config, "no memory"), "call.json: /slots/connectivity/config: no memory");
    EXPECT_EQ(ice.place_of(resolved->config, ": no object"), "call.json: /slots/connectivity/config: no object");
}

TEST(SearchedText, SaysWhyAFolderGaveNothing)
{
    EXPECT_EQ(searched_text({{"./plugins", 1, ""}, {"/usr/lib/x", 0, "no such folder"}, {"y", 0, ""}}),
              "./plugins (1 manifest), /usr/lib/x (no such folder), y (0 manifests)");
    EXPECT_EQ(searched_text({}), "no folder");
}

} // namespace
