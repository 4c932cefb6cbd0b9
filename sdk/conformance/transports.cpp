// jackfield.media_transport/1: payloads over paths that lose, double and turn round.
//
// Two sessions and the network between them in simulated time, on one thread: the same run every time.
// Threads: the test's. Lifetime: sessions are released before their paths go.
#include "lists.hpp"
#include "path_tests.hpp"
#include "process_watch.hpp"

#include <jackfield/abi/media_transport.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace jackfield::conformance {

namespace transports {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kMs = 1'000'000;
constexpr std::uint32_t kSsrc[] = {0x1111, 0x2222};

/// The end of the network that one session sees.
class NetworkEnd final : public PathBase {
public:
    explicit NetworkEnd(std::function<void(Bytes)> send) : send_(std::move(send)) {}

    jf_path_info describe() const noexcept override { return {sizeof(jf_path_info), JF_DATAGRAM, 1400, 28, 0, 0}; }
    void open(jf_path_receiver receiver) override { gate.open(receiver); }
    Status send(std::span<const jf_bytes> parts) noexcept override
    {
        if (full)
            return JF_WOULD_BLOCK;
        if (total_size(parts) > 1400)
            return JF_BAD_INPUT;
        Bytes bytes;
        for (const auto& part : parts)
            bytes.insert(bytes.end(), part.data, part.data + part.size);
        send_(std::move(bytes));
        return JF_OK;
    }
    void close() noexcept override { gate.shut(); }

    ReceiverGate gate;
    bool full = false;

private:
    std::function<void(Bytes)> send_;
};

struct Played {
    std::uint32_t timestamp;
    std::uint8_t marker;
    std::uint16_t lost_before;
    std::int64_t time_ns;
    Bytes bytes;
    unsigned number() const { return bytes.empty() ? 0 : bytes[0]; }
};

class Side {
public:
    Side(Bench& bench, int end, std::function<void(Bytes)> send)
        : life(bench.make(JF_MEDIA_TRANSPORT_INTERFACE, end)), network(std::move(send))
    {}
    Side(const Side&) = delete;
    Side& operator=(const Side&) = delete;
    ~Side() { release(); }

    const jf_media_transport_methods& methods() const { return life.methods<jf_media_transport_methods>(); }
    void open(const Json& config)
    {
        jf_error error = no_error();
        const jf_path path = network.handle();
        check(methods().open(life.self(), to_text(config.dump()), &path, 1, {&kListener, this}, &session, &error),
              error);
    }
    void release()
    {
        const auto gone = std::exchange(session, {});
        if (gone.methods != nullptr)
            gone.methods->release(gone.self);
    }
    Status send(unsigned number, std::size_t size = 160) const
    {
        const Bytes bytes(size, static_cast<std::uint8_t>(number));
        jf_payload payload{};
        payload.struct_size = sizeof(payload);
        payload.rtp_timestamp = number * 960;
        payload.bytes = to_bytes(bytes);
        payload.marker = number == 0 ? 1 : 0;
        payload.time_ns = life.host().now_ns();
        return session.methods->send(session.self, 0, &payload);
    }
    Status take(std::int64_t& due_ns)
    {
        jf_payload payload{};
        payload.struct_size = sizeof(payload);
        const Status status = session.methods->take(session.self, 0, life.host().now_ns(), &payload, &due_ns);
        if (status == JF_OK)
            played.push_back({payload.rtp_timestamp, payload.marker, payload.lost_before, payload.time_ns,
                              Bytes(payload.bytes.data, payload.bytes.data + payload.bytes.size)});
        return status;
    }
    /// What the kernel's media threads do at this moment.
    void work()
    {
        if (session.methods == nullptr)
            return;
        if (life.host().now_ns() >= next_tick_ns)
            next_tick_ns = session.methods->tick(session.self, life.host().now_ns());
        std::int64_t due = 0;
        while (taking && take(due) == JF_OK) {
        }
    }
    std::string made(Status (*method)(void*, jf_text, jf_writer, jf_error*), std::string_view argument) const
    {
        std::string text;
        jf_error error = no_error();
        check(method(life.self(), to_text(argument), append_to(text), &error), error);
        return text;
    }

