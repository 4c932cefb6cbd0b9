// Which pairs of candidates a session has checked, and how that went. libnice does not publish its check list, but
// forms it as RFC 8445 section 6.1.2 and RFC 6544 section 6.2 want it: so the same is formed here, and each pair is
// told what is known of it for certain.
//
// Threads: values and pure functions.
#pragma once

#include <shared/ice/candidate.hpp>
#include <shared/ice/peer_address.hpp>

#include <functional>
#include <vector>

namespace jackfield::ice {

enum class PairResult {
    selected,
    works,     ///< was selected, before a better one was
    answered,  ///< nominated, and not confirmed yet
    heard,     ///< the peer's checks come from there; ours get no answer
    connected, ///< TCP connects, by a simultaneous open; checks over it get no answer
    refused,   ///< TCP is refused
    no_route,  ///< the system knows no way from here to there
    no_answer,
    not_chosen, ///< another one was; whether this would have done is not known
    not_formed, ///< this candidate has no partner: `why`
};

struct TriedPair {
    unsigned component = 0;
    std::optional<Candidate> local;  ///< a base (RFC 8445 section 6.1.2.4); one of both may be missing: not_formed
    std::optional<Endpoint> seen_as; ///< a server reflexive address of that base
    std::optional<Candidate> remote;
    PairResult result = PairResult::no_answer;
    const char* why = "";
};

struct CandidatePair {
    Candidate local;
    Candidate remote;
};

/// What a session knows of one component.
struct TriedFacts {
    unsigned component = 0;
    bool controlling = false;
    std::vector<Candidate> local;  // those for a simultaneous open among them
    std::vector<Candidate> remote; // those of the peer that were taken
    std::vector<Candidate> heard;  // where its checks came from before it had told of such a candidate
    std::optional<CandidatePair> nominated;
    bool up = false; // the nominated one carries data
    std::vector<CandidatePair> former;
    std::vector<Endpoint> connected; // TCP, by the peer's end
    std::vector<Endpoint> refused;
    std::function<bool(const IpAddress& from, const Endpoint& to)> has_route = [](const IpAddress&, const Endpoint&) {
        return true;
    };
};

inline constexpr std::size_t kMaxTriedPairs = 200;   // that are told of one session
inline constexpr std::size_t kMaxCheckedPairs = 100; // libnice drops those of lower priority (RFC 8445 section 6.1.2.5)

/// The most telling first, and by the priorities of RFC 8445 section 6.1.2.3 within that.
std::vector<TriedPair> pairs_of(const TriedFacts& facts);

/// The same of several components together.
void most_telling_first(std::vector<TriedPair>& pairs);

/// How many checks there were to do.
std::size_t count_formed(const std::vector<TriedPair>& pairs);

/// tried-pairs.schema.json, of at most kMaxTriedPairs.
std::string tried_json(const std::vector<TriedPair>& pairs);

} // namespace jackfield::ice
