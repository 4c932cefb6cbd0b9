// jackfield.signaling/1: derive from Signaling and SignalingSession to signal in a new language.
//
// Threads: every method runs on the control thread, and so must every call of the listener; the bytes of the stream
// arrive on its own thread.
#pragma once

#include <jackfield/abi/signaling.h>
#include <jackfield/carrier.hpp>
#include <jackfield/identity.hpp>
#include <jackfield/path.hpp>

namespace jackfield {

/// What a call has to do with others (jf_referral). Borrows.
struct CallReferral {
    std::string_view referred_by; ///< who is said to want it; may be empty, proves nothing
    std::string_view replaces;    ///< the name of the call whose place it takes; may be empty

    CallReferral() = default;
    CallReferral(std::string_view by, std::string_view name) : referred_by(by), replaces(name) {}
    explicit CallReferral(const jf_referral& raw) : referred_by(view(raw.referred_by)), replaces(view(raw.replaces)) {}
    jf_referral raw() const { return {sizeof(jf_referral), 0, to_text(referred_by), to_text(replaces)}; }
    bool empty() const { return referred_by.empty() && replaces.empty(); }
};

/// The kernel's ear. [control]
class SignalingListener {
public:
    explicit SignalingListener(jf_signaling_listener raw) : raw_(raw) {}

    void invited(std::uint64_t call, std::string_view offer, std::string_view display_name) const
    {
        raw_.methods->invited(raw_.self, call, to_text(offer), to_text(display_name));
    }
    void ringing(std::uint64_t call, std::string_view answer) const
    {
        raw_.methods->ringing(raw_.self, call, to_text(answer));
    }
    void answered(std::uint64_t call, std::string_view answer) const
    {
        raw_.methods->answered(raw_.self, call, to_text(answer));
    }
    void confirmed(std::uint64_t call) const { raw_.methods->confirmed(raw_.self, call); }
    void refused(std::uint64_t call, std::uint32_t reason, std::uint32_t code, std::string_view text) const
    {
        raw_.methods->refused(raw_.self, call, reason, code, to_text(text));
    }
    void cancelled(std::uint64_t call, std::uint32_t reason) const { raw_.methods->cancelled(raw_.self, call, reason); }
    void updated(std::uint64_t call, std::string_view offer) const
    {
        raw_.methods->updated(raw_.self, call, to_text(offer));
    }
    void update_answered(std::uint64_t call, std::string_view answer) const
    {
        raw_.methods->update_answered(raw_.self, call, to_text(answer));
    }
    void ended(std::uint64_t call, std::uint32_t reason, std::string_view text) const
    {
        raw_.methods->ended(raw_.self, call, reason, to_text(text));
    }
    Status message(std::uint64_t call, std::string_view content_type, ByteView body) const
    {
        return raw_.methods->message(raw_.self, call, to_text(content_type), to_bytes(body));
    }
    Status info(std::uint64_t call, std::string_view content_type, ByteView body) const
    {
        return raw_.methods->info(raw_.self, call, to_text(content_type), to_bytes(body));
    }
    void closed(Status status, std::string_view text) const
    {
        const jf_error error = make_error(status, text);
        raw_.methods->closed(raw_.self, status, &error);
    }

    /// Whether the two below reach anybody.
    bool hears_referrals() const { return JF_HAS(raw_.methods, referred) && JF_HAS(raw_.methods, refer_progressed); }
    void referred(std::uint64_t call, std::string_view target, const CallReferral& referral) const
    {
        const jf_referral raw = referral.raw();
        if (hears_referrals())
            raw_.methods->referred(raw_.self, call, to_text(target), &raw);
    }
    void refer_progressed(std::uint64_t call, std::uint32_t code, std::string_view text) const
    {
        if (hears_referrals())
            raw_.methods->refer_progressed(raw_.self, call, code, to_text(text));
    }

    /// Whether a call may take the place of another; if not, one that is to must be refused.
    bool hears_replacements() const { return JF_HAS(raw_.methods, invited_referred); }
    void invited(std::uint64_t call, std::string_view offer, std::string_view display_name,
                 const CallReferral& referral) const
    {
        const jf_referral raw = referral.raw();
        if (referral.empty() || !hears_replacements())
            invited(call, offer, display_name);
        else
            raw_.methods->invited_referred(raw_.self, call, to_text(offer), to_text(display_name), &raw);
    }

