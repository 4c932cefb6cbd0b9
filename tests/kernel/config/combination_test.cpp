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

/// One plugin in two slots.
class TwoInOne : public Combination {
protected:
    TwoInOne()
    {
        write_plugin(folder_, "quic", "secure_channel", "",
                     R"("datagrams_only": true, "multiplexes": true, "datagram_channels": true,)");
        write_plugin(folder_, "mux", "multiplexer");
        write_plugin(folder_, "sctp", "reliable_stream");
        write_plugin(folder_, "media-plain", "media_transport");
    }

    std::string with_quic(const std::string& slots, const std::string& call = "")
    {
        return config_text("secure_channel",
                           R"("secure_channel": {"use": "quic"})" + std::string(slots.empty() ? "" : ", ") + slots,
                           call);
    }
};

TEST_F(TwoInOne, NeedsNeitherAMultiplexerNorAStreamAndTakesUdpAlone)
{
    const auto config = parse_config(with_quic(""), "call.json");
    ASSERT_TRUE(config);
    const auto resolved = resolve(*config, scan(folder_));
    ASSERT_TRUE(resolved) << resolved.error().text;
    EXPECT_EQ(resolved->config.call.control_policy, ControlPolicy::kUdpOnly);
    EXPECT_EQ(problem(with_quic("", R"("call": {"control_policy": "udp-only"},)")), "accepted");
}

TEST_F(TwoInOne, WithTcpAloneIsRefused)
{
    EXPECT_EQ(problem(with_quic("", R"("call": {"control_policy": "tcp-only"},)")),
              "call.json: /call/control_policy: the control path is TCP alone, and quic goes over datagrams\n"
              "  searched   ./plugins/quic.plugin.json; /slots/secure_channel\n"
              "  works      \"udp-only\", or secure-none, secure-openssl in the slot secure_channel");
}

TEST_F(TwoInOne, WithAnotherMultiplexerOrAReliableStreamIsRefused)
{
    EXPECT_EQ(problem(with_quic(R"("multiplexer": {"use": "mux"})")),
              "call.json: /slots/multiplexer: quic has channels by itself, so mux would never be asked\n"
              "  searched   ./plugins/quic.plugin.json; /slots/secure_channel\n"
              "  works      no plugin in the slot multiplexer");
    EXPECT_EQ(problem(with_quic(R"("reliable_stream": {"use": "sctp"})")),
              "call.json: /slots/reliable_stream: quic has channels by itself, so sctp would never be asked\n"
              "  searched   ./plugins/quic.plugin.json; /slots/secure_channel\n"
              "  works      no plugin in the slot reliable_stream");
}

TEST_F(TwoInOne, WithADecoratorOnTheSecuredPathIsRefused)
{
    EXPECT_EQ(problem(with_quic(R"("path_decorator": {"use": "path-impair", "at": "secured"})")),
              "call.json: /slots/path_decorator/at: quic has channels by itself, so nothing passes where path-impair "
              "stands at \"secured\"\n"
              "  searched   ./plugins/quic.plugin.json; /slots/secure_channel\n"
              "  works      \"control\" below it, \"signaling\" or \"media\" above");
    EXPECT_EQ(problem(with_quic(R"("path_decorator": {"use": "path-impair", "at": ["control", "signaling"]})")),
              "accepted");
}

TEST_F(TwoInOne, CarriesMediaAndOthersThatHaveNoChannelsOfDatagramsAreRefused)
{
    const std::string media = R"("media_transport": [{"use": "media-plain", "over": "multiplexer", "kinds": "audio"}])";
    EXPECT_EQ(problem(with_quic(media)), "accepted");
    const auto refusal = [](const std::string& why) {
        return "call.json: /slots/media_transport/0/over: media-plain shall go over channels of datagrams, and " + why +
               "\n  searched   /slots/secure_channel, /slots/multiplexer; ./plugins (11 manifests)\n"
               "  works      \"connectivity\", or quic in the slot secure_channel";
    };
    EXPECT_EQ(problem(config_text("", media)), refusal("the link has no channels"));
    EXPECT_EQ(problem(config_text("", media + R"(, "multiplexer": {"use": "mux"})")), refusal("mux has none"));
}

} // namespace
