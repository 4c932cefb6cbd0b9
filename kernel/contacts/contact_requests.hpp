// Who has asked to be a contact and waits for a person's word, and who was declined.
//
// Whoever asks again while its request is kept, or after it was declined, is not heard: a person is asked once. Nobody
// can fill the disk: a request has at most 8 KiB, an account one, all together 64.
//
// Threads:  plain values, any thread.
// Lifetime: a list owns all it says.

#pragma once

#include "kernel/contacts/contact_message.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace jackfield::kernel {

struct ContactRequest {
    std::string account_id = {}; // verified
    std::string name = {};       // as the account says; proves nothing
    std::string note = {};
    std::string card = {};  // vCard; may be empty
    std::int64_t at_ms = 0; // since 1970, by our clock: when it came, or was declined
    bool declined = false;  // then nothing of what it said is kept

    friend bool operator==(const ContactRequest&, const ContactRequest&) = default;
};

/// What has become of one that came in.
enum class Taken {
    kNew,
    kReplaced, // an earlier one of the same account
    kKnown,    // nothing has changed, or too soon after the one before
    kDeclined, // a person has declined it
    kFull,     // there are kMostOpen; whoever asks asks again
};

class ContactRequests {
public:
    static constexpr std::size_t kMostOpen = 64;
    static constexpr std::size_t kMostDeclined = 256; // of more, the oldest is forgotten
    static constexpr std::chrono::minutes kReplacedAfter{1};
    static constexpr std::chrono::days kOpenFor{30};
    static constexpr std::chrono::days kDeclinedFor{90};

    const std::vector<ContactRequest>& all() const { return requests_; } // the oldest first
    const ContactRequest* find(std::string_view account_id) const;
    std::size_t open() const;

    /// Forgets what is too old first. `request.at_ms` is now.
    Taken take(ContactRequest request);

    /// False if there is none that waits.
    bool decline(std::string_view account_id, std::int64_t now_ms);

    /// False if there was none.
    bool remove(std::string_view account_id);

    /// From the file. False if it makes no sense there.
    bool restore(ContactRequest request);

    friend bool operator==(const ContactRequests&, const ContactRequests&) = default;

private:
    ContactRequest* find_mutable(std::string_view account_id);
    void forget_old(std::int64_t now_ms);

    std::vector<ContactRequest> requests_;
};

} // namespace jackfield::kernel
