// jackfield dht: a node of the DHT and nothing else, for others to bootstrap from.
//
// It mounts the one plugin by hand: there is no identity, and no call can be made from here.

#include "kernel/bind/text.hpp"
#include "kernel/executor/instance_host.hpp"
#include "kernel/registry/instance.hpp"
#include "kernel/registry/registry.hpp"
#include "tools/jackfield/session.hpp"
#include "tools/jackfield/verbs.hpp"

#include <jackfield/abi/discovery.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <future>

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

/// The running node; everything inside is used on its control thread.
class DhtNode {
public:
    DhtNode(const jf_factory& factory, const std::string& config)
        : services_{JF_LOG_WARNING, standard_log(), {}}, host_(control_, services_, kPluginId),
          methods_(static_cast<const jf_discovery_methods*>(factory.methods)),
          instance_(or_stop(kernel::create_instance(factory, host_.raw(), config)))
    {
        control_.start();
    }
    DhtNode(const DhtNode&) = delete;
    DhtNode& operator=(const DhtNode&) = delete;
    ~DhtNode()
    {
        std::promise<void> gone;
        control_.post([&] {
            host_.close_gate();
            instance_ = {};
            gone.set_value();
        });
        gone.get_future().wait(); // the main thread, never the node's
        control_.stop();
    }

    void start()
    {
        std::promise<kernel::Error> started;
        control_.post([&] {
            kernel::ErrorSlot error;
            const auto status = methods_->start(instance_.self(), {&kListener, this}, &error);
            started.set_value(error.error(status));
        });
        const auto result = started.get_future().get();
        if (result.status != JF_OK)
            throw Stop(kConfiguration, result.text);
    }

    /// {"listening": "0.0.0.0:4222", ...}
    Json describe()
    {
        std::string text;
        kernel::ErrorSlot error;
        methods_->describe(instance_.self(), kernel::append_to(text), &error);
        return Json::parse(text, nullptr, false);
    }

private:
    static constexpr jf_discovery_listener_methods kListener{
        sizeof(jf_discovery_listener_methods), 0, [](void*, const jf_device*, const jf_call_message*) {},
        [](void*, std::uint32_t, jf_text) {}, [](void*, const jf_device*, std::int32_t) {}};

    kernel::ControlThread control_;
    kernel::HostServices services_;
    kernel::InstanceHost host_;
    const jf_discovery_methods* methods_;
    kernel::Instance instance_;
};

int run_dht(const Arguments& arguments)
{
    MainLoop loop;
    auto registry = kernel::Registry::scan(kernel::default_plugin_path());
    const auto plugin = or_stop(registry.load(kPluginId));
    DhtNode node(*plugin->factory(JF_DISCOVERY_INTERFACE), plugin_config(arguments).dump());
    node.start();
    const Json state = node.describe();
    if (event_format(arguments) == EventFormat::json)
        fmt::print("{}\n", state.dump());
    else
        fmt::print("bootstrap node on {}; Ctrl-C ends it\n", state.value("listening", "?"));
    std::fflush(stdout);
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
