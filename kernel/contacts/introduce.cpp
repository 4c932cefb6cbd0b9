// What a person decides about contacts. See introduce.hpp.

#include "kernel/contacts/introduce.hpp"

#include "kernel/config/report.hpp"

#include <fmt/format.h>

namespace jackfield::kernel {

namespace {

Error is_of_a_service(const std::string& account)
{
    return Report("contacts", "", "an account of a service cannot be asked to be a contact")
        .line("searched", account + ", whose links are carried as plain SIP, which has no such request")
        .line("would work", "adding it without asking: contacts add NAME " + account)
        .error(JF_UNSUPPORTED);
}

} // namespace

Error ask_contact(Acquaintances& known, Contact contact)
{
    const auto id = Contacts::normal_id(contact.account_id);
    if (id && id->find(':') != std::string::npos)
        return is_of_a_service(*id);
    if (const auto* const there = id ? known.contacts.find(*id) : nullptr) {
        if (there->banned)
            return {JF_REFUSED, *id + " is banned; contacts allow takes that back"};
        if (contact.name.empty())
            contact.name = there->name;
    }
    contact.asked = true;
    return known.contacts.put(std::move(contact));
}

Error accept_contact(Acquaintances& known, const std::string& account_id, const std::string& name)
{
    const auto* const request = known.requests.find(account_id);
    if (request == nullptr)
        return {JF_NOT_FOUND, fmt::format("{} has not asked to be a contact", account_id)};
    const auto* const there = known.contacts.find(account_id);
    Contact contact{account_id, name};
    if (name.empty() && there != nullptr)
        contact.name = there->name;
    auto result = known.contacts.put(contact);
    if (contact.name.empty() && result.status == JF_OK) {
        contact.name = request->name;
        known.contacts.put(contact); // or it has none: the name cannot be one, or is somebody else's
    }
    return result;
}

Error decline_contact(Acquaintances& known, const std::string& account_id, std::int64_t now_ms)
{
    if (known.requests.decline(account_id, now_ms))
        return {JF_OK, ""};
    return {JF_NOT_FOUND, fmt::format("no request of {} waits for a decision", account_id)};
}

} // namespace jackfield::kernel
