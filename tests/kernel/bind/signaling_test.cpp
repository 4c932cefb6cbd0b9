// Calls on a signaling session as state to look at, whatever order the events come in, and whoever goes away first.

#include "kernel/bind/connectivity.hpp"
#include "kernel/bind/layers.hpp"
#include "kernel/bind/signaling.hpp"
#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::doubles;
using jackfield::kernel::Failure;
using jackfield::kernel::SignaledCall;
using Session = jackfield::kernel::SignalingSession;

class BoundSignaling : public ::testing::Test {
protected:
    BoundSignaling()
    {
        auto& script = bench_.stage.script;
        script.tcp = script.tls = script.ring = Play::waits;
        const jf_connectivity_options options{sizeof(options), JF_CONTROLLING, JF_STREAM, 1,
                                              jackfield::to_text("control-tcp")};
        below_ = std::make_unique<jackfield::kernel::ConnectivitySession>(
            bench_.board->connectivity, options,
            jackfield::kernel::ConnectivitySession::Events{[] {}, [](const std::string&) {}});
        bench_.stage.get<ConnectivityDouble::Session>("control-tcp").up();
        jackfield::kernel::Device us;
        jackfield::kernel::Device bob;
        bob.device_id = "bob-1";
        session_ = std::make_unique<Session>(
            bench_.board->signaling, bench_.completions, below_->path(1), true, us, bob, "Alice", nullptr,
            Session::Events{[this](const jackfield::kernel::Invitation& one) { invited_.push_back(one.number); },
                            [](std::string type, std::string) { return type == "text/plain" ? JF_OK : JF_UNSUPPORTED; },
                            [this](const jackfield::kernel::Error&) { ++closed_; }});
    }

    std::unique_ptr<SignaledCall> place()
    {
        auto call = std::make_unique<SignaledCall>(*session_, session_->new_call_number(), [this] { ++changes_; });
        call->invite(peer_offer());
        return call;
    }
    SignalingDouble::Session& plugin() { return bench_.stage.get<SignalingDouble::Session>("signaling bob-1"); }
    const jackfield::SignalingListener& say() { return plugin().listener(); }

    Bench bench_;
    std::unique_ptr<jackfield::kernel::ConnectivitySession> below_;
    std::unique_ptr<Session> session_;
    std::vector<std::uint64_t> invited_;
    int changes_ = 0;
    int closed_ = 0;
};

TEST_F(BoundSignaling, NumbersOurCallsWithEvenNumbers)
{
    EXPECT_EQ(session_->new_call_number(), 2U);
    EXPECT_EQ(session_->new_call_number(), 4U);
}

TEST_F(BoundSignaling, SaysWhatHasHappenedToACallSoFar)
{
    const auto call = place();
    say().ringing(2, "");
    EXPECT_TRUE(call->ringing());
    EXPECT_EQ(call->peer_answer(), "");
    say().ringing(2, "early");
    EXPECT_EQ(call->peer_answer(), "early");
    say().answered(2, "");
    EXPECT_TRUE(call->answered());
    EXPECT_EQ(call->peer_answer(), "early") << "an empty answer says nothing new";
    say().confirmed(2);
    EXPECT_TRUE(call->confirmed());
    say().ended(2, JF_REASON_NORMAL, "bye");
    EXPECT_TRUE(call->over());
    EXPECT_EQ(changes_, 5);
}

TEST_F(BoundSignaling, KeepsTheFirstEndingOfACall)
{
    const auto call = place();
    say().refused(2, JF_REASON_BUSY, 486, "busy");
    say().ended(2, JF_REASON_NORMAL, "and bye");
    say().closed(JF_CLOSED, "the stream ended");
    EXPECT_EQ(call->ending().reason, static_cast<std::uint32_t>(JF_REASON_BUSY));
    EXPECT_EQ(call->ending().code, 486U);
    EXPECT_EQ(call->ending().text, "busy");
    EXPECT_EQ(changes_, 1);
}

TEST_F(BoundSignaling, IgnoresWhatIsSaidOfCallsNobodyKnows)
{
    const auto call = place();
    say().ringing(44, "x");
    say().answered(44, "x");
    say().confirmed(44);
    say().refused(44, JF_REASON_BUSY, 486, "busy");
    say().ended(44, JF_REASON_NORMAL, "");
    say().update_answered(44, "x");
    EXPECT_EQ(changes_, 0);
    EXPECT_FALSE(call->over());
}

TEST_F(BoundSignaling, KeepsWhatBecomesOfACallThatThePeerWasAskedFor)
{
    const auto call = place();
    call->refer("carol");
    EXPECT_FALSE(call->refer_result()) << "it is posted";
    bench_.settle();
    ASSERT_TRUE(call->refer_result());
    EXPECT_EQ(call->refer_result()->status, JF_OK);
    say().refer_progressed(2, 180, "it rings");
    say().refer_progressed(2, 200, "");
    say().refer_progressed(44, 200, "of a call that nobody knows");
    EXPECT_EQ(call->take_refer_progress()->text, "it rings");
    const auto last = call->take_refer_progress();
    ASSERT_TRUE(last);
    EXPECT_TRUE(last->is_last());
    EXPECT_FALSE(call->take_refer_progress());
    for (int i = 0; i < 1000; ++i)
        say().refer_progressed(2, 180, std::to_string(i));
    EXPECT_EQ(call->take_refer_progress()->text, "936") << "the last 64";
    call->refer("dave");
    EXPECT_FALSE(call->refer_result());
    EXPECT_FALSE(call->take_refer_progress()) << "that was about the one before";
}

