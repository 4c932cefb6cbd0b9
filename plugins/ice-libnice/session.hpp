// One ICE session: the agent of today, the paths it yields, the clock it runs against.
//
// Threads: the control thread; agents' events are posted to it.
// Lifetime: owned by the kernel through the C table. The destructor is `release`: it ends events and paths at once, and
//           leaves the agents to the loop's thread.
#pragma once

#include "agent.hpp"
#include "farewells.hpp"
#include "nat64_look.hpp"
#include "tried_pairs.hpp"

#include <jackfield/connectivity.hpp>
#include <shared/asio/io_thread.hpp>

namespace jackfield::ice {

class Session final : public ConnectivitySession {
public:
    Session(Host host, GlibLoop& loop, Farewells& farewells, Nat64Look& nat64, TlsRelays& tls_relays,
            shared_port_mapping::PortMapper* port_mapper, shared_asio::IoThread* punch_thread, const Config& config,
            const jf_connectivity_options& options, unsigned number, ConnectivityListener listener);
    ~Session() override;

    void gather() override;
    std::string local_description() override;
    void set_remote(std::string_view description) override;
    void add_remote_candidate(std::string_view candidate) override;
    void end_of_candidates() override;
    void restart() override;
    std::string tried() override;
    jf_path_info send_early(std::uint32_t component, std::span<const jf_bytes> datagrams) override;

private:
    struct Component {
        std::shared_ptr<ComponentPath> path; // second owner: the agent that delivers into it
        bool announced = false;              // component_ready was said
        bool up = false;                     // in this generation
        std::size_t remote_candidates = 0;   // in this generation
        AgentEvent pair;                     // stream: chosen, but not ready yet
        std::vector<AgentEvent> former;      // pairs that were chosen before, in this generation
        std::vector<Bytes> early;            // until it is up: goes along with checks
        std::vector<Endpoint> early_places;  // where it went
    };

    enum class PunchEnd { connected, refused };
    struct PunchOutcome {
        unsigned component;
        Endpoint remote;
        PunchEnd end;
    };
    using RouteCheck = std::function<bool(const IpAddress& from, const Endpoint& to)>;

    void start_agent();
    void await_nat64();
    void take_nat64();
    void take_local_candidates();
    void handle(const AgentEvent& event);
    void on_candidate(const AgentEvent& event);
    void agent_has_gathered();
    void finish_gathering();
    void miss_relays();
    void map_ports();
    void take_mapping(const Candidate& host, const shared_port_mapping::Outcome& outcome);
    void answer_has_come();
    void punch();
    void take_punch_place(const PunchPlace& place, const std::optional<Endpoint>& mapped, std::uint16_t local_port);
    void take_punched(unsigned component, const Endpoint& remote, const Endpoint& stand_in);
    bool can_punch_to(const Candidate& candidate) const;
    void name_stand_in(AgentEvent& pair) const;
    bool is_stand_in(const Candidate& candidate) const;
    void try_punched_again(const Component& component);
    void on_pair(const AgentEvent& event);
    void on_heard(const AgentEvent& event);
    static void note_former(Component& component, const AgentEvent& next);
    void take_punch_end(unsigned component, const Endpoint& remote, PunchEnd end);
    std::vector<TriedPair> tried_now() const;
    std::vector<TriedPair> tried_of(const Component& component, const RouteCheck& route) const;
    bool name_remote(AgentEvent& pair) const;
    void component_up(Component& component, const AgentEvent& pair);
    void on_component_failed(Component& component);

    bool usable(const Candidate& candidate) const;
    bool accept_remote(const std::vector<Candidate>& candidates); // false: there are too many
    bool take_remote(const Candidate& candidate);                 // the same
    std::optional<Candidate> behind_nat64(const Candidate& candidate) const;
    void apply_remote();
    void send_early_to_others(Component& component);
    void set_plain_remote(const Description& description);
    void leave_ice();
    void plain_selected(unsigned number, const Candidate& local, const Candidate& remote);
    void start_deadline();
    void on_deadline();

    void fail(Status status, const std::string& text);
    std::string what_was_tried(const Component& component) const;
    std::string name(unsigned component) const;
    void user_closed();
    void retire(std::unique_ptr<Agent> agent, Leave leave);

    Host host_;
    GlibLoop& loop_;
    Farewells& farewells_;
    Nat64Look& nat64_;
    TlsRelays& tls_relays_;
    shared_port_mapping::PortMapper* port_mapper_; // null: no router is asked
    shared_asio::IoThread* punch_thread_;          // null: nothing is punched
    const Config& config_;
    AgentOptions options_;
    ConnectivityListener listener_;
    std::vector<Component> components_;

    std::unique_ptr<Agent> agent_;
    std::unique_ptr<Agent> previous_; // after a restart, until the new one has a pair for every component in use
    unsigned generation_ = 0;
    std::vector<std::string> local_lines_; // what the description says and what was reported
    bool agent_gathered_ = false;
    std::size_t awaited_ = 0; // answers of the router and of STUN servers over TCP
    struct StandIn {          // of a peer that we have a connection to: see punched_tunnel.hpp
        Endpoint place;
        std::string remote_line;
    };
    std::vector<StandIn> stand_ins_;
    std::vector<Candidate> punch_candidates_; // of ours
    bool gathered_ = false;
    bool failed_ = false;
    std::ptrdiff_t closed_paths_ = 0;

    std::optional<Credentials> remote_;
    std::vector<Candidate> waiting_; // remote candidates that came before the credentials or before gather
    std::vector<Candidate> seen_;    // all that were taken, at most kMaxRemoteCandidates
    std::vector<Candidate> heard_;   // where the peer's checks came from, unannounced; in this generation
    std::vector<PunchOutcome> punch_ends_;
    std::vector<TriedPair> tried_; // before the agent went
    bool remote_complete_ = false;
    std::optional<std::string>
        plain_description_; // the peer does no ICE: what ours was, for there is no agent any more

    Timer gather_timer_;
    Timer deadline_;
    std::shared_ptr<std::atomic<bool>> alive_; // second owner: the agents' events; false after release
};

} // namespace jackfield::ice
