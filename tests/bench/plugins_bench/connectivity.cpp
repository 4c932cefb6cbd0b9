// Connecting on loopback with the descriptions exchanged at once, and a packet there and back.
#include "table.hpp"

#include "tests/plugins/connectivity/session_under_test.hpp"

namespace jackfield::bench::connectivity_figures {
namespace {

using namespace jackfield::connectivity_test;
using jackfield::connectivity_test::Instance;

double connect_ms(Instance& instance, FakeHost& host, std::uint32_t kind)
{
    const auto begin = std::chrono::steady_clock::now();
    Call call(instance, instance, kind);
    if (!call.connect(host, 1))
        throw Failure(JF_UNREACHABLE, call.a.text_ + call.b.text_);
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

void figures(const Table& table, const std::string& plugin, std::uint32_t kind)
{
    FakeHost host;
    const std::string over = kind == JF_STREAM ? " over TCP" : " over UDP";
    const auto instance = make_instance(host, plugin, R"({"addresses": ["127.0.0.1"]})");
    table.row(plugin, "connect" + over, "ms", [&] { return connect_ms(*instance, host, kind); });

    Call call(*instance, *instance, kind);
    if (!call.connect(host, 1))
        throw Failure(JF_UNREACHABLE, call.a.text_ + call.b.text_);
    Ear near;
    Ear far;
    const Path back = call.b.path();
    far.answer_ = [back](const jf_packet& packet) { back.send(view(packet.bytes)); };
    call.a.path().open(near);
    call.b.path().open(far);
    const Bytes packet(200, 1);
    std::size_t answers = 0;
    table.row(plugin, "200 bytes there and back" + over, "µs", [&] {
        return microseconds(200, [&] {
            call.a.path().send(packet);
            near.wait_for_bytes(packet.size() * ++answers);
        });
    });
    call.a.release();
    call.b.release();
}

} // namespace

void all(const Table& table)
{
    for (const std::string plugin : {"ice-libnice", "ice-direct"}) {
        if (!Table::has(plugin))
            continue;
        for (const std::uint32_t kind : {JF_STREAM, JF_DATAGRAM})
            figures(table, plugin, kind);
    }
}

} // namespace jackfield::bench::connectivity_figures
