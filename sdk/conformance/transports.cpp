// jackfield.media_transport/1: payloads over paths that lose, double and turn round.
//
// Threads: the test's. Lifetime: as transport_pair.hpp.
#include "lists.hpp"
#include "transport_pair.hpp"

namespace jackfield::conformance {

namespace transports {
namespace {

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
    simulation.sides[0].network->full = true;
    simulation.sides[0].send(1); // lost
    simulation.sides[0].network->full = false;
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
            simulation.sides[1].network->gate.deliver(make_packet(changed, simulation.now_ns()));
            simulation.sides[1].network->gate.deliver(make_packet(pattern(200, ++seed), simulation.now_ns()));
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
    simulation.sides[0].network->full = true;
    require_status(simulation.sides[0].send(0), JF_WOULD_BLOCK, "send on a path that is full");
    simulation.sides[0].network->full = false;
    require_status(simulation.sides[0].send(1, 2000), JF_BAD_INPUT, "send of more than the path carries");
    require_status(simulation.sides[0].send(2), JF_OK, "send on a path that is free again");
}

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
    add_random_tests(list, id, transports::set_transport_scene);
}

} // namespace jackfield::conformance
