// All calls with one peer device: the verbs of signaling/1, and what the peer asks of us.
//
// Threads: the control thread; only the stream is reached from another one.
// Lifetime: made by the plugin's open, freed by release. Nothing here calls the listener after `closed`, nor from
// inside a verb.
#pragma once

#include "sdp_reader.hpp"
#include "sip_addresses.hpp"
#include "sip_call.hpp"
#include "sip_config.hpp"
#include "sip_framing.hpp"
#include "sip_referral_text.hpp"
#include "sip_transactions.hpp"

#include <jackfield/signaling.hpp>
#include <shared/signaling/deadlines.hpp>
#include <shared/signaling/message_stream.hpp>
#include <shared/signaling/siblings.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace jackfield::sip {

using namespace signaling;

/// What we take (RFC 3261 section 20.5).
inline constexpr const char* kAllow = "INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE, INFO, REFER, NOTIFY";
inline constexpr const char* kSupported = "replaces"; // RFC 3891 section 6.2

class SipSession final : public SignalingSession, private StreamUser, private TransactionUser {
public:
    using Siblings = signaling::Siblings<SipSession>;

    /// Opens the stream. Throws Failure.
    SipSession(Host host, SipConfig config, Path stream, SignalingOptions options, SignalingListener listener,
               std::shared_ptr<Siblings> siblings);
    ~SipSession() override;

    // The verbs; all throw Failure. JF_NOT_FOUND: there is no such call (any more). JF_BAD_INPUT: not in this state.
    void invite(std::uint64_t call, std::string_view offer) override;
    void ring(std::uint64_t call, std::string_view answer) override;
    void answer(std::uint64_t call, std::string_view answer) override;
    void refuse(std::uint64_t call, std::uint32_t reason) override;
    void cancel(std::uint64_t call, std::uint32_t reason) override;
    void update(std::uint64_t call, std::string_view offer) override;
    void answer_update(std::uint64_t call, std::string_view answer) override;
    void bye(std::uint64_t call, std::uint32_t reason) override;
    void message(std::uint64_t call, std::string_view content_type, ByteView body, Completion done) override;
    void info(std::uint64_t call, std::string_view content_type, ByteView body, Completion done) override;
    void refer(std::uint64_t call, std::string_view target, std::string_view replaces, Completion done) override;
    void refer_progress(std::uint64_t call, std::uint32_t code, std::string_view text) override;
    void invite_referred(std::uint64_t call, std::string_view offer, const CallReferral& referral) override;
    std::string name_dialog(std::uint64_t call) override;
    Status match_dialog(std::uint64_t call, std::string_view name) override;
    void ping(Nanoseconds timeout, Completion done) override;
    void take_over(std::uint64_t call, SignalingSession& from, std::uint64_t from_call) override;

private:
    using Headers = std::vector<std::pair<const char*, std::string>>;
    struct Asked;
    /// A request of the call was sent again: its transaction, branch and number.
    using Resent = std::function<void(Call& call, TransactionId id, const std::string& branch, std::uint32_t cseq)>;

    // sip_session.cpp: the stream, and the building blocks of messages
    void on_bytes(ByteView bytes) override;
    void on_datagram(ByteView bytes);
    void on_stream_end(Status status, const std::string& text) override;
    bool send_message(std::string bytes) override;
    void fail(Status status, const std::string& text);
    void finish();
    void check_open() const;
    Call& call_of(std::uint64_t number);
    Call* find_dialog(const Received& request);
    std::size_t living_calls() const;
    void forget(Call& call);
    std::string new_branch() const;
    static std::string via_of(const Way& way, const std::string& branch);
    std::string contact();
    std::string from_of(const Call& call) const;
    static std::string to_of(const Call& call);
    Call new_call(std::uint64_t number, bool incoming);
    OsipMessage request_in(Call& call, std::string_view method, std::string& branch);
    void check_body(std::size_t size) const;
    void reply(TransactionId id, int code, const Headers& headers = {}, Call* call = nullptr,
               const std::string& sdp = {});
    void send_delivery(Call& call, const WaitingDelivery& delivery);
    void dialog_is_known(Call& call);
    void end_delivery(std::uint64_t delivery, Status status, const std::string& text);
    void deliver(const char* method, std::uint64_t call, std::string_view content_type, ByteView body, Completion done);

