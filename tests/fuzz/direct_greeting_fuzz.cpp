// The greeting of ice-direct: whatever is read as one is written again byte for byte.
//
// Threads: one.
// links: ice_direct_greeting
#include "fuzz.hpp"

#include "greeting.hpp"

#include <algorithm>
#include <cstdlib>

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    using namespace jackfield::direct;
    std::vector<std::vector<std::uint8_t>> inputs;
    for (const Word word : {Word::ask, Word::choose, Word::answer})
        inputs.push_back(write_greeting({word, 1, 0x01020304, "0123456789abcdef012345"}));
    return inputs;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace jackfield;
    const ByteView input(data, size);
    const auto greeting = direct::read_greeting(input);
    if (greeting && !std::ranges::equal(direct::write_greeting(*greeting), input))
        std::abort();
    if (size >= direct::kGreetingHeaderBytes && greeting.has_value() != (direct::greeting_size(input) == size))
        std::abort();
    return 0;
}
