// application/im-iscomposing+xml (RFC 3994): the peer is writing, or has stopped.
//
// Threads: plain functions, any thread.

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace jackfield::kernel {

inline constexpr std::string_view kComposingType = "application/im-iscomposing+xml";

/// RFC 3994 section 3.4: how long a word that says nothing about it holds, and how often one may be repeated at most.
inline constexpr std::chrono::seconds kComposingRefresh{120};
inline constexpr std::chrono::seconds kComposingLeastRefresh{60};

struct Composing {
    bool active = false;
    std::chrono::seconds refresh = kComposingRefresh; // then it is over, if nothing more is said
};

std::string write_composing(const Composing& composing);

/// Nothing if it is none. A state that is not known is idle (section 3.2); a refresh out of bounds is the nearest
/// within.
std::optional<Composing> read_composing(std::string_view body);

} // namespace jackfield::kernel