    Life& life;
    NetworkEnd network;
    jf_media_session session{};
    bool taking = true;
    std::int64_t next_tick_ns = 0;
    std::vector<Played> played;
    int arrived = 0;
    int key_frames = 0;
    std::vector<Status> ended;

private:
    static constexpr jf_media_listener_methods kListener{
        sizeof(jf_media_listener_methods),
        0,
        [](void* self, std::uint32_t) { ++static_cast<Side*>(self)->arrived; },
        [](void* self, std::uint32_t) { ++static_cast<Side*>(self)->key_frames; },
        [](void* self, Status status, const jf_error*) {
            ProcessWatch::heard();
            static_cast<Side*>(self)->ended.push_back(status);
        },
        nullptr,
        nullptr,
        nullptr};
};

class Simulation {
public:
    explicit Simulation(Bench& bench, const std::string& kind = "audio")
        : sides{Side(manual(bench), 0, [this](Bytes bytes) { dispatch(0, std::move(bytes)); }),
                Side(bench, 1, [this](Bytes bytes) { dispatch(1, std::move(bytes)); })}
    {
        capabilities = can(0);
        suites = capabilities.value("suites", std::vector<std::string>());
        std::string keys[2];
        for (auto& key : keys)
            key = suites.empty() ? "" : make_key();
        for (int side = 0; side < 2; ++side)
            sides[side].open(config(kind, side, keys[side], keys[1 - side]));
        if (shakes_hands())
            run(100 * kMs);
    }
    ~Simulation()
    {
        for (Side& side : sides)
            side.release();
    }
    Simulation(const Simulation&) = delete;
    Simulation& operator=(const Simulation&) = delete;

    std::string make_key() const { return sides[0].made(sides[0].methods().make_key, suites.at(0)); }
    std::int64_t now_ns() const { return sides[0].life.host().now_ns(); }

    /// Time passes, a millisecond a step.
    void run(std::int64_t duration_ns, const std::function<void()>& each = nullptr)
    {
        for (const std::int64_t end = now_ns() + duration_ns; now_ns() < end;) {
            for (Side& side : sides)
                side.life.host().advance(std::chrono::nanoseconds(kMs));
            if (each)
                each();
            deliver();
            for (Side& side : sides)
                side.work();
        }
    }
    /// One payload every 20 ms from the first side, `count` of them, and then a little more.
    void send_numbered(unsigned count)
    {
        unsigned sent = 0;
        std::int64_t next = now_ns();
        run(count * 20 * kMs + 400 * kMs, [&] {
            if (now_ns() < next || sent == count)
                return;
            next += 20 * kMs;
            require_status(sides[0].send(sent), JF_OK, "send");
            ++sent;
        });
    }

    /// What happens to a packet of a side: one arrival after each delay. May change the bytes. None: after 1 ms.
    std::function<std::vector<std::int64_t>(int from, Bytes& packet)> fate;
    Json capabilities;
    std::vector<std::string> suites;
    Side sides[2];

private:
    /// Its keys come of a handshake on the path (RFC 5764).
    bool shakes_hands() const { return capabilities.value("dtls", false); }

    Json can(int side)
    {
        std::string text;
        jf_error error = no_error();
        check(sides[side].methods().capabilities(sides[side].life.self(), append_to(text), &error), error);
        return Json::parse(text, nullptr, false);
    }

