// A call from this end, step by step. See outgoing_call.hpp.

#include "kernel/flow/outgoing_call.hpp"

#include "kernel/flow/cards.hpp"
#include "kernel/flow/crossing.hpp"
#include "kernel/flow/limits.hpp"
#include "kernel/flow/node_flows.hpp"
#include "kernel/flow/ring_device.hpp"
#include "kernel/flow/stay_alive.hpp"
#include "kernel/flow/step_failure.hpp"

#include <algorithm>
#include <list>

namespace jackfield::kernel {

namespace {

using Legs = std::list<std::shared_ptr<Leg>>;

/// A leg for a device, unless it has one, it is this one, or there are too many.
void ring(Environment& node, const std::shared_ptr<Call>& call, const std::shared_ptr<CallMedia>& media,
          const Device& device, Legs& legs)
{
    if (device.device_id == node.self.device_id || legs.size() >= limits::kDevicesAsked ||
        std::ranges::any_of(legs, [&](const auto& leg) { return leg->device.device_id == device.device_id; }))
        return;
    const auto leg = std::make_shared<Leg>();
    leg->device = device;
    legs.push_back(leg);
    spawn(node, ring_device(node, call, media, leg));
}

/// A leg for every device that we have an open link to: these need not be found. The look-up for the others waits until
/// these ring, because it would take the processor from them; not for long, because a link may be dead.
awaitable<Legs> ring_linked_devices(Environment& node, std::shared_ptr<Call> call, std::shared_ptr<CallMedia> media)
{
    Legs legs;
    const auto linked = node.links.devices_of(call->peer_account);
    if (linked.empty())
        co_return legs;
    call->tell(Step::discovery, Moment::done, R"({"kept":true})");
    for (const Device& device : linked)
        ring(node, call, media, device, legs);
    co_await until(call->bell, now() + limits::kLinkedAlone, [&] {
        return call->hung_up() ||
               std::ranges::any_of(legs, [](const auto& leg) { return leg->ringing() || leg->ended; });
    });
    co_return legs;
}

/// A leg for every device that has been found.
void ring_found_devices(Environment& node, const std::shared_ptr<Call>& call, const std::shared_ptr<CallMedia>& media,
                        const Search& search, Legs& legs)
{
    const auto other = [&](const Device& device) { return device.device_id != node.self.device_id; };
    if (legs.empty() && std::ranges::any_of(search.devices(), other))
        call->tell(Step::discovery, Moment::done);
    for (const Device& device : search.devices())
        ring(node, call, media, device, legs);
}

/// What the caller hears if no device took the call: a person's word counts more than a device that failed, and that
/// more than a connection that broke.
StepFailure why_nobody(const Legs& legs, CallEnd& end)
{
    const CallEnding* broken = nullptr;
    for (const auto& leg : legs) {
        if (!leg->ending)
            continue;
        if (status_of(*leg->ending) == JF_CLOSED) {
            broken = &*leg->ending;
            continue;
        }
        end.by_peer = true;
        end.reason = leg->ending->reason;
        return {Step::signaling, status_of(*leg->ending), leg->ending->text};
    }
    for (const auto& leg : legs) {
        if (leg->failure)
            return {leg->failed_at, *leg->failure};
    }
    if (broken != nullptr)
        return {Step::signaling, JF_CLOSED, broken->text};
    return {Step::signaling, JF_INTERNAL, "no device took the call"};
}

/// How far the call had come when it was hung up: the furthest of its legs.
Step furthest(const Legs& legs)
{
    Step step = Step::discovery;
    for (const auto& leg : legs)
        step = std::max(step, leg->failure ? leg->failed_at : Step::signaling);
    return step;
}

/// Media that was made ready on the paths of a leg goes before the legs do, however ringing ends.
class ReadyMedia {
public:
    explicit ReadyMedia(CallMedia& media) : media_(media) {}
    ReadyMedia(const ReadyMedia&) = delete;
    ReadyMedia& operator=(const ReadyMedia&) = delete;
    ~ReadyMedia()
    {
        if (leg_ != nullptr)
            media_.close_transport();
    }

    /// The first leg whose media is up gets it; until then codecs open for the first that knows what will flow.
    void offer(Call& call, const Leg& leg)
    {
        if (leg.ended || !leg.media || media_.open())
            return;
        if (leg_ == nullptr && leg.media->agreed()) {
            leg_ = leg.media.get();
            open_codecs(media_, *leg_);
        }
        if (leg.media->ready()) {
            leg_ = leg.media.get();
            prepare_media(call, media_, *leg_);
        }
    }

