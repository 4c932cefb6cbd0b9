// A NiceAgent from its options to its last goodbye.
//
// Threads and lifetime: see agent.hpp.
#include "agent.hpp"

#include "nice_candidate.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace jackfield::ice {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kDryTime = 2s;     // then bytes that the peer does not take are given up
constexpr std::chrono::milliseconds kGoodbyeTime = 1s; // then a relay that does not answer is
constexpr guint kGoodbyeTimeoutMs = 200;               // first retransmission of the goodbye
constexpr guint kGoodbyeRetransmissions = 2;
constexpr guint kIdleTimeoutMs = 5000; // libnice waits this long for late checks before a component fails
constexpr guint kRestAfterMs = 50;     // the least it allows

NiceAgentOption agent_options(const Config& config, bool tcp)
{
    int options = NICE_AGENT_OPTION_ICE_TRICKLE;
    if (config.consent)
        options |= NICE_AGENT_OPTION_CONSENT_FRESHNESS; // RFC 7675
    // A stream must not change its connection: RFC 6544 section 8 demands regular nomination for TCP.
    if (config.regular_nomination || tcp)
        options |= NICE_AGENT_OPTION_REGULAR_NOMINATION;
    return static_cast<NiceAgentOption>(options);
}

} // namespace

Agent::Agent(GlibLoop& loop, TlsRelays& tls_relays, const Config& config, const AgentOptions& options, Paths paths,
             Emit emit)
    : loop_(loop),
      paths_(std::move(paths)),
      emit_(std::move(emit)),
      tcp_(options.tcp),
      hide_related_(config.relay_only),
      has_tcp_relay_(config.has_tcp_relay()),
      ports_(config.local.ports),
      socket_buffer_bytes_(config.socket_buffer_bytes),
      direct_(paths_.size())
{
    agent_ = nice_agent_new_full(loop.context(), NICE_COMPATIBILITY_RFC5245, agent_options(config, tcp_));
    // keepalive-conncheck: TCP pairs get keep-alives only as checks, and an answered check proves that the peer lives.
    // upnp: libnice's own would delay every gathering by 200 ms and multicast on every interface.
    g_object_set(agent_, "controlling-mode", options.controlling ? TRUE : FALSE, "ice-udp", tcp_ ? FALSE : TRUE,
                 "ice-tcp", tcp_ ? TRUE : FALSE, "upnp", FALSE, "stun-pacing-timer",
                 static_cast<guint>(options.pacing.count()), "keepalive-conncheck", TRUE, "idle-timeout",
                 kIdleTimeoutMs, "force-relay", config.relay_only ? TRUE : FALSE, nullptr);
    // libnice finds no server reflexive candidates for TCP, and asks one server per agent.
    if (!tcp_ && !config.stun.empty()) {
        const Server& server = config.stun[options.stun_server % config.stun.size()];
        g_object_set(agent_, "stun-server", host_behind(options.nat64, server.host).c_str(), "stun-server-port",
                     static_cast<guint>(server.port), nullptr);
    }
    connect_events();
    stream_ = nice_agent_add_stream(agent_, static_cast<guint>(paths_.size()));
    if (!tcp_)
        add_relays(config, tls_relays, options.nat64);
}

void Agent::add_relays(const Config& config, TlsRelays& tls_relays, const std::optional<Nat64Prefix>& nat64)
{
    for (std::size_t number = 0; number < config.turn.size(); ++number) {
        const TurnServer& turn = config.turn[number];
        std::string host = host_behind(nat64, turn.server.host);
        std::uint16_t port = turn.server.port;
        if (turn.transport == RelayTransport::tls) { // libnice knows none, but its stand-in
            const auto stand_in = tls_relays.port_of(number, nat64.has_value());
            if (!stand_in)
                continue;
            host = nat64 ? "::1" : "127.0.0.1";
            port = *stand_in;
        }
        has_relay_ = true;
        for (const auto& path : paths_)
            nice_agent_set_relay_info(
                agent_, stream_, path->component(), host.c_str(), port, turn.username.c_str(), turn.password.c_str(),
                turn.transport == RelayTransport::udp ? NICE_RELAY_TYPE_TURN_UDP : NICE_RELAY_TYPE_TURN_TCP);
    }
}