    static Bench& manual(Bench& bench)
    {
        bench.use_clock(testing::Clock::manual);
        return bench;
    }
    Json config(const std::string& kind, int side, const std::string& send_key, const std::string& receive_key)
    {
        const bool video = kind == "video";
        Json stream = {
            {"kind", kind},        {"payload_type", video ? 96 : 111}, {"clock_rate_hz", video ? 90000 : 48000},
            {"ssrc", kSsrc[side]}, {"remote_ssrc", kSsrc[1 - side]},   {"rtp_path", 0},
            {"rtcp_path", 0},      {"feedback", {"nack pli"}}};
        if (!suites.empty()) {
            stream["send_key"] = {{"suite", suites[0]}, {"key", send_key}};
            stream["receive_key"] = {{"suite", suites[0]}, {"key", receive_key}};
        }
        if (shakes_hands()) {
            stream["fingerprint"] = can(1 - side).value("fingerprint", "");
            stream["dtls_role"] = side == 0 ? "client" : "server";
        }
        return {{"cname", "side-" + std::to_string(side)}, {"streams", {stream}}};
    }
    void dispatch(int from, Bytes bytes)
    {
        const auto delays = fate ? fate(from, bytes) : std::vector<std::int64_t>{kMs};
        for (const std::int64_t delay : delays)
            under_way_.emplace(now_ns() + delay, std::pair(from, bytes));
    }
    void deliver()
    {
        while (!under_way_.empty() && under_way_.begin()->first <= now_ns()) {
            const auto [at, packet] = *under_way_.begin();
            under_way_.erase(under_way_.begin());
            sides[1 - packet.first].network.gate.deliver(make_packet(packet.second, at));
        }
    }

