// jackfield.secure_channel/1: a path to the proven peer that nobody else reads.
//
// Threads: the test's; ears are called on the link's. Lifetime: sessions are released before their link.
#include "lists.hpp"
#include "secure_pair.hpp"

#include <algorithm>

namespace jackfield::conformance {

namespace secure_channels {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kKinds[] = {JF_STREAM, JF_DATAGRAM};

/// The path that a plugin of ours is there for, with an ear at both ends: the secured one, or a channel on it.
std::unique_ptr<Joint> carrying(Bench& bench, std::uint32_t kind)
{
    std::unique_ptr<Joint> joint;
    if (bench.declares("multiplexes")) {
        joint = std::make_unique<multiplexers::ChannelJoint>(ChannelPair::make(bench, kind), kind);
    } else {
        auto pair = std::make_unique<Pair>(bench, kind);
        pair->connect();
        joint = std::move(pair);
    }
    joint->near.open(joint->at_near);
    joint->far.open(joint->at_far);
    return joint;
}

void proves_the_peer(Bench& bench, std::uint32_t kind)
{
    Pair pair(bench, kind);
    pair.connect();
    bench.run_pending();
    require(pair.client.secured == 1 && pair.server.secured == 1, "secured came more than once");
    require(pair.client.multiplexes() == bench.declares("multiplexes"),
            "the manifest says something else about a multiplexer than the session's table");
    require(!pair.client.protocol.empty() && !pair.client.cipher.empty(), "protocol or cipher is not named");
    require(pair.client.protocol == pair.server.protocol && pair.client.cipher == pair.server.cipher,
            "the ends name different protocols or ciphers");
    if (bench.declares("proves_nobody")) {
        require(pair.client.peer == Device(), "a channel that proves nobody names a peer");
        return;
    }
    require(pair.client.peer == device_of(bench, 1) && pair.server.peer == device_of(bench, 0),
            "secured names another peer than the one that is there");
    require(!pair.client.peer.chain_pem.empty(), "secured names no chain");
}

void refuses_a_stranger(Bench& bench, std::uint32_t kind)
{
    skip_if(bench.declares("proves_nobody"), "it proves nobody, and says so in its manifest");
    const Device stranger = device_of(bench, 2);
    const Device real = device_of(bench, 1);
    for (const Device& expected : {stranger, Device(real.account_id, stranger.device_id, stranger.chain_pem)}) {
        Pair pair(bench, kind);
        pair.server.open(pair.link->path(1), false, device_of(bench, 0));
        pair.client.open(pair.link->path(0), true, expected);
        require(bench.until([&] { return pair.client.decided(); }), "the handshake with the wrong peer does not end");
        require(pair.client.secured == 0, "the wrong peer was taken for the right one");
        require_status(pair.client.status, JF_UNAUTHENTICATED, "a handshake with the wrong peer");
        require(!pair.client.text.empty(), "the failure has no words");
    }
}

/// Whether a piece of the message stands in what went over the link.
bool contains(const Bytes& wire, const Bytes& message)
{
    return std::search(wire.begin(), wire.end(), message.begin(), message.begin() + 16) != wire.end();
}

void hides_what_it_carries(Bench& bench, std::uint32_t kind)
{
    skip_if(bench.declares("proves_nobody"), "it encrypts nothing, and says so in its manifest");
    std::mutex mutex;
    Bytes wire;
    const auto joint = carrying(bench, kind);
    Joint& pair = *joint;
    pair.link->set_filter([&](int, Bytes& packet) {
        const std::lock_guard lock(mutex);
        wire.insert(wire.end(), packet.begin(), packet.end());
        return true;
    });
    const Bytes message = pattern(400, 9);
    require(pair.near.send(message) == JF_OK && pair.far.send(message) == JF_OK, "a secured path takes no bytes");
    require(bench.until([&] { return pair.at_far.bytes() == 400 && pair.at_near.bytes() == 400; }), "no bytes arrive");
    require(pair.near.describe().secured == 1, "the path does not say that it is secured");
    const std::lock_guard lock(mutex);
    require(!contains(wire, message), "what was sent can be read on the path below");
}

void believes_no_change(Bench& bench, std::uint32_t kind)
{
    skip_if(bench.declares("proves_nobody"), "it protects nothing, and says so in its manifest");
    std::atomic<int> turns{0};
    const Bytes changed = pattern(300, 3);
    const auto joint = carrying(bench, kind);
    Joint& pair = *joint;
    pair.link->set_filter([&](int end, Bytes& packet) {
        if (end == 0 && packet.size() > changed.size() && turns++ == 0) // the first that carries it
            packet[packet.size() - 3] ^= 0x10;
        return true;
    });
    require(pair.near.send(changed) == JF_OK, "a secured path takes no bytes");
    if (kind == JF_STREAM) {
        require(bench.until([&] { return pair.at_far.closed_count() > 0; }), "a changed stream does not end");
        const Status status = pair.at_far.heard().status;
        require(status != JF_OK && status != JF_CLOSED, "a changed stream ends as if in order");
        require(pair.at_far.bytes() == 0, "changed bytes were handed up");
        return;
    }
    const Bytes good = pattern(200, 4);
    require(pair.near.send(good) == JF_OK, "a secured path takes no bytes");
    require(bench.until([&] { return pair.at_far.packets() > 0; }), "after a changed datagram none arrives any more");
    require(pair.at_far.heard().packets[0] == good, "a changed datagram was handed up");
}

void exports_keys(Bench& bench, std::uint32_t kind)
{
    skip_if(bench.declares("proves_nobody"), "it has no keys, and says so in its manifest");
    Pair pair(bench, kind);
    Bytes early;
    pair.client.open(pair.link->path(0), true, device_of(bench, 1)); // nobody is there yet
    require_status(pair.client.export_key("EXPORTER-jackfield", early), JF_WOULD_BLOCK, "export before secured");
    pair.server.open(pair.link->path(1), false, device_of(bench, 0));
    require(bench.until([&] { return pair.client.secured == 1 && pair.server.secured == 1; }), "the handshake failed");
    Bytes ours;
    Bytes theirs;
    Bytes other;
    require(pair.client.export_key("EXPORTER-jackfield", ours) == JF_OK &&
                pair.server.export_key("EXPORTER-jackfield", theirs) == JF_OK &&
                pair.client.export_key("EXPORTER-another", other) == JF_OK,
            "export after secured fails");
    require(ours.size() == 32, "32 bytes asked for, " + std::to_string(ours.size()) + " given");
    require(ours == theirs, "the ends export different keys");
    require(ours != other, "another label gives the same key");
}

void gives_up_in_time(Bench& bench, std::uint32_t kind)
{
    bench.use_clock(testing::Clock::manual);
    {
        Pair pair(bench, kind);
        pair.client.open(pair.link->path(0), true, device_of(bench, 1));
        pair.link->break_link(JF_UNREACHABLE, "cut");
        require(bench.until([&] { return pair.client.decided(); }),
                "no failed when the path below ends in the handshake");
        require(pair.client.failed == 1, "secured over a path that ended");
    }
    Pair pair(bench, kind);
    pair.client.open(pair.link->path(0), true, device_of(bench, 1));
    for (int i = 0; i < 120 && !pair.client.decided(); ++i)
        bench.pass(1s);
    require(pair.client.failed == 1, "nobody answers, and after two minutes the handshake has not failed");
    require_status(pair.client.status, JF_TIMEOUT, "a handshake that nobody answers");
    bench.pass(60s);
    require(pair.client.failed == 1, "failed came twice");
}

void outcome_is_posted(Bench& bench, std::uint32_t kind)
{
    Pair pair(bench, kind);
    pair.open();
    require(!pair.client.decided() && !pair.server.decided(), "an end reported inside open");
}

void release_is_silent(Bench& bench, std::uint32_t kind)
{
    Pair pair(bench, kind);
    pair.open();
    bench.until([&] { return pair.server.decided(); }, 20ms); // in the middle
    const int before = pair.client.secured + pair.client.failed;
    pair.client.release();
    pair.server.release();
    pair.link->break_link(JF_UNREACHABLE, "cut");
    bench.run_pending();
    require(pair.client.secured + pair.client.failed == before, "an event came after release");
    pair.client.life().destroy();
}

} // namespace
} // namespace secure_channels

