// A peer of a test of discovery: the built plugin with an identity and a host of its own.
//
// Threads: the test's thread is the control thread of every peer; plugins have their own.
// Lifetime: identities outlive it, and so do the records of what it is asked for.
#pragma once

#include <jackfield/testing/discovery_record.hpp>
#include <jackfield/testing/test_identity.hpp>

#include <nlohmann/json.hpp>

namespace discovery_test {

using namespace jackfield;
using namespace jackfield::testing;
using Json = nlohmann::json;

class Peer {
public:
    Peer(const std::string& plugin, const Json& config, const TestIdentity* identity)
    {
        if (identity != nullptr)
            identity->provide_to(host);
        instance_ = std::make_unique<InstanceUnderTest<jf_discovery_methods>>(host, JACKFIELD_TEST_PLUGIN_DIR, plugin,
                                                                              JF_DISCOVERY_INTERFACE, config.dump());
    }

    Status start()
    {
        error_ = no_error();
        return methods().start(self(), heard.listener(), &error_);
    }
    std::string error() const { return error_.text; }

    const jf_discovery_methods& methods() const { return *instance_->methods(); }
    void* self() const { return instance_->self(); }

    Json describe() const
    {
        std::string text;
        methods().describe(self(), append_to(text), nullptr);
        return Json::parse(text);
    }
    std::string address() const { return describe()["listening"]; }
    bool online() const { return !heard.states.empty() && heard.states.back() == JF_ONLINE; }

    void announce(DoneRecord& end) { methods().announce(self(), end.done()); }
    void find(FindRecord& found, std::string_view account)
    {
        methods().find(self(), ++operation_, to_text(account), found.sink());
    }
    void send(DoneRecord& end, const Device& to, const CallMessage& message)
    {
        const jf_device device = to.raw();
        const jf_call_message raw = message.raw();
        methods().send(self(), ++operation_, &device, &raw, end.done());
    }
    void watch(std::string_view account) { methods().watch(self(), to_text(account)); }
    void stop(DoneRecord& end) { methods().stop(self(), end.done()); }
    void look_again() { methods().network_changed(self()); }

    FakeHost host;
    DiscoveryRecord heard;

private:
    std::unique_ptr<InstanceUnderTest<jf_discovery_methods>> instance_;
    jf_operation operation_ = 0;
    jf_error error_ = no_error();
};

/// Runs those that are there until it holds.
inline bool run_until(std::initializer_list<const std::unique_ptr<Peer>*> peers, const std::function<bool()>& done,
                      std::chrono::milliseconds deadline = std::chrono::seconds(20))
{
    std::vector<FakeHost*> hosts;
    for (const auto* peer : peers) {
        if (*peer)
            hosts.push_back(&(*peer)->host);
    }
    return FakeHost::run_together(hosts, done, deadline);
}

inline CallMessage request(const std::string& blob)
{
    CallMessage message;
    message.kind = JF_CALL_REQUEST;
    message.call_id = 42;
    message.purpose = "call";
    message.blob = blob;
    return message;
}

/// Alice and Bob; what joins them, a test makes.
class Two : public ::testing::Test {
protected:
    bool until(const std::function<bool()>& done, std::chrono::milliseconds deadline = std::chrono::seconds(20))
    {
        return run_until({&alice_, &bob_}, done, deadline);
    }
    void announce_bob()
    {
        DoneRecord announced;
        bob_->announce(announced);
        ASSERT_TRUE(until([&] { return announced.calls == 1; }));
        ASSERT_EQ(announced.status, JF_OK) << announced.text;
    }
    /// How a find of Alice's ends.
    FindRecord find(const std::string& account)
    {
        FindRecord found;
        alice_->find(found, account);
        EXPECT_TRUE(until([&] { return found.calls == 1; }));
        return found;
    }

    TestIdentity alice_id_;
    TestIdentity bob_id_;
    std::unique_ptr<Peer> bob_;
    std::unique_ptr<Peer> alice_;
};

} // namespace discovery_test
