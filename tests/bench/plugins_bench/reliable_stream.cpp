// A stream over datagrams in memory: setting up, and a megabyte.
#include "table.hpp"

#include "tests/plugins/reliable-usrsctp/stream_end.hpp"

namespace jackfield::bench::reliable_stream_figures {

void all(const Table& table)
{
    if (!Table::has("reliable-usrsctp"))
        return;
    using namespace reliable_test;
    FakeHost host;
    const InstanceUnderTest<jf_reliable_stream_methods> plugin(host, JACKFIELD_TEST_PLUGIN_DIR, "reliable-usrsctp",
                                                               JF_RELIABLE_STREAM_INTERFACE);
    std::unique_ptr<MemoryLink> link;
    std::unique_ptr<StreamEnd> a;
    std::unique_ptr<StreamEnd> b;
    const auto connect = [&] {
        a.reset();
        b.reset();
        link = std::make_unique<MemoryLink>(JF_DATAGRAM);
        a = std::make_unique<StreamEnd>(host, plugin, link->path(0), true);
        b = std::make_unique<StreamEnd>(host, plugin, link->path(1), false);
        host.run_until([&] { return a->established() && b->established(); });
    };
    table.row("reliable-usrsctp", "set up", "ms", [&] { return microseconds(1, connect) / 1000; });
    const Bytes megabyte(1'000'000, 1);
    std::size_t sent = 0;
    table.row("reliable-usrsctp", "throughput, sends of 16 KiB", "MB/s", [&] {
        return 1e6 / microseconds(1, [&] {
                   sent += megabyte.size();
                   a->send_all(megabyte, 16'384);
                   host.run_until([&] { return b->received_bytes() == sent; });
               });
    });
    a.reset();
    b.reset();
}

} // namespace jackfield::bench::reliable_stream_figures
