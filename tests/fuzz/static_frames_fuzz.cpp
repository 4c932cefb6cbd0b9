// A connection of discovery-static before a stranger that says anything at all: every frame is in form, and the
// connection ends once.
//
// Threads: one.
// links: discovery_static_parts
#include "fuzz.hpp"
#include "socket_with.hpp"

#include "connection.hpp"

#include <cstdlib>

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    const std::vector<std::uint8_t> get{0, 0, 0, 6, 1, 0, 3, 'k', 'e', 'y'};
    const std::vector<std::uint8_t> put{0, 0, 0, 11, 4, 0, 3, 'k', 'e', 'y', 'v', 'a', 'l', 'u', 'e'};
    auto both = get;
    both.insert(both.end(), put.begin(), put.end());
    return {get, both, {0, 0, 0, 3, 3, 0, 0}};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace discovery_static;
    asio::io_context context;
    jackfield::fuzz::Sender sender(context, data, size);
    std::size_t heard = 0; // bytes, with what frames them
    int closed = 0;
    const auto connection =
        std::make_shared<Connection>(sender.reader(), "127.0.0.1",
                                     Connection::Events{[&](Connection&, const Frame& frame) {
                                                            const auto type = static_cast<int>(frame.type);
                                                            heard += 7 + frame.key.size() + frame.value.size();
                                                            if (type < 1 || type > 4 || heard > size || closed != 0)
                                                                std::abort();
                                                        },
                                                        [&](Connection&) { ++closed; }});
    connection->start();
    context.run();
    if (closed != 1)
        std::abort();
    return 0;
}
