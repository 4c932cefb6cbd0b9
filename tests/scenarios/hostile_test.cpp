// Strangers and impostors at the level of a call: what they send is dropped, what they claim to be is refused with that
// reason, and the next honest call goes through.
//
// Threads: the test's thread is mallory's; peers are processes, or nodes with threads of their own.

#include "impostor.hpp"
#include "mallory.hpp"
#include "world.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace {

using namespace scenarios;
using jackfield::Bytes;
using jackfield::CallMessage;

class Hostile : public ::testing::Test {
protected:
    Hostile() : world_(false)
    {
        configure("bob", Json::array());
        bob_account_ = world_.account("bob");
    }

    void configure(const std::string& name, const Json& peers)
    {
        const auto file = world_.configure(name);
        Json config = Json::parse(std::ifstream(file));
        config["slots"]["discovery"] = {
            {{"use", "discovery-static"}, {"config", {{"listen", "127.0.0.1:0"}, {"peers", peers}}}}};
        std::ofstream(file) << config.dump();
    }
    void alice_knows_bob_at(const std::string& address)
    {
        configure("alice", {{{"account", bob_account_}, {"address", address}}});
    }

    World world_;
    std::string bob_account_;
};

class HostileRequest : public Hostile {
protected:
    HostileRequest() : bob_(world_.listen("bob", {"--answer"})), mallory_(bob_->listening(), bob_account_) {}

    /// Honest all the same: alice's call is the one that bob hears of, and it goes through.
    void expect_only_the_next_call_is_heard(std::size_t others = 0)
    {
        mallory_.wait_until_taken();
        alice_knows_bob_at(bob_->listening());
        const auto alice = world_.call("alice", bob_account_, {"--audio-only", "--for", "0.1"});
        EXPECT_EQ(alice->exit_code(), 0) << alice->call_end(1s);
        EXPECT_FALSE(bob_->call_end().is_null());
        EXPECT_EQ(bob_->count("request", "done"), 1 + others);
    }

    std::unique_ptr<Process> bob_;
    Mallory mallory_;
};

TEST_F(HostileRequest, ThatIsNoSealedMessageIsDropped)
{
    for (const auto* text : {"", "J", "JM", "JM\1", "hello", "JM\1 but nothing that was ever sealed"})
        mallory_.put(jackfield::as_bytes(std::string_view(text)));
    Bytes cut = mallory_.seal(mallory_.request());
    cut.resize(cut.size() / 2);
    mallory_.put(cut);
    Bytes changed = mallory_.seal(mallory_.request());
    changed[changed.size() / 2] ^= 1;
    mallory_.put(changed);
    expect_only_the_next_call_is_heard();
}

TEST_F(HostileRequest, ThatIsNotSealedIsDropped)
{
    mallory_.put(mallory_.in_clear(mallory_.request()));
    expect_only_the_next_call_is_heard();
}

TEST_F(HostileRequest, ThatWasSealedForAnotherDeviceIsDropped)
{
    mallory_.put(mallory_.seal_for_herself(mallory_.request()));
    expect_only_the_next_call_is_heard();
}

TEST_F(HostileRequest, ThatIsReplayedIsAnsweredOnce)
{
    const Bytes sealed = mallory_.seal(mallory_.request());
    for (int i = 0; i < 5; ++i)
        mallory_.put(sealed);
    ASSERT_FALSE(bob_->event("answer", "done").is_null());
    expect_only_the_next_call_is_heard(1);
}

TEST_F(HostileRequest, ThatIsStaleIsDropped)
{
    mallory_.put(mallory_.seal_long_ago(mallory_.request()));
    expect_only_the_next_call_is_heard();
}

TEST_F(HostileRequest, ThatAnotherSignedIsDropped)
{
    mallory_.put(mallory_.seal_in_the_name_of_another(mallory_.request()));
    expect_only_the_next_call_is_heard();
}

