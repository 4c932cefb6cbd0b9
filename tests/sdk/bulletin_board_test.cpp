// Discovery over a board that anybody can write to: what arrives, what does not, and when it ends.
//
// Threads: the test's, which is the control thread of every node in it. Clocks are turned by hand.
#include "memory_board.hpp"
#include <jackfield/testing/fake_identity.hpp>

#include <gtest/gtest.h>

#include <thread>

namespace jackfield {
namespace {

using namespace jackfield::testing;
using namespace std::chrono_literals;

const jf_discovery_methods& methods()
{
    return Discovery::kMethods;
}

/// One node: host, identity and discovery on a shared board.
struct Node {
    Node(MemoryBoard& board, const std::string& account, const std::string& device)
        : identity(host.host(), account, device), discovery(host.host(), board)
    {
        host.provide(JF_IDENTITY_INTERFACE, identity.raw());
    }
    ~Node() { host.close_gate(); }

    void* self() { return static_cast<Discovery*>(&discovery); }

    void start()
    {
        jf_error error = no_error();
        ASSERT_EQ(methods().start(self(), heard.listener(), &error), JF_OK) << error.text;
        host.run_pending();
    }

    DoneRecord announce()
    {
        DoneRecord end;
        methods().announce(self(), end.done());
        host.run_pending();
        return end;
    }

    FindRecord find(std::string_view account)
    {
        FindRecord found;
        methods().find(self(), ++operation, to_text(account), found.sink());
        host.run_pending();
        return found;
    }

    DoneRecord send(const Device& to, const std::string& blob)
    {
        DoneRecord end;
        const CallMessage message = request(blob);
        const jf_device device = to.raw();
        const jf_call_message raw = message.raw();
        methods().send(self(), ++operation, &device, &raw, end.done());
        host.run_pending();
        return end;
    }

    DoneRecord stop()
    {
        DoneRecord end;
        methods().stop(self(), end.done());
        host.run_pending();
        return end;
    }

    static CallMessage request(const std::string& blob)
    {
        CallMessage message;
        message.call_id = 7;
        message.purpose = "call";
        message.blob = blob;
        return message;
    }

    FakeHost host{Clock::manual};
    FakeIdentity identity;
    DiscoveryRecord heard;
    jf_operation operation = 0;
    MemoryDiscovery discovery;
};

class BulletinBoard : public ::testing::Test {
protected:
    void start_both()
    {
        alice_.start();
        bob_.start();
        ASSERT_EQ(bob_.announce().status, JF_OK);
    }

    void pass_time(std::chrono::nanoseconds by)
    {
        alice_.host.advance(by);
        bob_.host.advance(by);
    }

    void settle()
    {
        while (alice_.host.run_pending() + bob_.host.run_pending() > 0) {
        }
    }

    const Bytes& last_message() { return board_.stored["callto:bob-phone"].back(); }

