// A call that has lost its way to the peer. See recovery.hpp.

#include "kernel/flow/recovery.hpp"

#include "kernel/flow/limits.hpp"
#include "kernel/flow/reopen_links.hpp"
#include "kernel/flow/step_failure.hpp"
#include "kernel/flow/tend_links.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace jackfield::kernel {

namespace {

void tell(Call& call, const nlohmann::json& detail)
{
    call.tell(Step::media, Moment::progress, detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

/// Whether the peer is to send something, by what was agreed. Who holds a call may, and mostly does not.
bool expects_packets(const CallMedia& media, bool held)
{
    const MediaNow flows = media.now();
    return !held && ((flows.audio && flows.audio->receive) || (flows.video && flows.video->receive));
}

constexpr const char* kSilence = "nothing comes from the peer";

} // namespace

void Recovery::look()
{
    if (leg_.signaled->over() || call_.hung_up())
        return;
    follow_the_peer(Mover::peer);
    if (peer_has_left())
        return leg_.signaled->peer_hung_up();
    as_step(Step::media, [&] { leg_.media->look_after_channels(link_is_good() ? leg_.link->layers.get() : nullptr); });
    listen();
    check_hope();
    if (!leg_.media->can_restart())
        return attempt_.reset();
    if (const auto why = trouble(); !attempt_ && !why.empty())
        begin(why);
    if (!attempt_)
        return;
    if (restored())
        return end();
    if (attempt_->only_silence && now() >= give_up_at() && link_is_good())
        return attempt_.reset(); // the peer has nothing to say, and wants no other way
    if (now() >= attempt_->turn)
        act();
}

TimePoint Recovery::next() const
{
    if (!attempt_)
        return silence_due();
    const auto act_at = std::max(attempt_->turn, attempt_->restart_at);
    return std::min(give_up_at(), act_at > now() ? act_at : TimePoint::max());
}

/// Who hangs up says so in media, too, and that may come through where the link to us does not. Where it does,
/// signaling has the better words, and the link is asked whether it lives.
bool Recovery::peer_has_left()
{
    if (!media_.said_goodbye() || leg_.link->carried) { // a service's telephones say it when they put somebody on hold
        asked_after_goodbye_ = false;
        return false;
    }
    if (attempt_ || !link_is_good())
        return true;
    if (!std::exchange(asked_after_goodbye_, true))
        ask_for_life(node_, leg_.link, leg_.link->round_trip.patience());
    return false;
}

// --- what goes wrong ------------------------------------------------------------------------------------------------

/// Looked at once each; empty: nothing.
std::string Recovery::trouble()
{
    const bool changed = std::exchange(network_changes_, node_.network_changes) != node_.network_changes;
    if (changed && own_address_has_gone())
        return "an address of this machine has gone";
    if (leg_.signaled->stranded())
        return "the connection to the peer has ended";
    if (leg_.link->dead)
        return "the link to the peer gives no sign of life";
    if (leg_.media->failure())
        return leg_.media->failure()->text;
    return std::exchange(silent_, false) ? kSilence : "";
}

bool Recovery::own_address_has_gone() const
{
    if (leg_.media->stands_on(node_.gone_addresses))
        return true;
    return leg_.media->over_channels() && leg_.link->connectivity &&
           stands_on(*leg_.link->connectivity, node_.gone_addresses);
}

/// The link is asked first, where it can be: if it is dead, so is the call's way. If it lives, datagrams alone may be
/// stopped, or the peer has nothing to say; looking for another way costs little, and is done once for each silence.
void Recovery::listen()
{
    measure_link();
    const auto heard = media_.heard_at();
    const bool expected_before = std::exchange(expected_, expects_packets(media_, live_.held()));
    if (!expected_ || !expected_before)
        silence_ = {};
    else if (std::exchange(heard_, heard) != heard)
        silence_ = {.since = heard.value_or(now())};
    if (attempt_ || now() < silence_due())
        return;
    if (!std::exchange(silence_.asked, true))
        return ask_for_life(node_, leg_.link, leg_.link->round_trip.patience());
    silence_.called = silent_ = true;
}

/// Once each, so that its death is noticed soon.
void Recovery::measure_link()
{
    if (std::exchange(measured_, leg_.link.get()) != leg_.link.get() && !leg_.link->round_trip.known())
        ping_link(node_, leg_.link, limits::kPingAnswer, [](const std::shared_ptr<Link>&) {});
}

/// At the beginning a peer has codecs to open.
Recovery::Bears Recovery::bears() const
{
    return heard_ ? Bears{limits::kSilenceToAsk, limits::kSilenceToRestart}
                  : Bears{limits::kFirstSilenceToAsk, limits::kFirstSilenceToRestart};
}

/// When silence will mean something, if it goes on; there may have been packets by then.
TimePoint Recovery::silence_due() const
{
    if (silence_.called || !expected_)
        return TimePoint::max();
    return silence_.since + (silence_.asked ? bears().before_restarting : bears().before_asking);
}

// --- the attempt ----------------------------------------------------------------------------------------------------

/// The caller begins, so that the offers of the two do not meet (RFC 3261 section 14.1); but whose own address has gone
/// may be the only one who knows.
void Recovery::begin(const std::string& why)
{
    const bool own_loss = own_address_has_gone();
    const auto wait = own_loss ? std::chrono::milliseconds(limits::kCallerBegins) : limits::kOtherBegins;
    attempt_ = Attempt{now(),
                       call_.side == Side::caller ? now() : now() + wait,
                       now(),
                       leg_.media->restarts(),
                       leg_.signaled->stranded(),
                       why == kSilence,
                       false};
    tell(call_, {{"what", "reconnecting"}, {"text", why}});
    call_.listener->reconnecting(call_, why);
}

/// Both ends have begun anew, each component has its pair, and the link stands.
bool Recovery::restored() const
{
    return link_is_good() && !leg_.media->failure() && leg_.media->restarts() != attempt_->restarts_before &&
           leg_.media->connected_anew();
}

void Recovery::end()
{
    const std::chrono::duration<double, std::milli> took = now() - attempt_->since;
    if (!attempt_->only_silence) // which goes on if the peer has nothing to say
        silence_ = {};
    attempt_.reset();
    tell(call_, {{"what", "reconnected"}, {"after_ms", std::round(took.count() * 10) / 10}});
    call_.listener->reconnected(call_);
}

/// A peer that ended the connection is probably gone: it has less time than one that has fallen silent.
TimePoint Recovery::give_up_at() const
{
    const TimePoint last = attempt_->since + limits::kRecovery;
    return attempt_->peer_ended_link ? std::min(last, attempt_->since + limits::kRecoveryOfBroken) : last;
}

void Recovery::check_hope() const
{
    const auto failure = leg_.media->failure();
    if (!leg_.media->can_restart()) {
        if (failure)
            throw StepFailure(Step::media, *failure);
        if (leg_.signaled->stranded())
            throw StepFailure(Step::media, JF_CLOSED, "the connection to the peer broke");
    }
    if (!attempt_ || now() < give_up_at() || (attempt_->only_silence && link_is_good() && !failure))
        return;
    if (leg_.signaled->stranded())
        throw StepFailure(Step::media, JF_CLOSED, "the connection to the peer broke, and there is no other");
    throw StepFailure(Step::media, failure.value_or(Error{JF_UNREACHABLE, "no way to the peer was found again"}));
}

void Recovery::act()
{
    if (!link_is_good())
        return move_to_other_link();
    if (!std::exchange(attempt_->asked_for_life, true))
        ask_for_life(node_, leg_.link, leg_.link->round_trip.patience());
    if (now() < attempt_->restart_at)
        return;
    attempt_->restart_at = now() + limits::kRestartAgain;
    if (std::exchange(attempt_->offered_over, leg_.link.get()) == leg_.link.get())
        ask_for_life(node_, leg_.link, leg_.link->round_trip.patience()); // nothing came of that: is it dead, too?
    live_.restart_ice();
    check_hope(); // it may be that it cannot be done
}

// --- the link -------------------------------------------------------------------------------------------------------

void Recovery::move_to_other_link()
{
    const auto other = node_.links.find(leg_.device.device_id);
    if (!other || other == leg_.link)
        return reopen_link(node_, leg_.device);
    try {
        leg_.signaled->take_over_by(*other->signaling);
    } catch (const Failure& failure) {
        if (failure.error().status == JF_CLOSED)
            return; // it ended at this moment: there will be another
        throw StepFailure(Step::media, failure.error());
    }
    follow_the_peer(Mover::we);
    act();
}

/// The peer may have gone on over another link by itself; so may we.
void Recovery::follow_the_peer(Mover mover)
{
    const auto session = leg_.signaled->take_move();
    if (!session)
        return;
    for (const auto& link : node_.links.all()) {
        if (link->signaling.get() == *session)
            return moved(link, mover);
    }
}

void Recovery::moved(std::shared_ptr<Link> link, Mover mover)
{
    leg_.media->leave_channels();
    leg_.link = std::move(link);
    as_step(Step::media, [&] { leg_.media->link_moved(*leg_.link->layers); });
    live_.link_moved();
    call_.tell_progress(Step::media, "moved to another link");
    if (attempt_) {
        // Whoever moves offers. Both may see a link open at the same time: then the caller does.
        attempt_->restart_at = now();
        if (mover == Mover::peer)
            attempt_->restart_at += limits::kRestartAgain;
        else if (call_.side == Side::callee)
            attempt_->restart_at = std::max(now(), leg_.link->opened + limits::kCallerBegins);
        attempt_->peer_ended_link = false;
        attempt_->asked_for_life = true; // it has just been opened
        attempt_->offered_over = nullptr;
    }
}

} // namespace jackfield::kernel
