// One plugin mounted by hand. See single_plugin.hpp.

#include "tools/jackfield/single_plugin.hpp"

#include "kernel/config/find_plugins.hpp"
#include "tools/jackfield/session.hpp"

#include <future>

namespace jackfield::program {

SinglePlugin::SinglePlugin(const std::string& plugin_id, std::string_view interface_id, const std::string& config_json)
    : services_{JF_LOG_WARNING, standard_log(), {}},
      host_(control_, services_, plugin_id),
      registry_(kernel::find_plugins(kernel::default_plugin_path(), {}))
{
    const auto* factory = or_stop(registry_.load(plugin_id))->factory(interface_id);
    if (factory == nullptr)
        throw Stop(kConfiguration, plugin_id + " does not implement " + std::string(interface_id));
    control_.start();
    std::expected<kernel::Instance, kernel::Error> made;
    on_control([&] { made = kernel::create_instance(*factory, host_.raw(), config_json); });
    instance_ = or_stop(std::move(made));
}

SinglePlugin::~SinglePlugin()
{
    on_control([&] {
        host_.close_gate();
        instance_ = {};
    });
    control_.stop();
}

void SinglePlugin::on_control(const std::function<void()>& action)
{
    std::promise<void> done;
    control_.post([&] {
        action();
        done.set_value();
    });
    done.get_future().wait(); // the main thread, never the plugin's
}

} // namespace jackfield::program