void add_secure_channel_tests(TestList& list)
{
    using namespace secure_channels;
    struct Line {
        const char* rule;
        const char* name;
        void (*run)(Bench&, std::uint32_t);
    };
    const Line lines[] = {
        {"JF-SEC-01", "Both ends are proven and say what was agreed", proves_the_peer},
        {"JF-SEC-02", "The wrong peer is refused", refuses_a_stranger},
        {"JF-SEC-03", "Nothing can be read on the path below", hides_what_it_carries},
        {"JF-SEC-04", "Changed bytes are never handed up", believes_no_change},
        {"JF-SEC-05", "Both ends export the same keys", exports_keys},
        {"JF-SEC-06", "A handshake that cannot succeed fails in time", gives_up_in_time},
        {"JF-GEN-06", "secured and failed are posted", outcome_is_posted},
        {"JF-GEN-09", "A released secure channel is silent", release_is_silent},
    };
    const std::string id = JF_SECURE_CHANNEL_INTERFACE;
    for (const Line& line : lines) {
        for (const std::uint32_t kind : kKinds)
            list.push_back({line.rule, id, std::string(line.name) + (kind == JF_STREAM ? " (stream)" : " (datagrams)"),
                            [run = line.run, kind](Bench& bench) { run(bench, kind); }});
    }
    add_path_tests(list, id, {JF_STREAM, JF_DATAGRAM}, [](Bench& bench, std::uint32_t kind) -> std::unique_ptr<Joint> {
        skip_if(bench.declares("multiplexes"), "nobody opens its secured path; its channels are tested instead");
        auto pair = std::make_unique<Pair>(bench, kind);
        pair->connect();
        return pair;
    });
    const auto make = [](Bench& bench) {
        return ChannelPair::make(bench, bench.declares("datagrams_only") ? JF_DATAGRAM : JF_STREAM);
    };
    const auto channel = [make](Bench& bench, std::uint32_t kind) -> std::unique_ptr<Joint> {
        skip_if(kind == JF_DATAGRAM && !bench.declares("datagram_channels"), "it has no channels of datagrams");
        return std::make_unique<multiplexers::ChannelJoint>(make(bench), kind);
    };
    multiplexers::add_channel_tests(list, id, "multiplexes", make);
    add_path_tests(list, id, {JF_STREAM, JF_DATAGRAM}, channel, "its channels, ", "multiplexes");
}

} // namespace jackfield::conformance
