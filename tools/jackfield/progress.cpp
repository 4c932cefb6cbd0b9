// Steps with their times, JSON lines, a trace. See progress.hpp.

#include "tools/jackfield/progress.hpp"

#include "tools/jackfield/session.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace jackfield::program {

namespace {

using kernel::Moment;
using kernel::Step;
using kernel::TimelineEvent;
using Json = nlohmann::json;

constexpr std::string_view kEraseLine = "\r\x1b[K";

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
        if (!detail.value("proven", true))
            return detail.value("protocol", "") + ", nobody is proven";
        return detail.value("protocol", "") + " " + detail.value("cipher", "");
    case Step::media_connectivity:
        return detail.contains("components") ? fmt::format("{} path(s)", detail["components"].get<int>()) : "";
    default:
        return {};
    }
}

/// How a stream does, short enough for two of them in a line: "audio opus 32/31 kb/s loss 0.5% 12 ms MOS 4.3".
std::string quality_words(const Json& detail)
{
    std::string line = detail.value("kind", "?") + " " + detail.value("codec", "");
    const auto number = [&](const char* key) { return detail.value(key, 0.0); };
    if (detail.contains("received_width_px"))
        line += fmt::format(" {:.0f}x{:.0f}", number("received_width_px"), number("received_height_px"));
    line += fmt::format(" {:.0f}/{:.0f} kb/s", number("sent_bps") / 1000, number("received_bps") / 1000);
    if (detail.contains("loss"))
        line += fmt::format(" loss {:.1f}%", number("loss") * 100);
    if (detail.contains("round_trip_ms"))
        line += fmt::format(" {:.0f} ms", number("round_trip_ms"));
    if (detail.contains("mos"))
        line += fmt::format(" MOS {:.1f}", number("mos"));
    const auto path = detail.find("path");
    if (path != detail.end() && path->is_object() && path->value("relayed", false))
        line += " relayed";
    return line;
}

/// So many bytes at most, and no part of a character (RFC 3629).
std::string cut_to(std::string line, std::size_t bytes)
{
    std::size_t end = std::min(line.size(), bytes);
    while (end > 0 && end < line.size() && (static_cast<unsigned char>(line[end]) & 0xc0U) == 0x80U)
        --end;
    line.resize(end);
    return line;
}

std::unique_ptr<kernel::Trace> open_trace(const std::string& file, std::int64_t origin_ns)
{
    if (file.empty())
        return nullptr;
    auto trace = kernel::Trace::open(file, origin_ns);
    if (!trace && trace.error().status == JF_BAD_INPUT)
        throw UsageError("--trace " + trace.error().text);
    if (!trace)
        throw Stop(kMedia, trace.error().text);
    return std::move(*trace);
}

struct Mark {
    const char* ascii;
    const char* utf8;
    const char* colour;
};

Mark mark_of(Moment moment)
{
    if (moment == Moment::failed)
        return {"!", "✗", "\x1b[31m"};
    if (moment == Moment::done)
        return {"+", "✓", "\x1b[32m"};
    return {".", "·", ""};
}

} // namespace

Progress::Progress(EventFormat format, const std::string& trace_file)
    : format_(format),
      display_(display_of(stderr)),
      origin_ns_(kernel::monotonic_ns()),
      trace_(open_trace(trace_file, origin_ns_))
{}

void Progress::show(const TimelineEvent& event)
{
    const std::lock_guard lock(mutex_);
    write_trace(event);
    if (format_ == EventFormat::human)
        return show_human(event);
    if (event.step == Step::media && event.moment == Moment::progress)
        note_quality(event);
    put(stdout, kernel::to_json_line(event, origin_ns_) + "\n");
}

void Progress::write_trace(const TimelineEvent& event)
{
    if (!trace_)
        return;
    trace_->write(event);
    if (trace_->problem().status == JF_OK)
        return;
    print(stderr, trace_->problem().text + "\n"); // the call is worth more than its trace
    trace_.reset();
}

void Progress::say(std::string_view text)
{
    const std::lock_guard lock(mutex_);
    print(format_ == EventFormat::json ? stderr : stdout, std::string(text) + "\n");
}

void Progress::live(const std::string& id, const std::string& line)
{
    const std::lock_guard lock(mutex_);
    if (line.empty())
        going_on_.erase(id);
    else
        going_on_[id] = line;
    print(stderr, "");
}

void Progress::show_text(std::string_view line, const std::string& detail_json)
{
    show_words(Step::text, line, detail_json);
}

void Progress::show_contact(std::string_view line, const std::string& detail_json)
{
    show_words(Step::contact, line, detail_json);
}

