// See greeting.hpp.
#include "greeting.hpp"

namespace jackfield::direct {

namespace {
constexpr std::uint8_t kFirstByte = 5;
constexpr std::size_t kMinPasswordBytes = 22; // RFC 8839 section 5.4
constexpr std::uint8_t kMostComponents = 4;
} // namespace

Bytes write_greeting(const Greeting& greeting)
{
    Bytes bytes{kFirstByte, static_cast<std::uint8_t>(greeting.word), greeting.component};
    for (const unsigned shift : {24U, 16U, 8U, 0U})
        bytes.push_back(static_cast<std::uint8_t>(greeting.number >> shift));
    bytes.push_back(static_cast<std::uint8_t>(greeting.password.size()));
    bytes.insert(bytes.end(), greeting.password.begin(), greeting.password.end());
    return bytes;
}

std::size_t greeting_size(ByteView header)
{
    if (header[0] != kFirstByte || header[1] < 1 || header[1] > 3 || header[2] < 1 || header[2] > kMostComponents ||
        header[7] < kMinPasswordBytes)
        return 0;
    return kGreetingHeaderBytes + header[7];
}

std::optional<Greeting> read_greeting(ByteView bytes)
{
    if (bytes.size() < kGreetingHeaderBytes || greeting_size(bytes) != bytes.size())
        return std::nullopt;
    Greeting greeting;
    greeting.word = static_cast<Word>(bytes[1]);
    greeting.component = bytes[2];
    for (const std::uint8_t byte : bytes.subspan(3, 4))
        greeting.number = greeting.number << 8 | byte;
    const ByteView password = bytes.subspan(kGreetingHeaderBytes);
    greeting.password = {reinterpret_cast<const char*>(password.data()), password.size()};
    return greeting;
}

} // namespace jackfield::direct
