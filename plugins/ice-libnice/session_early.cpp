// The first datagrams of a component, which go along with its first checks. See jf_connectivity_session_methods.
//
// Threads: control.
#include "session.hpp"

#include <algorithm>

namespace jackfield::ice {

jf_path_info Session::send_early(std::uint32_t number, std::span<const jf_bytes> datagrams)
{
    if (number == 0 || number > components_.size())
        throw Failure(JF_BAD_INPUT, name(0) + " has no component " + std::to_string(number));
    Component& component = components_[number - 1];
    if (options_.tcp || !options_.controlling || config_.relay_only)
        throw Failure(JF_UNSUPPORTED, name(number) + ": nothing goes early over a stream, from the controlled side, or "
                                                     "where only relays may be used");
    if (agent_ == nullptr || !remote_ || component.up)
        throw Failure(JF_UNSUPPORTED, name(number) + (component.up ? ": there is a path" : ": there is no peer"));
    const jf_path_info path = component.path->describe();
    for (const auto& datagram : datagrams) {
        if (datagram.size == 0 || datagram.size > path.max_datagram_bytes)
            throw Failure(JF_BAD_INPUT, name(number) + ": a datagram of " + std::to_string(datagram.size) +
                                            " bytes; the path will allow " + std::to_string(path.max_datagram_bytes));
    }
    if (component.early.size() + datagrams.size() > JF_EARLY_DATAGRAMS)
        throw Failure(JF_EXHAUSTED, name(number) + ": more than " + std::to_string(JF_EARLY_DATAGRAMS) + " datagrams");
    if (datagrams.empty())
        return path;
    const auto before = static_cast<std::ptrdiff_t>(component.early.size());
    for (const auto& datagram : datagrams)
        component.early.emplace_back(datagram.data, datagram.data + datagram.size);
    for (const Endpoint& place : component.early_places)
        agent_->send_early(number, place, *remote_,
                           std::span(component.early).subspan(static_cast<std::size_t>(before)));
    send_early_to_others(component);
    return path;
}

/// To candidates of the peer that have got nothing yet: the best first, at most JF_EARLY_PLACES in all.
void Session::send_early_to_others(Component& component)
{
    const unsigned number = component.path->component();
    if (component.early.empty() || component.up || !remote_)
        return;
    std::vector<Candidate> others;
    std::ranges::copy_if(seen_, std::back_inserter(others), [&](const Candidate& one) {
        return one.component == number && !one.is_tcp() && !is_stand_in(one) &&
               std::ranges::find(component.early_places, Endpoint{one.address, one.port}) ==
                   component.early_places.end();
    });
    std::ranges::stable_sort(others, std::ranges::greater{}, &Candidate::priority);
    for (const Candidate& one : others) {
        const Endpoint place{one.address, one.port};
        if (component.early_places.size() == JF_EARLY_PLACES)
            return;
        if (std::ranges::find(component.early_places, place) == component.early_places.end() &&
            agent_->send_early(number, place, *remote_, component.early))
            component.early_places.push_back(place);
    }
}

} // namespace jackfield::ice
