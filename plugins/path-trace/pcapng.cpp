// Blocks of a pcapng file. See pcapng.hpp.

#include "pcapng.hpp"

#include <cstring>

namespace path_trace::pcapng {

namespace {

constexpr std::uint32_t kSectionHeader = 0x0A0D0D0A;
constexpr std::uint32_t kByteOrder = 0x1A2B3C4D;
constexpr std::uint32_t kInterfaceDescription = 1;
constexpr std::uint32_t kEnhancedPacket = 6;
constexpr std::uint16_t kRawIp = 101; // LINKTYPE_RAW
constexpr std::uint16_t kShbUserAppl = 4;
constexpr std::uint16_t kIfName = 2;
constexpr std::uint16_t kIfDescription = 3;
constexpr std::uint16_t kIfTsresol = 9;
constexpr std::uint16_t kEpbFlags = 2;
constexpr std::size_t kEpbFixedBytes = 32 + 12; // with flags and the end of options

template <class Number>
void put(Buffer& out, Number number)
{
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(&number);
    out.insert(out.end(), bytes, bytes + sizeof(number));
}

void pad(Buffer& out, std::size_t size)
{
    for (; size % 4 != 0; ++size)
        out.push_back(0);
}

void option(Buffer& out, std::uint16_t code, std::span<const std::uint8_t> value)
{
    put(out, code);
    put(out, static_cast<std::uint16_t>(value.size()));
    out.insert(out.end(), value.begin(), value.end());
    pad(out, value.size());
}

void option(Buffer& out, std::uint16_t code, std::string_view text)
{
    option(out, code, std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

void end_of_options(Buffer& out)
{
    put(out, std::uint32_t{0});
}

/// Writes a block's head, and with `end` its length at both ends.
std::size_t begin(Buffer& out, std::uint32_t type)
{
    const std::size_t start = out.size();
    put(out, type);
    put(out, std::uint32_t{0});
    return start;
}

void end(Buffer& out, std::size_t start)
{
    const auto length = static_cast<std::uint32_t>(out.size() - start + 4);
    std::memcpy(out.data() + start + 4, &length, sizeof(length));
    put(out, length);
}

} // namespace

void section(Buffer& out, std::string_view program)
{
    const std::size_t start = begin(out, kSectionHeader);
    put(out, kByteOrder);
    put(out, std::uint16_t{1});
    put(out, std::uint16_t{0});
    put(out, std::int64_t{-1}); // of unknown length
    option(out, kShbUserAppl, program);
    end_of_options(out);
    end(out, start);
}

void interface(Buffer& out, std::string_view name, std::string_view description)
{
    constexpr std::uint8_t kNanoseconds[] = {9};
    const std::size_t start = begin(out, kInterfaceDescription);
    put(out, kRawIp);
    put(out, std::uint16_t{0});
    put(out, std::uint32_t{0}); // no limit on a packet's size
    option(out, kIfName, name);
    option(out, kIfDescription, description);
    option(out, kIfTsresol, kNanoseconds);
    end_of_options(out);
    end(out, start);
}

void packet(Buffer& out, std::uint32_t interface, std::int64_t unix_ns, Direction direction,
            std::span<const std::uint8_t> head, std::span<const std::uint8_t> body)
{
    const auto size = static_cast<std::uint32_t>(head.size() + body.size());
    const auto time = static_cast<std::uint64_t>(unix_ns);
    const std::size_t start = begin(out, kEnhancedPacket);
    put(out, interface);
    put(out, static_cast<std::uint32_t>(time >> 32));
    put(out, static_cast<std::uint32_t>(time));
    put(out, size); // captured
    put(out, size); // on the wire
    out.insert(out.end(), head.begin(), head.end());
    out.insert(out.end(), body.begin(), body.end());
    pad(out, size);
    put(out, kEpbFlags);
    put(out, std::uint16_t{4});
    put(out, static_cast<std::uint32_t>(direction));
    end_of_options(out);
    end(out, start);
}

std::size_t packet_bytes(std::size_t head_and_body)
{
    return kEpbFixedBytes + (head_and_body + 3) / 4 * 4;
}

} // namespace path_trace::pcapng