TEST_F(HostileRequest, OfAVerifiedStrangerWithNonsenseInsideIsNotAnswered)
{
    CallMessage nonsense = mallory_.request();
    nonsense.blob = "H1 1 UDP 1 192.0.2.1 1 typ host\n\n\nnothing that makes sense";
    mallory_.put(mallory_.seal(nonsense));
    const Json failed = bob_->event("request", "failed");
    ASSERT_FALSE(failed.is_null());
    EXPECT_EQ(failed["detail"]["status"], "bad input");
    expect_only_the_next_call_is_heard(1);
}

// --- floods ----------------------------------------------------------------------------------------------------------

/// Bob knows alice, and is asked for a thousand calls at once.
class Flood : public Hostile {
protected:
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    static constexpr double kSoon_ms = 15'000;
#else
    static constexpr double kSoon_ms = 3'000;
#endif

    static constexpr std::size_t kAlice = 2; // she asks once more if her answer takes longer than three seconds

    Flood()
    {
        configure("alice", Json::array());
        std::ofstream(world_.folder() / "friends.json")
            << Json{{"contacts", {{{"account", world_.account("alice")}, {"name", "Alice"}}}}};
        world_.change("bob", [](Json& config) { config["contacts"] = "friends.json"; });
        bob_ = world_.listen("bob", {"--answer"});
        alice_knows_bob_at(bob_->listening());
        expect_alice_gets_through(); // whatever a first call needs is there before anything is measured
        before_kib_ = resident_kib(bob_->pid());
        answers_ = bob_->count("answer", "done");
    }

    /// Within three seconds, beside whatever is going on; a build with a sanitizer takes a multiple of everything.
    void expect_alice_gets_through()
    {
        const auto alice = world_.call("alice", bob_account_, {"--audio-only", "--for", "0.1"});
        EXPECT_EQ(alice->exit_code(), 0) << alice->call_end(1s);
        const Json began = alice->event("call", "start");
        const Json answered = alice->event("signaling", "done");
        ASSERT_FALSE(began.is_null() || answered.is_null());
        EXPECT_LT(answered["t_ms"].get<double>() - began["t_ms"].get<double>(), kSoon_ms);
    }

    /// All as fast as bob takes them, and alice calls meanwhile.
    void flood(const Mallory& mallory, const std::vector<Bytes>& requests)
    {
        const auto began = std::chrono::steady_clock::now();
        std::thread flooding([&] {
            for (const auto& request : requests)
                mallory.put(request);
        });
        expect_alice_gets_through();
        flooding.join();
        mallory.wait_until_taken();
        const auto took = std::chrono::steady_clock::now() - began;
        seconds_ = static_cast<std::size_t>(std::chrono::ceil<std::chrono::seconds>(took).count());
    }

    void expect_bounded(std::size_t most_answers)
    {
        EXPECT_LE(bob_->count("answer", "done") - answers_, most_answers);
        const long now_kib = resident_kib(bob_->pid());
        // A third of a MiB for each place of strangers, and the messages that wait to be looked at.
        EXPECT_LT(now_kib - before_kib_, 28 * 1024) << before_kib_ << " KiB before, " << now_kib << " after";
        EXPECT_EQ(bob_->count("call", "start"), 2U) << "alice's two, and nobody else rang";
    }

    std::unique_ptr<Process> bob_;
    long before_kib_ = 0;
    std::size_t answers_ = 0;
    std::size_t seconds_ = 0; // that the flood took
};

TEST_F(Flood, OfAThousandRequestsOfOnePeerHasFewPlacesAndAFriendGetsThrough)
{
    const Mallory mallory(bob_->listening(), bob_account_);
    std::vector<Bytes> requests;
    for (int i = 0; i < 1000; ++i)
        requests.push_back(mallory.seal(mallory.request()));
    flood(mallory, requests);
    expect_bounded(kAlice + 4 + 4 * seconds_); // the places of an account, which each second may be had anew
}

TEST_F(Flood, OfAThousandRequestsOfTwoHundredPeersHasFewPlacesAndAFriendGetsThrough)
{
    const Mallory mallory(bob_->listening(), bob_account_);
    std::vector<std::unique_ptr<jackfield::testing::TestIdentity>> strangers;
    for (int i = 0; i < 200; ++i)
        strangers.push_back(std::make_unique<jackfield::testing::TestIdentity>());
    std::vector<Bytes> requests;
    for (std::size_t i = 0; i < 1000; ++i)
        requests.push_back(mallory.seal_as(*strangers[i % strangers.size()], mallory.request()));
    flood(mallory, requests);
    expect_bounded(kAlice + 64); // the places of all strangers
}

