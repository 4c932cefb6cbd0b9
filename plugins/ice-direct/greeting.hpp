// What the two ends say before a path carries data, on UDP and on TCP alike:
//
//     byte  0      5, which none of the protocols that share a path begins with (RFC 7983, RFC 9443)
//           1      1 ask, 2 choose, 3 answer
//           2      the component, 1 to 4
//           3-6    a number; an answer repeats that of the ask or choose
//           7      the length of the password, 22 to 255
//           8-     the password of whoever receives this, from its description
//
// The password shows that the sender has read our description, and that we have met the right one of all hosts that go
// by the same address. It is no secret on the way: who the peer is, the secure channel above finds out.
//
// Threads: pure functions. What a stranger sent is read here.
#pragma once

#include <jackfield/basic.hpp>

#include <optional>

namespace jackfield::direct {

inline constexpr std::size_t kGreetingHeaderBytes = 8;
inline constexpr std::size_t kMaxPasswordBytes = 255;

enum class Word : std::uint8_t {
    ask = 1,    // does this way lead to you?
    choose = 2, // from the controlling side: this is the way we take
    answer = 3
};

struct Greeting {
    Word word = Word::ask;
    std::uint8_t component = 0;
    std::uint32_t number = 0;
    std::string_view password; // borrowed from what was read

    friend bool operator==(const Greeting&, const Greeting&) = default;
};

Bytes write_greeting(const Greeting& greeting);

/// Empty unless the bytes are one whole greeting and nothing else.
std::optional<Greeting> read_greeting(ByteView bytes);

/// How long the greeting is that begins with this header; 0 if none does. At least kGreetingHeaderBytes are given.
std::size_t greeting_size(ByteView header);

} // namespace jackfield::direct
