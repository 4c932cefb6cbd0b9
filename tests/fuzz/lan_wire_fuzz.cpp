// The datagrams of discovery-lan: what is read is written again to the same bytes. And a connection to it: what is
// asked over it is in form.
//
// Threads: one.
// links: discovery_lan_parts
#include "fuzz.hpp"
#include "socket_with.hpp"

#include "exchange.hpp"

#include <algorithm>
#include <cstdlib>

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    using namespace discovery_lan;
    return {discovery_lan::write({Kind::ask, 0, "callto:0123"}),
            discovery_lan::write({Kind::have, 40001, "0123456789abcdef"}),
            discovery_lan::write({Kind::changed, 1, std::string(200, 'k')}),
            {1, 3, 'k', 'e', 'y', 0, 0, 0, 0},
            {1, 0, 0, 0, 0, 0}, // no key
            {2, 3, 'k', 'e', 'y', 0, 0, 0, 5, 'v', 'a', 'l', 'u', 'e'}};
}

namespace {

void connect(const std::uint8_t* data, std::size_t size)
{
    asio::io_context context;
    jackfield::fuzz::Sender sender(context, data, size);
    int answered = 0;
    int over = 0;
    discovery_lan::serve(
        sender.reader(),
        [&](const discovery_lan::Request& request) {
            const bool wish = request.wish == discovery_lan::Wish::get || request.wish == discovery_lan::Wish::put;
            if (!wish || request.key.empty() || request.key.size() + request.value.size() + 6 > size)
                std::abort();
            ++answered;
            return jackfield::Bytes{1};
        },
        [&] { ++over; });
    context.run();
    if (over != 1 || answered > 1)
        std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    connect(data, size);
    const auto read = discovery_lan::read({data, size});
    if (!read)
        return 0;
    const auto again = discovery_lan::write(*read);
    if (!std::equal(again.begin(), again.end(), data, data + size))
        std::abort();
    return 0;
}
