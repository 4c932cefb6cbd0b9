// jackfield.signaling/1: calls as both kernels hear them.
//
// Threads: the test's; bytes come on the link's. Lifetime: sessions are released before their link.
#include "lists.hpp"
#include "random_calls.hpp"
#include "signaling_pair.hpp"

namespace jackfield::conformance {

namespace signaling {
namespace {

void carries_a_call(Bench& bench)
{
    Pair pair(bench);
    pair.invite();
    require(pair.bob.display_name == "Alice \"A\" Ö", "the display name arrives as " + pair.bob.display_name);
    require_status(pair.bob.say(&Verbs::ring, 1, ""), JF_OK, "ring");
    pair.wait(pair.alice, "ringing 2");
    require_status(pair.bob.say(&Verbs::answer, 1, kAnswer), JF_OK, "answer");
    pair.wait(pair.alice, "answered 2");
    pair.wait(pair.bob, "confirmed 1");
    require_status(pair.alice.say(&Verbs::bye, 2, JF_REASON_NORMAL), JF_OK, "bye");
    pair.wait(pair.bob, "ended 1 0");
    pair.settle();
    require(pair.alice.all() == "ringing 2; answered 2; ", "the caller heard: " + pair.alice.all());
    require(pair.bob.all() == "invited 1; confirmed 1; ended 1 0; message 0; ", "the callee heard: " + pair.bob.all());
}

void carries_descriptions(Bench& bench)
{
    Pair pair(bench);
    pair.invite();
    require_same(pair.bob.json["invited"], kOffer, "the offer");
    require_status(pair.bob.say(&Verbs::ring, 1, kAnswer), JF_OK, "ring with an early answer");
    pair.wait(pair.alice, "ringing 2");
    require_same(pair.alice.json["ringing"], kAnswer, "an early answer");
    require_status(pair.bob.say(&Verbs::answer, 1, kAnswer), JF_OK, "answer");
    pair.wait(pair.alice, "answered 2");
    require_same(pair.alice.json["answered"], kAnswer, "the answer");
    for (const char* nonsense : {"", "{", "[]", "{}"})
        require_status(pair.alice.say(&Verbs::invite, 4, nonsense), JF_BAD_INPUT, "invite with no description");
}

void refuses_with_a_reason(Bench& bench)
{
    Pair pair(bench);
    std::uint64_t call = 2;
    std::uint64_t there = 1;
    for (const std::uint32_t reason :
         {JF_REASON_DECLINED, JF_REASON_BUSY, JF_REASON_NO_ANSWER, JF_REASON_NOT_ACCEPTABLE, JF_REASON_FAILED}) {
        require_status(pair.alice.say(&Verbs::invite, call, kOffer), JF_OK, "invite");
        pair.wait(pair.bob, "invited " + std::to_string(there));
        require_status(pair.bob.say(&Verbs::refuse, there, reason), JF_OK, "refuse");
        pair.wait(pair.alice, "refused " + std::to_string(call) + " " + std::to_string(reason));
        call += 2;
        there += 2;
    }
}

void cancels(Bench& bench)
{
    Pair pair(bench);
    pair.invite();
    require_status(pair.bob.say(&Verbs::ring, 1, ""), JF_OK, "ring");
    pair.wait(pair.alice, "ringing 2");
    require_status(pair.alice.say(&Verbs::cancel, 2, JF_REASON_ELSEWHERE), JF_OK, "cancel");
    pair.wait(pair.bob, "cancelled 1 5");
    pair.wait(pair.alice, "refused 2 4");
    require_status(pair.bob.say(&Verbs::answer, 1, kAnswer), JF_NOT_FOUND, "answer of a call that was cancelled");
}

void minds_its_turn(Bench& bench)
{
    Pair pair(bench);
    require_status(pair.alice.say(&Verbs::invite, 3, kOffer), JF_BAD_INPUT, "invite with an odd number");
    require_status(pair.alice.say(&Verbs::answer, 1, kAnswer), JF_NOT_FOUND, "answer of no call");
    pair.invite();
    require_status(pair.alice.say(&Verbs::invite, 2, kOffer), JF_BAD_INPUT, "invite with a number in use");
    require_status(pair.alice.say(&Verbs::answer, 2, kAnswer), JF_BAD_INPUT, "answer of our own call");
    require_status(pair.bob.say(&Verbs::cancel, 1, JF_REASON_CANCELLED), JF_BAD_INPUT, "cancel of the peer's call");
    require_status(pair.bob.say(&Verbs::answer, 1, kAnswer), JF_OK, "answer");
    require_status(pair.bob.say(&Verbs::answer, 1, kAnswer), JF_BAD_INPUT, "the second answer");
    pair.wait(pair.alice, "answered 2");
    require_status(pair.alice.say(&Verbs::bye, 2, JF_REASON_NORMAL), JF_OK, "bye");
    require_status(pair.alice.say(&Verbs::bye, 2, JF_REASON_NORMAL), JF_NOT_FOUND, "the second bye");
}

void carries_messages(Bench& bench)
{
    Pair pair(bench);
    const std::string binary("\x00\xff\x80 \r\n\"\\", 8);
    pair.alice.tell(&Verbs::message, 0, "text/plain", "Grüße\n");
    pair.alice.tell(&Verbs::message, 0, "application/octet-stream", binary);
    require(bench.until([&] { return pair.alice.receipts.size() == 2; }), "a message has no receipt");
    require(pair.alice.receipts[0] == JF_OK && pair.alice.receipts[1] == JF_OK, "a message that was taken is not OK");
    require(pair.bob.bodies.size() == 2 &&
                pair.bob.bodies[0] == std::pair<std::string, std::string>("text/plain", "Grüße\n") &&
                pair.bob.bodies[1].second == binary,
            "a message arrives with another type or body");
    pair.establish();
    pair.bob.tell(&Verbs::info, 1, "application/media_control+xml", "<turn/>");
    pair.wait(pair.alice, "info 2");
    pair.bob.takes = JF_UNSUPPORTED;
    pair.alice.tell(&Verbs::message, 0, "image/png", "x");
    require(bench.until([&] { return pair.alice.receipts.size() == 3; }), "a message that is not taken has no receipt");
    require_status(pair.alice.receipts[2], JF_REFUSED, "a message that was not taken");
}

void updates(Bench& bench)
{
    Pair pair(bench);
    pair.establish();
    require_status(pair.alice.say(&Verbs::update, 2, kOffer), JF_OK, "update");
    require_status(pair.alice.say(&Verbs::update, 2, kOffer), JF_BUSY, "update while one is open");
    pair.wait(pair.bob, "updated 1");
    require_same(pair.bob.json["updated"], kOffer, "the offer of an update");
    require_status(pair.bob.say(&Verbs::answer_update, 1, kAnswer), JF_OK, "answer_update");
    pair.wait(pair.alice, "update_answered 2");
    require_same(pair.alice.json["update_answered"], kAnswer, "the answer to an update");
    pair.settle();
    pair.alice.events.clear();
    pair.bob.events.clear();
    require_status(pair.alice.say(&Verbs::update, 2, kOffer), JF_OK, "the next update");
    pair.wait(pair.bob, "updated 1");
    require_status(pair.bob.say(&Verbs::answer_update, 1, ""), JF_OK, "refusing an update");
    pair.wait(pair.alice, "update_answered 2");
    require(pair.alice.json["update_answered"].empty(), "a refused update brings an answer");
    require_status(pair.alice.say(&Verbs::bye, 2, JF_REASON_NORMAL), JF_OK, "bye after a refused update");
}

void ends_with_its_stream(Bench& bench)
{
    Pair pair(bench);
    pair.establish();
    pair.link.set_filter([](int, Bytes&) { return false; });
    pair.alice.tell(&Verbs::message, 0, "text/plain", "lost");
    pair.bob.release();
    pair.wait(pair.alice, "closed");
    require(bench.until([&] { return pair.alice.receipts.size() == 1; }), "a message does not end with the stream");
    require_status(pair.alice.say(&Verbs::bye, 2, JF_REASON_NORMAL), JF_CLOSED, "bye after closed");
    require_status(pair.alice.say(&Verbs::invite, 4, kOffer), JF_CLOSED, "invite after closed");
    bench.run_pending();
    require(pair.alice.events.back() == "closed", "an event came after closed: " + pair.alice.all());
    require(std::ranges::count(pair.alice.events, "closed") == 1, "closed came twice");
}

/// The end of a refer of Alice's.
Status refer_end(Pair& pair, std::string_view target)
{
    const auto before = pair.alice.receipts.size();
    if (!pair.alice.refer(2, target))
        return JF_UNSUPPORTED;
    require(pair.alice.receipts.size() == before, "refer ended inside its own call");
    require(pair.bench.until([&] { return pair.alice.receipts.size() > before; }), "a refer has no end");
    return pair.alice.receipts.back();
}

void transfers(Bench& bench)
{
    Pair pair(bench);
    pair.invite();
    const Status early = refer_end(pair, "carol-account");
    if (early == JF_UNSUPPORTED)
        return;
    require_status(early, JF_BAD_INPUT, "refer in a call that does not run");
    require_status(pair.bob.say(&Verbs::answer, 1, kAnswer), JF_OK, "answer");
    pair.wait(pair.alice, "answered 2");
    pair.wait(pair.bob, "confirmed 1");
    require_status(pair.bob.refer_progress(1, 100), JF_BAD_INPUT, "refer_progress of what nobody wants");
    for (const char* target : {"carol-account", "sip:carol@example.net"}) {
        require_status(refer_end(pair, target), JF_OK, "refer");
        pair.wait(pair.bob, std::string("referred 1 ") + target);
        require_status(refer_end(pair, target), JF_BUSY, "refer while one is open");
        for (const std::uint32_t code : {100U, 180U, 486U}) {
            require_status(pair.bob.refer_progress(1, code), JF_OK, "refer_progress");
            pair.wait(pair.alice, "refer_progressed 2 " + std::to_string(code));
        }
        pair.settle();
        pair.alice.events.clear();
    }
    require_status(refer_end(pair, "carol-account"), JF_OK, "refer after the last word");
    pair.wait(pair.bob, "referred 1 carol-account");
    require_status(pair.alice.say(&Verbs::bye, 2, JF_REASON_NORMAL), JF_OK, "bye while a refer is open");
    pair.wait(pair.bob, "ended 1 0");
    require_status(pair.bob.refer_progress(1, 200), JF_NOT_FOUND, "refer_progress after the call");
    pair.settle();
    require(!pair.alice.heard("refer_progressed 2 200"), "an event of a call came after bye");
}

void replaces_calls(Bench& bench)
{
    Pair pair(bench);
    pair.establish();
    const std::string name = pair.alice.name_of(2);
    if (name.empty())
        return;
    require_status(pair.bob.matches(1, name), JF_OK, "match_dialog of the name that the other end gives");
    require_status(pair.bob.matches(1, name + "x"), JF_NOT_FOUND, "match_dialog of another name");
    require(pair.alice.refer(2, "carol-account", name), "there are names of calls, and no transfers");
    pair.wait(pair.bob, "referred 1 carol-account");
    require(pair.bob.named == name, "referred came with replaces \"" + pair.bob.named + "\"");
    require_status(pair.alice.invite_referred("boss-account", name), JF_OK, "invite_referred");
    pair.wait(pair.bob, "invited 3");
    require(pair.bob.referred_by == "boss-account", "invited_referred came with \"" + pair.bob.referred_by + "\"");
    require_status(pair.bob.matches(1, pair.bob.named), JF_OK, "match_dialog of what came in");
    require_status(pair.bob.say(&Verbs::refuse, 3, JF_REASON_NO_SUCH_CALL), JF_OK, "refuse what replaces nothing");
    pair.wait(pair.alice, "refused 4 8");
    require_status(pair.alice.say(&Verbs::bye, 2, JF_REASON_NORMAL), JF_OK, "bye");
    pair.wait(pair.bob, "ended 1 0");
    require_status(pair.bob.matches(1, name), JF_NOT_FOUND, "match_dialog of a call that is over");
}

void shows_signs_of_life(Bench& bench)
{
    bench.use_clock(testing::Clock::manual);
    Pair pair(bench);
    const auto asked = [&](End& end) {
        const auto before = end.receipts.size();
        end.ping(std::chrono::seconds(3));
        require(bench.until([&] { return end.receipts.size() > before; }), "a ping is not answered");
        return end.receipts.back();
    };
    const Status first = asked(pair.alice);
    if (first == JF_UNSUPPORTED)
        return;
    require_status(first, JF_OK, "a ping to a peer that is there");
    require_status(asked(pair.bob), JF_OK, "the other end's ping");
    pair.link.hold(true);
    const auto before = pair.alice.receipts.size();
    pair.alice.ping(std::chrono::seconds(3));
    bench.pass(std::chrono::seconds(4));
    require(bench.until([&] { return pair.alice.receipts.size() > before; }),
            "a ping does not end when its time is over");
    require_status(pair.alice.receipts.back(), JF_TIMEOUT, "a ping that nobody answers");
}

/// A second link between the two, and sessions of the same instances on it.
struct SecondLink {
    explicit SecondLink(Pair& pair)
        : link(JF_STREAM), alice(pair.alice.life(), 0, link.path(0)), bob(pair.bob.life(), 1, link.path(1))
    {}

