// The rules of paths, tried on two joined ones. See path_tests.hpp.
//
// Threads: the test's; ears are called on the paths' own. Lifetime: as path_tests.hpp.
#include "path_tests.hpp"
#include "random_calls.hpp"

#include <cstring>

namespace jackfield::conformance {

Bytes Ear::Heard::stream() const
{
    Bytes all;
    for (const auto& packet : packets)
        all.insert(all.end(), packet.begin(), packet.end());
    return all;
}

void Ear::hold(bool held)
{
    const std::lock_guard lock(mutex_);
    held_ = held;
    changed_.notify_all();
}

void Ear::received(const jf_packet& packet) noexcept
{
    std::unique_lock lock(mutex_);
    if (heard_.packets.empty())
        heard_.first_arrival_ns = packet.arrival_ns;
    heard_.packets.emplace_back(packet.bytes.data, packet.bytes.data + packet.bytes.size);
    heard_.bytes += packet.bytes.size;
    Bell::ring();
    changed_.wait(lock, [&] { return !held_; });
}

void Ear::writable() noexcept
{
    const std::lock_guard lock(mutex_);
    ++heard_.writable;
    Bell::ring();
}

void Ear::closed(Status status, std::string_view) noexcept
{
    const std::lock_guard lock(mutex_);
    ++heard_.closed;
    heard_.status = status;
    Bell::ring();
}

Bytes pattern(std::size_t size, unsigned seed)
{
    Bytes bytes(size);
    std::uint32_t state = seed * 2654435761U + 1;
    for (auto& byte : bytes) {
        state = state * 1664525U + 1013904223U;
        byte = static_cast<std::uint8_t>(state >> 24U);
    }
    return bytes;
}

bool send_all(Bench& bench, const Path& path, const Ear& ear, ByteView bytes, std::size_t piece)
{
    while (!bytes.empty()) {
        const ByteView next = bytes.first(std::min(piece, bytes.size()));
        const int writable = ear.heard().writable;
        const Status status = path.send(next);
        if (status == JF_OK)
            bytes = bytes.subspan(next.size());
        else if (status != JF_WOULD_BLOCK || !bench.until([&] { return ear.heard().writable > writable; }))
            return false;
    }
    return true;
}

namespace path_rules {
namespace {

using namespace std::chrono_literals;

std::string number(std::size_t value)
{
    return std::to_string(value);
}

std::unique_ptr<Joint> open_both(Bench& bench, const Joiner& join, std::uint32_t kind)
{
    auto joint = join(bench, kind);
    joint->near.open(joint->at_near);
    joint->far.open(joint->at_far);
    return joint;
}

void describes_itself(Bench& bench, const Joiner& join, std::uint32_t kind)
{
    const auto joint = join(bench, kind);
    const jf_path raw = joint->near.raw();
    jf_path_info info;
    std::memset(&info, 0x7f, sizeof(info));
    info.struct_size = offsetof(jf_path_info, overhead_bytes);
    raw.methods->describe(raw.self, &info);
    require(info.struct_size == offsetof(jf_path_info, overhead_bytes), "describe changed struct_size");
    require(info.overhead_bytes == 0x7f7f7f7fU && info.secured == 0x7f7f7f7fU, "describe wrote beyond struct_size");
    require(info.kind == kind, "the kind is " + number(info.kind) + ", not " + number(kind));
    if (kind == JF_STREAM)
        require(info.max_datagram_bytes == JF_STREAM_SEND_MAX,
                "a stream says its largest send is " + number(info.max_datagram_bytes));
    require(info.max_datagram_bytes > 0, "the largest send is 0");
}

void opens_once(Bench& bench, const Joiner& join, std::uint32_t kind)
{
    const auto joint = open_both(bench, join, kind);
    Ear second;
    jf_error error = no_error();
    const jf_path raw = joint->near.raw();
    require_status(raw.methods->open(raw.self, second.handle(), &error), JF_BUSY, "the second open");
    require(joint->far.send(pattern(50)) == JF_OK, "the far end cannot send");
    require(bench.until([&] { return joint->at_near.bytes() == 50; }),
            "after a refused open the first receiver hears nothing more");
    require(second.bytes() == 0, "the second receiver was called");
}

void keeps_what_came_early(Bench& bench, const Joiner& join, std::uint32_t kind)
{
    const auto joint = join(bench, kind);
    joint->far.open(joint->at_far);
    const Bytes early = pattern(100, 3);
    require(joint->far.send(early) == JF_OK, "the far end cannot send");
    // What we send afterwards arrives behind it: then the early packet has come, if this end may send before it is
    // open.
    if (joint->near.send(pattern(10, 4)) == JF_OK)
        bench.until([&] { return joint->at_far.bytes() == 10; }, 2s);
    joint->near.open(joint->at_near);
    require(bench.until([&] { return joint->at_near.bytes() == early.size(); }, 4s),
            "100 bytes sent before open; " + number(joint->at_near.bytes()) + " arrived");
    require(joint->at_near.heard().stream() == early, "other bytes arrived than were sent before open");
}

/// Sends of many sizes, in parts, one way.
void compare_sends(Bench& bench, const Path& from, const Ear& at_from, const Ear& to, std::uint32_t kind)
{
    const std::size_t most = std::min<std::size_t>(from.describe().max_datagram_bytes, 3000);
    Bytes all;
    std::vector<Bytes> packets;
    for (unsigned i = 0; i < 40; ++i) {
        const Bytes bytes = pattern(1 + (i * 331) % most, i);
        const std::size_t cut = bytes.size() / 3;
        const jf_bytes parts[] = {{bytes.data(), cut}, {nullptr, 0}, {bytes.data() + cut, bytes.size() - cut}};
        Status status = from.send(parts);
        while (status == JF_WOULD_BLOCK) {
            const int writable = at_from.heard().writable;
            require(bench.until([&] { return at_from.heard().writable > writable; }), "no writable came");
            status = from.send(parts);
        }
        require_status(status, JF_OK, "a send of " + number(bytes.size()) + " bytes in three parts");
        all.insert(all.end(), bytes.begin(), bytes.end());
        packets.push_back(bytes);
    }
    require(bench.until([&] { return to.bytes() >= all.size(); }),
            number(all.size()) + " bytes sent, " + number(to.bytes()) + " arrived");
    const auto heard = to.heard();
    require(heard.stream() == all, "the bytes that arrived are not those that were sent, in their order");
    require(kind == JF_STREAM || heard.packets == packets, "datagrams arrived cut or joined");
}

void keeps_sends_whole(Bench& bench, const Joiner& join, std::uint32_t kind)
{
    const auto joint = open_both(bench, join, kind);
    compare_sends(bench, joint->near, joint->at_near, joint->at_far, kind);
    compare_sends(bench, joint->far, joint->at_far, joint->at_near, kind);
}

void refuses_what_is_too_large(Bench& bench, const Joiner& join, std::uint32_t kind)
{
    const auto joint = open_both(bench, join, kind);
    const std::size_t most = joint->near.describe().max_datagram_bytes;
    require_status(joint->near.send(pattern(most + 1)), JF_BAD_INPUT, "a send of one byte more than the path allows");
    require_status(joint->near.send(pattern(most)), JF_OK, "a send of as much as the path allows");
    require(bench.until([&] { return joint->at_far.bytes() >= most; }), "the largest send does not arrive");
    require(joint->at_far.bytes() == most, "a refused send arrived, too");
}

void closes_in_silence(Bench& bench, const Joiner& join, std::uint32_t kind)
{
    const auto joint = open_both(bench, join, kind);
    joint->near.close();
    joint->near.close();
    const auto before = joint->at_near.heard();
    require_status(joint->near.send(pattern(10)), JF_CLOSED, "a send after close");
    joint->far.send(pattern(10));
    if (kind == JF_STREAM) {
        require(bench.until([&] { return joint->at_far.closed_count() > 0; }),
                "a closed stream does not end at the peer");
        require_status(joint->at_far.heard().status, JF_CLOSED, "the end of a stream that was closed in order");
    }
    joint->release();
    bench.run_pending();
    const auto after = joint->at_near.heard();
    require(after.closed == 0, "the receiver heard closed for a close of its own");
    require(after.packets.size() == before.packets.size(), "the receiver was called after close had returned");
}

void ends_once(Bench& bench, const Joiner& join, std::uint32_t kind)
{
    const auto joint = open_both(bench, join, kind);
    require(joint->far.send(pattern(100)) == JF_OK, "the far end cannot send");
    require(bench.until([&] { return joint->at_near.bytes() == 100; }), "what was sent does not arrive");
    if (joint->link != nullptr)
        joint->link->break_link(JF_UNREACHABLE, "cut");
    else if (kind == JF_STREAM)
        joint->end_far();
    else
        throw Skipped("nobody hears of the end of datagrams");
    require(bench.until([&] { return joint->at_near.closed_count() > 0; }), "the receiver did not hear closed");
    require(joint->at_near.heard().status != JF_OK, "closed came with JF_OK");
    require_status(joint->near.send(pattern(10)), JF_CLOSED, "a send after closed");
    bench.run_pending();
    joint->release();
    bench.run_pending();
    require(joint->at_near.closed_count() == 1,
            "closed came " + number(std::size_t(joint->at_near.closed_count())) + " times");
}

void says_when_it_can_go_on(Bench& bench, const Joiner& join, std::uint32_t kind)
{
    const auto joint = open_both(bench, join, kind);
    const auto hold = [&](bool held) { joint->link != nullptr ? joint->link->hold(held) : joint->at_far.hold(held); };
    hold(true);
    const Bytes bytes = pattern(1000);
    Status status = JF_OK;
    std::size_t sent = 0;
    for (; sent < 64'000 && status == JF_OK; ++sent)
        status = joint->near.send(bytes);
    if (status == JF_OK) {
        hold(false);
        require(kind == JF_DATAGRAM,
                "64 MB were taken while nothing could go: a stream that never blocks grows for ever");
        throw Skipped("these datagrams are dropped rather than held");
    }
    const Status blocked = status;
    const int writable = joint->at_near.heard().writable;
    hold(false);
    require_status(blocked, JF_WOULD_BLOCK, "a send while nothing can go");
    require(bench.until([&] { return joint->at_near.heard().writable > writable; }),
            "no writable came after a send had answered JF_WOULD_BLOCK");
    require(send_all(bench, joint->near, joint->at_near, bytes, bytes.size()), "after writable a send is refused");
    require(kind == JF_DATAGRAM || bench.until([&] { return joint->at_far.bytes() >= sent * bytes.size(); }),
            "what had been taken did not arrive");
    require(kind == JF_DATAGRAM || joint->at_far.bytes() == sent * bytes.size(), "what had been refused arrived, too");
}

void says_when_it_came(Bench& bench, const Joiner& join, std::uint32_t kind)
{
    const auto joint = open_both(bench, join, kind);
    const auto now = [] { return std::chrono::steady_clock::now().time_since_epoch().count(); };
    const std::int64_t before = now();
    require(joint->far.send(pattern(100)) == JF_OK, "the far end cannot send");
    require(bench.until([&] { return joint->at_near.bytes() == 100; }), "what was sent does not arrive");
    const std::int64_t arrival = joint->at_near.heard().first_arrival_ns;
    require(arrival >= before && arrival <= now(), "arrival_ns is " + std::to_string(arrival) + "; sent at " +
                                                       std::to_string(before) + " by the host's clock");
}

class PathScene final : public Scene {
public:
    PathScene(std::unique_ptr<Joint> joint, Chance& chance) : joint_(std::move(joint))
    {
        const auto size = [&chance](const Path& path) {
            const std::size_t sizes[] = {0, 1, 100, path.describe().max_datagram_bytes, 70'000};
            return sizes[upto(chance, std::size(sizes) - 1)];
        };
        moves = {{"open of a path", [this] { joint_->near.open(joint_->at_near); }},
                 {"open of the other end", [this] { joint_->far.open(joint_->at_far); }},
                 {"send", [this, size] { joint_->near.send(pattern(size(joint_->near))); }},
                 {"send of the other end", [this, size] { joint_->far.send(pattern(size(joint_->far))); }},
                 {"describe", [this] { joint_->near.describe(); }},
                 {"close", [this, &chance] {
                      if (upto(chance, 5) == 0)
                          (upto(chance, 1) == 0 ? joint_->near : joint_->far).close();
                  }}};
    }

private:
    std::unique_ptr<Joint> joint_;
};

} // namespace
} // namespace path_rules

void add_path_tests(std::vector<Test>& list, const std::string& interface_id, const std::vector<std::uint32_t>& kinds,
                    const Joiner& join, const std::string& of, const std::string& declared)
{
    using namespace path_rules;
    using Run = void (*)(Bench&, const Joiner&, std::uint32_t);
    struct Line {
        const char* rule;
        const char* name;
        Run run;
    };
    static constexpr Line lines[] = {
        {"JF-PATH-01", "A path describes itself within the struct it was given", describes_itself},
        {"JF-PATH-02", "A path opens once", opens_once},
        {"JF-PATH-03", "What came before open is delivered first", keeps_what_came_early},
        {"JF-PATH-04", "Sends arrive whole, unchanged and in order", keeps_sends_whole},
        {"JF-PATH-05", "A send that is too large is refused", refuses_what_is_too_large},
        {"JF-PATH-06", "A closed path is silent", closes_in_silence},
        {"JF-PATH-07", "The end of a path is told once and last", ends_once},
        {"JF-PATH-08", "A send that must wait is followed by writable", says_when_it_can_go_on},
        {"JF-PATH-09", "A packet says when it came", says_when_it_came},
    };
    for (const Line& line : lines) {
        for (const std::uint32_t kind : kinds) {
            const std::string suffix = " (" + of + (kind == JF_STREAM ? "stream)" : "datagrams)");
            list.push_back({line.rule, interface_id, line.name + suffix,
                            [run = line.run, join, kind](Bench& bench) { run(bench, join, kind); }, declared});
        }
    }
    for (const std::uint32_t kind : kinds) {
        const auto set = [join, kind](Bench& bench, Chance& chance) -> std::unique_ptr<Scene> {
            return std::make_unique<PathScene>(join(bench, kind), chance);
        };
        add_random_tests(list, interface_id, set, " (path, " + of + (kind == JF_STREAM ? "stream)" : "datagrams)"),
                         declared);
    }
}

} // namespace jackfield::conformance
