// See cells.hpp.

#include "cells.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace scenarios {

namespace {

constexpr const char* kQuic = "quic-ngtcp2";

using Apply = std::function<void(Json& config, World& world, const std::string& peer)>;

/// A level that is one plugin in its slot, with options that do not depend on the peer.
Level plugin(const std::string& slot, const std::string& id, const Json& options = Json::object())
{
    return {id, {id}, [=](Json& config, World&, const std::string&) {
                config["slots"][slot] = {{"use", id}, {"config", options}};
            }};
}

Level plugins(const std::string& slot, const std::vector<std::string>& ids)
{
    std::string name;
    for (const auto& id : ids)
        name += (name.empty() ? "" : ", ") + id;
    return {name, ids, [=](Json& config, World&, const std::string&) {
                Json list = Json::array();
                for (const auto& id : ids)
                    list.push_back({{"use", id}});
                config["slots"][slot] = list;
            }};
}

Level decorator(const std::string& id, const Json& seams, const Json& options)
{
    return {id, {id}, [=](Json& config, World&, const std::string&) {
                config["slots"]["path_decorator"] = {{"use", id}, {"at", seams}, {"config", options}};
            }};
}

Factor identity()
{
    return {"identity",
            {{"identity-x509",
              {"identity-x509"},
              [](Json& config, World& world, const std::string& peer) {
                  config["slots"]["identity"] = {{"use", "identity-x509"},
                                                 {"config", {{"store", (world.folder() / peer).string()}}}};
              }},
             plugin("identity", "identity-memory")}};
}

Factor discovery()
{
    return {
        "discovery",
        {{"discovery-opendht",
          {"discovery-opendht"},
          [](Json& config, World& world, const std::string&) {
              config["slots"]["discovery"] = {
                  {{"use", "discovery-opendht"},
                   {"config",
                    {{"listen", "127.0.0.1:0"}, {"bootstrap", {world.bootstrap()}}, {"public_rate_limits", false}}}}};
          }},
         {"discovery-rendezvous",
          {"discovery-rendezvous"},
          [](Json& config, World& world, const std::string&) {
              config["slots"]["discovery"] = {
                  {{"use", "discovery-rendezvous"}, {"config", {{"servers", {world.rendezvous()}}}}}};
          }},
         {"discovery-lan",
          {"discovery-lan"},
          [](Json& config, World& world, const std::string&) {
              config["slots"]["discovery"] = {
                  {{"use", "discovery-lan"}, {"config", {{"addresses", {"127.0.0.1"}}, {"port", world.lan_port()}}}}};
          }},
         {"discovery-static", {"discovery-static"}, [](Json& config, World&, const std::string&) {
              config["slots"]["discovery"] = {
                  {{"use", "discovery-static"}, {"config", {{"listen", "127.0.0.1:0"}, {"peers", Json::array()}}}}};
          }}}};
}

Factor control_policy()
{
    Factor factor{"control path", {}};
    for (const std::string policy : {"tcp-only", "udp-only"})
        factor.levels.push_back({policy, {"reliable-usrsctp"}, [=](Json& config, World&, const std::string&) {
                                     config["call"]["control_policy"] = policy;
                                     config["slots"]["reliable_stream"] = {{"use", "reliable-usrsctp"}};
                                 }});
    return factor;
}

Factor secure_channel()
{
    Factor factor{"secure_channel", {}};
    for (const char* id : {"secure-openssl", "secure-gnutls", "secure-mbedtls", "secure-noise"})
        factor.levels.push_back(plugin("secure_channel", id));
    factor.levels.push_back({"secure-none", {"secure-none"}, [](Json& config, World&, const std::string&) {
                                 config["slots"]["secure_channel"] = {{"use", "secure-none"},
                                                                      {"config", {{"insecure", true}}}};
                                 config["call"]["allow_unproven_peer"] = true;
                             }});
    // One connection over UDP that has streams and channels of its own: no seam between it and them.
    factor.levels.push_back({kQuic,
                             {kQuic},
                             [](Json& config, World&, const std::string&) {
                                 config["slots"]["secure_channel"] = {{"use", kQuic}};
                                 config["slots"].erase("reliable_stream");
                                 if (auto& slots = config["slots"]; slots.contains("path_decorator")) {
                                     Json seams = Json::array();
                                     for (const auto& seam : slots["path_decorator"]["at"])
                                         if (seam != "secured")
                                             seams.push_back(seam);
                                     slots["path_decorator"]["at"] = seams;
                                 }
                             },
                             {"tcp-only", "mux-yamux", "mux-msgpack"}});
    return factor;
}

/// RTP in the clear or by SRTP over paths of its own, and over QUIC alone or beside SRTP.
Factor media_transport()
{
    Factor factor{
        "media_transport",
        {plugin("media_transport", "media-srtp"), plugin("media_transport", "media-plain", {{"insecure", true}})}};
    const Json over_quic{{"use", "media-plain"}, {"over", "multiplexer"}, {"config", {{"insecure", false}}}};
    const std::vector<std::string> apart{"secure-openssl", "secure-gnutls", "secure-mbedtls", "secure-noise",
                                         "secure-none",    "tcp-only",      "mux-yamux",      "mux-msgpack"};
    factor.levels.push_back({"media-plain over QUIC",
                             {"media-plain", kQuic},
                             [=](Json& config, World&, const std::string&) {
                                 config["slots"]["media_transport"] = Json::array({over_quic});
                             },
                             apart});
    factor.levels.push_back({"media-plain over QUIC, media-srtp",
                             {"media-plain", "media-srtp", kQuic},
                             [=](Json& config, World&, const std::string&) {
                                 Json sound = over_quic;
                                 sound["kinds"] = "audio";
                                 config["slots"]["media_transport"] = Json::array({sound, Json{{"use", "media-srtp"}}});
                             },
                             apart});
    return factor;
}

Level nothing()
{
    return {"none", {}, [](Json&, World&, const std::string&) {}};
}

Factor decorators()
{
    const Json all{"control", "secured", "signaling", "media"};
    Factor factor{"path_decorator",
                  {nothing(), decorator("path-stats", all, Json::object()),
                   decorator("path-fault", all, {{"at_packet", 1'000'000}}),
                   decorator("path-impair", {"control", "media"}, {{"delay_ms", 2}, {"jitter_ms", 1}, {"seed", 1}})}};
    factor.levels.push_back({"path-trace", {"path-trace"}, [](Json& config, World& world, const std::string& peer) {
                                 config["slots"]["path_decorator"] = {
                                     {"use", "path-trace"},
                                     {"at", {"control", "media"}},
                                     {"config", {{"file", (world.folder() / (peer + ".pcapng")).string()}}}};
                             }});
    return factor;
}

std::vector<Factor> all_factors()
{
    const Json loopback{{"addresses", {"127.0.0.1"}}};
    return {identity(),
            discovery(),
            {"connectivity",
             {plugin("connectivity", "ice-libnice", loopback), plugin("connectivity", "ice-direct", loopback)}},
            control_policy(),
            decorators(),
            secure_channel(),
            {"multiplexer", {nothing(), plugin("multiplexer", "mux-yamux"), plugin("multiplexer", "mux-msgpack")}},
            {"signaling", {plugin("signaling", "signaling-sip"), plugin("signaling", "signaling-json")}},
            media_transport(),
            {"codec",
             {plugins("codec", {"codec-ffmpeg"}), plugins("codec", {"codec-opus", "codec-vpx"}),
              plugins("codec", {"codec-g711", "codec-vpx"})}},
            {"media_source", {plugins("media_source", {"media-ffmpeg"}), plugins("media_source", {"media-test"})}},
            {"media_sink", {plugins("media_sink", {"media-ffmpeg"}), plugins("media_sink", {"media-null"})}}};
}

bool is_there(const std::string& plugin)
{
    return std::filesystem::exists(std::filesystem::path(JACKFIELD_TEST_PLUGIN_DIR) / (plugin + ".plugin.json"));
}

double time_of(Process& process, const std::string& step, const std::string& moment, const std::string& what)
{
    const Json event = process.event(step, moment, what);
    return event.is_null() ? 0 : event.value("t_ms", 0.0);
}

} // namespace

