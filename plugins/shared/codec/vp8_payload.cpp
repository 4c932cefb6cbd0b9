// The payload descriptor of RFC 7741 section 4.2, written and read.
//
//      0 1 2 3 4 5 6 7
//     |X|R|N|S|R| PID |   X: the next byte is there; S: a partition begins; PID: which
//     |I|L|T|K|  RSV  |   which of the following are there
//     |M| PictureID   |   M: 15 bits, in two bytes
//     |   TL0PICIDX   |
//     |TID|Y| KEYIDX  |
//
// Threads: one media thread. Lifetime: nothing is kept but the picture number.
#include "vp8_payload.hpp"

#include <algorithm>
#include <cstring>

namespace jackfield::codec {

namespace {

constexpr std::uint8_t kExtended = 0x80;
constexpr std::uint8_t kStart = 0x10;
constexpr std::uint8_t kPartition = 0x07;
constexpr std::uint8_t kHasPictureId = 0x80;
constexpr std::uint8_t kHasTl0 = 0x40;
constexpr std::uint8_t kHasTid = 0x20;
constexpr std::uint8_t kHasKeyIndex = 0x10;
constexpr std::uint8_t kLongPictureId = 0x80;
constexpr std::size_t kOurDescriptorBytes = 4;
constexpr std::uint8_t kInterPicture = 0x01; // RFC 7741 section 4.3: the inverse key frame flag P

/// The length of the descriptor, 0 if the payload is shorter than it says.
std::size_t descriptor_bytes(ByteView payload)
{
    if (payload.empty())
        return 0;
    if ((payload[0] & kExtended) == 0)
        return 1;
    if (payload.size() < 2)
        return 0;
    const std::uint8_t has = payload[1];
    std::size_t size = 2;
    if ((has & kHasPictureId) != 0) {
        if (payload.size() <= size)
            return 0;
        size += (payload[size] & kLongPictureId) != 0 ? 2 : 1;
    }
    size += (has & kHasTl0) != 0 ? 1 : 0;
    size += (has & (kHasTid | kHasKeyIndex)) != 0 ? 1 : 0;
    return size < payload.size() ? size : 0;
}

} // namespace

void Vp8Packetiser::cut(ByteView picture, jf_payload stamp, const PayloadSink& sink) noexcept
{
    const std::size_t room = payload_.size() - kOurDescriptorBytes;
    payload_[1] = kHasPictureId;
    payload_[2] = static_cast<std::uint8_t>(kLongPictureId | (picture_id_ >> 8));
    payload_[3] = static_cast<std::uint8_t>(picture_id_ & 0xFF);
    picture_id_ = (picture_id_ + 1) & 0x7FFF;
    for (std::size_t at = 0; at < picture.size(); at += room) {
        const std::size_t size = std::min(room, picture.size() - at);
        payload_[0] = at == 0 ? kExtended | kStart : kExtended;
        std::memcpy(payload_.data() + kOurDescriptorBytes, picture.data() + at, size);
        stamp.bytes = {payload_.data(), kOurDescriptorBytes + size};
        stamp.marker = at + size == picture.size() ? 1 : 0;
        sink.payload(stamp);
    }
}

Status Vp8Depacketiser::add(ByteView payload, PartialPicture& picture) noexcept
{
    const std::size_t header = descriptor_bytes(payload);
    if (header == 0 || header >= payload.size())
        return JF_BAD_INPUT;
    const ByteView piece = payload.subspan(header);
    const bool begins = (payload[0] & kStart) != 0 && (payload[0] & kPartition) == 0;
    if (picture.empty()) {
        if (!begins)
            return JF_WOULD_BLOCK;
        picture.has_slice = true;
        picture.key = (piece[0] & kInterPicture) == 0;
    } else if (begins) {
        return JF_BAD_INPUT; // a picture begins twice
    }
    return picture.append(piece) ? JF_OK : JF_BAD_INPUT;
}

} // namespace jackfield::codec