void Agent::add_relays_behind(const Nat64Prefix& nat64, const Config& config, TlsRelays& tls_relays)
{
    add_relays(config, tls_relays, nat64);
}

void Agent::gather(const std::vector<IpAddress>& addresses)
{
    for (const auto& address : addresses) {
        NiceAddress nice = to_nice(address, 0);
        nice_agent_add_local_address(agent_, &nice);
    }
    for (const auto& path : paths_) {
        if (ports_.first != 0)
            nice_agent_set_port_range(agent_, stream_, path->component(), ports_.first, ports_.last);
        receive(*path, loop_.context());
    }
    if (nice_agent_gather_candidates(agent_, stream_) == FALSE || !can_be_reached())
        throw Failure(JF_UNREACHABLE,
                      "no socket could be opened on any of " + std::to_string(addresses.size()) + " local addresses");
    set_socket_buffers(socket_buffer_bytes_);
}

void Agent::receive(ComponentPath& path, GMainContext* context) const
{
    nice_agent_attach_recv(
        agent_, stream_, path.component(), context,
        [](NiceAgent*, guint, guint, guint size, gchar* data, gpointer self) {
            static_cast<ComponentPath*>(self)->deliver({reinterpret_cast<const std::uint8_t*>(data), size});
        },
        &path);
}

/// libnice is content with active candidates alone, even of an address that is not ours. Peers exist that cannot work
/// with those, and give up without a word.
bool Agent::can_be_reached() const
{
    const auto candidates = local_candidates();
    return !tcp_ || std::all_of(paths_.begin(), paths_.end(), [&](const auto& path) {
        return std::any_of(candidates.begin(), candidates.end(), [&](const Candidate& candidate) {
            return candidate.component == path->component() && candidate.transport == Transport::tcp_passive;
        });
    });
}

void Agent::set_socket_buffers(int bytes)
{
    if (tcp_)
        return; // the system sizes TCP buffers better than a constant
    for (const auto& path : paths_) {
        GPtrArray* sockets = nice_agent_get_sockets(agent_, stream_, path->component());
        for (guint i = 0; i < sockets->len; ++i) {
            // The system may grant less; that is no failure.
            const int fd = g_socket_get_fd(static_cast<GSocket*>(sockets->pdata[i]));
            setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
            setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
        }
        g_ptr_array_unref(sockets);
    }
}

Credentials Agent::credentials() const
{
    gchar* ufrag = nullptr;
    gchar* pwd = nullptr;
    nice_agent_get_local_credentials(agent_, stream_, &ufrag, &pwd);
    Credentials credentials{ufrag != nullptr ? ufrag : "", pwd != nullptr ? pwd : ""};
    g_free(ufrag);
    g_free(pwd);
    return credentials;
}

std::vector<Candidate> Agent::local_candidates() const
{
    std::vector<Candidate> candidates;
    for (const auto& path : paths_) {
        GSList* list = nice_agent_get_local_candidates(agent_, stream_, path->component());
        for (const GSList* item = list; item != nullptr; item = item->next) {
            const auto& nice = *static_cast<const NiceCandidate*>(item->data);
            if (nice.type != NICE_CANDIDATE_TYPE_PEER_REFLEXIVE)
                candidates.push_back(from_nice(nice, hide_related_));
        }
        g_slist_free_full(list, [](gpointer item) { nice_candidate_free(static_cast<NiceCandidate*>(item)); });
    }
    return candidates;
}

void Agent::set_remote_credentials(const Credentials& credentials)
{
    nice_agent_set_remote_credentials(agent_, stream_, credentials.ufrag.c_str(), credentials.pwd.c_str());
}

