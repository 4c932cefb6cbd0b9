// What a session has tried, for whoever asks why it does not connect. See tried_pairs.hpp.
//
// Threads: control.
#include "session.hpp"

#include "tried_pairs.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <map>

namespace jackfield::ice {

namespace {

constexpr std::size_t kMaxHeard = 16;
constexpr std::size_t kMaxFormerPairs = 8;

/// The system would send from there to there. Nothing is sent: connecting a datagram socket only looks the route up.
bool has_route(const IpAddress& from, const Endpoint& to)
{
    sockaddr_storage own{};
    sockaddr_storage peer{};
    const unsigned own_size = from.to_sockaddr(0, own);
    const unsigned peer_size = to.address.to_sockaddr(to.port, peer);
    const int probe = socket(own.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return true; // not known
    const bool there = bind(probe, reinterpret_cast<const sockaddr*>(&own), own_size) == 0 &&
                       connect(probe, reinterpret_cast<const sockaddr*>(&peer), peer_size) == 0;
    close(probe);
    return there;
}

/// The same, looked up once for each pair of addresses.
auto routes()
{
    return [known = std::make_shared<std::map<std::string, bool>>()](const IpAddress& from, const Endpoint& to) {
        const auto [place, is_new] = known->try_emplace(from.text() + ' ' + to.address.text(), true);
        if (is_new)
            place->second = has_route(from, to);
        return place->second;
    };
}

std::optional<CandidatePair> pair_in(const AgentEvent& event)
{
    const auto local = parse_candidate(event.local_line);
    const auto remote = parse_candidate(event.remote_line);
    if (!local || !remote)
        return std::nullopt;
    return CandidatePair{*local, *remote};
}

} // namespace

std::string Session::tried()
{
    return tried_json(agent_ != nullptr ? tried_now() : tried_);
}

std::vector<TriedPair> Session::tried_now() const
{
    std::vector<TriedPair> all;
    if (!remote_ || agent_ == nullptr)
        return all; // nothing has been checked
    const auto route = routes();
    for (const auto& component : components_) {
        auto rows = tried_of(component, route);
        all.insert(all.end(), rows.begin(), rows.end());
    }
    most_telling_first(all);
    return all;
}

std::vector<TriedPair> Session::tried_of(const Component& component, const RouteCheck& route) const
{
    const unsigned number = component.path->component();
    const auto of_it = [number](const Candidate& one) { return one.component == number; };
    TriedFacts facts;
    facts.component = number;
    facts.controlling = options_.controlling;
    facts.local = agent_->local_candidates();
    facts.local.insert(facts.local.end(), punch_candidates_.begin(), punch_candidates_.end());
    std::erase_if(facts.local, std::not_fn(of_it));
    std::ranges::copy_if(seen_, std::back_inserter(facts.remote), of_it);
    std::ranges::copy_if(heard_, std::back_inserter(facts.heard),
                         [&](const Candidate& one) { return of_it(one) && !is_stand_in(one); });
    facts.nominated = pair_in(component.pair);
    facts.up = component.up;
    for (const auto& event : component.former) {
        if (auto pair = pair_in(event))
            facts.former.push_back(*pair);
    }
    for (const auto& [of, remote, end] : punch_ends_) {
        if (of == number)
            (end == PunchEnd::connected ? facts.connected : facts.refused).push_back(remote);
    }
    if (route)
        facts.has_route = route;
    return pairs_of(facts);
}

/// The peer checks us from somewhere that it has not told of.
void Session::on_heard(const AgentEvent& event)
{
    const auto from = parse_candidate(event.remote_line);
    if (from && heard_.size() < kMaxHeard)
        heard_.push_back(*from);
}

void Session::note_former(Component& component, const AgentEvent& next)
{
    const bool another = !component.pair.local_line.empty() && (component.pair.local_line != next.local_line ||
                                                                component.pair.remote_line != next.remote_line);
    if (another && component.former.size() < kMaxFormerPairs)
        component.former.push_back(component.pair);
}

void Session::take_punch_end(unsigned component, const Endpoint& remote, PunchEnd end)
{
    std::erase_if(punch_ends_,
                  [&](const PunchOutcome& one) { return one.component == component && one.remote == remote; });
    if (punch_ends_.size() < kMaxRemoteCandidates)
        punch_ends_.push_back({component, remote, end});
}

} // namespace jackfield::ice
