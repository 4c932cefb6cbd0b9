// Steps 2 to 5 on the calling side. See open_link.hpp.

#include "kernel/flow/open_link.hpp"

#include "kernel/executor/instance_host.hpp"
#include "kernel/flow/candidates_detail.hpp"
#include "kernel/flow/cards.hpp"
#include "kernel/flow/control_paths.hpp"
#include "kernel/flow/early_flight.hpp"
#include "kernel/flow/limits.hpp"
#include "kernel/flow/node_flows.hpp"
#include "kernel/flow/send_file.hpp"
#include "kernel/flow/step_failure.hpp"
#include "kernel/flow/tend_links.hpp"
#include "kernel/flow/texts.hpp"
#include "kernel/flow/tried_pairs.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace jackfield::kernel {

namespace {

/// What has come back from the callee so far; shared with the conversation's ear, which may hear more than the flow.
struct Heard {
    std::optional<std::string> answer;
    std::string candidates;
    std::optional<Error> refusal;
    Step refused_at = Step::answer;
};

/// One attempt to reach one device.
struct Dial {
    Dial(Environment& environment, std::shared_ptr<Errand> on_errand, Device device)
        : node(environment), errand(std::move(on_errand)), callee(std::move(device)), heard(std::make_shared<Heard>())
    {
        random_bytes(reinterpret_cast<std::uint8_t*>(&call_id), sizeof(call_id));
        asked_at = now();
        deadline = now() + node.settings.connect_timeout;
    }
    Dial(const Dial&) = delete;
    Dial& operator=(const Dial&) = delete;
    ~Dial() { node.switchboard.end_conversation(call_id); }

    std::function<void()> ring()
    {
        return [kept = errand] { kept->bell().ring(); };
    }

