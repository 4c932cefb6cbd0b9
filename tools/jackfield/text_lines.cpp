// Texts as the verbs show them. See text_lines.hpp.

#include "tools/jackfield/text_lines.hpp"

#include "kernel/contacts/contacts_file.hpp"
#include "kernel/texts/wall_time.hpp"
#include "tools/jackfield/output.hpp"
#include "tools/jackfield/session.hpp"

#include <fmt/format.h>

#include <ctime>

namespace jackfield::program {

namespace {

/// By the clock on the wall of whoever reads it.
std::string local_time(std::int64_t ms)
{
    const auto seconds = static_cast<std::time_t>(ms / 1000);
    std::tm parts{};
    char text[32];
    if (localtime_r(&seconds, &parts) == nullptr || std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &parts) == 0)
        return "?";
    return text;
}

} // namespace

kernel::Contacts contacts_of(const kernel::Config& config)
{
    return config.contacts.empty() ? kernel::Contacts() : or_stop(kernel::load_contacts(config.contacts));
}

std::string name_of_peer(const std::string& account, const kernel::Contacts& contacts)
{
    return printable(contacts.name_of(account));
}

std::string presence_line(const kernel::PresenceChange& change, const kernel::Contacts& contacts)
{
    return fmt::format("{} is {} (device {})", name_of_peer(change.account_id, contacts),
                       change.online ? "online" : "offline", printable(change.device_id.substr(0, 8)));
}

std::string line_of(const kernel::Text& text, const kernel::Contacts& contacts)
{
    return fmt::format("{}  {}{}: {}{}", local_time(text.sent_ms), text.ours ? "to " : "",
                       name_of_peer(text.peer, contacts), printable(text.body),
                       text.ours && !text.done ? " (waits)" : "");
}

nlohmann::json object_of(const kernel::Text& text, const kernel::Contacts& contacts)
{
    nlohmann::json object{{"account", text.peer},
                          {"id", text.id},
                          {"ours", text.ours},
                          {"text", text.body},
                          {"sent", kernel::date_time(text.sent_ms)}};
    if (const auto* const contact = contacts.find(text.peer); contact != nullptr && !contact->name.empty())
        object["name"] = contact->name;
    object[text.ours ? "delivered" : "read"] = text.done;
    return object;
}

const kernel::TextSettings& text_settings(const kernel::Config& config)
{
    if (config.texts.file.empty())
        throw Stop(kConfiguration, config.name + ": /texts: missing; \"texts\": {} keeps them in a database beside "
                                                 "this file");
    return config.texts;
}

} // namespace jackfield::program
