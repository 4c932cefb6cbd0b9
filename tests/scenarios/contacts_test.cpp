// Contact requests and profile cards between real processes, over the DHT and over a rendezvous server: to one that
// listens, to one that comes later, past a door that is open to contacts alone.
//
// Threads: the test's.
#include "world.hpp"

#include "tests/tools/running_program.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace {

using namespace scenarios;

struct Way {
    const char* name;
    bool dht;
};

class ContactRequests : public ::testing::TestWithParam<Way> {
protected:
    ContactRequests() : world_(GetParam().dht)
    {
        for (const char* name : {"alice", "bob"}) {
            PeerOptions options{.call = {{"connect_timeout_s", 2}, {"display_name", name}}};
            if (!GetParam().dht)
                options.slots["discovery"] = {{"use", "discovery-rendezvous"},
                                              {"config", {{"servers", {world_.rendezvous()}}}}};
            world_.configure(name, options);
            world_.change(name, [&](Json& config) { config["contacts"] = std::string(name) + "-contacts.json"; });
        }
        alice_ = world_.account("alice");
        bob_ = world_.account("bob");
    }

    static void bobs_calls_from_contacts(Json& config) { config["call"]["calls_from"] = "contacts"; }

    jackfield::test::Ran contacts(const std::string& name, std::vector<std::string> words) const
    {
        const auto file = (world_.folder() / (name + ".json")).string();
        words.insert(words.begin(), {"contacts", "--config", file});
        auto ran = jackfield::test::run(words);
        EXPECT_LT(ran.code, 128) << ran.out << ran.err;
        return ran;
    }
    Json contact(const std::string& name, const std::string& account) const
    {
        const Json all = Json::parse(contacts(name, {"--json"}).out);
        for (const auto& one : all["contacts"]) {
            if (one["account"] == account)
                return one;
        }
        return nullptr;
    }
    std::size_t requests(const std::string& name) const
    {
        return Json::parse(contacts(name, {"requests", "--json"}).out)["requests"].size();
    }
    void profile_of(const std::string& name, const Json& profile)
    {
        world_.change(name, [&](Json& config) { config["profile"] = profile; });
    }
    /// Alice calls bob, and both hang up in order.
    std::size_t cards_sent_in_a_call()
    {
        const auto call = world_.call("alice", bob_, {"--audio-only", "--for", "1.5"});
        EXPECT_EQ(call->exit_code(), 0) << "see " << call->log();
        std::size_t sent = 0;
        call->find([&](const Json& event) {
            sent += event.value("step", "") == "contact" && event["detail"].value("what", "") == "card sent" ? 1 : 0;
            return false;
        });
        return sent;
    }
    static Json hears(Process& listener, const std::string& what, std::chrono::seconds limit = 20s)
    {
        return listener.event("contact", "progress", what, limit);
    }

    World world_;
    std::string alice_;
    std::string bob_;
};

TEST_P(ContactRequests, IsSeenAcceptedInAnotherTerminalAndBothKnowEachOther)
{
    const auto bob = world_.listen("bob", {"--answer"});
    const auto alice = world_.listen("alice", {"--answer"});
    const auto asked = contacts("alice", {"request", bob_, "--name", "Robert", "--note", "we met in Ghent"});
    EXPECT_EQ(asked.code, 0) << asked.out << asked.err;
    const Json seen = hears(*bob, "contact request");
    ASSERT_FALSE(seen.is_null());
    EXPECT_EQ(seen["detail"]["account"], alice_);
    EXPECT_EQ(seen["detail"]["name"], "alice");
    EXPECT_EQ(seen["detail"]["note"], "we met in Ghent");
    EXPECT_EQ(contact("alice", bob_),
              (Json{{"account", bob_}, {"name", "Robert"}, {"banned", false}, {"asked", true}}));
    EXPECT_EQ(contacts("bob", {"accept", "alice"}).code, 0) << "by the name that it gives itself";
    EXPECT_FALSE(hears(*alice, "accepted").is_null());
    EXPECT_EQ(contact("alice", bob_)["asked"], false);
    EXPECT_EQ(contact("bob", alice_)["name"], "alice");
    EXPECT_EQ(requests("bob"), 0U);
}

TEST_P(ContactRequests, WaitsForAPeerThatIsAwayAndReachesItWhenItComes)
{
    const auto asked = contacts("alice", {"request", bob_, "--wait", "0.5"});
    EXPECT_EQ(asked.code, 9) << asked.out << asked.err;
    const auto alice = world_.listen("alice", {"--answer"});
    const auto bob = world_.listen("bob", {"--answer"});
    ASSERT_FALSE(hears(*bob, "contact request").is_null());
    EXPECT_EQ(contacts("bob", {"accept", alice_, "Alice"}).code, 0);
    EXPECT_FALSE(hears(*alice, "accepted").is_null());
}

