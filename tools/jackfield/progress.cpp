// Steps with their times, or JSON lines. See progress.hpp.

#include "tools/jackfield/progress.hpp"

#include "kernel/executor/instance_host.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <cstdio>

namespace jackfield::program {

namespace {

using kernel::Moment;
using kernel::Step;
using kernel::TimelineEvent;
using Json = nlohmann::json;

double ms(std::int64_t ns)
{
    return static_cast<double>(ns) / 1e6;
}

/// The few words of a detail that a person wants to see beside a step.
std::string words(const TimelineEvent& event)
{
    const Json detail = Json::parse(event.detail_json.empty() ? "{}" : event.detail_json, nullptr, false);
    if (!detail.is_object())
        return {};
    if (event.moment == Moment::failed)
        return detail.value("status", "") + ": " + detail.value("text", "");
    if (event.moment == Moment::progress)
        return detail.value("what", "");
    switch (event.step) {
    case Step::connectivity:
        return detail.value("transport", "") + (detail.value("relayed", false) ? ", relayed" : "");
    case Step::secure_channel:
        return detail.value("protocol", "") + " " + detail.value("cipher", "");
    case Step::media_connectivity:
        return detail.contains("components") ? fmt::format("{} path(s)", detail["components"].get<int>()) : "";
    default:
        return {};
    }
}

} // namespace

Progress::Progress(EventFormat format)
    : format_(format), terminal_(isatty(STDERR_FILENO) != 0), origin_ns_(kernel::monotonic_ns())
{}

void Progress::show(const TimelineEvent& event)
{
    const std::lock_guard lock(mutex_);
    if (format_ == EventFormat::human)
        return show_human(event);
    std::puts(kernel::to_json_line(event, origin_ns_).c_str());
    std::fflush(stdout);
}

void Progress::say(std::string_view text)
{
    const std::lock_guard lock(mutex_);
    std::FILE* out = format_ == EventFormat::json ? stderr : stdout;
    fmt::print(out, "{}\n", text);
    std::fflush(out);
}

void Progress::show_human(const TimelineEvent& event)
{
    const auto key = std::pair(event.call, event.step);
    if (event.moment == Moment::start) {
        began_ns_[key] = event.t_ns;
        if (terminal_ && event.step != Step::call)
            fmt::print(stderr, "  … {:<20}\r", kernel::name_of(event.step));
        return;
    }
    const auto began = began_ns_.find(key);
    const std::int64_t took_ns = began == began_ns_.end() ? -1 : event.t_ns - began->second;
    if (event.step == Step::call && event.moment == Moment::done)
        return; // the verb says how it ended
    const char mark = event.moment == Moment::failed ? '!' : event.moment == Moment::done ? '+' : '.';
    line(mark, kernel::name_of(event.step), took_ns, words(event));
    if (event.moment != Moment::progress && began != began_ns_.end())
        began_ns_.erase(began);
}

void Progress::line(char mark, std::string_view step, std::int64_t took_ns, std::string_view text)
{
    const std::string shown_mark = !terminal_ ? std::string(1, mark) : mark == '!' ? "✗" : mark == '+' ? "✓" : "·";
    const std::string took = took_ns < 0 ? std::string(11, ' ') : fmt::format("{:8.1f} ms", ms(took_ns));
    fmt::print(stderr, "  {} {:<20} {}  {}\n", shown_mark, step, took, text);
}

} // namespace jackfield::program
