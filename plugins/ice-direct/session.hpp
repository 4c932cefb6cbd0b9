// One session: its components, what both sides have said, and the order in which the kernel hears of it.
//
// Threads: control; the components' events are posted to it.
// Lifetime: owned by the kernel through the C table. The destructor is `release`: it ends events and paths at once, and
//           leaves the rest to the I/O thread.
#pragma once

#include "component.hpp"

#include <jackfield/connectivity.hpp>
#include <shared/asio/io_thread.hpp>
#include <shared/ice/description.hpp>

namespace jackfield::direct {

class Session final : public ConnectivitySession {
public:
    Session(Host host, shared_asio::IoThread& io, const Options& options, const jf_connectivity_options& wanted,
            shared_port_mapping::PortMapper* port_mapper, ConnectivityListener listener);
    ~Session() override;

    void gather() override;
    void restart() override;
    std::string local_description() override;
    void set_remote(std::string_view description) override;
    void add_remote_candidate(std::string_view candidate) override;
    void end_of_candidates() override {} // nothing waits for it: the peer may still come to us

private:
    void make_components(const std::vector<std::shared_ptr<Component>>& before);
    void open_components();
    void map_ports(const std::vector<ice::Candidate>& hosts);
    void take_mapping(const ice::Candidate& host, const shared_port_mapping::Outcome& outcome);
    void finish_gathering();
    std::vector<ice::Candidate> shown(std::vector<ice::Candidate> candidates) const;
    bool usable(const ice::Candidate& candidate) const;
    bool accept_remote(std::vector<ice::Candidate> candidates); // false: there are too many
    void set_plain_remote(const ice::Description& description);
    void apply_remote();
    void selected(unsigned generation, std::uint32_t number, const ice::Candidate& local, const ice::Candidate& remote,
                  std::int64_t round_trip_ns);
    void on_deadline();
    void failed(unsigned generation, Status status, const std::string& text);

    Host host_;
    shared_asio::IoThread& io_;
    const Options& options_;
    shared_port_mapping::PortMapper* const port_mapper_; // null: no router is asked
    const bool stream_;
    const bool controlling_;
    const std::string label_;
    ConnectivityListener listener_;
    std::shared_ptr<Scope> scope_; // second owner: the components' events
    Timer deadline_;
    Timer gather_timer_;
    ice::Credentials credentials_;
    unsigned generation_ = 0;                            // of the search
    std::vector<std::shared_ptr<Component>> components_; // second owner: what is under way on the I/O thread
    std::vector<std::shared_ptr<Component>> previous_;   // each carries its path until a restart has found another way
    std::vector<bool> announced_;                        // component_ready was said
    std::vector<bool> up_;                               // by this search
    std::vector<std::string> local_lines_;
    bool gathered_ = false;   // sockets are open
    bool all_told_ = false;   // the peer has heard of every candidate that there will be
    std::size_t awaited_ = 0; // answers of the router
    bool failed_ = false;

    std::optional<ice::Credentials> remote_;
    std::vector<ice::Candidate> waiting_; // remote candidates that came before the credentials or before gather
    std::vector<ice::Candidate> seen_;    // all that were taken, at most kMaxRemoteCandidates
};

} // namespace jackfield::direct
