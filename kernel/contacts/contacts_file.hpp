// The file that a list of contacts is kept in:
//
//   {
//     "contacts": [
//       { "account": "0f3c..", "name": "bob" },
//       { "account": "77ab..", "name": "pest", "banned": true },
//       { "account": "31c5..", "name": "carol", "asked": true, "note": "we met in Ghent" }
//     ]
//   }
//
// and the file beside it that has what others asked ("contacts.json" has "contacts.requests.json"): what strangers have
// written stands in no file that a person keeps.
//
// Threads:  plain functions, any thread; they wait for the disk. Programs that change a list do so one after the other.
// Lifetime: nothing is kept.

#pragma once

#include "kernel/contacts/contact_requests.hpp"
#include "kernel/contacts/contacts.hpp"

#include <expected>
#include <functional>

namespace jackfield::kernel {

/// A list with nobody if there is no file. JF_BAD_CONFIG with file, place and problem.
std::expected<Contacts, Error> load_contacts(const std::filesystem::path& file);

/// Takes the file's list through `change` and writes it back under a temporary name, with mode 0600, synced and then
/// renamed: whenever the power fails, there is the list of before or that of after. `change` gives JF_OK, or why there
/// is nothing to write. The folder is made if it is missing. JF_BAD_CONFIG as above; JF_INTERNAL with file and the
/// words of the system.
Error change_contacts(const std::filesystem::path& file, const std::function<Error(Contacts&)>& change);

/// Where the requests are that belong to that file of contacts.
std::filesystem::path requests_file(const std::filesystem::path& contacts_file);

/// Nobody's if there is no file. JF_BAD_CONFIG as above.
std::expected<ContactRequests, Error> load_requests(const std::filesystem::path& contacts_file);

/// Both lists.
struct Acquaintances {
    Contacts contacts;
    ContactRequests requests;
};

/// The same for both lists: what has changed is written, the contacts first; requests of whoever is in the list of
/// contacts then are settled. What there is afterwards.
std::expected<Acquaintances, Error> change_acquaintances(const std::filesystem::path& contacts_file,
                                                         const std::function<Error(Acquaintances&)>& change);

} // namespace jackfield::kernel
