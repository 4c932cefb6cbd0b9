// Who becomes a contact of whom, within a node of doubles: asking until there is an answer, keeping what others ask
// within bounds, saying nothing to whoever asks.
//
// Threads: the test's; the clock is held.

#include "kernel/contacts/introduce.hpp"
#include "kernel/flow/introductions.hpp"
#include "kernel/flow/limits.hpp"
#include "kernel/flow/node_flows.hpp"
#include "kernel/flow/open_link.hpp"
#include "tests/kernel/doubles/rig.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;

const std::string kBob(64, 'b');
const std::string kCarol(64, 'c');

jackfield::Device device_of(const std::string& account, int number = 1)
{
    const auto id = fmt::format("{}-{}", account.substr(0, 8), number);
    return {account, id, "chain of " + id};
}

class Introducing : public ::testing::Test {
protected:
    Introducing() : introductions_(rig_.control, rig_.timeline, ears())
    {
        introductions_.work_at_once();
        rig_.node->contacts_file = folder_.path() / "contacts.json";
        rig_.node->settings.display_name = "Alice";
        rig_.switchboard->hand_requests_to(
            [this](const jackfield::kernel::Device& sender, const jackfield::kernel::CallMessage& message) {
                if (message.purpose == kContactPurpose)
                    introductions_.heard(sender, message);
                else
                    spawn(*rig_.node, accept_link(*rig_.node, sender, message));
            });
        rig_.switchboard->hear_presence([this](const jackfield::kernel::Device& device, bool there) {
            if (there)
                introductions_.has_come(device);
        });
        introductions_.work_in(rig_.node.get());
        rig_.settle();
    }
    ~Introducing() override
    {
        introductions_.work_in(nullptr);
        rig_.close();
    }

    IntroductionEars ears()
    {
        return {[this](const ContactRequest& request) { requested_.push_back(request); },
                [this](const Contact& contact) { accepted_.push_back(contact.account_id); },
                [this](const std::string&, const std::string& device) { asked_.push_back(device); },
                [this] {
                    ++changes_;
                    for (const auto& contact : rig_.node->contacts.all())
                        rig_.node->watching.add(contact.account_id);
                }};
    }

    void hear(const jackfield::Device& sender, const std::string& blob)
    {
        rig_.discovery().hear(sender, JF_CALL_REQUEST, ++last_id_, blob, std::string(kContactPurpose));
    }
    void ask_us(const std::string& account, const std::string& note = "")
    {
        hear(device_of(account), write_contact_message({false, "Bob", note}));
        rig_.settle();
    }
    void hear_yes(const std::string& account)
    {
        hear(device_of(account), write_contact_message({true, "Bob"}));
        rig_.settle();
    }
    Error ask(const std::string& account, const std::string& note = "")
    {
        Error result{JF_INTERNAL, "nobody said how it went"};
        introductions_.ask({account, "", false, true, note}, [&](const Error& how) { result = how; });
        rig_.settle();
        return result;
    }
    void comes(const jackfield::Device& device, bool there = true)
    {
        rig_.discovery().listener().presence(device, there);
        rig_.settle();
    }

    /// What another program of ours does.
    void elsewhere(const std::function<Error(Acquaintances&)>& change)
    {
        ASSERT_TRUE(change_acquaintances(rig_.node->contacts_file, change));
        introductions_.look_again();
        rig_.settle();
    }
    void put(const Contact& contact)
    {
        elsewhere([&](Acquaintances& known) { return known.contacts.put(contact); });
    }

    /// What was said to an account about being contacts.
    std::vector<std::string> said_to(const std::string& account)
    {
        std::vector<std::string> said;
        for (const auto& one : rig_.discovery().sent) {
            if (one.message.purpose != kContactPurpose || one.to.account_id != account)
                continue;
            EXPECT_EQ(one.message.kind, std::uint32_t(JF_CALL_REQUEST));
            const auto message = read_contact_message(one.message.blob);
            EXPECT_TRUE(message) << one.message.blob;
            EXPECT_EQ(message->name, "Alice");
            said.push_back(message->accepted ? "accepted" : "ask " + message->note);
        }
        return said;
    }
    Contacts contacts_on_disk() { return *load_contacts(rig_.node->contacts_file); }
    ContactRequests requests_on_disk() { return *load_requests(rig_.node->contacts_file); }

    using Lines = std::vector<std::string>;

    jackfield::test::TemporaryFolder folder_;
    Rig rig_;
    std::vector<ContactRequest> requested_;
    Lines accepted_;
    Lines asked_;
    int changes_ = 0;
    Introductions introductions_;
    std::uint64_t last_id_ = 5000;
};

// --- we are asked ---------------------------------------------------------------------------------------------------

