// jackfield.multiplexer/1: one stream in, named channels out.
//
// Threads: the test's; ears are called on the link's. Lifetime: ends are released before their link.
#include "lists.hpp"
#include "path_tests.hpp"

#include <jackfield/multiplexer.hpp>
#include <jackfield/testing/discovery_record.hpp>

#include <map>

namespace jackfield::conformance {

namespace multiplexers {
namespace {

using namespace std::chrono_literals;

/// One end of a multiplexed link and everything that was said to it.
class End {
public:
    End(Life& life, Path below, bool initiator) : life_(life)
    {
        jf_error error = no_error();
        const auto& methods = life.methods<jf_multiplexer_methods>();
        check(methods.open(life.self(), below.raw(), initiator ? 1U : 0U, {&kListener, this}, &session_, &error),
              error);
    }
    End(const End&) = delete;
    End& operator=(const End&) = delete;
    ~End() { release(); }

    void release()
    {
        for (auto& [name, channel] : std::exchange(channels, {}))
            channel.methods->release(channel.self);
        const auto session = std::exchange(session_, {});
        if (session.methods != nullptr)
            session.methods->release(session.self);
    }
    void ask(const std::string& name, std::uint32_t kind = JF_STREAM)
    {
        asked_.push_back(std::make_unique<Asked>(Asked{*this, name}));
        session_.methods->open_channel(session_.self, to_text(name), kind, {asked_.back().get(), &Asked::done});
    }
    Status accept(const std::string& name)
    {
        jf_error error = no_error();
        jf_channel channel{};
        const Status status = session_.methods->accept(session_.self, requests.at(name), &channel, &error);
        if (status == JF_OK)
            channels[name] = channel;
        return status;
    }
    void decline(const std::string& name) { session_.methods->decline(session_.self, requests.at(name)); }
    void ping(std::chrono::nanoseconds timeout, testing::DoneRecord& end)
    {
        session_.methods->ping(session_.self, timeout.count(), end.done());
    }
    void release_channel(const std::string& name)
    {
        const jf_channel channel = channels.at(name);
        channels.erase(name);
        channel.methods->release(channel.self);
    }
    Path path(const std::string& name) const
    {
        const jf_channel channel = channels.at(name);
        return Path(channel.methods->path(channel.self));
    }
    Life& life() { return life_; }

    std::map<std::string, std::uint64_t> requests;
    std::map<std::string, std::uint32_t> kinds;
    std::map<std::string, jf_channel> channels;
    std::map<std::string, Status> refused;
    std::map<std::string, int> answers; ///< how often an open_channel ended
    std::vector<Status> closed;

private:
    struct Asked {
        End& end;
        std::string name;

        static void done(void* self, jf_status status, jf_channel channel, const jf_error*)
        {
            const auto& asked = *static_cast<Asked*>(self);
            ++asked.end.answers[asked.name];
            if (status == JF_OK)
                asked.end.channels[asked.name] = channel;
            else
                asked.end.refused[asked.name] = status;
        }
    };

    static constexpr jf_multiplexer_listener_methods kListener{
        sizeof(jf_multiplexer_listener_methods), 0,
        [](void* self, std::uint64_t request, jf_text name, std::uint32_t kind) {
            static_cast<End*>(self)->requests[std::string(view(name))] = request;
            static_cast<End*>(self)->kinds[std::string(view(name))] = kind;
        },
        [](void* self, jf_status status, const jf_error*) { static_cast<End*>(self)->closed.push_back(status); }};

    Life& life_;
    jf_multiplexer_session session_{};
    std::vector<std::unique_ptr<Asked>> asked_;
};

/// Two ends over a link in memory.
class Pair {
public:
    explicit Pair(Bench& bench)
        : bench_(bench),
          link(JF_STREAM, 1200, 64),
          a(bench.make(JF_MULTIPLEXER_INTERFACE, 0), link.path(0), true),
          b(bench.make(JF_MULTIPLEXER_INTERFACE, 1), link.path(1), false)
    {}
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;
    ~Pair()
    {
        a.release();
        b.release();
        bench_.run_pending(); // whoever still asked hears the answer
    }

    bool until(const std::function<bool()>& done) { return bench_.until(done); }
    Bench& bench() { return bench_; }

