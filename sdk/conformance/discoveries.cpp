// jackfield.discovery/1: find a peer's devices, tell them, hear from them.
//
// The called, Bob, is end 0 and starts first; where he listens is ${first.listening} in the configuration of Alice.
// Threads: the test's. Lifetime: instances are the Bench's; records outlive them.
#include "lists.hpp"
#include "path_tests.hpp"
#include "random_calls.hpp"

#include <jackfield/testing/discovery_record.hpp>

namespace jackfield::conformance {

namespace discoveries {
namespace {

using namespace std::chrono_literals;
using testing::DoneRecord;
using testing::FindRecord;

class Peer {
public:
    Peer(Bench& bench, int end) : bench_(bench), life_(bench.make(JF_DISCOVERY_INTERFACE, end)) {}
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;
    ~Peer() { life_.destroy(); }

    void start()
    {
        jf_error error = no_error();
        const Status status = methods().start(life_.self(), heard.listener(), &error);
        require_status(status, JF_OK, "start", &error);
    }
    void announce(DoneRecord& end) { methods().announce(life_.self(), end.done()); }
    void announced()
    {
        DoneRecord end;
        announce(end);
        require(bench_.until([&] { return end.calls > 0; }), "announce does not end");
        require(end.status == JF_OK, "announce gives " + status_name(end.status) + ": " + end.text);
    }
    void find(FindRecord& found, std::string_view account)
    {
        methods().find(life_.self(), ++operation_, to_text(account), found.sink());
    }
    void send(DoneRecord& end, const Device& to, const CallMessage& message)
    {
        const jf_device device = to.raw();
        const jf_call_message raw = message.raw();
        methods().send(life_.self(), ++operation_, &device, &raw, end.done());
    }
    void cancel() { methods().cancel(life_.self(), operation_); }
    void watch(std::string_view account) { methods().watch(life_.self(), to_text(account)); }
    void stop(DoneRecord& end) { methods().stop(life_.self(), end.done()); }
    std::string described(const char* pointer) const
    {
        std::string text;
        if (!JF_HAS(&methods(), describe) || methods().describe(life_.self(), append_to(text), nullptr) != JF_OK)
            return "";
        std::string value = json_part(text, pointer);
        std::erase(value, '"');
        return value;
    }
    Life& life() { return life_; }

    testing::DiscoveryRecord heard;

private:
    const jf_discovery_methods& methods() const { return life_.methods<jf_discovery_methods>(); }

    Bench& bench_;
    Life& life_;
    jf_operation operation_ = 0;
};

/// Bob, who is announced, and Alice.
struct Two {
    explicit Two(Bench& bench) : bob_id(device_of(bench, 0)), alice_id(device_of(bench, 1)), bob(bench, 0)
    {
        bob.start();
        bench.name_value("first.listening", bob.described("/listening"));
        bench.name_value("first.account", bob_id.account_id);
        bob.announced();
        alice.emplace(bench, 1);
        alice->start();
    }
    static Device device_of(Bench& bench, int end)
    {
        return IdentityService(static_cast<const jf_identity*>(bench.identity(end))).self_device();
    }

