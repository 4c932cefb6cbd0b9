// Which kind of NAT is in front of us, found with a STUN server that has two addresses (RFC 5780 section 4).
//
// It speaks through whoever has the socket: `send` says what is to go out and `next` when to ask again, `receive` takes
// what came in. One socket, and nothing else may use it. No thread, no clock, no timer of its own.
//
// Threads: one at a time. Lifetime: a value.
#pragma once

#include "message.hpp"

#include <chrono>
#include <functional>

namespace shared_stun {

using Time = std::chrono::nanoseconds; ///< on whatever clock the caller has

/// On what of the far end a mapping, or what is let in, depends (RFC 4787 sections 4.1 and 5).
enum class Dependence { endpoint_independent, address_dependent, address_and_port_dependent };

std::string_view name_of(Dependence dependence);

struct NatReport {
    std::optional<Endpoint> mapped; ///< how the server sees us; nothing: it does not answer, or no UDP gets through
    bool translated = false;        ///< that is not our own address and port
    /// Nothing: the server has no second address, or it does not answer there.
    std::optional<Dependence> mapping;
    std::optional<Dependence> filtering;
};

class BehaviourDiscovery {
public:
    struct Settings {
        Time retransmit = std::chrono::milliseconds(200); ///< to the first retransmission; it doubles
        int tries = 5;         ///< of a request that should be answered: 6.2 s in all with the above
        int silent_rounds = 3; ///< in which no answer is let in, until that counts as filtered
    };
    struct Datagram {
        Endpoint to;
        Bytes bytes;
    };
    using Random = std::function<void(std::span<std::uint8_t>)>;

    /// `local` is the socket's own address, as it was bound; with port 0 or no address at all everything counts as
    /// translated.
    BehaviourDiscovery(const Endpoint& server, const Endpoint& local, Random random, const Settings& settings);

    /// What is to go out now.
    std::vector<Datagram> send(Time now);

    /// When to call send again, if nothing comes before; nothing once there is a report.
    std::optional<Time> next() const;

    /// Something has come in. Strangers' packets do no harm.
    void receive(const Endpoint& from, ByteView packet, Time now);

    const std::optional<NatReport>& report() const { return done_; }

private:
    enum class Phase { first, filtering, mapping_address, mapping_port };

    struct Request {
        TransactionId id{};
        Endpoint to;
        Endpoint from; // whence the answer comes
        bool change_address = false;
        bool change_port = false;
        bool answered = false;
    };

    void ask(const Endpoint& to);
    void begin(Phase phase);
    void begin_round();
    void take_answer(const Message& answer);
    void first_answer(const Message& answer);
    void look_at_filtering(Time now);
    void out_of_tries();
    void finish();
    Request& add_request(const Endpoint& to, const Endpoint& from, bool change_address, bool change_port);
    Datagram datagram(const Request& request) const;

    Endpoint server_;
    Endpoint other_; // the server's second address and port
    Endpoint local_;
    Random random_;
    Settings settings_;
    Phase phase_ = Phase::first;
    std::vector<Request>
        requests_; // that are out; while filtering: both, port alone, and the one that must be answered
    Time due_{};
    Time pause_{};
    int sent_ = 0;
    int rounds_ = 0;
    std::optional<Endpoint> mapped_at_address_;
    NatReport report_;
    std::optional<NatReport> done_;
};

} // namespace shared_stun
