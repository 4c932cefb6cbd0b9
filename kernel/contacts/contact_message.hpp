// What one account says to another about being contacts: a JF_CALL_REQUEST with the purpose "contact" (discovery.h),
// whose blob is one JSON object:
//
//   {"contact": "ask", "name": "Alice", "note": "we met in Ghent", "card": "BEGIN:VCARD.."}
//   {"contact": "accepted", "name": "Bob"}
//
// Nothing is answered to it. Keys that are not known are left out, so that later versions can add some.
// Threads: plain functions, any thread.

#pragma once

#include "kernel/error.hpp"

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace jackfield::kernel {

inline constexpr std::string_view kContactPurpose = "contact";
inline constexpr std::size_t kContactMessageBytes = 8 * 1024; // in JSON, and so each of its parts

struct ContactMessage {
    bool accepted = false; // else it asks
    std::string name = {}; // what the sender calls itself; proves nothing
    std::string note = {}; // of one who asks
    std::string card = {}; // vCard, without pictures; may be empty
};

/// JF_BAD_INPUT: too large, no such object, a name or note that cannot be one.
std::expected<ContactMessage, Error> read_contact_message(std::string_view blob);

/// Always one that can be read: what does not fit or cannot be said is left out, the card first.
std::string write_contact_message(ContactMessage message);

} // namespace jackfield::kernel