    std::multimap<std::int64_t, std::pair<int, Bytes>> under_way_;
};

void carries_payloads(Bench& bench)
{
    Simulation simulation(bench);
    simulation.send_numbered(50);
    const auto& played = simulation.sides[1].played;
    require(played.size() == 50, "of 50 payloads " + std::to_string(played.size()) + " were taken");
    for (unsigned i = 0; i < 50; ++i) {
        require(played[i].number() == i && played[i].bytes.size() == 160, "payloads come changed or in another order");
        require(played[i].timestamp - played[0].timestamp == i * 960, "rtp_timestamp does not advance as it was sent");
        require(played[i].marker == (i == 0 ? 1 : 0), "the marker is not where it was sent");
        require(i == 0 || played[i].time_ns - played[i - 1].time_ns == 20 * kMs ||
                    std::abs(played[i].time_ns - played[i - 1].time_ns - 20 * kMs) < 5 * kMs,
                "play-out times do not follow the timestamps");
    }
    require(simulation.sides[1].arrived > 0, "arrived was never told");
}

/// Packets large enough to be media, as far as one sees from outside.
bool is_media(const Bytes& packet)
{
    return packet.size() > 160;
}

void counts_losses(Bench& bench)
{
    Simulation simulation(bench);
    int sent = 0;
    unsigned lost = 0;
    simulation.fate = [&](int from, Bytes& packet) -> std::vector<std::int64_t> {
        if (from == 0 && is_media(packet) && ++sent % 7 == 0) {
            ++lost;
            return {};
        }
        return {kMs};
    };
    simulation.send_numbered(50);
    unsigned marks = 0;
    unsigned last = 0;
    for (const Played& each : simulation.sides[1].played) {
        require(each.lost_before == 0 || each.number() - last == each.lost_before + 1U,
                "lost_before is not how many are missing");
        last = each.number();
        marks += each.lost_before;
    }
    require(lost == 7 && marks == lost,
            std::to_string(lost) + " packets were lost, lost_before says " + std::to_string(marks));
}

void restores_order(Bench& bench)
{
    Simulation simulation(bench);
    int sent = 0;
    simulation.fate = [&](int from, Bytes& packet) -> std::vector<std::int64_t> {
        if (from != 0 || !is_media(packet))
            return {kMs};
        ++sent;
        if (sent % 5 == 0)
            return {kMs, 3 * kMs}; // twice
        return {sent > 10 && sent % 4 == 1 ? 18 * kMs : kMs};
    };
    // Two at a time, so that a late one is overtaken.
    unsigned number = 0;
    std::int64_t next = simulation.now_ns();
    simulation.run(1500 * kMs, [&] {
        for (int i = 0; i < 2 && simulation.now_ns() >= next && number < 50; ++i)
            simulation.sides[0].send(number++);
        if (simulation.now_ns() >= next)
            next += 40 * kMs;
    });
    const auto& played = simulation.sides[1].played;
    require(played.size() == 50,
            "of 50 payloads that were turned round " + std::to_string(played.size()) + " were taken");
    for (unsigned i = 0; i < 50; ++i)
        require(played[i].number() == i && played[i].lost_before == 0, "payloads are not put in order, or called lost");
}

void says_when_to_ask_again(Bench& bench)
{
    Simulation simulation(bench);
    Side& receiver = simulation.sides[1];
    receiver.taking = false;
    std::int64_t due = 0;
    require_status(receiver.take(due), JF_WOULD_BLOCK, "take of nothing");
    require(due == INT64_MAX, "with nothing there next_due_ns is " + std::to_string(due));
    simulation.sides[0].send(0);
    simulation.run(3 * kMs);
    require(receiver.arrived > 0, "a packet arrived, and arrived was not told");
    require_status(receiver.take(due), JF_OK, "take of a packet that is there");
    simulation.sides[0].network.full = true;
    simulation.sides[0].send(1); // lost
    simulation.sides[0].network.full = false;
    simulation.run(20 * kMs);
    simulation.sides[0].send(2);
    simulation.run(3 * kMs);
    Status status = receiver.take(due);
    for (int asked = 0; status == JF_WOULD_BLOCK; status = receiver.take(due)) {
        require(due > simulation.now_ns() && due < simulation.now_ns() + 2000 * kMs && ++asked < 200,
                "behind a gap next_due_ns does not say when to ask again");
        simulation.run(std::max<std::int64_t>(due - simulation.now_ns(), kMs));
    }
    require_status(status, JF_OK, "take when it is due");
}

void tells_the_end(Bench& bench)
{
    Simulation simulation(bench);
    simulation.send_numbered(5);
    simulation.sides[0].release();
    require(simulation.sides[1].ended.empty(), "ended came inside a call of the other end");
    simulation.run(500 * kMs);
    require(simulation.sides[1].ended.size() == 1,
            "the peer said goodbye; ended came " + std::to_string(simulation.sides[1].ended.size()) + " times");
    require_status(simulation.sides[1].ended[0], JF_OK, "ended after a goodbye");
}

void asks_for_key_frames(Bench& bench)
{
    Simulation simulation(bench, "video");
    simulation.send_numbered(10);
    Side& receiver = simulation.sides[1];
    receiver.session.methods->request_key_frame(receiver.session.self, 0);
    simulation.run(2000 * kMs);
    require(simulation.sides[0].key_frames > 0, "a request for a key frame does not reach the peer");
    require(receiver.key_frames == 0, "a request for a key frame comes back");
}

void believes_no_stranger(Bench& bench)
{
    Simulation simulation(bench);
    unsigned seed = 0;
    const bool keys = !simulation.suites.empty();
    simulation.fate = [&](int from, Bytes& packet) -> std::vector<std::int64_t> {
        if (from == 0 && is_media(packet)) {
            Bytes changed = packet;
            if (keys)
                changed[changed.size() - 40] ^= 0x20;
            else
                changed.resize(++seed % 12); // too short for anything
            simulation.sides[1].network.gate.deliver(make_packet(changed, simulation.now_ns()));
            simulation.sides[1].network.gate.deliver(make_packet(pattern(200, ++seed), simulation.now_ns()));
        }
        return {kMs};
    };
    simulation.send_numbered(20);
    const auto& played = simulation.sides[1].played;
    require(played.size() == 20,
            "among packets of strangers " + std::to_string(played.size()) + " of 20 payloads were taken");
    for (unsigned i = 0; i < 20; ++i)
        require(std::ranges::all_of(played[i].bytes, [&](auto byte) { return byte == i; }),
                "bytes of a stranger were handed up");
}

void makes_keys(Bench& bench)
{
    Simulation simulation(bench);
    require(!simulation.capabilities.value("profile", "").empty(), "capabilities name no profile");
    skip_if(simulation.suites.empty(), "it needs no keys");
    const Side& side = simulation.sides[0];
    for (const auto& suite : simulation.suites) {
        const std::string one = side.made(side.methods().make_key, suite);
        require(one.size() >= 24, "a key of " + suite + " has " + std::to_string(one.size()) + " characters");
        require(one != side.made(side.methods().make_key, suite), "two keys of " + suite + " are the same");
    }
    std::string nothing;
    jf_error error = no_error();
    require(side.methods().make_key(side.life.self(), to_text("ROT13"), append_to(nothing), &error) != JF_OK,
            "a key for a suite that it has not");
}

void drops_what_cannot_go(Bench& bench)
{
    Simulation simulation(bench);
    simulation.sides[0].network.full = true;
    require_status(simulation.sides[0].send(0), JF_WOULD_BLOCK, "send on a path that is full");
    simulation.sides[0].network.full = false;
    require_status(simulation.sides[0].send(1, 2000), JF_BAD_INPUT, "send of more than the path carries");
    require_status(simulation.sides[0].send(2), JF_OK, "send on a path that is free again");
}

/// Remembers what leaves, and lets everything go.
struct Counting {
    std::vector<jf_sent_packet> packets;

