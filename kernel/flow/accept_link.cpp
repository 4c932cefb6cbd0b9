// Steps 2 to 5 on the called side. See open_link.hpp.

#include "kernel/flow/control_paths.hpp"
#include "kernel/flow/disowned.hpp"
#include "kernel/flow/limits.hpp"
#include "kernel/flow/open_link.hpp"
#include "kernel/flow/step_failure.hpp"

#include <algorithm>

namespace jackfield::kernel {

namespace {

/// Counts the links that peers are opening, in all and for one account.
class Admission {
public:
    Admission(Environment& node, const std::string& account) : node_(node), account_(account)
    {
        auto& of_account = node_.incoming_links_of[account_];
        ++node_.incoming_links;
        if (full(of_account)) {
            of_account.front()->over = true;
            of_account.erase(of_account.begin());
            node_.bell.ring();
        }
        of_account.push_back(&link_);
    }
    Admission(const Admission&) = delete;
    Admission& operator=(const Admission&) = delete;
    ~Admission()
    {
        --node_.incoming_links;
        auto& of_account = node_.incoming_links_of[account_];
        std::erase(of_account, &link_);
        if (of_account.empty())
            node_.incoming_links_of.erase(account_);
    }

    /// However many strangers stand at the door, there is room for whom we know. Who asks again has given up what it
    /// asked for long ago, and nobody told us: that makes room.
    static bool allowed(const Environment& node, const std::string& account)
    {
        const auto of_account = node.incoming_links_of.find(account);
        if (of_account != node.incoming_links_of.end() && full(of_account->second))
            return now() - of_account->second.front()->began >= limits::kIncomingLinkStays;
        const bool known = node.contacts.find(account) != nullptr;
        return node.incoming_links < limits::kIncomingLinks + (known ? limits::kIncomingLinksOfContacts : 0);
    }

    const IncomingLink& link() const { return link_; }

private:
    static bool full(const std::vector<IncomingLink*>& of_account)
    {
        return of_account.size() >= std::size_t{limits::kIncomingLinksPerAccount};
    }

    Environment& node_;
    std::string account_;
    IncomingLink link_;
};

/// A path that is up, and the handshake on it. The caller decides which path it takes; we are ready on both.
struct Attempt {
    ConnectivitySession* session;
    bool stream;
    std::unique_ptr<LinkLayers> layers;
    std::optional<StepFailure> refused = std::nullopt; // by us: a layer could not even begin

    bool secured() const { return layers->secured() != nullptr && layers->secured()->path(); }
    /// Secured, and a stream where one is needed.
    bool streams() const
    {
        return secured() &&
               (!layers->wants_reliable(stream) || (layers->reliable() != nullptr && layers->reliable()->path()));
    }
    bool done() const
    {
        return streams() &&
               (!layers->wants_channels() || (layers->multiplexed() != nullptr && layers->multiplexed()->signaling()));
    }

    std::optional<StepFailure> failure() const
    {
        if (layers->secured() != nullptr && layers->secured()->failure())
            return StepFailure(Step::secure_channel, *layers->secured()->failure());
        if (layers->reliable() != nullptr && layers->reliable()->failure())
            return StepFailure(Step::reliable_stream, *layers->reliable()->failure());
        if (layers->multiplexed() != nullptr && layers->multiplexed()->failure())
            return StepFailure(Step::multiplexer, *layers->multiplexed()->failure());
        return refused;
    }
};

/// The called side's view of one request. The conversation ends with it.
struct Pickup {
    Pickup(Environment& environment, const IncomingLink& arrival, Device device, std::uint64_t id)
        : node(environment), incoming(arrival), caller(std::move(device)), call_id(id)
    {}
    Pickup(const Pickup&) = delete;
    Pickup& operator=(const Pickup&) = delete;
    ~Pickup()
    {
        attempts.clear(); // the layers go before the paths they stand on
        node.switchboard.end_conversation(call_id);
    }

    /// All that pick up wait at the node's bell: it rings when the node stops, too.
    std::function<void()> ring()
    {
        return [&bell = node.bell] { bell.ring(); };
    }

    Attempt* winner()
    {
        const auto found = std::ranges::find_if(attempts, [](const auto& one) { return one.done(); });
        return found == attempts.end() ? nullptr : &*found;
    }

    bool failed_on(const ConnectivitySession* session) const
    {
        return std::ranges::any_of(
            attempts, [&](const auto& one) { return one.session == session && one.failure().has_value(); });
    }

    /// The handshake showed somebody else: he would be that on another path, too.
    bool wrong_caller() const
    {
        return std::ranges::any_of(attempts, [](const auto& one) {
            const auto failure = one.failure();
            return failure && failure->status() == JF_UNAUTHENTICATED;
        });
    }

    /// Every path has failed, or the handshake on it.
    bool hopeless() const
    {
        return wrong_caller() ||
               std::ranges::all_of(paths->possible(), [&](const auto* session) { return failed_on(session); });
    }

