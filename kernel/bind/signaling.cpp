// signaling/1 as the kernel uses it. See signaling.hpp.

#include "kernel/bind/signaling.hpp"

#include "kernel/bind/text.hpp"

namespace jackfield::kernel {

namespace {

SignalingSession& signaling_of(void* self)
{
    return *static_cast<SignalingSession*>(self);
}

CallReferral referral_of(const jf_referral* raw)
{
    return {std::string(view_of(raw->referred_by)), std::string(view_of(raw->replaces))};
}

jf_bytes abi_bytes(std::string_view text)
{
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

} // namespace

// --- SignaledCall ---------------------------------------------------------------------------------------------------

SignaledCall::SignaledCall(SignalingSession& session, std::uint64_t number, std::function<void()> changed)
    : session_(&session), number_(number), changed_(std::move(changed))
{
    session_->calls_[number_] = this;
    if (const auto early = session_->early_endings_.extract(number_))
        ending_ = early.mapped();
}

SignaledCall::~SignaledCall()
{
    if (session_ != nullptr)
        session_->calls_.erase(number_);
}

jf_signaling_session SignaledCall::raw() const
{
    if (session_ == nullptr)
        throw Failure(JF_CLOSED, "the connection to the peer has ended");
    return session_->session_;
}

/// Who wanted a call is no reason not to place it; what it replaces is.
void SignaledCall::invite(const std::string& offer, const CallReferral& referral)
{
    const auto session = raw();
    ErrorSlot error;
    jf_status status = JF_OK;
    if (!referral.empty() && JF_HAS(session.methods, invite_referred)) {
        const jf_referral ours{sizeof(ours), 0, abi_text(referral.referred_by), abi_text(referral.replaces)};
        status = session.methods->invite_referred(session.self, number_, abi_text(offer), &ours, &error);
    } else if (!referral.replaces.empty()) {
        throw Failure(JF_UNSUPPORTED, session_->plugin_id_ + " has no calls that replace others");
    } else {
        status = session.methods->invite(session.self, number_, abi_text(offer), &error);
    }
    require(status, error, session_->plugin_id_);
}

void SignaledCall::ring(const std::string& answer)
{
    const auto session = raw();
    ErrorSlot error;
    require(session.methods->ring(session.self, number_, abi_text(answer), &error), error, session_->plugin_id_);
}

void SignaledCall::answer(const std::string& answer)
{
    const auto session = raw();
    ErrorSlot error;
    require(session.methods->answer(session.self, number_, abi_text(answer), &error), error, session_->plugin_id_);
}

void SignaledCall::refuse(std::uint32_t reason)
{
    left_ = true;
    const auto session = raw();
    ErrorSlot error;
    require(session.methods->refuse(session.self, number_, reason, &error), error, session_->plugin_id_);
}

void SignaledCall::cancel(std::uint32_t reason)
{
    left_ = true;
    const auto session = raw();
    ErrorSlot error;
    require(session.methods->cancel(session.self, number_, reason, &error), error, session_->plugin_id_);
}

void SignaledCall::bye(std::uint32_t reason)
{
    left_ = true;
    const auto session = raw();
    ErrorSlot error;
    require(session.methods->bye(session.self, number_, reason, &error), error, session_->plugin_id_);
}

void SignaledCall::info(std::string_view content_type, std::string_view body, std::function<void(Error)> done)
{
    const auto session = raw();
    if (!done)
        done = [](const Error&) {};
    session.methods->info(session.self, number_, abi_text(content_type), abi_bytes(body),
                          session_->completions_.make(std::move(done)));
}

void SignaledCall::update(const std::string& offer)
{
    const auto session = raw();
    ErrorSlot error;
    require(session.methods->update(session.self, number_, abi_text(offer), &error), error, session_->plugin_id_);
}

void SignaledCall::answer_update(const std::string& answer)
{
    const auto session = raw();
    ErrorSlot error;
    require(session.methods->answer_update(session.self, number_, abi_text(answer), &error), error,
            session_->plugin_id_);
}

void SignaledCall::refer(const std::string& target, const std::string& replaces)
{
    const auto session = raw();
    if (!JF_HAS(session.methods, refer))
        throw Failure(JF_UNSUPPORTED, session_->plugin_id_ + " has no transfers");
    refer_progress_.clear();
    refer_result_ = std::make_shared<std::optional<Error>>();
    session.methods->refer(session.self, number_, abi_text(target), abi_text(replaces),
                           session_->completions_.make([result = refer_result_, changed = changed_](const Error& end) {
                               *result = end;
                               changed();
                           }));
}

std::optional<ReferProgress> SignaledCall::take_refer_progress()
{
    if (refer_progress_.empty())
        return std::nullopt;
    auto progress = std::move(refer_progress_.front());
    refer_progress_.pop_front();
    return progress;
}

void SignaledCall::tell_referral(std::uint32_t code, const std::string& text)
{
    const auto session = raw();
    if (!JF_HAS(session.methods, refer_progress))
        throw Failure(JF_UNSUPPORTED, session_->plugin_id_ + " has no transfers");
    ErrorSlot error;
    require(session.methods->refer_progress(session.self, number_, code, abi_text(text), &error), error,
            session_->plugin_id_);
}

std::string SignaledCall::dialog_name() const
{
    const auto session = raw();
    if (!JF_HAS(session.methods, name_dialog))
        throw Failure(JF_UNSUPPORTED, session_->plugin_id_ + " has no calls that replace others");
    std::string name;
    ErrorSlot error;
    require(session.methods->name_dialog(session.self, number_, append_to(name), &error), error, session_->plugin_id_);
    return name;
}

jf_status SignaledCall::matches(const std::string& dialog_name) const
{
    if (session_ == nullptr || over() || left_)
        return JF_NOT_FOUND;
    const auto session = raw();
    return JF_HAS(session.methods, match_dialog)
               ? session.methods->match_dialog(session.self, number_, abi_text(dialog_name))
               : JF_NOT_FOUND;
}

void SignaledCall::take_over_by(SignalingSession& session)
{
    const auto from = raw();
    const auto to = session.session_;
    if (to.methods != from.methods || !JF_HAS(to.methods, take_over))
        throw Failure(JF_UNSUPPORTED, session.plugin_id_ + " does not go on with a call of " + session_->plugin_id_);
    const std::uint64_t number = session.new_call_number();
    ErrorSlot error;
    require(to.methods->take_over(to.self, number, from.self, number_, &error), error, session.plugin_id_);
    move(session, number);
}

void SignaledCall::move(SignalingSession& session, std::uint64_t number)
{
    session_->calls_.erase(number_);
    session_ = &session;
    number_ = number;
    session_->calls_[number_] = this;
    stranded_ = false;
    peer_offer_.reset();
    update_answer_.reset();
    moved_to_ = &session;
    ++moves_;
    changed_();
}

void SignaledCall::peer_hung_up()
{
    try {
        bye(JF_REASON_NORMAL);
    } catch (const Failure&) {
        // There is no session any more that would have to be told.
    }
    end({JF_REASON_NORMAL, 0, "the peer hung up"});
}

void SignaledCall::on_info(std::function<bool(const std::string&, const std::string&)> hear)
{
    info_ = std::move(hear);
}

void SignaledCall::end(CallEnding ending)
{
    if (ending_)
        return;
    ending_ = std::move(ending);
    changed_();
}

// --- SignalingSession -----------------------------------------------------------------------------------------------

const jf_signaling_listener_methods SignalingSession::kListener{
    sizeof(jf_signaling_listener_methods),
    0,
    [](void* self, std::uint64_t call, jf_text offer, jf_text name) {
        signaling_of(self).events_.invited({call, std::string(view_of(offer)), std::string(view_of(name))});
    },
    [](void* self, std::uint64_t call, jf_text answer) {
        if (auto* found = signaling_of(self).find(call)) {
            found->ringing_ = true;
            if (answer.size > 0)
                found->peer_answer_ = view_of(answer);
            found->changed_();
        }
    },
    [](void* self, std::uint64_t call, jf_text answer) {
        if (auto* found = signaling_of(self).find(call)) {
            found->answered_ = true;
            if (answer.size > 0)
                found->peer_answer_ = view_of(answer);
            found->changed_();
        }
    },
    [](void* self, std::uint64_t call) {
        if (auto* found = signaling_of(self).find(call)) {
            found->confirmed_ = true;
            found->changed_();
        }
    },
    [](void* self, std::uint64_t call, std::uint32_t reason, std::uint32_t code, jf_text text) {
        if (auto* found = signaling_of(self).find(call))
            found->end({reason, code, std::string(view_of(text))});
    },
    [](void* self, std::uint64_t call, std::uint32_t reason) {
        const CallEnding ending{reason == JF_REASON_NORMAL ? JF_REASON_CANCELLED : reason, 0,
                                reason == JF_REASON_ELSEWHERE ? "answered elsewhere" : "the caller gave up"};
        if (auto* found = signaling_of(self).find(call))
            found->end(ending);
        else
            signaling_of(self).remember(call, ending);
    },
    [](void* self, std::uint64_t call, jf_text offer) {
        if (auto* found = signaling_of(self).find(call)) {
            found->peer_offer_ = view_of(offer);
            return found->changed_();
        }
        ErrorSlot error; // of no call that goes on: refused
        auto& session = signaling_of(self).session_;
        session.methods->answer_update(session.self, call, {nullptr, 0}, &error);
    },
    [](void* self, std::uint64_t call, jf_text answer) {
        if (auto* found = signaling_of(self).find(call)) {
            found->update_answer_ = view_of(answer);
            found->changed_();
        }
    },
    [](void* self, std::uint64_t call, std::uint32_t reason, jf_text text) {
        const CallEnding ending{reason, 0, std::string(view_of(text))};
        if (auto* found = signaling_of(self).find(call))
            found->end(ending);
        else
            signaling_of(self).remember(call, ending);
    },
    [](void* self, std::uint64_t, jf_text content_type, jf_bytes body) -> jf_status {
        return signaling_of(self).events_.message(std::string(view_of(content_type)),
                                                  std::string(reinterpret_cast<const char*>(body.data), body.size));
    },
    [](void* self, std::uint64_t call, jf_text content_type, jf_bytes body) -> jf_status {
        const auto* found = signaling_of(self).find(call);
        if (found == nullptr || !found->info_)
            return JF_UNSUPPORTED;
        const bool understood = found->info_(std::string(view_of(content_type)),
                                             std::string(reinterpret_cast<const char*>(body.data), body.size));
        return understood ? JF_OK : JF_UNSUPPORTED;
    },
    [](void* self, jf_status status, const jf_error* error) { signaling_of(self).break_off(error_of(status, error)); },
    [](void* self, std::uint64_t call, jf_text target, const jf_referral* referral) {
        if (auto* found = signaling_of(self).find(call)) {
            found->referral_ = {std::string(view_of(target)), referral_of(referral)};
            found->changed_();
        }
    },
    [](void* self, std::uint64_t call, std::uint32_t code, jf_text text) {
        constexpr std::size_t kMost = 64; // of a peer that repeats itself before anybody looks
        if (auto* found = signaling_of(self).find(call); found != nullptr) {
            if (found->refer_progress_.size() >= kMost)
                found->refer_progress_.pop_front();
            found->refer_progress_.push_back({code, std::string(view_of(text))});
            found->changed_();
        }
    },
    [](void* self, std::uint64_t call, jf_text offer, jf_text name, const jf_referral* referral) {
        signaling_of(self).events_.invited(
            {call, std::string(view_of(offer)), std::string(view_of(name)), referral_of(referral)});
    },
    [](void* self, std::uint64_t call) {
        if (auto* found = signaling_of(self).find(call))
            found->stranded_ = true; // `closed` follows
    },
    [](void* self, std::uint64_t call, void* from, std::uint64_t from_call) {
        if (auto* found = signaling_of(from).find(from_call))
            return found->move(signaling_of(self), call);
        ErrorSlot error; // of no call that goes on here
        auto& session = signaling_of(self).session_;
        session.methods->bye(session.self, call, JF_REASON_FAILED, &error);
    }};

SignalingSession::SignalingSession(const Plug<jf_signaling_methods>& plug, Completions& completions, jf_path stream,
                                   bool initiator, const Device& local, const Device& remote,
                                   std::string_view local_name, const Carried* carried, Events events)
    : completions_(completions), plugin_id_(plug.plugin_id), events_(std::move(events))
{
    const jf_device ours = local.raw();
    const jf_device theirs = remote.raw();
    const jf_signaling_options options{
        sizeof(options), initiator ? 1U : 0U,  &ours,
        &theirs,         abi_text(local_name), carried != nullptr ? &carried->raw() : nullptr};
    ErrorSlot error;
    require(plug.methods->open(plug.self, stream, &options, {&kListener, this}, &session_, &error), error, plugin_id_);
}

SignalingSession::~SignalingSession()
{
    session_.methods->release(session_.self);
    for (const auto& [number, call] : calls_) {
        call->session_ = nullptr;
        call->end({JF_REASON_FAILED, 0, "the connection to the peer was closed"});
    }
}

void SignalingSession::message(std::string_view content_type, std::string_view body, std::function<void(Error)> done)
{
    session_.methods->message(session_.self, 0, abi_text(content_type), abi_bytes(body),
                              completions_.make(std::move(done)));
}

void SignalingSession::ping(std::chrono::nanoseconds patience, std::function<void(Error)> done)
{
    if (!JF_HAS(session_.methods, ping))
        return done({JF_UNSUPPORTED, plugin_id_ + " cannot ask for a sign of life"});
    session_.methods->ping(session_.self, patience.count(), completions_.make(std::move(done)));
}

void SignalingSession::break_off(const Error& why)
{
    closed_ = why;
    const auto calls = calls_;
    for (const auto& [number, call] : calls) {
        if (call->stranded_)
            call->changed_();
        else
            call->end({JF_REASON_FAILED, 0, "the connection to the peer broke: " + why.text});
    }
    events_.closed(*closed_);
}

void SignalingSession::remember(std::uint64_t number, CallEnding ending)
{
    constexpr std::size_t kMost = 64; // far more than a turn of the loop can bring
    if (early_endings_.size() < kMost)
        early_endings_[number] = std::move(ending);
}

SignaledCall* SignalingSession::find(std::uint64_t number)
{
    const auto found = calls_.find(number);
    return found == calls_.end() ? nullptr : found->second;
}

} // namespace jackfield::kernel
