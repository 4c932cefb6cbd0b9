// Both lists on the disk: what is asked stands in them, a change of both is one, a person's decisions.

#include "kernel/contacts/introduce.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sstream>
#include <thread>

namespace {

using namespace jackfield::kernel;

const std::string kAsker(64, 'b');
const std::string kOther(64, 'c');

class Acquainted : public ::testing::Test {
protected:
    Error change(const std::function<Error(Acquaintances&)>& how)
    {
        auto changed = change_acquaintances(file_, how);
        if (!changed)
            return changed.error();
        known_ = std::move(*changed);
        return {JF_OK, ""};
    }
    void take(const std::string& account, const std::string& name, std::int64_t at_ms = 1'795'755'000'123)
    {
        EXPECT_EQ(change([&](Acquaintances& known) {
                      known.requests.take({account, name, "we met", "", at_ms});
                      return Error{JF_OK, ""};
                  }).text,
                  "");
    }
    Error accept(const std::string& account, const std::string& name = "")
    {
        return change([&](Acquaintances& known) { return accept_contact(known, account, name); });
    }

    jackfield::test::TemporaryFolder folder_;
    const std::filesystem::path file_ = folder_.path() / "people" / "contacts.json";
    Acquaintances known_;
};

TEST_F(Acquainted, RequestsStandInAFileOfTheirOwnAndReadTheSame)
{
    take(kAsker, "Bob \"the\" \xc3\xbc");
    EXPECT_EQ(requests_file(file_), folder_.path() / "people" / "contacts.requests.json");
    EXPECT_FALSE(std::filesystem::exists(file_)) << "nothing of a stranger in the list of contacts";
    EXPECT_EQ(*load_requests(file_), known_.requests);
    std::stringstream text;
    text << std::ifstream(requests_file(file_)).rdbuf();
    EXPECT_EQ(text.str(),
              "{\n  \"requests\": [\n    {\"account\":\"" + kAsker +
                  "\",\"at\":\"2026-11-27T04:50:00.123Z\",\"name\":\"Bob \\\"the\\\" \xc3\xbc\",\"note\":\"we "
                  "met\"}\n  ]\n}\n");
}

TEST_F(Acquainted, WhatMakesNoSenseInTheFileIsSaidWithItsPlace)
{
    const auto problem = [&](const std::string& text) {
        folder_.write("people/contacts.requests.json", text);
        const auto requests = load_requests(file_);
        return requests ? std::string("accepted") : requests.error().text;
    };
    const auto one = R"({"account":")" + kAsker + "\"}";
    EXPECT_NE(problem(R"({"requests":[)" + one + "," + one + "]}").find("/requests/1: is no request"),
              std::string::npos);
    EXPECT_NE(problem(R"({"requests":[{"account":"bob"}]})").find("/requests/0: is no request"), std::string::npos);
    EXPECT_NE(problem(R"({"requests":[{"acount":"bob"}]})").find("did you mean \"account\"?"), std::string::npos);
    EXPECT_EQ(problem(R"({"requests":[)" + one + "]}"), "accepted");
}

TEST_F(Acquainted, WhoIsAcceptedHasTheNameThatWasGivenOrItsOwnIfNobodyElseHasIt)
{
    take(kAsker, "Bob");
    take(kOther, "bob");
    EXPECT_EQ(accept(kAsker).text, "");
    EXPECT_EQ(known_.contacts.find(kAsker)->name, "Bob");
    EXPECT_EQ(accept(kOther).text, "");
    EXPECT_EQ(known_.contacts.find(kOther)->name, "") << "that name is taken";
    EXPECT_TRUE(known_.requests.all().empty());
    EXPECT_EQ(accept(kAsker).status, JF_NOT_FOUND);
    const std::string third(64, 'd');
    take(third, "carol");
    EXPECT_EQ(accept(third, "bob").status, JF_BAD_INPUT) << "whoever says that name means it";
    EXPECT_EQ(known_.requests.all().size(), 1U);
    EXPECT_EQ(accept(third, "Carol").text, "");
    EXPECT_EQ(known_.contacts.find(third)->name, "Carol");
}

TEST_F(Acquainted, ADeclinedOneIsRememberedForAWhileAndMayStillBeAccepted)
{
    constexpr std::int64_t kNow = 1'795'755'000'000;
    constexpr std::int64_t kDay = 24 * 60 * 60 * 1000LL;
    const auto decline = [&] {
        return change([&](Acquaintances& known) { return decline_contact(known, kAsker, kNow); });
    };
    EXPECT_EQ(decline().status, JF_NOT_FOUND);
    take(kAsker, "Bob", kNow);
    EXPECT_EQ(decline().text, "");
    EXPECT_EQ(decline().status, JF_NOT_FOUND);
    EXPECT_EQ(*load_requests(file_), known_.requests);
    EXPECT_TRUE(known_.requests.find(kAsker)->declined);
    EXPECT_EQ(known_.requests.take({kAsker, "Bob", "", "", kNow + 89 * kDay}), Taken::kDeclined);
    EXPECT_EQ(known_.requests.take({kAsker, "Bob", "", "", kNow + 91 * kDay}), Taken::kNew);
    EXPECT_EQ(accept(kAsker, "Bob").text, "");
}

