// jackfield plugins, jackfield explain: what there is and what was decided. Neither loads a plugin.

#include "kernel/config/explain.hpp"
#include "kernel/config/find_plugins.hpp"
#include "kernel/config/resolve.hpp"
#include "kernel/registry/registry.hpp"
#include "tools/jackfield/look_json.hpp"
#include "tools/jackfield/output.hpp"
#include "tools/jackfield/session.hpp"
#include "tools/jackfield/verbs.hpp"

namespace jackfield::program {

namespace {

OptionInfo json_option()
{
    return {"json", "", "the same as one JSON object, for scripts"};
}

int run_plugins(const Arguments& arguments)
{
    kernel::Config config;
    config.plugin_path = kernel::default_plugin_path();
    if (arguments.has("config"))
        config = read_config(arguments);
    const auto registry = kernel::find_plugins(config);
    put(stdout, arguments.has("json") ? plugins_json(registry) : kernel::list_plugins(registry));
    return kOk;
}

int run_explain(const Arguments& arguments)
{
    const auto config = or_stop(kernel::load_config(arguments.rest().front()));
    const auto registry = kernel::find_plugins(config);
    const auto resolved = or_stop(kernel::resolve(config, registry));
    put(stdout, arguments.has("json") ? explain_json(resolved) : kernel::explain(resolved));
    return kOk;
}

} // namespace

Verb plugins_verb()
{
    return {{"plugins",
             "",
             "Lists the plugins that were found, and those that cannot be used, with the reason.",
             {config_option(), json_option()},
             0,
             0},
            &run_plugins};
}

Verb explain_verb()
{
    return {{"explain",
             "CONFIG",
             "Shows which plugin a configuration puts into each slot, and why.",
             {json_option()},
             1,
             1},
            &run_explain};
}

} // namespace jackfield::program