    /// Whether calls may outlive their stream, and move to another session: the two below reach somebody.
    bool hears_moves() const { return JF_HAS(raw_.methods, stranded) && JF_HAS(raw_.methods, taken_over); }
    void stranded(std::uint64_t call) const
    {
        if (hears_moves())
            raw_.methods->stranded(raw_.self, call);
    }
    void taken_over(std::uint64_t call, const SignalingListener& from, std::uint64_t from_call) const
    {
        if (hears_moves())
            raw_.methods->taken_over(raw_.self, call, from.raw_.self, from_call);
    }

private:
    jf_signaling_listener raw_;
};

struct SignalingOptions {
    bool initiator = false;
    Device local;
    Device remote;
    std::string local_name;
    Carrier carrier; ///< of a link that a service carries; else false
};

/// All calls with one peer device. Destroying it closes the stream.
class SignalingSession {
public:
    explicit SignalingSession(Host host) : host_(host) {}
    virtual ~SignalingSession() = default;

    virtual void invite(std::uint64_t call, std::string_view offer) = 0;
    virtual void ring(std::uint64_t call, std::string_view answer) = 0;
    virtual void answer(std::uint64_t call, std::string_view answer) = 0;
    virtual void refuse(std::uint64_t call, std::uint32_t reason) = 0;
    virtual void cancel(std::uint64_t call, std::uint32_t reason) = 0;
    virtual void update(std::uint64_t call, std::string_view offer) = 0;
    virtual void answer_update(std::uint64_t call, std::string_view answer) = 0;
    virtual void bye(std::uint64_t call, std::uint32_t reason) = 0;
    virtual void message(std::uint64_t call, std::string_view content_type, ByteView body, Completion done) = 0;
    virtual void info(std::uint64_t call, std::string_view content_type, ByteView body, Completion done) = 0;

    // Transfers; a language may have none.
    virtual void refer(std::uint64_t /*call*/, std::string_view /*target*/, std::string_view /*replaces*/,
                       Completion done)
    {
        done.fail(JF_UNSUPPORTED, "this signaling has no transfers");
    }
    virtual void refer_progress(std::uint64_t /*call*/, std::uint32_t /*code*/, std::string_view /*text*/)
    {
        throw Failure(JF_UNSUPPORTED, "this signaling has no transfers");
    }

    // Attended ones, and who wanted a call; it may have none of it.
    virtual void invite_referred(std::uint64_t call, std::string_view offer, const CallReferral& referral)
    {
        if (!referral.replaces.empty())
            throw Failure(JF_UNSUPPORTED, "this signaling has no calls that replace others");
        invite(call, offer);
    }
    virtual std::string name_dialog(std::uint64_t /*call*/)
    {
        throw Failure(JF_UNSUPPORTED, "this signaling has no calls that replace others");
    }
    virtual Status match_dialog(std::uint64_t /*call*/, std::string_view /*name*/) { return JF_NOT_FOUND; }

    /// A language that cannot ask says so, and is not taken for dead.
    virtual void ping(Nanoseconds /*timeout*/, Completion done)
    {
        done.fail(JF_UNSUPPORTED, "this signaling cannot ask for a sign of life");
    }

    /// A running call of another session of this instance goes on in this one; a language may not be able to.
    virtual void take_over(std::uint64_t /*call*/, SignalingSession& /*from*/, std::uint64_t /*from_call*/)
    {
        throw Failure(JF_UNSUPPORTED, "a call of this signaling stays where it began");
    }

    Host host() const { return host_; }
    static const jf_signaling_session_methods kMethods;

protected:
    Host host_;
};

class Signaling : public Instance {
public:
    using Interface = Signaling;
    static constexpr std::string_view kInterfaceId = JF_SIGNALING_INTERFACE;

    using Instance::Instance;

    virtual std::unique_ptr<SignalingSession> open(Path stream, SignalingOptions options,
                                                   SignalingListener listener) = 0;