    Environment& node;
    std::shared_ptr<Errand> errand;
    Device callee;
    std::uint64_t call_id = 0;
    TimePoint asked_at;
    TimePoint deadline;
    std::string offered; // our candidates so far
    std::shared_ptr<Heard> heard;
    std::unique_ptr<ControlPaths> paths;
    std::shared_ptr<EarlyFlight> early; // goes before the paths; null: nothing was sent early
};

void send(Dial& dial, std::uint32_t kind, std::string blob)
{
    const CallMessage message{kind, dial.call_id, std::string(kCallPurpose), std::move(blob)};
    const bool needed = kind == JF_CALL_REQUEST; // one candidate less is no reason to give up
    dial.node.switchboard.send(dial.callee, message,
                               [heard = std::weak_ptr(dial.heard), errand = dial.errand, needed](const Error& error) {
                                   const auto still = heard.lock();
                                   if (!still || !needed)
                                       return;
                                   still->refusal = error;
                                   still->refused_at = Step::request;
                                   errand->bell().ring();
                               });
}

// 2  Both ICE sessions, and the sealed request with our host candidates; the rest follows as it is found.
void send_request(Dial& dial)
{
    dial.errand->tell(Step::request, Moment::start);
    dial.paths = as_step(Step::request, [&] {
        return std::make_unique<ControlPaths>(dial.node, JF_CONTROLLING, dial.ring(), [&dial](std::string lines) {
            dial.offered += lines;
            send(dial, JF_CALL_CANDIDATES, std::move(lines));
        });
    });
    dial.node.switchboard.converse(dial.call_id, [heard = dial.heard, device = dial.callee.device_id,
                                                  errand = dial.errand](const Device& sender,
                                                                        const CallMessage& message) {
        if (sender.device_id != device)
            return; // somebody else's message with our call id is nobody's
        if (message.kind == JF_CALL_ANSWER && !heard->answer)
            heard->answer = message.blob;
        else if (message.kind == JF_CALL_CANDIDATES && heard->candidates.size() + message.blob.size() <= kMaxBlobBytes)
            heard->candidates += message.blob;
        else if (message.kind == JF_CALL_REFUSAL)
            heard->refusal = Error{JF_REFUSED, "the peer's device refused the request"};
        errand->bell().ring();
    });
    dial.offered = as_step(Step::request, [&] { return dial.paths->blob(); });
    send(dial, JF_CALL_REQUEST, dial.offered);
    dial.errand->tell(Step::request, Moment::done, candidates_detail(dial.offered));
}

// 3  The sealed answer with the peer's candidates. Messages may be lost: we ask once more.
awaitable<void> hear_answer(Dial& dial)
{
    dial.errand->tell(Step::answer, Moment::start);
    const Heard& heard = *dial.heard;
    const auto heard_something = [&] { return heard.answer || heard.refusal || dial.errand->unwanted(); };
    const auto ask_again = std::min(dial.deadline, dial.asked_at + limits::kAskAgain);
    co_await until(dial.errand->bell(), ask_again, heard_something);
    if (!heard_something()) {
        send(dial, JF_CALL_REQUEST, dial.offered); // with all that was found meanwhile
        dial.errand->tell(Step::answer, Moment::progress, nlohmann::json{{"what", "asked again"}}.dump());
        co_await until(dial.errand->bell(), dial.deadline, heard_something);
    }
    dial.errand->check_wanted(Step::answer);
    if (heard.refusal && !heard.answer)
        throw StepFailure(heard.refused_at, *heard.refusal);
    if (!heard.answer)
        throw StepFailure(Step::answer, JF_TIMEOUT, "the peer's device did not answer the request");
    as_step(Step::answer, [&] { dial.paths->set_remote(*heard.answer); });
    dial.errand->tell(Step::answer, Moment::done, candidates_detail(*heard.answer));
}

/// The request has come through late, and while it waited no server has told us anything: there was no network when our
/// candidates were gathered. Now there is one, and checks with those would fail until the deadline.
bool made_without_network(const Dial& dial)
{
    return now() >= dial.asked_at + limits::kAnswerIsLate && only_host_candidates(dial.offered);
}

/// 2 and 3, and both once more if the first request was made without a network.
awaitable<std::unique_ptr<Dial>> exchange_candidates(Environment& node, std::shared_ptr<Errand> errand, Device device)
{
    for (bool again = false;; again = true) {
        auto dial = std::make_unique<Dial>(node, errand, device);
        send_request(*dial);
        co_await hear_answer(*dial);
        if (again || !made_without_network(*dial))
            co_return dial;
        errand->tell(Step::answer, Moment::progress, nlohmann::json{{"what", "late answer"}}.dump());
    }
}

/// Which pairs were tried, for the timeline and for whoever asks why.
void tell_tried(const Dial& dial, const nlohmann::json& rows)
{
    if (!rows.empty())
        dial.errand->tell(Step::connectivity, Moment::progress,
                          nlohmann::json{{"what", "pairs"}, {"pairs", rows}}.dump(
                              -1, ' ', false, nlohmann::json::error_handler_t::replace));
}

/// There is no path, and these pairs were tried.
StepFailure no_path(const Dial& dial, const std::string& reason)
{
    const auto words = tried_in_words(dial.paths->tried());
    return {Step::connectivity, JF_UNREACHABLE, words.empty() ? reason : reason + "; " + words};
}

/// The path to go on with, by the policy. Candidates that come meanwhile are used.
awaitable<ConnectivitySession*> await_path(Dial& dial)
{
    ConnectivitySession* chosen = nullptr;
    const auto look = [&] {
        dial.paths->add_remote(std::exchange(dial.heard->candidates, {}));
        chosen = dial.paths->choose(now());
        return chosen != nullptr || dial.errand->unwanted() || !dial.paths->hopeless().empty();
    };
    while (chosen == nullptr && now() < dial.deadline) {
        co_await until(dial.errand->bell(), [&] { return dial.paths->reconsider(dial.deadline); }, look);
        dial.errand->check_wanted(Step::connectivity);
        if (const auto reason = dial.paths->hopeless(); chosen == nullptr && !reason.empty())
            throw no_path(dial, reason);
    }
    if (chosen == nullptr)
        throw no_path(dial, "no control path to the peer in time: neither TCP nor UDP got through");
    co_return chosen;
}

// 4  A path, and what was tried for it.
awaitable<ConnectivitySession*> choose_path(Dial& dial)
{
    ConnectivitySession* chosen = nullptr;
    try {
        chosen = co_await await_path(dial);
    } catch (const StepFailure&) {
        tell_tried(dial, dial.paths->tried());
        throw;
    }
    if (dial.errand->wants_all_pairs())
        tell_tried(dial, dial.paths->tried());
    co_return chosen;
}

std::string pair_detail(const ConnectivitySession& session, bool stream)
{
    nlohmann::json detail{{"transport", stream ? "tcp" : "udp"}};
    if (const auto pair = session.pairs().find(1); pair != session.pairs().end()) {
        detail["local"] = pair->second.local;
        detail["remote"] = pair->second.remote;
        detail["relayed"] = pair->second.relayed;
    }
    return detail.dump();
}

/// How long the layers upon a path may take: not all the time there is, if there is another path to try.
TimePoint handshake_deadline(const Dial& dial)
{
    const bool another = dial.paths->possible().size() > 1;
    return another ? std::min(dial.deadline, now() + limits::kHandshake) : dial.deadline;
}

// 5  over UDP, before 4 is done.
void secure_early(Dial& dial)
{
    if (const auto* session = dial.paths->datagrams_to_come())
        dial.early = EarlyFlight::begin(dial.node, *session, dial.callee, dial.errand, dial.ring());
}

/// The layers upon that path: those that have begun early, or new ones.
std::unique_ptr<LinkLayers> layers_upon(Dial& dial, const ConnectivitySession& session)
{
    auto begun = dial.early ? dial.early->take(&session) : nullptr;
    return begun ? std::move(begun)
                 : std::make_unique<LinkLayers>(dial.node.board, dial.callee, true, unproven(dial.node), dial.ring());
}

// 5  TLS or DTLS, and it is the callee. On a path that lets nothing through the handshake times out: the other is
// tried.
awaitable<void> secure(Dial& dial, ConnectivitySession& session, LinkLayers& layers)
{
    dial.errand->tell(Step::secure_channel, Moment::start);
    as_step(Step::secure_channel, [&] { layers.secure(session.path(1)); });
    const SecureLayer* layer = layers.secured();
    const auto deadline = handshake_deadline(dial);
    const auto settled = [&] { return layer->path() || layer->failure() || dial.errand->unwanted(); };
    const bool soon = co_await until(dial.errand->bell(), std::min(deadline, now() + limits::kEarlyAgain), settled);
    if (!soon)
        layers.repeat_early();
    co_await until(dial.errand->bell(), deadline, settled);
    dial.errand->check_wanted(Step::secure_channel);
    if (layer->failure())
        throw StepFailure(Step::secure_channel, *layer->failure());
    if (!layer->path())
        throw StepFailure(Step::secure_channel, JF_TIMEOUT, "the encryption handshake took too long");
    const SecureInfo& info = layer->info();
    dial.errand->tell(
        Step::secure_channel, Moment::done,
        nlohmann::json{
            {"protocol", info.protocol}, {"cipher", info.cipher}, {"group", info.group}, {"proven", info.proven}}
            .dump());
}

//    Over DTLS: a stream of datagrams.
awaitable<void> make_reliable(Dial& dial, LinkLayers& layers)
{
    dial.errand->tell(Step::reliable_stream, Moment::start);
    as_step(Step::reliable_stream, [&] { layers.make_reliable(); });
    const ReliableLayer* layer = layers.reliable();
    co_await until(dial.errand->bell(), handshake_deadline(dial),
                   [&] { return layer->path() || layer->failure() || dial.errand->unwanted(); });
    dial.errand->check_wanted(Step::reliable_stream);
    if (layer->failure())
        throw StepFailure(Step::reliable_stream, *layer->failure());
    if (!layer->path())
        throw StepFailure(Step::reliable_stream, JF_TIMEOUT, "no reliable stream over the UDP path in time");
    dial.errand->tell(Step::reliable_stream, Moment::done);
}

//    A channel for signaling, if the configuration divides the stream.
awaitable<void> multiplex(Dial& dial, LinkLayers& layers)
{
    dial.errand->tell(Step::multiplexer, Moment::start);
    as_step(Step::multiplexer, [&] { layers.multiplex(); });
    const MultiplexerLayer* layer = layers.multiplexed();
    co_await until(dial.errand->bell(), handshake_deadline(dial),
                   [&] { return layer->signaling() || layer->failure() || dial.errand->unwanted(); });
    dial.errand->check_wanted(Step::multiplexer);
    if (layer->failure())
        throw StepFailure(Step::multiplexer, *layer->failure());
    if (!layer->signaling())
        throw StepFailure(Step::multiplexer, JF_TIMEOUT, "the peer's device gave no channel for signaling in time");
    dial.errand->tell(Step::multiplexer, Moment::done);
}

/// One path to a link. The layers are the link's from the start, so that they go in the right order if a step fails.
awaitable<void> build_link(Dial& dial, ConnectivitySession& session, Link& link)
{
    const bool stream = dial.paths->is_stream(&session);
    link.layers = layers_upon(dial, session);
    co_await secure(dial, session, *link.layers);
    if (link.layers->wants_reliable(stream))
        co_await make_reliable(dial, *link.layers);
    if (link.layers->wants_channels())
        co_await multiplex(dial, *link.layers);
    link.layers->forget_events();
}

} // namespace

