// Our profile card goes once to each device that may have it; theirs are kept, within bounds, and broken ones refused.
//
// Threads: the test's; the clock is held.

#include "kernel/flow/cards.hpp"
#include "kernel/flow/limits.hpp"
#include "tests/kernel/doubles/rig.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;

const std::string kFriend(64, 'f');
const std::string kStranger(64, 'e');

class CardsFlow : public ::testing::Test {
protected:
    CardsFlow()
    {
        rig_.node->cards = &cards_;
        rig_.node->cards_folder = folder_.path() / "alice.cards";
        rig_.node->own_card = {write_vcard("Alice"), "version 1", "Alice"};
        rig_.node->contacts.put({kFriend, "friend"});
        rig_.node->message = [this](const std::shared_ptr<Link>& link, const std::string& type,
                                    const std::string& body) {
            return cards_.take(link, type, body).value_or(JF_UNSUPPORTED);
        };
        cards_.work_at_once();
        cards_.work_in(rig_.node.get());
        rig_.settle();
    }
    ~CardsFlow() override
    {
        cards_.work_in(nullptr);
        rig_.close();
    }

    /// A link that the account opens, some time ago.
    void linked(const std::string& account, const std::string& device)
    {
        rig_.request(device, kPeerBlob, account);
        rig_.advance(limits::kCardAfterLink);
    }
    std::size_t sent_to(const std::string& device, std::size_t n = 0)
    {
        return static_cast<std::size_t>(std::ranges::count_if(rig_.signaling(device, n).messages,
                                                              [](const auto& one) { return one.first == kVcardType; }));
    }
    /// The link ends, and another is opened.
    void linked_again(const std::string& account, const std::string& device)
    {
        rig_.signaling(device).break_off();
        rig_.settle();
        linked(account, device);
    }
    jf_status hear(const std::string& device, const std::string& body,
                   const std::string& type = "text/vcard; charset=utf-8")
    {
        const auto status = rig_.signaling(device).hear(type, body);
        rig_.settle();
        return status;
    }

    jackfield::test::TemporaryFolder folder_;
    Rig rig_;
    std::vector<std::string> received_;
    Cards cards_{rig_.control, rig_.timeline, [this](const std::string& account, const Vcard& card) {
                     received_.push_back(account.substr(0, 1) + " " + card.name);
                 }};
};

TEST_F(CardsFlow, GoesToAContactsDeviceOnceAndNotBeforeTheFirstStepsOfACall)
{
    rig_.request("friend-1", kPeerBlob, kFriend);
    rig_.advance(limits::kCardAfterLink - 1ms);
    EXPECT_EQ(sent_to("friend-1"), 0U);
    rig_.advance(1ms);
    EXPECT_EQ(sent_to("friend-1"), 1U);
    EXPECT_EQ(rig_.signaling("friend-1").messages.back().second, write_vcard("Alice"));
    linked_again(kFriend, "friend-1");
    EXPECT_EQ(sent_to("friend-1"), 0U) << "it has that version";
    linked(kFriend, "friend-2");
    EXPECT_EQ(sent_to("friend-2"), 1U) << "each device";
    EXPECT_EQ(sent_cards(rig_.node->cards_folder).size(), 2U);
}

TEST_F(CardsFlow, ANewVersionIsSentOnceAndALaterNodeRemembersIt)
{
    linked(kFriend, "friend-1");
    rig_.node->own_card.version = "version 2";
    linked_again(kFriend, "friend-1");
    EXPECT_EQ(sent_to("friend-1"), 1U);
    Cards later(rig_.control, rig_.timeline, [](const std::string&, const Vcard&) {});
    later.work_at_once();
    rig_.node->cards = &later;
    later.work_in(rig_.node.get());
    rig_.settle();
    linked_again(kFriend, "friend-1");
    EXPECT_EQ(sent_to("friend-1"), 0U);
    later.work_in(nullptr);
    rig_.node->cards = &cards_;
}

TEST_F(CardsFlow, AStrangerHasItOnlyOnceACallWasAnswered)
{
    linked(kStranger, "stranger-1");
    EXPECT_EQ(sent_to("stranger-1"), 0U);
    rig_.program->answers = true;
    rig_.signaling("stranger-1").invited();
    rig_.settle();
    EXPECT_EQ(rig_.program->heard_answer, 1);
    EXPECT_EQ(sent_to("stranger-1"), 1U);
    rig_.incoming[0]->hang_up();
    rig_.settle();
}

TEST_F(CardsFlow, WhomWeCallHasItWhenItAnswers)
{
    const auto call = rig_.call("bob");
    EXPECT_EQ(rig_.program->heard_answer, 1);
    EXPECT_EQ(sent_to("bob-1"), 1U);
    call->hang_up();
    rig_.settle();
}

