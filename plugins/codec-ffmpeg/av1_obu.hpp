// Open bitstream units of AV1 (AV1 Bitstream & Decoding Process Specification, sections 4.10.5 and 5.3), as far as
// their payload format needs to know them.
//
// Threads: any. Lifetime: values that refer to the bytes they were read from.
#pragma once

#include <jackfield/basic.hpp>

#include <array>
#include <cstdint>
#include <optional>

namespace jackfield::codec {

enum class ObuType : std::uint8_t {
    sequence_header = 1,
    temporal_delimiter = 2,
    frame_header = 3,
    frame = 6,
    tile_list = 8,
    padding = 15,
};

inline constexpr std::uint8_t kObuHasSize = 0x02;

/// A number in leb128, and how many bytes it took.
struct Leb128 {
    std::uint32_t value = 0;
    std::size_t bytes = 0;
};

/// Nothing if the bytes end before the number, if it takes more than 8 of them, or is 2^32 or more.
std::optional<Leb128> read_leb128(ByteView bytes);

/// How many bytes write_leb128 needs.
std::size_t leb128_bytes(std::uint32_t value);

/// In as few bytes as it takes; `out` has room for 5. Returns how many.
std::size_t write_leb128(std::uint32_t value, std::uint8_t* out);

/// One unit.
struct Obu {
    ObuType type{};
    std::array<std::uint8_t, 2> header{}; ///< without the flag that says the size is there
    std::size_t header_bytes = 1;         ///< 2 with the extension
    std::size_t size_bytes = 0;           ///< of obu_size; 0: it is not there
    ByteView payload;                     ///< what follows the header and the size
};

/// The unit that begins there. Without a size of its own it goes on to the end. Nothing if it is malformed or cut
/// short.
std::optional<Obu> read_obu(ByteView bytes);

/// Whether senders leave it away and receivers ignore it (RTP Payload Format For AV1, section 5); and padding.
bool superfluous(ObuType type);

/// Whether a frame begins with it.
bool begins_frame(ObuType type);

/// Whether a frame that begins with that unit is a key frame that is shown (section 5.9.2): from it a decoder starts.
bool shows_key_frame(const Obu& obu);

} // namespace jackfield::codec
