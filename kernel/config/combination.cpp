// What manifests and settings say against each other, in the order of a call. See combination.hpp.

#include "kernel/config/combination.hpp"

#include "kernel/config/report.hpp"
#include "kernel/registry/json_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace jackfield::kernel {

namespace {

/// "secure-openssl, secure-gnutls": those that implement the interface and of which the condition holds.
template <class Condition>
std::string names_of(const Registry& registry, const Slot& slot, Condition condition)
{
    std::vector<std::string> names;
    for (const auto* manifest : registry.available(slot.interface_id)) {
        if (condition(*manifest))
            names.push_back(manifest->id);
    }
    return fmt::format("{}", fmt::join(names, ", "));
}

/// Step 5: whoever is there must be proven, unless the configuration takes anybody.
void check_proof(const Resolved& resolved, const Registry& registry)
{
    const auto* const secure = resolved.plugin("secure_channel");
    if (!secure->manifest.proves_nobody || resolved.config.call.allow_unproven_peer)
        return;
    const auto others =
        names_of(registry, *secure->slot, [](const Manifest& manifest) { return !manifest.proves_nobody; });
    Report(resolved.config.name, at(secure->pointer, "use"),
           fmt::format("{} does not prove who the peer is, so every call would be refused", secure->manifest.id))
        .line("searched", fmt::format("{}; \"allow_unproven_peer\" at /call", secure->manifest.path.string()))
        .line("works",
              fmt::format("\"call\": {{\"allow_unproven_peer\": true}}{}{}", others.empty() ? "" : ", or ", others))
        .raise();
}

/// Steps 5 and 6: signaling needs a stream, and a control path of datagrams is none.
void check_stream(const Resolved& resolved, const Registry& registry)
{
    if (resolved.config.call.control_policy != ControlPolicy::kUdpOnly || resolved.plugin("reliable_stream") != nullptr)
        return;
    const auto& slot = *find_slot("reliable_stream");
    const auto fillers = names_of(registry, slot, [](const Manifest&) { return true; });
    Report(resolved.config.name, "/call/control_policy",
           "the control path is UDP alone, and no plugin makes a stream of its datagrams for signaling")
        .line("searched", fmt::format("/slots/reliable_stream; {}", searched_text(resolved.searched)))
        .line("works", fillers.empty() ? "\"tcp-preferred\""
                                       : fmt::format("\"tcp-preferred\", or {} in the slot reliable_stream", fillers))
        .raise();
}

/// Steps 4 to 8: what stands where nothing passes would never do anything.
void check_media_seam(const Resolved& resolved)
{
    std::vector<std::string> missing;
    for (const auto* const slot : {"media_transport", "codec"}) {
        if (resolved.plugin(slot) == nullptr)
            missing.emplace_back(slot);
    }
    if (missing.empty())
        return;
    for (const auto* decorator : resolved.plugins_of(kDecoratorSlot)) {
        if (std::ranges::find(decorator->seams, Seam::kMedia) == decorator->seams.end())
            continue;
        Report(resolved.config.name, at(decorator->pointer, "at"),
               fmt::format("{} stands on the media paths, but calls carry no media", decorator->manifest.id))
            .line("searched", fmt::format("the slots media_transport and codec; empty: {}", fmt::join(missing, ", ")))
            .line("works", fmt::format("a plugin in {}, or another seam", fmt::join(missing, " and ")))
            .raise();
    }
}

} // namespace

void check_combination(const Resolved& resolved, const Registry& registry)
{
    check_proof(resolved, registry);
    check_stream(resolved, registry);
    check_media_seam(resolved);
}

} // namespace jackfield::kernel
