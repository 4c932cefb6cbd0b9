// Calls that ring and are taken or refused, as the script says. A session is named "signaling bob-1".

#pragma once

#include "tests/kernel/doubles/path.hpp"

#include <jackfield/signaling.hpp>

#include <nlohmann/json.hpp>

namespace jackfield::doubles {

/// One audio line with ICE: what a peer offers.
inline std::string peer_offer()
{
    return R"({"ice":{"ufrag":"pppp","pwd":"password-of-the-peer-00","candidates":["H1 1 UDP 1 192.0.2.2 1000 typ host"]},
        "bundle":true,"media":[{"kind":"audio","mid":"0","profile":"RTP/AVP","rtp_component":1,"rtcp_component":2,
        "rtcp_mux":true,"ssrc":7,"codecs":[{"payload_type":96,"name":"tone","clock_rate_hz":8000,"channels":1}]}]})";
}

/// What a peer answers that takes all of it.
inline std::string peer_answer(std::string_view offer)
{
    nlohmann::json answer = nlohmann::json::parse(offer);
    answer["ice"] = nlohmann::json::parse(peer_offer())["ice"];
    for (auto& line : answer["media"])
        line["rtcp_component"] = line["rtp_component"] = 1;
    return answer.dump();
}

class SignalingDouble : public Signaling, public Actor {
public:
    class Session : public SignalingSession, public Actor {
    public:
        Session(Host host, Path stream, const SignalingOptions& options, SignalingListener listener)
            : SignalingSession(host),
              Actor("signaling " + options.remote.device_id),
              remote(options.remote.device_id),
              initiator(options.initiator),
              carried(options.carrier),
              listener_(listener),
              scope_(host)
        {
            PathDouble::use(stream, *this);
        }

        const std::string remote;
        const bool initiator;
        const bool carried;
        std::vector<std::string> said; // "invite", "cancel elsewhere", ..: what the kernel wanted to be said
        std::string offered;           // by the kernel, last
        std::string answered_with;     // by the kernel, last
        std::uint64_t call = 0;        // its number
        std::vector<std::string> infos;
        int pings = 0;
        Nanoseconds patience{};                                    // of the last
        std::vector<std::pair<std::string, std::string>> messages; // of the kernel: type and body
        std::vector<Completion> waiting;

        void invite(std::uint64_t number, std::string_view offer) override
        {
            said.emplace_back("invite");
            offered = offer;
            call = number;
            if (script().ring == Play::happens)
                scope_.post([this] { ringing(); });
            else if (script().ring == Play::fails)
                scope_.post([this] { refused(JF_REASON_FAILED, 500); });
        }
        void ring(std::uint64_t, std::string_view answer) override
        {
            said.emplace_back("ring");
            answered_with = answer;
        }
        void answer(std::uint64_t, std::string_view) override { said.emplace_back("answer"); }
        void refuse(std::uint64_t, std::uint32_t reason) override { note("refuse", reason); }
        void cancel(std::uint64_t, std::uint32_t reason) override
        {
            note("cancel", reason);
            scope_.post([this] { refused(JF_REASON_CANCELLED, 487); });
        }
        void update(std::uint64_t, std::string_view offer) override
        {
            said.emplace_back("update");
            offered = offer;
        }
        void answer_update(std::uint64_t, std::string_view answer) override
        {
            said.push_back("answer_update" + std::string(answer.empty() ? " nothing" : ""));
            answered_with = answer;
        }
        void bye(std::uint64_t, std::uint32_t reason) override { note("bye", reason); }
        void message(std::uint64_t, std::string_view type, ByteView body, Completion done) override
        {
            messages.emplace_back(std::string(type), std::string(as_text(body)));
            Stage::current().message_was_sent();
            if (script().message == Play::happens)
                done.succeed();
            else if (script().message == Play::fails)
                done.fail(JF_REFUSED, kScripted);
            else
                waiting.push_back(std::move(done));
        }
        void info(std::uint64_t, std::string_view, ByteView body, Completion done) override
        {
            infos.emplace_back(as_text(body));
            waiting.push_back(std::move(done)); // it ends with the session
        }