void Agent::add_remote(unsigned component, const std::vector<Candidate>& candidates)
{
    std::vector<NiceCandidatePtr> owners;
    GSList* list = nullptr;
    for (const auto& candidate : candidates) {
        owners.push_back(to_nice(candidate, stream_));
        list = g_slist_append(list, owners.back().get());
    }
    used_components_ |= 1U << component;
    rest_if_ready(); // checks that came before the candidates may have made it ready
    nice_agent_set_remote_candidates(agent_, stream_, component, list); // copies
    g_slist_free(list);
}

void Agent::end_of_remote()
{
    nice_agent_peer_candidate_gathering_done(agent_, stream_);
}

Status Agent::send(unsigned component, std::span<const jf_bytes> parts) const
{
    std::array<GOutputVector, 8> vectors;
    for (std::size_t i = 0; i < parts.size(); ++i)
        vectors[i] = {parts[i].data, parts[i].size};
    const NiceOutputMessage message{vectors.data(), static_cast<gint>(parts.size())};
    GError* error = nullptr;
    if (nice_agent_send_messages_nonblocking(agent_, stream_, component, &message, 1, nullptr, &error) == 1)
        return JF_OK;
    const bool full = g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK) != FALSE;
    g_clear_error(&error);
    return full ? JF_WOULD_BLOCK : JF_UNREACHABLE;
}

Status Agent::send(unsigned component, ByteView bytes) const
{
    const jf_bytes part = to_bytes(bytes);
    return send(component, std::span(&part, 1));
}

const DirectWay* Agent::go_direct(unsigned component, const Endpoint& remote)
{
    GSocket* selected = tcp_ || has_tcp_relay_ ? nullptr : selected_socket(component);
    if (selected == nullptr)
        return nullptr;
    auto& way = direct_[component - 1];
    if (way == nullptr)
        way = make_direct_way(component);
    const bool aimed = way != nullptr && way->aim(selected, remote);
    g_object_unref(selected);
    return aimed ? way.get() : nullptr;
}

std::unique_ptr<DirectWay> Agent::make_direct_way(unsigned component) const
{
    const auto& path = paths_[component - 1];
    GPtrArray* sockets = nice_agent_get_sockets(agent_, stream_, component);
    auto way = DirectWay::make(loop_, path, sockets);
    g_ptr_array_unref(sockets);
    if (way == nullptr)
        return nullptr;
    // The agent goes on that thread, later.
    loop_.post([this, &path, raw = way.get()] {
        receive(*path, loop_.quiet_context());
        try {
            raw->start();
        } catch (const Failure&) {
            receive(*path, loop_.context()); // libnice reads on; what was watched wakes it, too
        }
    });
    return way;
}

/// With nothing left to check, libnice's pacing timer ticks on through the whole idle timeout. That time is for
/// components that may still come up: those that the peer uses and that are not ready.
void Agent::rest_if_ready()
{
    const std::uint32_t used = used_components_;
    const bool ready =
        used != 0 && std::all_of(paths_.begin(), paths_.end(), [&](const auto& path) {
            return (used & 1U << path->component()) == 0 ||
                   nice_agent_get_component_state(agent_, stream_, path->component()) == NICE_COMPONENT_STATE_READY;
        });
    g_object_set(agent_, "idle-timeout", ready ? kRestAfterMs : kIdleTimeoutMs, nullptr);
}

bool Agent::has_pair(unsigned component) const
{
    NiceCandidate* local = nullptr;
    NiceCandidate* remote = nullptr;
    return nice_agent_get_selected_pair(agent_, stream_, component, &local, &remote) != FALSE;
}

GSocket* Agent::selected_socket(unsigned component) const
{
    return nice_agent_get_selected_socket(agent_, stream_, component);
}

