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

/// Steps 4 and 5: the secure channel must be able to stand on what the policy takes.
void check_transport_below(const Resolved& resolved, const Registry& registry)
{
    const auto* const secure = resolved.plugin("secure_channel");
    if (!secure->manifest.datagrams_only || resolved.config.call.control_policy != ControlPolicy::kTcpOnly)
        return;
    const auto others =
        names_of(registry, *secure->slot, [](const Manifest& manifest) { return !manifest.datagrams_only; });
    Report(resolved.config.name, "/call/control_policy",
           fmt::format("the control path is TCP alone, and {} goes over datagrams", secure->manifest.id))
        .line("searched", fmt::format("{}; /slots/secure_channel", secure->manifest.path.string()))
        .line("works", fmt::format("\"udp-only\"{}",
                                   others.empty() ? "" : fmt::format(", or {} in the slot secure_channel", others)))
        .raise();
}

/// Steps 5 and 6: what a secure channel with channels of its own never asks for.
void check_two_in_one(const Resolved& resolved)
{
    const auto* const secure = resolved.plugin("secure_channel");
    if (!secure->manifest.multiplexes)
        return;
    const auto refuse = [&](const std::string& place, const std::string& what, const std::string& works) {
        Report(resolved.config.name, place, fmt::format("{} has channels by itself, so {}", secure->manifest.id, what))
            .line("searched", fmt::format("{}; /slots/secure_channel", secure->manifest.path.string()))
            .line("works", works)
            .raise();
    };
    for (const auto* const slot : {"reliable_stream", "multiplexer"}) {
        if (const auto* const unused = resolved.plugin(slot))
            refuse(unused->pointer, fmt::format("{} would never be asked", unused->manifest.id),
                   fmt::format("no plugin in the slot {}", slot));
    }
    for (const auto* decorator : resolved.plugins_of(kDecoratorSlot)) {
        if (std::ranges::find(decorator->seams, Seam::kSecured) != decorator->seams.end())
            refuse(at(decorator->pointer, "at"),
                   fmt::format("nothing passes where {} stands at \"secured\"", decorator->manifest.id),
                   "\"control\" below it, \"signaling\" or \"media\" above");
    }
}

/// Step 8: media over the link needs channels of datagrams there.
void check_media_channels(const Resolved& resolved, const Registry& registry)
{
    const auto has_them = [](const Manifest& manifest) { return manifest.datagram_channels; };
    const auto* const secure = resolved.plugin("secure_channel");
    const auto* const channels =
        secure->manifest.multiplexes ? secure : resolved.plugin("multiplexer"); // null: the link has none
    if (channels != nullptr && has_them(channels->manifest))
        return;
    for (const auto* transport : resolved.plugins_of(kTransportSlot)) {
        if (transport->carriage.over != Over::kMultiplexer)
            continue;
        const auto others = names_of(registry, *secure->slot, has_them);
        Report(resolved.config.name, at(transport->pointer, "over"),
               fmt::format("{} shall go over channels of datagrams, and {}", transport->manifest.id,
                           channels == nullptr ? "the link has no channels"
                                               : fmt::format("{} has none", channels->manifest.id)))
            .line("searched",
                  fmt::format("/slots/secure_channel, /slots/multiplexer; {}", searched_text(resolved.searched)))
            .line("works", fmt::format("\"connectivity\"{}",
                                       others.empty() ? "" : fmt::format(", or {} in the slot secure_channel", others)))
            .raise();
    }
}

/// Steps 5 and 6: signaling needs a stream, and a control path of datagrams is none.
void check_stream(const Resolved& resolved, const Registry& registry)
{
    if (resolved.config.call.control_policy != ControlPolicy::kUdpOnly ||
        resolved.plugin("reliable_stream") != nullptr || resolved.plugin("secure_channel")->manifest.multiplexes)
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
    check_transport_below(resolved, registry);
    check_two_in_one(resolved);
    check_media_channels(resolved, registry);
    check_stream(resolved, registry);
    check_media_seam(resolved);
}

void fit_control_policy(Resolved& resolved)
{
    if (resolved.plugin("secure_channel")->manifest.datagrams_only)
        resolved.config.call.control_policy = ControlPolicy::kUdpOnly;
}

} // namespace jackfield::kernel
