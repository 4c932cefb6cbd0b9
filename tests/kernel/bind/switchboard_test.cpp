// Several discovery mechanisms behind one door: all are asked, the first answer counts, what comes twice is one.

#include "kernel/bind/discovery.hpp"
#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::doubles;
using jackfield::kernel::Asking;
using jackfield::kernel::Error;
using jackfield::kernel::Search;
using jackfield::kernel::Switchboard;
using Message = jackfield::kernel::CallMessage;

jackfield::Device device(const std::string& id)
{
    return {"bob", id, "chain of " + id};
}

class TwoMechanisms : public ::testing::Test {
protected:
    TwoMechanisms() : bench_({.discoveries = 2})
    {
        bench_.stage.script.find = Play::waits;
        switchboard_ = std::make_unique<Switchboard>(
            bench_.control, *bench_.board, bench_.completions,
            [this](const jackfield::kernel::Device& sender, const Message&) { requests_.push_back(sender.device_id); },
            [this](const std::string&, bool online, const std::string& detail) {
                states_.push_back((online ? "on " : "off ") + detail);
            });
        switchboard_->start();
    }
    ~TwoMechanisms() override
    {
        bench_.settle();
        EXPECT_EQ(bench_.completions.waiting(), 0U);
        bench_.board.reset();
    }

    std::unique_ptr<Search> look()
    {
        return std::make_unique<Search>(*switchboard_, "bob", [this] { ++changes_; });
    }
    DiscoveryDouble& one() { return bench_.discovery(0); }
    DiscoveryDouble& two() { return bench_.discovery(1); }
    jackfield::kernel::Device known(const std::string& id)
    {
        jackfield::kernel::Device result;
        result.device_id = id;
        return result;
    }

    Bench bench_;
    std::unique_ptr<Switchboard> switchboard_;
    std::vector<std::string> requests_;
    std::vector<std::string> states_;
    int changes_ = 0;
};

TEST_F(TwoMechanisms, AreBothAskedAndADeviceOfBothIsOne)
{
    const auto search = look();
    EXPECT_EQ(one().looked_for, 1);
    EXPECT_EQ(two().looked_for, 1);
    two().finds.at(0).device(device("bob-2"));
    one().finds.at(0).device(device("bob-1"));
    one().finds.at(0).device(device("bob-2"));
    bench_.settle();
    ASSERT_EQ(search->devices().size(), 2U);
    EXPECT_EQ(search->devices()[0].device_id, "bob-2") << "in the order of their finding";
    EXPECT_EQ(search->devices()[0].chain_pem, "chain of bob-2");
    EXPECT_EQ(changes_, 2);
    EXPECT_FALSE(search->done());
}

TEST_F(TwoMechanisms, AreDoneWhenBothAre)
{
    const auto search = look();
    one().finds.at(0).fail(JF_UNREACHABLE, "no network");
    bench_.settle();
    EXPECT_FALSE(search->done());
    two().finds.at(0).device(device("bob-1"));
    two().finds.at(0).succeed();
    bench_.settle();
    EXPECT_TRUE(search->done());
    EXPECT_EQ(search->devices().size(), 1U) << "one that fails takes nothing from the other";
    EXPECT_EQ(search->problem().text, "no network");
}

TEST_F(TwoMechanisms, HearWhenNobodyLooksAnyMore)
{
    auto search = look();
    search.reset();
    EXPECT_TRUE(one().finds.at(0).cancelled());
    EXPECT_TRUE(two().finds.at(0).cancelled());
    one().finds.at(0).device(device("bob-1"));
    bench_.settle();
    EXPECT_EQ(changes_, 0);
}

TEST_F(TwoMechanisms, MayBringADeviceInTheTurnInWhichNobodyLooksAnyMore)
{
    auto search = look();
    one().finds.at(0).device(device("bob-1"));
    one().finds.at(0).succeed(); // both posted
    search.reset();
    bench_.settle();
    EXPECT_EQ(changes_, 0);
}

TEST_F(TwoMechanisms, TheOneThatFoundADeviceCarriesTheMessage)
{
    const auto search = look();
    two().finds.at(0).device(device("bob-1"));
    bench_.settle();
    switchboard_->send(search->devices()[0], {JF_CALL_REQUEST, 7, "call", "blob"}, [](const Error&) {});
    EXPECT_TRUE(one().sent.empty());
    ASSERT_EQ(two().sent.size(), 1U);
    EXPECT_EQ(two().sent[0].to.chain_pem, "chain of bob-1");
    EXPECT_EQ(two().sent[0].message.call_id, 7U);
    EXPECT_EQ(two().sent[0].message.blob, "blob");
}

