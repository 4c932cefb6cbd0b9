// In the order in which it happens: gather, the remote side, the paths, failure, release.
//
// Threads: control.
#include "session.hpp"

#include <shared/ice/local_addresses.hpp>

#include <algorithm>

namespace jackfield::direct {

namespace {

std::string random_hex(const Host& host, std::size_t bytes)
{
    Bytes random(bytes);
    host.random(random);
    std::string text;
    for (const auto byte : random) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

/// RFC 8445 section 5.1.2.1, for a host candidate.
std::uint32_t priority_of(std::size_t place, unsigned component)
{
    return (126U << 24) + ((65535U - static_cast<std::uint32_t>(place)) << 8) + (256U - component);
}

std::vector<ice::Candidate> ranked(std::vector<ice::Candidate> candidates)
{
    for (std::size_t place = 0; place < candidates.size(); ++place) {
        candidates[place].foundation = std::to_string(place + 1);
        candidates[place].priority = priority_of(place, candidates[place].component);
    }
    return candidates;
}

/// RFC 8305 section 4: by the peer's preference, the families in turn.
std::vector<ice::Candidate> in_order(std::vector<ice::Candidate> candidates)
{
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const auto& left, const auto& right) { return left.priority > right.priority; });
    std::vector<ice::Candidate> ordered;
    while (!candidates.empty()) {
        const bool v6_is_next = !ordered.empty() && !ordered.back().address.is_v6();
        auto next = std::find_if(candidates.begin(), candidates.end(), [&](const ice::Candidate& candidate) {
            return ordered.empty() || candidate.address.is_v6() == v6_is_next;
        });
        if (next == candidates.end())
            next = candidates.begin();
        ordered.push_back(*next);
        candidates.erase(next);
    }
    return ordered;
}

} // namespace

Session::Session(Host host, shared_asio::IoThread& io, const Options& options, const jf_connectivity_options& wanted,
                 shared_port_mapping::PortMapper* port_mapper, ConnectivityListener listener)
    : host_(host),
      io_(io),
      options_(options),
      port_mapper_(port_mapper),
      stream_(wanted.kind == JF_STREAM),
      controlling_(wanted.role == JF_CONTROLLING),
      label_(view(wanted.label)),
      listener_(listener),
      scope_(std::make_shared<Scope>(host)),
      deadline_(host),
      gather_timer_(host),
      previous_(wanted.component_count),
      announced_(wanted.component_count),
      up_(wanted.component_count)
{
    make_components({});
}

/// Of the next search, with credentials of their own; those that there were keep their paths going.
void Session::make_components(const std::vector<std::shared_ptr<Component>>& before)
{
    ++generation_;
    credentials_ = {random_hex(host_, 4), random_hex(host_, 16)};
    components_.clear();
    const auto make = stream_ ? make_stream_component : make_datagram_component;
    for (std::uint32_t number = 1; number <= announced_.size(); ++number) {
        ComponentSetup setup{host_,
                             options_,
                             label_ + " component " + std::to_string(number),
                             static_cast<std::uint8_t>(number),
                             controlling_,
                             credentials_.pwd,
                             generation_};
        ComponentEvents events{
            [this, scope = scope_, generation = generation_,
             number](const ice::Candidate& local, const ice::Candidate& remote, std::int64_t round_trip_ns) {
                scope->post([=, this] { selected(generation, number, local, remote, round_trip_ns); });
            },
            [this, scope = scope_, generation = generation_](Status status, const std::string& text) {
                scope->post([=, this] { failed(generation, status, text); });
            }};
        components_.push_back(before.empty() ? make(io_.context(), std::move(setup), std::move(events))
                                             : before[number - 1]->successor(std::move(setup), std::move(events)));
    }
}

void Session::gather()
{
    if (std::exchange(gathered_, true))
        throw Failure(JF_BUSY, label_ + " has gathered already");
    open_components();
    apply_remote();
}

