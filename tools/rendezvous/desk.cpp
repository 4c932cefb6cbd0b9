// Where every request arrives. See desk.hpp.
#include "tools/rendezvous/desk.hpp"

#include <Poco/SHA2Engine.h>

namespace jackfield::rendezvous {

namespace {

constexpr std::uint32_t kStoreRetry_ms = 500;

/// Two values of a key differ by their slots or, without slots, by their bytes: the same put twice is one entry.
std::string entry_id(const Request& request)
{
    if (!request.slot.empty())
        return "slot:" + request.slot;
    Poco::SHA2Engine hash;
    hash.update(request.value.data(), request.value.size());
    return "value:" + Poco::DigestEngine::digestToHex(hash.digest());
}

Reply unavailable(std::uint64_t id, const StoreUnavailable& why)
{
    return {id, Code::unavailable, why.what(), kStoreRetry_ms};
}

} // namespace

Reply Desk::admit(std::uint64_t id, const std::string& address)
{
    const auto wait = rates_.ask(address);
    if (wait.count() == 0)
        return {id, Code::ok};
    return {id, Code::too_many_requests,
            "more than " + std::to_string(limits_.requests_per_second) + " requests a second from your address",
            static_cast<std::uint32_t>(wait.count())};
}

Reply Desk::put(const Request& request)
{
    if (request.value.size() > limits_.value_bytes)
        return {request.id, Code::too_large,
                "a value has at most " + std::to_string(limits_.value_bytes) + " bytes, not " +
                    std::to_string(request.value.size())};
    const std::chrono::seconds ttl(request.ttl_s);
    const Entry entry{
        request.key, entry_id(request), {request.value.begin(), request.value.end()}, std::min(ttl, limits_.ttl)};
    try {
        switch (store_.put(entry)) {
        case Taken::yes:
            return {request.id, Code::ok};
        case Taken::key_is_full:
            return {request.id, Code::full, "so many values lie under this key that no more fit"};
        case Taken::all_is_full:
            break;
        }
        return {request.id, Code::full, "the board is full; values that expire make room"};
    } catch (const StoreUnavailable& why) {
        return unavailable(request.id, why);
    }
}

Reply Desk::get(const Request& request, std::vector<std::string>& values)
{
    try {
        values = store_.get(request.key);
        return {request.id, Code::ok};
    } catch (const StoreUnavailable& why) {
        return unavailable(request.id, why);
    }
}

} // namespace jackfield::rendezvous