    testing::MemoryLink link;
    End alice;
    End bob;
};

/// Alice goes on over the second link, and Bob hears of that by her next word.
void go_on(Pair& pair, SecondLink& second)
{
    require_status(second.alice.take_over(2, pair.alice, 2), JF_OK, "take_over");
    require_status(pair.alice.say(&Verbs::bye, 2, JF_REASON_NORMAL),
                   pair.alice.heard("closed") ? JF_CLOSED : JF_NOT_FOUND, "bye of a call that was taken over");
    require_status(second.alice.say(&Verbs::update, 2, kOffer), JF_OK, "update of a call that was taken over");
    pair.wait(second.bob, "updated 1");
    require(second.bob.events.size() >= 2 && second.bob.events[second.bob.events.size() - 2] == "taken_over 1 1",
            "taken_over does not come right before the first word: " + second.bob.all());
    require(second.bob.taken_from == &pair.bob, "taken_over names another session");
    require_status(second.bob.say(&Verbs::answer_update, 1, kAnswer), JF_OK, "answer_update there");
    pair.wait(second.alice, "update_answered 2");
    require_same(second.alice.json["update_answered"], kAnswer, "the answer to an update over the second link");
    require_status(second.bob.say(&Verbs::bye, 1, JF_REASON_NORMAL), JF_OK, "bye over the second link");
    pair.wait(second.alice, "ended 2 0");
}

void moves_to_another_stream(Bench& bench)
{
    Pair pair(bench);
    pair.establish();
    SecondLink second(pair);
    const Status odd = second.alice.take_over(3, pair.alice, 2);
    if (odd == JF_UNSUPPORTED)
        return;
    require_status(odd, JF_BAD_INPUT, "take_over with an odd number");
    require_status(second.alice.take_over(2, pair.alice, 8), JF_NOT_FOUND, "take_over of no call");
    require_status(pair.alice.say(&Verbs::invite, 4, kOffer), JF_OK, "a second invite");
    require_status(second.alice.take_over(4, pair.alice, 4), JF_NOT_FOUND, "take_over of a call that does not run");
    go_on(pair, second);
    pair.settle();
    require(!pair.bob.heard("ended 1 0"), "an event of a call came where it was taken from: " + pair.bob.all());
}

void outlives_its_stream(Bench& bench)
{
    Pair pair(bench);
    pair.establish();
    SecondLink second(pair);
    if (second.alice.take_over(3, pair.alice, 2) == JF_UNSUPPORTED)
        return;
    require_status(pair.alice.say(&Verbs::invite, 4, kOffer), JF_OK, "a call that does not run yet");
    pair.link.break_link(JF_UNREACHABLE, "gone");
    pair.wait(pair.alice, "closed");
    pair.wait(pair.bob, "closed");
    require(std::ranges::count(pair.alice.events, "stranded 2") == 1 && !pair.alice.heard("stranded 4"),
            "stranded is not said once of each call that runs: " + pair.alice.all());
    require(pair.alice.events.back() == "closed", "an event came after closed: " + pair.alice.all());
    go_on(pair, second);
}

/// The other end may answer what was offered over the stream that the call has left, and must not wait for ever then.
void leaves_nothing_open(Bench& bench)
{
    Pair pair(bench);
    pair.establish();
    SecondLink second(pair);
    if (second.alice.take_over(3, pair.alice, 2) == JF_UNSUPPORTED)
        return;
    require_status(pair.bob.say(&Verbs::update, 1, kOffer), JF_OK, "update");
    require_status(second.bob.take_over(2, pair.bob, 1), JF_OK, "take_over");
    pair.wait(pair.alice, "updated 2");
    require_status(pair.alice.say(&Verbs::answer_update, 2, kAnswer), JF_OK, "answer_update");
    require(bench.until([&] { return pair.alice.say(&Verbs::update, 2, kOffer) == JF_OK; }),
            "an answer that nobody waits for any more keeps the call from being changed");
    require(bench.until([&] { return pair.bob.heard("updated 3") || pair.bob.heard("updated 1"); }),
            "the peer does not hear it: " + pair.bob.all());
    require(!pair.alice.heard("ended 2 7"), "the call has ended: " + pair.alice.all());
}

void receipts_are_posted_once(Bench& bench)
{
    Pair pair(bench);
    pair.alice.tell(&Verbs::message, 0, "text/plain", "hello");
    pair.alice.tell(&Verbs::message, 8, "text/plain", "no such call");
    pair.alice.tell(&Verbs::message, 0, "text/plain", std::string(1'000'000, 'x'));
    require(pair.alice.receipts.empty(), "message ended inside its own call");
    require(bench.until([&] { return pair.alice.receipts.size() >= 3; }), "a message has no end");
    pair.settle();
    require(pair.alice.receipts.size() == 4, "a message ended twice");
}

void destroy_is_silent(Bench& bench)
{
    Pair pair(bench);
    pair.establish();
    pair.alice.tell(&Verbs::message, 0, "text/plain", "hello");
    pair.alice.life().host().close_gate();
    const auto before = pair.alice.events.size();
    pair.alice.release();
    pair.alice.life().destroy();
    require(pair.alice.receipts.empty() && pair.alice.events.size() == before,
            "an end came although the gate was closed");
}

void release_is_silent(Bench& bench)
{
    Pair pair(bench);
    pair.establish();
    pair.bob.tell(&Verbs::message, 0, "text/plain", "hello");
    pair.alice.release();
    const auto before = pair.alice.events.size();
    pair.wait(pair.bob, "closed");
    bench.run_pending();
    require(pair.alice.events.size() == before, "an event came after release: " + pair.alice.all());
}

/// Both ends say verbs of any call, most of them out of turn.
class TalkScene final : public Scene {
public:
    TalkScene(Bench& bench, Chance& chance) : bench_(bench), pair_(bench)
    {
        for (End* end : {&pair_.alice, &pair_.bob}) {
            const auto call = [&chance] { return std::uint64_t{upto(chance, 5)}; };
            const auto words = [&chance] {
                const std::string texts[] = {kOffer, kAnswer, "", "{}"};
                return texts[upto(chance, 3)];
            };
            const auto reason = [&chance] { return static_cast<std::uint32_t>(upto(chance, 9)); };
            const auto say = [this, end, call, words](const char* name, End::TextVerb verb) {
                moves.push_back({name, [=] { end->say(verb, call(), words()); }});
            };
            const auto end_it = [this, end, call, reason](const char* name, End::ReasonVerb verb) {
                moves.push_back({name, [=] { end->say(verb, call(), reason()); }});
            };
            say("invite", &Verbs::invite);
            say("ring", &Verbs::ring);
            say("answer", &Verbs::answer);
            say("update", &Verbs::update);
            say("answer_update", &Verbs::answer_update);
            end_it("refuse", &Verbs::refuse);
            end_it("cancel", &Verbs::cancel);
            end_it("bye", &Verbs::bye);
            moves.push_back({"message", [end] { end->tell(&Verbs::message, 0, "text/plain", "by chance"); }});
            moves.push_back({"refer", [end, call] { end->refer(call(), "somebody"); }});
            moves.push_back({"refer_progress", [end, call, reason] { end->refer_progress(call(), 100 * reason()); }});
            moves.push_back({"ping", [end] { end->ping(std::chrono::milliseconds(2)); }});
        }
        moves.push_back({"the end of the stream", [this, &chance] {
                             if (upto(chance, 9) == 0)
                                 pair_.link.break_link(JF_UNREACHABLE, "cut");
                         }});
    }

