// The datagrams of discovery-lan: what is read is written again to the same bytes.
//
// Threads: one.
// links: discovery_lan_parts
#include "fuzz.hpp"

#include "wire.hpp"

#include <algorithm>
#include <cstdlib>

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    using namespace discovery_lan;
    return {discovery_lan::write({Kind::ask, 0, "callto:0123"}),
            discovery_lan::write({Kind::have, 40001, "0123456789abcdef"}),
            discovery_lan::write({Kind::changed, 1, std::string(200, 'k')})};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto read = discovery_lan::read({data, size});
    if (!read)
        return 0;
    const auto again = discovery_lan::write(*read);
    if (!std::equal(again.begin(), again.end(), data, data + size))
        std::abort();
    return 0;
}
