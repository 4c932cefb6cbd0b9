// Step 8: what the two ends of a running call say beside its media: digits and how the camera is held.
//
// Threads:  [control].
// Lifetime: on the frame of the flow that keeps the call alive, which owns what is referred to here.

#pragma once

#include "kernel/flow/call.hpp"
#include "kernel/flow/leg.hpp"
#include "kernel/flow/said_info.hpp"
#include "kernel/media/control_info.hpp"

#include <string>

namespace jackfield::kernel {

class CallSignals {
public:
    CallSignals(Call& call, CallMedia& media, Leg& leg);
    CallSignals(const CallSignals&) = delete;
    CallSignals& operator=(const CallSignals&) = delete;
    ~CallSignals();

    void look();

    /// When to look again, whatever happens.
    TimePoint next() const { return next_; }

private:
    bool hear(const std::string& content_type, const std::string& body);
    void begin_digit();
    void go_on_with_digit();
    void take_digit(const Digit& digit);
    void tell_digit(const Digit& digit);

    Call& call_;
    CallMedia& media_;
    Leg& leg_;

    SaidInfo digit_;    // the next one has to wait for it
    SaidInfo rotation_; // the last
    std::uint32_t said_digits_ = 0;
    std::uint32_t heard_digit_ = 0; // the peer's number of it

    char key_ = 0; // that goes out now, as telephone events; 0: none
    TimePoint begun_{};
    std::int64_t begun_ns_ = 0;
    int packets_ = 0; // of it so far
    int ends_ = 0;
    TimePoint next_ = TimePoint::max();
};

} // namespace jackfield::kernel
