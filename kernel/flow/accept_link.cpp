// Steps 2 to 5 on the called side. See open_link.hpp.

#include "kernel/flow/control_paths.hpp"
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
        ++node_.incoming_links;
        ++node_.incoming_links_of[account_];
    }
    Admission(const Admission&) = delete;
    Admission& operator=(const Admission&) = delete;
    ~Admission()
    {
        --node_.incoming_links;
        if (--node_.incoming_links_of[account_] == 0)
            node_.incoming_links_of.erase(account_);
    }

    static bool allowed(const Environment& node, const std::string& account)
    {
        const auto of_account = node.incoming_links_of.find(account);
        return node.incoming_links < limits::kIncomingLinks &&
               (of_account == node.incoming_links_of.end() || of_account->second < limits::kIncomingLinksPerAccount);
    }

private:
    Environment& node_;
    std::string account_;
};

/// A path that is up, and the handshake on it. The caller decides which path it takes; we are ready on both.
struct Attempt {
    ConnectivitySession* session;
    bool stream;
    std::unique_ptr<SecureLayer> secure;
    std::unique_ptr<ReliableLayer> reliable;

    bool done() const { return secure->path() && (stream || (reliable && reliable->path())); }
    bool failed() const { return secure->failure() || (reliable && reliable->failure()); }
};

/// The called side's view of one request; the conversation's ear shares what was heard.
struct Pickup {
    Pickup(Environment& environment, Device device, std::uint64_t id)
        : node(environment),
          caller(std::move(device)),
          call_id(id),
          candidates(std::make_shared<std::string>()),
          bell(std::make_shared<Bell>())
    {}
    Pickup(const Pickup&) = delete;
    Pickup& operator=(const Pickup&) = delete;
    ~Pickup()
    {
        attempts.clear(); // the layers go before the paths they stand on
        node.switchboard.end_conversation(call_id);
    }

    std::function<void()> ring()
    {
        return [kept = bell] { kept->ring(); };
    }

    Environment& node;
    Device caller;
    std::uint64_t call_id;
    std::shared_ptr<std::string> candidates; // heard, not used yet
    std::shared_ptr<Bell> bell;
    std::unique_ptr<ControlPaths> paths;
    std::vector<Attempt> attempts;
};

void send(Pickup& pickup, std::uint32_t kind, std::string blob)
{
    pickup.node.switchboard.send(pickup.caller, {kind, pickup.call_id, "call", std::move(blob)}, [](const Error&) {});
}

void send_answer(Pickup& pickup, const std::string& offer)
{
    pickup.paths =
        std::make_unique<ControlPaths>(pickup.node, JF_CONTROLLED, pickup.ring(), [&pickup](std::string lines) {
            send(pickup, JF_CALL_CANDIDATES, std::move(lines));
        });
    pickup.node.switchboard.converse(
        pickup.call_id, [candidates = pickup.candidates, bell = pickup.bell,
                         device = pickup.caller.device_id](const Device& sender, const CallMessage& message) {
            if (sender.device_id == device && message.kind == JF_CALL_CANDIDATES)
                *candidates += message.blob;
            bell->ring();
        });
    send(pickup, JF_CALL_ANSWER, pickup.paths->blob());
    pickup.paths->set_remote(offer);
}

/// Begins a handshake on every path that has come up, and a stream on every DTLS that is done.
void advance(Pickup& pickup)
{
    pickup.paths->add_remote(std::exchange(*pickup.candidates, {}));
    for (auto* session : pickup.paths->ready()) {
        const bool known =
            std::ranges::any_of(pickup.attempts, [&](const auto& one) { return one.session == session; });
        if (known)
            continue;
        pickup.attempts.push_back({session, pickup.paths->is_stream(session),
                                   std::make_unique<SecureLayer>(pickup.node.board.secure_channel, session->path(1),
                                                                 JF_TLS_SERVER, pickup.caller, pickup.ring()),
                                   nullptr});
    }
    for (auto& attempt : pickup.attempts) {
        if (!attempt.stream && attempt.secure->path() && !attempt.reliable && pickup.node.board.reliable_stream)
            attempt.reliable = std::make_unique<ReliableLayer>(pickup.node.board.reliable_stream,
                                                               *attempt.secure->path(), false, pickup.ring());
    }
}

std::shared_ptr<Link> make_link(Pickup& pickup, Attempt& attempt)
{
    const auto link = std::make_shared<Link>();
    link->peer = attempt.secure->info().peer;
    attempt.secure->forget_events();
    if (attempt.reliable)
        attempt.reliable->forget_events();
    link->secure = std::move(attempt.secure);
    link->reliable = std::move(attempt.reliable);
    const auto* session = attempt.session;
    std::erase_if(pickup.attempts, [&](const auto& one) { return one.session == session; });
    pickup.attempts.clear();
    link->connectivity = pickup.paths->take(session);
    return link;
}

} // namespace

awaitable<void> accept_link(Environment& node, Device caller, CallMessage request)
{
    if (node.stopping || !Admission::allowed(node, caller.account_id))
        co_return;
    const Admission admission(node, caller.account_id);
    const auto tell = [&](Step step, Moment moment, std::string detail) {
        node.timeline.tell({0, "", Side::callee, step, moment, std::move(detail)});
    };
    const auto deadline = now() + node.settings.connect_timeout;
    try {
        Pickup pickup(node, std::move(caller), request.call_id);
        tell(Step::request, Moment::done, {});
        send_answer(pickup, request.blob);
        tell(Step::answer, Moment::done, {});
        const auto winner = [&] { return std::ranges::find_if(pickup.attempts, &Attempt::done); };
        const bool through = co_await until(*pickup.bell, deadline, [&] {
            advance(pickup);
            return winner() != pickup.attempts.end() || node.stopping || !pickup.paths->hopeless().empty();
        });
        const auto found = winner();
        if (!through || found == pickup.attempts.end()) {
            const auto failed = std::ranges::find_if(pickup.attempts, &Attempt::failed);
            if (failed != pickup.attempts.end() && failed->secure->failure())
                throw StepFailure(Step::secure_channel, *failed->secure->failure());
            throw StepFailure(Step::connectivity, JF_UNREACHABLE, "the caller did not get through to us");
        }
        const auto link = make_link(pickup, *found);
        start_signaling(node, link, false);
        tell(Step::secure_channel, Moment::done, {});
    } catch (const StepFailure& failure) {
        tell(failure.step(), Moment::failed, failure_detail(failure.error()));
    } catch (const Failure& failure) {
        tell(Step::connectivity, Moment::failed, failure_detail(failure.error()));
    }
}

} // namespace jackfield::kernel