void Session::open_components()
{
    const auto interfaces = ice::system_interfaces();
    const auto addresses = ice::choose_addresses(options_.local, interfaces);
    if (addresses.empty())
        throw Failure(JF_UNREACHABLE, "no usable address on " + std::to_string(interfaces.size()) +
                                          " interface addresses: name one in /addresses or /interfaces");
    std::vector<std::string> lines;
    std::vector<ice::Candidate> hosts;
    for (const auto& component : components_) {
        const auto own = ranked(component->open(addresses));
        for (const auto& candidate : ranked(shown(own)))
            lines.push_back(ice::write_candidate(candidate));
        hosts.insert(hosts.end(), own.begin(), own.end());
    }
    local_lines_ = std::move(lines);
    map_ports(hosts);
}

/// RFC 8445 section 9. What there is carries packets until the new search has found something.
void Session::restart()
{
    if (stream_)
        throw Failure(JF_UNSUPPORTED,
                      label_ + ": a stream cannot move to another connection without loss; open a new session");
    if (remote_ && remote_->without_ice())
        throw Failure(JF_UNSUPPORTED, label_ + ": the peer does no ICE; a second description moves it");
    if (!gathered_)
        throw Failure(JF_BUSY, label_ + " has not gathered yet");
    const auto credentials = credentials_;
    const auto before = components_;
    make_components(before);
    try {
        open_components();
    } catch (const Failure&) {
        for (const auto& component : std::exchange(components_, before))
            component->retire(); // some of its sockets may be open
        --generation_;
        credentials_ = credentials;
        throw;
    }
    for (std::size_t i = 0; i < before.size(); ++i) {
        if (!previous_[i])
            previous_[i] = before[i];
        else
            before[i]->retire(); // what an earlier restart began, and nothing came of
    }
    up_.assign(up_.size(), false);
    failed_ = false;
    deadline_.cancel();
    remote_.reset();
    waiting_.clear();
    seen_.clear();
}

/// What the peer is told: our own addresses, or those under which the world knows us, with our ports.
std::vector<ice::Candidate> Session::shown(std::vector<ice::Candidate> candidates) const
{
    if (options_.advertise.empty())
        return candidates;
    std::vector<ice::Candidate> advertised;
    for (const auto& address : options_.advertise) {
        const auto own = std::find_if(candidates.begin(), candidates.end(), [&](const ice::Candidate& candidate) {
            return candidate.address.is_v6() == address.is_v6();
        });
        if (own == candidates.end())
            throw Failure(JF_BAD_CONFIG, "/advertise: " + address.text() +
                                             " has no local address of its family behind "
                                             "it; looked at those of /addresses and "
                                             "/interfaces");
        advertised.push_back(*own);
        advertised.back().address = address;
    }
    return advertised;
}

std::string Session::local_description()
{
    if (!gathered_ || failed_)
        throw Failure(failed_ ? JF_CLOSED : JF_BUSY, label_ + (failed_ ? " has failed" : " has not gathered yet"));
    return ice::write_description(credentials_, local_lines_);
}

void Session::set_remote(std::string_view text)
{
    const auto description = ice::parse_description(text);
    if (remote_ && *remote_ != description.credentials)
        throw Failure(JF_BUSY, label_ + ": the peer's credentials have changed; call restart first");
    if (description.credentials.without_ice())
        return set_plain_remote(description);
    if (description.credentials.pwd.size() > 255)
        throw Failure(JF_BAD_INPUT, label_ + ": the peer's password is longer than 255 characters");
    if (description.skipped_lines != 0)
        host_.info("direct: " + label_ + ": skipped " + std::to_string(description.skipped_lines) +
                   " lines of the peer's description; the first: " + description.first_problem);
    if (!remote_) {
        for (const auto& component : components_)
            component->set_remote_password(description.credentials.pwd);
        deadline_.start(options_.connect_timeout, [this] { on_deadline(); });
    }
    remote_ = description.credentials;
    if (!accept_remote(description.candidates))
        host_.info("direct: " + label_ + ": the peer has sent more than 64 candidates; the rest is left out");
    apply_remote();
}

