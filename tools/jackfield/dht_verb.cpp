// jackfield dht: a node of the DHT and nothing else, for others to bootstrap from.
//
// There is no identity, and no call can be made from here.

#include "kernel/bind/text.hpp"
#include "tools/jackfield/session.hpp"
#include "tools/jackfield/single_plugin.hpp"
#include "tools/jackfield/verbs.hpp"

#include <jackfield/abi/discovery.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace jackfield::program {

namespace {

constexpr const char* kPluginId = "discovery-opendht";

using Json = nlohmann::json;

Json plugin_config(const Arguments& arguments)
{
    const std::string port = arguments.get("port", "4222");
    if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string::npos ||
        std::stoi(port) > 65535)
        throw UsageError("--port takes a number from 0 to 65535, not \"" + port + "\"");
    Json config{{"listen", arguments.get("address", "0.0.0.0") + ":" + port}, {"bootstrap", Json::array()}};
    if (arguments.has("bootstrap"))
        config["bootstrap"].push_back(arguments.get("bootstrap"));
    if (arguments.has("no-limits"))
        config["public_rate_limits"] = false;
    return config;
}

constexpr jf_discovery_listener_methods kListener{sizeof(jf_discovery_listener_methods),
                                                  0,
                                                  [](void*, const jf_device*, const jf_call_message*) {},
                                                  [](void*, std::uint32_t, jf_text) {},
                                                  [](void*, const jf_device*, std::int32_t) {},
                                                  nullptr};

void start(SinglePlugin& plugin)
{
    kernel::Error result;
    plugin.on_control([&] {
        kernel::ErrorSlot error;
        const auto* methods = plugin.methods<jf_discovery_methods>();
        result = error.error(methods->start(plugin.self(), {&kListener, nullptr}, &error));
    });
    if (result.status != JF_OK)
        throw Stop(kConfiguration, result.text);
}

/// {"listening": "0.0.0.0:4222", ...}
Json describe(SinglePlugin& plugin)
{
    std::string text;
    plugin.on_control([&] {
        kernel::ErrorSlot error;
        plugin.methods<jf_discovery_methods>()->describe(plugin.self(), kernel::append_to(text), &error);
    });
    return Json::parse(text, nullptr, false);
}

int run_dht(const Arguments& arguments)
{
    MainLoop loop;
    const auto format = event_format(arguments);
    SinglePlugin node(kPluginId, JF_DISCOVERY_INTERFACE, plugin_config(arguments).dump());
    start(node);
    const Json state = describe(node);
    if (format == EventFormat::json)
        put(stdout, state.dump() + "\n");
    else
        put(stdout, fmt::format("bootstrap node on {}; Ctrl-C ends it\n", state.value("listening", "?")));
    loop.run();
    return kOk;
}

} // namespace

Verb dht_verb()
{
    return {{"dht",
             "",
             "Runs a node of the DHT for others to bootstrap from, until Ctrl-C.",
             {{"port", "PORT", "UDP port to listen on (default 4222; 0: any, and it is printed)"},
              {"address", "ADDRESS", "address to listen on (default 0.0.0.0)"},
              {"bootstrap", "HOST:PORT", "another node to join"},
              {"no-limits", "", "answers any number of requests per address, for networks on one machine"},
              events_option()},
             0,
             0},
            &run_dht};
}

} // namespace jackfield::program