awaitable<std::shared_ptr<Link>> open_link(Environment& node, std::shared_ptr<Errand> errand, Device device)
{
    const auto exchanged = co_await exchange_candidates(node, errand, std::move(device)); // 2, 3
    Dial& dial = *exchanged;
    const auto link = std::make_shared<Link>();
    link->peer = dial.callee;
    std::optional<StepFailure> failure;
    errand->tell(Step::connectivity, Moment::start);
    secure_early(dial);
    do {
        ConnectivitySession* session = co_await choose_path(dial); // 4
        errand->tell(Step::connectivity, Moment::done, pair_detail(*session, dial.paths->is_stream(session)));
        failure.reset();
        try {
            co_await build_link(dial, *session, *link); // 5
            link->connectivity = dial.paths->take(session);
        } catch (const StepFailure& caught) {
            link->layers.reset();
            const bool path_is_bad =
                caught.status() == JF_TIMEOUT || caught.status() == JF_UNREACHABLE || caught.status() == JF_CLOSED;
            dial.paths->give_up(session);
            if (!path_is_bad || !dial.paths->hopeless().empty())
                throw;
            failure = caught;
            errand->tell(caught.step(), Moment::failed, failure_detail(caught.error()));
        }
    } while (failure);
    as_step(Step::signaling, [&] { start_signaling(node, link, true); });
    co_return link;
}