std::vector<Factor> factors_of_plugins_there()
{
    auto factors = all_factors();
    for (auto& factor : factors)
        std::erase_if(factor.levels, [](const Level& level) { return !std::ranges::all_of(level.plugins, is_there); });
    return factors;
}

bool factors_are_whole()
{
    return std::ranges::all_of(all_factors(), [](const Factor& factor) {
        return std::ranges::all_of(factor.levels,
                                   [](const Level& level) { return std::ranges::all_of(level.plugins, is_there); });
    });
}

std::string Cell::name() const
{
    std::string name;
    for (const auto& level : levels)
        name += (name.empty() ? "" : " | ") + level.name;
    return name;
}

std::vector<Cell> cells_of(const std::vector<Factor>& factors)
{
    std::vector<std::size_t> sizes;
    for (const auto& factor : factors) {
        if (factor.levels.empty())
            return {}; // nothing fills that slot: there is no call
        sizes.push_back(factor.levels.size());
    }
    std::vector<Cell> cells;
    const auto apart = [&](const Choice& a, const Choice& b) {
        const Level& one = factors[a.factor].levels[a.level];
        const Level& other = factors[b.factor].levels[b.level];
        return std::ranges::find(one.apart, other.name) != one.apart.end() ||
               std::ranges::find(other.apart, one.name) != other.apart.end();
    };
    for (const Row& row : covering_array(sizes, apart)) {
        Cell cell;
        for (std::size_t factor = 0; factor < factors.size(); ++factor)
            cell.levels.push_back(factors[factor].levels[row[factor]]);
        cells.push_back(std::move(cell));
    }
    return cells;
}

CellResult call_on(const Cell& cell, World& world)
{
    for (const std::string peer : {"alice", "bob"}) {
        world.configure(peer);
        world.change(peer, [&](Json& config) {
            config["slots"].erase("reliable_stream");
            for (const auto& level : cell.levels)
                level.apply(config, world, peer);
        });
    }
    CellResult result;
    const auto bob = world.listen("bob", {"--answer", "--once", "--send", "test"});
    const Json known = bob->event("identity", "done");
    if (known.is_null())
        return {.problem = "bob does not know who he is"};
    const std::string account = known["detail"]["account"];
    world.introduce("alice", account, bob->listening());
    const auto alice = world.call("alice", account, {"--send", "test", "--for", "1"});
    result.ringing_ms = time_of(*alice, "signaling", "progress", "ringing");
    result.sound_ms = time_of(*alice, "media", "progress", "first_audio");
    result.pictures_ms = time_of(*alice, "media", "progress", "first_video");
    for (auto* peer : {alice.get(), bob.get()}) {
        const std::string name = peer == alice.get() ? "alice" : "bob";
        for (const char* what : {"first_audio", "first_video"}) {
            if (peer->event("media", "progress", what).is_null())
                result.problem += name + " has no " + what + "; ";
        }
        if (const int code = peer->exit_code(); code != 0)
            result.problem += name + " ended with " + std::to_string(code) + "; ";
    }
    result.worked = result.problem.empty();
    return result;
}

} // namespace scenarios