// --- the secure channel ----------------------------------------------------------------------------------------------

class WrongCertificate : public Hostile {
protected:
    /// Bob, who is found and asked as himself, shows another certificate in the handshake.
    Json call_an_impostor(const jf_identity* shown)
    {
        const ImpostorNode bob(world_.folder() / "bob.json", shown);
        alice_knows_bob_at(bob.address());
        const auto alice = world_.call("alice", bob_account_);
        const Json end = alice->call_end();
        exit_code_ = alice->exit_code();
        return end;
    }

    void expect_refused(const Json& end, const std::string& words)
    {
        EXPECT_EQ(end.value("failed_step", ""), "secure_channel") << end;
        EXPECT_EQ(end.value("status", ""), "unauthenticated") << end;
        EXPECT_NE(end.value("text", "").find(words), std::string::npos) << end;
        EXPECT_EQ(exit_code_, 6) << "the peer is not who it should be";
    }

    std::string store() const { return (world_.folder() / "bob").string(); }

    int exit_code_ = -1;
};

TEST_F(WrongCertificate, OfAnotherAccountIsRefusedWithThatReason)
{
    const jackfield::testing::TestIdentity stranger;
    expect_refused(call_an_impostor(stranger.raw()), "issued by another account");
}

TEST_F(WrongCertificate, OfAnotherDeviceOfTheAccountIsRefusedWithThatReason)
{
    const ForgedIdentity other(store(), Forgery::another_device);
    expect_refused(call_an_impostor(other.raw()), "another device");
}

TEST_F(WrongCertificate, ThatHasExpiredIsRefusedWithThatReason)
{
    const ForgedIdentity expired(store(), Forgery::expired);
    expect_refused(call_an_impostor(expired.raw()), "expired");
}

TEST_F(WrongCertificate, ThatTheAccountDidNotSignIsRefusedWithThatReason)
{
    const ForgedIdentity forged(store(), Forgery::signed_by_another);
    const Json end = call_an_impostor(forged.raw());
    EXPECT_EQ(end.value("failed_step", ""), "secure_channel") << end;
    EXPECT_EQ(end.value("status", ""), "unauthenticated") << end;
    EXPECT_EQ(exit_code_, 6);
}

TEST_F(WrongCertificate, OfACallerIsRefusedByTheCalleeWhoTakesTheNextCall)
{
    const auto bob = world_.listen("bob", {"--answer"});
    alice_knows_bob_at(bob->listening());
    const jackfield::testing::TestIdentity stranger;
    {
        ImpostorNode alice(world_.folder() / "alice.json", stranger.raw());
        const auto end = alice.call(bob_account_);
        EXPECT_FALSE(end.answered);
        EXPECT_NE(end.error.status, JF_OK);
        // In TLS 1.3 the client is done before the server has seen its certificate.
        using jackfield::kernel::Step;
        EXPECT_TRUE(end.step == Step::secure_channel || end.step == Step::signaling) << name_of(end.step);
        EXPECT_NE(end.error.text, "");
    }
    const Json failed = bob->event("secure_channel", "failed");
    ASSERT_FALSE(failed.is_null());
    EXPECT_EQ(failed["detail"]["status"], "unauthenticated") << failed;
    EXPECT_NE(failed["detail"]["text"].get<std::string>().find("issued by another account"), std::string::npos)
        << failed;
    const auto honest = world_.call("alice", bob_account_, {"--audio-only", "--for", "0.1"});
    EXPECT_EQ(honest->exit_code(), 0) << honest->call_end(1s);
}

TEST_F(WrongCertificate, OfTheRightPeerIsNotRefused)
{
    const ForgedIdentity honest(store(), Forgery::none);
    const Json end = call_an_impostor(honest.raw());
    EXPECT_EQ(end.value("failed_step", ""), "signaling") << "nobody is there to answer: " << end;
    EXPECT_EQ(end.value("status", ""), "busy") << end;
}

} // namespace
