// Whom a person knows. See contacts.hpp.

#include "kernel/contacts/contacts.hpp"

#include "kernel/registry/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace jackfield::kernel {

namespace {

char small(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string small(std::string_view text)
{
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](char c) { return small(c); });
    return result;
}

bool same_but_for_case(std::string_view a, std::string_view b)
{
    return std::ranges::equal(a, b, [](char x, char y) { return small(x) == small(y); });
}

/// Of a URI (RFC 3986 section 3.1).
bool is_scheme(std::string_view text)
{
    const auto letter = [](char c) { return small(c) >= 'a' && small(c) <= 'z'; };
    return !text.empty() && letter(text.front()) && std::ranges::all_of(text, [&](char c) {
        return letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
    });
}

/// Why a name cannot be one; empty if it can. It is shown on terminals, and typed where an account id could stand.
std::string problem_with_name(std::string_view name)
{
    if (auto problem = problem_with_line(name, Contacts::kMaxNameBytes); !problem.empty())
        return problem;
    if (!name.empty() && (name.front() == ' ' || name.back() == ' '))
        return "begins or ends with a space";
    if (Contacts::is_account_id(name))
        return "looks like an account id";
    return "";
}

} // namespace

std::string problem_with_line(std::string_view text, std::size_t max_bytes)
{
    if (text.size() > max_bytes)
        return fmt::format("is longer than {} bytes", max_bytes);
    if (first_bad_utf8(text))
        return "is not UTF-8";
    if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
        return "has control characters in it";
    return "";
}

std::optional<std::string> Contacts::normal_id(std::string_view text)
{
    const bool hex = text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
    if (hex && (text.size() == 64 || text.size() == 40))
        return small(text);
    const auto colon = text.find(':');
    const auto at = text.rfind('@');
    const bool printable =
        std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != '<' && c != '>'; });
    if (text.size() > kMaxIdBytes || !printable || colon == std::string_view::npos || at == std::string_view::npos ||
        at < colon + 2 || at + 1 == text.size() || !is_scheme(text.substr(0, colon)))
        return std::nullopt;
    return small(text.substr(0, colon)) + std::string(text.substr(colon, at - colon)) + small(text.substr(at));
}

const Contact* Contacts::find(std::string_view account_id) const
{
    const auto found = std::ranges::find(contacts_, account_id, &Contact::account_id);
    return found == contacts_.end() ? nullptr : &*found;
}

const Contact* Contacts::find_by_name(std::string_view name) const
{
    if (name.empty())
        return nullptr;
    const auto found =
        std::ranges::find_if(contacts_, [name](const auto& one) { return same_but_for_case(one.name, name); });
    return found == contacts_.end() ? nullptr : &*found;
}

std::optional<std::string> Contacts::account_of(std::string_view name_or_id) const
{
    if (auto id = normal_id(name_or_id))
        return id;
    const auto* const contact = find_by_name(name_or_id);
    return contact == nullptr ? std::nullopt : std::optional(contact->account_id);
}

bool Contacts::may_call(std::string_view account_id, CallsFrom policy) const
{
    const auto* const contact = find(account_id);
    return contact == nullptr ? policy == CallsFrom::kAnyone : !contact->banned;
}

std::string Contacts::name_of(const std::string& account_id) const
{
    const auto* const contact = find(account_id);
    return contact == nullptr || contact->name.empty() ? account_id : contact->name;
}

Error Contacts::put(Contact contact)
{
    const auto id = normal_id(contact.account_id);
    if (!id)
        return {JF_BAD_INPUT,
                in_quotes(contact.account_id) +
                    " is no account: it has 64 hexadecimal digits, or is a URI like sip:alice@example.net"};
    contact.account_id = *id;
    if (const auto problem = problem_with_name(contact.name); !problem.empty())
        return {JF_BAD_INPUT, fmt::format("the name {} {}", in_quotes(contact.name), problem)};
    if (const auto problem = problem_with_line(contact.note, kMaxNoteBytes); !problem.empty())
        return {JF_BAD_INPUT, fmt::format("the note {} {}", in_quotes(contact.note), problem)};
    const auto* const namesake = find_by_name(contact.name);
    if (namesake != nullptr && namesake->account_id != contact.account_id)
        return {JF_BAD_INPUT, fmt::format("the name {} is that of {}", in_quotes(contact.name), namesake->account_id)};
    const auto found = std::ranges::find(contacts_, contact.account_id, &Contact::account_id);
    const bool was_asked = found != contacts_.end() && found->asked;
    if (contact.asked && !was_asked &&
        std::ranges::count(contacts_, true, &Contact::asked) >= std::ptrdiff_t(kMaxAsked))
        return {JF_EXHAUSTED, fmt::format("{} accounts have been asked and have not answered; no more can be asked "
                                          "before one of them does or is removed",
                                          kMaxAsked)};
    if (!contact.asked)
        contact.note.clear();
    if (found != contacts_.end())
        *found = std::move(contact);
    else if (contacts_.size() == kMaxContacts)
        return {JF_EXHAUSTED, fmt::format("there are {} contacts already, and no more can be kept", kMaxContacts)};
    else
        contacts_.push_back(std::move(contact));
    return {JF_OK, ""};
}

bool Contacts::remove(std::string_view account_id)
{
    return std::erase_if(contacts_, [&](const auto& one) { return one.account_id == account_id; }) != 0;
}

} // namespace jackfield::kernel
