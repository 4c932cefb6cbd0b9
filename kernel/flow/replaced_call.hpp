// A call that comes in to take the place of another one (attended transfer, RFC 3891): which one that is, and its end.
//
// Threads: [control].

#pragma once

#include "kernel/flow/environment.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace jackfield::kernel {

/// What the name in an invitation means to us.
struct Replacement {
    std::shared_ptr<Call> call;                          // null if it is not to be
    std::optional<std::uint32_t> refusal = std::nullopt; // then: a JF_REASON_
};

/// The running call of that name. Whoever knows it was told by one of the two that talk: nobody else does. More than
/// one are none (RFC 3891 section 3).
Replacement find_replaced(const Environment& node, const std::string& dialog_name);

/// The call has been answered: that whose place it takes, if there is one, is hung up.
void end_replaced(Call& call);

/// For the timeline: {"referred_by", "replaces"}, as far as there is either; else empty.
std::string origin_of(const Call& call);

} // namespace jackfield::kernel
