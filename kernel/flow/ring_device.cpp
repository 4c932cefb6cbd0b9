// Steps 2 to 7 towards one device. See ring_device.hpp.

#include "kernel/flow/ring_device.hpp"

#include "kernel/flow/limits.hpp"
#include "kernel/flow/open_link.hpp"
#include "kernel/flow/step_failure.hpp"

namespace jackfield::kernel {

namespace {

/// A leg wants its link until the call is hung up or another device was faster.
class LegErrand final : public Errand {
public:
    LegErrand(std::shared_ptr<Call> call, std::shared_ptr<Leg> leg) : call_(std::move(call)), leg_(std::move(leg)) {}

    Bell& bell() override { return call_->bell; }
    bool unwanted() const override { return call_->hung_up() || leg_->abandoned; }
    void check_wanted(Step step) const override
    {
        call_->check_hung_up(step);
        if (leg_->abandoned)
            throw StepFailure(step, JF_CANCELLED, "another device took the call");
    }
    void tell(Step step, Moment moment, std::string detail_json) override
    {
        call_->tell(step, moment, std::move(detail_json));
    }

private:
    std::shared_ptr<Call> call_;
    std::shared_ptr<Leg> leg_;
};

// 6, 7  INVITE with our offer; the media session has been gathering since the link was asked for.
awaitable<void> invite(std::shared_ptr<Call> call, std::shared_ptr<CallMedia> media, std::shared_ptr<Leg> leg)
{
    call->tell(Step::signaling, Moment::start);
    co_await leg->media->gathered([&] { return leg->abandoned || !leg->link->usable(); });
    call->check_hung_up(Step::signaling);
    if (leg->abandoned)
        throw StepFailure(Step::signaling, JF_CANCELLED, "another device took the call");
    as_step(Step::signaling, [&] {
        auto& signaling = *leg->link->signaling;
        leg->signaled = std::make_unique<SignaledCall>(signaling, signaling.new_call_number(),
                                                       [kept = call] { kept->bell.ring(); });
        const auto referral = call->follows ? call->follows->origin() : CallReferral{};
        leg->signaled->invite(leg->media->describe(media->offer()), referral);
        leg->media->trickle_over(*leg->signaled);
    });
}

/// A link that was kept may have died without a word, or die now. True if the device reacts to an invitation over it.
awaitable<bool> invite_over_kept(std::shared_ptr<Call> call, std::shared_ptr<CallMedia> media, std::shared_ptr<Leg> leg)
{
    call->tell_progress(Step::connectivity, "kept");
    bool broken = false;
    try {
        co_await invite(call, media, leg);
    } catch (const StepFailure&) {
        broken = !leg->link->usable();
        if (!broken)
            throw;
    }
    if (broken)
        co_return false;
    const bool reacted = co_await until(call->bell, now() + limits::kKeptReacts, [&] {
        return leg->ringing() || leg->signaled->over() || leg->abandoned || call->hung_up();
    });
    co_return reacted && (leg->link->usable() || leg->abandoned || call->hung_up());
}

/// Nothing more is expected of the leg's link.
void forget_link(Environment& node, Call& call, Leg& leg)
{
    say_goodbye(leg, JF_REASON_CANCELLED);
    leg.media->leave_link();
    leg.signaled.reset();
    node.links.drop(leg.link);
    leg.link.reset();
    call.tell_progress(Step::connectivity, "kept link is dead");
}

/// Uses the callee's media description as soon as there is one: while it rings, if it says so early.
void take_answer(Call& call, const CallMedia& media, Leg& leg)
{
    if (leg.media->agreed() || leg.signaled->peer_answer().empty())
        return;
    as_step(Step::media_connectivity, [&] {
        call.tell(Step::media_connectivity, Moment::start);
        leg.media->take_remote(media, parse_media_description(leg.signaled->peer_answer()), *leg.link->layers);
    });
}

// 6  Until the device answers or refuses, we hang up, or another device was faster.
awaitable<void> wait_for_answer(Environment& node, std::shared_ptr<Call> call, std::shared_ptr<CallMedia> media,
                                std::shared_ptr<Leg> leg)
{
    const auto settled = [&] {
        take_answer(*call, *media, *leg);
        return leg->answered() || leg->signaled->over() || leg->abandoned || call->hung_up();
    };
    const auto alive = [&] { return leg->ringing() || settled(); };
    const bool alerted = co_await until(call->bell, now() + limits::kRingingStarts, alive);
    if (!alerted)
        throw StepFailure(Step::signaling, JF_TIMEOUT, "the peer's device did not react to the invitation");
    if (leg->ringing())
        call->tell_progress(Step::signaling, "ringing");
    // The callee ends an unanswered call by itself; our own limit only guards against one that forgets to.
    const bool in_time = co_await until(call->bell, now() + node.settings.ring_timeout + limits::kGoodbye, settled);
    if (!in_time)
        throw StepFailure(Step::signaling, JF_TIMEOUT, "nobody answered");
    if (leg->signaled->over())
        leg->ending = leg->signaled->ending();
}

} // namespace

awaitable<void> ring_device(Environment& node, std::shared_ptr<Call> call, std::shared_ptr<CallMedia> media,
                            std::shared_ptr<Leg> leg)
{
    try {
        as_step(Step::media_connectivity, [&] {
            leg->media = std::make_unique<MediaLeg>(node, call, leg->device, JF_CONTROLLING, media->component_count());
        });
        leg->link = node.links.find(leg->device.device_id);
        if (leg->link) {
            const bool alive = co_await invite_over_kept(call, media, leg); // 6
            if (!alive)
                forget_link(node, *call, *leg);
        }
        if (!leg->link) {
            leg->link = co_await link_to(node, std::make_shared<LegErrand>(call, leg), leg->device); // 2-5
            co_await invite(call, media, leg);                                                       // 6
        }
        co_await wait_for_answer(node, call, media, leg); // 6, 7
    } catch (const StepFailure& failure) {
        leg->failure = failure.error();
        leg->failed_at = failure.step();
    }
    if (leg->failure || leg->abandoned || call->hung_up())
        say_goodbye(*leg, leg->abandon_reason);
    leg->ended = true;
    call->bell.ring();
}

void say_goodbye(const Leg& leg, std::uint32_t reason)
{
    if (!leg.signaled || leg.signaled->over() || leg.signaled->left())
        return;
    try {
        if (leg.signaled->answered())
            leg.signaled->bye(reason);
        else
            leg.signaled->cancel(reason);
    } catch (const Failure&) {
        // The link broke: the device knows, or will find out the same way.
    }
}

} // namespace jackfield::kernel
