// What the verbs that run a node have in common. See session.hpp.

#include "tools/jackfield/session.hpp"

#include "kernel/config/nearest.hpp"
#include "kernel/contacts/contacts_file.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>

namespace jackfield::program {

namespace {

using kernel::CallEnd;
using kernel::Step;

std::string default_config_file()
{
    const char* base = std::getenv("XDG_CONFIG_HOME");
    const char* home = std::getenv("HOME");
    const std::filesystem::path folder = base != nullptr && *base != '\0'
                                             ? std::filesystem::path(base)
                                             : std::filesystem::path(home != nullptr ? home : ".") / ".config";
    return folder / "jackfield" / "jackfield.json";
}

const char* reason_words(std::uint32_t reason)
{
    switch (reason) {
    case JF_REASON_DECLINED:
        return "declined";
    case JF_REASON_BUSY:
        return "busy";
    case JF_REASON_NO_ANSWER:
        return "no answer";
    case JF_REASON_CANCELLED:
        return "the caller gave up";
    case JF_REASON_ELSEWHERE:
        return "answered elsewhere";
    case JF_REASON_NOT_ACCEPTABLE:
        return "no common codec or encryption";
    case JF_REASON_NO_SUCH_CALL:
        return "the call whose place it was to take is not there";
    default:
        return "ended";
    }
}

} // namespace

OptionInfo config_option()
{
    return {"config", "FILE", "configuration file (default: " + default_config_file() + ")"};
}

OptionInfo events_option()
{
    return {"events", "FORMAT", "json: every event as one JSON object a line on standard output"};
}

OptionInfo log_option()
{
    return {"log", "LEVEL", "debug, info, warning or error: the least that is written to standard error"};
}

EventFormat event_format(const Arguments& arguments)
{
    const std::string format = arguments.get("events", "human");
    if (format != "json" && format != "human")
        throw UsageError("--events takes json, not \"" + format + "\"");
    return format == "json" ? EventFormat::json : EventFormat::human;
}

std::chrono::milliseconds seconds_option(const Arguments& arguments, const std::string& name)
{
    const std::string text = arguments.get(name);
    double seconds = 0;
    const auto [end, problem] =
        std::from_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed);
    if (problem != std::errc() || end != text.data() + text.size() || !(seconds >= 0.001) || seconds > 1e6)
        throw UsageError("--" + name + " takes a number of seconds from 0.001 to 1000000, not \"" + text + "\"");
    return std::chrono::milliseconds(std::llround(seconds * 1000));
}

std::string account_argument(const std::string& text, const kernel::Config& config)
{
    const bool named = !kernel::Contacts::is_account_id(text) && !config.contacts.empty();
    const auto contacts = named ? or_stop(kernel::load_contacts(config.contacts)) : kernel::Contacts();
    if (const auto account = contacts.account_of(text))
        return *account;
    const std::string id =
        "no account: 64 hexadecimal digits, as the peer's \"jackfield id\" prints them, or a URI like "
        "sip:alice@example.net";
    if (!named)
        throw UsageError("\"" + printable(text) + "\" is " + id);
    std::vector<std::string_view> names;
    for (const auto& contact : contacts.all())
        names.emplace_back(contact.name);
    throw UsageError("\"" + printable(text) + "\" is no contact of " + config.contacts.string() +
                     printable(kernel::did_you_mean(text, names)) + ", and " + id);
}

kernel::Config read_config(const Arguments& arguments)
{
    static const std::map<std::string, std::int32_t> levels{
        {"debug", JF_LOG_DEBUG}, {"info", JF_LOG_INFO}, {"warning", JF_LOG_WARNING}, {"error", JF_LOG_ERROR}};
    const auto level = levels.find(arguments.get("log"));
    if (arguments.has("log") && level == levels.end())
        throw UsageError("--log takes debug, info, warning or error, not \"" + arguments.get("log") + "\"");
    auto config = or_stop(kernel::load_config(arguments.get("config", default_config_file())));
    if (level != levels.end())
        config.log_level = level->second;
    return config;
}

kernel::LogSink standard_log()
{
    return [](std::int32_t level, std::string_view who, std::string_view text) {
        put(stderr, log_line(level, who, text));
    };
}

ExitCode exit_code_of(const CallEnd& end)
{
    if (end.error.status == JF_OK)
        return kOk;
    if (end.error.status == JF_UNAUTHENTICATED)
        return kNotTrusted;
    if (end.reason == JF_REASON_ELSEWHERE)
        return kNotAnswered;
    if (end.step == Step::media || end.error.status == JF_UNSUPPORTED)
        return end.answered && end.error.status == JF_CLOSED ? kBroken : kMedia;
    if (end.error.status == JF_CANCELLED)
        return kInterrupted;
    if (end.answered)
        return kBroken;
    if (end.step == Step::signaling)
        return end.reason == JF_REASON_NOT_ACCEPTABLE ? kMedia : kNotAnswered;
    return kUnreachable;
}

std::string sentence_of(const CallEnd& end)
{
    if (end.error.status == JF_OK)
        return end.by_peer ? "call ended: the peer hung up" : "call ended: hung up here";
    if (end.by_peer && !end.answered) {
        const std::string words = reason_words(end.reason);
        const bool more = !end.error.text.empty() && end.error.text != words;
        return "call ended: " + words + (more ? " (" + printable(end.error.text) + ")" : "");
    }
    return fmt::format("call ended at {}: {}: {}", kernel::name_of(end.step), kernel::status_word(end.error.status),
                       printable(end.error.text));
}

std::string statistics_table(const std::string& statistics_json, double seconds)
{
    const auto statistics = nlohmann::json::parse(statistics_json, nullptr, false);
    std::string table;
    if (!statistics.is_object() || !statistics.contains("streams"))
        return table;
    for (const auto& stream : statistics["streams"]) {
        const auto number = [&](const char* key) { return stream.value(key, std::int64_t{0}); };
        const auto rate = [&](const char* key) {
            return seconds > 0 ? static_cast<double>(number(key)) * 8 / 1000 / seconds : 0.0;
        };
        table += table.empty() ? "" : "\n";
        table += fmt::format("  {:<6} sent {:>6} packets {:>8.1f} kb/s   received {:>6} packets {:>8.1f} kb/s   "
                             "lost {:>4}   late {:>4}   refused {:>3}   jitter {:.1f} ms   {}",
                             stream.value("kind", ""), number("packets_sent"), rate("bytes_sent"),
                             number("packets_received"), rate("bytes_received"), number("packets_lost"),
                             number("packets_late"), number("packets_refused"), stream.value("jitter_ms", 0.0),
                             stream.value("suite", ""));
    }
    return table;
}

} // namespace jackfield::program
