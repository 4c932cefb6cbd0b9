// A call that takes the place of another one. See replaced_call.hpp.

#include "kernel/flow/replaced_call.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::kernel {

Replacement find_replaced(const Environment& node, const std::string& dialog_name)
{
    Replacement found{nullptr, JF_REASON_NO_SUCH_CALL};
    bool there = false;
    for (const auto& call : node.calls) {
        const jf_status match = call->matches(dialog_name);
        if (match != JF_OK && match != JF_BUSY)
            continue;
        if (std::exchange(there, true))
            return {nullptr, JF_REASON_NO_SUCH_CALL};
        found = match == JF_OK ? Replacement{call} : Replacement{nullptr, JF_REASON_BUSY};
    }
    return found;
}

void end_replaced(Call& call)
{
    if (!call.replaces)
        return;
    call.replaces->replaced = true;
    call.replaces->hang_up();
    call.replaces.reset();
}

std::string origin_of(const Call& call)
{
    nlohmann::json detail = nlohmann::json::object();
    if (!call.referred_by.empty())
        detail["referred_by"] = call.referred_by;
    if (call.replaces)
        detail["replaces"] = call.replaces->id;
    return detail.empty() ? "" : detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

} // namespace jackfield::kernel
