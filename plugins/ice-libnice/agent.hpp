// One generation of ICE: a NiceAgent with one stream, its credentials, candidates and sockets.
//
// Threads: created and driven on the control thread (libnice locks inside); send on any; its events come on whatever
//          thread made libnice speak, and only post. Packets come on the loop's thread.
// Lifetime: retire hands it to the loop's thread, which says goodbye to relays, lets streams run dry and destroys it:
//           libnice 0.1.21 crashes if an agent is taken down while its own thread is inside a callback.
#pragma once

#include "component_path.hpp"
#include "config.hpp"
#include "direct_way.hpp"
#include "name_lookup.hpp"
#include "plain_way.hpp"
#include "puncher.hpp"
#include "tls_relays.hpp"

#include <jackfield/abi/connectivity.h>
#include <shared/ice/description.hpp>
#include <shared/ice/nat64.hpp>
#include <shared/port_mapping/port_mapper.hpp>

#include <nice/agent.h>

#include <atomic>

namespace jackfield::ice {

/// What an agent tells its session.
struct AgentEvent {
    enum class Kind { candidate, gathered, pair, heard, ready, failed };

    Kind kind;
    unsigned component = 0;
    std::string local_line;  // candidate, pair
    std::string remote_line; // pair, heard
    PairTraits traits;       // pair
};

struct AgentOptions {
    bool controlling = false;
    bool tcp = false;
    unsigned stun_server = 0; // which of config.stun
    std::chrono::milliseconds pacing{5};
    std::string label;
    std::optional<Nat64Prefix> nat64 = {}; // IPv4 is behind it
};

/// Whether what streams still hold is written first (up to two seconds).
enum class Leave { at_once, when_dry };

class Agent {
public:
    using Paths = std::vector<std::shared_ptr<ComponentPath>>;
    using Emit = std::function<void(AgentEvent)>; // [any]

    Agent(GlibLoop& loop, TlsRelays& tls_relays, const Config& config, const AgentOptions& options, Paths paths,
          Emit emit);
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;
    ~Agent(); // on the loop's thread: see retire

    /// Opens the sockets. Throws Failure if there is none. [control]
    void gather(const std::vector<IpAddress>& addresses);

    /// Relays of IPv4 are behind that NAT64, as has turned out after gather; then there is another `gathered`.
    /// [control]
    void add_relays_behind(const Nat64Prefix& nat64, const Config& config, TlsRelays& tls_relays);

    Credentials credentials() const;
    std::vector<std::string> local_lines() const;
    bool has_relays() const { return has_relay_; }
    std::vector<Candidate> local_candidates() const;

    void set_remote_credentials(const Credentials& credentials);
    void add_remote(unsigned component, const std::vector<Candidate>& candidates);
    void end_of_remote();

    /// One message. JF_WOULD_BLOCK, JF_UNREACHABLE. Streams: on the loop's thread only. [any]
    Status send(unsigned component, std::span<const jf_bytes> parts) const;
    Status send(unsigned component, ByteView bytes) const;

    /// False if the component has no connection (any more): then nothing will become writable.
    bool has_pair(unsigned component) const;

    /// A second handle of each socket that the host candidates of a component stand for. It outlives the agent.
    std::vector<PlainLeg> sockets_of(unsigned component) const;

    /// A check of our own to a place of the peer's, and the datagrams right behind it: libnice has sent its own checks
    /// or will, but nothing else before a pair is selected. False if no socket of ours leads there. [control]
    bool send_early(unsigned component, const Endpoint& remote, const Credentials& theirs,
                    std::span<const Bytes> datagrams) const;

    /// The way of a component whose selected pair leads there. It is the agent's. Null where only libnice can go:
    /// through a relay, or where it may open more sockets. [control]
    const DirectWay* go_direct(unsigned component, const Endpoint& remote);

    /// The caller unreferences it; null for TCP and relays. [any]
    GSocket* selected_socket(unsigned component) const;

    /// As long as its sockets. [control]
    void keep(std::unique_ptr<shared_port_mapping::PortMapper::Mapping> mapping)
    {
        mappings_.push_back(std::move(mapping));
    }

    /// So is this. [control]
    void keep(std::shared_ptr<Puncher> puncher, std::unique_ptr<NameLookup> lookup)
    {
        puncher_ = std::make_unique<PuncherHandle>(std::move(puncher));
        lookup_ = std::move(lookup);
    }
    PuncherHandle* puncher() const { return puncher_.get(); }

    /// Takes it over; done runs on the loop's thread once it is gone, within three seconds. [control]
    static void retire(std::unique_ptr<Agent> agent, Leave leave, GlibLoop::Task done);

private:
    struct Retiring;

    void add_relays(const Config& config, TlsRelays& tls_relays, const std::optional<Nat64Prefix>& nat64);
    void receive(ComponentPath& path, GMainContext* context) const;
    void connect_events();
    bool can_be_reached() const;
    bool leaves_by_relay(const Candidate& local) const;
    void set_socket_buffers(int bytes);
    void rest_if_ready();
    std::unique_ptr<DirectWay> make_direct_way(unsigned component) const;
    void silence();

    GlibLoop& loop_;
    Paths paths_; // second owner: the session; ours keeps them while packets may come
    Emit emit_;
    NiceAgent* agent_ = nullptr;
    guint stream_ = 0;
    std::atomic<std::uint32_t> used_components_{0}; // bit n: the peer has candidates for component n
    bool tcp_;
    bool hide_related_;
    bool has_relay_ = false;
    bool has_tcp_relay_;
    PortRange ports_;
    int socket_buffer_bytes_;
    std::vector<std::unique_ptr<DirectWay>>
        direct_; // by component; null while it is libnice's. [control] until retired

    std::vector<std::unique_ptr<shared_port_mapping::PortMapper::Mapping>> mappings_; // [control] until retired
    std::unique_ptr<PuncherHandle> puncher_;                                          // null: nothing is punched
    std::unique_ptr<NameLookup> lookup_;                                              // of its server

    friend struct AgentSignals;
};

} // namespace jackfield::ice