    MemoryBoard board_;
    Node alice_{board_, "alice", "alice-laptop"};
    Node bob_{board_, "bob", "bob-phone"};
};

TEST_F(BulletinBoard, BringsTheDevicesOfAnAccountOnceEach)
{
    start_both();
    Node tablet(board_, "bob", "bob-tablet");
    tablet.start();
    tablet.announce();
    board_.stored["bob"].push_back(board_.stored["bob"].front());

    const FindRecord found = alice_.find("bob");
    EXPECT_EQ(found.calls, 1);
    EXPECT_EQ(found.status, JF_OK);
    ASSERT_EQ(found.devices.size(), 2U);
    EXPECT_EQ(found.devices[0], bob_.identity.device());
    EXPECT_EQ(found.devices[0].chain_pem, bob_.identity.device().chain_pem);
}

TEST_F(BulletinBoard, ACardThatWasFoundGoodIsNotVerifiedAgainWhileItIsFresh)
{
    start_both();
    ASSERT_EQ(alice_.find("bob").devices.size(), 1U);
    const std::size_t verified = alice_.identity.verifications;
    for (int call = 0; call < 5; ++call)
        EXPECT_EQ(alice_.find("bob").devices.size(), 1U);
    EXPECT_EQ(alice_.identity.verifications, verified);

    alice_.host.advance(BulletinBoardDiscovery::kCardLifetime + kClockTolerance + 1ms); // bob's clock stands still
    EXPECT_EQ(alice_.find("bob").status, JF_NOT_FOUND);
}

TEST_F(BulletinBoard, OneOfAnotherAccountIsNotGoodBecauseItIsKnown)
{
    start_both();
    ASSERT_EQ(alice_.find("bob").devices.size(), 1U);
    board_.stored["carol"] = board_.stored["bob"];
    EXPECT_EQ(alice_.find("carol").status, JF_NOT_FOUND);
}

TEST_F(BulletinBoard, SaysNotFoundWhenNobodyIsAnnounced)
{
    start_both();
    const FindRecord found = alice_.find("carol");
    EXPECT_EQ(found.calls, 1);
    EXPECT_EQ(found.status, JF_NOT_FOUND);
}

TEST_F(BulletinBoard, CarriesMessagesBothWays)
{
    start_both();
    ASSERT_EQ(alice_.find("bob").devices.size(), 1U);
    EXPECT_EQ(alice_.send(Device("bob", "bob-phone"), "hello").status, JF_OK);
    settle();
    ASSERT_EQ(bob_.heard.messages.size(), 1U);
    EXPECT_EQ(bob_.heard.messages[0].second.blob, "hello");
    EXPECT_EQ(bob_.heard.messages[0].second.call_id, 7U);

    EXPECT_EQ(bob_.send(bob_.heard.messages[0].first, "hello yourself").status, JF_OK);
    settle();
    ASSERT_EQ(alice_.heard.messages.size(), 1U);
    EXPECT_EQ(alice_.heard.messages[0].first, bob_.identity.device());
}

TEST_F(BulletinBoard, NeedsAChainToSeal)
{
    start_both();
    EXPECT_EQ(alice_.send(Device("bob", "bob-phone"), "x").status, JF_NOT_FOUND);
    EXPECT_EQ(alice_.send(Device("bob", "bob-phone", "eve/eve-box"), "x").status, JF_UNAUTHENTICATED)
        << "a chain of somebody else could open it";
    EXPECT_EQ(alice_.send(bob_.identity.device(), "x").status, JF_OK);
}

TEST_F(BulletinBoard, RefusesMessagesThatAreTooLarge)
{
    start_both();
    EXPECT_EQ(alice_.send(bob_.identity.device(), std::string(60'000, 'x')).status, JF_BAD_INPUT);
    EXPECT_EQ(alice_.discovery.puts, 0);
}

TEST_F(BulletinBoard, DeliversEverythingOnceThoughTheBoardRepeatsAndReorders)
{
    start_both();
    board_.copies = 3;
    for (int i = 0; i < 50; ++i)
        ASSERT_EQ(alice_.send(bob_.identity.device(), std::to_string(i)).status, JF_OK);
    settle();
    std::vector<Bytes> all = board_.get("callto:bob-phone");
    std::reverse(all.begin(), all.end());
    for (const Bytes& value : all)
        board_.deliver("callto:bob-phone", value);
    settle();

    std::set<std::string> blobs;
    for (const auto& [sender, message] : bob_.heard.messages)
        blobs.insert(message.blob);
    EXPECT_EQ(bob_.heard.messages.size(), 50U);
    EXPECT_EQ(blobs.size(), 50U);
}

TEST_F(BulletinBoard, DeliversWhatWasPutBeforeTheRecipientCame)
{
    alice_.start();
    ASSERT_EQ(alice_.send(bob_.identity.device(), "early").status, JF_OK);
    bob_.start();
    settle();
    ASSERT_EQ(bob_.heard.messages.size(), 1U);
    EXPECT_EQ(bob_.heard.messages[0].second.blob, "early");
}

TEST_F(BulletinBoard, DropsForgedReplayedStaleOversizedAndForeignValues)
{
    start_both();
    ASSERT_EQ(alice_.send(bob_.identity.device(), "real").status, JF_OK);
    settle();
    ASSERT_EQ(bob_.heard.messages.size(), 1U);

    Bytes forged = last_message();
    forged.back() ^= 1;
    Bytes oversized = last_message();
    oversized.resize(kLargestSealedMessage_bytes + 1);
    const Bytes foreign = seal_message(alice_.host.host(), alice_.identity.service(), alice_.identity.device(),
                                       Node::request("for alice"));
    const Bytes stale =
        seal_message(alice_.host.host(), alice_.identity.service(), bob_.identity.device(), Node::request("stale"));
    for (const Bytes& value : {forged, oversized, foreign, last_message(), Bytes{}, Bytes{'J', 'M', 1}})
        board_.deliver("callto:bob-phone", value);
    pass_time(kMessageLifetime + kClockTolerance + 1ms);
    board_.deliver("callto:bob-phone", stale);
    settle();
    EXPECT_EQ(bob_.heard.messages.size(), 1U);

    ASSERT_EQ(alice_.send(bob_.identity.device(), "still works").status, JF_OK);
    settle();
    EXPECT_EQ(bob_.heard.messages.size(), 2U);
}

TEST_F(BulletinBoard, IgnoresCardsOfDevicesThatAreNotOfTheAccount)
{
    start_both();
    const std::int64_t now_ms = alice_.host.host().wall_ms();
    Node eve(board_, "eve", "eve-box");
    board_.put("carol", encode_card(eve.identity.service(), {eve.identity.device(), now_ms, now_ms + 1000, false}));
    board_.put("carol", encode_card(eve.identity.service(),
                                    {Device("carol", "carol-pc", "carol/carol-pc"), now_ms, now_ms + 1000, false}));
    board_.put("carol", board_.stored["bob"].front());
    const FindRecord found = alice_.find("carol");
    EXPECT_EQ(found.status, JF_NOT_FOUND);
    EXPECT_TRUE(found.devices.empty());
}

TEST_F(BulletinBoard, FloodsAreBoundedAndDoNotStopTheNextMessage)
{
    start_both();
    Bytes garbage = detail::labelled("", {});
    garbage.assign({'J', 'M', 1});
    garbage.resize(50'000);
    for (int i = 0; i < 10'000; ++i)
        board_.deliver("callto:bob-phone", garbage);
    const auto lines = bob_.host.log_lines();
    EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                            [](const std::string& line) { return line.find("are dropped") != std::string::npos; }),
              1);
    settle();
    ASSERT_EQ(alice_.send(bob_.identity.device(), "through").status, JF_OK);
    settle();
    EXPECT_EQ(bob_.heard.messages.size(), 1U);
}

/// Bob, who is asked by strangers faster than he can look at their signatures.
class BusyBulletinBoard : public BulletinBoard {
protected:
    BusyBulletinBoard()
    {
        start_both();
        methods().watch(bob_.self(), to_text("alice"));
    }

    /// One message each, waiting to be looked at.
    void strangers(int count)
    {
        for (int i = 0; i < count; ++i) {
            const std::string name = "stranger-" + std::to_string(last_stranger_++);
            const FakeIdentity stranger(bob_.host.host(), name, name);
            board_.deliver("callto:bob-phone", seal_message(bob_.host.host(), stranger.service(),
                                                            bob_.identity.device(), Node::request(name)));
        }
    }

    void alice_says(const std::string& words) { ASSERT_EQ(alice_.send(bob_.identity.device(), words).status, JF_OK); }

    std::size_t place_of(const std::string& words)
    {
        const auto& heard = bob_.heard.messages;
        const auto found = std::ranges::find_if(heard, [&](const auto& one) { return one.second.blob == words; });
        return static_cast<std::size_t>(found - heard.begin());
    }

    std::size_t heard_of_strangers()
    {
        return static_cast<std::size_t>(std::ranges::count_if(
            bob_.heard.messages, [](const auto& one) { return one.first.account_id.starts_with("stranger"); }));
    }

    int last_stranger_ = 0;
};

TEST_F(BusyBulletinBoard, HearsWhomItWatchesBeforeTheStrangersWhoCameEarlier)
{
    alice_.announce(); // her card says which chain is hers
    settle();
    strangers(300);
    alice_says("I am no stranger");
    settle();
    EXPECT_LT(place_of("I am no stranger"), 100U) << "not after all 300";
    EXPECT_GE(heard_of_strangers(), detail::UnprovenMessages::kMostOthers);
}

TEST_F(BusyBulletinBoard, KnowsWhomItWatchesByAMessageToo)
{
    alice_says("hello");
    settle();
    strangers(300);
    alice_says("I am no stranger");
    settle();
    EXPECT_LT(place_of("I am no stranger"), 100U);
}

TEST_F(BusyBulletinBoard, HearsTheAnswerOfWhomItHasAskedBeforeStrangers)
{
    const auto carol = std::make_unique<Node>(board_, "carol", "carol-pc");
    carol->start();
    bob_.send(carol->identity.device(), "are you there?");
    strangers(300);
    carol->send(bob_.identity.device(), "I am");
    settle();
    EXPECT_LT(place_of("I am"), 100U);
}

TEST_F(BusyBulletinBoard, LosesNothingOfAFriendToAFloodThatItDropsThePartOf)
{
    alice_.announce();
    settle();
    strangers(1900);
    alice_says("still heard");
    settle();
    EXPECT_LT(place_of("still heard"), bob_.heard.messages.size());
    EXPECT_LT(heard_of_strangers(), 1900U) << "and of strangers only what there is room for";
    strangers(1);
    settle();
    EXPECT_EQ(bob_.heard.messages.back().first.account_id, "stranger-1900") << "which there is again";
}

TEST_F(BusyBulletinBoard, KeepsTheOrderOfWhomItComesToKnowMeanwhile)
{
    strangers(40);
    for (int i = 0; i < 20; ++i)
        alice_says(std::to_string(i)); // a stranger by her chain, until the first is proven
    settle();
    for (int i = 1; i < 20; ++i)
        EXPECT_GT(place_of(std::to_string(i)), place_of(std::to_string(i - 1)));
}

TEST(UnprovenMessages, OfOneChainHaveFewPlacesAndACopyTakesNone)
{
    detail::UnprovenMessages waiting;
    for (std::size_t i = 0; i < detail::UnprovenMessages::kMostOfOne + 1; ++i) {
        UnprovenMessage message;
        message.body.sender_chain = "alice";
        message.body.nonce[0] = static_cast<std::uint8_t>(i);
        EXPECT_EQ(waiting.put(message), i < detail::UnprovenMessages::kMostOfOne);
        if (i == 0) {
            EXPECT_TRUE(waiting.put(message));
        }
    }
    std::size_t all = 0;
    for (auto part = waiting.take(); !part.empty(); part = waiting.take())
        all += part.size();
    EXPECT_EQ(all, detail::UnprovenMessages::kMostOfOne);
    EXPECT_TRUE(waiting.empty());
}

TEST(UnprovenMessages, OfAChainThatIsExpectedLaterOvertakeAtOnce)
{
    detail::UnprovenMessages waiting;
    for (int i = 0; i < 10; ++i) {
        UnprovenMessage message;
        message.body.sender_chain = i == 9 ? "alice" : "stranger " + std::to_string(i);
        ASSERT_TRUE(waiting.put(message));
    }
    waiting.expect("alice");
    EXPECT_EQ(waiting.take().front().claimed_chain(), "alice");
}

TEST(UnprovenMessages, ExpectOnlySoManyChains)
{
    detail::UnprovenMessages waiting;
    waiting.expect("first");
    for (std::size_t i = 0; i < detail::UnprovenMessages::kMostChains; ++i)
        waiting.expect("chain " + std::to_string(i));
    UnprovenMessage message;
    message.body.sender_chain = "somebody";
    ASSERT_TRUE(waiting.put(message));
    message.body.sender_chain = "first";
    ASSERT_TRUE(waiting.put(message));
    EXPECT_EQ(waiting.take().front().claimed_chain(), "somebody") << "the oldest is a stranger again";
}

TEST_F(BulletinBoard, WatchesDevicesComeAndGo)
{
    alice_.start();
    methods().watch(alice_.self(), to_text("bob"));
    settle();
    EXPECT_TRUE(alice_.heard.presence.empty());

    bob_.start();
    bob_.announce();
    settle();
    ASSERT_EQ(alice_.heard.presence.size(), 1U);
    EXPECT_EQ(alice_.heard.presence[0].first, bob_.identity.device());
    EXPECT_TRUE(alice_.heard.presence[0].second);

    EXPECT_EQ(bob_.stop().status, JF_OK);
    settle();
    ASSERT_EQ(alice_.heard.presence.size(), 2U);
    EXPECT_FALSE(alice_.heard.presence[1].second);
}

TEST_F(BulletinBoard, AWithdrawnDeviceStaysAwayThoughItsOldCardComesBack)
{
    start_both();
    methods().watch(alice_.self(), to_text("bob"));
    settle();
    const Bytes old_card = board_.stored["bob"].front();
    bob_.stop();
    settle();
    ASSERT_EQ(alice_.heard.presence.size(), 2U);
    board_.put("bob", old_card);
    board_.copies = 2;
    settle();
    EXPECT_EQ(alice_.heard.presence.size(), 2U);
    EXPECT_EQ(alice_.find("bob").status, JF_NOT_FOUND) << "card and withdrawal come together";
    board_.backwards = true;
    EXPECT_EQ(alice_.find("bob").status, JF_NOT_FOUND);
}

TEST_F(BulletinBoard, ADeviceThatDiesIsGoneWhenItsCardExpires)
{
    start_both();
    methods().watch(alice_.self(), to_text("bob"));
    settle();
    ASSERT_EQ(alice_.heard.presence.size(), 1U);
    bob_.host.close_gate(); // refreshes nothing any more
    alice_.host.advance(BulletinBoardDiscovery::kCardLifetime - 1s);
    EXPECT_EQ(alice_.heard.presence.size(), 1U);
    alice_.host.advance(2s);
    ASSERT_EQ(alice_.heard.presence.size(), 2U);
    EXPECT_FALSE(alice_.heard.presence[1].second);
}

TEST_F(BulletinBoard, ADeviceWhoseClockIsLateIsGoneNoLaterThanOthers)
{
    alice_.host.set_wall_ms(alice_.host.host().wall_ms() + 110'000);
    alice_.start();
    methods().watch(alice_.self(), to_text("bob"));
    bob_.start();
    bob_.announce();
    settle();
    ASSERT_EQ(alice_.heard.presence.size(), 1U);
    bob_.host.close_gate();
    alice_.host.advance(BulletinBoardDiscovery::kCardLifetime - 1s);
    EXPECT_EQ(alice_.heard.presence.size(), 1U);
    alice_.host.advance(2s);
    EXPECT_EQ(alice_.heard.presence.size(), 2U);
}

TEST_F(BulletinBoard, ARevokedDeviceIsGoneForWatchersAndForThoseWhoLookForIt)
{
    Node laptop(board_, "bob", "bob-laptop");
    start_both();
    laptop.start();
    laptop.announce();
    methods().watch(alice_.self(), to_text("bob"));
    settle();
    ASSERT_EQ(alice_.heard.presence.size(), 2U);
    laptop.identity.revoke_device("bob-phone");
    laptop.host.advance(detail::CardAnnouncer::kLook);
    settle();
    ASSERT_EQ(alice_.heard.presence.size(), 3U) << "within a second and no look-up";
    EXPECT_EQ(alice_.heard.presence[2].first, bob_.identity.device());
    EXPECT_FALSE(alice_.heard.presence[2].second);
    const FindRecord found = alice_.find("bob");
    ASSERT_EQ(found.devices.size(), 1U);
    EXPECT_EQ(found.devices[0], laptop.identity.device());
    pass_time(BulletinBoardDiscovery::kCardLifetime); // it announces itself, as if nothing had happened
    settle();
    EXPECT_EQ(std::ranges::count(alice_.heard.presence, std::pair(bob_.identity.device(), true)), 1);
}

TEST_F(BulletinBoard, WhoLooksAnAccountUpLearnsWhoWasRevokedAndHearsItNoMore)
{
    Node laptop(board_, "bob", "bob-laptop");
    start_both();
    laptop.identity.revoke_device("bob-phone");
    laptop.start();
    laptop.announce();
    bob_.send(alice_.identity.device(), "before");
    settle();
    EXPECT_EQ(alice_.heard.messages.size(), 1U) << "nobody has told her";
    alice_.find("bob");
    bob_.send(alice_.identity.device(), "after");
    settle();
    EXPECT_EQ(alice_.heard.messages.size(), 1U);
}

TEST_F(BulletinBoard, AnotherDeviceOfTheAccountPassesTheListOn)
{
    Node laptop(board_, "bob", "bob-laptop");
    Node tablet(board_, "bob", "bob-tablet");
    tablet.start();
    tablet.announce();
    methods().watch(tablet.self(), to_text("bob"));
    laptop.identity.revoke_device("bob-phone");
    laptop.start();
    laptop.announce();
    tablet.host.run_pending();
    laptop.stop();
    tablet.host.advance(detail::CardAnnouncer::kLook);
    const Bytes card = board_.stored["bob"].back();
    EXPECT_EQ(decode_card(alice_.host.host(), alice_.identity.service(), "bob", card).device.device_id, "bob-tablet");
    EXPECT_EQ(alice_.identity.service().revocations("bob"), laptop.identity.service().revocations());
}

TEST_F(BulletinBoard, AnAnnouncementThatAnotherProgramOfTheDeviceHasTakenBackIsPutAgain)
{
    start_both();
    methods().watch(bob_.self(), to_text("bob"));
    methods().watch(alice_.self(), to_text("bob"));
    settle();
    Node shortly(board_, "bob", "bob-phone"); // "jackfield text", while "listen" runs
    shortly.host.advance(1s);
    shortly.start();
    shortly.announce();
    shortly.stop();
    settle();
    EXPECT_EQ(alice_.find("bob").devices.size(), 1U);
    EXPECT_TRUE(alice_.heard.presence.back().second);
    bob_.stop();
    settle();
    EXPECT_EQ(alice_.find("bob").status, JF_NOT_FOUND) << "but not once it is to be gone";
}

TEST_F(BulletinBoard, AProgramThatIsNotAnnouncedTakesNothingBackWhenItEnds)
{
    bob_.start(); // "jackfield presence"
    methods().watch(bob_.self(), to_text("bob"));
    Node shortly(board_, "bob", "bob-phone"); // another program of the device, which it sees come and go
    shortly.host.advance(1s);
    shortly.start();
    shortly.announce();
    settle();
    shortly.stop();
    settle();
    ASSERT_EQ(bob_.heard.presence.size(), 2U);
    bob_.stop();
    settle();
    EXPECT_EQ(bob_.discovery.puts, 0);
}

TEST_F(BulletinBoard, AnnouncementsAreRefreshedBeforeTheyExpire)
{
    start_both();
    methods().watch(alice_.self(), to_text("bob"));
    for (int minute = 0; minute < 60; ++minute)
        pass_time(1min);
    settle();
    EXPECT_EQ(alice_.heard.presence.size(), 1U) << "present all the time";
    EXPECT_EQ(bob_.discovery.puts, 1 + 60);
    EXPECT_EQ(alice_.find("bob").devices.size(), 1U);
}

TEST_F(BulletinBoard, ComesAgainAfterItWasStartedAnew)
{
    start_both();
    methods().watch(alice_.self(), to_text("bob"));
    settle();
    bob_.stop();
    settle();
    Node again(board_, "bob", "bob-phone");
    again.host.advance(1s);
    again.start();
    again.announce();
    settle();
    ASSERT_EQ(alice_.heard.presence.size(), 3U);
    EXPECT_TRUE(alice_.heard.presence[2].second);
}

TEST_F(BulletinBoard, UnwatchedAccountsAreSilent)
{
    start_both();
    methods().watch(alice_.self(), to_text("bob"));
    methods().watch(alice_.self(), to_text("bob"));
    settle();
    methods().unwatch(alice_.self(), to_text("bob"));
    methods().unwatch(alice_.self(), to_text("bob"));
    bob_.stop();
    settle();
    EXPECT_EQ(alice_.heard.presence.size(), 1U);
    EXPECT_EQ(board_.listeners.count("bob"), 0U);
}

TEST_F(BulletinBoard, OperationsWaitForTheBoardToComeOnline)
{
    alice_.discovery.online_at_once = false;
    alice_.start();
    bob_.start();
    bob_.announce();
    ASSERT_EQ(alice_.heard.states, std::vector<std::uint32_t>{JF_OFFLINE});
    FindRecord found;
    DoneRecord sent;
    DoneRecord announced;
    methods().find(alice_.self(), 1, to_text("bob"), found.sink());
    const jf_device device = bob_.identity.device().raw();
    const CallMessage message = Node::request("patience");
    const jf_call_message raw = message.raw();
    methods().send(alice_.self(), 2, &device, &raw, sent.done());
    methods().announce(alice_.self(), announced.done());
    pass_time(4s);
    EXPECT_EQ(found.calls + sent.calls + announced.calls, 0);

    alice_.discovery.board_state(true, "back");
    settle();
    EXPECT_EQ(alice_.heard.states.back(), static_cast<std::uint32_t>(JF_ONLINE));
    EXPECT_EQ(found.devices.size(), 1U);
    EXPECT_EQ(found.status, JF_OK);
    EXPECT_EQ(sent.calls, 1);
    EXPECT_EQ(sent.status, JF_OK);
    EXPECT_EQ(announced.calls, 1);
    EXPECT_EQ(bob_.heard.messages.size(), 1U);
}

TEST_F(BulletinBoard, WhatABoardHasBeforeItIsOnlineIsFoundThenAndOnce)
{
    bob_.start();
    bob_.announce();
    alice_.discovery.online_at_once = false;
    alice_.discovery.early = true;
    alice_.start();
    FindRecord found;
    methods().find(alice_.self(), 1, to_text("bob"), found.sink());
    settle();
    EXPECT_EQ(found.devices.size(), 1U);
    EXPECT_EQ(found.calls, 0) << "others may have more";
    EXPECT_EQ(alice_.discovery.gets, 0);
    alice_.discovery.board_state(true, "back");
    settle();
    EXPECT_EQ(found.devices.size(), 1U);
    EXPECT_EQ(found.calls, 1);
    EXPECT_EQ(found.status, JF_OK);
    alice_.discovery.early_values(board_.stored["bob"].back()); // far too late
    settle();
    EXPECT_EQ(found.devices.size(), 1U);
}

TEST_F(BulletinBoard, OperationsEndUnreachableWhenTheBoardStaysOffline)
{
    alice_.discovery.online_at_once = false;
    alice_.start();
    FindRecord found;
    methods().find(alice_.self(), 1, to_text("bob"), found.sink());
    pass_time(BulletinBoardDiscovery::kOfflinePatience);
    EXPECT_EQ(found.calls, 1);
    EXPECT_EQ(found.status, JF_UNREACHABLE);
    EXPECT_NE(found.text.find("a board out of reach"), std::string::npos) << found.text;
}

TEST_F(BulletinBoard, ABusyBoardIsAskedAgainALittleLater)
{
    start_both();
    alice_.discovery.busy_gets = 2;
    const FindRecord found = alice_.find("bob");
    for (int again = 0; again < 2; ++again) {
        EXPECT_EQ(found.calls, 0) << "who may have it did not answer, which is not that nobody has it";
        alice_.host.advance(BulletinBoardDiscovery::kGetAgain);
        settle();
    }
    EXPECT_EQ(found.status, JF_OK);
    EXPECT_EQ(found.devices.size(), 1U);
}

TEST_F(BulletinBoard, OneThatMayMissAValueIsAskedOnceMoreBeforeNobodyIsFound)
{
    start_both();
    alice_.discovery.misses = true;
    alice_.discovery.missed_gets = 1;
    const FindRecord found = alice_.find("bob");
    settle();
    EXPECT_EQ(found.status, JF_OK);
    EXPECT_EQ(found.devices.size(), 1U);
    const FindRecord nobody = alice_.find("mallory");
    settle();
    EXPECT_EQ(nobody.status, JF_NOT_FOUND);
    EXPECT_EQ(alice_.discovery.gets, 4);
}

TEST_F(BulletinBoard, OneThatMissesNothingIsAskedOnce)
{
    start_both();
    const FindRecord nobody = alice_.find("mallory");
    settle();
    EXPECT_EQ(nobody.status, JF_NOT_FOUND);
    EXPECT_EQ(alice_.discovery.gets, 1);
}

TEST_F(BulletinBoard, OneThatStaysBusyHasNothing)
{
    start_both();
    alice_.discovery.busy_gets = 9;
    const FindRecord found = alice_.find("bob");
    for (int again = 1; again < BulletinBoardDiscovery::kGets; ++again) {
        EXPECT_EQ(found.calls, 0);
        alice_.host.advance(BulletinBoardDiscovery::kGetAgain);
        settle();
    }
    EXPECT_EQ(found.status, JF_NOT_FOUND);
    EXPECT_EQ(alice_.discovery.gets, BulletinBoardDiscovery::kGets);
}

TEST_F(BulletinBoard, AFindThatWaitsToAskAgainCanBeCancelledAndStopped)
{
    start_both();
    alice_.discovery.busy_gets = 9;
    const FindRecord cancelled = alice_.find("bob");
    methods().cancel(alice_.self(), alice_.operation);
    const FindRecord stopped = alice_.find("bob");
    alice_.stop();
    alice_.host.advance(BulletinBoardDiscovery::kGetAgain);
    settle();
    EXPECT_EQ(stopped.calls, 1);
    EXPECT_EQ(alice_.discovery.gets, 2);
}

TEST_F(BulletinBoard, ASilentBoardEndsInATimeout)
{
    start_both();
    board_.silent = true;
    FindRecord found;
    DoneRecord sent;
    methods().find(alice_.self(), 1, to_text("bob"), found.sink());
    const jf_device device = bob_.identity.device().raw();
    const CallMessage message = Node::request("lost");
    const jf_call_message raw = message.raw();
    methods().send(alice_.self(), 2, &device, &raw, sent.done());
    pass_time(BulletinBoardDiscovery::kGetLimit);
    EXPECT_EQ(found.status, JF_TIMEOUT);
    EXPECT_EQ(found.calls, 1);
    pass_time(BulletinBoardDiscovery::kPutLimit);
    EXPECT_EQ(sent.status, JF_TIMEOUT);
    EXPECT_EQ(sent.calls, 1);
}

TEST_F(BulletinBoard, CancelEndsAnOperationAtOnce)
{
    start_both();
    board_.silent = true;
    FindRecord found;
    methods().find(alice_.self(), 5, to_text("bob"), found.sink());
    methods().cancel(alice_.self(), 5);
    EXPECT_EQ(found.calls, 0) << "posted, never inside the call";
    settle();
    EXPECT_EQ(found.calls, 1);
    EXPECT_EQ(found.status, JF_CANCELLED);
    pass_time(1min);
    EXPECT_EQ(found.calls, 1);
}

TEST_F(BulletinBoard, TooManyOperationsAreRefusedUntilSomeAreCancelled)
{
    start_both();
    board_.silent = true;
    std::vector<std::unique_ptr<FindRecord>> finds;
    for (jf_operation i = 0; i <= BulletinBoardDiscovery::kMostOperations; ++i) {
        finds.push_back(std::make_unique<FindRecord>());
        methods().find(alice_.self(), 100 + i, to_text("bob"), finds.back()->sink());
    }
    alice_.host.run_pending();
    EXPECT_EQ(finds.back()->status, JF_EXHAUSTED);
    EXPECT_EQ(finds.front()->calls, 0);
    methods().cancel(alice_.self(), 100);
    FindRecord another;
    methods().find(alice_.self(), 9999, to_text("bob"), another.sink());
    alice_.host.run_pending();
    EXPECT_EQ(another.calls, 0) << "it runs";
    alice_.host.advance(BulletinBoardDiscovery::kGetLimit);
    EXPECT_EQ(another.calls, 1);
}

TEST_F(BulletinBoard, AnAnnouncementThatIsNotTakenIsTriedAgain)
{
    alice_.start();
    board_.put_status = JF_UNREACHABLE;
    EXPECT_EQ(alice_.announce().status, JF_UNREACHABLE);
    board_.put_status = JF_OK;
    alice_.host.advance(BulletinBoardDiscovery::kCardRetry);
    bob_.start();
    EXPECT_EQ(bob_.find("alice").devices.size(), 1U);
}

TEST_F(BulletinBoard, StopEndsWhatRuns)
{
    start_both();
    board_.silent = true;
    FindRecord found;
    methods().find(alice_.self(), 1, to_text("bob"), found.sink());
    EXPECT_EQ(alice_.stop().calls, 1) << "nothing to withdraw, so nothing to wait for";
    EXPECT_EQ(found.status, JF_CLOSED);
    EXPECT_EQ(found.calls, 1);
    EXPECT_EQ(alice_.find("bob").status, JF_CLOSED);
    EXPECT_EQ(alice_.stop().status, JF_OK);

    DoneRecord stopped;
    methods().stop(bob_.self(), stopped.done());
    bob_.host.run_pending();
    EXPECT_EQ(stopped.calls, 0) << "the withdrawal is on its way";
    bob_.host.advance(BulletinBoardDiscovery::kWithdrawLimit);
    EXPECT_EQ(stopped.calls, 1) << "but not for long";
}

TEST_F(BulletinBoard, AnIdentityThatIsLoadedLaterIsUsedThen)
{
    bob_.identity.loaded = false;
    bob_.start();
    EXPECT_EQ(bob_.announce().status, JF_WOULD_BLOCK);
    EXPECT_EQ(board_.listeners.count("callto:bob-phone"), 0U);
    bob_.identity.loaded = true;
    EXPECT_EQ(bob_.announce().status, JF_OK);
    EXPECT_EQ(board_.listeners.count("callto:bob-phone"), 1U);
}

TEST(BulletinBoardWithoutIdentity, RunsAndServesOthers)
{
    MemoryBoard board;
    FakeHost host(Clock::manual);
    MemoryDiscovery discovery(host.host(), board);
    Discovery* self = &discovery;
    DiscoveryRecord heard;
    ASSERT_EQ(methods().start(self, heard.listener(), nullptr), JF_OK);
    host.run_pending();
    EXPECT_EQ(heard.states, std::vector<std::uint32_t>{JF_ONLINE});
    DoneRecord announced;
    methods().announce(self, announced.done());
    FindRecord found;
    methods().find(self, 1, to_text("bob"), found.sink());
    methods().watch(self, to_text("bob"));
    host.run_pending();
    EXPECT_EQ(announced.status, JF_UNSUPPORTED);
    EXPECT_EQ(found.status, JF_UNSUPPORTED);
    DoneRecord stopped;
    methods().stop(self, stopped.done());
    host.run_pending();
    EXPECT_EQ(stopped.status, JF_OK);
    host.close_gate();
}

TEST(BoardInbox, TakesValuesFromManyThreadsAndEndsAfterTheLast)
{
    FakeHost host;
    std::size_t values = 0;
    std::optional<Status> end;
    static constexpr std::array<std::uint8_t, 1> head{'x'};
    const auto inbox = std::make_shared<detail::BoardInbox>(
        host.host(), head, 10, [&](const std::vector<Bytes>& part) { values += part.size(); },
        [&](Status status, const std::string&) { end = status; });
    std::vector<std::thread> writers;
    for (int i = 0; i < 4; ++i)
        writers.emplace_back([inbox] {
            for (int j = 0; j < 100; ++j)
                inbox->put(Bytes{'x', 1});
            inbox->put(Bytes{'y', 1});
        });
    for (std::thread& writer : writers)
        writer.join();
    inbox->end(JF_OK, "");
    ASSERT_TRUE(host.run_until([&] { return end.has_value(); }));
    EXPECT_EQ(values, 400U);
}

} // namespace
} // namespace jackfield
