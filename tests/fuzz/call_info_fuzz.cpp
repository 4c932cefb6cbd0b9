// What a peer says beside the media of a call, whatever it says: INFO, and the payload of telephone events.
//
// Threads: one.
// links: jackfield_kernel
#include "fuzz.hpp"

#include "kernel/media/control_info.hpp"
#include "kernel/media/telephone_event.hpp"

#include <cstdlib>

namespace {

using namespace jackfield::kernel;

std::vector<std::uint8_t> bytes_of(std::string_view text)
{
    return {text.begin(), text.end()};
}

/// Packets of four bytes, after two that say how far the timestamp goes on.
void hear_events(const std::uint8_t* data, std::size_t size)
{
    DigitReader reader(8000);
    jf_payload payload{};
    payload.struct_size = sizeof(payload);
    for (std::size_t at = 0; at + 2 < size; at += 6) {
        payload.rtp_timestamp += static_cast<std::uint32_t>(data[at] << 8 | data[at + 1]) * 7919U;
        payload.bytes = {data + at + 2, std::min<std::size_t>(4, size - at - 2)};
        reader.read(payload);
    }
    for (const Digit& digit : reader.take()) {
        if (!event_of(digit.key) || digit.duration.count() < 0 || digit.duration.count() > 65535 / 8)
            std::abort();
    }
}

} // namespace

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    return {bytes_of(write_dtmf({'5', std::chrono::milliseconds(160)})),
            bytes_of(write_orientation(90)),
            bytes_of("<media_control><vc_primitive><to_encoder><picture_fast_update/></to_encoder>"),
            {0, 1, 5, 0x0a, 1, 0x90, 0, 0, 5, 0x8a, 3, 0x20, 0, 2, 6, 0x8a, 3, 0x20}};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto digit = read_dtmf(text); digit && (!event_of(digit->key) || digit->duration.count() <= 0))
        std::abort();
    if (const auto degrees = read_orientation(text); degrees && (*degrees % 90 != 0 || *degrees > 270))
        std::abort();
    asks_for_picture(text);
    hear_events(data, size);
    return 0;
}