    static constexpr jf_rate_controller_methods kMethods{
        sizeof(jf_rate_controller_methods),
        0,
        [](void*, const jf_rate_stream*, std::size_t, std::int64_t) {},
        [](void* self, const jf_sent_packet* packet) { static_cast<Counting*>(self)->packets.push_back(*packet); },
        [](void*, const jf_rate_feedback*) {},
        [](void*, std::uint32_t, std::uint32_t, std::int64_t, std::int64_t) {},
        [](void*, const jf_rate_moment* moment) { return moment->now_ns + 100 * kMs; },
        [](void*, jf_rate_targets* targets) {
            std::fill_n(targets->stream_bps, targets->stream_count, 1'000'000U);
            targets->pacing_bps = targets->window_bytes = 0;
        },
        [](void*) {},
        nullptr};
};

void tells_a_controller(Bench& bench)
{
    Counting counting;
    Simulation simulation(bench);
    const Side& side = simulation.sides[0];
    skip_if(!JF_HAS(side.session.methods, control_rate), "it knows no congestion control");
    side.session.methods->control_rate(side.session.self, {&Counting::kMethods, &counting});
    simulation.send_numbered(20);
    require(counting.packets.size() == 20,
            "of 20 packets that left the controller was told of " + std::to_string(counting.packets.size()));
    for (std::size_t i = 0; i < 20; ++i) {
        require(i == 0 || counting.packets[i].number == counting.packets[i - 1].number + 1,
                "numbers do not rise by one");
        require(counting.packets[i].size_bytes >= 160 + 28,
                "a packet of 160 bytes takes " + std::to_string(counting.packets[i].size_bytes) + " on the wire");
        require(counting.packets[i].stream == 0, "it names another stream");
    }
}

void release_is_silent(Bench& bench)
{
    Simulation simulation(bench);
    simulation.send_numbered(3);
    Side& gone = simulation.sides[1];
    gone.release();
    const auto before = gone.arrived;
    simulation.sides[0].send(3);
    simulation.run(100 * kMs);
    require(gone.arrived == before && gone.ended.empty(), "an event came after release");
}

} // namespace
} // namespace transports

void add_transport_tests(TestList& list)
{
    using namespace transports;
    const std::string id = JF_MEDIA_TRANSPORT_INTERFACE;
    list.push_back({"JF-RTP-01", id, "Payloads are taken as they were sent", carries_payloads});
    list.push_back({"JF-RTP-02", id, "What is lost is counted where it is missing", counts_losses});
    list.push_back({"JF-RTP-03", id, "Order is restored and doubles are dropped", restores_order});
    list.push_back({"JF-RTP-04", id, "take says when to ask again", says_when_to_ask_again});
    list.push_back({"JF-RTP-05", id, "A goodbye is told once", tells_the_end});
    list.push_back({"JF-RTP-06", id, "A key frame can be asked for", asks_for_key_frames});
    list.push_back({"JF-RTP-07", id, "Packets of strangers are dropped", believes_no_stranger});
    list.push_back({"JF-RTP-08", id, "Keys are fresh", makes_keys});
    list.push_back({"JF-RTP-09", id, "What a path does not take is dropped and said", drops_what_cannot_go});
    list.push_back({"JF-RTP-10", id, "A controller is told of each packet", tells_a_controller});
    list.push_back({"JF-GEN-09", id, "A released transport is silent", release_is_silent});
}

} // namespace jackfield::conformance