    // sip_requests.cpp: what is sent again because of its answer
    TransactionId start_request(std::uint64_t call, OsipMessage request, std::string body, AnswerHandler handler,
                                Resent resent = {});
    void on_carried_answer(const std::shared_ptr<Asked>& asked, const Answer& answer);
    bool wants_again(const Asked& asked) const;
    bool add_credentials(Asked& asked, const Answer& answer);
    bool redirect(Asked& asked, const Answer& answer);
    void send_again(const std::shared_ptr<Asked>& asked);

    // sip_outgoing.cpp: a call of ours
    void on_invite_answer(std::uint64_t number, const Answer& answer);
    void on_provisional(Call& call, const Received& received);
    void on_success(Call& call, const Received& received);
    void on_stray_success(const Received& answer) override;
    const Call* answered_call(const Received& received) const;
    std::optional<std::string> read_answer(const Call& call, const Received& received, std::string& problem) const;
    void send_cancel(Call& call);
    void send_ack(const Call& call, std::uint32_t cseq);
    void learn_dialog(Call& call, const Received& received) const;

    // sip_incoming.cpp: requests of the peer
    void on_request(TransactionId id, const Received& request) override;
    bool is_acceptable(TransactionId id, const Received& request);
    void on_new_request(TransactionId id, const Received& request);
    void on_dialog_request(TransactionId id, const Received& request, Call& call);
    void on_invite(TransactionId id, const Received& request);
    void on_cancel(TransactionId id, const Received& request);
    void on_bye(TransactionId id, const Received& request, Call& call);
    void on_delivery(TransactionId id, const Received& request, Call* call);
    std::optional<SdpReading> read_offer(TransactionId id, const Received& request);

    // sip_calls.cpp: what both directions share
    void on_ack(const Received& ack) override;
    void expect_ack(Call& call);
    void repeat_answer(std::uint64_t number, Nanoseconds after);
    bool is_repeated(TransactionId id, const Received& request, const Call& call);
    void on_missing_ack(std::uint64_t number);
    void send_bye(Call& call, std::uint32_t reason);
    void end(Call& call, std::uint32_t reason, const std::string& text);

    // sip_updates.cpp: new media in a running call
    void send_update(Call& call);
    void on_update_answer(std::uint64_t number, const Answer& answer);
    void on_update_conflict(Call& call);
    void retry_update(Call& call);
    void on_reinvite(TransactionId id, const Received& request, Call& call);

    // sip_moves.cpp: a call goes on over another stream
    bool same_device(const SipSession& other) const;
    bool may_move(const Call& call) const;
    void quiet(Call& call);
    void strand_calls();
    Call* dialog_of_sibling(const Received& request);
    Call& move_here(SipSession& other, Call& call, std::uint64_t number);

    // sip_referrals.cpp: calls that one end asks the other for
    std::string refer_to(const Call& call, std::string_view target) const;
    std::string uri_of(const Call& call, std::string_view account) const;
    void on_refer_answer(std::uint64_t number, const Answer& answer);
    void expect_notice(Call& call);
    void end_refer(Call& call, const Fragment& last);
    void on_notify(TransactionId id, const Received& request, Call& call);
    void end_referrals(Call& call);
    void on_refer(TransactionId id, const Received& request, Call& call);
    std::string target_of(const Call& call, const ReferTarget& target) const;
    void tell_peer(Call& call, const Fragment& fragment);
    void send_notice(Call& call);

    // sip_replaces.cpp: calls that somebody else has wanted, and that take the place of others
    void add_referral(osip_message_t& request, const Call& call, const CallReferral& referral) const;
    std::optional<std::string> replaced_by(TransactionId id, const Received& request);
    std::string referred_by(const Call& call, const Received& request) const;

    SipConfig config_;
    SignalingOptions options_;
    Addresses addresses_;
    bool reliable_; ///< the path loses nothing
    bool stream_path_;
    SignalingListener listener_;
    Scope scope_;
    Deadlines deadlines_;
    Splitter splitter_;
    std::map<std::uint64_t, Call> calls_;
    std::map<std::uint64_t, Completion> deliveries_; ///< also of what is no message: REFER, a ping
    std::uint64_t last_delivery_ = 0;
    std::uint64_t next_incoming_ = 1; ///< odd numbers are ours to give
    std::optional<std::pair<Status, std::string>> failed_;
    Transactions transactions_;
    Siblings::Place place_;
    MessageStream stream_; ///< last: it goes first, so that nothing arrives while the rest is taken down
};

} // namespace jackfield::sip
