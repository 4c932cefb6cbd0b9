// What can happen to the network of a running call, and how long nothing may be heard for it.
//
// Threads: the test's.
#pragma once

#include "running_call.hpp"

namespace laboratory {

struct HandOver {
    std::string name;  // a sentence about the network
    std::string label; // for the name of a test
    const char* caller;
    const char* callee;
    std::vector<std::string> transports; // of relays
    int relays = 1;
    std::function<void(PairLaboratory&, RunningCall&)> happens;
    std::chrono::milliseconds outage; // it cannot be heard while that lasts
    std::chrono::milliseconds bound;  // beyond that
    std::string after = {};           // which way sound goes then; empty: as before
    std::string before = {};          // which way it must go at first; empty: whichever
    bool punching = true;             // else UDP alone leads past a relay
    bool quic = false;                // sound goes over channels of the link
};

const std::vector<HandOver>& hand_overs();

struct HandOverResult {
    double gap_ms = 0;         // the longer of the two
    double beyond_ms = 0;      // without the outage
    double reconnected_ms = 0; // as alice says it: since she noticed; 0 if she looked for no other way
    std::string before;        // which way sound went
    std::string after;
    std::string problem; // empty: both hear each other again, and both ended well
};

HandOverResult try_hand_over(const HandOver& what);

} // namespace laboratory