TEST_F(TwoMechanisms, TheOneThatFoundADeviceFirstCarriesTheMessage)
{
    const auto search = look();
    two().finds.at(0).device(device("bob-1"));
    bench_.settle();
    one().finds.at(0).device(device("bob-1"));
    bench_.settle();
    switchboard_->send(search->devices()[0], {JF_CALL_REQUEST, 7, "call", "blob"}, [](const Error&) {});
    EXPECT_TRUE(one().sent.empty());
    EXPECT_EQ(two().sent.size(), 1U);
}

TEST_F(TwoMechanisms, TheOtherCarriesAMessageThatTheFirstCouldNot)
{
    bench_.stage.script.send = Play::waits;
    const auto search = look();
    two().finds.at(0).device(device("bob-1"));
    bench_.settle();
    int failures = 0;
    switchboard_->send(search->devices()[0], {JF_CALL_REQUEST, 7, "call", "blob"}, [&](const Error&) { ++failures; });
    two().sends.at(0).fail(JF_TIMEOUT, "nobody took it");
    bench_.settle();
    EXPECT_EQ(failures, 0);
    ASSERT_EQ(one().sent.size(), 1U);
    EXPECT_EQ(one().sent[0].message.blob, "blob");
    EXPECT_EQ(one().sent[0].to.chain_pem, "chain of bob-1");
    one().sends.at(0).fail(JF_UNREACHABLE, "no network");
    bench_.settle();
    EXPECT_EQ(failures, 1);
}

TEST_F(TwoMechanisms, AMessageThatFailsAfterTheSwitchboardHasGoneHasFailed)
{
    bench_.stage.script.send = Play::waits;
    auto search = look();
    two().finds.at(0).device(device("bob-1"));
    bench_.settle();
    const auto bob = search->devices()[0];
    int failures = 0;
    switchboard_->send(bob, {JF_CALL_REQUEST, 7, "call", "blob"}, [&](const Error&) { ++failures; });
    search.reset();
    one().finds.at(0).succeed();
    two().finds.at(0).succeed();
    bench_.settle();
    switchboard_.reset();
    two().sends.at(0).fail(JF_TIMEOUT, "nobody took it");
    bench_.settle();
    EXPECT_EQ(failures, 1);
    EXPECT_TRUE(one().sent.empty());
}

TEST_F(TwoMechanisms, TheOtherCarriesAMessageAtOnceWhenTheFirstIsOffline)
{
    const auto search = look();
    two().finds.at(0).device(device("bob-1"));
    bench_.settle();
    two().listener().state(JF_OFFLINE, "left");
    switchboard_->send(search->devices()[0], {JF_CALL_REQUEST, 7, "call", "blob"}, [](const Error&) {});
    EXPECT_EQ(one().sent.size(), 1U);
    two().listener().state(JF_ONLINE, "back");
    switchboard_->send(search->devices()[0], {JF_CALL_REQUEST, 8, "call", "blob"}, [](const Error&) {});
    EXPECT_EQ(one().sent.size(), 1U);
    EXPECT_EQ(two().sent.back().message.call_id, 8U);
}

/// Two has found the device, and takes nothing until it is told to.
class ASlowMechanism : public TwoMechanisms {
protected:
    ASlowMechanism()
    {
        bench_.stage.script.send = Play::waits;
        bench_.stage.script.answer = Play::waits;
        search_ = look();
        two().finds.at(0).device(device("bob-1"));
        bench_.settle();
    }

    void send(std::uint64_t call_id)
    {
        switchboard_->deliver(search_->devices()[0], {JF_CALL_REQUEST, call_id, "call", "blob"},
                              [this](const Error& result) { ends_.push_back(result.status); });
        bench_.settle();
    }
    void finish()
    {
        search_.reset();
        for (auto* const mechanism : {&one(), &two()}) {
            mechanism->finds.at(0).succeed();
            for (auto& waiting : mechanism->sends) // those that wait still
                waiting.succeed();
        }
        bench_.settle();
    }

    std::unique_ptr<Search> search_;
    std::vector<jackfield::Status> ends_;
};

