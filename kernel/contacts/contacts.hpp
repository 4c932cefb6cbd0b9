// Whom a person knows: names for accounts, and who may call.
//
// Threads:  plain values, any thread. A node shares one list between its threads, which none of them changes.
// Lifetime: a list owns all it says.

#pragma once

#include "kernel/error.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jackfield::kernel {

struct Contact {
    std::string account_id = {}; // as normal_id writes it
    std::string name = {};       // unique, whatever the case of its letters; may be empty
    bool banned = false;
    bool asked = false;    // to be one of ours, and has not answered yet
    std::string note = {}; // what we wrote to it then

    friend bool operator==(const Contact&, const Contact&) = default;
};

/// Whose calls come through: "anyone" but those who are banned, or "contacts" that are not.
enum class CallsFrom { kAnyone, kContacts };

/// Whose requests to become a contact are kept. Never those of accounts that are banned.
enum class ContactRequestsFrom { kAnyone, kNobody };

/// What may stand in a line that somebody else wrote: nothing if it may, or why not.
std::string problem_with_line(std::string_view text, std::size_t max_bytes);

class Contacts {
public:
    /// The account that the text names, as it is written everywhere else: 64 hexadecimal digits, or 40 on a wire that
    /// has such, in small letters; or the URI of a service's account ("sip:alice@example.net"), scheme and host in
    /// small letters (RFC 3986 section 6.2.2.1). Nothing if it is neither.
    static std::optional<std::string> normal_id(std::string_view text);
    static bool is_account_id(std::string_view text) { return normal_id(text).has_value(); }

    static constexpr std::size_t kMaxContacts = 10'000;
    static constexpr std::size_t kMaxNameBytes = 128;
    static constexpr std::size_t kMaxIdBytes = 256;
    static constexpr std::size_t kMaxNoteBytes = 1024;
    static constexpr std::size_t kMaxAsked = 64; // who have not answered; each is watched

    const std::vector<Contact>& all() const { return contacts_; }
    const Contact* find(std::string_view account_id) const;
    const Contact* find_by_name(std::string_view name) const;

    /// The account that somebody means: by its id or by a name; or nothing.
    std::optional<std::string> account_of(std::string_view name_or_id) const;

    /// Whom we have asked to be a contact may, too.
    bool may_call(std::string_view account_id, CallsFrom policy) const;

    /// The name of an account, or its id.
    std::string name_of(const std::string& account_id) const;

    /// Adds a contact, or changes the one with that account. JF_BAD_INPUT for an account that is none, a name or
    /// note that cannot be one, a name that is another's; JF_EXHAUSTED when the list is full, or too many
    /// have been asked.
    Error put(Contact contact);

    /// False if there was none.
    bool remove(std::string_view account_id);

    friend bool operator==(const Contacts&, const Contacts&) = default;

private:
    std::vector<Contact> contacts_; // as they stand in the file
};

} // namespace jackfield::kernel