    Device bob_id;
    Device alice_id;
    Peer bob;
    std::optional<Peer> alice;
};

CallMessage message_of(const std::string& blob, std::uint32_t kind = JF_CALL_REQUEST)
{
    CallMessage message;
    message.kind = kind;
    message.call_id = 0x1234567890abcdefU;
    message.purpose = "call";
    message.blob = blob;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    message.sent_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    return message;
}

/// An account that nobody has.
const std::string kNobody(64, 'a');

const char* const kCarries = "it carries its links itself, and says so in its manifest";

void tells_its_state(Bench& bench)
{
    Peer bob(bench, 0);
    bob.start();
    require(bob.heard.states.empty(), "the state was told inside start");
    require(bench.until([&] { return !bob.heard.states.empty(); }), "after start nothing is told of the state");
    require(bob.heard.states[0] == JF_ONLINE || bob.heard.states[0] == JF_OFFLINE, "a state that is none");
}

void finds_who_is_announced(Bench& bench)
{
    skip_if(bench.declares("carries_links"), kCarries);
    Two two(bench);
    FindRecord found;
    two.alice->find(found, two.bob_id.account_id);
    require(bench.until([&] { return found.calls > 0; }), "find does not end");
    require(found.status == JF_OK, "find gives " + status_name(found.status) + ": " + found.text);
    require(found.devices.size() == 1,
            "one device is announced, " + std::to_string(found.devices.size()) + " are found");
    require(found.devices[0] == two.bob_id, "another device is found than is announced");
    require(found.devices[0].chain_pem == two.bob_id.chain_pem, "the device is found with another chain than its own");
}

void finds_nobody(Bench& bench)
{
    Two two(bench);
    FindRecord found;
    two.alice->find(found, kNobody);
    require(bench.until([&] { return found.calls > 0; }), "find of an account that nobody has does not end");
    require(found.devices.empty(), "a device of an account that nobody has");
    require_status(found.status, JF_NOT_FOUND, "find of an account that nobody has");
    require(!found.text.empty(), "the failure has no words");
}

void compare(const std::pair<Device, CallMessage>& heard, const Device& sender, const CallMessage& sent)
{
    const CallMessage& message = heard.second;
    require(heard.first == sender && !heard.first.chain_pem.empty(), "a message names another sender than its own");
    require(message.kind == sent.kind && message.call_id == sent.call_id && message.purpose == sent.purpose &&
                message.blob == sent.blob,
            "a message arrives with another content than was sent");
}

/// One that carries its links has to say that it takes no messages.
void refuses_messages(Bench& bench)
{
    Two two(bench);
    DoneRecord sent;
    two.alice->send(sent, two.bob_id, message_of("hello"));
    require(sent.calls == 0 && bench.until([&] { return sent.calls > 0; }),
            "a send does not end, or inside its own call");
    require_status(sent.status, JF_UNSUPPORTED, "a send of a discovery that carries its links");
}

void carries_messages(Bench& bench)
{
    if (bench.declares("carries_links"))
        return refuses_messages(bench);
    Two two(bench);
    FindRecord found;
    two.alice->find(found, two.bob_id.account_id);
    require(bench.until([&] { return found.calls > 0; }) && !found.devices.empty(), "the device is not found");
    DoneRecord sent;
    const CallMessage request = message_of("0d04b935\n7c33834e7cf944bf0e367b42\nH1 1 UDP 1 192.0.2.1 5 typ host\n");
    const Device recipient(found.devices[0].account_id, found.devices[0].device_id); // its chain the plugin has seen
    two.alice->send(sent, recipient, request);
    require(bench.until([&] { return sent.calls > 0 && !two.bob.heard.messages.empty(); }),
            "a request does not arrive");
    require(sent.status == JF_OK, "send gives " + status_name(sent.status) + ": " + sent.text);
    compare(two.bob.heard.messages[0], two.alice_id, request);
    DoneRecord answered;
    const CallMessage answer = message_of("gladly", JF_CALL_ANSWER);
    two.bob.send(answered, two.bob.heard.messages[0].first, answer);
    require(bench.until([&] { return answered.calls > 0 && !two.alice->heard.messages.empty(); }),
            "an answer does not arrive");
    compare(two.alice->heard.messages[0], two.bob_id, answer);
    bench.run_pending();
    require(two.bob.heard.messages.size() == 1, "a message arrived twice");
}

void cancels(Bench& bench)
{
    Two two(bench);
    FindRecord found;
    two.alice->find(found, two.bob_id.account_id);
    two.alice->cancel();
    require(found.calls == 0, "cancel ended the find inside its own call");
    require(bench.until([&] { return found.calls > 0; }), "a cancelled find does not end");
    require_status(found.status, JF_CANCELLED, "a cancelled find");
    FindRecord other;
    two.alice->find(other, kNobody);
    require(bench.until([&] { return other.calls > 0; }), "find does not end");
    bench.until([] { return false; }, 30ms);
    require(found.calls == 1, "a cancelled find ended twice");
}

void tells_presence(Bench& bench)
{
    skip_if(bench.declares("carries_links"), kCarries);
    Two two(bench);
    two.alice->watch(two.bob_id.account_id);
    auto& presence = two.alice->heard.presence;
    require(bench.until([&] { return !presence.empty(); }), "a watched device that is there is not told");
    require(presence[0].second && presence[0].first == two.bob_id,
            "presence begins with another device, or with absence");
    DoneRecord stopped;
    two.bob.stop(stopped);
    require(bench.until([&] { return presence.size() > 1; }), "a watched device that went is not told");
    require(!presence[1].second, "a device that went is told to have come");
}

void stops(Bench& bench)
{
    Two two(bench);
    FindRecord running;
    two.alice->find(running, two.bob_id.account_id);
    DoneRecord stopped;
    two.alice->stop(stopped);
    require(stopped.calls == 0, "stop ended inside its own call");
    require(bench.until([&] { return stopped.calls > 0; }), "stop does not end");
    require_status(stopped.status, JF_OK, "stop");
    require(bench.until([&] { return running.calls > 0; }), "stop does not end a running find");
    FindRecord late;
    two.alice->find(late, two.bob_id.account_id);
    require(bench.until([&] { return late.calls > 0; }), "find after stop does not end");
    require_status(late.status, JF_CLOSED, "find after stop");
    bench.run_pending();
    require(stopped.calls == 1 && running.calls == 1, "an operation ended twice");
}

void wants_an_identity(Bench& bench)
{
    skip_if(bench.declares("seals_by_itself"), "it has protection of its own, and says so in its manifest");
    skip_if(bench.declares("carries_links"), kCarries);
    bench.without_identity();
    Peer bob(bench, 0);
    bob.start();
    DoneRecord announced;
    FindRecord found;
    bob.announce(announced);
    bob.find(found, kNobody);
    require(bench.until([&] { return announced.calls > 0 && found.calls > 0; }), "without an identity nothing ends");
    require_status(announced.status, JF_UNSUPPORTED, "announce without an identity");
    require_status(found.status, JF_UNSUPPORTED, "find without an identity");
}

void refuses_what_is_too_large(Bench& bench)
{
    skip_if(bench.declares("carries_links"), kCarries);
    Two two(bench);
    FindRecord found;
    two.alice->find(found, two.bob_id.account_id);
    require(bench.until([&] { return found.calls > 0; }) && !found.devices.empty(), "the device is not found");
    DoneRecord sent;
    two.alice->send(sent, found.devices[0], message_of(std::string(1'000'000, 'x')));
    require(bench.until([&] { return sent.calls > 0; }), "a send that is too large does not end");
    require_status(sent.status, JF_BAD_INPUT, "a send of a megabyte");
}

void ends_are_posted_once(Bench& bench, bool once)
{
    Two two(bench);
    DoneRecord announced;
    FindRecord found;
    DoneRecord sent;
    two.alice->announce(announced);
    two.alice->find(found, kNobody);
    two.alice->send(sent, two.bob_id, message_of("hello"));
    require(once || announced.calls + found.calls + sent.calls == 0, "an operation ended inside its own call");
    require(bench.until([&] { return announced.calls > 0 && found.calls > 0 && sent.calls > 0; }),
            "announce, find or send does not end");
    bench.until([] { return false; }, 30ms);
    require(announced.calls == 1 && found.calls == 1 && sent.calls == 1, "an operation ended twice");
}

void destroy_is_silent(Bench& bench)
{
    DoneRecord announced;
    FindRecord found;
    DoneRecord sent;
    Two two(bench);
    two.alice->announce(announced);
    two.alice->find(found, kNobody);
    two.alice->send(sent, two.bob_id, message_of("never mind"));
    two.alice->watch(two.bob_id.account_id);
    two.alice->life().destroy();
    require(announced.calls + found.calls + sent.calls == 0, "an end came out of destroy");
}

/// Alice asks for all sorts of things at once, takes some of it back, and goes at any moment.
class SearchScene final : public Scene {
public:
    SearchScene(Bench& bench, Chance& chance) : two_(bench)
    {
        moves = {{"announce", [this] { two_.alice->announce(ends_.emplace_back()); }},
                 {"find", [this] { two_.alice->find(finds_.emplace_back(), two_.bob_id.account_id); }},
                 {"find of nobody", [this] { two_.alice->find(finds_.emplace_back(), kNobody); }},
                 {"send", [this] { two_.alice->send(ends_.emplace_back(), two_.bob_id, message_of("by chance")); }},
                 {"cancel", [this] { two_.alice->cancel(); }},
                 {"watch", [this] { two_.alice->watch(two_.bob_id.account_id); }},
                 {"stop", [this, &chance] {
                      if (upto(chance, 9) == 0)
                          two_.alice->stop(ends_.emplace_back());
                  }}};
    }

private:
    std::deque<DoneRecord> ends_;
    std::deque<FindRecord> finds_;
    Two two_;
};

} // namespace
} // namespace discoveries

void add_discovery_tests(TestList& list)
{
    using namespace discoveries;
    const std::string id = JF_DISCOVERY_INTERFACE;
    list.push_back({"JF-DISC-01", id, "A discovery says whether it is online", tells_its_state});
    list.push_back({"JF-DISC-02", id, "Who is announced is found", finds_who_is_announced});
    list.push_back({"JF-DISC-03", id, "Who is not there is not found", finds_nobody});
    list.push_back({"JF-DISC-04", id, "Messages arrive as they were sent, with their sender", carries_messages});
    list.push_back({"JF-DISC-05", id, "A find can be cancelled", cancels});
    list.push_back({"JF-DISC-06", id, "Who is watched is seen to come and go", tells_presence});
    list.push_back({"JF-DISC-07", id, "stop ends everything", stops});
    list.push_back({"JF-DISC-08", id, "Without an identity nobody is found and nothing announced", wants_an_identity});
    list.push_back({"JF-DISC-09", id, "A message that is too large is refused", refuses_what_is_too_large});
    list.push_back({"JF-GEN-06", id, "The ends of announce, find and send are posted",
                    [](Bench& bench) { ends_are_posted_once(bench, false); }});
    list.push_back(
        {"JF-GEN-07", id, "announce, find and send end once", [](Bench& bench) { ends_are_posted_once(bench, true); }});
    list.push_back({"JF-GEN-08", id, "A discovery that is destroyed at work says nothing", destroy_is_silent});
    add_random_tests(list, id, [](Bench& bench, Chance& chance) -> std::unique_ptr<Scene> {
        return std::make_unique<SearchScene>(bench, chance);
    });
}

} // namespace jackfield::conformance