    ~TalkScene() override
    {
        pair_.alice.release();
        pair_.bob.release();
        bench_.run_pending(); // whoever waits for a receipt hears that there is none
    }

private:
    Bench& bench_;
    Pair pair_;
};

} // namespace
} // namespace signaling

void add_signaling_tests(TestList& list)
{
    using namespace signaling;
    const std::string id = JF_SIGNALING_INTERFACE;
    list.push_back({"JF-SIG-01", id, "A call rings, is answered and is hung up", carries_a_call});
    list.push_back({"JF-SIG-02", id, "Offer and answer arrive as they are", carries_descriptions});
    list.push_back({"JF-SIG-03", id, "Every reason to refuse reaches the caller", refuses_with_a_reason});
    list.push_back({"JF-SIG-04", id, "A call that rings can be cancelled", cancels});
    list.push_back({"JF-SIG-05", id, "Verbs out of turn are refused", minds_its_turn});
    list.push_back({"JF-SIG-06", id, "Messages arrive and are acknowledged", carries_messages});
    list.push_back({"JF-SIG-07", id, "A running call takes new media", updates});
    list.push_back({"JF-SIG-08", id, "The end of the stream is the last event", ends_with_its_stream});
    list.push_back({"JF-SIG-09", id, "A running call can be handed on", transfers});
    list.push_back({"JF-SIG-10", id, "A call can take the place of another", replaces_calls});
    list.push_back({"JF-SIG-11", id, "A peer that is there shows a sign of life", shows_signs_of_life});
    list.push_back({"JF-SIG-12", id, "A running call goes on over another stream", moves_to_another_stream});
    list.push_back({"JF-SIG-12", id, "A running call outlives its stream", outlives_its_stream});
    list.push_back({"JF-SIG-12", id, "A call that moves leaves nothing open", leaves_nothing_open});
    list.push_back({"JF-GEN-06", id, "The ends of messages are posted", receipts_are_posted_once});
    list.push_back({"JF-GEN-07", id, "A message ends once", receipts_are_posted_once});
    list.push_back({"JF-GEN-08", id, "A signaling that is destroyed at work says nothing", destroy_is_silent});
    list.push_back({"JF-GEN-09", id, "A released signaling session is silent", release_is_silent});
    add_random_tests(list, id, [](Bench& bench, Chance& chance) -> std::unique_ptr<Scene> {
        return std::make_unique<TalkScene>(bench, chance);
    });
}

} // namespace jackfield::conformance
