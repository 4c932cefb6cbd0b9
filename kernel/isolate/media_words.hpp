// Frames and payloads as both sides of an isolated codec or audio stage put them into shared memory.
//
// Threads:  plain functions; nothing allocates.
// Lifetime: what is taken is a view on the memory. Sizes have been checked, contents may change under our eyes.

#pragma once

#include "kernel/isolate/pack.hpp"

#include <jackfield/abi/codec.h>

#include <optional>

namespace jackfield::kernel::isolate {

void put_frame(Packer& packer, const jf_frame& frame);
/// Nothing if it is not sound: planes that do not have the size they say.
std::optional<jf_frame> take_frame(Unpacker& unpacker);

void put_payload(Packer& packer, const jf_payload& payload);
jf_payload take_payload(Unpacker& unpacker);

/// What an encoder is told along with the next frame.
struct EncoderWishes {
    std::uint32_t bitrate_bps = 0; // 0: as it is
    std::uint32_t loss_percent = 0;
    std::uint32_t key_frames = 0; // how many have been asked for so far
};

void put_wishes(Packer& packer, const EncoderWishes& wishes);
EncoderWishes take_wishes(Unpacker& unpacker);

} // namespace jackfield::kernel::isolate
