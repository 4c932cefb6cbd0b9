// The payload descriptor of RFC 9628 section 4.2, written and read.
//
//      0 1 2 3 4 5 6 7
//     |I|P|L|F|B|E|V|Z|   which of the following are there; P: refers to another picture; B, E: a frame begins, ends
//     |M| picture ID  |   I; M: 15 bits, in two bytes
//     | TID |U| SID |D|   L: the layer; in non-flexible mode (F is 0) TL0PICIDX follows
//     |  P_DIFF     |N|   F and P: what it refers to; N: one more follows, up to three
//     |   SS ...      |   V: the scalability structure
//
// Threads: one media thread. Lifetime: nothing is kept but the picture number.
#include "vp9_payload.hpp"

#include "vp9_header.hpp"

#include <algorithm>
#include <cstring>

namespace jackfield::codec {

namespace {

constexpr std::uint8_t kHasPictureId = 0x80;
constexpr std::uint8_t kRefers = 0x40;
constexpr std::uint8_t kHasLayer = 0x20;
constexpr std::uint8_t kFlexible = 0x10;
constexpr std::uint8_t kBegins = 0x08;
constexpr std::uint8_t kEnds = 0x04;
constexpr std::uint8_t kHasStructure = 0x02;
constexpr std::uint8_t kLongPictureId = 0x80;
constexpr std::size_t kMaxReferences = 3;

/// Reads bytes one by one; beyond the end all are zero.
class Reader {
public:
    explicit Reader(ByteView bytes) : bytes_(bytes) {}
    std::uint8_t byte() { return at_ < bytes_.size() ? bytes_[at_++] : (missing_ = true, std::uint8_t{0}); }
    void skip(std::size_t count) { at_ += count; }
    /// Where we are; 0 if the end came earlier, or is here.
    std::size_t place() const { return missing_ || at_ >= bytes_.size() ? 0 : at_; }

private:
    ByteView bytes_;
    std::size_t at_ = 0;
    bool missing_ = false;
};

/// Section 4.2.1: layers with their sizes, then the pictures of a group with what each refers to.
void skip_structure(Reader& reader)
{
    const std::uint8_t first = reader.byte();
    const std::size_t layers = (std::size_t{first} >> 5) + 1; // N_S
    if ((first & 0x10) != 0)                                  // Y
        reader.skip(4 * layers);
    if ((first & 0x08) == 0) // G
        return;
    for (std::uint8_t pictures = reader.byte(); pictures > 0; --pictures) // N_G
        reader.skip(reader.byte() >> 2 & 3);                              // R times P_DIFF
}

/// The length of the descriptor, 0 if the payload has nothing behind it or the descriptor is malformed.
std::size_t descriptor_bytes(ByteView payload)
{
    Reader reader(payload);
    const std::uint8_t has = reader.byte();
    if ((has & kHasPictureId) != 0 && (reader.byte() & kLongPictureId) != 0)
        reader.skip(1);
    if ((has & kHasLayer) != 0)
        reader.skip((has & kFlexible) != 0 ? 1 : 2);
    if ((has & kFlexible) != 0 && (has & kRefers) != 0) {
        std::size_t references = 1;
        while ((reader.byte() & 1) != 0) {
            if (++references > kMaxReferences)
                return 0;
        }
    }
    if ((has & kHasStructure) != 0)
        skip_structure(reader);
    return reader.place();
}

} // namespace

void Vp9Packetiser::cut(ByteView picture, jf_payload stamp, const PayloadSink& sink) noexcept
{
    for (std::size_t at = 0; at < picture.size();) {
        const std::size_t header = write_descriptor(picture, at == 0);
        const std::size_t size = std::min(payload_.size() - header, picture.size() - at);
        const bool ends = at + size == picture.size();
        payload_[0] |= ends ? kEnds : 0;
        std::memcpy(payload_.data() + header, picture.data() + at, size);
        stamp.bytes = {payload_.data(), header + size};
        stamp.marker = ends ? 1 : 0;
        sink.payload(stamp);
        at += size;
    }
    picture_id_ = (picture_id_ + 1) & 0x7FFF;
}

/// The structure goes with every key frame, so that whoever joins knows the size: one layer, and a group of one picture
/// that refers to the one before.
std::size_t Vp9Packetiser::write_descriptor(ByteView picture, bool begins) noexcept
{
    const auto header = read_vp9_header(picture);
    const bool key = header && header->key;
    payload_[0] = static_cast<std::uint8_t>(kHasPictureId | (key ? 0 : kRefers) | (begins ? kBegins : 0));
    payload_[1] = static_cast<std::uint8_t>(kLongPictureId | (picture_id_ >> 8));
    payload_[2] = static_cast<std::uint8_t>(picture_id_ & 0xFF);
    if (!key || !begins)
        return 3;
    payload_[0] |= kHasStructure;
    const std::uint8_t structure[]{0x18, // N_S 0: one layer; Y, G
                                   static_cast<std::uint8_t>(header->width_px >> 8),
                                   static_cast<std::uint8_t>(header->width_px & 0xFF),
                                   static_cast<std::uint8_t>(header->height_px >> 8),
                                   static_cast<std::uint8_t>(header->height_px & 0xFF),
                                   1,    // N_G
                                   0x04, // TID 0, R 1
                                   1};   // P_DIFF
    std::memcpy(payload_.data() + 3, structure, sizeof(structure));
    return 3 + sizeof(structure);
}

/// A picture may consist of several frames, one a layer, each from B to E.
Status Vp9Depacketiser::add(ByteView payload, PartialPicture& picture) noexcept
{
    const std::size_t header = descriptor_bytes(payload);
    if (header == 0)
        return JF_BAD_INPUT;
    const ByteView piece = payload.subspan(header);
    const bool begins = (payload[0] & kBegins) != 0;
    if (picture.empty()) {
        if (!begins)
            return JF_WOULD_BLOCK;
        // What the descriptor says of it is the sender's word; the frame knows better.
        const auto frame = read_vp9_header(piece);
        picture.has_slice = true;
        picture.key = frame && frame->key;
    } else if (begins == picture.open) {
        return JF_BAD_INPUT; // a frame begins inside a frame, or goes on after its end
    }
    picture.open = (payload[0] & kEnds) == 0;
    return picture.append(piece) ? JF_OK : JF_BAD_INPUT;
}

} // namespace jackfield::codec
