// jackfield.reliable_stream/1: datagrams in, a stream out that loses nothing.
//
// Threads: the test's; ears are called on the link's. Lifetime: sessions are released before their link.
#include "lists.hpp"
#include "path_tests.hpp"
#include "process_watch.hpp"

#include <jackfield/abi/reliable_stream.h>

#include <random>

namespace jackfield::conformance {

namespace reliable_streams {
namespace {

using namespace std::chrono_literals;

class End {
public:
    End(Bench& bench, int number) : life_(bench.make(JF_RELIABLE_STREAM_INTERFACE, number)) {}
    End(const End&) = delete;
    End& operator=(const End&) = delete;
    ~End() { release(); }

    Status open(Path below, bool initiator)
    {
        const jf_reliable_options options{sizeof(options), initiator ? 1U : 0U};
        jf_error error = no_error();
        const auto& methods = life_.methods<jf_reliable_stream_methods>();
        return methods.open(life_.self(), below.raw(), &options, {&kListener, this}, &session_, &error);
    }
    void release()
    {
        const auto session = std::exchange(session_, {});
        if (session.methods != nullptr)
            session.methods->release(session.self);
    }
    Life& life() { return life_; }

    int established = 0;
    int failed = 0;
    Status status = JF_OK;
    Path stream;

private:
    static constexpr jf_reliable_listener_methods kListener{sizeof(jf_reliable_listener_methods), 0,
                                                            [](void* self, jf_path path) {
                                                                ProcessWatch::heard();
                                                                ++static_cast<End*>(self)->established;
                                                                static_cast<End*>(self)->stream = Path(path);
                                                            },
                                                            [](void* self, Status why, const jf_error*) {
                                                                ProcessWatch::heard();
                                                                ++static_cast<End*>(self)->failed;
                                                                static_cast<End*>(self)->status = why;
                                                            }};

    Life& life_;
    jf_reliable_session session_{};
};

class Pair final : public Joint {
public:
    explicit Pair(Bench& bench) : bench_(bench), link_(JF_DATAGRAM), a(bench, 0), b(bench, 1)
    {
        kind = JF_STREAM;
        link = &link_;
    }
    ~Pair() override
    {
        link_.set_filter({});
        release();
    }
    void release() override
    {
        a.release();
        b.release();
    }
    void open()
    {
        require_status(b.open(link_.path(1), false), JF_OK, "open");
        require_status(a.open(link_.path(0), true), JF_OK, "open");
    }
    void connect()
    {
        open();
        require(bench_.until([&] { return a.established + a.failed > 0 && b.established + b.failed > 0; }) &&
                    a.failed + b.failed == 0,
                "no stream comes over a good link");
        near = a.stream;
        far = b.stream;
    }

private:
    Bench& bench_;
    testing::MemoryLink link_;

public:
    End a;
    End b;
};

void makes_a_stream(Bench& bench)
{
    Pair pair(bench);
    pair.open();
    require(pair.a.established + pair.b.established == 0, "established came inside open");
    require(bench.until([&] { return pair.a.established > 0 && pair.b.established > 0; }), "no stream comes");
    bench.run_pending();
    require(pair.a.established == 1 && pair.b.established == 1, "established came twice");
    const jf_path_info info = pair.a.stream.describe();
    require(info.kind == JF_STREAM && info.reliable == 1, "what comes is no reliable stream");
    testing::MemoryLink stream(JF_STREAM);
    End wrong(bench, 0);
    require_status(wrong.open(stream.path(0), true), JF_UNSUPPORTED, "open over a stream");
}

void loses_nothing(Bench& bench)
{
    std::minstd_rand random(7);
    Bytes kept;
    Pair pair(bench);
    pair.connect();
    pair.near.open(pair.at_near);
    pair.far.open(pair.at_far);
    pair.link->set_filter([&](int, Bytes& packet) {
        if (random() % 8 == 0)
            return false;
        if (random() % 8 == 0) // that one comes later, and this one twice
            packet.swap(kept);
        return !packet.empty();
    });
    const Bytes bytes = pattern(60'000, 4);
    require(send_all(bench, pair.near, pair.at_near, bytes, 5'000), "a stream over a bad network takes no bytes");
    require(bench.until([&] { return pair.at_far.bytes() >= bytes.size() || pair.at_far.closed_count() > 0; }),
            "60000 bytes sent over a bad network, " + std::to_string(pair.at_far.bytes()) + " arrived");
    require(pair.at_far.heard().stream() == bytes, "other bytes arrived than were sent, or in another order");
}

void gives_up_in_time(Bench& bench)
{
    bench.use_clock(testing::Clock::manual);
    Pair pair(bench);
    require_status(pair.a.open(pair.link->path(0), true), JF_OK, "open");
    for (int i = 0; i < 120 && pair.a.failed == 0; ++i)
        bench.pass(1s);
    require(pair.a.failed == 1, "nobody answers, and after two minutes it has not failed");
    require_status(pair.a.status, JF_TIMEOUT, "a handshake that nobody answers");
    require(pair.a.established == 0, "a stream to nobody");
    bench.pass(60s);
    require(pair.a.failed == 1, "failed came twice");
}

void release_is_silent(Bench& bench)
{
    Pair pair(bench);
    pair.open();
    bench.until([&] { return pair.b.established > 0; }, 5ms); // in the middle
    const int before = pair.a.established + pair.a.failed;
    pair.release();
    pair.link->break_link(JF_UNREACHABLE, "cut");
    bench.run_pending();
    require(pair.a.established + pair.a.failed == before, "an event came after release");
    pair.a.life().destroy();
}

} // namespace
} // namespace reliable_streams

void add_reliable_stream_tests(TestList& list)
{
    using namespace reliable_streams;
    const std::string id = JF_RELIABLE_STREAM_INTERFACE;
    list.push_back({"JF-REL-01", id, "Datagrams become a reliable stream", makes_a_stream});
    list.push_back({"JF-REL-02", id, "Nothing is lost or turned round over a bad network", loses_nothing});
    list.push_back({"JF-REL-03", id, "A stream to nobody fails in time", gives_up_in_time});
    list.push_back({"JF-GEN-09", id, "A released reliable stream is silent", release_is_silent});
    add_path_tests(list, id, {JF_STREAM}, [](Bench& bench, std::uint32_t) -> std::unique_ptr<Joint> {
        auto pair = std::make_unique<Pair>(bench);
        pair->connect();
        return pair;
    });
}

} // namespace jackfield::conformance