TEST_F(CardsFlow, WhoIsBannedOrHasOnlyBeenAskedDoesNotHaveIt)
{
    linked(kStranger, "stranger-1");
    rig_.node->contacts.put({kStranger, "", false, true});
    cards_.contacts_changed();
    rig_.node->contacts.put({kStranger, "", true});
    cards_.contacts_changed();
    EXPECT_EQ(sent_to("stranger-1"), 0U);
    rig_.node->contacts.put({kStranger, "now a friend"});
    cards_.contacts_changed();
    EXPECT_EQ(sent_to("stranger-1"), 1U) << "over the link that is open";
}

TEST_F(CardsFlow, OfOurselvesGoesToOurOtherDevices)
{
    linked("alice", "alice-2");
    EXPECT_EQ(sent_to("alice-2"), 1U);
}

TEST_F(CardsFlow, WhoRefusesItIsNotBotheredAfterThreeTimesUntilItSendsItsOwn)
{
    rig_.stage.script.message = Play::fails;
    linked(kFriend, "friend-1");
    EXPECT_EQ(sent_to("friend-1"), 1U);
    for (int i = 2; i <= card_limits::kRefusals; ++i) {
        linked_again(kFriend, "friend-1");
        EXPECT_EQ(sent_to("friend-1"), 1U) << i;
    }
    linked_again(kFriend, "friend-1");
    EXPECT_EQ(sent_to("friend-1"), 0U);
    rig_.stage.script.message = Play::happens;
    EXPECT_EQ(hear("friend-1", write_vcard("Friend")), JF_OK);
    EXPECT_EQ(sent_to("friend-1"), 1U);
}

TEST_F(CardsFlow, WhoDoesNotUnderstandItIsNotBotheredAgainWithThatVersion)
{
    rig_.stage.script.message = Play::waits;
    linked(kFriend, "friend-1");
    ASSERT_EQ(sent_to("friend-1"), 1U);
    rig_.signaling("friend-1").waiting.front().fail(JF_UNSUPPORTED, kScripted);
    rig_.settle();
    rig_.stage.script.message = Play::happens;
    linked_again(kFriend, "friend-1");
    EXPECT_EQ(sent_to("friend-1"), 0U);
    rig_.node->own_card.version = "version 2";
    linked_again(kFriend, "friend-1");
    EXPECT_EQ(sent_to("friend-1"), 1U);
}

TEST_F(CardsFlow, WithoutAProfileNothingIsSent)
{
    rig_.node->own_card = {};
    linked(kFriend, "friend-1");
    EXPECT_EQ(sent_to("friend-1"), 0U);
}

TEST_F(CardsFlow, AContactsCardIsKeptAndToldOnce)
{
    linked(kFriend, "friend-1");
    EXPECT_EQ(hear("friend-1", write_vcard("Friend")), JF_OK);
    EXPECT_EQ(hear("friend-1", write_vcard("Friend")), JF_OK);
    EXPECT_EQ(received_, std::vector<std::string>{"f Friend"});
    EXPECT_EQ(kept_card(rig_.node->cards_folder, kFriend), write_vcard("Friend"));
    EXPECT_EQ(hear("friend-1", write_vcard("Friend the second")), JF_OK);
    EXPECT_EQ(received_.size(), 2U);
}

TEST_F(CardsFlow, ABrokenOrLargeCardOneOfAStrangerAndTooManyAreRefused)
{
    linked(kFriend, "friend-1");
    linked(kStranger, "stranger-1");
    EXPECT_EQ(hear("stranger-1", write_vcard("Eve")), JF_REFUSED);
    EXPECT_EQ(hear("friend-1", "BEGIN:VCARD"), JF_BAD_INPUT);
    EXPECT_EQ(hear("friend-1", write_vcard(std::string(vcard_limits::kBytes, 'x'))), JF_BAD_INPUT);
    EXPECT_EQ(hear("friend-1", "hello", "text/plain"), JF_UNSUPPORTED) << "is no card";
    for (int i = 2; i < limits::kCardsAtOnce; ++i)
        EXPECT_EQ(hear("friend-1", write_vcard("Friend")), JF_OK);
    EXPECT_EQ(hear("friend-1", write_vcard("Friend")), JF_BUSY);
    rig_.node->contacts.put({kFriend, "", true});
    rig_.advance(10s);
    EXPECT_EQ(hear("friend-1", write_vcard("Friend")), JF_REFUSED) << "banned meanwhile";
    EXPECT_EQ(received_.size(), 1U);
}

} // namespace