TEST_F(BoundSignaling, HandsOnOnceWhomThePeerWantsCalled)
{
    const auto call = place();
    say().referred(44, "dave", {});
    EXPECT_EQ(changes_, 0);
    say().referred(2, "carol", {"bob", "a call"});
    EXPECT_EQ(changes_, 1);
    const auto referral = call->take_referral();
    ASSERT_TRUE(referral);
    EXPECT_EQ(referral->target, "carol");
    EXPECT_EQ(referral->referral.referred_by, "bob");
    EXPECT_EQ(referral->referral.replaces, "a call");
    EXPECT_FALSE(call->take_referral());
    call->tell_referral(180, "it rings");
    EXPECT_EQ(plugin().said.back(), "refer_progress 180 it rings");
}

TEST_F(BoundSignaling, KnowsOfACallThatEndedBeforeItWasTakenUp)
{
    say().invited(1, "offer", "Bob");
    say().cancelled(1, JF_REASON_NORMAL);
    SignaledCall call(*session_, 1, [] {});
    ASSERT_TRUE(call.over());
    EXPECT_EQ(call.ending().reason, static_cast<std::uint32_t>(JF_REASON_CANCELLED));
    SignaledCall again(*session_, 1, [] {});
    EXPECT_FALSE(again.over()) << "that is remembered once";
}

TEST_F(BoundSignaling, RemembersABoundedNumberOfThose)
{
    for (std::uint64_t number = 1; number < 2001; number += 2)
        say().cancelled(number, JF_REASON_CANCELLED);
    EXPECT_TRUE(SignaledCall(*session_, 1, [] {}).over());
    EXPECT_FALSE(SignaledCall(*session_, 1999, [] {}).over());
}

TEST_F(BoundSignaling, ThatIsClosedEndsEveryCallOnIt)
{
    const auto first = place();
    const auto second = place();
    plugin().break_off(JF_BAD_INPUT);
    EXPECT_TRUE(session_->closed());
    EXPECT_EQ(closed_, 1);
    for (const auto* call : {first.get(), second.get()}) {
        ASSERT_TRUE(call->over());
        EXPECT_EQ(call->ending().reason, static_cast<std::uint32_t>(JF_REASON_FAILED));
        EXPECT_EQ(call->ending().text, "the connection to the peer broke: the stream broke");
    }
    EXPECT_EQ(changes_, 2);
}

TEST_F(BoundSignaling, MayGoAwayBeforeItsCalls)
{
    const auto call = place();
    session_.reset();
    ASSERT_TRUE(call->over());
    EXPECT_EQ(call->ending().text, "the connection to the peer was closed");
    try {
        call->bye(JF_REASON_NORMAL);
        FAIL();
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_CLOSED);
    }
    EXPECT_THROW(call->info("a/b", "c"), Failure);
}

TEST_F(BoundSignaling, MayOutliveItsCalls)
{
    place().reset();
    say().ringing(2, "x");
    say().ended(2, JF_REASON_NORMAL, "");
    EXPECT_EQ(changes_, 0);
}

TEST_F(BoundSignaling, PassesInfoToTheCallThatListens)
{
    const auto call = place();
    const std::string_view body = "turn left";
    EXPECT_EQ(say().info(2, "a/b", jackfield::as_bytes(body)), JF_UNSUPPORTED) << "nobody listens yet";
    std::string heard;
    call->on_info([&heard](const std::string& type, const std::string& text) {
        heard = text;
        return type == "a/b";
    });
    EXPECT_EQ(say().info(2, "a/b", jackfield::as_bytes(body)), JF_OK);
    EXPECT_EQ(heard, body);
    EXPECT_EQ(say().info(2, "c/d", jackfield::as_bytes(body)), JF_UNSUPPORTED);
    EXPECT_EQ(say().info(44, "a/b", jackfield::as_bytes(body)), JF_UNSUPPORTED);
}

TEST_F(BoundSignaling, PassesMessagesAndTheirFate)
{
    EXPECT_EQ(say().message(0, "text/plain", {}), JF_OK) << "an empty one";
    EXPECT_EQ(say().message(0, "text/html", {}), JF_UNSUPPORTED);
    std::optional<jackfield::kernel::Error> result;
    session_->message("text/plain", "hello", [&result](const jackfield::kernel::Error& error) { result = error; });
    EXPECT_FALSE(result) << "never inside the call";
    bench_.settle();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, JF_OK);
}

TEST_F(BoundSignaling, TellsOfInvitations)
{
    say().invited(1, "offer", "Bob");
    say().invited(3, "offer", "Bob");
    EXPECT_EQ(invited_, (std::vector<std::uint64_t>{1, 3}));
}

} // namespace
