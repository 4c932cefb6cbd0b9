// Whom we know, and who asks to be known, as jackfield.h has them. A change is in the file when a function returns, and
// a node that runs, ours or another with the same file, sees it there.

#include "kernel/capi/door.hpp"
#include "kernel/capi/words.hpp"
#include "kernel/contacts/introduce.hpp"
#include "kernel/texts/wall_time.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace {

using namespace jackfield::kernel;
using namespace jackfield::kernel::capi;

const std::filesystem::path& file_of(const Config& config)
{
    if (config.contacts.empty())
        throw Failure(JF_UNSUPPORTED, "contacts: the configuration of this node says nothing of them; looked for "
                                      "\"contacts\" at its top; \"contacts\": \"contacts.json\", a file beside it, "
                                      "would work");
    return config.contacts;
}

/// how(both lists) says what becomes of them.
template <typename F>
jf_status change(jackfield_node* node, jackfield_error* error, F&& how)
{
    return guarded(error, [&] {
        const auto open_node = need_node(node);
        open_node->use([&](Node&, const Config& config) { or_throw(change_acquaintances(file_of(config), how)); });
    });
}

[[noreturn]] void throw_no_contact(const Contacts& contacts, const std::string& peer)
{
    throw Failure(JF_NOT_FOUND,
                  fmt::format("contact \"{}\": there is none; looked among the {} that there are; a name or "
                              "account that jackfield_contact_list has would work",
                              peer.substr(0, Contacts::kMaxNameBytes), contacts.all().size()));
}

/// By name or account; strangers by account. Throws Failure JF_NOT_FOUND.
std::string known_account(const Contacts& contacts, const std::string& peer)
{
    if (const auto account = contacts.account_of(peer))
        return *account;
    throw_no_contact(contacts, peer);
}

/// By account, or the name that one who asks gives itself, if no other does. Throws Failure JF_NOT_FOUND.
std::string who_asks(const ContactRequests& requests, const std::string& peer)
{
    if (const auto id = Contacts::normal_id(peer))
        return *id;
    std::vector<std::string> accounts;
    for (const auto& request : requests.all()) {
        if (!request.declined && request.name == peer)
            accounts.push_back(request.account_id);
    }
    if (accounts.size() != 1)
        throw Failure(JF_NOT_FOUND,
                      fmt::format("request of \"{}\": {} of that name; looked among the {} that wait; the "
                                  "account would work",
                                  peer.substr(0, Contacts::kMaxNameBytes),
                                  accounts.empty() ? "there is none" : "there is more than one", requests.open()));
    return accounts.front();
}

} // namespace

jf_status jackfield_contact_list(jackfield_node* node, char** json, jackfield_error* error)
{
    return answer_json(node, json, error, [](Node&, const Config& config) {
        auto list = nlohmann::json::array();
        const auto contacts = or_throw(load_contacts(file_of(config)));
        for (const auto& contact : contacts.all())
            list.push_back(object_of(contact));
        return nlohmann::json{{"contacts", list}};
    });
}

jf_status jackfield_contact_add(jackfield_node* node, const char* name, const char* account, jackfield_error* error)
{
    return change(node, error, [&](Acquaintances& known) {
        const auto id = need_text(account, "account");
        const auto* const there = known.contacts.find(Contacts::normal_id(id).value_or(id));
        Contact contact = there != nullptr ? *there : Contact{id};
        contact.name = need_text(name, "name");
        return known.contacts.put(std::move(contact));
    });
}

jf_status jackfield_contact_remove(jackfield_node* node, const char* peer, jackfield_error* error)
{
    return change(node, error, [&](Acquaintances& known) {
        const auto whom = need_text(peer, "peer");
        if (!known.contacts.remove(known_account(known.contacts, whom)))
            throw_no_contact(known.contacts, whom);
        return Error{JF_OK, ""};
    });
}

jf_status jackfield_contact_ban(jackfield_node* node, const char* peer, int on, jackfield_error* error)
{
    return change(node, error, [&](Acquaintances& known) {
        const auto account = known_account(known.contacts, need_text(peer, "peer"));
        const auto* const there = known.contacts.find(account);
        Contact contact = there != nullptr ? *there : Contact{account};
        contact.banned = on != 0;
        contact.asked = contact.asked && on == 0;
        return known.contacts.put(std::move(contact));
    });
}

jf_status jackfield_contact_request(jackfield_node* node, const char* peer, const char* name, const char* note,
                                    jackfield_error* error)
{
    return with_peer(node, peer, error, [&](Node& n, const std::string& account, const Config& config) {
        file_of(config);
        if (const auto asked = n.request_contact(account, text_or_none(name, "name"), text_or_none(note, "note"));
            !asked)
            throw Failure(asked.error());
    });
}

jf_status jackfield_contact_requests(jackfield_node* node, char** json, jackfield_error* error)
{
    return answer_json(node, json, error, [](Node&, const Config& config) {
        auto list = nlohmann::json::array();
        const auto requests = or_throw(load_requests(file_of(config)));
        for (const auto& request : requests.all()) {
            if (!request.declined)
                list.push_back(object_of(request));
        }
        return nlohmann::json{{"requests", list}};
    });
}

jf_status jackfield_contact_accept(jackfield_node* node, const char* peer, const char* name, jackfield_error* error)
{
    return change(node, error, [&](Acquaintances& known) {
        return accept_contact(known, who_asks(known.requests, need_text(peer, "peer")), text_or_none(name, "name"));
    });
}

jf_status jackfield_contact_decline(jackfield_node* node, const char* peer, jackfield_error* error)
{
    return change(node, error, [&](Acquaintances& known) {
        return decline_contact(known, who_asks(known.requests, need_text(peer, "peer")), wall_ms());
    });
}
