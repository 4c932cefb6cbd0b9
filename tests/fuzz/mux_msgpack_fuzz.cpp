// A session of mux-msgpack before a peer that says anything at all. Channels are accepted, declined and opened by
// turns.
//
// Threads: one; time is turned by hand.
// links: mux_msgpack_parts jackfield_sdk_testing
#include "fuzz.hpp"
#include "mux_fuzz.hpp"

#include "channel.hpp"

namespace {

using namespace jackfield;
using namespace mux_msgpack;
using Kind = Message::Kind;

Bytes messages(std::initializer_list<Message> all)
{
    Bytes bytes;
    for (const auto& message : all)
        mux_msgpack::write(message, bytes);
    return bytes;
}

} // namespace

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    static const Bytes data{1, 2, 3};
    static const Bytes nested{0x93, 0xa3, 's', 'i', 'p', 0x05, 0x00, 0x81, 0xa1, 'p', 0xc3};
    return {
        messages({{Kind::version, 0, {}, {}, 1}, {Kind::request, 5, {}, "sip"}, {Kind::data, 5, data}}),
        messages({{Kind::request, 5, {}, "sip"}, {Kind::data, 5}, {Kind::request, 5, {}, "git"}}),
        messages({{Kind::request, 5, {}, "a"}, {Kind::request, 6, {}, "b"}, {Kind::data, 6, data}, {Kind::data, 5}}),
        messages({{Kind::beacon}, {Kind::answer}, {Kind::version, 0, {}, {}, 0}, {Kind::decline, 5, {}, "sip"}}),
        messages({{Kind::accept, 5, {}, "ours"}, {Kind::data, 5, data}, {Kind::decline, 5, {}, "ours"}}),
        messages({{Kind::data, kControl, nested}, {Kind::data, kProtocol, nested}}),
    };
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    testing::FakeHost host(testing::Clock::manual);
    fuzz::HandPath path;
    fuzz::Kernel kernel;
    {
        Session session(host.host(), Path(path.handle()), MultiplexerListener({&fuzz::kListener, &kernel}), Options{});
        fuzz::play(session, path, kernel, host, {data, size});
    }
    host.run_pending();
    return 0;
}
