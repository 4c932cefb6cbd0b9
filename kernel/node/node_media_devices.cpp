// What devices the plugins of the configuration have. See node.hpp.

#include "kernel/bind/text.hpp"
#include "kernel/node/node_impl.hpp"
#include "kernel/node/wait_for.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::kernel {

namespace {

using Json = nlohmann::json;

MediaDevice device_of(const Json& said, const std::string& plugin_id)
{
    return {plugin_id,
            said.value("name", ""),
            said.value("kind", ""),
            said.value("description", ""),
            said.value("default", false),
            said.value("state", "unknown")};
}

template <typename Methods>
void ask(const Plug<Methods>& plug, MediaDevices& all)
{
    if (!JF_HAS(plug.methods, devices))
        return;
    std::string text;
    ErrorSlot error;
    const jf_status status = plug.methods->devices(plug.self, append_to(text), &error);
    if (status != JF_OK) {
        const Error problem = error.error(status);
        all.problems.push_back({status, plug.plugin_id + ": " + problem.text});
        return;
    }
    try {
        const Json said_all = Json::parse(text);
        for (const auto& said : said_all.at("devices"))
            all.devices.push_back(device_of(said, plug.plugin_id));
    } catch (const Json::exception& exception) {
        all.problems.push_back({JF_BAD_INPUT, plug.plugin_id + ": its list of devices is none: " + exception.what()});
    }
}

} // namespace

MediaDevices devices_of(const Board& board)
{
    MediaDevices all;
    for (const auto& plug : board.sources)
        ask(plug, all);
    for (const auto& plug : board.sinks)
        ask(plug, all);
    return all;
}

/// On the program's thread, which is a worker here. The stack stays meanwhile.
MediaDevices Node::Impl::media_devices()
{
    refuse_to_wait_for_oneself(control_);
    const std::lock_guard lock(one_at_a_time_);
    return devices_of(*stack_->board);
}

MediaDevices Node::media_devices()
{
    return impl_->media_devices();
}

} // namespace jackfield::kernel