TEST_F(ASlowMechanism, HasASecondBeforeTheOtherCarriesTheMessage)
{
    send(7);
    bench_.advance(Switchboard::kSlow - 1ms);
    EXPECT_TRUE(one().sent.empty());
    bench_.advance(1ms);
    ASSERT_EQ(one().sent.size(), 1U);
    EXPECT_EQ(one().sent[0].message.call_id, 7U);
    EXPECT_TRUE(ends_.empty());
    one().sends.at(0).succeed();
    bench_.settle();
    EXPECT_EQ(ends_, (std::vector<jackfield::Status>{JF_OK}));
    two().sends.at(0).fail(JF_TIMEOUT, "nobody took it");
    bench_.settle();
    EXPECT_EQ(ends_.size(), 1U);
    finish();
}

TEST_F(ASlowMechanism, IsNotWaitedForUntilItTakesAMessage)
{
    send(7);
    bench_.advance(Switchboard::kSlow);
    send(8);
    ASSERT_EQ(one().sent.size(), 2U) << "at once";
    two().sends.at(0).succeed();
    bench_.settle();
    send(9);
    EXPECT_EQ(two().sent.back().message.call_id, 9U);
    EXPECT_EQ(one().sent.size(), 2U);
    finish();
}

TEST_F(ASlowMechanism, OrBringsOne)
{
    send(7);
    bench_.advance(Switchboard::kSlow);
    two().hear(device("bob-1"), JF_CALL_REQUEST, 11);
    send(8);
    EXPECT_EQ(two().sent.back().message.call_id, 8U);
    finish();
}

TEST_F(ASlowMechanism, FailsOnlyWhenTheOtherHasFailedToo)
{
    send(7);
    bench_.advance(Switchboard::kSlow);
    one().sends.at(0).fail(JF_UNREACHABLE, "no network");
    bench_.settle();
    EXPECT_TRUE(ends_.empty());
    two().sends.at(0).fail(JF_TIMEOUT, "nobody took it");
    bench_.settle();
    EXPECT_EQ(ends_, (std::vector<jackfield::Status>{JF_TIMEOUT}));
    finish();
}

TEST_F(ASlowMechanism, IsNotMissedByASwitchboardThatHasGone)
{
    send(7);
    finish();
    switchboard_.reset();
    bench_.advance(Switchboard::kSlow);
    EXPECT_TRUE(one().sent.empty());
}

TEST_F(TwoMechanisms, TheOneThroughWhichADeviceWroteCarriesTheAnswer)
{
    two().hear(device("bob-1"), JF_CALL_REQUEST, 7);
    switchboard_->send(known("bob-1"), {JF_CALL_ANSWER, 7, "call", ""}, [](const Error&) {});
    EXPECT_TRUE(one().sent.empty());
    EXPECT_EQ(two().sent.size(), 1U);
}

TEST_F(TwoMechanisms, BothCarryAMessageToADeviceNeitherKnows)
{
    switchboard_->send(known("carol-1"), {JF_CALL_REQUEST, 7, "call", ""}, [](const Error&) {});
    EXPECT_EQ(one().sent.size(), 1U);
    EXPECT_EQ(two().sent.size(), 1U);
}

TEST_F(TwoMechanisms, HaveFailedToSendOnlyWhenBothHave)
{
    bench_.stage.script.send = Play::waits;
    bench_.stage.script.answer = Play::waits;
    int failures = 0;
    const auto failed = [&failures](const Error&) { ++failures; };
    switchboard_->send(known("carol-1"), {JF_CALL_REQUEST, 7, "call", ""}, failed);
    one().sends.at(0).fail(JF_UNREACHABLE, "no network");
    bench_.settle();
    EXPECT_EQ(failures, 0);
    two().sends.at(0).fail(JF_UNREACHABLE, "no network");
    bench_.settle();
    EXPECT_EQ(failures, 1);

    switchboard_->send(known("carol-1"), {JF_CALL_REQUEST, 8, "call", ""}, failed);
    one().sends.at(1).fail(JF_UNREACHABLE, "no network");
    two().sends.at(1).succeed();
    bench_.settle();
    EXPECT_EQ(failures, 1);
}

TEST_F(TwoMechanisms, BringMessagesToTheirConversation)
{
    std::vector<std::uint32_t> heard;
    switchboard_->converse(
        7, [&heard](const jackfield::kernel::Device&, const Message& message) { heard.push_back(message.kind); });
    one().hear(device("bob-1"), JF_CALL_ANSWER, 7);
    two().hear(device("bob-1"), JF_CALL_CANDIDATES, 7);
    two().hear(device("bob-2"), JF_CALL_REQUEST, 8);
    EXPECT_EQ(heard, (std::vector<std::uint32_t>{JF_CALL_ANSWER, JF_CALL_CANDIDATES}));
    EXPECT_EQ(requests_, std::vector<std::string>{"bob-2"});
    switchboard_->end_conversation(7);
    one().hear(device("bob-1"), JF_CALL_ANSWER, 7);
    EXPECT_EQ(heard.size(), 2U);
}

