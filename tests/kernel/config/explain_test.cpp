// The texts of `jackfield explain` and `jackfield plugins`, whole.

#include "kernel/config/explain.hpp"
#include "tests/kernel/config/fake_plugins.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace jackfield::kernel;
using namespace jackfield::test;

std::string with_short_folder(std::string text, const TemporaryFolder& folder)
{
    const auto path = folder.path().string();
    for (auto at = text.find(path); at != std::string::npos; at = text.find(path))
        text.replace(at, path.size(), "./plugins");
    return text;
}

std::string explained(const TemporaryFolder& folder, const std::string& text)
{
    const auto config = parse_config(text, "call.json");
    if (!config)
        return config.error().text;
    const auto resolved = resolve(*config, scan(folder));
    return resolved ? with_short_folder(explain(*resolved), folder) : resolved.error().text;
}

TEST(Explain, ShowsEverySlotInTheOrderOfACallAndWhy)
{
    const TemporaryFolder folder;
    write_needed_plugins(folder);
    write_plugin(folder, "ice-direct", "connectivity");
    write_plugin(folder, "sctp-usrsctp", "reliable_stream");
    write_plugin(folder, "media-srtp", "media_transport");
    write_plugin(folder, "codec-a", "codec");
    write_plugin(folder, "codec-b", "codec");
    EXPECT_EQ(explained(folder, config_text("", R"("reliable_stream": {"use": "sctp-usrsctp"},
        "media_transport": {"use": "media-srtp"}, "codec": [{"use": "codec-a"}, {"use": "codec-b"}],
        "control": {"use": "control-dbus", "optional": true})")),
              R"(call.json
  searched   ./plugins (10 manifests)

  step    slot                plugin                   why
  0       identity            identity-x509 0.1.0      named at /slots/identity; no other plugin could
  1-3     discovery           discovery-opendht 0.1.0  named at /slots/discovery; no other plugin could
  2-4, 7  connectivity        ice-libnice 0.1.0        named at /slots/connectivity; ice-direct 0.1.0 could too
  4-8     path_decorator      -                        not configured: nothing stands between the layers
  5       secure_channel      secure-openssl 0.1.0     named at /slots/secure_channel; no other plugin could
  5       reliable_stream     sctp-usrsctp 0.1.0       named at /slots/reliable_stream; no other plugin could
  6       multiplexer         -                        not configured: signaling sits straight on the secured stream
  6       signaling           signaling-sip 0.1.0      named at /slots/signaling; no other plugin could
  8       media_transport     media-srtp 0.1.0         named at /slots/media_transport; no other plugin could
  8       congestion_control  -                        not configured: encoders keep the rates they are configured for
  8       codec               codec-a 0.1.0            named at /slots/codec/0; no other plugin could
                              codec-b 0.1.0            named at /slots/codec/1; no other plugin could
  8       media_source        -                        not configured: nothing to send in a call
  8       media_sink          -                        not configured: what is received goes nowhere
  8       audio_stage         -                        not configured: our sound is sent as it is recorded
  -       control             -                        control-dbus at /slots/control: optional, and there is no such plugin

  control path  ice-libnice -> secure-openssl -> sctp-usrsctp (if datagrams) -> signaling-sip
  media path    codec-a | codec-b -> media-srtp -> ice-libnice -> peer -> ice-libnice -> media-srtp -> codec-a | codec-b
  call          tcp-preferred (TCP if it is up within 100 ms after UDP), bundle auto, gives up connecting after 15 s, ringing after 30 s; calls from anyone
  links         kept until idle for 600 s, asked for a sign of life every 30 s
  files         are not taken; "files" with a "folder" would take them
)");
}

TEST(Explain, ShowsDecoratorsWhereTheyStand)
{
    const TemporaryFolder folder;
    write_needed_plugins(folder);
    write_plugin(folder, "media-srtp", "media_transport");
    write_plugin(folder, "codec-a", "codec");
    write_plugin(folder, "path-a", "path_decorator");
    write_plugin(folder, "path-b", "path_decorator");
    const auto text = explained(folder, config_text("", R"("media_transport": {"use": "media-srtp"},
        "codec": {"use": "codec-a"},
        "path_decorator": [{"use": "path-a", "at": ["control", "media"]}, {"use": "path-b", "at": ["secured", "control"]},
                           {"use": "path-a", "at": "signaling"}])"));
    EXPECT_NE(
        text.find("ice-libnice -> [path-a] -> [path-b] -> secure-openssl -> [path-b] -> [path-a] -> signaling-sip"),
        std::string::npos)
        << text;
    EXPECT_NE(text.find("media-srtp -> [path-a] -> ice-libnice -> peer -> ice-libnice -> [path-a] -> media-srtp"),
              std::string::npos)
        << text;
}

TEST(Explain, SaysWhatRunsInAProcessOfItsOwn)
{
    const TemporaryFolder folder;
    write_needed_plugins(folder);
    write_plugin(folder, "codec-a", "codec");
    EXPECT_NE(
        explained(folder, config_text("", R"("codec": {"use": "codec-a", "isolate": true})"))
            .find("codec-a 0.1.0            named at /slots/codec; in a process of its own; no other plugin could"),
        std::string::npos);
}

TEST(Explain, SaysThatATcpOnlyCallNeedsNoReliableStream)
{
    const TemporaryFolder folder;
    write_needed_plugins(folder);
    const auto text = explained(folder, config_text("", "", R"("call": {"control_policy": "tcp-only"}, )"));
    EXPECT_NE(text.find("not configured, and not needed: control_policy is tcp-only"), std::string::npos) << text;
    EXPECT_NE(text.find("media path    none"), std::string::npos) << text;
    EXPECT_NE(text.find("call          tcp-only, bundle auto"), std::string::npos) << text;
}

TEST(Explain, SaysThatPeersNeedNotBeProven)
{
    const TemporaryFolder folder;
    write_needed_plugins(folder);
    const auto text = explained(folder, config_text("", "", R"("call": {"allow_unproven_peer": true}, )"));
    EXPECT_NE(text.find("; PEERS NEED NOT BE PROVEN"), std::string::npos) << text;
}

TEST(Plugins, AreListedByFolderWithThoseThatCannotBeUsed)
{
    const TemporaryFolder folder;
    write_plugin(folder, "ice-libnice", "connectivity", "",
                 R"("summary": "ICE by libnice", "status": "stable", "untrusted_input": true,)");
    write_plugin(folder, "discovery-board", "discovery", "", R"("seals_by_itself": true,)");
    folder.write("old.plugin.json", R"({"manifest": 1, "id": "old", "abi": "2.0"})");
    const std::vector<std::filesystem::path> folders{folder.path().string() + "/", "/nowhere"};
    auto registry = Registry::scan(folders);
    Manifest inside;
    inside.id = "control-inside";
    inside.version = "1.0.0";
    inside.interfaces = {"jackfield.control/1"};
    registry.add(inside, nullptr);
    EXPECT_EQ(with_short_folder(list_plugins(registry), folder),
              R"(./plugins (3 manifests)
  discovery-board 0.1.0  jackfield.discovery/1     seals by itself
  ice-libnice 0.1.0      jackfield.connectivity/1  stable, reads untrusted input  ICE by libnice
  skipped old.plugin.json: built for ABI 2.0, this kernel speaks 1.0
/nowhere (no such folder)
part of the program
  control-inside 1.0.0  jackfield.control/1
)");
}

} // namespace
