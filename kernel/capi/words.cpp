// Texts and contacts as JSON. See words.hpp.

#include "kernel/capi/words.hpp"

#include "kernel/texts/wall_time.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::kernel::capi {

nlohmann::json object_of(const Text& text)
{
    return {{"account", text.peer},
            {"id", text.id},
            {"ours", text.ours},
            {"text", text.body},
            {"sent", date_time(text.sent_ms)},
            {text.ours ? "delivered" : "read", text.done}};
}

nlohmann::json object_of(const Contact& contact)
{
    return {
        {"account", contact.account_id}, {"name", contact.name}, {"banned", contact.banned}, {"asked", contact.asked}};
}

nlohmann::json object_of(const ContactRequest& request)
{
    return {{"account", request.account_id},
            {"name", request.name},
            {"note", request.note},
            {"at", date_time(request.at_ms)}};
}

} // namespace jackfield::kernel::capi
