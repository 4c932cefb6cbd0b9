// The configuration and the choice of local addresses.
#include "config.hpp"

#include <jackfield/basic.hpp>
#include <shared/ice/local_addresses.hpp>

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include <fstream>

namespace jackfield::ice {
namespace {

std::string error_of(std::string_view json)
{
    try {
        parse_config(json);
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(IceConfig, HasDefaultsForEverything)
{
    const Config config = parse_config("{}");
    EXPECT_FALSE(config.pacing);
    EXPECT_EQ(config.connect_timeout, std::chrono::seconds(10));
    EXPECT_TRUE(config.port_mapping.empty()) << "nobody is asked unless it is written down";
    EXPECT_FALSE(config.regular_nomination);
    EXPECT_TRUE(config.stun.empty());
    EXPECT_TRUE(config.consent);
}

TEST(IceConfig, PacesChecksAsTheRfcDemandsExceptOnThisMachine)
{
    const auto at = [](std::initializer_list<const char*> texts) {
        std::vector<IpAddress> addresses;
        for (const char* text : texts)
            addresses.push_back(*IpAddress::parse(text));
        return addresses;
    };
    const Config config = parse_config("{}");
    EXPECT_EQ(config.pacing_on(at({"192.0.2.1"})), std::chrono::milliseconds(5));
    EXPECT_EQ(config.pacing_on(at({"127.0.0.1", "192.0.2.1"})), std::chrono::milliseconds(5));
    EXPECT_EQ(config.pacing_on(at({"127.0.0.1", "::1"})), std::chrono::milliseconds(1));
    EXPECT_EQ(parse_config(R"({"pacing_ms": 20})").pacing_on(at({"127.0.0.1"})), std::chrono::milliseconds(20));
}

TEST(IceConfig, DefaultsAreThoseOfTheSchema)
{
    std::ifstream file(JACKFIELD_SOURCE_DIR "/plugins/ice-libnice/ice-libnice.schema.json");
    const auto schema = nlohmann::json::parse(file);
    nlohmann::json defaults = nlohmann::json::object();
    for (const auto& [name, option] : schema["properties"].items()) {
        EXPECT_TRUE(option.contains("description")) << name;
        if (option.contains("default"))
            defaults[name] = option["default"];
    }
    const Config spelled = parse_config(defaults.dump());
    const Config silent = parse_config("{}");
    EXPECT_EQ(spelled.pacing, silent.pacing);
    EXPECT_EQ(spelled.connect_timeout, silent.connect_timeout);
    EXPECT_EQ(spelled.gather_timeout, silent.gather_timeout);
    EXPECT_EQ(spelled.socket_buffer_bytes, silent.socket_buffer_bytes);
    EXPECT_EQ(spelled.regular_nomination, silent.regular_nomination);
    EXPECT_EQ(spelled.consent, silent.consent);
    EXPECT_EQ(spelled.simultaneous_open, silent.simultaneous_open);
    EXPECT_EQ(spelled.port_mapping, silent.port_mapping);
    EXPECT_EQ(spelled.local.loopback, silent.local.loopback);
    EXPECT_EQ(spelled.local.ipv6, silent.local.ipv6);
    EXPECT_EQ(spelled.relay_only, silent.relay_only);
}

TEST(IceConfig, ReadsServersInEveryForm)
{
    const Config config = parse_config(R"({
        "stun": ["stun.example.net", "stun.example.net:19302", "192.0.2.1", "[2001:db8::1]:3479"],
        "turn": [{"server": "2001:db8::2", "username": "u", "password": "p"},
                 {"server": "192.0.2.1:443", "transport": "tcp", "username": "u", "password": "p"}]})");
    ASSERT_EQ(config.stun.size(), 4U);
    EXPECT_EQ(config.stun[0].host, "stun.example.net");
    EXPECT_EQ(config.stun[0].port, 3478);
    EXPECT_EQ(config.stun[1].port, 19302);
    EXPECT_EQ(config.stun[3].host, "2001:db8::1");
    EXPECT_EQ(config.stun[3].port, 3479);
    EXPECT_EQ(config.turn[0].server.host, "2001:db8::2");
    EXPECT_EQ(config.turn[0].transport, RelayTransport::udp);
    EXPECT_EQ(config.turn[1].transport, RelayTransport::tcp);
    EXPECT_EQ(config.turn[1].server.port, 443);
    EXPECT_TRUE(config.has_tcp_relay());
}

TEST(IceConfig, KnowsRelaysOverTls)
{
    const auto config = parse_config(R"({"turn": [
        {"server": "turn.example.net", "transport": "tls", "username": "u", "password": "p"},
        {"server": "192.0.2.1:443", "transport": "tls", "username": "u", "password": "p",
         "server_name": "turn.example.net", "ca": "/etc/relay-ca.pem"}]})");
    EXPECT_EQ(config.turn[0].transport, RelayTransport::tls);
    EXPECT_EQ(config.turn[0].server.port, 5349) << "the port of turns:";
    EXPECT_EQ(config.turn[1].server.port, 443);
    EXPECT_EQ(config.turn[1].server_name, "turn.example.net");
    EXPECT_EQ(config.turn[1].ca, "/etc/relay-ca.pem");
    EXPECT_TRUE(config.has_tcp_relay());
    EXPECT_EQ(
        error_of(R"({"turn": [{"server": "a", "ca": "x", "username": "u", "password": "p"}]})").rfind("/turn/0/ca:", 0),
        0U);
    EXPECT_EQ(error_of(R"({"turn": [{"server": "a", "transport": "dtls"}]})").rfind("/turn/0/transport:", 0), 0U);
}

TEST(IceConfig, ErrorsBeginWithThePlace)
{
    EXPECT_EQ(error_of("[]").rfind(":", 0), 0U);
    EXPECT_EQ(error_of(R"({"pacing": 5})").rfind("/pacing:", 0), 0U);
    EXPECT_EQ(error_of(R"({"pacing_ms": 0})").rfind("/pacing_ms:", 0), 0U);
    EXPECT_EQ(error_of(R"({"pacing_ms": 2.5})").rfind("/pacing_ms:", 0), 0U);
    EXPECT_EQ(error_of(R"({"stun": ["a", "b:0"]})").rfind("/stun/1:", 0), 0U);
    EXPECT_EQ(error_of(R"({"stun": ["[::1"]})").rfind("/stun/0:", 0), 0U);
    EXPECT_EQ(error_of(R"({"turn": [{"server": "a"}]})").rfind("/turn/0:", 0), 0U);
    EXPECT_EQ(error_of(R"({"turn": [{"server": "a", "user": "x"}]})").rfind("/turn/0/user:", 0), 0U);
    EXPECT_EQ(error_of(R"({"relay_only": true})").rfind("/relay_only:", 0), 0U);
    EXPECT_EQ(error_of(R"({"addresses": ["fe80::1"]})").rfind("/addresses/0:", 0), 0U);
    EXPECT_EQ(error_of(R"({"addresses": ["0.0.0.0"]})").rfind("/addresses/0:", 0), 0U);
    EXPECT_EQ(error_of(R"({"ports": [5000, 4000]})").rfind("/ports:", 0), 0U);
    EXPECT_EQ(error_of(R"({"nomination": "eager"})").rfind("/nomination:", 0), 0U);
    EXPECT_EQ(error_of(R"({"addresses": ["::1"], "interfaces": ["lo"]})").rfind("/addresses:", 0), 0U);
}

class ChooseAddresses : public ::testing::Test {
protected:
    static Interface at(const char* name, const char* address, bool up = true)
    {
        return {name, *IpAddress::parse(address), up, std::string_view(name) == "lo"};
    }

    std::vector<std::string> chosen(std::string_view config) const
    {
        std::vector<std::string> result;
        for (const auto& address : choose_addresses(parse_config(config).local, system_))
            result.push_back(address.text());
        return result;
    }

    using Texts = std::vector<std::string>;
    std::vector<Interface> system_{
        at("lo", "127.0.0.1"), at("lo", "::1"),           at("eth0", "192.0.2.7"),    at("eth0", "fe80::1"),
        at("eth0", "fd00::7"), at("eth1", "169.254.3.4"), at("eth1", "198.51.100.2"), at("down", "203.0.113.1", false)};
};

TEST_F(ChooseAddresses, TakesInterfacesThatAreUpAndNeverLinkLocalOnes)
{
    EXPECT_EQ(chosen("{}"), (Texts{"192.0.2.7", "fd00::7", "198.51.100.2"}));
    EXPECT_EQ(chosen(R"({"ipv6": false})"), (Texts{"192.0.2.7", "198.51.100.2"}));
}

TEST_F(ChooseAddresses, TakesLoopbackOnlyIfAskedOrIfThereIsNothingElse)
{
    EXPECT_EQ(chosen(R"({"loopback": true})"), (Texts{"192.0.2.7", "fd00::7", "198.51.100.2", "127.0.0.1", "::1"}));
    EXPECT_EQ(chosen(R"({"interfaces": ["lo"]})"), (Texts{"127.0.0.1", "::1"}));
    system_.erase(system_.begin() + 2, system_.end());
    EXPECT_EQ(chosen("{}"), (Texts{"127.0.0.1", "::1"}));
}

TEST_F(ChooseAddresses, ObeysNamesAndExplicitAddresses)
{
    EXPECT_EQ(chosen(R"({"interfaces": ["eth1"]})"), (Texts{"198.51.100.2"}));
    EXPECT_EQ(chosen(R"({"interfaces": ["wlan9"]})"), Texts{});
    EXPECT_EQ(chosen(R"({"addresses": ["127.0.0.1", "192.0.2.99"]})"), (Texts{"127.0.0.1", "192.0.2.99"}));
}

TEST_F(ChooseAddresses, StopsAtSixteen)
{
    for (int i = 0; i < 40; ++i)
        system_.push_back(at("eth2", ("203.0.113." + std::to_string(i + 2)).c_str()));
    EXPECT_EQ(chosen("{}").size(), 16U);
}

} // namespace
} // namespace jackfield::ice
