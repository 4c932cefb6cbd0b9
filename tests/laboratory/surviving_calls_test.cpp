// Calls whose network fails them: they go on where they were.

#include "nat_pairs.hpp"
#include "private_world.hpp"

#include <gtest/gtest.h>

namespace laboratory {
namespace {

using namespace std::chrono_literals;
using scenarios::Json;
using scenarios::Process;

/// Alice has called bob, each behind a NAT, and they hear each other.
class SurvivingCall : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (!why_no_world().empty())
            GTEST_SKIP() << why_no_world();
        if (!RelayServer::installed())
            GTEST_SKIP() << "turnserver is not installed (Debian package coturn)";
        laboratory_ = std::make_unique<PairLaboratory>();
    }

    void call(const char* caller, const char* callee)
    {
        alice_place_.emplace(laboratory_->add_peer(side(caller)));
        bob_place_.emplace(laboratory_->add_peer(side(callee)));
        laboratory_->configure("alice", side(caller));
        laboratory_->configure("bob", side(callee));
        bob_place_->host.inside(
            [&] { bob_ = laboratory_->world().listen("bob", {"--answer", "--once", "--send", "test"}); });
        const std::string account = bob_->event("identity", "done")["detail"].value("account", "");
        alice_place_->host.inside(
            [&] { alice_ = laboratory_->world().call("alice", account, {"--send", "test", "--audio-only"}); });
        ASSERT_FALSE(alice_->event("media", "progress", "first_audio").is_null()) << laboratory_->world().folder();
        ASSERT_FALSE(bob_->event("media", "progress", "first_audio").is_null()) << laboratory_->world().folder();
    }

    /// The first second that began after that time in which the peer was heard, or was not. When it ended; -1: never.
    static double heard_after(Process& peer, double t_ms, bool heard, std::chrono::milliseconds limit)
    {
        const Json event = peer.find(
            [&](const Json& one) {
                const Json detail = one.value("detail", Json::object());
                return detail.value("what", "") == "statistics" && detail.value("kind", "") == "audio" &&
                       one.value("t_ms", 0.0) - detail.value("interval_ms", 0.0) > t_ms &&
                       (detail.value("packets_received", 0) > 20) == heard;
            },
            limit);
        return event.is_null() ? -1 : event.value("t_ms", 0.0);
    }

    static double last_event(Process& peer)
    {
        double last = 0;
        peer.find(
            [&](const Json& one) {
                last = std::max(last, one.value("t_ms", 0.0));
                return false;
            },
            0ms);
        return last;
    }

    /// Both hear each other in a second that began from now on.
    void expect_both_hear(std::chrono::milliseconds limit)
    {
        EXPECT_GT(heard_after(*alice_, last_event(*alice_), true, limit), 0) << "alice";
        EXPECT_GT(heard_after(*bob_, last_event(*bob_), true, limit), 0) << "bob";
    }

    /// Alice hears nothing for so many whole seconds.
    void wait_in_silence(int seconds)
    {
        double t_ms = last_event(*alice_);
        for (int second = 0; second < seconds; ++second) {
            t_ms = heard_after(*alice_, t_ms, false, 10s);
            ASSERT_GT(t_ms, 0) << "it was to be silent";
            t_ms -= 1; // the next one begins where this ended
        }
    }

    void expect_good_end()
    {
        alice_->interrupt();
        EXPECT_EQ(alice_->exit_code(), 0) << laboratory_->world().folder();
        EXPECT_EQ(bob_->exit_code(), 0) << laboratory_->world().folder();
    }

    std::unique_ptr<PairLaboratory> laboratory_;
    std::optional<Peer> alice_place_;
    std::optional<Peer> bob_place_;
    std::unique_ptr<Process> alice_;
    std::unique_ptr<Process> bob_;
};

TEST_F(SurvivingCall, GoesOnAfterTwoSecondsWithoutANetwork)
{
    ASSERT_NO_FATAL_FAILURE(call("port-restricted", "port-restricted"));
    laboratory_->network().cut(alice_place_->host, true);
    ASSERT_NO_FATAL_FAILURE(wait_in_silence(2));
    laboratory_->network().cut(alice_place_->host, false);
    expect_both_hear(10s);
    expect_good_end();
}

TEST_F(SurvivingCall, GoesOnAfterTwelveSecondsWithoutANetwork)
{
    ASSERT_NO_FATAL_FAILURE(call("port-restricted", "port-restricted"));
    laboratory_->network().cut(alice_place_->host, true);
    ASSERT_NO_FATAL_FAILURE(wait_in_silence(12)); // consent is lost after ten (RFC 7675)
    const double whole_ms = last_event(*alice_);
    laboratory_->network().cut(alice_place_->host, false);
    expect_both_hear(20s);
    const Json back = alice_->event("media", "progress", "reconnected");
    ASSERT_FALSE(back.is_null()) << laboratory_->world().folder();
    RecordProperty("reconnected_after_ms", static_cast<int>(back.value("t_ms", 0.0) - whole_ms));
    expect_good_end();
}

TEST_F(SurvivingCall, GoesOnWhenARouterHasForgottenItsMappings)
{
    ASSERT_NO_FATAL_FAILURE(call("symmetric", "address-restricted"));
    laboratory_->network().reboot(*alice_place_->routers.front());
    expect_both_hear(20s);
    expect_good_end();
}

} // namespace
} // namespace laboratory
