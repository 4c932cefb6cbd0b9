// One component of a session: its sockets, the search for a way to the peer, the path that comes of it.
//
// Threads: what is marked [control] is called there; the rest happens on the I/O thread, and the events come from it.
// Lifetime: shared by the session and by whatever is under way on the I/O thread.
#pragma once

#include "options.hpp"

#include <jackfield/host.hpp>
#include <jackfield/path.hpp>
#include <shared/ice/candidate.hpp>
#include <shared/port_mapping/port_mapper.hpp>

#include <asio/io_context.hpp>

#include <functional>
#include <memory>

namespace jackfield::direct {

/// What a component tells its session. Called on the I/O thread; nothing is called after stop.
struct ComponentEvents {
    std::function<void(const ice::Candidate& local, const ice::Candidate& remote, std::int64_t round_trip_ns)> selected;
    std::function<void(Status, const std::string& text)> failed;
};

struct ComponentSetup {
    Host host;
    const Options& options; // outlives the I/O thread
    std::string name;       // for logs: "control-udp component 1"
    std::uint8_t number = 1;
    bool controlling = false;
    std::string password;    // ours: who greets us must know it
    unsigned generation = 1; // of the search: a restart begins the next one
};

class Component {
public:
    Component(ComponentSetup setup, ComponentEvents events) : setup_(std::move(setup)), events_(std::move(events)) {}
    Component(const Component&) = delete;
    Component& operator=(const Component&) = delete;
    virtual ~Component() = default;

    /// Opens a socket on each address; returns what the peer may try. Before all others. Throws Failure. [control]
    virtual std::vector<ice::Candidate> open(const std::vector<ice::IpAddress>& addresses) = 0;

    virtual PathBase& path() = 0;

    /// A port of the router that leads to us, for as long as we are there. [control]
    void keep(std::unique_ptr<shared_port_mapping::PortMapper::Mapping> mapping)
    {
        mappings_.push_back(std::move(mapping));
    }

    /// The peer's password, then its candidates, in the order in which they shall be tried. [control]
    virtual void set_remote_password(std::string password) = 0;
    virtual void add_remote(std::vector<ice::Candidate> candidates) = 0;

    /// The peer does no ICE and is there; nobody is greeted. Datagrams only. [control]
    virtual void go_plain(ice::Candidate) {}

    /// A new search (RFC 8445 section 9) whose way takes over our path; we carry it until then. Null if that cannot be.
    /// [control]
    virtual std::shared_ptr<Component> successor(ComponentSetup, ComponentEvents) { return nullptr; }

    /// No event and no packet comes after this returns; the rest ends by itself. [control]
    virtual void stop() = 0;

    /// The same, but the path goes on with our successor. [control]
    virtual void retire() { stop(); }

protected:
    void give_ports_back() { mappings_.clear(); }

    /// "nobody answered at 192.0.2.1:5004, 192.0.2.2:5004 (connection refused) within 10000 ms"
    std::string nobody_answered(const std::vector<std::string>& tried) const;

    const ComponentSetup setup_;
    const ComponentEvents events_;

private:
    std::vector<std::unique_ptr<shared_port_mapping::PortMapper::Mapping>> mappings_; // [control]
};

std::shared_ptr<Component> make_datagram_component(asio::io_context& context, ComponentSetup setup,
                                                   ComponentEvents events);
std::shared_ptr<Component> make_stream_component(asio::io_context& context, ComponentSetup setup,
                                                 ComponentEvents events);

} // namespace jackfield::direct
