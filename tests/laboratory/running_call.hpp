// A call between two processes of the laboratory, while its network changes: who hears whom, which way, and for how
// long nothing came.
//
// Threads: the test's.
#pragma once

#include "nat_pairs.hpp"

#include <array>

namespace laboratory {

inline constexpr const char* kCable = R"({"delay_ms": 15})"; // of each: 60 ms from one to the other and back

struct CallPlan {
    std::vector<std::string> transports = {"udp", "tcp", "tls"}; // of relays
    std::string cable = kCable;                                  // of alice, as Network::change takes it
    int addresses = 1;                                           // of alice's machine
    bool pictures = false;
    bool punching = true; // TCP from both sides at once
    bool quic = false;    // one connection for everything: media goes over channels of the link
    bool beside = false;  // but pictures, which go over ICE
};

/// Alice has called bob, each behind what their sides say, with sound both ways.
class RunningCall {
public:
    /// Throws std::runtime_error if they do not hear each other.
    RunningCall(PairLaboratory& laboratory, const Side& caller, const Side& callee, const CallPlan& plan = {});

    Peer& alice() { return *alice_place_; }
    Peer& bob() { return *bob_place_; }
    scenarios::Process& alice_process() { return *alice_; }
    scenarios::Process& bob_process() { return *bob_; }

    /// From here on gaps count.
    void mark();

    /// Until each has heard the other throughout two seconds that began since then. False if that has not come in time.
    bool both_hear(std::chrono::milliseconds limit);

    /// Until each has got the other's pictures throughout a second that began since then.
    bool both_see(std::chrono::milliseconds limit);

    /// The longest time since then in which alice, or bob, got no packet of the other's sound, up to what both_hear
    /// saw.
    double gap_ms() const { return gap_ms_; }

    /// The way of alice's sound, or pictures, in the last second told, as the timeline has it: {"local", "remote",
    /// "relayed"} or {"channel"}.
    scenarios::Json way(const std::string& kind = "audio");

    /// Until alice's sound goes a way for which that holds.
    bool goes(const std::function<bool(const scenarios::Json& way)>& wanted, std::chrono::milliseconds limit);

    /// Alice hears nothing for so many whole seconds. False: she did.
    bool silent_for(int seconds);

    /// Since alice's process began, by her last event.
    static double last_event_ms(scenarios::Process& peer);

    /// Alice hangs up; the exit codes of both.
    std::pair<int, int> hang_up();

private:
    static double heard_after(scenarios::Process& peer, double t_ms, bool heard, std::chrono::milliseconds limit);
    static double gap_between(scenarios::Process& peer, double begin_ms, double end_ms);

    PairLaboratory& laboratory_;
    std::optional<Peer> alice_place_;
    std::optional<Peer> bob_place_;
    std::unique_ptr<scenarios::Process> alice_;
    std::unique_ptr<scenarios::Process> bob_;
    std::array<double, 2> marked_ms_{};
    double gap_ms_ = 0;
};

} // namespace laboratory
