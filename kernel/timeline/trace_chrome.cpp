// Chrome's trace events. See trace_chrome.hpp.

#include "kernel/timeline/trace_chrome.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace jackfield::kernel {

namespace {

using nlohmann::json;

/// Text from a peer may be anything; the file is UTF-8 and one event is one line.
std::string dumped(const json& value)
{
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json detail_of(const TimelineEvent& event)
{
    auto detail = json::parse(event.detail_json, nullptr, false);
    return detail.is_object() ? detail : json::object();
}

std::string track_name(const TimelineEvent& event)
{
    return std::string(name_of(event.side)) + (event.call.empty() ? "" : " " + event.call);
}

} // namespace

std::string ChromeTrace::text(const TimelineEvent& event)
{
    std::string out;
    last_ns_ = std::max(last_ns_, event.t_ns);
    Track& track = track_of(event, out);
    switch (event.moment) {
    case Moment::start:
        start(event, track, out);
        break;
    case Moment::progress:
        mark(event, track, out);
        break;
    case Moment::done:
    case Moment::failed:
        end(event, track, out);
        break;
    }
    return out;
}

ChromeTrace::Track& ChromeTrace::track_of(const TimelineEvent& event, std::string& out)
{
    const auto [found, is_new] = tracks_.try_emplace({event.call, event.side});
    Track& track = found->second;
    if (is_new) {
        track.number = static_cast<int>(tracks_.size());
        name("process_name", {{"name", track_name(event)}}, track.number, 1, out);
        name("process_sort_index", {{"sort_index", track.number}}, track.number, 1, out);
        name("thread_name", {{"name", "steps"}}, track.number, 1, out);
    }
    return track;
}

void ChromeTrace::start(const TimelineEvent& event, Track& track, std::string& out)
{
    if (event.step == Step::call) {
        // Its duration holds those of the first row, and so can only begin while that row is free.
        if (track.in_call || (!track.row.empty() && track.row.front() != kFree))
            return mark(event, track, out);
        track.in_call = true;
        return put(event, 'B', track.number, 0, name_of(event.step), out);
    }
    auto row = std::ranges::find(track.row, kFree);
    if (row == track.row.end()) {
        row = track.row.insert(track.row.end(), kFree);
        if (const auto tid = track.row.size(); tid > 1)
            name("thread_name", {{"name", "at the same time"}}, track.number, tid, out);
    }
    *row = event.step;
    put(event, 'B', track.number, static_cast<std::size_t>(row - track.row.begin()), name_of(event.step), out);
}

void ChromeTrace::end(const TimelineEvent& event, Track& track, std::string& out)
{
    if (event.step == Step::call && track.in_call) {
        close_rows(event, track, out); // media, and whatever the end interrupted
        track.in_call = false;
        return put(event, 'E', track.number, 0, name_of(event.step), out);
    }
    const auto row = event.step == kFree ? track.row.end() : std::ranges::find(track.row, event.step);
    if (row == track.row.end())
        return mark(event, track, out);
    *row = kFree;
    put(event, 'E', track.number, static_cast<std::size_t>(row - track.row.begin()), name_of(event.step), out);
}

void ChromeTrace::close_rows(const TimelineEvent& event, Track& track, std::string& out)
{
    for (std::size_t row = 0; row < track.row.size(); ++row) {
        if (const Step open = std::exchange(track.row[row], kFree); open != kFree)
            put({event.t_ns, event.call, event.side, open, Moment::done, {}}, 'E', track.number, row, name_of(open),
                out);
    }
}

/// What goes on for as long as there is a node, and calls that were cut off, end with the last event.
std::string ChromeTrace::tail()
{
    std::string out;
    for (auto& [whose, track] : tracks_) {
        const TimelineEvent end{last_ns_, whose.first, whose.second, Step::call, Moment::done, {}};
        close_rows(end, track, out);
        if (std::exchange(track.in_call, false))
            put(end, 'E', track.number, 0, name_of(end.step), out);
    }
    return out + "\n]\n";
}

/// A mark stands in the row of its step, if that is open.
void ChromeTrace::mark(const TimelineEvent& event, const Track& track, std::string& out)
{
    const auto detail = detail_of(event);
    const auto what = detail.value("what", json(std::string(name_of(event.moment))));
    const auto row = event.step == kFree ? track.row.end() : std::ranges::find(track.row, event.step);
    put(event, 'i', track.number, row == track.row.end() ? 0 : static_cast<std::size_t>(row - track.row.begin()),
        fmt::format("{}: {}", name_of(event.step), what.is_string() ? what.get<std::string>() : dumped(what)), out);
}

void ChromeTrace::put(const TimelineEvent& event, char phase, int track, std::size_t row, std::string_view name,
                      std::string& out)
{
    json args = detail_of(event);
    if (event.moment == Moment::failed)
        args["failed"] = true;
    const char* const scope = phase == 'i' ? R"(,"s":"t")" : "";
    // Microseconds, as the viewers count. Rows begin with 1: a thread 0 is drawn oddly.
    put_line(fmt::format(R"({{"ph":"{}"{},"ts":{:.3f},"pid":{},"tid":{},"cat":"{}","name":{},"args":{}}})", phase,
                         scope, static_cast<double>(event.t_ns - origin_ns_) / 1e3, track, row + 1, name_of(event.side),
                         dumped(std::string(name)), dumped(args)),
             out);
}

/// Metadata: what the viewers call a track or a row.
void ChromeTrace::name(std::string_view what, const nlohmann::json& args, int track, std::size_t tid, std::string& out)
{
    put_line(fmt::format(R"({{"ph":"M","pid":{},"tid":{},"name":"{}","args":{}}})", track, tid, what, dumped(args)),
             out);
}

void ChromeTrace::put_line(const std::string& line, std::string& out)
{
    out += std::exchange(first_, false) ? "\n" : ",\n";
    out += line;
}

} // namespace jackfield::kernel