void Session::set_plain_remote(const ice::Description& description)
{
    if (stream_ || !gathered_)
        throw Failure(stream_ ? JF_UNSUPPORTED : JF_BUSY,
                      label_ + (stream_ ? ": the peer does no ICE, and there is no stream to it without"
                                        : " has not gathered yet"));
    remote_ = description.credentials;
    for (unsigned number = 1; number <= components_.size(); ++number) {
        if (auto announced = description.plain_address(number))
            components_[number - 1]->go_plain(std::move(*announced));
    }
}

void Session::add_remote_candidate(std::string_view line)
{
    const auto candidate = ice::parse_candidate(line);
    if (!candidate) {
        if (candidate.error().malformed)
            throw Failure(JF_BAD_INPUT, std::string("a candidate of the peer is malformed: ") + candidate.error().why);
        host_.debug("direct: " + label_ + ": a candidate is skipped: " + candidate.error().why);
        return;
    }
    if (!accept_remote({*candidate}))
        throw Failure(JF_EXHAUSTED, label_ + ": the peer has sent more than 64 candidates");
    apply_remote();
}

bool Session::usable(const ice::Candidate& candidate) const
{
    if (candidate.component > components_.size() || candidate.port == 0 ||
        candidate.transport != (stream_ ? ice::Transport::tcp_passive : ice::Transport::udp))
        return false;
    return !candidate.address.is_link_local() && !candidate.address.is_group() && !candidate.address.is_unspecified();
}

bool Session::accept_remote(std::vector<ice::Candidate> candidates)
{
    for (auto& candidate : candidates) {
        if (!usable(candidate) || std::find(seen_.begin(), seen_.end(), candidate) != seen_.end())
            continue;
        if (seen_.size() >= ice::kMaxRemoteCandidates)
            return false;
        seen_.push_back(candidate);
        waiting_.push_back(std::move(candidate));
    }
    return true;
}

void Session::apply_remote()
{
    if (!remote_ || !gathered_ || remote_->without_ice())
        return;
    for (std::size_t i = 0; i < components_.size(); ++i) {
        std::vector<ice::Candidate> own;
        std::copy_if(waiting_.begin(), waiting_.end(), std::back_inserter(own),
                     [&](const ice::Candidate& candidate) { return candidate.component == i + 1; });
        if (!own.empty())
            components_[i]->add_remote(in_order(std::move(own)));
    }
    waiting_.clear();
}

void Session::selected(unsigned generation, std::uint32_t number, const ice::Candidate& local,
                       const ice::Candidate& remote, std::int64_t round_trip_ns)
{
    if (failed_ || generation != generation_)
        return;
    up_[number - 1] = true;
    auto ours = local;
    if (ours.foundation.empty())
        ours.foundation = "0";
    ours.priority = std::max<std::uint32_t>(ours.priority, 1);
    auto theirs = remote;
    if (theirs.foundation.empty())
        theirs.foundation = "0";
    theirs.priority = std::max<std::uint32_t>(theirs.priority, 1);
    const std::string local_line = ice::write_candidate(ours);
    const std::string remote_line = ice::write_candidate(theirs);
    if (!announced_[number - 1]) {
        announced_[number - 1] = true;
        listener_.component_ready(number, components_[number - 1]->path());
    }
    listener_.pair_selected(
        {sizeof(jf_selected_pair), number, to_text(local_line), to_text(remote_line), 0, 0, round_trip_ns});
    if (const auto carrier = std::exchange(previous_[number - 1], nullptr))
        carrier->retire();
}

/// Components whose addresses were tried fail by themselves, and say what was tried.
void Session::on_deadline()
{
    if (seen_.empty() && std::ranges::find(up_, true) == up_.end())
        failed(generation_, JF_TIMEOUT,
               label_ + ": the peer has sent no address that could be tried, and did not come to ours within " +
                   std::to_string(options_.connect_timeout.count()) + " ms");
}

void Session::failed(unsigned generation, Status status, const std::string& text)
{
    if (generation == generation_ && !std::exchange(failed_, true))
        listener_.failed(status, text);
}

Session::~Session()
{
    scope_->end();
    for (const auto& component : components_)
        component->stop();
    for (const auto& component : previous_) {
        if (component)
            component->stop();
    }
}

} // namespace jackfield::direct
