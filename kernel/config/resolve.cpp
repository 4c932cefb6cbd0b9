// From plugin ids to manifests and checked options. See resolve.hpp.

#include "kernel/config/resolve.hpp"

#include "kernel/config/combination.hpp"
#include "kernel/config/nearest.hpp"
#include "kernel/config/options.hpp"
#include "kernel/config/report.hpp"
#include "kernel/registry/json_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace jackfield::kernel {

namespace {

constexpr std::size_t kMaxSkippedShown = 4;

std::string name_and_version(const Manifest& manifest)
{
    return fmt::format("{} {}", manifest.id, manifest.version);
}

/// "ice-libnice 0.1.0, ice-direct 0.1.0   (jackfield.connectivity/1)"
std::string available_text(const Registry& registry, const Slot& slot)
{
    std::vector<std::string> names;
    for (const auto* manifest : registry.available(slot.interface_id))
        names.push_back(name_and_version(*manifest));
    return fmt::format("{}   ({})", names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")),
                       slot.interface_id);
}

bool is_manifest_of(const Skipped& skipped, std::string_view id)
{
    return skipped.file.filename() == fmt::format("{}.plugin.json", id);
}

/// Skipped manifests: the one of the wanted plugin if it is among them, else all, since any could have been meant.
void add_skipped(Report& report, const Registry& registry, std::string_view id)
{
    auto shown = registry.skipped();
    if (std::any_of(shown.begin(), shown.end(), [&](const auto& skipped) { return is_manifest_of(skipped, id); }))
        std::erase_if(shown, [&](const auto& skipped) { return !is_manifest_of(skipped, id); });
    const char* word = "skipped";
    for (const auto& [file, reason] : std::span(shown).first(std::min(shown.size(), kMaxSkippedShown)))
        report.line(std::exchange(word, ""), file.filename().string() + ": " + reason);
    if (shown.size() > kMaxSkippedShown)
        report.line("", fmt::format("and {} more", shown.size() - kMaxSkippedShown));
}

/// Only for a name that nobody ever had: one that was retired or skipped was surely meant.
std::string meant_plugin(const Registry& registry, const Choice& choice)
{
    const auto& skipped = registry.skipped();
    if (!registry.replacement(choice.use).empty() ||
        std::any_of(skipped.begin(), skipped.end(), [&](const auto& one) { return is_manifest_of(one, choice.use); }))
        return {};
    std::vector<std::string_view> ids;
    for (const auto* manifest : registry.available(choice.slot->interface_id))
        ids.push_back(manifest->id);
    return did_you_mean(choice.use, ids);
}

Report missing_plugin(const Config& config, const Registry& registry, const Choice& choice)
{
    Report report(config.name, at(choice.pointer, "use"),
                  fmt::format("no plugin {}{}", in_quotes(choice.use), meant_plugin(registry, choice)));
    if (const auto replacement = registry.replacement(choice.use); !replacement.empty())
        report.line("retired", fmt::format("{}: use {}", choice.use, replacement));
    report.line("searched", searched_text(registry.searched()));
    report.line("available", available_text(registry, *choice.slot));
    add_skipped(report, registry, choice.use);
    return report;
}

/// nullptr if the plugin is optional and not there; then it is left out.
const Manifest* find_plugin(Resolved& resolved, const Registry& registry, const Choice& choice)
{
    const auto* const manifest = registry.find(choice.use);
    if (manifest == nullptr && choice.optional) {
        resolved.left_out.push_back({choice.slot, choice.use, choice.pointer, "optional, and there is no such plugin"});
        return nullptr;
    }
    if (manifest == nullptr)
        missing_plugin(resolved.config, registry, choice).raise();
    if (!manifest->implements(choice.slot->interface_id))
        Report(resolved.config.name, at(choice.pointer, "use"),
               fmt::format("{} cannot fill the slot {}: it implements {}", choice.use, choice.slot->name,
                           fmt::join(manifest->interfaces, ", ")))
            .line("searched", manifest->path.string())
            .line("available", available_text(registry, *choice.slot))
            .raise();
    return manifest;
}

void add_plugin(Resolved& resolved, const Registry& registry, const Choice& choice)
{
    const auto* const manifest = find_plugin(resolved, registry, choice);
    if (manifest == nullptr)
        return;
    if (choice.isolate && !manifest->needs.empty())
        Report(resolved.config.name, at(choice.pointer, "isolate"),
               fmt::format("{} needs {}, which is not there in a process of its own; without \"isolate\" it is",
                           manifest->id, fmt::join(manifest->needs, ", ")))
            .raise();
    ResolvedPlugin plugin{choice.slot,  *manifest,       choice.config_json, choice.pointer,
                          choice.seams, choice.carriage, choice.isolate,     {}};
    for (const auto* other : registry.available(choice.slot->interface_id)) {
        const bool chosen_too =
            std::any_of(resolved.config.choices.begin(), resolved.config.choices.end(),
                        [&](const Choice& c) { return c.slot == choice.slot && c.use == other->id; });
        if (!chosen_too)
            plugin.others.push_back(name_and_version(*other));
    }
    resolved.plugins.push_back(std::move(plugin));
}

void check_required_slots(const Resolved& resolved, const Registry& registry)
{
    for (const auto& slot : all_slots()) {
        if (slot.required && resolved.plugin(slot.name) == nullptr)
            Report(resolved.config.name, at("/slots", slot.name), fmt::format("missing; {}", slot.when_empty))
                .line("searched", searched_text(resolved.searched))
                .line("available", available_text(registry, slot))
                .raise();
    }
}

void check_all_options(Resolved& resolved)
{
    for (auto& plugin : resolved.plugins) {
        auto checked = check_options(plugin.config_json, plugin.manifest,
                                     {resolved.config.name, at(plugin.pointer, "config"), resolved.config.folder});
        if (!checked)
            throw Failure(checked.error());
        plugin.config_json = std::move(*checked);
    }
}

/// A service is what some other slot's plugin does, reached through jf_host.get_service.
void check_needs(const Resolved& resolved, const Registry& registry)
{
    for (const auto& plugin : resolved.plugins) {
        for (const auto& service : plugin.manifest.needs) {
            const auto slots = all_slots();
            const auto giver = std::find_if(slots.begin(), slots.end(),
                                            [&](const Slot& slot) { return slot.interface_id == service; });
            if (giver == slots.end() || resolved.plugin(giver->name) != nullptr)
                continue; // the kernel's own services are no slots
            Report(resolved.config.name, at("/slots", giver->name),
                   fmt::format("missing; {} at {} needs {}", plugin.manifest.id, plugin.pointer, service))
                .line("searched", searched_text(resolved.searched))
                .line("available", available_text(registry, *giver))
                .raise();
        }
    }
}

using Way = std::vector<const ResolvedPlugin*>;

[[noreturn]] void refuse_circle(const Resolved& resolved, const Way& circle)
{
    std::string text;
    for (std::size_t i = 0; i < circle.size(); ++i)
        text += fmt::format("{}{} needs {}", i == 0 ? "" : ", ", circle[i]->manifest.id,
                            circle[(i + 1) % circle.size()]->slot->interface_id);
    Report(resolved.config.name, circle.front()->pointer, fmt::format("waits for itself: {}", text))
        .line("would work", "another plugin in one of these slots")
        .raise();
}

/// Goes from the last plugin of the way to those that give what it needs. done: those from which no circle was found.
void find_circle(const Resolved& resolved, Way& way, std::vector<const ResolvedPlugin*>& done)
{
    const auto* const plugin = way.back();
    for (const auto& service : plugin->manifest.needs) {
        for (const auto& giver : resolved.plugins) {
            if (giver.slot->interface_id != service || std::find(done.begin(), done.end(), &giver) != done.end())
                continue;
            if (const auto again = std::find(way.begin(), way.end(), &giver); again != way.end())
                refuse_circle(resolved, {again, way.end()});
            way.push_back(&giver);
            find_circle(resolved, way, done);
            way.pop_back();
        }
    }
    done.push_back(plugin);
}

/// Whoever needs a service is made after it, so nobody can need, over others, what needs them.
void check_circles(const Resolved& resolved)
{
    std::vector<const ResolvedPlugin*> done;
    for (const auto& plugin : resolved.plugins) {
        Way way{&plugin};
        find_circle(resolved, way, done);
    }
}

} // namespace

