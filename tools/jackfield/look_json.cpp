// The looking verbs for scripts. See look_json.hpp.

#include "tools/jackfield/look_json.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::program {

namespace {

using OrderedJson = nlohmann::ordered_json;

std::string dumped(const OrderedJson& value)
{
    return value.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

OrderedJson of_manifest(const kernel::Manifest& manifest)
{
    return {{"id", manifest.id},
            {"version", manifest.version},
            {"interfaces", manifest.interfaces},
            {"status", manifest.status},
            {"summary", manifest.summary},
            {"license", manifest.license},
            {"untrusted_input", manifest.untrusted_input},
            {"seals_by_itself", manifest.seals_by_itself},
            {"proves_nobody", manifest.proves_nobody},
            {"datagrams_only", manifest.datagrams_only},
            {"multiplexes", manifest.multiplexes},
            {"datagram_channels", manifest.datagram_channels},
            {"manifest", manifest.path.string()}};
}

OrderedJson of_slot(const kernel::Slot& slot, const kernel::Resolved& resolved)
{
    OrderedJson plugins = OrderedJson::array();
    for (const auto* plugin : resolved.plugins_of(slot.name))
        plugins.push_back({{"id", plugin->manifest.id},
                           {"version", plugin->manifest.version},
                           {"named_at", plugin->pointer},
                           {"others", plugin->others},
                           {"config", OrderedJson::parse(plugin->config_json, nullptr, false)}});
    OrderedJson left_out = OrderedJson::array();
    for (const auto& left : resolved.left_out) {
        if (left.slot == &slot)
            left_out.push_back({{"id", left.use}, {"named_at", left.pointer}, {"reason", left.reason}});
    }
    return {{"slot", slot.name},   {"interface", slot.interface_id},
            {"steps", slot.steps}, {"required", slot.required},
            {"plugins", plugins},  {"left_out", left_out}};
}

OrderedJson of_folders(const std::vector<kernel::SearchedFolder>& folders)
{
    OrderedJson all = OrderedJson::array();
    for (const auto& folder : folders)
        all.push_back({{"folder", folder.path.string()}, {"manifests", folder.manifests}, {"problem", folder.problem}});
    return all;
}

} // namespace

std::string plugins_json(const kernel::Registry& registry)
{
    OrderedJson plugins = OrderedJson::array();
    for (const auto* manifest : registry.all())
        plugins.push_back(of_manifest(*manifest));
    OrderedJson skipped = OrderedJson::array();
    for (const auto& one : registry.skipped())
        skipped.push_back({{"file", one.file.string()}, {"reason", one.reason}});
    return dumped({{"folders", of_folders(registry.searched())}, {"plugins", plugins}, {"skipped", skipped}});
}

std::string explain_json(const kernel::Resolved& resolved)
{
    OrderedJson slots = OrderedJson::array();
    for (const auto& slot : kernel::all_slots())
        slots.push_back(of_slot(slot, resolved));
    const auto& call = resolved.config.call;
    const auto& link = resolved.config.link;
    const auto& files = resolved.config.files;
    return dumped(
        {{"config", resolved.config.name},
         {"folders", of_folders(resolved.searched)},
         {"slots", slots},
         {"call",
          {{"control_policy", kernel::word(call.control_policy)},
           {"tcp_grace_ms", call.tcp_grace.count()},
           {"ring_timeout_s", call.ring_timeout.count()},
           {"connect_timeout_s", call.connect_timeout.count()},
           {"bundle", kernel::word(call.bundle)},
           {"allow_unproven_peer", call.allow_unproven_peer},
           {"calls_from", kernel::word(call.calls_from)},
           {"contact_requests", kernel::word(call.contact_requests)},
           {"display_name", call.display_name}}},
         {"link", {{"idle_timeout_s", link.idle_timeout.count()}, {"ping_interval_s", link.ping_interval.count()}}},
         {"files",
          {{"folder", files.download.folder.string()},
           {"from", kernel::word(files.from)},
           {"quota_mib", files.download.quota_bytes >> 20},
           {"file_mib", files.download.file_bytes >> 20}}}});
}

} // namespace jackfield::program
