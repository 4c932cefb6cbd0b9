// What one account says to another about being contacts. See contact_message.hpp.

#include "kernel/contacts/contact_message.hpp"

#include "kernel/contacts/contacts.hpp"
#include "kernel/registry/json_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace jackfield::kernel {

namespace {

using nlohmann::json;

constexpr JsonLimits kLimits{.size_bytes = kContactMessageBytes, .depth = 4};

/// Empty if it is missing; nothing if it is no text.
std::string text_of(const json& object, const char* key)
{
    const auto found = object.find(key);
    if (found == object.end())
        return "";
    if (!found->is_string())
        throw Failure(JF_BAD_INPUT, fmt::format("\"{}\" is no text", key));
    return found->get<std::string>();
}

void check(std::string_view what, std::string_view text, std::size_t most)
{
    if (const auto problem = problem_with_line(text, most); !problem.empty())
        throw Failure(JF_BAD_INPUT, fmt::format("the {} {}", what, problem));
}

ContactMessage read(const json& object)
{
    if (!object.is_object())
        throw Failure(JF_BAD_INPUT, "no JSON object");
    const auto what = text_of(object, "contact");
    if (what != "ask" && what != "accepted")
        throw Failure(JF_BAD_INPUT, "neither asks nor says that it was accepted");
    ContactMessage message{what == "accepted", text_of(object, "name"), text_of(object, "note"),
                           text_of(object, "card")};
    check("name", message.name, Contacts::kMaxNameBytes);
    check("note", message.note, Contacts::kMaxNoteBytes);
    return message;
}

} // namespace

std::expected<ContactMessage, Error> read_contact_message(std::string_view blob)
{
    const auto parsed = parse_json(blob, kLimits);
    if (!parsed)
        return std::unexpected(parsed.error());
    try {
        return read(*parsed);
    } catch (const Failure& failure) {
        return std::unexpected(failure.error());
    }
}

std::string write_contact_message(ContactMessage message)
{
    json object{{"contact", message.accepted ? "accepted" : "ask"}};
    if (!message.name.empty() && problem_with_line(message.name, Contacts::kMaxNameBytes).empty())
        object["name"] = message.name;
    if (!message.note.empty() && problem_with_line(message.note, Contacts::kMaxNoteBytes).empty())
        object["note"] = message.note;
    if (!message.card.empty() && !first_bad_utf8(message.card)) {
        object["card"] = message.card;
        if (auto text = object.dump(); text.size() <= kContactMessageBytes)
            return text;
        object.erase("card");
    }
    return object.dump();
}

} // namespace jackfield::kernel
