// The timeline: every step of every call as one kind of event, whatever plugin did it.
//
// It is the progress bar of the command line, the trace of the researcher, and the answer to "why did it fail".
// Threads:  [control]; media threads post there.
// Lifetime: the node's; listeners are called until they are removed.

#pragma once

#include "kernel/error.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace jackfield::kernel {

/// The steps of a call, in the order in which they happen (timeline.schema.json), and what there is beside calls.
enum class Step {
    configuration,      // a running node takes another one
    identity,           // who we are
    discovery,          // find the peer's devices
    request,            // the sealed call request, with our candidates
    answer,             // the sealed answer, with the peer's
    connectivity,       // the control path
    secure_channel,     // TLS or DTLS, and it is the peer
    reliable_stream,    // a stream over DTLS
    multiplexer,        // a channel for signaling
    signaling,          // invite, ring, accept
    media_connectivity, // the media paths
    media,              // sound and pictures
    call,               // the call as a whole: its last event says how it ended
    file,               // beside calls: one file, from offer to the last byte
    text,               // texts between accounts, in and out of a call
    contact,            // who asks whom to be a contact, and profile cards
};

enum class Moment { start, progress, done, failed };

std::string_view name_of(Step step);
std::string_view name_of(Moment moment);

enum class Side { caller, callee, node };

std::string_view name_of(Side side);

struct TimelineEvent {
    std::int64_t t_ns = 0; // host clock
    std::string call;      // the call's id; empty for what belongs to the node
    Side side = Side::node;
    Step step = Step::call;
    Moment moment = Moment::start;
    std::string detail_json; // one JSON object, or empty
};

/// {"t_ms":12.345,"call":"..","side":"caller","step":"connectivity","event":"done","detail":{..}}
/// t_ms counts from origin_ns.
std::string to_json_line(const TimelineEvent& event, std::int64_t origin_ns);

/// {"status":"timeout","text":".."} for the detail of a failed event.
std::string failure_detail(const Error& error);

class Timeline {
public:
    using Listener = std::function<void(const TimelineEvent&)>;

    /// Returns what remove takes.
    int add(Listener listener);
    void remove(int id);

    void tell(TimelineEvent event);

private:
    std::map<int, Listener> listeners_;
    int last_id_ = 0;
};

} // namespace jackfield::kernel
