// Ports of the router: asked for once the sockets are open, told to the peer as they come. Its greetings arrive at the
// sockets that are there. A pinhole of IPv6 leads to a candidate that the peer knows already.
//
// Threads: control; the router's answers are posted to it.
#include "session.hpp"

#include <shared/port_mapping/session_ports.hpp>

namespace jackfield::direct {

/// Whoever waits for candidates is told when there are no more, or at once that the rest is not worth waiting for.
void Session::map_ports(const std::vector<ice::Candidate>& hosts)
{
    all_told_ = false;
    awaited_ = 0;
    for (const auto& host : hosts) {
        const auto wanted = port_mapper_ != nullptr ? shared_port_mapping::wanted_for(host) : std::nullopt;
        if (!wanted)
            continue;
        if (!wanted->is_pinhole())
            ++awaited_;
        components_[host.component - 1]->keep(
            port_mapper_->map(*wanted, [this, scope = scope_, generation = generation_,
                                        host](const shared_port_mapping::Outcome& outcome) {
                scope->post([this, generation, host, outcome] {
                    if (generation == generation_ && !failed_)
                        take_mapping(host, outcome);
                });
            }));
    }
    gather_timer_.start(options_.gather_timeout, [this] { finish_gathering(); });
    scope_->post([this, generation = generation_] {
        if (generation != generation_ || all_told_)
            return;
        if (awaited_ == 0)
            return finish_gathering();
        listener_.enough();
    });
}

/// After end-of-candidates there are none (RFC 8838 section 8.2).
void Session::take_mapping(const ice::Candidate& host, const shared_port_mapping::Outcome& outcome)
{
    const std::string name = "direct: " + label_ + " component " + std::to_string(host.component) + ": ";
    if (host.address.is_v6())
        return host_.debug(name + (outcome ? "a pinhole leads to " : "no pinhole to ") + host.address.text() +
                           (outcome ? "" : ": " + outcome.error()));
    if (!outcome)
        host_.debug(name + "no port of the router: " + outcome.error());
    else if (!all_told_) {
        auto mapped = shared_port_mapping::mapped_candidate(host, *outcome);
        if (!options_.advertise.empty()) { // our own address is not shown then (RFC 8839 section 5.1)
            mapped.related_address = ice::IpAddress();
            mapped.related_port = 9;
        }
        local_lines_.push_back(ice::write_candidate(mapped));
        listener_.local_candidate(local_lines_.back());
    }
    if (awaited_ > 0 && --awaited_ == 0)
        finish_gathering();
}

void Session::finish_gathering()
{
    if (std::exchange(all_told_, true))
        return;
    gather_timer_.cancel();
    listener_.gathered();
}

} // namespace jackfield::direct