std::vector<PlainLeg> Agent::sockets_of(unsigned component) const
{
    std::vector<PlainLeg> legs;
    const auto candidates = local_candidates();
    GPtrArray* sockets = nice_agent_get_sockets(agent_, stream_, component);
    for (guint i = 0; i < sockets->len; ++i) {
        sockaddr_storage name{};
        socklen_t size = sizeof(name);
        const int native = g_socket_get_fd(static_cast<GSocket*>(sockets->pdata[i]));
        if (getsockname(native, reinterpret_cast<sockaddr*>(&name), &size) != 0)
            continue;
        const auto own = Endpoint::from_sockaddr(name);
        const auto host = std::find_if(candidates.begin(), candidates.end(), [&](const Candidate& candidate) {
            return candidate.component == component && candidate.type == CandidateType::host && !candidate.is_tcp() &&
                   own == Endpoint{candidate.address, candidate.port};
        });
        const int second = host != candidates.end() ? fcntl(native, F_DUPFD_CLOEXEC, 0) : -1;
        if (second < 0)
            continue;
        if (SocketPtr socket{g_socket_new_from_fd(second, nullptr)})
            legs.push_back({std::move(socket), *host});
        else
            close(second);
    }
    g_ptr_array_unref(sockets);
    return legs;
}

void Agent::silence()
{
    g_signal_handlers_disconnect_by_data(agent_, this);
    for (const auto& path : paths_) {
        path->detach(*this);
        direct_[path->component() - 1].reset();
        nice_agent_attach_recv(agent_, stream_, path->component(), loop_.context(), nullptr, nullptr);
    }
}

Agent::~Agent()
{
    silence();
    g_object_unref(agent_);
}

/// An agent on its way out: first each path runs dry, then each relay is told. All of it on the loop's thread.
struct Agent::Retiring : std::enable_shared_from_this<Agent::Retiring> {
    std::unique_ptr<Agent> agent;
    GlibLoop::Task done;
    std::size_t not_dry = 0;
    bool leaving = false;

    void run_dry()
    {
        not_dry = agent->paths_.size();
        for (const auto& path : agent->paths_) {
            path->drain([self = shared_from_this()] {
                if (--self->not_dry == 0) // not from here: the path that calls would go with the agent
                    self->agent->loop_.post([self] { self->leave(); });
            });
        }
        if (not_dry > 0)
            agent->loop_.post_after(kDryTime, [self = shared_from_this()] { self->leave(); });
    }

    void leave()
    {
        if (std::exchange(leaving, true))
            return;
        for (const auto& path : agent->paths_)
            path->stop_draining();
        agent->silence();
        if (!agent->has_relay_)
            return finish();
        // Its default of seven retransmissions would take half a minute where the relay has gone away.
        g_object_set(agent->agent_, "stun-initial-timeout", kGoodbyeTimeoutMs, "stun-max-retransmissions",
                     kGoodbyeRetransmissions, nullptr);
        nice_agent_close_async(
            agent->agent_,
            [](GObject*, GAsyncResult*, gpointer data) {
                const std::unique_ptr<std::shared_ptr<Retiring>> self(static_cast<std::shared_ptr<Retiring>*>(data));
                (*self)->finish();
            },
            new std::shared_ptr<Retiring>(shared_from_this()));
        agent->loop_.post_after(kGoodbyeTime, [self = shared_from_this()] { self->finish(); });
    }

    void finish()
    {
        if (agent == nullptr)
            return;
        agent.reset();
        std::exchange(done, nullptr)(); // and whatever it captured goes here, on this thread
    }
};

void Agent::retire(std::unique_ptr<Agent> agent, Leave leave, GlibLoop::Task done)
{
    GlibLoop& loop = agent->loop_;
    auto retiring = std::make_shared<Retiring>();
    retiring->agent = std::move(agent);
    retiring->done = std::move(done);
    loop.post([retiring, leave] { leave == Leave::when_dry ? retiring->run_dry() : retiring->leave(); });
}

} // namespace jackfield::ice
