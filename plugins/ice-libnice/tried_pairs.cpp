// See tried_pairs.hpp.
#include "tried_pairs.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace jackfield::ice {

namespace {

using Json = nlohmann::json;

/// One of ours that checks are sent from.
struct Base {
    Candidate candidate;
    std::optional<Endpoint> seen_as;
};

Endpoint end_of(const Candidate& candidate)
{
    return {candidate.address, candidate.port};
}

Endpoint base_of(const Candidate& candidate)
{
    const bool named = candidate.related_address && !candidate.related_address->is_unspecified();
    const bool of_its_own = candidate.type == CandidateType::host || candidate.type == CandidateType::relayed || !named;
    return of_its_own ? end_of(candidate) : Endpoint{*candidate.related_address, candidate.related_port};
}

/// A server reflexive candidate is checked from its base, and is redundant beside it (RFC 8445 section 6.1.2.4). One
/// for a simultaneous open is a socket of its own.
std::vector<Base> bases_of(const std::vector<Candidate>& local)
{
    std::vector<Base> bases;
    const auto reflexive = [](const Candidate& one) {
        return one.type != CandidateType::host && one.type != CandidateType::relayed &&
               one.transport != Transport::tcp_simultaneous;
    };
    for (const auto& one : local) {
        if (!reflexive(one))
            bases.push_back({one, std::nullopt});
    }
    for (const auto& one : local) {
        if (!reflexive(one))
            continue;
        const auto base = std::ranges::find_if(bases, [&](const Base& other) {
            return other.candidate.transport == one.transport && end_of(other.candidate) == base_of(one);
        });
        if (base == bases.end())
            bases.push_back({one, std::nullopt});
        else if (!base->seen_as)
            base->seen_as = end_of(one);
    }
    return bases;
}

/// Checks are sent from one to the other: RFC 6544 section 6.2. Of passive ones, the peer's side sends.
bool sends_to(const Candidate& local, const Candidate& remote)
{
    switch (local.transport) {
    case Transport::udp:
        return remote.transport == Transport::udp;
    case Transport::tcp_active:
        return remote.transport == Transport::tcp_passive;
    case Transport::tcp_passive:
        return false;
    case Transport::tcp_simultaneous:
        return remote.transport == Transport::tcp_simultaneous;
    }
    return false;
}

bool same_family(const Candidate& one, const Candidate& other)
{
    return one.address.is_v6() == other.address.is_v6();
}

std::uint64_t priority_of(const TriedPair& pair, bool controlling)
{
    if (!pair.local || !pair.remote)
        return 0;
    const std::uint64_t g = controlling ? pair.local->priority : pair.remote->priority;
    const std::uint64_t d = controlling ? pair.remote->priority : pair.local->priority;
    return (std::min(g, d) << 32) + 2 * std::max(g, d) + (g > d ? 1 : 0);
}

/// TCP leaves an active candidate by a port that nobody knows beforehand (RFC 6544 section 4.5).
bool same_end(const Candidate& one, const Candidate& other)
{
    const auto a = base_of(one);
    const auto b = base_of(other);
    const bool by_address = one.is_tcp() && one.transport != Transport::tcp_passive;
    return one.is_tcp() == other.is_tcp() && a.address == b.address && (by_address || a.port == b.port);
}

bool is_pair(const TriedPair& row, const CandidatePair& pair)
{
    return row.local && row.remote && same_end(*row.local, pair.local) && end_of(*row.remote) == end_of(pair.remote);
}

bool contains(const std::vector<Endpoint>& all, const Endpoint& one)
{
    return std::ranges::find(all, one) != all.end();
}

PairResult result_of(const TriedFacts& facts, const TriedPair& row)
{
    const Endpoint to = end_of(*row.remote);
    if (std::ranges::any_of(facts.former, [&](const CandidatePair& pair) { return is_pair(row, pair); }))
        return PairResult::works;
    if (row.local->is_tcp() && contains(facts.refused, to))
        return PairResult::refused;
    if (row.local->type == CandidateType::host && !facts.has_route(row.local->address, to))
        return PairResult::no_route;
    if (facts.up)
        return PairResult::not_chosen;
    if (std::ranges::any_of(facts.heard, [&](const Candidate& one) { return end_of(one) == to; }))
        return PairResult::heard;
    if (row.local->is_tcp() && contains(facts.connected, to))
        return PairResult::connected;
    return PairResult::no_answer;
}

void add_checked(std::vector<TriedPair>& rows, const TriedFacts& facts, const std::vector<Base>& bases,
                 const std::vector<Candidate>& remote)
{
    for (const auto& base : bases) {
        for (const auto& peer : remote) {
            if (!sends_to(base.candidate, peer) || !same_family(base.candidate, peer))
                continue;
            TriedPair row{facts.component, base.candidate, base.seen_as, peer};
            if (facts.nominated && is_pair(row, *facts.nominated))
                continue; // it is told as what it is
            row.result = result_of(facts, row);
            rows.push_back(std::move(row));
        }
    }
    std::ranges::stable_sort(rows, [&](const TriedPair& one, const TriedPair& other) {
        return priority_of(one, facts.controlling) > priority_of(other, facts.controlling);
    });
    for (std::size_t i = kMaxCheckedPairs; i < rows.size(); ++i) {
        rows[i].result = PairResult::not_formed;
        rows[i].why = "more than 100 pairs";
    }
}

/// Why nothing can be checked with a candidate; null if something can, by either side. One for a simultaneous open is a
/// further chance, and nobody misses it.
template <class Others>
const char* why_alone(const Candidate& one, const Others& others)
{
    const auto kind = [&](const Candidate& other) { return one.is_tcp() == other.is_tcp(); };
    if (one.transport == Transport::tcp_simultaneous)
        return nullptr;
    if (std::ranges::none_of(others, kind))
        return one.is_tcp() ? "no TCP at the other end" : "no UDP at the other end";
    const bool family =
        std::ranges::any_of(others, [&](const Candidate& other) { return kind(other) && same_family(one, other); });
    return family ? nullptr : "no common address family";
}

void add_lonely(std::vector<TriedPair>& rows, const TriedFacts& facts, const std::vector<Base>& bases,
                const std::vector<Candidate>& remote)
{
    std::vector<Candidate> local;
    for (const auto& base : bases)
        local.push_back(base.candidate);
    for (const auto& base : bases) {
        if (const char* why = why_alone(base.candidate, remote))
            rows.push_back({facts.component, base.candidate, base.seen_as, std::nullopt, PairResult::not_formed, why});
    }
    for (const auto& peer : remote) {
        if (const char* why = why_alone(peer, local))
            rows.push_back({facts.component, std::nullopt, std::nullopt, peer, PairResult::not_formed, why});
    }
}

constexpr const char* kWords[] = {"selected", "works",    "answered",  "heard",      "connected",
                                  "refused",  "no route", "no answer", "not chosen", "not formed"};

std::string written(const Endpoint& end)
{
    const std::string address = end.address.text();
    return (end.address.is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(end.port);
}

/// An active candidate of TCP has no port that says anything.
std::string place_of(const Candidate& candidate)
{
    return candidate.transport == Transport::tcp_active ? candidate.address.text() : written(end_of(candidate));
}

} // namespace

std::vector<TriedPair> pairs_of(const TriedFacts& facts)
{
    if (facts.remote.empty() && facts.heard.empty() && !facts.nominated)
        return {};
    const auto bases = bases_of(facts.local);
    auto remote = facts.remote;
    for (const auto& one : facts.heard) { // RFC 8445 section 7.3.1.3
        if (std::ranges::none_of(remote, [&](const Candidate& other) { return end_of(other) == end_of(one); }))
            remote.push_back(one);
    }
    std::vector<TriedPair> rows;
    add_checked(rows, facts, bases, remote);
    add_lonely(rows, facts, bases, remote);
    if (facts.nominated)
        rows.insert(rows.begin(), {facts.component, facts.nominated->local, std::nullopt, facts.nominated->remote,
                                   facts.up ? PairResult::selected : PairResult::answered});
    most_telling_first(rows);
    return rows;
}

/// No answer is what all have where nothing gets through: what is rarer says more.
void most_telling_first(std::vector<TriedPair>& pairs)
{
    std::ranges::stable_sort(pairs, {}, [](const TriedPair& row) {
        const bool alone = !row.local || !row.remote;
        return static_cast<int>(alone ? PairResult::no_route : row.result);
    });
}

std::size_t count_formed(const std::vector<TriedPair>& pairs)
{
    return static_cast<std::size_t>(
        std::ranges::count_if(pairs, [](const TriedPair& one) { return one.result != PairResult::not_formed; }));
}

std::string tried_json(const std::vector<TriedPair>& pairs)
{
    Json rows = Json::array();
    for (const auto& pair : pairs) {
        if (rows.size() == kMaxTriedPairs)
            break;
        const Candidate& any = pair.local ? *pair.local : *pair.remote;
        Json row{{"component", pair.component},
                 {"transport", any.is_tcp() ? "tcp" : "udp"},
                 {"result", kWords[static_cast<std::size_t>(pair.result)]}};
        if (pair.local) {
            row["local"] = place_of(*pair.local);
            row["local_type"] = type_word(pair.local->type);
        }
        if (pair.seen_as)
            row["seen_as"] = written(*pair.seen_as);
        if (pair.remote) {
            row["remote"] = place_of(*pair.remote);
            row["remote_type"] = type_word(pair.remote->type);
        }
        if (*pair.why != '\0')
            row["why"] = pair.why;
        rows.push_back(std::move(row));
    }
    return Json{{"pairs", std::move(rows)}}.dump();
}

} // namespace jackfield::ice
