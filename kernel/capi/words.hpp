// Texts, contacts and who asks to be one, as JSON for programs in other languages.
//
// Threads: plain functions, any thread.

#pragma once

#include "kernel/contacts/contact_requests.hpp"
#include "kernel/texts/text.hpp"

#include <nlohmann/json_fwd.hpp>

namespace jackfield::kernel::capi {

/// {"account":..,"id":..,"ours":..,"text":..,"sent":"2026-11-28T09:00:00.000Z"} and of ours "delivered", of theirs
/// "read".
nlohmann::json object_of(const Text& text);

/// {"account":..,"name":..,"banned":..,"asked":..}
nlohmann::json object_of(const Contact& contact);

/// {"account":..,"name":..,"note":..,"at":..}
nlohmann::json object_of(const ContactRequest& request);

} // namespace jackfield::kernel::capi
