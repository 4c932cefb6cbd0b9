// A yamux session before a peer that says anything at all. Channels are accepted, declined and opened by turns.
//
// Threads: one; time is turned by hand.
// links: mux_yamux_parts jackfield_sdk_testing
#include "fuzz.hpp"
#include "mux_fuzz.hpp"

#include "channel.hpp"
#include "session.hpp"

namespace {

using namespace jackfield;
using namespace mux_yamux;

std::vector<std::uint8_t> frames(std::initializer_list<std::pair<Header, std::vector<std::uint8_t>>> all)
{
    std::vector<std::uint8_t> bytes;
    for (const auto& [header, data] : all) {
        const auto head = mux_yamux::write(header);
        bytes.insert(bytes.end(), head.begin(), head.end());
        bytes.insert(bytes.end(), data.begin(), data.end());
    }
    return bytes;
}

} // namespace

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    const std::vector<std::uint8_t> name{3, 's', 'i', 'p'};
    return {
        frames({{{Type::data, flag::kSyn, 1, 4}, name}, {{Type::data, 0, 1, 3}, {1, 2, 3}}}),
        frames({{{Type::data, flag::kSyn, 1, 4}, name}, {{Type::data, flag::kFin, 1, 0}, {}}}),
        frames({{{Type::window_update, flag::kAck, 2, 0}, {}}, {{Type::data, 0, 2, 1}, {9}}}),
        frames({{{Type::window_update, flag::kRst, 2, 0}, {}}, {{Type::ping, flag::kSyn, 0, 5}, {}}}),
        frames({{{Type::ping, flag::kAck, 0, 1}, {}}, {{Type::go_away, 0, 0, 0}, {}}}),
        frames({{{Type::data, flag::kSyn, 3, 2}, {3, 'a'}}, {{Type::data, 0, 3, 2}, {'b', 'c'}}}),
    };
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    testing::FakeHost host(testing::Clock::manual);
    fuzz::HandPath path;
    fuzz::Kernel kernel;
    {
        Session session(host.host(), Path(path.handle()), false, MultiplexerListener({&fuzz::kListener, &kernel}),
                        Options{});
        fuzz::play(session, path, kernel, host, {data, size});
    }
    host.run_pending();
    return 0;
}
