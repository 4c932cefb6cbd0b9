// What the streams of a session share.
//
// Threads: constant, but for the rate control, which is there from the moment control hands it over.
// Lifetime: a member of the session.
#pragma once

#include "lip_sync.hpp"
#include "options.hpp"
#include "rate_control.hpp"
#include "wire.hpp"

#include <atomic>
#include <string>

namespace jackfield::rtp {

struct SessionContext {
    RtpOptions options;
    std::string cname;
    NtpClock clock;
    bool paced = false; ///< somebody ticks when we ask for it
    std::atomic<RateControl*> rates{nullptr};
    mutable LipSync sync{};
};

} // namespace jackfield::rtp
