// The file of contacts. See contacts_file.hpp.

#include "kernel/contacts/contacts_file.hpp"

#include "kernel/config/object_reader.hpp"
#include "kernel/contacts/guarded_file.hpp"
#include "kernel/registry/json_text.hpp"
#include "kernel/texts/wall_time.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::kernel {

namespace {

using nlohmann::json;

// A contact takes at most some 500 bytes, and those that were asked have a note.
constexpr JsonLimits kContactsLimits{.size_bytes = 6 * 1024 * 1024, .depth = 4};
constexpr std::string_view kListKeys[] = {"contacts"};
constexpr std::string_view kContactKeys[] = {"account", "name", "banned", "asked", "note"};

// 64 requests of 8 KiB, which escapes in JSON may make larger.
constexpr JsonLimits kRequestsLimits{.size_bytes = 4 * 1024 * 1024, .depth = 4};
constexpr std::string_view kRequestListKeys[] = {"requests"};
constexpr std::string_view kRequestKeys[] = {"account", "name", "note", "card", "at", "declined"};

Contact read_contact(const json& text, const std::string& pointer, const std::string& file)
{
    const ObjectReader reader(text, pointer, file, kContactKeys);
    if (reader.member("account") == nullptr)
        Report(file, reader.place("account"), "missing; it is what the contact's \"jackfield id\" prints").raise();
    return {reader.text("account", "", Contacts::kMaxIdBytes), reader.text("name", "", Contacts::kMaxNameBytes),
            reader.flag("banned", false), reader.flag("asked", false),
            reader.text("note", "", Contacts::kMaxNoteBytes)};
}

Contacts read_contacts(const json& text, const std::string& file)
{
    const ObjectReader top(text, "", file, kListKeys);
    const auto* const list = top.member("contacts");
    if (list == nullptr || !list->is_array())
        top.refuse("contacts", "a list of contacts", list == nullptr ? json() : *list);
    Contacts contacts;
    for (std::size_t i = 0; i < list->size(); ++i) {
        const auto pointer = at("/contacts", i);
        auto contact = read_contact((*list)[i], pointer, file);
        const auto before = contacts.all().size();
        if (const auto put = contacts.put(std::move(contact)); put.status != JF_OK)
            Report(file, pointer, put.text).raise();
        if (contacts.all().size() == before)
            Report(file, pointer, "the account stands in the list twice").raise();
    }
    return contacts;
}

/// One contact a line, so that people and their tools can work with it.
std::string text_of(const Contacts& contacts)
{
    std::string text = "{\n  \"contacts\": [";
    for (const auto& contact : contacts.all()) {
        json line{{"account", contact.account_id}};
        if (!contact.name.empty())
            line["name"] = contact.name;
        if (contact.banned)
            line["banned"] = true;
        if (contact.asked)
            line["asked"] = true;
        if (!contact.note.empty())
            line["note"] = contact.note;
        text += (text.ends_with('[') ? "\n    " : ",\n    ") + line.dump();
    }
    return text + "\n  ]\n}\n";
}

ContactRequests read_requests(const json& text, const std::string& file)
{
    const ObjectReader top(text, "", file, kRequestListKeys);
    const auto* const list = top.member("requests");
    if (list == nullptr || !list->is_array())
        top.refuse("requests", "a list of requests", list == nullptr ? json() : *list);
    ContactRequests requests;
    for (std::size_t i = 0; i < list->size(); ++i) {
        const ObjectReader reader((*list)[i], at("/requests", i), file, kRequestKeys);
        ContactRequest request{
            reader.text("account", "", Contacts::kMaxIdBytes),     reader.text("name", "", Contacts::kMaxNameBytes),
            reader.text("note", "", Contacts::kMaxNoteBytes),      reader.text("card", "", kContactMessageBytes),
            read_date_time(reader.text("at", "", 64)).value_or(0), reader.flag("declined", false)};
        if (!requests.restore(std::move(request)))
            Report(file, at("/requests", i), "is no request, or one more of the same account, or one too many").raise();
    }
    return requests;
}

std::string text_of(const ContactRequests& requests)
{
    std::string text = "{\n  \"requests\": [";
    for (const auto& request : requests.all()) {
        json line{{"account", request.account_id}, {"at", date_time(request.at_ms)}};
        for (const auto& [key, value] :
             {std::pair{"name", request.name}, {"note", request.note}, {"card", request.card}}) {
            if (!value.empty())
                line[key] = value;
        }
        if (request.declined)
            line["declined"] = true;
        text += (text.ends_with('[') ? "\n    " : ",\n    ") + line.dump();
    }
    return text + "\n  ]\n}\n";
}

/// An empty list if there is no file.
template <typename List>
std::expected<List, Error> load_list(const std::filesystem::path& file, JsonLimits limits,
                                     List (*read)(const json& text, const std::string& file))
{
    const auto refuse = [&](const std::string& problem) {
        return std::unexpected(Report(file.string(), "", problem).error());
    };
    std::error_code problem;
    if (!std::filesystem::exists(file, problem) && !problem)
        return List();
    const auto text = read_text_file(file, limits.size_bytes);
    if (!text)
        return refuse(text.error().text);
    const auto parsed = parse_json(*text, limits);
    if (!parsed)
        return refuse(parsed.error().text);
    try {
        return read(*parsed, file.string());
    } catch (const Failure& failure) {
        return std::unexpected(failure.error());
    }
}

/// Whoever is in the list by now, as a contact or banned, waits for no decision.
void settle_requests(Acquaintances& known)
{
    const auto requests = known.requests.all();
    for (const auto& request : requests) {
        if (known.contacts.find(request.account_id) != nullptr)
            known.requests.remove(request.account_id);
    }
}

/// Throws Failure.
template <typename T>
T or_throw(std::expected<T, Error> result)
{
    if (!result)
        throw Failure(result.error());
    return std::move(*result);
}

} // namespace

