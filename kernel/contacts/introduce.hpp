// What a person decides about contacts: to ask somebody, to accept or decline whoever asks. Each is a change of both
// lists, for change_acquaintances, which settles the requests of whoever is a contact then.
//
// Threads: plain functions, any thread.

#pragma once

#include "kernel/contacts/contacts_file.hpp"

#include <string>

namespace jackfield::kernel {

/// The account becomes one that is asked, under that name, or that which it had. What it has asked of us is settled by
/// it. JF_UNSUPPORTED, in four parts, for an account of a service; JF_REFUSED if it is banned; else as Contacts::put.
Error ask_contact(Acquaintances& known, Contact contact);

/// Whoever has asked, and may have been declined, is a contact: under that name or, if it is empty, that which it had
/// or the one it gives itself, if nobody else has that. JF_NOT_FOUND if it has not asked; else as Contacts::put.
Error accept_contact(Acquaintances& known, const std::string& account_id, const std::string& name);

/// Whoever has asked is not heard any more, and is told nothing. JF_NOT_FOUND if no request of it waits.
Error decline_contact(Acquaintances& known, const std::string& account_id, std::int64_t now_ms);

} // namespace jackfield::kernel