void start_signaling(Environment& node, const std::shared_ptr<Link>& link, bool initiator)
{
    const jf_path stream = link->layers->stream();
    const std::weak_ptr<Link> weak = link;
    SignalingSession::Events events;
    events.invited = [&node, weak](Invitation invitation) {
        if (const auto still = weak.lock())
            node.invited(still, std::move(invitation));
    };
    events.message = [&node, weak](std::string content_type, std::string body) -> jf_status {
        const auto still = weak.lock();
        return still ? node.message(still, std::move(content_type), std::move(body)) : JF_CLOSED;
    };
    events.closed = [&node, weak](const Error&) {
        // On a later turn: the session that calls must not go away inside its own call.
        node.control.post([&node, weak] {
            if (const auto still = weak.lock())
                node.links.drop(still);
            node.bell.ring();
        });
    };
    link->signaling = std::make_unique<SignalingSession>(node.board.signaling, node.completions, stream, initiator,
                                                         node.self, link->peer, node.settings.display_name,
                                                         link->carried.get(), std::move(events));
    if (link->layers->wants_channels())
        link->layers->channels().on_newcomer([&node, weak](const std::string& name, std::uint32_t kind) {
            if (const auto still = weak.lock())
                channel_wanted(node, still, name, kind);
        });
    link->opened = now();
    node.links.keep(initiator, link);
    for (const auto& call : node.calls)
        call->bell.ring(); // one may have lost its link
    if (node.texts != nullptr)
        node.texts->link_opened(link->peer.account_id, initiator);
    if (node.cards != nullptr)
        node.cards->link_opened(link);
    if (std::exchange(node.tending_links, true))
        node.bell.ring();
    else
        spawn(node, tend_links(node));
}

} // namespace jackfield::kernel