    static const jf_signaling_methods kMethods;
};

namespace detail {

inline SignalingSession& signaling_session(void* self)
{
    return *static_cast<SignalingSession*>(self);
}

/// The C function for a method that takes a call and a text.
template <void (SignalingSession::*method)(std::uint64_t, std::string_view)>
Status with_text(void* self, std::uint64_t call, jf_text text, jf_error* error)
{
    return guarded(error, [&] { (signaling_session(self).*method)(call, view(text)); });
}

/// The C function for a method that takes a call and a reason.
template <void (SignalingSession::*method)(std::uint64_t, std::uint32_t)>
Status with_reason(void* self, std::uint64_t call, std::uint32_t reason, jf_error* error)
{
    return guarded(error, [&] { (signaling_session(self).*method)(call, reason); });
}

/// The C function for a method that delivers a body.
template <void (SignalingSession::*method)(std::uint64_t, std::string_view, ByteView, Completion)>
void with_body(void* self, std::uint64_t call, jf_text content_type, jf_bytes body, jf_done done)
{
    auto& session = signaling_session(self);
    start_guarded(session.host(), done,
                  [&](Completion& end) { (session.*method)(call, view(content_type), view(body), std::move(end)); });
}

} // namespace detail

inline constexpr jf_signaling_session_methods SignalingSession::kMethods{
    sizeof(jf_signaling_session_methods),
    0,
    &detail::with_text<&SignalingSession::invite>,
    &detail::with_text<&SignalingSession::ring>,
    &detail::with_text<&SignalingSession::answer>,
    &detail::with_reason<&SignalingSession::refuse>,
    &detail::with_reason<&SignalingSession::cancel>,
    &detail::with_text<&SignalingSession::update>,
    &detail::with_text<&SignalingSession::answer_update>,
    &detail::with_reason<&SignalingSession::bye>,
    &detail::with_body<&SignalingSession::message>,
    &detail::with_body<&SignalingSession::info>,
    [](void* self) { delete static_cast<SignalingSession*>(self); },
    [](void* self, std::uint64_t call, jf_text target, jf_text replaces, jf_done done) {
        auto& session = detail::signaling_session(self);
        start_guarded(session.host(), done,
                      [&](Completion& end) { session.refer(call, view(target), view(replaces), std::move(end)); });
    },
    [](void* self, std::uint64_t call, std::uint32_t code, jf_text text, jf_error* error) {
        return guarded(error, [&] { detail::signaling_session(self).refer_progress(call, code, view(text)); });
    },
    [](void* self, std::uint64_t call, jf_text offer, const jf_referral* referral, jf_error* error) {
        return guarded(error, [&] {
            detail::signaling_session(self).invite_referred(call, view(offer), CallReferral(*referral));
        });
    },
    [](void* self, std::uint64_t call, jf_writer name, jf_error* error) {
        return guarded(error,
                       [&] { write_to(name, std::string_view(detail::signaling_session(self).name_dialog(call))); });
    },
    [](void* self, std::uint64_t call, jf_text name) {
        jf_error error = no_error();
        Status matched = JF_NOT_FOUND;
        const Status status =
            guarded(&error, [&] { matched = detail::signaling_session(self).match_dialog(call, view(name)); });
        return status == JF_OK ? matched : status;
    },
    [](void* self, std::int64_t timeout_ns, jf_done done) {
        auto& session = detail::signaling_session(self);
        start_guarded(session.host(), done,
                      [&](Completion& end) { session.ping(Nanoseconds(timeout_ns), std::move(end)); });
    },
    [](void* self, std::uint64_t call, void* from, std::uint64_t from_call, jf_error* error) {
        return guarded(error, [&] {
            detail::signaling_session(self).take_over(call, detail::signaling_session(from), from_call);
        });
    }};

inline constexpr jf_signaling_methods Signaling::kMethods{
    sizeof(jf_signaling_methods), 0,
    [](void* self, jf_path stream, const jf_signaling_options* options, jf_signaling_listener listener,
       jf_signaling_session* session, jf_error* error) {
        return guarded(error, [&] {
            SignalingOptions ours{options->initiator != 0,
                                  Device(*options->local),
                                  Device(*options->remote),
                                  std::string(view(options->local_name)),
                                  {}};
            if (JF_HAS(options, carrier) && options->carrier != nullptr)
                ours.carrier = Carrier(*options->carrier);
            auto made = static_cast<Signaling*>(self)->open(Path(stream), std::move(ours), SignalingListener(listener));
            *session = {&SignalingSession::kMethods, made.release()};
        });
    }};

} // namespace jackfield
