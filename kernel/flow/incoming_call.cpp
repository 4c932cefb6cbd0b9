// A call to this end, step by step. See incoming_call.hpp.

#include "kernel/flow/incoming_call.hpp"

#include "kernel/flow/cards.hpp"
#include "kernel/flow/limits.hpp"
#include "kernel/flow/replaced_call.hpp"
#include "kernel/flow/stay_alive.hpp"
#include "kernel/flow/step_failure.hpp"

#include <algorithm>

namespace jackfield::kernel {

namespace {

/// How many components of connectivity our answer will use; also for pictures that are added later, if they do not
/// share a path.
std::uint32_t highest_component(const MediaDescription& answer, std::uint32_t of_all)
{
    int highest = 0;
    for (const auto& line : answer.lines) {
        if (!line.rejected && line.channel.empty())
            highest = std::max({highest, line.rtp_component, line.rtcp_component});
    }
    const auto used = static_cast<std::uint32_t>(highest);
    return used == 0 || answer.bundle ? used : std::max(used, of_all);
}

/// Throws if the caller has gone, or the program does not want the call (any more).
void check_wanted(const Call& call, const Leg& leg)
{
    if (leg.signaled->over())
        throw StepFailure(Step::signaling, status_of(leg.signaled->ending()), leg.signaled->ending().text);
    if (call.refused())
        throw StepFailure(Step::signaling, JF_REFUSED, "refused here");
    if (call.replaces && call.replaces->hung_up())
        throw StepFailure(Step::signaling, JF_NOT_FOUND, "the call whose place it was to take was hung up");
}

// 6  Until the program answers or refuses, the caller gives up, or nobody comes.
awaitable<void> wait_for_decision(Environment& node, std::shared_ptr<Call> call, std::shared_ptr<CallMedia> media,
                                  std::shared_ptr<Leg> leg)
{
    const bool decided = co_await until(call->bell, now() + node.settings.ring_timeout, [&] {
        if (leg->media->ready() && !media->open())
            prepare_media(*call, *media, *leg->media);
        check_media(*media);
        return call->answered_here() || call->refused() || call->hung_up() || leg->signaled->over();
    });
    if (!decided) {
        call->refuse(JF_REASON_NO_ANSWER);
        throw StepFailure(Step::signaling, JF_TIMEOUT, "nobody answered");
    }
    if (call->hung_up())
        call->refuse(JF_REASON_DECLINED);
    check_wanted(*call, *leg);
}

/// The caller learns why, if it does not know yet.
void refuse(const Call& call, Leg& leg, const StepFailure& failure)
{
    if (!leg.signaled || leg.signaled->over() || leg.signaled->left())
        return;
    std::uint32_t reason = JF_REASON_FAILED;
    const bool taken = call.answered_here() && !call.replaces; // that one is answered by nobody here
    if (taken && call.hung_up())
        reason = *call.hung_up();
    else if (call.refused())
        reason = *call.refused();
    else if (failure.status() == JF_UNSUPPORTED || failure.status() == JF_BAD_INPUT)
        reason = JF_REASON_NOT_ACCEPTABLE;
    else if (call.replaces && call.replaces->hung_up())
        reason = JF_REASON_NO_SUCH_CALL;
    try {
        if (taken)
            leg.signaled->bye(reason);
        else
            leg.signaled->refuse(reason);
    } catch (const Failure&) {
        // The link broke: the caller sees that.
    }
}

} // namespace

awaitable<std::string> ring_here(Environment& node, std::shared_ptr<Call> call, std::shared_ptr<CallMedia> media,
                                 std::shared_ptr<Leg> leg, std::string offer_json)
{
    auto offer = as_step(Step::signaling, [&] { return parse_media_description(offer_json); });
    auto answer = as_step(Step::signaling, [&] { return media->answer(offer); });
    call->tell(Step::media_connectivity, Moment::start);
    as_step(Step::media_connectivity, [&] {
        leg->media = std::make_unique<MediaLeg>(node, call, leg->device, JF_CONTROLLED,
                                                highest_component(answer, media->component_count()));
    });
    co_await leg->media->gathered([&] { return leg->signaled->over() || call->refused(); });
    check_wanted(*call, *leg);
    auto answer_json = as_step(Step::media_connectivity, [&] {
        auto json = leg->media->describe(std::move(answer));
        leg->media->take_remote(*media, offer, *leg->link->layers);
        leg->media->trickle_over(*leg->signaled);
        return json;
    });
    if (!call->replaces) // RFC 3891 section 3
        as_step(Step::signaling, [&] { leg->signaled->ring(answer_json); });
    open_codecs(*media, *leg->media); // after the 180, which would have to share the processor with them
    if (!call->replaces) {
        call->tell_progress(Step::signaling, "ringing");
        call->tell_ringing();
    }
    co_return answer_json;
}

awaitable<void> incoming_call(Environment& node, std::shared_ptr<Call> call, std::shared_ptr<Link> link,
                              Invitation invitation)
{
    const auto end = std::make_shared<CallEnd>();
    const auto leg = std::make_shared<Leg>();
    std::shared_ptr<CallMedia> media;
    leg->device = link->peer;
    leg->link = link;
    try {
        call->tell(Step::call, Moment::start, origin_of(*call));
        leg->signaled = as_step(Step::signaling, [&] {
            return std::make_unique<SignaledCall>(*link->signaling, invitation.number, [call] { call->bell.ring(); });
        });
        check_wanted(*call, *leg);      //   it may not even ring
        media = open_media(node, call); //   what we send and record
        const std::string answer = co_await ring_here(node, call, media, leg, invitation.offer); // 6, 7
        co_await wait_for_decision(node, call, media, leg);                                      // 6
        as_step(Step::signaling, [&] { leg->signaled->answer(answer); });                        // 6
        call->tell(Step::signaling, Moment::done);
        end->answered = true;
        call->leg = leg;
        end_replaced(*call);
        call->tell_answered();
        if (node.cards != nullptr)
            node.cards->call_answered(leg->link);
        co_await start_media(call, media, leg);           // 7
        co_await stay_alive(node, call, media, leg, end); // 8
    } catch (const StepFailure& failure) {
        end->error = failure.error();
        end->step = failure.step();
        if (leg->signaled && leg->signaled->over()) {
            end->by_peer = true;
            end->reason = leg->signaled->ending().reason;
        }
        refuse(*call, *leg, failure);
    }
    co_await close_call(call, media, end);
}

} // namespace jackfield::kernel
