// Contacts in a real call: called and shown by name, and not let through once they are banned.

#include "tests/tools/two_peers.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <fstream>

namespace {

using namespace jackfield::test;
using Json = nlohmann::json;

class ContactsInCalls : public ::testing::Test {
protected:
    std::string alice_account() const
    {
        return Json::parse(run({"id", "--config", peers_.config("alice"), "--events", "json"}).out)["account"];
    }
    void contacts_of(const std::string& peer, std::vector<std::string> words) const
    {
        words.insert(words.begin(), {"contacts", "--config", peers_.config(peer)});
        const auto ran = run(words);
        EXPECT_EQ(ran.code, 0) << ran.err;
    }
    /// Whoever is not answered at all would wait for long.
    void make_alice_impatient() const
    {
        Json config = Json::parse(std::ifstream(peers_.config("alice")));
        config["call"]["connect_timeout_s"] = 1;
        std::ofstream(peers_.config("alice")) << config.dump();
    }
    std::unique_ptr<RunningProgram> alice_calls(const std::string& whom) const
    {
        return std::make_unique<RunningProgram>(
            std::vector<std::string>{"call", "--config", peers_.config("alice"), whom, "--for", "0.1"});
    }

    TwoPeers peers_;
};

TEST_F(ContactsInCalls, AreCalledAndShownByName)
{
    contacts_of("alice", {"add", "Bob", peers_.bob_account()});
    contacts_of("bob", {"add", "Alice the caller", alice_account()});
    const auto bob = peers_.bob_listens({"--answer", "--once"});
    const auto alice = alice_calls("bob");
    EXPECT_EQ(alice->exit_code(), 0) << alice->out() << alice->err();
    EXPECT_TRUE(bob->says("call from Alice the caller, ")) << bob->out() << bob->err();
}

TEST_F(ContactsInCalls, AreSeenByARunningCallWhenTheListChanges)
{
    const auto bob = peers_.bob_listens({"--answer", "--commands"});
    const auto alice = peers_.alice_calls({"--commands", "--events", "json"});
    ASSERT_TRUE(bob->says("media")) << bob->out();
    contacts_of("alice", {"add", "Robert", peers_.bob_account()});
    ASSERT_TRUE(alice->says(R"("what":"changed")")) << alice->out();
    bob->type("text hello\n");
    EXPECT_TRUE(alice->says(R"("name":"Robert")")) << alice->out();
    alice->type("hangup\n");
    EXPECT_EQ(alice->exit_code(), 0) << alice->out();
}

TEST_F(ContactsInCalls, ThatAreBannedWhileWeListenAreLeftWithoutAnAnswer)
{
    const auto bob = peers_.bob_listens({"--answer"});
    EXPECT_EQ(alice_calls(peers_.bob_account())->exit_code(), 0);
    contacts_of("bob", {"ban", alice_account()});
    bob->signal(SIGUSR1);
    ASSERT_TRUE(bob->says("new calls use the configuration as it is now")) << bob->out() << bob->err();
    make_alice_impatient();
    const auto alice = alice_calls(peers_.bob_account());
    EXPECT_EQ(alice->exit_code(), 5) << "out of reach, as if bob were away: " << alice->out();
    EXPECT_TRUE(bob->says("are not wanted")) << bob->out() << bob->err();
    EXPECT_FALSE(bob->out().find("call from", bob->out().find("new calls use")) != std::string::npos) << bob->out();
}

} // namespace
