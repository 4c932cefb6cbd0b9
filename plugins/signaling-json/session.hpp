// All calls with one peer device: the verbs of signaling/1, and what the peer says.
//
// Threads: control; only the stream is reached from another one.
// Lifetime: made by the plugin's open, freed by release. Nothing here calls the listener after `closed`, nor from
// inside a verb.
#pragma once

#include "call.hpp"
#include "options.hpp"
#include "wire.hpp"

#include <jackfield/signaling.hpp>
#include <shared/signaling/message_stream.hpp>
#include <shared/signaling/siblings.hpp>

#include <map>

namespace jackfield::json_signaling {

class Session final : public SignalingSession, private signaling::StreamUser {
public:
    using Siblings = signaling::Siblings<Session>;

    /// Opens the stream. Throws Failure.
    Session(Host host, const Options& options, Path stream, SignalingOptions us, SignalingListener listener,
            std::shared_ptr<Siblings> siblings);
    ~Session() override;

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
    struct Delivery { // a message, info, refer or ping that the peer has not taken yet
        Completion done;
        signaling::Deadlines::Id deadline = 0;
    };

    // session.cpp
    void on_bytes(ByteView bytes) override;
    void on_stream_end(Status status, const std::string& text) override;
    void send(const Json& message);
    void fail(Status status, const std::string& text);
    void finish();
    void check_open() const;
    Call& call_of(std::uint64_t number);
    Call* find(const std::string& id);
    void forget(Call& call);
    void expect_confirm(Call& call);
    void deliver(const char* type, std::uint64_t call, std::string_view content_type, ByteView body, Completion done);
    std::uint64_t await_taken(Json message, Completion done, Nanoseconds patience);
    void end_delivery(std::uint64_t id, Status status, const std::string& text);

    // updates.cpp
    void send_update(Call& call);
    void on_update(Call& call, const Message& message);
    void on_update_answer(Call& call, const Message& message);
    void settle_update(Call& call, bool changed);

    // referrals.cpp
    void refer_is_taken(std::uint64_t delivery, bool taken);
    void expect_referral(Call& call);
    void on_referral(Call& call, const Message& message);
    void on_refer(const Message& message);

    // moves.cpp: a call goes on over another stream
    bool same_device(const Session& other) const;
    bool may_move(const Call& call) const;
    void quiet(Call& call);
    void strand_calls();
    Call* call_of_sibling(const std::string& id);
    Call& move_here(Session& other, Call& call, std::uint64_t number);

    // peer.cpp: what the peer says
    void on_message(const Message& message);
    void on_invite(const Message& message);
    void on_call_message(Call& call, const Message& message);
    void on_ringing(Call& call, const Message& message);
    void on_answer(Call& call, const Message& message);
    void on_refuse(Call& call, const Message& message);
    void on_cancel(Call& call, const Message& message);
    void on_bye(Call& call, const Message& message);
    void on_delivery(const Message& message);
    void on_taken(const Message& message);
    void give_up(Call& call, std::uint32_t reason, const std::string& text);

    const Options options_;
    SignalingOptions us_;
    SignalingListener listener_;
    Scope scope_;
    signaling::Deadlines deadlines_;
    Lines lines_;
    std::map<std::uint64_t, Call> calls_;
    std::map<std::uint64_t, Delivery> deliveries_;
    std::uint64_t last_delivery_ = 0;
    std::uint64_t next_incoming_ = 1; ///< odd numbers are ours to give
    std::optional<std::pair<Status, std::string>> failed_;
    Siblings::Place place_;
    signaling::MessageStream stream_; ///< last: it goes first, so that nothing arrives while the rest is taken down
};

/// Whether somebody can be called, or a call be named, so.
bool is_target(std::string_view text);

/// Adds who wanted a call, and what it replaces. Throws Failure(JF_BAD_INPUT).
void add_referral(Json& message, const CallReferral& referral);

/// What a media description of ours says, and how many lines it has. Throws Failure(JF_BAD_INPUT).
struct OwnDescription {
    explicit OwnDescription(std::string_view json_text);

    Json json;
    std::size_t lines;
};

} // namespace jackfield::json_signaling
