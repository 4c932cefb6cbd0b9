// INFO about a call. See control_info.hpp.

#include "kernel/media/control_info.hpp"

#include <algorithm>
#include <charconv>

namespace jackfield::kernel {

namespace {

constexpr std::chrono::milliseconds kUsualDuration{100};
constexpr int kLongestMs = 10'000;

std::string_view trimmed(std::string_view text)
{
    const auto first = text.find_first_not_of(" \t\r");
    const auto last = text.find_last_not_of(" \t\r");
    return first == std::string_view::npos ? std::string_view() : text.substr(first, last - first + 1);
}

std::optional<int> number_in(std::string_view text)
{
    int number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    return problem == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

/// What stands between '<' and '>' of the next element that begins so; nothing if there is none.
std::optional<std::string_view> element(std::string_view body, std::string_view begins)
{
    for (auto open = body.find('<'); open != std::string_view::npos; open = body.find('<', open + 1)) {
        const auto close = body.find('>', open);
        if (close == std::string_view::npos)
            return std::nullopt;
        const std::string_view inside = body.substr(open + 1, close - open - 1);
        if (inside.starts_with(begins))
            return inside.substr(begins.size());
    }
    return std::nullopt;
}

} // namespace

std::string write_dtmf(const Digit& digit)
{
    const std::string number = digit.number == 0 ? "" : "Number=" + std::to_string(digit.number) + "\r\n";
    return std::string("Signal=") + digit.key + "\r\nDuration=" + std::to_string(digit.duration.count()) + "\r\n" +
           number;
}

std::optional<Digit> read_dtmf(std::string_view body)
{
    if (body.size() > kMaxInfoBytes)
        return std::nullopt;
    Digit digit{0, kUsualDuration};
    while (!body.empty()) {
        const auto end = body.find('\n');
        const std::string_view line = trimmed(body.substr(0, end));
        body = end == std::string_view::npos ? std::string_view() : body.substr(end + 1);
        const auto equals = line.find('=');
        if (equals == std::string_view::npos)
            continue;
        const std::string_view name = trimmed(line.substr(0, equals));
        const std::string_view value = trimmed(line.substr(equals + 1));
        if (name == "Signal") {
            if (value.size() != 1 || !event_of(value.front()))
                return std::nullopt;
            digit.key = value.front();
        } else if (name == "Duration") {
            const auto ms = number_in(value);
            if (ms && *ms > 0 && *ms <= kLongestMs)
                digit.duration = std::chrono::milliseconds(*ms);
        } else if (name == "Number") {
            digit.number = static_cast<std::uint32_t>(std::max(number_in(value).value_or(0), 0));
        }
    }
    return digit.key == 0 ? std::nullopt : std::optional(digit);
}

std::string write_orientation(std::uint32_t degrees)
{
    const int turned = degrees > 180 ? static_cast<int>(degrees) - 360 : static_cast<int>(degrees);
    return "<?xml version=\"1.0\" encoding=\"utf-8\" ?><media_control><vc_primitive><to_encoder><device_orientation=" +
           std::to_string(-turned) + "/></to_encoder></vc_primitive></media_control>";
}

std::optional<std::uint32_t> read_orientation(std::string_view body)
{
    if (body.size() > kMaxInfoBytes)
        return std::nullopt;
    auto value = element(body, "device_orientation=");
    if (!value || !value->ends_with('/'))
        return std::nullopt;
    value->remove_suffix(1);
    const auto degrees = number_in(trimmed(*value));
    if (!degrees || *degrees < -360 || *degrees > 360 || *degrees % 90 != 0)
        return std::nullopt;
    return static_cast<std::uint32_t>((360 - *degrees) % 360);
}

bool asks_for_picture(std::string_view body)
{
    return body.size() <= kMaxInfoBytes && element(body, "picture_fast_update").has_value();
}

} // namespace jackfield::kernel
