// jackfield.multiplexer/1: one stream in, named channels out.
//
// Threads: the test's; ears are called on the link's. Lifetime: ends are released before their link.
#include "lists.hpp"
#include "multiplexer_pair.hpp"
#include "random_calls.hpp"

namespace jackfield::conformance {

namespace multiplexers {
namespace {

using namespace std::chrono_literals;

/// Of a plugin of that slot, over a stream.
class StreamPair final : public Pair {
public:
    explicit StreamPair(Bench& bench)
        : Pair(bench, JF_STREAM, bench.make(JF_MULTIPLEXER_INTERFACE, 0), bench.make(JF_MULTIPLEXER_INTERFACE, 1))
    {
        open(a, link.path(0), 1);
        open(b, link.path(1), 0);
    }
    ~StreamPair() override { end(); }

private:
    static void open(End& end, Path below, std::uint32_t initiator)
    {
        jf_error error = no_error();
        jf_multiplexer_session session{};
        const auto& methods = end.life().methods<jf_multiplexer_methods>();
        check(methods.open(end.life().self(), below.raw(), initiator, end.listener(), &session, &error), error);
        end.take(session);
    }
};

void asks_by_name(Bench& bench, const Pairer& make)
{
    const auto joined = make(bench);
    Pair& pair = *joined;
    const std::string name = "files/Grüße 42";
    pair.open(name);
    require(pair.b.kinds[name] == JF_STREAM, "the peer hears of a channel of another kind");
    require(pair.a.path(name).describe().reliable == 1, "a channel does not describe itself as reliable");
    pair.b.ask("back");
    require(pair.until([&] { return pair.a.requests.contains("back"); }), "the end that accepted cannot ask");
    require_status(pair.a.accept("back"), JF_OK, "accept by the other end");
    require(pair.until([&] { return pair.b.channels.contains("back"); }), "an accepted channel does not come");
    require(send_all(bench, pair.a.path(name), pair.at_a[name], pattern(100'000), 10'000), "a channel takes no bytes");
    require(pair.until([&] { return pair.at_b[name].bytes() == 100'000; }), "a channel carries no bytes");
}

/// Where open_channel ends before the peer has answered.
void is_used_before_the_answer(Bench& bench, const Pairer& make)
{
    const auto joined = make(bench);
    Pair& pair = *joined;
    pair.asked("early");
    bench.run_pending();
    if (!pair.a.channels.contains("early"))
        return pair.connect("another"); // this one waits for the answer
    pair.a.path("early").open(pair.at_a["early"]);
    require(pair.a.path("early").send(pattern(20'000)) == JF_OK, "a channel that was given takes nothing");
    const std::string late = "behind it on the wire";
    pair.asked(late);
    require_status(pair.b.accept("early"), JF_OK, "accept of a channel that is used already");
    pair.b.path("early").open(pair.at_b["early"]);
    require(pair.until([&] { return pair.at_b["early"].bytes() == 20'000; }),
            "what was sent on a channel before the peer accepted it did not arrive");
    require(pair.at_b["early"].heard().stream() == pattern(20'000),
            "other bytes came than were sent before the answer");
    require(pair.b.path("early").send(pattern(100)) == JF_OK, "the end that accepted cannot send");
    require(pair.until([&] { return pair.at_a["early"].bytes() == 100; }), "nothing comes back on an early channel");
}

void declines(Bench& bench, const Pairer& make)
{
    const auto joined = make(bench);
    Pair& pair = *joined;
    pair.asked("unwanted");
    pair.b.decline("unwanted");
    require(pair.until([&] { return pair.came_to_nothing("unwanted").has_value(); }),
            "nobody is told that a channel was declined");
    require_status(*pair.came_to_nothing("unwanted"), JF_REFUSED, "a declined channel");
    pair.connect("wanted");
}

void keeps_channels_apart(Bench& bench, const Pairer& make)
{
    const auto joined = make(bench);
    Pair& pair = *joined;
    unsigned seed = 0;
    for (const std::string name : {"one", "two", "three"})
        pair.open(name);
    for (const std::string name : {"one", "two", "three"})
        require(send_all(bench, pair.a.path(name), pair.at_a[name], pattern(30'000, ++seed), 7'000), "no bytes taken");
    seed = 0;
    for (const std::string name : {"one", "two", "three"}) {
        require(pair.until([&] { return pair.at_b[name].bytes() >= 30'000; }),
                "bytes of channel " + name + " are missing");
        require(pair.at_b[name].heard().stream() == pattern(30'000, ++seed), "channel " + name + " got other bytes");
    }
    require(pair.a.path("one").send(pattern(500)) == JF_OK, "a send is refused");
    pair.a.release_channel("one");
    require(pair.until([&] { return pair.at_b["one"].closed_count() == 1; }),
            "a released channel does not end at the peer");
    require(pair.at_b["one"].bytes() == 30'500, "what was sent before a channel was released did not arrive");
    require_status(pair.at_b["one"].heard().status, JF_CLOSED, "the end of a released channel");
    require(pair.a.path("two").send(pattern(10)) == JF_OK, "with one channel another ended, too");
    require(pair.until([&] { return pair.at_b["two"].bytes() == 30'010; }), "with one channel another fell silent");
}

void ends_with_its_stream(Bench& bench, const Pairer& make)
{
    const auto joined = make(bench);
    Pair& pair = *joined;
    pair.open("one");
    pair.asked("not answered");
    testing::DoneRecord ping;
    pair.link.set_filter([](int, Bytes&) { return false; });
    pair.a.ping(3600s, ping);
    pair.link.break_link(JF_UNREACHABLE, "cut");
    require(pair.until([&] { return !pair.a.closed.empty() && !pair.b.closed.empty(); }),
            "no closed when the stream ends");
    require_status(pair.a.closed[0], JF_UNREACHABLE, "closed after the stream broke");
    require(pair.at_a["one"].closed_count() == 1 && pair.at_b["one"].closed_count() == 1,
            "a channel was not told that the stream below ended");
    require(pair.until([&] { return pair.came_to_nothing("not answered").has_value(); }),
            "a channel that nobody has answered does not end with the stream");
    require(pair.until([&] { return ping.calls > 0; }), "a ping does not end with the stream");
    require_status(pair.a.path("one").send(pattern(1)), JF_CLOSED, "a send after the stream below ended");
    bench.run_pending();
    require(pair.a.closed.size() == 1, "closed came twice");
}

void shows_signs_of_life(Bench& bench, const Pairer& make)
{
    bench.use_clock(testing::Clock::manual);
    const auto joined = make(bench);
    Pair& pair = *joined;
    testing::DoneRecord good;
    pair.a.ping(5s, good);
    require(pair.until([&] { return good.calls > 0; }), "a ping is not answered");
    require_status(good.status, JF_OK, "a ping to a peer that is there");
    testing::DoneRecord other;
    pair.b.ping(5s, other);
    require(pair.until([&] { return other.calls > 0; }) && other.status == JF_OK,
            "the other end's ping is not answered");
    pair.link.hold(true);
    testing::DoneRecord bad;
    pair.a.ping(5s, bad);
    bench.pass(6s);
    require(pair.until([&] { return bad.calls > 0; }), "a ping does not end when its time is over");
    require_status(bad.status, JF_TIMEOUT, "a ping that nobody answers");
}

void ends_are_posted(Bench& bench, const Pairer& make)
{
    const auto joined = make(bench);
    Pair& pair = *joined;
    testing::DoneRecord ping;
    pair.a.ask("one");
    require(!pair.a.answers.contains("one"), "open_channel ended inside its own call");
    pair.a.ping(5s, ping);
    require(ping.calls == 0, "ping ended inside its own call");
    require(pair.until([&] { return ping.calls > 0; }), "ping does not end");
}

void ends_come_once(Bench& bench, const Pairer& make)
{
    const auto joined = make(bench);
    Pair& pair = *joined;
    pair.connect("one");
    testing::DoneRecord ping;
    pair.a.ping(5s, ping);
    require(pair.until([&] { return ping.calls > 0; }), "ping does not end");
    pair.asked("two");
    pair.release_a();
    require(pair.until([&] { return pair.a.answers["two"] > 0; }), "an open_channel does not end with its session");
    bench.run_pending();
    require(pair.a.answers["one"] == 1 && pair.a.answers["two"] == 1 && ping.calls == 1, "an operation ended twice");
}

void destroy_is_silent(Bench& bench, const Pairer& make)
{
    const auto joined = make(bench);
    Pair& pair = *joined;
    pair.asked("one");
    const int answers = pair.a.answers["one"]; // one, if it was given before the peer answers
    testing::DoneRecord ping;
    pair.a.ask("two");
    pair.a.ping(5s, ping);
    pair.a.life().host().close_gate();
    pair.release_a();
    pair.a.life().destroy();
    require(pair.a.answers["one"] == answers && pair.a.answers["two"] == 0 && ping.calls == 0 && pair.a.closed.empty(),
            "an end came although the gate was closed");
}

void release_is_silent(Bench& bench, const Pairer& make)
{
    const auto joined = make(bench);
    Pair& pair = *joined;
    pair.open("one");
    pair.b.ask("two");
    pair.release_a();
    bench.run_pending();
    require(pair.a.closed.empty() && pair.at_a["one"].closed_count() == 0, "an event came after release");
    require(pair.until([&] { return !pair.b.closed.empty(); }), "the peer of a released session hears nothing");
    require_status(pair.b.closed[0], JF_CLOSED, "closed at the peer of a released session");
    require(pair.at_b["one"].closed_count() == 1, "a channel of a released session does not end at the peer");
}

/// Channels are asked for, accepted, declined, used and released by either end, and now and then the link breaks.
class ChannelScene final : public Scene {
public:
    ChannelScene(std::unique_ptr<Pair> pair, Chance& chance) : pair_(std::move(pair)), chance_(chance)
    {
        for (End* end : {&pair_->a, &pair_->b}) {
            const std::string ours = end == &pair_->a ? "a" : "b";
            const auto add = [this](const char* name, std::function<void()> make) {
                moves.push_back({name, std::move(make)});
            };
            add("open_channel", [this, end, ours] {
                if (asked_ < 20)
                    end->ask(ours + std::to_string(++asked_), upto(chance_, 3) == 0 ? JF_DATAGRAM : JF_STREAM);
            });
            add("accept", [end] {
                const std::string name = oldest_request(*end);
                if (!name.empty())
                    end->accept(name), end->requests.erase(name);
            });
            add("decline", [end] {
                const std::string name = oldest_request(*end);
                if (!name.empty())
                    end->decline(name), end->requests.erase(name);
            });
            add("send on a channel", [this, end] {
                if (!end->channels.empty())
                    end->path(any_channel(*end)).send(pattern(upto(chance_, 2000)));
            });
            add("open of a channel's path", [this, end] {
                if (!end->channels.empty())
                    end->path(any_channel(*end)).open(ear_);
            });
            add("release of a channel", [this, end] {
                if (!end->channels.empty())
                    end->release_channel(any_channel(*end));
            });
            add("ping", [this, end] { end->ping(std::chrono::milliseconds(upto(chance_, 5)), pings_.emplace_back()); });
        }
        moves.push_back({"the end of the link", [this] {
                             if (upto(chance_, 20) == 0)
                                 pair_->link.break_link(JF_UNREACHABLE, "cut");
                         }});
    }

private:
    static std::string oldest_request(const End& end)
    {
        return end.requests.empty() ? "" : end.requests.begin()->first;
    }
    std::string any_channel(const End& end)
    {
        return std::next(end.channels.begin(), static_cast<long>(upto(chance_, end.channels.size() - 1)))->first;
    }

    std::deque<testing::DoneRecord> pings_;
    Ear ear_;
    std::unique_ptr<Pair> pair_;
    Chance& chance_;
    int asked_ = 0;
};

} // namespace

void add_channel_tests(TestList& list, const std::string& interface_id, const std::string& declared, const Pairer& make)
{
    struct Line {
        const char* rule;
        const char* name;
        void (*run)(Bench&, const Pairer&);
    };
    static constexpr Line lines[] = {
        {"JF-MUX-01", "A channel is asked for by name, by either end", asks_by_name},
        {"JF-MUX-01", "What is sent before the peer accepts arrives when it does", is_used_before_the_answer},
        {"JF-MUX-02", "A channel can be declined", declines},
        {"JF-MUX-03", "Channels live beside each other", keeps_channels_apart},
        {"JF-MUX-04", "Everything ends with the path below", ends_with_its_stream},
        {"JF-MUX-05", "A ping is a sign of life", shows_signs_of_life},
        {"JF-GEN-06", "The ends of open_channel and ping are posted", ends_are_posted},
        {"JF-GEN-07", "open_channel and ping end once", ends_come_once},
        {"JF-GEN-08", "A multiplexer that is destroyed at work says nothing", destroy_is_silent},
        {"JF-GEN-09", "A released multiplexer is silent", release_is_silent},
    };
    for (const Line& line : lines)
        list.push_back(
            {line.rule, interface_id, line.name, [run = line.run, make](Bench& bench) { run(bench, make); }, declared});
    const auto set = [make](Bench& bench, Chance& chance) -> std::unique_ptr<Scene> {
        return std::make_unique<ChannelScene>(make(bench), chance);
    };
    add_random_tests(list, interface_id, set, " (channels)", declared);
}

} // namespace multiplexers

void add_multiplexer_tests(TestList& list)
{
    using namespace multiplexers;
    const std::string id = JF_MULTIPLEXER_INTERFACE;
    const auto make = [](Bench& bench) -> std::unique_ptr<Pair> { return std::make_unique<StreamPair>(bench); };
    add_channel_tests(list, id, "", make);
    add_path_tests(list, id, {JF_STREAM}, [make](Bench& bench, std::uint32_t kind) -> std::unique_ptr<Joint> {
        return std::make_unique<ChannelJoint>(make(bench), kind);
    });
}

} // namespace jackfield::conformance
