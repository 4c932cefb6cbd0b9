// The aggregation header and the elements behind it, written and read (sections 4.4 and 4.5).
//
//      0 1 2 3 4 5 6 7
//     |Z|Y| W |N|-|-|-|   Z: the first element goes on from the packet before; Y: the last goes on in the next
//                         W: how many elements, the last without its length; 0: each with its length
//                         N: a coded video sequence begins
//
// Threads: one media thread. Lifetime: the list of units is reused, so nothing is allocated per picture.
#include "av1_payload.hpp"

#include <algorithm>
#include <cstring>

namespace jackfield::codec {

namespace {

constexpr std::uint8_t kContinues = 0x80;   // Z
constexpr std::uint8_t kGoesOn = 0x40;      // Y
constexpr std::uint8_t kNewSequence = 0x08; // N
constexpr int kCountShift = 4;              // W
constexpr std::size_t kMaxLengthBytes = 5;

std::size_t element_bytes(const Obu& obu)
{
    return obu.header_bytes + obu.payload.size();
}

/// A piece of the unit without its size.
void copy_element(const Obu& obu, std::size_t from, std::size_t size, std::uint8_t* out)
{
    for (; from < obu.header_bytes && size > 0; ++from, --size)
        *out++ = obu.header[from];
    if (size > 0)
        std::memcpy(out, obu.payload.data() + (from - obu.header_bytes), size);
}

} // namespace

Av1Packetiser::Av1Packetiser(std::size_t max_payload_bytes) : payload_(max_payload_bytes)
{
    units_.reserve(kMaxUnits);
}

void Av1Packetiser::cut(ByteView picture, jf_payload stamp, const PayloadSink& sink) noexcept
{
    find_units(picture);
    unit_ = unit_at_ = 0;
    for (bool first = true; plan(); first = false) {
        stamp.bytes = {payload_.data(), write(first)};
        stamp.marker = unit_ == units_.size() ? 1 : 0;
        sink.payload(stamp);
    }
}

void Av1Packetiser::find_units(ByteView picture) noexcept
{
    units_.clear();
    bool sequence_header = false;
    bool key = false;
    while (units_.size() < kMaxUnits) {
        const auto obu = read_obu(picture);
        if (!obu)
            break;
        picture = picture.subspan(obu->header_bytes + obu->size_bytes + obu->payload.size());
        sequence_header = sequence_header || obu->type == ObuType::sequence_header;
        key = key || shows_key_frame(*obu);
        if (!superfluous(obu->type))
            units_.push_back(*obu);
    }
    begins_sequence_ = sequence_header && key;
}

/// Chooses what the next packet carries: whole units while there is room, and the beginning of the one that has none.
/// False if everything was sent.
bool Av1Packetiser::plan() noexcept
{
    std::size_t room = payload_.size() - 1;
    element_count_ = 0;
    continues_ = unit_at_ > 0;
    while (unit_ < units_.size() && element_count_ < kMaxElements) {
        // The element before is not the last any more: it gets a length.
        const std::size_t length =
            element_count_ > 0 ? leb128_bytes(static_cast<std::uint32_t>(elements_[element_count_ - 1].size)) : 0;
        if (room <= length)
            break;
        room -= length;
        const std::size_t left = element_bytes(units_[unit_]) - unit_at_;
        const std::size_t size = std::min(room, left);
        elements_[element_count_++] = {&units_[unit_], unit_at_, size};
        room -= size;
        unit_at_ += size;
        if (size < left)
            break;
        ++unit_;
        unit_at_ = 0;
    }
    return element_count_ > 0;
}

/// Returns the length of the payload.
std::size_t Av1Packetiser::write(bool first) noexcept
{
    payload_[0] =
        static_cast<std::uint8_t>((continues_ ? kContinues : 0) | (unit_at_ > 0 ? kGoesOn : 0) |
                                  (element_count_ << kCountShift) | (first && begins_sequence_ ? kNewSequence : 0));
    std::size_t at = 1;
    for (std::size_t i = 0; i < element_count_; ++i) {
        const Element& element = elements_[i];
        if (i + 1 < element_count_)
            at += write_leb128(static_cast<std::uint32_t>(element.size), payload_.data() + at);
        copy_element(*element.obu, element.from, element.size, payload_.data() + at);
        at += element.size;
    }
    return at;
}

Status Av1Depacketiser::add(ByteView payload, PartialPicture& picture) noexcept
{
    if (payload.size() < 2)
        return JF_BAD_INPUT;
    const std::uint8_t flags = payload[0];
    const bool continues = (flags & kContinues) != 0;
    const std::size_t count = flags >> kCountShift & 3;
    if (continues && (flags & kNewSequence) != 0)
        return JF_BAD_INPUT;
    if (continues != picture.open)
        return continues ? JF_WOULD_BLOCK : JF_BAD_INPUT;
    if (picture.empty())
        has_sequence_header_ = false;

    ByteView rest = payload.subspan(1);
    for (std::size_t i = 0; count != 0 ? i < count : !rest.empty(); ++i) {
        if (i == kMaxElements)
            return JF_BAD_INPUT;
        Leb128 length{static_cast<std::uint32_t>(rest.size()), 0};
        if (count == 0 || i + 1 < count) {
            const auto written = read_leb128(rest);
            if (!written)
                return JF_BAD_INPUT;
            length = *written;
        }
        rest = rest.subspan(length.bytes);
        if (length.value == 0 || length.value > rest.size())
            return JF_BAD_INPUT;
        if (!picture.open)
            unit_at_ = picture.size();
        if (!picture.append(rest.first(length.value)))
            return JF_BAD_INPUT;
        rest = rest.subspan(length.value);
        picture.open = (flags & kGoesOn) != 0 && (count != 0 ? i + 1 == count : rest.empty());
        if (!picture.open && !finish_unit(picture))
            return JF_BAD_INPUT;
    }
    return JF_OK;
}

/// The unit is whole: gives it the size that the low-overhead format wants, or takes it out.
bool Av1Depacketiser::finish_unit(PartialPicture& picture) noexcept
{
    const ByteView bytes = picture.bytes_from(unit_at_);
    const auto obu = read_obu(bytes);
    if (!obu || obu->header_bytes + obu->size_bytes + obu->payload.size() != bytes.size())
        return false;
    if (superfluous(obu->type))
        return picture.replace(unit_at_, bytes.size(), {});
    has_sequence_header_ = has_sequence_header_ || obu->type == ObuType::sequence_header;
    if (begins_frame(obu->type)) {
        if (obu->payload.empty())
            return false;
        // The first frame decides: one that refers to earlier pictures may come before a key frame, and needs them.
        // What N says of it is the sender's word; the frame knows better.
        picture.key = picture.has_slice ? picture.key : has_sequence_header_ && shows_key_frame(*obu);
        picture.has_slice = true;
    }
    std::array<std::uint8_t, 2 + kMaxLengthBytes> front{obu->header[0], obu->header[1]};
    front[0] |= kObuHasSize;
    const std::size_t front_bytes = obu->header_bytes + write_leb128(static_cast<std::uint32_t>(obu->payload.size()),
                                                                     front.data() + obu->header_bytes);
    return picture.replace(unit_at_, obu->header_bytes + obu->size_bytes, ByteView(front).first(front_bytes));
}

} // namespace jackfield::codec
