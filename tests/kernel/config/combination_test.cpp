// Plugins that fit their slots and not each other: refused before anything is loaded, with the nearest that works.

#include "kernel/config/combination.hpp"
#include "tests/kernel/config/fake_plugins.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace jackfield::kernel;
using namespace jackfield::test;

class Combination : public testing::Test {
protected:
    Combination()
    {
        write_needed_plugins(folder_);
        write_plugin(folder_, "secure-none", "secure_channel", "", R"("proves_nobody": true,)");
        write_plugin(folder_, "path-impair", "path_decorator");
    }

    /// With the temporary folder written as "./plugins".
    std::string problem(const std::string& text)
    {
        const auto config = parse_config(text, "call.json");
        if (!config)
            return config.error().text;
        const auto resolved = resolve(*config, scan(folder_));
        if (resolved)
            return "accepted";
        EXPECT_EQ(resolved.error().status, JF_BAD_CONFIG);
        auto problem = resolved.error().text;
        const auto path = folder_.path().string();
        for (auto at = problem.find(path); at != std::string::npos; at = problem.find(path))
            problem.replace(at, path.size(), "./plugins");
        return problem;
    }

    TemporaryFolder folder_;
};

constexpr const char* kNobody = R"("secure_channel": {"use": "secure-none"})";

TEST_F(Combination, OfASecureChannelThatProvesNobodyAndCallsThatWantProofIsRefused)
{
    EXPECT_EQ(
        problem(config_text("secure_channel", kNobody)),
        "call.json: /slots/secure_channel/use: secure-none does not prove who the peer is, so every call would be "
        "refused\n"
        "  searched   ./plugins/secure-none.plugin.json; \"allow_unproven_peer\" at /call\n"
        "  works      \"call\": {\"allow_unproven_peer\": true}, or secure-openssl");
    EXPECT_EQ(problem(config_text("secure_channel", kNobody, R"("call": {"allow_unproven_peer": true},)")), "accepted");
}

TEST_F(Combination, OfUdpAloneAndNoReliableStreamIsRefused)
{
    constexpr const char* kUdpOnly = R"("call": {"control_policy": "udp-only"},)";
    const std::string refusal =
        "call.json: /call/control_policy: the control path is UDP alone, and no plugin makes a stream of its datagrams "
        "for signaling\n"
        "  searched   /slots/reliable_stream; ./plugins (";
    EXPECT_EQ(problem(config_text("", "", kUdpOnly)), refusal + "7 manifests)\n  works      \"tcp-preferred\"");
    write_plugin(folder_, "sctp", "reliable_stream");
    EXPECT_EQ(problem(config_text("", "", kUdpOnly)),
              refusal + "8 manifests)\n  works      \"tcp-preferred\", or sctp in the slot reliable_stream");
    EXPECT_EQ(problem(config_text("", R"("reliable_stream": {"use": "sctp"})", kUdpOnly)), "accepted");
    EXPECT_EQ(problem(config_text("", "", R"("call": {"control_policy": "race"},)")), "accepted")
        << "TCP may still come up";
}

TEST_F(Combination, OfADecoratorOnMediaPathsAndCallsWithoutMediaIsRefused)
{
    const std::string at_media = R"("path_decorator": {"use": "path-impair", "at": ["control", "media"]})";
    EXPECT_EQ(problem(config_text("", at_media)),
              "call.json: /slots/path_decorator/at: path-impair stands on the media paths, but calls carry no media\n"
              "  searched   the slots media_transport and codec; empty: media_transport, codec\n"
              "  works      a plugin in media_transport and codec, or another seam");
    write_plugin(folder_, "media-srtp", "media_transport");
    write_plugin(folder_, "codec-a", "codec");
    EXPECT_EQ(problem(config_text("", at_media + R"(, "media_transport": {"use": "media-srtp"})")),
              "call.json: /slots/path_decorator/at: path-impair stands on the media paths, but calls carry no media\n"
              "  searched   the slots media_transport and codec; empty: codec\n"
              "  works      a plugin in codec, or another seam");
    EXPECT_EQ(problem(config_text(
                  "", at_media + R"(, "media_transport": {"use": "media-srtp"}, "codec": {"use": "codec-a"})")),
              "accepted");
}

} // namespace
