// Two peers on loopback. See two_peers.hpp.

#include "tests/tools/two_peers.hpp"

#include "tests/need_plugins.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <fstream>
#include <map>
#include <stdexcept>

namespace jackfield::test {

namespace {

using Json = nlohmann::json;

/// An address that cannot be reached by mistake; replaced as soon as bob has one.
constexpr const char* kNowhere = "127.0.0.1:9";
constexpr std::string_view kLoopback = "127.0.0.1:";

} // namespace

TwoPeers::TwoPeers()
{
    std::string pattern = (std::filesystem::temp_directory_path() / "jackfield-program-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr)
        throw std::runtime_error("mkdtemp failed");
    folder_ = pattern;
    configure("bob", {});
    bob_account_ = account_of("bob");
    configure("alice", {{bob_account_, kNowhere}});
}

TwoPeers::~TwoPeers()
{
    if (!::testing::Test::HasFailure())
        std::filesystem::remove_all(folder_);
}

void TwoPeers::configure(const std::string& name, const Peers& known) const
{
    Json peers = Json::array();
    for (const auto& [account, address] : known)
        peers.push_back({{"account", account}, {"address", address}});
    Json slots;
    slots["identity"] = {{"use", "identity-x509"}, {"config", {{"store", file(name).string()}}}};
    slots["discovery"] = {{"use", "discovery-static"}, {"config", {{"listen", "127.0.0.1:0"}, {"peers", peers}}}};
    slots["connectivity"] = {{"use", "ice-libnice"}, {"config", {{"addresses", {"127.0.0.1"}}}}};
    for (const auto& [slot, plugin] : std::map<std::string, std::string>{{"secure_channel", "secure-openssl"},
                                                                         {"reliable_stream", "reliable-usrsctp"},
                                                                         {"signaling", "signaling-sip"},
                                                                         {"media_transport", "media-srtp"},
                                                                         {"codec", "codec-ffmpeg"},
                                                                         {"media_source", "media-ffmpeg"},
                                                                         {"media_sink", "media-ffmpeg"}})
        slots[slot] = {{"use", plugin}};
    for (const auto& slot : slots)
        need_plugins({slot["use"]}, [this] { std::filesystem::remove_all(folder_); });
    std::ofstream(config(name)) << Json{{"jackfield", 1},          {"plugin_path", {JACKFIELD_TEST_PLUGIN_DIR}},
                                        {"slots", slots},          {"contacts", name + "-contacts.json"},
                                        {"texts", Json::object()}, {"call", {{"display_name", name}}}}
                                       .dump(2);
}

std::string TwoPeers::account_of(const std::string& name) const
{
    const auto ids = Json::parse(run({"id", "--config", config(name), "--events", "json"}).out, nullptr, false);
    return ids.is_object() ? ids.value("account", "") : "";
}

std::unique_ptr<RunningProgram> TwoPeers::listens(const std::string& name, const std::vector<std::string>& more,
                                                  const How& how, std::string& address) const
{
    std::vector<std::string> words{"listen", "--config", config(name)};
    words.insert(words.end(), more.begin(), more.end());
    auto program = std::make_unique<RunningProgram>(words, how);
    EXPECT_TRUE(program->says("announced")) << program->out() << program->err();
    program->says("listening " + std::string(kLoopback)); // a line of its own, which comes after
    const std::string said = program->out() + program->err();
    const auto begin = said.find(kLoopback);
    if (begin == std::string::npos)
        ADD_FAILURE() << name << " does not say where it listens: " << said;
    else
        address = said.substr(begin, said.find_first_not_of("0123456789", begin + kLoopback.size()) - begin);
    return program;
}

std::unique_ptr<RunningProgram> TwoPeers::bob_listens(const std::vector<std::string>& more, const How& how)
{
    auto bob = listens("bob", more, how, bob_address_);
    Peers known{{bob_account_, bob_address_}};
    if (!carol_address_.empty())
        known.emplace_back(carol_account_, carol_address_);
    configure("alice", known);
    return bob;
}

std::unique_ptr<RunningProgram> TwoPeers::carol_listens(const std::vector<std::string>& more, const How& how)
{
    configure("carol", {});
    carol_account_ = account_of("carol");
    auto carol = listens("carol", more, how, carol_address_);
    configure("bob", {{carol_account_, carol_address_}});
    return carol;
}

std::unique_ptr<RunningProgram> TwoPeers::alice_calls(const std::vector<std::string>& more, const How& how)
{
    return calls("alice", more, how);
}

std::unique_ptr<RunningProgram> TwoPeers::carol_calls(const std::vector<std::string>& more, const How& how)
{
    configure("carol", {{bob_account_, bob_address_}});
    return calls("carol", more, how);
}

std::unique_ptr<RunningProgram> TwoPeers::calls(const std::string& name, const std::vector<std::string>& more,
                                                const How& how) const
{
    std::vector<std::string> words{"call", "--config", config(name), bob_account_};
    words.insert(words.end(), more.begin(), more.end());
    return std::make_unique<RunningProgram>(words, how);
}

} // namespace jackfield::test
