// The peer's side of a session: its description, its candidates, and which of them are of use. See session.hpp.
//
// Threads: control.
#include "session.hpp"

#include <algorithm>

namespace jackfield::ice {

void Session::set_remote(std::string_view text)
{
    const Description description = parse_description(text);
    if (remote_ && *remote_ != description.credentials)
        throw Failure(JF_BUSY, name(0) + ": the peer's credentials have changed; call restart first");
    if (description.skipped_lines != 0)
        host_.info("ice: " + name(0) + ": skipped " + std::to_string(description.skipped_lines) +
                   " lines of the peer's description; the first: " + description.first_problem);
    if (description.credentials.without_ice())
        return set_plain_remote(description);
    remote_ = description.credentials;
    if (!accept_remote(description.candidates))
        host_.info("ice: " + name(0) + ": the peer has sent more than 64 candidates; the rest is left out");
    apply_remote();
}

void Session::add_remote_candidate(std::string_view line)
{
    const auto candidate = parse_candidate(line);
    if (!candidate) {
        if (candidate.error().malformed)
            throw Failure(JF_BAD_INPUT, std::string("a candidate of the peer is malformed: ") + candidate.error().why);
        host_.debug(std::string("ice: ") + name(0) + ": a candidate is skipped: " + candidate.error().why);
        return;
    }
    if (!accept_remote({*candidate}))
        throw Failure(JF_EXHAUSTED, name(0) + ": the peer has sent more than 64 candidates");
    apply_remote();
}

bool Session::usable(const Candidate& candidate) const
{
    if (candidate.transport == Transport::tcp_simultaneous)
        return can_punch_to(candidate);
    if (candidate.component > components_.size() || candidate.is_tcp() != options_.tcp ||
        candidate.type == CandidateType::peer_reflexive)
        return false;
    if (candidate.address.is_link_local() || candidate.address.is_group() || candidate.address.is_unspecified())
        return false;
    if (candidate.port == 0 && candidate.transport != Transport::tcp_active)
        return false;
    // A stream in use is not disturbed by further connections: libnice reads all of a component into one buffer.
    return !(options_.tcp && components_[candidate.component - 1].up);
}

bool Session::accept_remote(const std::vector<Candidate>& candidates)
{
    for (const auto& candidate : candidates) {
        if (!usable(candidate))
            continue;
        const auto v6 = behind_nat64(candidate);
        if (!take_remote(candidate) || (v6 && !take_remote(*v6)))
            return false;
    }
    return true;
}

bool Session::take_remote(const Candidate& candidate)
{
    if (std::find(seen_.begin(), seen_.end(), candidate) != seen_.end())
        return true;
    if (seen_.size() >= kMaxRemoteCandidates)
        return false;
    seen_.push_back(candidate);
    waiting_.push_back(candidate);
    return true;
}

/// Credentials first: a check without them fails at once.
void Session::apply_remote()
{
    if (agent_ == nullptr || !remote_)
        return;
    agent_->set_remote_credentials(*remote_);
    for (unsigned number = 1; number <= components_.size(); ++number) {
        std::vector<Candidate> own;
        for (const Candidate& candidate : waiting_) {
            if (candidate.component != number)
                continue;
            ++components_[number - 1].remote_candidates;
            if (candidate.transport != Transport::tcp_simultaneous)
                own.push_back(candidate);
            else if (agent_->puncher() != nullptr)
                (*agent_->puncher())->add_remote(number, {candidate.address, candidate.port});
        }
        // What libnice has learnt from checks before makes it drop pairs, if one is nominated already.
        std::ranges::stable_partition(own, [this](const Candidate& one) { return !is_stand_in(one); });
        if (!own.empty())
            agent_->add_remote(number, own);
    }
    const bool none = waiting_.empty();
    waiting_.clear();
    for (Component& component : components_) {
        if (component.up && !options_.tcp && name_remote(component.pair))
            component_up(component, component.pair);
        if (!none)
            try_punched_again(component);
        send_early_to_others(component);
    }
    if (remote_complete_)
        agent_->end_of_remote();
    start_deadline();
}

void Session::end_of_candidates()
{
    remote_complete_ = true;
    if (agent_ != nullptr && remote_)
        agent_->end_of_remote();
}

} // namespace jackfield::ice
