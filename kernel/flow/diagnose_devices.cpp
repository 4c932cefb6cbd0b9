// Do the sources and sinks that the configuration names open? See diagnose.hpp.

#include "kernel/flow/diagnose.hpp"

#include "kernel/bind/text.hpp"
#include "kernel/flow/on_worker.hpp"
#include "kernel/media/call_source.hpp"
#include "kernel/media/media_names.hpp"
#include "kernel/node/media_device.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace jackfield::kernel {

namespace {

/// "2 microphones, 1 speaker"
std::string counted(const MediaDevices& all)
{
    std::map<std::string, int> kinds;
    for (const auto& device : all.devices)
        ++kinds[device.kind];
    std::string text;
    for (const auto& [kind, count] : kinds)
        text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", count, kind, count == 1 ? "" : "s");
    return text;
}

void tell_list(DiagnosisRun& run, const MediaDevices& all)
{
    for (const auto& problem : all.problems)
        run.found({"kernel", "devices/" + problem.text.substr(0, problem.text.find(':')), Verdict::problem,
                   "A plugin cannot say which devices it has: " + problem.text,
                   "check that the system's sound server runs, and that this user may use it"});
    if (!all.devices.empty())
        run.found({"kernel", "devices", Verdict::ok, "There are " + counted(all), "",
                   nlohmann::json{{"devices", all.devices.size()}}.dump()});
    else if (all.problems.empty())
        run.found({"kernel", "devices", Verdict::skipped,
                   "No plugin of the configuration has devices: calls send and play files alone",
                   "media-pulse in media_source and media_sink brings microphones and speakers"});
}

/// Opened as a call would, and closed again: nothing is recorded.
void try_source(Environment& node, DiagnosisRun& run)
{
    const std::string& name = node.settings.send;
    if (name.empty() || name == "none")
        return run.found(
            {"kernel", "source", Verdict::skipped, "The configuration does not say what calls send (/call/send)", ""});
    CallSource source(node.board, [](MediaKind) {});
    try {
        source.open(name);
    } catch (const Failure& failure) {
        return run.found({"kernel", "source", Verdict::problem,
                          fmt::format("/call/send: \"{}\" does not open: {}", name, failure.what()),
                          "\"jackfield devices\" lists what would work"});
    }
    const auto& info = source.info();
    run.found({"kernel", "source", Verdict::ok,
               fmt::format("/call/send: \"{}\" opens and has {}", name,
                           info.has_audio == 0   ? "pictures"
                           : info.has_video == 0 ? "sound"
                                                 : "sound and pictures"),
               ""});
}

/// Sinks are not opened: that would show a window. A device must be on the list, and not unplugged.
std::string sink_problem(const Environment& node, const MediaDevices& all, const std::string& name)
{
    const bool accepted = std::ranges::any_of(
        node.board.sinks, [&](const auto& plug) { return plug.methods->accepts(plug.self, abi_text(name)) != 0; });
    if (!accepted)
        return "no plugin of the slot media_sink takes it";
    if (!names_device(name))
        return {};
    const bool usual = name.ends_with(':');
    for (const auto& device : all.devices) {
        const bool meant = usual ? device.kind + ":" == name : device.name == name;
        if (meant)
            return device.state == "unplugged" ? "it is unplugged" : "";
    }
    return all.devices.empty() ? "" : "there is no such device now";
}

void try_sinks(const Environment& node, DiagnosisRun& run, const MediaDevices& all)
{
    const std::string& name = node.settings.play;
    if (name.empty() || name == "none")
        return run.found(
            {"kernel", "sink", Verdict::skipped, "The configuration does not say what plays calls (/call/play)", ""});
    for (const auto& part : parts_of(name)) {
        if (const auto problem = sink_problem(node, all, part); !problem.empty())
            return run.found({"kernel", "sink", Verdict::problem,
                              fmt::format("/call/play: \"{}\" cannot be used: {}", part, problem),
                              "\"jackfield devices\" lists what would work"});
    }
    run.found({"kernel", "sink", Verdict::ok, fmt::format("/call/play: \"{}\" is there", name), ""});
}

} // namespace

awaitable<void> diagnose_devices(Environment& node, std::shared_ptr<DiagnosisRun> run)
{
    run->begun("devices");
    MediaDevices all;
    std::optional<Error> problem;
    try {
        co_await on_worker(node.workers, run->bell, Step::media, [&] { all = devices_of(node.board); });
    } catch (const Failure& failure) {
        problem = failure.error();
    }
    if (problem) {
        run->found({"kernel", "devices", Verdict::skipped, "Devices could not be looked at: " + problem->text, ""});
    } else if (!run->cancelled) {
        tell_list(*run, all);
        try_source(node, *run);
        try_sinks(node, *run, all);
    }
    run->over("devices");
}

} // namespace jackfield::kernel
