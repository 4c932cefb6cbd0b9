// One end of a running call wants the other to call somebody else. See call_transfers.hpp.

#include "kernel/flow/call_transfers.hpp"

#include "kernel/contacts/contacts.hpp"
#include "kernel/flow/limits.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace jackfield::kernel {

namespace {

void tell_timeline(Call& call, nlohmann::json detail, const std::string& text = {})
{
    if (!text.empty())
        detail["text"] = text;
    call.tell(Step::signaling, Moment::progress, detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

} // namespace

void CallTransfers::look()
{
    if (leg_.signaled->over() || call_.hung_up())
        return;
    hear_referral();
    tell_peer();
    if (const auto wish = std::exchange(call_.transfer_wanted, std::nullopt))
        ask(*wish);
    hear_result();
    hear_progress();
    mind_limits();
}

TimePoint CallTransfers::next() const
{
    return std::min({asked_ ? asked_->by : TimePoint::max(), decided_by_, gone_by_});
}

// --- our wish -------------------------------------------------------------------------------------------------------

void CallTransfers::ask(const TransferWish& wish)
{
    std::optional<Error> problem = why_not(wish.account);
    if (!problem) {
        nlohmann::json detail{{"what", "transfer_asked"}, {"account", wish.account}};
        if (wish.in_place_of)
            detail["replaces"] = wish.in_place_of->id;
        tell_timeline(call_, std::move(detail));
        try {
            leg_.signaled->refer(wish.account, wish.in_place_of ? wish.in_place_of->dialog_name() : "");
            asked_ = Asked{.by = now() + limits::kTransferTaken, .in_place_of = wish.in_place_of};
        } catch (const Failure& failure) {
            problem = failure.error();
        }
    }
    if (problem)
        tell_program({0, true, false, problem->text});
}

std::optional<Error> CallTransfers::why_not(const std::string& whom) const
{
    if (asked_)
        return Error{JF_BUSY, "an earlier transfer has not ended yet"};
    if (!Contacts::is_account_id(whom))
        return Error{JF_BAD_INPUT, "\"" + whom + "\" is no account"};
    if (is_us(whom) || whom == call_.peer_account)
        return Error{JF_BAD_INPUT, "a call is handed on to somebody who is not in it"};
    return std::nullopt;
}

bool CallTransfers::is_us(const std::string& account) const
{
    const bool carried = leg_.link && leg_.link->carried;
    return account == call_.own_account || (carried && Contacts::normal_id(leg_.link->carried->local()) == account);
}

void CallTransfers::hear_result()
{
    if (!asked_ || asked_->taken || !leg_.signaled->refer_result())
        return;
    const Error& result = *leg_.signaled->refer_result();
    if (result.status != JF_OK) {
        asked_.reset();
        return tell_program({0, true, false, result.text});
    }
    asked_->taken = true;
    asked_->by = now() + limits::kTransferEnds;
    if (media_.now().holding)
        return;
    asked_->held = true; // the peer turns to somebody else
    call_.change({.hold = true, .video = {}, .source = {}, .play = {}});
}

void CallTransfers::hear_progress()
{
    while (const auto progress = leg_.signaled->take_refer_progress()) {
        if (!asked_)
            continue; // of one that we have given up
        if (progress->is_last())
            return finish(*progress);
        tell_program({progress->code, false, false, progress->text});
    }
}

/// The call is over for us if it is another's now; else it goes on.
void CallTransfers::finish(const ReferProgress& last)
{
    const bool held = asked_->held;
    const auto other = asked_->in_place_of;
    asked_.reset();
    const bool succeeded = last.code >= 200 && last.code < 300;
    tell_program({last.code, true, succeeded, last.text});
    if (succeeded && other) {
        other->handed_over = true;
        other->bell.ring();
    }
    if (succeeded) {
        call_.transferred = true;
        return call_.hang_up();
    }
    if (held)
        call_.change({.hold = false, .video = {}, .source = {}, .play = {}});
}

void CallTransfers::tell_program(const TransferProgress& progress)
{
    tell_timeline(call_,
                  {{"what", progress.over ? "transfer_ended" : "transfer"},
                   {"code", progress.code},
                   {"succeeded", progress.succeeded}},
                  progress.text);
    call_.listener->transfer_progressed(call_, progress);
}

// --- the peer's -----------------------------------------------------------------------------------------------------

void CallTransfers::hear_referral()
{
    const auto wish = leg_.signaled->take_referral();
    if (!wish)
        return;
    const auto target = Contacts::normal_id(wish->target);
    const auto& [by, replaces] = wish->referral;
    referral_ = std::make_shared<Referral>(call_.weak_from_this(), target.value_or(""),
                                           Contacts::normal_id(by).value_or(""), replaces);
    tell_timeline(call_, {{"what", "referred"},
                          {"account", target.value_or(wish->target)},
                          {"referred_by", referral_->referred_by},
                          {"attended", !replaces.empty()}});
    if (!target || is_us(*target)) { // nobody, or ourselves
        referral_->refuse();
        return;
    }
    decided_by_ = now() + limits::kReferralDecided;
    call_.listener->referred(call_, referral_);
}

void CallTransfers::tell_peer()
{
    while (referral_) {
        const auto news = referral_->take_news();
        if (!news)
            return;
        decided_by_ = TimePoint::max();
        tell_timeline(call_, {{"what", "referral"}, {"code", news->code}}, news->text);
        try {
            leg_.signaled->tell_referral(news->code, news->text);
        } catch (const Failure&) {
            // It does not want to hear: the call that follows goes on all the same.
        }
        if (news->code >= 200 && news->code < 300)
            gone_by_ = now() + limits::kReferrerGoes;
        if (news->is_last())
            referral_.reset();
    }
}

/// Whoever talks to somebody else now hangs up; if it does not, we do.
void CallTransfers::mind_limits()
{
    if (call_.handed_over && gone_by_ == TimePoint::max())
        gone_by_ = now() + limits::kReferrerGoes;
    if (asked_ && now() >= asked_->by)
        finish({0, "the peer has not said in time what became of it"});
    if (now() >= decided_by_) {
        referral_->refuse();
        tell_peer();
    }
    if (now() >= gone_by_) {
        gone_by_ = TimePoint::max();
        call_.hang_up();
    }
}

} // namespace jackfield::kernel