    Environment& node;
    const IncomingLink& incoming;
    Device caller;
    std::uint64_t call_id;
    std::string candidates; // heard, not used yet
    std::string answer;     // our candidates so far, once we have answered
    int answers_again = 0;
    std::unique_ptr<ControlPaths> paths;
    std::vector<Attempt> attempts;
};

void send(Pickup& pickup, std::uint32_t kind, std::string blob)
{
    pickup.node.switchboard.send(pickup.caller, {kind, pickup.call_id, std::string(kCallPurpose), std::move(blob)},
                                 [](const Error&) {});
}

/// More from the caller, or the request once more: then our answer was lost.
void heard(Pickup& pickup, const Device& sender, const CallMessage& message)
{
    if (sender.device_id != pickup.caller.device_id)
        return;
    if (message.kind == JF_CALL_CANDIDATES && pickup.candidates.size() + message.blob.size() <= kMaxBlobBytes) {
        pickup.candidates += message.blob;
        pickup.node.bell.ring();
    } else if (message.kind == JF_CALL_REQUEST && !pickup.answer.empty() &&
               pickup.answers_again++ < limits::kAnswersAgain) {
        send(pickup, JF_CALL_ANSWER, pickup.answer);
    }
}

// 2, 3  A request that makes no sense is not answered.
void send_answer(Pickup& pickup, const std::string& offer)
{
    pickup.paths = as_step(Step::connectivity, [&] {
        return std::make_unique<ControlPaths>(pickup.node, JF_CONTROLLED, pickup.ring(), [&pickup](std::string lines) {
            pickup.answer += lines;
            send(pickup, JF_CALL_CANDIDATES, std::move(lines));
        });
    });
    pickup.node.switchboard.converse(pickup.call_id, [&pickup](const Device& sender, const CallMessage& message) {
        heard(pickup, sender, message);
    });
    as_step(Step::request, [&] { pickup.paths->set_remote(offer); });
    pickup.answer = as_step(Step::answer, [&] { return pickup.paths->blob(); });
    send(pickup, JF_CALL_ANSWER, pickup.answer);
}

/// Begins what is to come next on a path that is up: the handshake, on DTLS that is done a stream, and its channels.
void go_on(Attempt& attempt)
{
    LinkLayers& layers = *attempt.layers;
    try {
        if (layers.secured() == nullptr)
            as_step(Step::secure_channel, [&] { layers.secure(attempt.session->path(1)); });
        else if (attempt.secured() && layers.wants_reliable(attempt.stream) && layers.reliable() == nullptr)
            as_step(Step::reliable_stream, [&] { layers.make_reliable(); });
        else if (attempt.streams() && layers.wants_channels() && layers.multiplexed() == nullptr)
            as_step(Step::multiplexer, [&] { layers.multiplex(); });
    } catch (const StepFailure& failure) {
        attempt.refused = failure; // there may be another path
    }
}

void advance(Pickup& pickup)
{
    pickup.paths->add_remote(std::exchange(pickup.candidates, {}));
    for (auto* session : pickup.paths->ready()) {
        const bool known =
            std::ranges::any_of(pickup.attempts, [&](const auto& one) { return one.session == session; });
        if (!known)
            pickup.attempts.push_back({session, pickup.paths->is_stream(session),
                                       std::make_unique<LinkLayers>(pickup.node.board, pickup.caller, false,
                                                                    unproven(pickup.node), pickup.ring())});
    }
    for (auto& attempt : pickup.attempts) {
        if (!attempt.refused)
            go_on(attempt);
    }
}

std::shared_ptr<Link> make_link(Pickup& pickup, Attempt& attempt)
{
    const auto link = std::make_shared<Link>();
    link->peer = attempt.layers->secured()->info().peer;
    attempt.layers->forget_events();
    link->layers = std::move(attempt.layers);
    const auto* session = attempt.session;
    pickup.attempts.clear();
    link->connectivity = pickup.paths->take(session);
    return link;
}

// 4, 5  Until the caller has come through on one of the paths.
awaitable<std::shared_ptr<Link>> wait_for_caller(Pickup& pickup, TimePoint deadline)
{
    co_await until(pickup.node.bell, deadline, [&] {
        advance(pickup);
        return pickup.winner() != nullptr || pickup.node.stopping || pickup.incoming.over || pickup.hopeless();
    });
    if (pickup.node.stopping)
        throw StepFailure(Step::connectivity, JF_CANCELLED, "this node stops");
    if (auto* winner = pickup.winner())
        co_return make_link(pickup, *winner);
    if (pickup.incoming.over)
        throw StepFailure(Step::connectivity, JF_CANCELLED, "the caller has asked again, more than once");
    for (const auto& attempt : pickup.attempts) {
        if (const auto failure = attempt.failure())
            throw *failure;
    }
    throw StepFailure(Step::connectivity, JF_UNREACHABLE, "the caller did not get through to us");
}

} // namespace

awaitable<void> accept_link(Environment& node, Device caller, CallMessage request)
{
    if (node.stopping || node.switchboard.in_conversation(request.call_id) || // it came twice in one turn
        !Admission::allowed(node, caller.account_id))
        co_return;
    const auto tell = [&](Step step, Moment moment, std::string detail) {
        node.timeline.tell({0, "", Side::callee, step, moment, std::move(detail)});
    };
    if (!may_call(node, caller.account_id)) // who hears nothing takes us for not there
        co_return tell(Step::request, Moment::failed,
                       failure_detail({JF_REFUSED, "not answered: calls of " + caller.account_id + " are not wanted"}));
    const Admission admission(node, caller.account_id);
    const auto deadline = now() + node.settings.connect_timeout;
    try {
        const auto look_up = look_up_caller(node, caller.account_id); // while the link is made
        Pickup pickup(node, admission.link(), std::move(caller), request.call_id);
        tell(Step::request, Moment::done, {});
        send_answer(pickup, request.blob); // 2, 3
        tell(Step::answer, Moment::done, {});
        const auto link = co_await wait_for_caller(pickup, deadline); // 4, 5
        co_await vouched_for(node, look_up, link->peer);              // and it was not revoked
        as_step(Step::signaling, [&] { start_signaling(node, link, false); });
        tell(Step::secure_channel, Moment::done, {});
    } catch (const StepFailure& failure) {
        tell(failure.step(), Moment::failed, failure_detail(failure.error()));
    }
}

} // namespace jackfield::kernel