std::expected<Contacts, Error> load_contacts(const std::filesystem::path& file)
{
    return load_list<Contacts>(file, kContactsLimits, &read_contacts);
}

std::filesystem::path requests_file(const std::filesystem::path& contacts_file)
{
    auto file = contacts_file;
    return file.replace_filename(contacts_file.stem().string() + ".requests.json");
}

std::expected<ContactRequests, Error> load_requests(const std::filesystem::path& contacts_file)
{
    return load_list<ContactRequests>(requests_file(contacts_file), kRequestsLimits, &read_requests);
}

Error change_contacts(const std::filesystem::path& file, const std::function<Error(Contacts&)>& change)
{
    try {
        const GuardedFolder folder(file);
        auto contacts = or_throw(load_contacts(file));
        auto result = change(contacts);
        if (result.status == JF_OK)
            folder.replace(file, text_of(contacts));
        return result;
    } catch (const Failure& failure) {
        return failure.error();
    }
}

std::expected<Acquaintances, Error> change_acquaintances(const std::filesystem::path& contacts_file,
                                                         const std::function<Error(Acquaintances&)>& change)
{
    try {
        const GuardedFolder folder(contacts_file);
        Acquaintances known{or_throw(load_contacts(contacts_file)), or_throw(load_requests(contacts_file))};
        const auto before = known;
        if (const auto result = change(known); result.status != JF_OK)
            return std::unexpected(result);
        settle_requests(known);
        if (known.contacts != before.contacts) // first: who is a contact needs no request any more
            folder.replace(contacts_file, text_of(known.contacts));
        if (known.requests != before.requests)
            folder.replace(requests_file(contacts_file), text_of(known.requests));
        return known;
    } catch (const Failure& failure) {
        return std::unexpected(failure.error());
    }
}

} // namespace jackfield::kernel