std::string ResolvedPlugin::place_of(const Config& config, std::string_view create_text) const
{
    const char* const between = create_text.starts_with('/') || create_text.starts_with(':') ? "" : ": ";
    return fmt::format("{}: {}{}{}", config.name, at(pointer, "config"), between, create_text);
}

const ResolvedPlugin* Resolved::plugin(std::string_view slot) const
{
    const auto found =
        std::find_if(plugins.begin(), plugins.end(), [&](const auto& plugin) { return plugin.slot->name == slot; });
    return found == plugins.end() ? nullptr : &*found;
}

std::vector<const ResolvedPlugin*> Resolved::plugins_of(std::string_view slot) const
{
    std::vector<const ResolvedPlugin*> found;
    for (const auto& plugin : plugins) {
        if (plugin.slot->name == slot)
            found.push_back(&plugin);
    }
    return found;
}

std::expected<Resolved, Error> resolve(const Config& config, const Registry& registry)
{
    try {
        Resolved resolved{config, {}, {}, registry.searched()};
        for (const auto& choice : config.choices)
            add_plugin(resolved, registry, choice);
        check_required_slots(resolved, registry);
        check_all_options(resolved);
        check_needs(resolved, registry);
        check_circles(resolved);
        check_combination(resolved, registry);
        fit_control_policy(resolved);
        return resolved;
    } catch (const Failure& failure) {
        return std::unexpected(failure.error());
    }
}

std::string searched_text(const std::vector<SearchedFolder>& folders)
{
    std::vector<std::string> texts;
    for (const auto& folder : folders) {
        const auto count = fmt::format("{} {}", folder.manifests, folder.manifests == 1 ? "manifest" : "manifests");
        texts.push_back(fmt::format("{} ({})", folder.path.string(), folder.problem.empty() ? count : folder.problem));
    }
    return texts.empty() ? "no folder" : fmt::format("{}", fmt::join(texts, ", "));
}

} // namespace jackfield::kernel
