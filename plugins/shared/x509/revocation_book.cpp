// The lists that are known. See revocation_book.hpp.
//
// Threads: any.
#include "revocation_book.hpp"

#include <algorithm>

namespace shared_x509 {

bool RevocationBook::take(RevocationList list, std::string& forgotten)
{
    const std::lock_guard lock(mutex_);
    const auto known = pages_.find(list.account_id);
    if (known != pages_.end() && known->second.list.number >= list.number)
        return false;
    forgotten.clear();
    if (known == pages_.end() && pages_.size() >= kMostLists) {
        const auto oldest = std::ranges::min_element(pages_, {}, [](const auto& page) { return page.second.used; });
        forgotten = oldest->first;
        pages_.erase(oldest);
    }
    const std::string account = list.account_id;
    pages_.insert_or_assign(account, Page{std::move(list), ++turn_});
    return true;
}

void RevocationBook::check(const jackfield::Device& device, const X509* certificate) const
{
    const std::lock_guard lock(mutex_);
    const auto page = pages_.find(device.account_id);
    if (page == pages_.end())
        return;
    page->second.used = ++turn_;
    const RevocationList& list = page->second.list;
    if (list.devices.contains(device.device_id) || list.serials.contains(serial_of(certificate)))
        throw jackfield::Failure(JF_UNAUTHENTICATED, "device " + device.device_id +
                                                         " was revoked by its account (list " +
                                                         std::to_string(list.number) + ")");
}

std::optional<RevocationList> RevocationBook::find(const std::string& account_id) const
{
    const std::lock_guard lock(mutex_);
    const auto page = pages_.find(account_id);
    return page == pages_.end() ? std::nullopt : std::optional(page->second.list);
}

} // namespace shared_x509
