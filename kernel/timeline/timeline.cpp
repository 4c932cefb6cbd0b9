// The timeline. See timeline.hpp.

#include "kernel/timeline/timeline.hpp"

#include "kernel/executor/instance_host.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>

namespace jackfield::kernel {

std::string_view name_of(Step step)
{
    static constexpr std::array<std::string_view, 16> names{"configuration",
                                                            "identity",
                                                            "discovery",
                                                            "request",
                                                            "answer",
                                                            "connectivity",
                                                            "secure_channel",
                                                            "reliable_stream",
                                                            "multiplexer",
                                                            "signaling",
                                                            "media_connectivity",
                                                            "media",
                                                            "call",
                                                            "file",
                                                            "text",
                                                            "contact"};
    return names[static_cast<std::size_t>(step)];
}

std::string_view name_of(Moment moment)
{
    static constexpr std::array<std::string_view, 4> names{"start", "progress", "done", "failed"};
    return names[static_cast<std::size_t>(moment)];
}

std::string_view name_of(Side side)
{
    static constexpr std::array<std::string_view, 3> names{"caller", "callee", "node"};
    return names[static_cast<std::size_t>(side)];
}

std::string to_json_line(const TimelineEvent& event, std::int64_t origin_ns)
{
    return fmt::format(R"({{"t_ms":{:.3f},"call":{},"side":"{}","step":"{}","event":"{}","detail":{}}})",
                       static_cast<double>(event.t_ns - origin_ns) / 1e6, nlohmann::json(event.call).dump(),
                       name_of(event.side), name_of(event.step), name_of(event.moment),
                       event.detail_json.empty() ? "{}" : event.detail_json);
}

std::string failure_detail(const Error& error)
{
    return nlohmann::json{{"status", status_word(error.status)}, {"text", error.text}}.dump(
        -1, ' ', false, nlohmann::json::error_handler_t::replace);
}

int Timeline::add(Listener listener)
{
    listeners_.emplace(++last_id_, std::move(listener));
    return last_id_;
}

void Timeline::remove(int id)
{
    listeners_.erase(id);
}

void Timeline::tell(TimelineEvent event)
{
    if (event.t_ns == 0)
        event.t_ns = monotonic_ns();
    const auto listeners = listeners_; // one of them may remove itself
    for (const auto& [id, listener] : listeners)
        listener(event);
}

} // namespace jackfield::kernel
