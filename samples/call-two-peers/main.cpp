// The smallest complete program on the kernel: two nodes in one process, one call between them, three seconds long.
//
//   call-two-peers FOLDER      keeps the two identities in FOLDER
// Threads: each node has a control thread of its own, on which its listeners are called; main only waits.

#include "kernel/node/node.hpp"

#include <fmt/format.h>

#include <chrono>
#include <future>

namespace {

using namespace jackfield::kernel;

template <typename T>
T need(std::expected<T, Error> result)
{
    return result ? std::move(*result) : throw Failure(result.error());
}

/// Both nodes look the same but for their store. Bob is the first node of a DHT, and Alice joins it there.
Config config_of(const std::string& folder, const std::string& name, const std::string& bootstrap)
{
    return need(parse_config(fmt::format(R"({{
        "jackfield": 1,
        "slots": {{
            "identity":        {{ "use": "identity-x509", "config": {{ "store": "{}/{}" }} }},
            "discovery":       {{ "use": "discovery-opendht",
                                  "config": {{ "listen": "127.0.0.1:0", "bootstrap": [{}], "public_rate_limits": false }} }},
            "connectivity":    {{ "use": "ice-libnice", "config": {{ "addresses": ["127.0.0.1"], "pacing_ms": 1 }} }},
            "secure_channel":  {{ "use": "secure-openssl" }},
            "reliable_stream": {{ "use": "reliable-usrsctp" }},
            "signaling":       {{ "use": "signaling-sip" }},
            "media_transport": {{ "use": "media-srtp" }},
            "codec":           {{ "use": "codec-ffmpeg" }},
            "media_source":    {{ "use": "media-ffmpeg" }},
            "media_sink":      {{ "use": "media-ffmpeg" }}
        }} }})",
                                         folder, name, bootstrap),
                             name + ".json"));
}

/// Says what happens to one node, and answers whoever calls.
class Person final : public NodeListener, public CallListener, public std::enable_shared_from_this<Person> {
public:
    explicit Person(std::string name) : name_(std::move(name)) {}

    void timeline(const TimelineEvent& event) override { fmt::print("{:<6}{}\n", name_, to_json_line(event, 0)); }
    IncomingPlan incoming(const IncomingCall&) override { return {{"test", "null"}, shared_from_this(), std::nullopt}; }
    void ringing(Call& call) override
    {
        if (call.side == Side::callee)
            call.answer();
    }
    void answered(Call&) override { answered_.set_value(); }
    void ended(Call&, const CallEnd& end) override { ended_.set_value(end); }

    std::future<void> when_answered() { return answered_.get_future(); }
    std::future<CallEnd> when_ended() { return ended_.get_future(); }

private:
    std::string name_;
    std::promise<void> answered_;
    std::promise<CallEnd> ended_;
};

} // namespace

int main(int argc, char** argv)
{
    if (argc != 2)
        return fmt::print(stderr, "usage: call-two-peers FOLDER\n"), 2;
    try {
        const auto bob_person = std::make_shared<Person>("bob");
        const auto bob = need(Node::create(config_of(argv[1], "bob", ""), bob_person));
        const auto bob_ids = need(bob->start());
        const std::string listening = bob->discovery_address();

        const auto alice_person = std::make_shared<Person>("alice");
        const auto alice = need(Node::create(config_of(argv[1], "alice", "\"" + listening + "\""), alice_person));
        need(alice->start());

        auto answered = alice_person->when_answered();
        auto ended = alice_person->when_ended();
        const auto call = alice->call(bob_ids.account_id, {"test", "null"}, alice_person);
        if (answered.wait_for(std::chrono::seconds(20)) == std::future_status::ready)
            ended.wait_for(std::chrono::seconds(3)); // they talk
        alice->hang_up(call);
        const CallEnd end = ended.get();
        fmt::print("{}\n{}\n", end.error.status == JF_OK ? "a call, from the first to the last step" : end.error.text,
                   end.statistics);
        return end.error.status == JF_OK ? 0 : 1;
    } catch (const Failure& failure) {
        fmt::print(stderr, "{}\n", failure.what());
        return 1;
    }
}
