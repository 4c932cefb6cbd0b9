// Heads and flows. See wire.hpp.
#include "wire.hpp"

#include <algorithm>

namespace quic_ngtcp2 {

Bytes write_head(const Head& head)
{
    Bytes bytes(2 + head.name.size());
    bytes[0] = static_cast<std::uint8_t>(head.kind);
    bytes[1] = static_cast<std::uint8_t>(head.name.size());
    std::ranges::copy(head.name, bytes.begin() + 2);
    return bytes;
}

std::optional<Head> HeadReader::next(ByteView& input)
{
    const auto take_byte = [&] {
        const std::uint8_t byte = input.front();
        input = input.subspan(1);
        return byte;
    };
    if (!kind_ && !input.empty()) {
        kind_ = take_byte();
        if (*kind_ != JF_STREAM && *kind_ != JF_DATAGRAM)
            throw jackfield::Failure(JF_BAD_INPUT, "the peer asks for a channel of kind " + std::to_string(*kind_));
    }
    if (kind_ && name_bytes_ == 0 && !input.empty()) {
        name_bytes_ = take_byte();
        if (name_bytes_ == 0)
            throw jackfield::Failure(JF_BAD_INPUT, "the peer asks for a channel without a name");
    }
    if (name_bytes_ == 0)
        return std::nullopt;
    const ByteView more = input.first(std::min(name_bytes_ - name_.size(), input.size()));
    name_.append(more.begin(), more.end());
    input = input.subspan(more.size());
    if (name_.size() < name_bytes_)
        return std::nullopt;
    return Head{*kind_, name_};
}

// RFC 9000 section 16: the first two bits tell whether it has 1, 2, 4 or 8 bytes.
FlowHead write_flow(std::uint64_t flow)
{
    const unsigned length_bits = flow < (1U << 6U) ? 0 : flow < (1U << 14U) ? 1 : flow < (1U << 30U) ? 2 : 3;
    FlowHead head;
    head.size = std::size_t{1} << length_bits;
    for (std::size_t i = head.size; i-- > 0; flow >>= 8U)
        head.bytes[i] = static_cast<std::uint8_t>(flow);
    head.bytes[0] = static_cast<std::uint8_t>(head.bytes[0] | length_bits << 6U);
    return head;
}

std::optional<std::uint64_t> take_flow(ByteView& datagram)
{
    if (datagram.empty())
        return std::nullopt;
    const std::size_t size = std::size_t{1} << (datagram[0] >> 6U);
    if (datagram.size() < size)
        return std::nullopt;
    std::uint64_t flow = datagram[0] & 0x3fU;
    for (std::size_t i = 1; i < size; ++i)
        flow = flow << 8U | datagram[i];
    datagram = datagram.subspan(size);
    return flow;
}

} // namespace quic_ngtcp2
