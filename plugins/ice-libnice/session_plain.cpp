// A peer without ICE: the agent goes, its sockets stay.
//
// Threads: control only.
#include "session.hpp"

#include "datagram_path.hpp"

namespace jackfield::ice {

void Session::set_plain_remote(const Description& description)
{
    if (options_.tcp || config_.relay_only)
        throw Failure(JF_UNSUPPORTED, name(0) + ": the peer does no ICE, and without there is no " +
                                          (options_.tcp ? "stream" : "relay, which is all that /relay_only allows"));
    if (!plain_description_)
        leave_ice();
    remote_ = description.credentials;
    for (unsigned number = 1; number <= components_.size(); ++number) {
        if (const auto announced = description.plain_address(number)) {
            auto path = std::static_pointer_cast<DatagramPath>(components_[number - 1].path);
            loop_.post([path, announced = *announced] { path->plain().announce(announced); });
        }
    }
}

/// The agent goes, its sockets stay. Nothing of the old agent reads from them once the first task below runs, but where
/// a relay has to be told goodbye.
void Session::leave_ice()
{
    if (agent_ == nullptr)
        throw Failure(failed_ ? JF_CLOSED : JF_BUSY, name(0) + (failed_ ? " has failed" : " has not gathered yet"));
    std::vector<std::vector<PlainLeg>> legs;
    for (const auto& component : components_) {
        legs.push_back(agent_->sockets_of(component.path->component()));
        if (legs.back().empty())
            throw Failure(JF_INTERNAL, name(component.path->component()) + ": no socket of ours is left to use");
    }
    plain_description_ = local_description();
    ++generation_; // no event of the agent counts any more
    retire(std::move(agent_), Leave::at_once);
    if (previous_ != nullptr)
        retire(std::move(previous_), Leave::at_once);
    deadline_.cancel();
    for (auto& component : components_) {
        auto path = std::static_pointer_cast<DatagramPath>(component.path);
        const unsigned number = path->component();
        const auto selected = [raw = path.get(), host = host_, alive = alive_, number, this](const Candidate& local,
                                                                                             const Candidate& remote) {
            raw->note_plain(remote.address.is_v6());
            host.post([=, this] {
                if (alive->load(std::memory_order_relaxed))
                    plain_selected(number, local, remote);
            });
        };
        path->go_plain(std::make_unique<PlainWay>(
            number, std::move(legs[number - 1]),
            PlainWay::Events{[raw = path.get()](ByteView packet) { raw->deliver(packet); }, selected}));
        loop_.post([path, &loop = loop_] { path->plain().start(loop.context()); });
    }
    host_.post([alive = alive_, this] {
        if (alive->load(std::memory_order_relaxed))
            finish_gathering();
    });
}

void Session::plain_selected(unsigned number, const Candidate& local, const Candidate& remote)
{
    Component& component = components_[number - 1];
    const std::string local_line = write_candidate(local);
    const std::string remote_line = write_candidate(remote);
    if (!std::exchange(component.announced, true))
        listener_.component_ready(number, *component.path);
    listener_.pair_selected({sizeof(jf_selected_pair), number, to_text(local_line), to_text(remote_line), 0, 0, 0});
}

} // namespace jackfield::ice