TEST_P(ContactRequests, OpensADoorThatIsForContactsAloneOnceItIsAccepted)
{
    world_.change("bob", &bobs_calls_from_contacts);
    const auto bob = world_.listen("bob", {"--answer"});
    EXPECT_EQ(world_.call("alice", bob_, {"--audio-only", "--for", "0.2"})->exit_code(), 5) << "nobody answers";
    EXPECT_EQ(contacts("alice", {"request", bob_}).code, 0);
    ASSERT_FALSE(hears(*bob, "contact request").is_null());
    EXPECT_EQ(world_.call("alice", bob_, {"--audio-only", "--for", "0.2"})->exit_code(), 5) << "to ask opens nothing";
    EXPECT_EQ(contacts("bob", {"accept", alice_}).code, 0);
    ASSERT_FALSE(hears(*bob, "changed").is_null());
    world_.change("alice", [](Json& config) { config["call"]["connect_timeout_s"] = 15; });
    EXPECT_EQ(world_.call("alice", bob_, {"--audio-only", "--for", "0.2"})->exit_code(), 0);
}

TEST_P(ContactRequests, WhoIsDeclinedIsToldNothingAndIsNotSeenAgain)
{
    const auto bob = world_.listen("bob", {"--answer"});
    EXPECT_EQ(contacts("alice", {"request", bob_}).code, 0);
    ASSERT_FALSE(hears(*bob, "contact request").is_null());
    EXPECT_EQ(requests("bob"), 1U);
    EXPECT_EQ(contacts("bob", {"decline", alice_}).code, 0);
    EXPECT_EQ(requests("bob"), 0U);
    EXPECT_EQ(contacts("alice", {"request", bob_, "--note", "please"}).code, 0);
    EXPECT_TRUE(hears(*bob, "accepted", 1s).is_null());
    EXPECT_EQ(requests("bob"), 0U);
    EXPECT_EQ(contact("alice", bob_)["asked"], true);
    EXPECT_EQ(contacts("bob", {"accept", alice_}).code, 0) << "a person may think again";
}

TEST_P(ContactRequests, WhoIsBannedWhileWeListenIsNotHeard)
{
    const auto bob = world_.listen("bob", {"--answer"});
    EXPECT_EQ(contacts("bob", {"ban", alice_}).code, 0);
    ASSERT_FALSE(hears(*bob, "changed").is_null()) << "without SIGUSR1";
    EXPECT_EQ(contacts("alice", {"request", bob_}).code, 0) << "discovery has taken it";
    EXPECT_EQ(world_.call("alice", bob_, {"--audio-only", "--for", "0.2"})->exit_code(), 5);
    EXPECT_EQ(requests("bob"), 0U);
    EXPECT_EQ(contacts("bob", {"allow", alice_}).code, 0);
}

TEST_P(ContactRequests, BothWhoAskAreContacts)
{
    EXPECT_EQ(contacts("alice", {"request", bob_, "--wait", "0.2"}).code, 9);
    EXPECT_EQ(contacts("bob", {"request", alice_, "--wait", "0.2"}).code, 9);
    const auto bob = world_.listen("bob", {"--answer"});
    const auto alice = world_.listen("alice", {"--answer"});
    EXPECT_FALSE(hears(*alice, "accepted").is_null());
    EXPECT_FALSE(hears(*bob, "accepted").is_null());
    EXPECT_EQ(contact("alice", bob_)["asked"], false);
    EXPECT_EQ(contact("bob", alice_)["asked"], false);
    EXPECT_EQ(requests("alice") + requests("bob"), 0U);
}

TEST_P(ContactRequests, ACardGoesToAContactOnceAndANewVersionOfItOnceMore)
{
    EXPECT_EQ(contacts("alice", {"add", "bob", bob_}).code, 0);
    EXPECT_EQ(contacts("bob", {"add", "Lissy", alice_}).code, 0);
    EXPECT_EQ(contacts("bob", {"show", "Lissy"}).code, 3) << "none has come";
    profile_of("alice", {{"name", "Alice van den Berg"}});
    for (const char* name : {"alice", "bob"})
        world_.change(name, [](Json& config) { config["call"]["connect_timeout_s"] = 15; });
    const auto bob = world_.listen("bob", {"--answer"});
    EXPECT_EQ(cards_sent_in_a_call(), 1U);
    const Json came = hears(*bob, "profile");
    ASSERT_FALSE(came.is_null());
    EXPECT_EQ(came["detail"]["name"], "Alice van den Berg");
    EXPECT_EQ(came["detail"]["account"], alice_);
    EXPECT_EQ(contacts("bob", {"show", "Lissy"}).out, "name      Alice van den Berg\n");
    EXPECT_EQ(contacts("bob", {}).out, alice_ + "          Lissy \"Alice van den Berg\"\n");
    EXPECT_EQ(cards_sent_in_a_call(), 0U) << "another program, that remembers";
    std::ofstream(world_.folder() / "me.vcf")
        << "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Alice B.\r\nEMAIL:alice@example.net\r\nEND:VCARD\r\n";
    profile_of("alice", {{"card", "me.vcf"}});
    EXPECT_EQ(cards_sent_in_a_call(), 1U);
    EXPECT_EQ(cards_sent_in_a_call(), 0U);
    EXPECT_EQ(contacts("bob", {"show", alice_}).out, "name      Alice B.\nmail      alice@example.net\n");
    EXPECT_EQ(Json::parse(contacts("bob", {"show", alice_, "--json"}).out)["mails"],
              Json::array({"alice@example.net"}));
}

INSTANTIATE_TEST_SUITE_P(Over, ContactRequests, ::testing::Values(Way{"TheDht", true}, Way{"ARendezvous", false}),
                         [](const auto& way) { return way.param.name; });

} // namespace