TEST_F(TwoMechanisms, AConversationMayEndItselfWhileItHears)
{
    int heard = 0;
    switchboard_->converse(7, [&](const jackfield::kernel::Device&, const Message&) {
        switchboard_->end_conversation(7);
        ++heard; // what it captured is still there
    });
    one().hear(device("bob-1"), JF_CALL_ANSWER, 7);
    EXPECT_EQ(heard, 1);
}

TEST_F(TwoMechanisms, AreAnnouncedWhenOneIs)
{
    bench_.stage.script.announce = Play::waits;
    std::vector<Error> results;
    switchboard_->announce([&results](const Error& result) { results.push_back(result); });
    one().ends.at(0).fail(JF_TIMEOUT, "nobody took it");
    bench_.settle();
    EXPECT_TRUE(results.empty()) << "the other may";
    two().ends.at(0).succeed();
    bench_.settle();
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(results[0].status, JF_OK);

    switchboard_->announce([&results](const Error& result) { results.push_back(result); });
    two().ends.at(1).succeed();
    bench_.settle();
    ASSERT_EQ(results.size(), 2U) << "nobody waits for one that is out of reach";
    one().ends.at(1).fail(JF_TIMEOUT, "nobody took it");
    bench_.settle();
    EXPECT_EQ(results.size(), 2U);
}

TEST_F(TwoMechanisms, HaveFailedToBeAnnouncedWhenBothHave)
{
    bench_.stage.script.announce = Play::waits;
    std::vector<Error> results;
    switchboard_->announce([&results](const Error& result) { results.push_back(result); });
    one().ends.at(0).fail(JF_TIMEOUT, "nobody took it");
    two().ends.at(0).fail(JF_UNREACHABLE, "no network");
    bench_.settle();
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(results[0].text, "no network");
}

TEST_F(TwoMechanisms, StopOnce)
{
    int stopped = 0;
    switchboard_->stop([&stopped](const Error&) { ++stopped; });
    bench_.settle();
    EXPECT_EQ(stopped, 1);
    switchboard_->stop([&stopped](const Error&) { ++stopped; });
    EXPECT_EQ(stopped, 2) << "nothing is left to stop";
}

TEST_F(TwoMechanisms, AreOnlineWhenOneIs)
{
    EXPECT_FALSE(switchboard_->online());
    two().listener().state(JF_ONLINE, "joined");
    EXPECT_TRUE(switchboard_->online());
    one().listener().state(JF_OFFLINE, "no network");
    EXPECT_TRUE(switchboard_->online());
    two().listener().state(JF_OFFLINE, "left");
    EXPECT_FALSE(switchboard_->online());
    EXPECT_EQ(states_, (std::vector<std::string>{"on joined", "off no network", "off left"}));
}

// --- a plugin that does what it should not ---------------------------------------------------------------------------

TEST(Mechanism, ThatEndsASearchInsideTheCallEndsIt)
{
    static constexpr jf_discovery_methods kHasty = [] {
        jf_discovery_methods methods{};
        methods.struct_size = sizeof(methods);
        methods.find = [](void*, jf_operation, jf_text account, jf_find_sink sink) {
            const jf_device found{sizeof(found), 0, account, jackfield::to_text("hasty-1"),
                                  jackfield::to_text("chain")};
            sink.device(sink.self, &found);
            sink.done(sink.self, JF_OK, nullptr);
        };
        methods.cancel = [](void*, jf_operation) { FAIL() << "there is nothing to cancel"; };
        return methods;
    }();
    Bench bench;
    bench.board->discovery = {{&kHasty, nullptr, "hasty"}};
    Switchboard switchboard(
        bench.control, *bench.board, bench.completions, [](const jackfield::kernel::Device&, const Message&) {},
        [](const std::string&, bool, const std::string&) {});
    int changes = 0;
    const Search search(switchboard, "bob", [&changes] { ++changes; });
    EXPECT_TRUE(search.done());
    ASSERT_EQ(search.devices().size(), 1U);
    EXPECT_EQ(changes, 2);
}

/// An account that is watched, and of which bob-1 is there, for long enough.
class Watched : public TwoMechanisms {
protected:
    Watched()
    {
        one().listener().state(JF_ONLINE, "on");
        switchboard_->watch("bob");
        one().listener().presence(device("bob-1"), true);
        bench_.advance(Switchboard::kWatchSettles);
    }
    std::unique_ptr<Search> look_if_need_be()
    {
        return std::make_unique<Search>(*switchboard_, "bob", [this] { ++changes_; }, Asking::unless_watched);
    }
};

