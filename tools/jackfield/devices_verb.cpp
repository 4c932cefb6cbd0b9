// jackfield devices: microphones, speakers, cameras, screens and windows that the configuration's plugins can open.

#include "tools/jackfield/output.hpp"
#include "tools/jackfield/session.hpp"
#include "tools/jackfield/verbs.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace jackfield::program {

namespace {

using kernel::MediaDevice;
using OrderedJson = nlohmann::ordered_json;

std::string as_json(const kernel::MediaDevices& all)
{
    OrderedJson devices = OrderedJson::array();
    for (const auto& device : all.devices)
        devices.push_back({{"name", device.name},
                           {"kind", device.kind},
                           {"description", device.description},
                           {"default", device.is_default},
                           {"state", device.state},
                           {"plugin", device.plugin_id}});
    OrderedJson problems = OrderedJson::array();
    for (const auto& problem : all.problems)
        problems.push_back({{"status", kernel::status_word(problem.status)}, {"text", problem.text}});
    return OrderedJson{{"devices", devices}, {"problems", problems}}.dump(2, ' ', false,
                                                                          OrderedJson::error_handler_t::replace) +
           "\n";
}

/// One line each: the name that --send or --play takes, with a star if its kind and a colon would do.
std::string as_table(const kernel::MediaDevices& all)
{
    std::size_t widest = 0;
    for (const auto& device : all.devices)
        widest = std::max(widest, device.name.size());
    std::string table;
    for (const auto& device : all.devices)
        table += fmt::format("{} {:<{}}  {:<9}  {}\n", device.is_default ? '*' : ' ', printable(device.name), widest,
                             printable(device.state), printable(device.description));
    return table;
}

int run_devices(const Arguments& arguments)
{
    const auto config = read_config(arguments);
    const auto node = or_stop(kernel::Node::create(config, std::make_shared<kernel::NodeListener>(), standard_log()));
    const auto all = node->media_devices();
    node->stop();
    if (arguments.has("json")) {
        put(stdout, as_json(all));
    } else {
        put(stdout, as_table(all));
        for (const auto& problem : all.problems)
            put(stderr, printable(problem.text) + "\n");
        if (all.devices.empty() && all.problems.empty())
            put(stderr,
                "no plugin of " + config.name + " has devices; media-pulse in media_source and media_sink would\n");
    }
    return all.problems.empty() ? kOk : kMedia;
}

} // namespace

Verb devices_verb()
{
    return {{"devices",
             "",
             "Lists the microphones, speakers, cameras, screens and windows that a call can use, with the names that "
             "--send and --play take; a star marks the default ones.",
             {config_option(), {"json", "", "the same as one JSON object, for scripts"}, log_option()},
             0,
             0},
            &run_devices};
}

} // namespace jackfield::program