TEST_F(Introducing, WhatSomebodyAsksIsKeptAndToldOnceAndNothingIsAnswered)
{
    ask_us(kBob, "we met");
    ask_us(kBob, "we met");
    ASSERT_EQ(requested_.size(), 1U);
    EXPECT_EQ(requested_[0].name, "Bob");
    EXPECT_EQ(requested_[0].note, "we met");
    ASSERT_EQ(requests_on_disk().all().size(), 1U);
    EXPECT_EQ(requests_on_disk().all()[0], requested_[0]);
    EXPECT_TRUE(rig_.discovery().sent.empty());
    EXPECT_TRUE(rig_.was_told("contact progress request"));
}

TEST_F(Introducing, WhoMayNotCallMayAskAndStillIsNotAnswered)
{
    rig_.node->settings.calls_from = CallsFrom::kContacts;
    ask_us(kBob);
    EXPECT_EQ(requested_.size(), 1U);
    rig_.request("bob-1", kPeerBlob, kBob);
    EXPECT_TRUE(rig_.discovery().sent.empty()) << "neither the request nor the call is answered";
}

TEST_F(Introducing, AnotherRequestOfTheSameAccountTakesThePlaceOfTheFirstAfterAMinute)
{
    ask_us(kBob, "one");
    ask_us(kBob, "two");
    EXPECT_EQ(requests_on_disk().find(kBob)->note, "one") << "too soon";
    ContactRequests requests;
    EXPECT_EQ(requests.take({kBob, "Bob", "one", "", 1'000}), Taken::kNew);
    EXPECT_EQ(requests.take({kBob, "Bob", "two", "", 60'999}), Taken::kKnown);
    EXPECT_EQ(requests.take({kBob, "Bob", "two", "", 61'000}), Taken::kReplaced);
    EXPECT_EQ(requests.take({kBob, "Bob", "two", "", 999'000}), Taken::kKnown);
    EXPECT_EQ(requests.all().size(), 1U);
}

TEST_F(Introducing, WhoIsBannedOrADeviceThatWasRevokedIsNotHeard)
{
    put({kBob, "", true});
    ask_us(kBob);
    rig_.stage.script.revoked = {device_of(kCarol).device_id};
    ask_us(kCarol);
    EXPECT_TRUE(requested_.empty());
    EXPECT_TRUE(rig_.discovery().sent.empty());
    EXPECT_TRUE(requests_on_disk().all().empty());
}

TEST_F(Introducing, WhereNobodyMayAskContactsStillAreAnswered)
{
    rig_.node->settings.contact_requests = ContactRequestsFrom::kNobody;
    put({kCarol, "carol"});
    ask_us(kBob);
    ask_us(kCarol);
    EXPECT_TRUE(requested_.empty());
    EXPECT_EQ(said_to(kCarol), Lines{"accepted"});
    EXPECT_EQ(said_to(kBob), Lines{});
}

TEST_F(Introducing, WhatIsNoRequestIsNotHeard)
{
    for (const std::string& blob : {std::string(), std::string("{}"), std::string("[]"), std::string("null"),
                                    std::string(R"({"contact":"maybe"})"), std::string(R"({"contact":"ask","name":7})"),
                                    std::string("{\"contact\":\"ask\",\"name\":\"a\\u001b[2J\"}"),
                                    R"({"contact":"ask","name":")" + std::string(129, 'a') + "\"}",
                                    R"({"contact":"ask","note":")" + std::string(1025, 'a') + "\"}",
                                    R"({"contact":"ask","more":")" + std::string(8192, 'a') + "\"}"}) {
        hear(device_of(kBob), blob);
        rig_.advance(1s);
        EXPECT_TRUE(requested_.empty()) << blob.substr(0, 60);
    }
    hear(device_of("alice"), write_contact_message({false, "Alice"}));
    hear(device_of(kBob), R"({"contact":"ask","later":["versions"]})");
    rig_.settle();
    EXPECT_EQ(requested_.size(), 1U) << "of bob, who says more than we understand, and not of ourselves";
}

TEST_F(Introducing, WhoWasDeclinedIsToldNothingAndNotHeardAgainAlsoByALaterNode)
{
    ask_us(kBob, "please");
    elsewhere([](Acquaintances& known) { return decline_contact(known, kBob, 1'900'000'000'000); });
    ask_us(kBob, "please!");
    EXPECT_EQ(requested_.size(), 1U);
    EXPECT_TRUE(rig_.discovery().sent.empty());
    EXPECT_EQ(requests_on_disk().find(kBob)->note, "") << "what it said is forgotten";
}

TEST_F(Introducing, WhoIsAcceptedHearsOfItAtOnceOrWhenItComes)
{
    ask_us(kBob);
    EXPECT_EQ(said_to(kBob), Lines{});
    elsewhere([](Acquaintances& known) { return accept_contact(known, kBob, ""); });
    EXPECT_EQ(contacts_on_disk().find(kBob)->name, "Bob") << "as it calls itself";
    EXPECT_TRUE(requests_on_disk().all().empty());
    comes(device_of(kBob));
    EXPECT_EQ(said_to(kBob), Lines{"accepted"});
    ask_us(kBob); // it has not heard it
    EXPECT_EQ(said_to(kBob), (Lines{"accepted", "accepted"}));
    comes(device_of(kBob, 2));
    EXPECT_EQ(said_to(kBob).size(), 2U) << "it is answered when it asks";
    EXPECT_EQ(requested_.size(), 1U);
}

// --- we ask ---------------------------------------------------------------------------------------------------------

TEST_F(Introducing, WhomWeAskIsAskedWhenItsDevicesComeAndAgainUntilItAnswers)
{
    EXPECT_EQ(ask(kBob, "it is me").text, "");
    EXPECT_TRUE(contacts_on_disk().find(kBob)->asked);
    EXPECT_EQ(said_to(kBob), Lines{}) << "nobody is there";
    comes(device_of(kBob));
    comes(device_of(kBob, 2));
    EXPECT_EQ(said_to(kBob), (Lines{"ask it is me", "ask it is me"}));
    EXPECT_EQ(asked_, (Lines{"bbbbbbbb-1", "bbbbbbbb-2"}));
    rig_.advance(limits::kContactAskPause);
    EXPECT_EQ(said_to(kBob).size(), 4U);
    rig_.advance(limits::kContactAskPause);
    EXPECT_EQ(said_to(kBob).size(), 4U) << "less and less often";
    rig_.advance(limits::kContactAskPause);
    EXPECT_EQ(said_to(kBob).size(), 6U);
    hear(device_of(kBob, 2), write_contact_message({true, "Bob"}));
    hear_yes(kBob); // before the first has come to the disk
    EXPECT_EQ(accepted_, Lines{kBob});
    EXPECT_FALSE(contacts_on_disk().find(kBob)->asked);
    EXPECT_EQ(contacts_on_disk().find(kBob)->note, "");
    rig_.advance(10'000s);
    comes(device_of(kBob, 3));
    EXPECT_EQ(said_to(kBob).size(), 6U) << "it is answered";
    hear_yes(kBob);
    EXPECT_EQ(accepted_.size(), 1U);
}

TEST_F(Introducing, ADeviceThatComesAndGoesIsNotAskedEachTime)
{
    ask(kBob);
    for (int i = 0; i < 10; ++i) {
        comes(device_of(kBob));
        comes(device_of(kBob), false);
    }
    EXPECT_EQ(said_to(kBob).size(), 1U);
    rig_.advance(limits::kContactAskLeast);
    comes(device_of(kBob));
    EXPECT_EQ(said_to(kBob).size(), 2U);
}

TEST_F(Introducing, WhoIsWatchedAlreadyIsAskedAtOnceAlsoWhenAnotherProgramSaysSo)
{
    put({kBob, "bob"});
    comes(device_of(kBob));
    elsewhere([](Acquaintances& known) { return ask_contact(known, {kBob, "", false, true, "hello"}); });
    EXPECT_EQ(said_to(kBob), Lines{"ask hello"});
    EXPECT_EQ(contacts_on_disk().find(kBob)->name, "bob");
}

TEST_F(Introducing, BothAskAtTheSameMomentAndBothAreContacts)
{
    ask(kBob);
    comes(device_of(kBob));
    ask_us(kBob);
    EXPECT_EQ(said_to(kBob), (Lines{"ask ", "accepted"}));
    EXPECT_EQ(accepted_, Lines{kBob});
    EXPECT_FALSE(contacts_on_disk().find(kBob)->asked);
    EXPECT_TRUE(requested_.empty()) << "there is nothing to decide";
    hear_yes(kBob);
    EXPECT_EQ(accepted_.size(), 1U);
}

TEST_F(Introducing, AYesThatNobodyAskedForIsNotHeard)
{
    hear_yes(kBob);
    EXPECT_EQ(contacts_on_disk().all().size(), 0U);
    EXPECT_TRUE(requested_.empty() && accepted_.empty());
}

TEST_F(Introducing, AnAccountOfAServiceAndOneThatIsBannedCannotBeAsked)
{
    const auto service = ask("sip:bob@example.net");
    EXPECT_EQ(service.status, JF_UNSUPPORTED);
    for (const char* part : {"contacts: ", "cannot be asked", "searched", "would work", "contacts add NAME sip:bob"})
        EXPECT_NE(service.text.find(part), std::string::npos) << part << " is missing in: " << service.text;
    put({kBob, "", true});
    EXPECT_EQ(ask(kBob).status, JF_REFUSED);
    EXPECT_EQ(ask("bob").status, JF_BAD_INPUT);
    EXPECT_EQ(ask(kCarol, std::string(1025, 'x')).status, JF_BAD_INPUT);
    EXPECT_EQ(contacts_on_disk().all().size(), 1U);
}

TEST_F(Introducing, OnlySoManyAreAskedAtOnce)
{
    for (std::size_t i = 0; i < Contacts::kMaxAsked; ++i)
        EXPECT_EQ(ask(fmt::format("{:064x}", i)).text, "");
    EXPECT_EQ(ask(kBob).status, JF_EXHAUSTED);
    EXPECT_EQ(ask(fmt::format("{:064x}", 0), "another note").text, "");
}

// --- the lists ------------------------------------------------------------------------------------------------------

TEST_F(Introducing, WhatAnotherProgramWritesAndWhatWeWriteAreBothThere)
{
    ASSERT_EQ(
        change_contacts(rig_.node->contacts_file, [](Contacts& list) { return list.put({kCarol, "carol"}); }).text, "");
    ask(kBob); // we had not looked
    EXPECT_EQ(contacts_on_disk().all().size(), 2U);
    EXPECT_NE(rig_.node->contacts.find(kCarol), nullptr);
    EXPECT_EQ(changes_, 1);
}

TEST_F(Introducing, AListThatCannotBeReadChangesNothingAndSaysSo)
{
    put({kBob, "bob"});
    folder_.write("contacts.json", "{ half a");
    introductions_.look_again();
    rig_.settle();
    EXPECT_NE(rig_.node->contacts.find(kBob), nullptr);
    EXPECT_TRUE(std::ranges::any_of(
        rig_.told, [](const auto& line) { return line.starts_with("contact failed bad configuration"); }));
    EXPECT_EQ(ask(kCarol).status, JF_BAD_CONFIG);
}

TEST_F(Introducing, NobodyIsToldOfARequestThatCouldNotBeKeptAndItIsTakenWhenItComesAgain)
{
    folder_.write("contacts.requests.json", "{ half a");
    ask_us(kBob);
    EXPECT_TRUE(requested_.empty());
    std::filesystem::remove(folder_.path() / "contacts.requests.json");
    ask_us(kBob);
    EXPECT_EQ(requested_.size(), 1U);
    EXPECT_EQ(requests_on_disk().all().size(), 1U);
}

// --- storms ---------------------------------------------------------------------------------------------------------

TEST_F(Introducing, AFullListTakesNoMoreAndSaysSoOnce)
{
    for (int i = 0; i < 100; ++i) {
        ask_us(fmt::format("{:064x}", i + 1));
        rig_.advance(1s);
    }
    EXPECT_EQ(requested_.size(), ContactRequests::kMostOpen);
    EXPECT_EQ(requests_on_disk().all().size(), ContactRequests::kMostOpen);
    EXPECT_EQ(
        std::ranges::count_if(rig_.told, [](const auto& line) { return line.starts_with("contact failed exhausted"); }),
        1);
    elsewhere([](Acquaintances& known) { return decline_contact(known, fmt::format("{:064x}", 1), 1); });
    ask_us(kBob);
    EXPECT_EQ(requested_.back().account_id, kBob) << "there is room again";
}

TEST_F(Introducing, AFriendsCallComesThroughAStormOfRequestsOfOneAndOfTwoHundredAccounts)
{
    put({kCarol, "carol"});
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 1000; ++i)
        hear(device_of(kBob, i % 5), write_contact_message({false, "Bob", std::to_string(i)}));
    for (int i = 0; i < 200; ++i)
        hear(device_of(fmt::format("{:064x}", i + 1)),
             write_contact_message({false, "nobody", std::string(1000, 'x')}));
    rig_.request("carol-1", kPeerBlob, kCarol);
    rig_.signaling("carol-1").invited();
    rig_.settle();
    ASSERT_EQ(rig_.incoming.size(), 1U);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 3s);
    EXPECT_LE(requested_.size(), std::size_t(limits::kContactStrangersAtOnce));
    EXPECT_EQ(std::ranges::count(requested_, kBob, &ContactRequest::account_id), 1);
    EXPECT_GE(requested_.size(), 20U) << "one that is loud does not keep the others out";
    EXPECT_EQ(rig_.node->flows, 2) << "the call's, and that which tends links";
    rig_.incoming[0]->hang_up();
    rig_.settle();
}

} // namespace