TEST_F(Acquainted, OnlySoManyDeclinedAreRemembered)
{
    ContactRequests requests;
    for (std::size_t i = 0; i < ContactRequests::kMostDeclined + 10; ++i) {
        requests.take({fmt::format("{:064x}", i), "", "", "", 1});
        EXPECT_TRUE(requests.decline(fmt::format("{:064x}", i), 1));
    }
    EXPECT_EQ(requests.all().size(), ContactRequests::kMostDeclined);
    EXPECT_EQ(requests.find(fmt::format("{:064x}", 9)), nullptr) << "the oldest is forgotten";
    EXPECT_EQ(requests.take({kAsker, "", "", "", 1}), Taken::kNew) << "they take no room from others";
}

TEST_F(Acquainted, OneThatWaitsForThirtyDaysIsForgotten)
{
    take(kAsker, "Bob", 1'000);
    take(kOther, "Carol", 1'000 + 31LL * 24 * 60 * 60 * 1000);
    EXPECT_EQ(known_.requests.find(kAsker), nullptr);
    EXPECT_NE(known_.requests.find(kOther), nullptr);
}

TEST_F(Acquainted, WhoIsAskedStandsInTheListUntilItAnswersAndWhatItAskedIsSettled)
{
    take(kAsker, "Bob");
    EXPECT_EQ(
        change([](Acquaintances& known) { return ask_contact(known, {kAsker, "bob", false, true, "hello"}); }).text,
        "");
    EXPECT_TRUE(known_.requests.all().empty());
    const auto again = load_contacts(file_);
    ASSERT_TRUE(again) << again.error().text;
    EXPECT_EQ(*again->find(kAsker), (Contact{kAsker, "bob", false, true, "hello"}));
    EXPECT_TRUE(again->may_call(kAsker, CallsFrom::kContacts)) << "it may call before it answers";
}

TEST_F(Acquainted, WhoIsInTheListInWhateverWayWaitsForNoDecision)
{
    take(kAsker, "Bob");
    take(kOther, "Carol");
    EXPECT_EQ(change([](Acquaintances& known) {
                  known.contacts.put({kAsker, "bob"});
                  return known.contacts.put({kOther, "", true});
              }).text,
              "");
    EXPECT_TRUE(known_.requests.all().empty());
    EXPECT_EQ(*load_requests(file_), known_.requests);
}

TEST_F(Acquainted, NothingIsLostWhenSeveralChangeBothListsAtOnce)
{
    std::vector<std::thread> writers;
    for (int writer = 0; writer < 4; ++writer) {
        writers.emplace_back([this, writer] {
            for (int i = 0; i < 10; ++i) {
                const auto id = fmt::format("{:064x}", writer * 10 + i + 1);
                EXPECT_TRUE(change_acquaintances(file_, [&](Acquaintances& known) {
                    known.requests.take({id, "", "", "", 1});
                    return Error{JF_OK, ""};
                }));
                EXPECT_EQ(
                    change_contacts(file_, [&](Contacts& contacts) { return contacts.put({"c" + id.substr(1), ""}); })
                        .status,
                    JF_OK);
            }
        });
    }
    for (auto& writer : writers)
        writer.join();
    EXPECT_EQ(load_contacts(file_)->all().size(), 40U);
    EXPECT_EQ(load_requests(file_)->all().size(), 40U);
}

TEST_F(Acquainted, AMessageIsAlwaysOneThatCanBeReadAndNeverLargerThanItMayBe)
{
    const auto card = "BEGIN:VCARD" + std::string(9000, 'x');
    for (const ContactMessage& message :
         {ContactMessage{true, "Bob"}, ContactMessage{false, std::string(128, '"'), std::string(1024, '\\'), card},
          ContactMessage{false, "a\nb", std::string(1025, 'x'), "\xff"}, ContactMessage{false, "\xff", "", "small"}}) {
        const auto text = write_contact_message(message);
        EXPECT_LE(text.size(), kContactMessageBytes);
        const auto read = read_contact_message(text);
        ASSERT_TRUE(read) << text;
        EXPECT_EQ(read->accepted, message.accepted);
    }
    EXPECT_EQ(read_contact_message(write_contact_message({false, "Bob", "we met", "a card"}))->card, "a card");
}

} // namespace
