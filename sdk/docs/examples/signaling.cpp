// What a signaling plugin looks at first in every verb; see sdk/docs/interfaces/signaling.md.
#include <jackfield/signaling.hpp>

#include <map>

// [example]
enum class CallState { invited, ringing, running };

/// The call of that number, if the verb is in turn there. A table of states keeps JF-SIG-05. [control]
CallState& call_in(std::map<std::uint64_t, CallState>& calls, std::uint64_t call, CallState least)
{
    const auto found = calls.find(call);
    if (found == calls.end())
        throw jackfield::Failure(JF_NOT_FOUND, "there is no call " + std::to_string(call) + " in this session");
    if (found->second < least)
        throw jackfield::Failure(JF_BAD_INPUT, "call " + std::to_string(call) + " has not come that far");
    return found->second;
}
// [end]