TEST_F(Watched, NeedsNoLookUp)
{
    const auto search = look_if_need_be();
    EXPECT_EQ(one().looked_for + two().looked_for, 0);
    EXPECT_TRUE(search->done());
    ASSERT_EQ(search->devices().size(), 1U);
    EXPECT_EQ(search->devices()[0].device_id, "bob-1");
}

TEST_F(Watched, DevicesThatComeAreFoundMeanwhile)
{
    auto search = look_if_need_be();
    const auto other = look_if_need_be();
    two().listener().presence(device("bob-2"), true);
    two().listener().presence(device("bob-1"), true);
    two().listener().presence({"carol", "carol-1", "chain"}, true);
    ASSERT_EQ(search->devices().size(), 2U);
    EXPECT_EQ(search->devices()[1].device_id, "bob-2");
    EXPECT_EQ(changes_, 2) << "each search once";
    search.reset();
    two().listener().presence(device("bob-3"), true);
    EXPECT_EQ(changes_, 3);
}

TEST_F(Watched, IsLookedUpAllTheSameIfThatIsAskedFor)
{
    const auto search = look();
    EXPECT_EQ(one().looked_for, 1);
    EXPECT_FALSE(search->done());
}

TEST_F(Watched, IsLookedUpAgainAfterAWhileInCaseSomethingWasMissed)
{
    bench_.advance(Switchboard::kWatchBelieved);
    const auto first = look_if_need_be();
    EXPECT_EQ(one().looked_for, 1);
    const auto second = look_if_need_be();
    EXPECT_EQ(one().looked_for, 1) << "it was asked just now";
}

TEST_F(Watched, IsLookedUpWhenNoDeviceIsThere)
{
    one().listener().presence(device("bob-1"), false);
    const auto search = look_if_need_be();
    EXPECT_EQ(one().looked_for, 1);
}

TEST_F(Watched, IsLookedUpWhenNobodyHearsOfItAnyMore)
{
    one().listener().state(JF_OFFLINE, "off");
    const auto offline = look_if_need_be();
    EXPECT_EQ(one().looked_for, 1);
    one().listener().state(JF_ONLINE, "on");
    switchboard_->unwatch("bob");
    const auto unwatched = look_if_need_be();
    EXPECT_EQ(one().looked_for, 2);
    switchboard_->watch("bob");
    one().listener().presence(device("bob-1"), true);
    const auto too_early = look_if_need_be();
    EXPECT_EQ(one().looked_for, 3) << "it may not have heard of all";
    EXPECT_EQ(too_early->devices().size(), 1U) << "but of one it has";
}

TEST_F(Watched, DevicesThatComeWhileALookUpRunsAreFoundThoughItDoesNotFindThem)
{
    one().listener().presence(device("bob-1"), false);
    const auto search = look_if_need_be();
    EXPECT_TRUE(search->devices().empty());
    one().listener().presence(device("bob-2"), true);
    ASSERT_EQ(search->devices().size(), 1U);
    EXPECT_EQ(search->devices()[0].device_id, "bob-2");
    EXPECT_EQ(changes_, 1);
}

TEST_F(TwoMechanisms, ADeviceIsThereAsLongAsOneOfThemSaysSo)
{
    std::vector<std::string> heard;
    switchboard_->hear_presence([&](const jackfield::kernel::Device& device, bool there) {
        heard.push_back(device.device_id + (there ? " came" : " went"));
    });
    one().listener().presence(device("bob-1"), true);
    EXPECT_TRUE(heard.empty()) << "nobody watches";
    switchboard_->watch("bob");
    one().listener().presence(device("bob-1"), true);
    two().listener().presence(device("bob-1"), true);
    one().listener().presence(device("bob-1"), false);
    EXPECT_EQ(heard, std::vector<std::string>{"bob-1 came"});
    EXPECT_EQ(switchboard_->present("bob").size(), 1U);
    two().listener().presence(device("bob-1"), false);
    two().listener().presence(device("bob-1"), false);
    EXPECT_EQ(heard, (std::vector<std::string>{"bob-1 came", "bob-1 went"}));
    EXPECT_TRUE(switchboard_->present("bob").empty());
    one().listener().presence(device("bob-2"), true);
    switchboard_->unwatch("bob");
    EXPECT_TRUE(switchboard_->present("bob").empty());
}

} // namespace