void Progress::show_words(Step step, std::string_view line, const std::string& detail_json)
{
    if (line.empty() && format_ == EventFormat::human)
        return;
    const std::lock_guard lock(mutex_);
    const TimelineEvent event{kernel::monotonic_ns(), "", kernel::Side::node, step, Moment::progress, detail_json};
    print(stdout, (format_ == EventFormat::json ? kernel::to_json_line(event, origin_ns_) : std::string(line)) + "\n");
}

void Progress::ask(std::string_view question)
{
    const std::lock_guard lock(mutex_);
    question_ = question;
    print(stderr, draws_live() ? "" : question_ + "\n");
}

void Progress::settle()
{
    const std::lock_guard lock(mutex_);
    question_.clear();
    print(stderr, "");
}

std::string Progress::quality()
{
    const std::lock_guard lock(mutex_);
    std::string lines;
    for (const auto& [key, words_of_stream] : quality_)
        lines += (lines.empty() ? "  " : "\n  ") + words_of_stream;
    return lines.empty() ? "no statistics yet" : lines;
}

kernel::LogSink Progress::log()
{
    return [this](std::int32_t level, std::string_view who, std::string_view text) {
        const std::lock_guard lock(mutex_);
        print(stderr, log_line(level, who, text));
    };
}

void Progress::show_human(const TimelineEvent& event)
{
    const Key key(event.call, event.step);
    if (event.moment == Moment::start) {
        began_ns_[key] = event.t_ns;
        return print(stderr, "");
    }
    const auto began = began_ns_.find(key);
    const std::int64_t took_ns = began == began_ns_.end() ? -1 : event.t_ns - began->second;
    if (event.moment != Moment::progress && began != began_ns_.end())
        began_ns_.erase(began);
    if (event.step == Step::media && event.moment == Moment::progress && note_quality(event))
        return print(stderr, "");
    const bool presence = event.step == Step::discovery && event.moment == Moment::progress &&
                          (words(event) == "online" || words(event) == "offline");
    if (event.step == Step::file || presence) // the verb says how it goes
        return print(stderr, "");
    if (event.step == Step::call) { // the verb says how it ended
        std::erase_if(began_ns_, [&](const auto& one) { return one.first.first == event.call; });
        std::erase_if(quality_, [&](const auto& one) { return one.first.first == event.call; });
        return print(stderr, "");
    }
    step_line(event, took_ns);
}

/// True if the event says how a stream does; that stands in the live line alone.
bool Progress::note_quality(const TimelineEvent& event)
{
    const Json detail = Json::parse(event.detail_json.empty() ? "{}" : event.detail_json, nullptr, false);
    if (!detail.is_object() || detail.value("what", "") != "statistics")
        return false;
    quality_[{event.call, detail.value("stream", 0)}] = printable(quality_words(detail));
    return true;
}

void Progress::step_line(const TimelineEvent& event, std::int64_t took_ns)
{
    const Mark mark = mark_of(event.moment);
    std::string shown = display_.utf8 ? mark.utf8 : mark.ascii;
    if (display_.colour && *mark.colour != '\0')
        shown = mark.colour + shown + "\x1b[0m";
    const std::string took = took_ns < 0 ? std::string(11, ' ') : fmt::format("{:8.1f} ms", ms(took_ns));
    std::string line =
        fmt::format("  {} {:<20} {}  {}", shown, kernel::name_of(event.step), took, printable(words(event)));
    line.erase(line.find_last_not_of(' ') + 1);
    print(stderr, line + "\n");
}

/// The text, with the live line taken away before and drawn again after it.
void Progress::print(std::FILE* stream, const std::string& text)
{
    if (std::exchange(live_, false))
        put(stderr, kEraseLine);
    put(stream, text);
    if (!draws_live())
        return;
    if (const auto line = live_line(); !line.empty()) {
        put(stderr, line);
        live_ = true;
    }
}

/// The question, or how streams do, or the steps of calls that go on; what belongs to the node goes on for ever.
std::string Progress::live_line() const
{
    if (!question_.empty())
        return question_ + " ";
    std::string line;
    for (const auto& [id, going_on] : going_on_)
        line += (line.empty() ? "" : " | ") + going_on;
    for (const auto& [key, words_of_stream] : quality_)
        line += (line.empty() ? "" : " | ") + words_of_stream;
    if (!line.empty()) // one that wraps could not be drawn over
        return cut_to("  " + line, columns_of(stderr) - 1);
    for (const auto& [key, since] : began_ns_) {
        if (!key.first.empty() && key.second != Step::call)
            line += (line.empty() ? "" : ", ") + std::string(kernel::name_of(key.second));
    }
    return line.empty() ? line : fmt::format("  {} {}", display_.utf8 ? "…" : "...", line);
}

} // namespace jackfield::program
