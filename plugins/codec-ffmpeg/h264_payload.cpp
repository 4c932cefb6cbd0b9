// Units in and out of payloads: RFC 6184 sections 5.6 (single), 5.7.1 (STAP-A) and 5.8 (FU-A).
//
// Threads: one media thread. Lifetime: the list of units is reused, so nothing is allocated per picture.
#include "h264_payload.hpp"

#include <shared/codec/stream.hpp>

#include <algorithm>
#include <array>
#include <cstring>

namespace jackfield::codec {

namespace {

constexpr std::uint8_t kTypeMask = 0x1F;
constexpr std::uint8_t kForbiddenBit = 0x80;
constexpr std::uint8_t kSlice = 1;
constexpr std::uint8_t kKeySlice = 5; // IDR
constexpr std::uint8_t kSupplement = 6;
constexpr std::uint8_t kDelimiter = 9;
constexpr std::uint8_t kFiller = 12;
constexpr std::uint8_t kLastSingle = 23;
constexpr std::uint8_t kAggregate = 24; // STAP-A
constexpr std::uint8_t kFragment = 28;  // FU-A
constexpr std::uint8_t kFragmentStart = 0x80;
constexpr std::uint8_t kFragmentEnd = 0x40;
constexpr std::array<std::uint8_t, 4> kStartCode{0, 0, 0, 1};

std::uint8_t type_of(std::uint8_t header)
{
    return header & kTypeMask;
}

/// What a receiver can do without: the encoder's remarks and padding.
bool superfluous(std::uint8_t type)
{
    return type == kSupplement || type == kDelimiter || type == kFiller;
}

/// Where the next start code (00 00 01) begins, or the end.
std::size_t find_start_code(ByteView bytes, std::size_t from)
{
    for (std::size_t at = from; at + 3 <= bytes.size(); ++at) {
        if (bytes[at + 2] > 1)
            at += 2; // no start code can begin here or at the two bytes that follow
        else if (bytes[at] == 0 && bytes[at + 1] == 0 && bytes[at + 2] == 1)
            return at;
    }
    return bytes.size();
}

/// What kind of picture it is, seen from the type of a unit and its first byte. A key picture counts only if it has its
/// first slice: first_mb_in_slice is 0, in Exp-Golomb code one set bit (ITU-T H.264 sections 7.3.3 and 9.1).
void note_type(std::uint8_t type, std::uint8_t first_byte, PartialPicture& picture)
{
    picture.has_slice = picture.has_slice || (type >= kSlice && type <= kKeySlice);
    picture.key = picture.key || (type == kKeySlice && (first_byte & 0x80) != 0);
}

int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/// Units in base64, parted by commas, each put behind a start code. Stops at what is no base64.
Bytes parameter_sets(std::string_view list)
{
    Bytes out;
    std::uint32_t bits = 0;
    int bit_count = 0;
    bool fresh = true;
    for (const char c : list) {
        if (c == ',') {
            fresh = true;
            bits = 0;
            bit_count = 0;
        }
        if (c == ',' || c == '=')
            continue;
        const int value = base64_value(c);
        if (value < 0)
            break;
        if (fresh)
            out.insert(out.end(), kStartCode.begin(), kStartCode.end());
        fresh = false;
        bits = (bits << 6 | static_cast<std::uint32_t>(value)) & 0xFFFFFF;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            out.push_back(static_cast<std::uint8_t>(bits >> bit_count));
        }
    }
    return out;
}

} // namespace

H264Packetiser::H264Packetiser(std::size_t max_payload_bytes) : payload_(max_payload_bytes)
{
    units_.reserve(kMaxUnits);
}

void H264Packetiser::cut(ByteView picture, jf_payload stamp, const PayloadSink& sink) noexcept
{
    find_units(picture);
    for (std::size_t i = 0; i < units_.size(); ++i) {
        const bool last = i + 1 == units_.size();
        if (units_[i].size() > payload_.size()) {
            send_fragments(units_[i], last, stamp, sink);
            continue;
        }
        stamp.bytes = to_bytes(units_[i]);
        stamp.marker = last ? 1 : 0;
        sink.payload(stamp);
    }
}

