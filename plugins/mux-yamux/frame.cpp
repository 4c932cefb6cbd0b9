// Frames of yamux. See frame.hpp.

#include "frame.hpp"

#include <algorithm>
#include <cstring>

namespace mux_yamux {

namespace {

constexpr std::uint8_t kVersion = 0;
constexpr std::size_t kMaxDataBytes = 16 * 1024 * 1024; // of one frame; it is never held as a whole

std::uint32_t read32(const std::uint8_t* at)
{
    return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 | at[3];
}

void write32(std::uint8_t* at, std::uint32_t value)
{
    for (int i = 3; i >= 0; --i, value >>= 8)
        at[i] = static_cast<std::uint8_t>(value);
}

Header read(const std::array<std::uint8_t, kHeaderBytes>& head)
{
    if (head[0] != kVersion)
        throw jackfield::Failure(JF_BAD_INPUT, "the peer speaks yamux version " + std::to_string(head[0]) + ", not 0");
    if (head[1] > static_cast<std::uint8_t>(Type::go_away))
        throw jackfield::Failure(JF_BAD_INPUT, "the peer sent a yamux frame of type " + std::to_string(head[1]));
    Header header;
    header.type = static_cast<Type>(head[1]);
    header.flags = static_cast<std::uint16_t>(head[2] << 8 | head[3]);
    header.stream = read32(head.data() + 4);
    header.length = read32(head.data() + 8);
    if (header.type == Type::data && header.length > kMaxDataBytes)
        throw jackfield::Failure(JF_BAD_INPUT, "the peer sent a yamux frame of more than 16 MiB");
    return header;
}

} // namespace

std::array<std::uint8_t, kHeaderBytes> write(const Header& header)
{
    std::array<std::uint8_t, kHeaderBytes> head{};
    head[0] = kVersion;
    head[1] = static_cast<std::uint8_t>(header.type);
    head[2] = static_cast<std::uint8_t>(header.flags >> 8);
    head[3] = static_cast<std::uint8_t>(header.flags);
    write32(head.data() + 4, header.stream);
    write32(head.data() + 8, header.length);
    return head;
}

std::optional<Piece> FrameReader::next(ByteView& input)
{
    const bool begins = left_ == 0;
    if (begins) {
        const std::size_t taken = std::min(kHeaderBytes - have_, input.size());
        if (taken > 0)
            std::memcpy(head_.data() + have_, input.data(), taken);
        have_ += taken;
        input = input.subspan(taken);
        if (have_ < kHeaderBytes)
            return std::nullopt;
        have_ = 0;
        header_ = read(head_);
        left_ = header_.type == Type::data ? header_.length : 0;
    } else if (input.empty()) {
        return std::nullopt;
    }
    const ByteView data = input.first(std::min(left_, input.size()));
    input = input.subspan(data.size());
    left_ -= data.size();
    return Piece{header_, data, begins};
}

} // namespace mux_yamux
