// Who has asked to be a contact. See contact_requests.hpp.

#include "kernel/contacts/contact_requests.hpp"

#include "kernel/contacts/contacts.hpp"
#include "kernel/registry/json_text.hpp"

#include <algorithm>

namespace jackfield::kernel {

namespace {

std::int64_t ms(std::chrono::milliseconds duration)
{
    return duration.count();
}

bool says_the_same(const ContactRequest& a, const ContactRequest& b)
{
    return a.name == b.name && a.note == b.note && a.card == b.card;
}

} // namespace

const ContactRequest* ContactRequests::find(std::string_view account_id) const
{
    const auto found = std::ranges::find(requests_, account_id, &ContactRequest::account_id);
    return found == requests_.end() ? nullptr : &*found;
}

ContactRequest* ContactRequests::find_mutable(std::string_view account_id)
{
    const auto found = std::ranges::find(requests_, account_id, &ContactRequest::account_id);
    return found == requests_.end() ? nullptr : &*found;
}

std::size_t ContactRequests::open() const
{
    return static_cast<std::size_t>(std::ranges::count(requests_, false, &ContactRequest::declined));
}

Taken ContactRequests::take(ContactRequest request)
{
    forget_old(request.at_ms);
    if (auto* const earlier = find_mutable(request.account_id)) {
        if (earlier->declined)
            return Taken::kDeclined;
        const auto since = request.at_ms - earlier->at_ms; // less than nothing if the clock was set back
        if (says_the_same(*earlier, request) || (since >= 0 && since < ms(kReplacedAfter)))
            return Taken::kKnown;
        *earlier = std::move(request);
        return Taken::kReplaced;
    }
    if (open() >= kMostOpen)
        return Taken::kFull;
    requests_.push_back(std::move(request));
    return Taken::kNew;
}

bool ContactRequests::decline(std::string_view account_id, std::int64_t now_ms)
{
    auto* const request = find_mutable(account_id);
    if (request == nullptr || request->declined)
        return false;
    ContactRequest declined{request->account_id, "", "", "", now_ms, true};
    remove(account_id);
    if (requests_.size() - open() >= kMostDeclined)
        requests_.erase(std::ranges::find(requests_, true, &ContactRequest::declined));
    requests_.push_back(std::move(declined));
    return true;
}

bool ContactRequests::remove(std::string_view account_id)
{
    return std::erase_if(requests_, [&](const auto& one) { return one.account_id == account_id; }) != 0;
}

bool ContactRequests::restore(ContactRequest request)
{
    const auto id = Contacts::normal_id(request.account_id);
    const auto declined = requests_.size() - open();
    if (!id || find(*id) != nullptr || (request.declined ? declined >= kMostDeclined : open() >= kMostOpen) ||
        !problem_with_line(request.name, Contacts::kMaxNameBytes).empty() ||
        !problem_with_line(request.note, Contacts::kMaxNoteBytes).empty() || first_bad_utf8(request.card))
        return false;
    request.account_id = *id;
    requests_.push_back(std::move(request));
    return true;
}

void ContactRequests::forget_old(std::int64_t now_ms)
{
    std::erase_if(requests_, [now_ms](const auto& one) {
        return now_ms - one.at_ms > (one.declined ? ms(kDeclinedFor) : ms(kOpenFor));
    });
}

} // namespace jackfield::kernel
