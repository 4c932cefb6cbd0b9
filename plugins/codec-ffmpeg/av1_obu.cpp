// Reads and writes units of AV1. See av1_obu.hpp.
//
// Threads: any.
#include "av1_obu.hpp"

namespace jackfield::codec {

namespace {

constexpr std::uint8_t kObuForbiddenBit = 0x80;
constexpr std::uint8_t kHasExtension = 0x04;
constexpr std::uint8_t kMore = 0x80; // of leb128
constexpr std::size_t kMaxLeb128Bytes = 8;

} // namespace

std::optional<Leb128> read_leb128(ByteView bytes)
{
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size() && i < kMaxLeb128Bytes; ++i) {
        value |= std::uint64_t{bytes[i] & 0x7FU} << (7 * i);
        if ((bytes[i] & kMore) == 0)
            return value <= UINT32_MAX ? std::optional(Leb128{static_cast<std::uint32_t>(value), i + 1}) : std::nullopt;
    }
    return std::nullopt;
}

std::size_t leb128_bytes(std::uint32_t value)
{
    std::size_t count = 1;
    for (; value >= kMore; value >>= 7)
        ++count;
    return count;
}

std::size_t write_leb128(std::uint32_t value, std::uint8_t* out)
{
    std::size_t count = 0;
    for (; value >= kMore; value >>= 7)
        out[count++] = static_cast<std::uint8_t>(value | kMore);
    out[count++] = static_cast<std::uint8_t>(value);
    return count;
}

std::optional<Obu> read_obu(ByteView bytes)
{
    if (bytes.empty() || (bytes[0] & kObuForbiddenBit) != 0)
        return std::nullopt;
    Obu obu;
    obu.type = static_cast<ObuType>(bytes[0] >> 3 & 0x0F);
    obu.header[0] = static_cast<std::uint8_t>(bytes[0] & ~kObuHasSize);
    if ((bytes[0] & kHasExtension) != 0) {
        if (bytes.size() < 2)
            return std::nullopt;
        obu.header[1] = bytes[1];
        obu.header_bytes = 2;
    }
    obu.payload = bytes.subspan(obu.header_bytes);
    if ((bytes[0] & kObuHasSize) == 0)
        return obu;
    const auto size = read_leb128(obu.payload);
    if (!size || size->value > obu.payload.size() - size->bytes)
        return std::nullopt;
    obu.size_bytes = size->bytes;
    obu.payload = obu.payload.subspan(size->bytes, size->value);
    return obu;
}

bool superfluous(ObuType type)
{
    return type == ObuType::temporal_delimiter || type == ObuType::tile_list || type == ObuType::padding;
}

bool begins_frame(ObuType type)
{
    return type == ObuType::frame_header || type == ObuType::frame;
}

bool shows_key_frame(const Obu& obu)
{
    // show_existing_frame, two bits of frame_type (KEY_FRAME is 0), show_frame
    return begins_frame(obu.type) && !obu.payload.empty() && (obu.payload[0] & 0xF0) == 0x10;
}

} // namespace jackfield::codec
