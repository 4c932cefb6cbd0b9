// jackfield plugins, jackfield explain: what there is and what was decided. Neither loads a plugin.

#include "kernel/config/explain.hpp"
#include "kernel/config/resolve.hpp"
#include "kernel/registry/registry.hpp"
#include "tools/jackfield/session.hpp"
#include "tools/jackfield/verbs.hpp"

#include <fmt/format.h>

namespace jackfield::program {

namespace {

int run_plugins(const Arguments& arguments)
{
    const auto folders = arguments.has("config") ? read_config(arguments).plugin_path : kernel::default_plugin_path();
    fmt::print("{}", kernel::list_plugins(kernel::Registry::scan(folders)));
    return kOk;
}

int run_explain(const Arguments& arguments)
{
    const auto config = or_stop(kernel::load_config(arguments.rest().front()));
    const auto registry = kernel::Registry::scan(config.plugin_path);
    fmt::print("{}", kernel::explain(or_stop(kernel::resolve(config, registry))));
    return kOk;
}

} // namespace

Verb plugins_verb()
{
    return {{"plugins",
             "",
             "Lists the plugins that were found, and those that cannot be used, with the reason.",
             {config_option()},
             0,
             0},
            &run_plugins};
}

Verb explain_verb()
{
    return {{"explain", "CONFIG", "Shows which plugin a configuration puts into each slot, and why.", {}, 1, 1},
            &run_explain};
}

} // namespace jackfield::program
