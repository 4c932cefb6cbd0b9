// jackfield contacts: whom we know, and who may call.

#include "kernel/contacts/card_folder.hpp"
#include "kernel/contacts/contacts_file.hpp"
#include "kernel/contacts/vcard.hpp"
#include "tools/jackfield/contact_requests.hpp"
#include "tools/jackfield/session.hpp"
#include "tools/jackfield/verbs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <array>

namespace jackfield::program {

namespace {

using kernel::Contact;
using kernel::Contacts;
using kernel::Error;
using Words = std::vector<std::string>;

/// What the contact's card calls it; empty if none has come.
std::string card_name(const kernel::Config& config, const std::string& account)
{
    const auto text = kernel::kept_card(config.profile.folder, account);
    const auto card = text ? kernel::read_vcard(*text) : std::unexpected(Error{});
    return card ? card->name : "";
}

/// The name of the card stands in quotes where it is another than ours.
std::string as_table(const Contacts& contacts, const kernel::Config& config)
{
    std::string table;
    for (const auto& contact : contacts.all()) {
        const auto said = card_name(config, contact.account_id);
        const bool shown = !said.empty() && said != contact.name;
        table += fmt::format("{}  {:<8}{}{}\n", contact.account_id,
                             contact.banned  ? "banned"
                             : contact.asked ? "asked"
                                             : "",
                             printable(contact.name),
                             shown ? (contact.name.empty() ? "\"" : " \"") + printable(said) + "\"" : "");
    }
    return table;
}

std::string as_json(const Contacts& contacts, const kernel::Config& config)
{
    auto list = nlohmann::json::array();
    for (const auto& contact : contacts.all()) {
        list.push_back(object_of(contact));
        if (const auto said = card_name(config, contact.account_id); !said.empty())
            list.back()["card_name"] = said;
    }
    return nlohmann::json{{"contacts", list}}.dump() + "\n";
}

/// The contact that there is, or a new one, with that change. `now` is what it is then.
Error put_as(Contacts& contacts, const std::string& account, nlohmann::json& now,
             const std::function<void(Contact&)>& change)
{
    const auto* const known = contacts.find(Contacts::normal_id(account).value_or(account));
    Contact contact = known != nullptr ? *known : Contact{account};
    change(contact);
    now = object_of(contact);
    return contacts.put(std::move(contact));
}

Error add(Contacts& contacts, const Words& words, nlohmann::json& now)
{
    return put_as(contacts, words[2], now, [&](Contact& contact) { contact.name = words[1]; });
}

/// A stranger can be banned, too: by account id.
Error set_banned(Contacts& contacts, const std::string& peer, bool banned, nlohmann::json& now)
{
    const auto account = contacts.account_of(peer);
    if (!account)
        return {JF_NOT_FOUND, fmt::format("there is no contact \"{}\"", printable(peer))};
    return put_as(contacts, *account, now, [&](Contact& contact) {
        contact.banned = banned;
        contact.asked = contact.asked && !banned;
    });
}

Error remove(Contacts& contacts, const Words& words, nlohmann::json& now)
{
    const auto account = contacts.account_of(words[1]);
    if (!account || !contacts.remove(*account))
        return {JF_NOT_FOUND, fmt::format("there is no contact \"{}\"", printable(words[1]))};
    now = {{"account", *account}, {"removed", true}};
    return {JF_OK, ""};
}

struct Change {
    std::string_view word;
    std::size_t words; // with itself
    Error (*apply)(Contacts& contacts, const Words& words, nlohmann::json& now);
};

constexpr std::array<Change, 4> kChanges{{
    {"add", 3, &add},
    {"ban", 2,
     [](Contacts& contacts, const Words& words, nlohmann::json& now) {
         return set_banned(contacts, words[1], true, now);
     }},
    {"allow", 2,
     [](Contacts& contacts, const Words& words, nlohmann::json& now) {
         return set_banned(contacts, words[1], false, now);
     }},
    {"remove", 2, &remove},
}};

const Change& change_of(const Words& words)
{
    for (const auto& change : kChanges) {
        if (change.word == words.front() && change.words == words.size())
            return change;
    }
    throw UsageError(
        fmt::format("\"{}\" is not understood; what would work: add NAME ACCOUNT, ban PEER, allow PEER, remove PEER, "
                    "request PEER, requests, accept PEER [NAME], decline PEER, show PEER",
                    printable(fmt::format("{}", fmt::join(words, " ")))));
}

int run_contacts(const Arguments& arguments)
{
    const auto& words = arguments.rest();
    const bool scripts = for_scripts(arguments);
    const bool about_requests = is_about_requests(words);
    const auto* const change = words.empty() || about_requests ? nullptr : &change_of(words);
    const auto config = read_config(arguments);
    if (config.contacts.empty())
        throw Stop(kConfiguration, config.name + ": /contacts: missing; \"contacts\": \"contacts.json\" names the file "
                                                 "that they are kept in, beside this one");
    if (about_requests)
        return run_contact_requests(arguments, config);
    if (change == nullptr) {
        const auto contacts = or_stop(kernel::load_contacts(config.contacts));
        put(stdout, scripts ? as_json(contacts, config) : as_table(contacts, config));
        return kOk;
    }
    nlohmann::json now;
    change_lists(config, [&](kernel::Acquaintances& known) { return change->apply(known.contacts, words, now); });
    if (scripts)
        put(stdout, now.dump() + "\n");
    return kOk;
}

} // namespace

Verb contacts_verb()
{
    return {{"contacts",
             "[add NAME ACCOUNT | ban PEER | allow PEER | remove PEER | request PEER | requests | accept PEER [NAME] | "
             "decline PEER | show PEER]",
             "Lists whom we know, or changes the list; asks somebody to be a contact, and decides about those who ask; "
             "shows the profile card of a contact. A running listener sees each change.",
             {config_option(),
              {"json", "", "one JSON object, for scripts; the same as --events json"},
              {"name", "NAME", "request: what we call PEER"},
              {"note", "TEXT", "request: a line that PEER sees"},
              {"wait", "SECONDS", "request: so long for a device of PEER to be there; 10 unless told"},
              events_option(),
              log_option()},
             0,
             3},
            &run_contacts};
}

} // namespace jackfield::program
