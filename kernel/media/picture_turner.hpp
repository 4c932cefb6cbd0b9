// Turns pictures by quarters, for a camera that is held in another way.
//
// Threads:  [media] one. Lifetime: a member of the stream whose pictures it turns; a turned picture is good until the
// next.

#pragma once

#include <jackfield/abi/frame.h>

#include <cstdint>
#include <vector>

namespace jackfield::kernel {

class PictureTurner {
public:
    /// The picture turned clockwise by 90, 180 or 270 degrees, in memory that is used again and again.
    jf_frame turned(const jf_frame& frame, std::uint32_t degrees);

private:
    std::vector<std::uint8_t> bytes_; // as large as the largest picture was
};

} // namespace jackfield::kernel