    void asked(const std::string& name)
    {
        a.ask(name);
        require(until([&] { return b.requests.contains(name); }),
                "the peer does not hear that channel \"" + name + "\" is asked for");
    }
    /// A channel that a asked for and b accepted.
    void connect(const std::string& name)
    {
        asked(name);
        require_status(b.accept(name), JF_OK, "accept of \"" + name + "\"");
        require(until([&] { return a.channels.contains(name); }), "channel \"" + name + "\" was accepted; nobody told");
    }
    /// Same, with an ear at both ends.
    void open(const std::string& name)
    {
        connect(name);
        a.path(name).open(at_a[name]);
        b.path(name).open(at_b[name]);
    }

private:
    Bench& bench_;

public:
    std::map<std::string, Ear> at_a;
    std::map<std::string, Ear> at_b;
    testing::MemoryLink link;
    End a;
    End b;
};

/// A channel of such a pair, for the tests of paths.
class ChannelJoint final : public Joint {
public:
    explicit ChannelJoint(Bench& bench) : pair_(bench)
    {
        pair_.connect("channel");
        near = pair_.a.path("channel");
        far = pair_.b.path("channel");
        link = &pair_.link;
    }
    ~ChannelJoint() override { release(); }
    void release() override
    {
        pair_.a.release();
        pair_.b.release();
    }

private:
    Pair pair_;
};

void asks_by_name(Bench& bench)
{
    Pair pair(bench);
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

void declines(Bench& bench)
{
    Pair pair(bench);
    pair.asked("unwanted");
    pair.b.decline("unwanted");
    require(pair.until([&] { return pair.a.answers["unwanted"] > 0; }), "nobody is told that a channel was declined");
    require(pair.a.refused.contains("unwanted"), "a declined channel comes all the same");
    require_status(pair.a.refused["unwanted"], JF_REFUSED, "a declined channel");
    pair.connect("wanted");
}

void keeps_channels_apart(Bench& bench)
{
    Pair pair(bench);
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

void ends_with_its_stream(Bench& bench)
{
    Pair pair(bench);
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
    require(pair.until([&] { return pair.a.refused.contains("not answered"); }),
            "an open_channel does not end with the stream");
    require(pair.until([&] { return ping.calls > 0; }), "a ping does not end with the stream");
    require_status(pair.a.path("one").send(pattern(1)), JF_CLOSED, "a send after the stream below ended");
    bench.run_pending();
    require(pair.a.closed.size() == 1, "closed came twice");
}

void shows_signs_of_life(Bench& bench)
{
    bench.use_clock(testing::Clock::manual);
    Pair pair(bench);
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

void ends_are_posted(Bench& bench)
{
    Pair pair(bench);
    testing::DoneRecord ping;
    pair.a.ask("one");
    require(!pair.a.answers.contains("one"), "open_channel ended inside its own call");
    pair.a.ping(5s, ping);
    require(ping.calls == 0, "ping ended inside its own call");
    require(pair.until([&] { return ping.calls > 0; }), "ping does not end");
}

void ends_come_once(Bench& bench)
{
    Pair pair(bench);
    pair.connect("one");
    testing::DoneRecord ping;
    pair.a.ping(5s, ping);
    require(pair.until([&] { return ping.calls > 0; }), "ping does not end");
    pair.asked("two");
    pair.a.release();
    require(pair.until([&] { return pair.a.answers["two"] > 0; }), "an open_channel does not end with its session");
    bench.run_pending();
    require(pair.a.answers["one"] == 1 && pair.a.answers["two"] == 1 && ping.calls == 1, "an operation ended twice");
}

void destroy_is_silent(Bench& bench)
{
    Pair pair(bench);
    pair.asked("one");
    testing::DoneRecord ping;
    pair.a.ping(5s, ping);
    pair.a.life().host().close_gate();
    pair.a.release();
    pair.a.life().destroy();
    require(pair.a.answers["one"] == 0 && ping.calls == 0 && pair.a.closed.empty(),
            "an end came although the gate was closed");
}

void release_is_silent(Bench& bench)
{
    Pair pair(bench);
    pair.open("one");
    pair.b.ask("two");
    pair.a.release();
    bench.run_pending();
    require(pair.a.closed.empty() && pair.at_a["one"].closed_count() == 0, "an event came after release");
    require(pair.until([&] { return !pair.b.closed.empty(); }), "the peer of a released session hears nothing");
    require_status(pair.b.closed[0], JF_CLOSED, "closed at the peer of a released session");
    require(pair.at_b["one"].closed_count() == 1, "a channel of a released session does not end at the peer");
}

} // namespace
} // namespace multiplexers

void add_multiplexer_tests(TestList& list)
{
    using namespace multiplexers;
    const std::string id = JF_MULTIPLEXER_INTERFACE;
    list.push_back({"JF-MUX-01", id, "A channel is asked for by name, by either end", asks_by_name});
    list.push_back({"JF-MUX-02", id, "A channel can be declined", declines});
    list.push_back({"JF-MUX-03", id, "Channels live beside each other", keeps_channels_apart});
    list.push_back({"JF-MUX-04", id, "Everything ends with the stream below", ends_with_its_stream});
    list.push_back({"JF-MUX-05", id, "A ping is a sign of life", shows_signs_of_life});
    list.push_back({"JF-GEN-06", id, "The ends of open_channel and ping are posted", ends_are_posted});
    list.push_back({"JF-GEN-07", id, "open_channel and ping end once", ends_come_once});
    list.push_back({"JF-GEN-08", id, "A multiplexer that is destroyed at work says nothing", destroy_is_silent});
    list.push_back({"JF-GEN-09", id, "A released multiplexer is silent", release_is_silent});
    add_path_tests(list, id, {JF_STREAM}, [](Bench& bench, std::uint32_t) -> std::unique_ptr<Joint> {
        return std::make_unique<ChannelJoint>(bench);
    });
}

} // namespace jackfield::conformance