        void invite_referred(std::uint64_t number, std::string_view offer, const CallReferral& referral) override
        {
            invite(number, offer);
            said.back() += " by " + std::string(referral.referred_by) +
                           (referral.replaces.empty() ? "" : " in place of " + std::string(referral.replaces));
        }
        std::string name_dialog(std::uint64_t number) override { return remote + "/" + std::to_string(number); }
        Status match_dialog(std::uint64_t number, std::string_view name) override
        {
            if (name == name_dialog(number) + " early")
                return JF_BUSY;
            return name == name_dialog(number) || name == "every" ? JF_OK : JF_NOT_FOUND;
        }
        void refer(std::uint64_t, std::string_view target, std::string_view replaces, Completion done) override
        {
            said.push_back("refer " + std::string(target) +
                           (replaces.empty() ? "" : " in place of " + std::string(replaces)));
            if (script().refer == Play::happens)
                done.succeed();
            else if (script().refer == Play::fails)
                done.fail(JF_REFUSED, kScripted);
            else
                waiting.push_back(std::move(done));
        }
        void refer_progress(std::uint64_t, std::uint32_t code, std::string_view text) override
        {
            said.push_back("refer_progress " + std::to_string(code) + (text.empty() ? "" : " ") + std::string(text));
        }

        void ping(Nanoseconds timeout, Completion done) override
        {
            ++pings;
            patience = timeout;
            if (!script().asks)
                SignalingSession::ping(timeout, std::move(done));
            else if (script().pong == Play::happens)
                done.succeed();
            else if (script().pong == Play::fails)
                done.fail(JF_TIMEOUT, kScripted);
            else
                waiting.push_back(std::move(done));
        }
        void take_over(std::uint64_t number, SignalingSession& from, std::uint64_t) override
        {
            said.emplace_back("take_over");
            auto& other = static_cast<Session&>(from);
            call = number;
            offered = other.offered;
            other.call = 0;
        }

        // --- by hand ---

        /// Its stream ends, and its call may go on elsewhere.
        void strand(Status status = JF_CLOSED)
        {
            listener_.stranded(call);
            break_off(status);
        }

        /// The peer goes on here with the call of that session.
        void taken_over(Session& from, std::uint64_t number)
        {
            call = number;
            listener_.taken_over(number, from.listener_, std::exchange(from.call, 0));
        }

        void updated(const std::string& offer) { listener_.updated(call, offer); }
        void update_answered(const std::string& answer) { listener_.update_answered(call, answer); }

        const SignalingListener& listener() const { return listener_; }
        void invited(std::uint64_t number = 1, const std::string& offer = peer_offer())
        {
            call = number;
            listener_.invited(number, offer, "Bob");
        }
        void invited_referred(const std::string& by, const std::string& replaces,
                              const std::string& offer = peer_offer())
        {
            call = 1;
            listener_.invited(call, offer, "Carol", {by, replaces});
        }
        void ringing()
        {
            listener_.ringing(call, peer_answer(offered));
            if (script().accept == Play::happens)
                scope_.post([this] { answered(); });
            else if (script().accept == Play::fails)
                scope_.post([this] { refused(script().refusal, script().refusal == JF_REASON_BUSY ? 486 : 603); });
        }
        void answered() { listener_.answered(call, peer_answer(offered)); }
        void refused(std::uint32_t reason, std::uint32_t code) { listener_.refused(call, reason, code, kScripted); }
        Status hear(std::string_view type, const std::string& body)
        {
            return listener_.message(0, type, {reinterpret_cast<const std::uint8_t*>(body.data()), body.size()});
        }
        void referred(const std::string& target, const std::string& by = "bob", const std::string& replaces = {})
        {
            listener_.referred(call, target, {by, replaces});
        }
        void refer_progressed(std::uint32_t code, const std::string& text = {})
        {
            listener_.refer_progressed(call, code, text);
        }
        void ended(std::uint32_t reason = JF_REASON_NORMAL) { listener_.ended(call, reason, "the peer hung up"); }
        void break_off(Status status = JF_CLOSED) { listener_.closed(status, "the stream broke"); }

    private:
        static const Script& script() { return Stage::current().script; }

        void note(std::string_view what, std::uint32_t reason)
        {
            static constexpr std::string_view kReasons[] = {"normal",         "declined",  "busy",
                                                            "no answer",      "cancelled", "elsewhere",
                                                            "not acceptable", "failed",    "no such call"};
            said.push_back(std::string(what) + " " + std::string(kReasons[reason]));
        }

        SignalingListener listener_;
        Scope scope_;
    };

    SignalingDouble(Host host, std::string_view) : Signaling(host), Actor("signaling") {}

    std::unique_ptr<SignalingSession> open(Path stream, SignalingOptions options, SignalingListener listener) override
    {
        return std::make_unique<Session>(host_, stream, options, listener);
    }
};

} // namespace jackfield::doubles