void H264Packetiser::find_units(ByteView picture) noexcept
{
    units_.clear();
    std::size_t at = find_start_code(picture, 0);
    while (at < picture.size() && units_.size() < kMaxUnits) {
        const std::size_t begin = at + 3;
        at = find_start_code(picture, begin);
        std::size_t end = at;
        while (end > begin && picture[end - 1] == 0)
            --end; // zeros before a start code belong to it
        if (end > begin && !superfluous(type_of(picture[begin])))
            units_.push_back(picture.subspan(begin, end - begin));
    }
}

void H264Packetiser::send_fragments(ByteView unit, bool last_unit, jf_payload stamp, const PayloadSink& sink) noexcept
{
    const std::size_t room = payload_.size() - 2;
    payload_[0] = static_cast<std::uint8_t>((unit[0] & ~kTypeMask) | kFragment);
    for (std::size_t at = 1; at < unit.size(); at += room) {
        const std::size_t size = std::min(room, unit.size() - at);
        const bool ends = at + size == unit.size();
        payload_[1] =
            static_cast<std::uint8_t>(type_of(unit[0]) | (at == 1 ? kFragmentStart : 0) | (ends ? kFragmentEnd : 0));
        std::memcpy(payload_.data() + 2, unit.data() + at, size);
        stamp.bytes = {payload_.data(), size + 2};
        stamp.marker = ends && last_unit ? 1 : 0;
        sink.payload(stamp);
    }
}

H264Depacketiser::H264Depacketiser(std::string_view parameters)
    : prologue_(parameter_sets(format_parameter(parameters, "sprop-parameter-sets").value_or("")))
{}

Status H264Depacketiser::add(ByteView payload, PartialPicture& picture) noexcept
{
    if (payload.empty() || (payload[0] & kForbiddenBit) != 0)
        return JF_BAD_INPUT;
    const std::uint8_t type = type_of(payload[0]);
    if (type == kFragment)
        return add_fragment(payload, picture);
    if (picture.open)
        return JF_BAD_INPUT; // a fragmented unit was not finished
    if (type == kAggregate)
        return add_aggregate(payload, picture);
    if (type == 0 || type > kLastSingle)
        return JF_BAD_INPUT; // the interleaved forms, which packetization-mode 2 would have to agree on
    return add_unit(payload, picture);
}

Status H264Depacketiser::add_unit(ByteView unit, PartialPicture& picture) noexcept
{
    if (unit.size() < 2)
        return JF_BAD_INPUT;
    note_type(type_of(unit[0]), unit[1], picture);
    return picture.append(kStartCode) && picture.append(unit) ? JF_OK : JF_BAD_INPUT;
}

Status H264Depacketiser::add_aggregate(ByteView payload, PartialPicture& picture) noexcept
{
    for (std::size_t at = 1; at < payload.size();) {
        if (payload.size() - at < 2)
            return JF_BAD_INPUT;
        const std::size_t size = static_cast<std::size_t>(payload[at]) << 8 | payload[at + 1];
        at += 2;
        if (size == 0 || size > payload.size() - at || type_of(payload[at]) == 0 || type_of(payload[at]) > kLastSingle)
            return JF_BAD_INPUT;
        if (const Status status = add_unit(payload.subspan(at, size), picture); status != JF_OK)
            return status;
        at += size;
    }
    return payload.size() > 1 ? JF_OK : JF_BAD_INPUT;
}

Status H264Depacketiser::add_fragment(ByteView payload, PartialPicture& picture) noexcept
{
    if (payload.size() < 3)
        return JF_BAD_INPUT;
    const bool starts = (payload[1] & kFragmentStart) != 0;
    const bool ends = (payload[1] & kFragmentEnd) != 0;
    const ByteView piece = payload.subspan(2);
    if (starts == picture.open)
        return starts ? JF_BAD_INPUT : JF_WOULD_BLOCK;
    picture.open = !ends;
    if (!starts)
        return picture.append(piece) ? JF_OK : JF_BAD_INPUT;
    const std::uint8_t type = type_of(payload[1]);
    if (type == 0 || type > kLastSingle || ends)
        return JF_BAD_INPUT; // RFC 6184 section 5.8: a unit is not sent as a single fragment
    const std::array<std::uint8_t, 1> header{static_cast<std::uint8_t>((payload[0] & ~kTypeMask) | type)};
    note_type(type, piece[0], picture);
    return picture.append(kStartCode) && picture.append(header) && picture.append(piece) ? JF_OK : JF_BAD_INPUT;
}

} // namespace jackfield::codec
