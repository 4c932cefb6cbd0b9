// The life of a session in the order in which it happens: gather, remote side, pairs, failure, restart, release.
//
// Threads: control only.
#include "session.hpp"

#include "datagram_path.hpp"
#include "stream_path.hpp"

#include <shared/ice/local_addresses.hpp>

namespace jackfield::ice {

Session::Session(Host host, GlibLoop& loop, Farewells& farewells, Nat64Look& nat64, TlsRelays& tls_relays,
                 shared_port_mapping::PortMapper* port_mapper, shared_asio::IoThread* punch_thread,
                 const Config& config, const jf_connectivity_options& options, unsigned number,
                 ConnectivityListener listener)
    : host_(host),
      loop_(loop),
      farewells_(farewells),
      nat64_(nat64),
      tls_relays_(tls_relays),
      port_mapper_(port_mapper),
      punch_thread_(punch_thread),
      config_(config),
      options_{
          options.role == JF_CONTROLLING, options.kind == JF_STREAM, number, {}, std::string(view(options.label)), {}},
      listener_(listener),
      gather_timer_(host),
      deadline_(host),
      alive_(std::make_shared<std::atomic<bool>>(true))
{
    for (unsigned number_of = 1; number_of <= options.component_count; ++number_of) {
        Component component;
        if (options_.tcp)
            component.path = std::make_shared<StreamPath>(host, loop, number_of);
        else
            component.path = std::make_shared<DatagramPath>(host, loop, number_of);
        component.path->on_closed([this] { user_closed(); });
        components_.push_back(std::move(component));
    }
}

void Session::gather()
{
    if (agent_ != nullptr || generation_ != 0)
        throw Failure(JF_BUSY, name(0) + " has gathered already; restart gathers anew");
    start_agent();
    apply_remote();
}

void Session::start_agent()
{
    const auto interfaces = system_interfaces();
    const auto addresses = choose_addresses(config_.local, interfaces);
    if (addresses.empty())
        throw Failure(JF_UNREACHABLE, "no usable address on " + std::to_string(interfaces.size()) +
                                          " interface addresses: name one in /addresses or /interfaces");
    options_.pacing = config_.pacing_on(addresses);
    options_.nat64 = nat64_.prefix();
    tls_relays_.use(options_.nat64);
    Agent::Paths paths;
    for (const auto& component : components_)
        paths.push_back(component.path);
    const unsigned generation = generation_ + 1;
    auto agent = std::make_unique<Agent>(loop_, tls_relays_, config_, options_, std::move(paths),
                                         [host = host_, alive = alive_, generation, this](AgentEvent event) {
                                             host.post([alive, generation, this, event = std::move(event)] {
                                                 if (alive->load(std::memory_order_relaxed) &&
                                                     generation == generation_ && !failed_)
                                                     handle(event);
                                             });
                                         });
    try {
        agent->gather(addresses);
    } catch (const Failure&) {
        retire(std::move(agent), Leave::at_once); // some of its sockets may be open
        throw;
    }
    agent_ = std::move(agent);
    generation_ = generation;
    failed_ = false;
    gathered_ = false;
    agent_gathered_ = false;
    take_local_candidates();
    awaited_ = 0;
    map_ports();
    punch();
    await_nat64();
    gather_timer_.start(config_.gather_timeout, [this] { finish_gathering(); });
}

void Session::take_local_candidates()
{
    local_lines_.clear();
    for (const auto& candidate : agent_->local_candidates())
        local_lines_.push_back(write_candidate(candidate));
}

std::string Session::local_description()
{
    if (plain_description_)
        return *plain_description_;
    if (agent_ == nullptr)
        throw Failure(failed_ ? JF_CLOSED : JF_BUSY, name(0) + (failed_ ? " has failed" : " has not gathered yet"));
    return write_description(agent_->credentials(), local_lines_);
}

void Session::handle(const AgentEvent& event)
{
    switch (event.kind) {
    case AgentEvent::Kind::candidate:
        return on_candidate(event);
    case AgentEvent::Kind::gathered:
        return agent_has_gathered();
    case AgentEvent::Kind::pair:
        return on_pair(event);
    case AgentEvent::Kind::ready: {
        Component& component = components_[event.component - 1];
        if (options_.tcp && !component.up && !component.pair.local_line.empty())
            component_up(component, component.pair);
        return;
    }
    case AgentEvent::Kind::heard:
        return on_heard(event);
    case AgentEvent::Kind::failed:
        return on_component_failed(components_[event.component - 1]);
    }
}

void Session::on_candidate(const AgentEvent& event)
{
    const bool known = std::find(local_lines_.begin(), local_lines_.end(), event.local_line) != local_lines_.end();
    if (known || gathered_) // after end-of-candidates there are none (RFC 8838 section 8.2)
        return;
    local_lines_.push_back(event.local_line);
    listener_.local_candidate(event.local_line);
}

/// Routers and servers over TCP may take their time: what they say is trickled, and nobody should wait for it.
void Session::agent_has_gathered()
{
    agent_gathered_ = true;
    if (awaited_ == 0)
        finish_gathering();
    else if (!gathered_)
        listener_.enough();
}

void Session::finish_gathering()
{
    if (std::exchange(gathered_, true))
        return;
    gather_timer_.cancel();
    miss_relays();
    listener_.gathered();
}

/// libnice does not say why: a wrong password (RFC 8489 section 9.2.4), no room (RFC 8656 section 5: 486, 508), or
/// nobody there. A peer behind another NAT may not be reached then, so whoever runs this should know.
void Session::miss_relays()
{
    if (options_.tcp || agent_ == nullptr || !agent_->has_relays())
        return;
    const auto candidates = agent_->local_candidates();
    const bool any = std::any_of(candidates.begin(), candidates.end(),
                                 [](const Candidate& candidate) { return candidate.type == CandidateType::relayed; });
    if (any)
        return;
    std::string servers;
    for (const auto& turn : config_.turn)
        servers += (servers.empty() ? "" : ", ") + turn.server.host + ':' + std::to_string(turn.server.port);
    host_.warning("ice: " + name(0) + ": no relay has given an address in time; asked " + servers +
                  ": a wrong user name or password, no room, or nobody there");
}

void Session::on_pair(const AgentEvent& event)
{
    Component& component = components_[event.component - 1];
    AgentEvent pair = event;
    name_stand_in(pair);
    name_remote(pair);
    note_former(component, pair);
    component.pair = std::move(pair);
    // A nominated UDP pair carries data at once. So does a TCP one if the peer has nominated it, which it does once
    // (RFC 6544 section 8). Of our own nominations we take the one that libnice says is final: that can be two seconds
    // later, when it has given up on better pairs that nobody answers.
    if (!options_.tcp || component.up || !options_.controlling)
        component_up(component, component.pair);
    try_punched_again(component);
}

/// A check can come before the candidate that it comes from, and a pair be selected with a peer-reflexive one: only the
/// candidate says that it is a relay's (RFC 8445 section 7.3.1.3). True if the pair's candidate is known by now.
bool Session::name_remote(AgentEvent& pair) const
{
    const auto remote = parse_candidate(pair.remote_line);
    if (!remote || remote->type != CandidateType::peer_reflexive)
        return false;
    const auto known = std::find_if(seen_.begin(), seen_.end(), [&](const Candidate& candidate) {
        return candidate.component == remote->component && candidate.address == remote->address &&
               candidate.port == remote->port;
    });
    if (known == seen_.end())
        return false;
    pair.remote_line = write_candidate(*known);
    pair.traits.relayed = pair.traits.relayed || known->type == CandidateType::relayed;
    return true;
}

void Session::component_up(Component& component, const AgentEvent& pair)
{
    component.up = true;
    component.path->attach(*agent_, pair.traits);
    // A stream must not be disturbed (libnice reads all connections of a component into one buffer), and datagrams have
    // a better way.
    if ((options_.tcp || !pair.traits.relayed) && agent_->puncher() != nullptr)
        (*agent_->puncher())->settle(component.path->component());
    const unsigned number = component.path->component();
    if (!std::exchange(component.announced, true))
        listener_.component_ready(number, *component.path);
    listener_.pair_selected({sizeof(jf_selected_pair), number, to_text(pair.local_line), to_text(pair.remote_line),
                             pair.traits.relayed ? 1U : 0U, 0, 0});
    const bool all_moved = std::all_of(components_.begin(), components_.end(),
                                       [](const Component& one) { return one.up || !one.announced; });
    if (all_moved && previous_ != nullptr)
        retire(std::move(previous_), Leave::at_once);
}

void Session::on_component_failed(Component& component)
{
    if (component.up) {
        if (options_.tcp)
            fail(JF_CLOSED, name(component.path->component()) + ": the connection has ended");
        else
            fail(JF_UNREACHABLE,
                 name(component.path->component()) + ": the peer answers no more (RFC 7675 consent is lost)");
    } else if (remote_complete_ && component.remote_candidates != 0) {
        fail(JF_UNREACHABLE, what_was_tried(component));
    }
    // Otherwise more candidates may come, or the peer may reach us; the deadline decides.
}

void Session::start_deadline()
{
    const bool settled = std::all_of(components_.begin(), components_.end(),
                                     [](const Component& one) { return one.up || one.remote_candidates == 0; });
    const bool any = std::any_of(components_.begin(), components_.end(), [](const Component& one) { return one.up; });
    if (!deadline_.running() && !(settled && any))
        deadline_.start(config_.connect_timeout, [this] { on_deadline(); });
}

void Session::on_deadline()
{
    bool any_up = false;
    for (const auto& component : components_) {
        any_up = any_up || component.up;
        if (!component.up && component.remote_candidates != 0)
            return fail(JF_TIMEOUT, what_was_tried(component));
    }
    if (!any_up)
        fail(JF_TIMEOUT, name(0) + ": the peer gave no candidate that could be used");
}

std::string Session::name(unsigned component) const
{
    std::string text = "ICE session \"" + options_.label + '"';
    if (component != 0)
        text += ", component " + std::to_string(component);
    return text;
}

std::string Session::what_was_tried(const Component& component) const
{
    const unsigned number = component.path->component();
    std::size_t kinds[4] = {};
    for (const auto& candidate : agent_->local_candidates()) {
        if (candidate.component == number)
            ++kinds[static_cast<std::size_t>(candidate.type)];
    }
    std::string text = name(number) + ": no path in " + std::to_string(config_.connect_timeout.count()) +
                       " ms; tried " + std::to_string(count_formed(tried_of(component, {}))) + " pairs: ";
    for (const auto type : {CandidateType::host, CandidateType::server_reflexive, CandidateType::relayed})
        text += std::to_string(kinds[static_cast<std::size_t>(type)]) + ' ' + std::string(type_word(type)) + ", ";
    return text + "against " + std::to_string(component.remote_candidates) + " of the peer";
}

void Session::fail(Status status, const std::string& text)
{
    tried_ = tried_now();
    failed_ = true;
    gather_timer_.cancel();
    deadline_.cancel();
    if (options_.tcp) {
        // Bytes may be missing: a stream does not survive its connection. Datagram paths wait for a restart.
        std::vector<std::shared_ptr<ComponentPath>> paths;
        for (const auto& component : components_)
            paths.push_back(component.path);
        loop_.post([paths = std::move(paths), status, text] {
            for (const auto& path : paths)
                path->ended(status, text);
        });
    }
    for (auto& component : components_)
        component.up = false;
    retire(std::move(agent_), Leave::at_once);
    if (previous_ != nullptr)
        retire(std::move(previous_), Leave::at_once);
    listener_.failed(status, text);
}

void Session::restart()
{
    const bool in_use =
        std::any_of(components_.begin(), components_.end(), [](const Component& one) { return one.announced; });
    if (options_.tcp && in_use)
        throw Failure(JF_UNSUPPORTED,
                      name(0) + ": a stream cannot move to another connection without loss; open a new session");
    if (plain_description_)
        throw Failure(JF_UNSUPPORTED, name(0) + ": the peer does no ICE; a second description moves it");
    if (generation_ == 0)
        throw Failure(JF_BUSY, name(0) + " has not gathered yet");

    // The old agent carries packets until the new one has its pairs (RFC 8445 section 9: media goes on meanwhile).
    auto old = std::move(agent_);
    try {
        start_agent();
    } catch (const Failure&) {
        agent_ = std::move(old);
        throw;
    }
    if (old != nullptr) {
        if (previous_ == nullptr && in_use)
            previous_ = std::move(old);
        else
            retire(std::move(old), Leave::at_once);
    }
    for (auto& component : components_) {
        component.up = false;
        component.remote_candidates = 0;
        component.pair = {};
        component.former.clear();
        component.early.clear();
        component.early_places.clear();
    }
    heard_.clear();
    punch_ends_.clear();
    tried_.clear();
    remote_.reset();
    waiting_.clear();
    seen_.clear();
    remote_complete_ = false;
    deadline_.cancel();
}

/// The user closed one path. A TCP connection ends when nobody uses it; datagrams just stop.
void Session::user_closed()
{
    ++closed_paths_;
    const auto ready =
        std::count_if(components_.begin(), components_.end(), [](const Component& one) { return one.announced; });
    if (options_.tcp && closed_paths_ >= ready && agent_ != nullptr) {
        tried_ = tried_now();
        failed_ = true; // no event comes from here on
        gather_timer_.cancel();
        deadline_.cancel();
        retire(std::move(agent_), Leave::when_dry);
    }
}

void Session::retire(std::unique_ptr<Agent> agent, Leave leave)
{
    farewells_.begin();
    Agent::retire(std::move(agent), leave, [&farewells = farewells_] { farewells.end(); });
}

Session::~Session()
{
    alive_->store(false, std::memory_order_relaxed);
    for (auto& component : components_) {
        component.path->shut();
        if (agent_ != nullptr && !options_.tcp)
            component.path->detach(*agent_);
        if (previous_ != nullptr)
            component.path->detach(*previous_);
    }
    if (agent_ != nullptr)
        retire(std::move(agent_), Leave::when_dry);
    if (previous_ != nullptr)
        retire(std::move(previous_), Leave::at_once);
    // The loop's thread is where paths end, after whatever it is doing with them now.
    farewells_.begin();
    loop_.post([&farewells = farewells_, components = std::move(components_)]() mutable {
        components.clear();
        farewells.end();
    });
}

} // namespace jackfield::ice
