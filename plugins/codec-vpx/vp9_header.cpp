// Reads the first bits of a frame. See vp9_header.hpp; names in comments are those of the specification.
#include "vp9_header.hpp"

namespace jackfield::codec {

namespace {

constexpr std::uint32_t kSyncCode = 0x498342;
constexpr std::uint32_t kRgb = 7;
constexpr int kReferences = 3;

class Bits {
public:
    explicit Bits(ByteView bytes) : bytes_(bytes) {}

    std::uint32_t take(int count)
    {
        std::uint32_t value = 0;
        for (; count > 0; --count, ++at_) {
            const std::size_t byte = at_ / 8;
            missing_ = missing_ || byte >= bytes_.size();
            value = value << 1 | (missing_ ? 0U : bytes_[byte] >> (7 - at_ % 8) & 1U);
        }
        return value;
    }

    bool missing() const { return missing_; }

private:
    ByteView bytes_;
    std::size_t at_ = 0;
    bool missing_ = false;
};

void take_size(Bits& bits, Vp9Header& header)
{
    header.width_px = bits.take(16) + 1;
    header.height_px = bits.take(16) + 1;
}

/// frame_sync_code, and what a key frame says of its colours: false if it is none of profile 0.
bool take_key(Bits& bits)
{
    if (bits.take(24) != kSyncCode || bits.take(3) == kRgb) // color_space
        return false;
    bits.take(1); // color_range
    return true;
}

bool take_inter(Bits& bits, bool shown, bool resilient, Vp9Header& header)
{
    const bool intra_only = !shown && bits.take(1) != 0;
    if (!resilient)
        bits.take(2); // reset_frame_context
    if (intra_only) {
        if (bits.take(24) != kSyncCode)
            return false;
        bits.take(8); // refresh_frame_flags
        take_size(bits, header);
        return true;
    }
    bits.take(8);
    bits.take(kReferences * 4); // ref_frame_idx, ref_frame_sign_bias
    for (int reference = 0; reference < kReferences; ++reference) {
        if (bits.take(1) != 0) // found_ref
            return true;
    }
    take_size(bits, header);
    return true;
}

} // namespace

std::optional<Vp9Header> read_vp9_header(ByteView frame)
{
    Bits bits(frame);
    if (bits.take(2) != 2 || bits.take(2) != 0) // frame_marker, profile
        return std::nullopt;
    Vp9Header header;
    if (bits.take(1) != 0) // show_existing_frame
        return bits.missing() ? std::nullopt : std::optional(header);
    header.key = bits.take(1) == 0; // frame_type
    const bool shown = bits.take(1) != 0;
    const bool resilient = bits.take(1) != 0; // error_resilient_mode
    const bool sound = header.key ? take_key(bits) : take_inter(bits, shown, resilient, header);
    if (header.key)
        take_size(bits, header);
    return sound && !bits.missing() ? std::optional(header) : std::nullopt;
}

} // namespace jackfield::codec
