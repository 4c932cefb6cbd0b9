// The file that a list of contacts is kept in:
//
//   {
//     "contacts": [
//       { "account": "0f3c..", "name": "bob" },
//       { "account": "77ab..", "name": "pest", "banned": true }
//     ]
//   }
//
// Threads:  plain functions, any thread; they wait for the disk. Programs that change a list do so one after the other.
// Lifetime: nothing is kept.

#pragma once

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

} // namespace jackfield::kernel