    /// The winner takes it along if it was made ready for him.
    void leave_to(const Leg& winner)
    {
        if (leg_ == winner.media.get())
            leg_ = nullptr;
    }

private:
    CallMedia& media_;
    MediaLeg* leg_ = nullptr;
};

/// Tells every leg but one that it is not wanted any more. Their flows say goodbye; one that has ended, because its
/// device answered at the same moment, cannot.
void abandon(const Legs& legs, const std::shared_ptr<Leg>& winner, Call& call)
{
    for (const auto& leg : legs) {
        if (leg == winner)
            continue;
        leg->abandoned = true;
        leg->abandon_reason = winner || call.crossing.taken ? JF_REASON_ELSEWHERE : JF_REASON_CANCELLED;
        if (leg->ended)
            say_goodbye(*leg, leg->abandon_reason);
    }
    call.bell.ring();
}

// 1-6  Every device of the peer at once, each as soon as it is found; the first that answers wins. Null if the peer has
//      called us meanwhile, and that is the call that goes on.
awaitable<std::shared_ptr<Leg>> ring_all(Environment& node, std::shared_ptr<Call> call,
                                         std::shared_ptr<CallMedia> media, std::shared_ptr<CallEnd> end)
{
    call->tell(Step::discovery, Moment::start);
    call->crossing.open = true;
    Legs legs = co_await ring_linked_devices(node, call, media);
    const Search search(node.switchboard, call->peer_account, [call] { call->bell.ring(); }, Asking::unless_watched);
    std::shared_ptr<Leg> winner;
    ReadyMedia ready(*media);
    bool rang = false;
    const auto settled = [&] {
        ring_found_devices(node, call, media, search, legs);
        for (const auto& leg : legs) {
            if (leg->ringing() && !std::exchange(rang, true))
                call->tell_ringing();
            if (leg->answered() && !winner)
                winner = leg;
            ready.offer(*call, *leg); // while it rings, so that media flows at the accept
        }
        check_media(*media);
        const bool all_over = search.done() && std::ranges::all_of(legs, [](const auto& leg) { return leg->ended; });
        return winner || call->crossing.taken || all_over || call->hung_up();
    };
    try {
        co_await until(call->bell, now() + limits::kFind, [&] { return settled() || !legs.empty(); });
        if (legs.empty() && !search.done() && !call->hung_up())
            throw StepFailure(Step::discovery, JF_TIMEOUT, "no device of that account was found in time");
        if (!winner)
            co_await until(call->bell, TimePoint::max(), settled); // each leg has limits of its own
    } catch (const StepFailure&) {
        abandon(legs, nullptr, *call);
        throw;
    }
    call->crossing.open = false;
    abandon(legs, winner, *call);
    co_await until(call->bell, now() + limits::kGoodbye, [&] {
        return std::ranges::all_of(legs, [&](const auto& leg) { return leg->ended || leg == winner; });
    });
    if (winner) {
        ready.leave_to(*winner);
        co_return winner;
    }
    if (call->crossing.taken && !call->hung_up())
        co_return nullptr;
    call->check_hung_up(furthest(legs));
    if (legs.empty())
        throw StepFailure(Step::discovery, why_nobody_is_there(node, call->peer_account, search));
    throw why_nobody(legs, *end);
}

} // namespace

awaitable<void> outgoing_call(Environment& node, std::shared_ptr<Call> call)
{
    const auto end = std::make_shared<CallEnd>();
    std::shared_ptr<CallMedia> media;
    std::shared_ptr<Leg> leg;
    try {
        call->tell(Step::call, Moment::start);
        media = open_media(node, call);                  //     the files we send and record
        leg = co_await ring_all(node, call, media, end); // 1-7 find, connect, encrypt, invite; media while it rings
        if (!leg)
            leg = co_await answer_crossing(node, call, media); // 6, 7 the peer has called us at the same moment
        end_crossing(*call);
        call->check_hung_up(Step::signaling); // the answer crossed it: RFC 3261 section 9.1
        call->tell(Step::signaling, Moment::done);
        end->answered = true;
        call->leg = leg;
        call->tell_answered();
        if (node.cards != nullptr)
            node.cards->call_answered(leg->link);
        co_await start_media(call, media, leg);           // 7
        co_await stay_alive(node, call, media, leg, end); // 8   until someone hangs up
    } catch (const StepFailure& failure) {
        end->error = failure.error();
        end->step = failure.step();
        if (leg) // it had answered: it must hear that nothing comes of it
            say_goodbye(*leg, call->hung_up().value_or(JF_REASON_FAILED));
    }
    end_crossing(*call);
    co_await close_call(call, media, end);
}

} // namespace jackfield::kernel
