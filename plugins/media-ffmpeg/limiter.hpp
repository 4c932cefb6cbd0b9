// Keeps a sum of voices within full scale: where both are loud at once it is turned down, smoothly and before the peak,
// instead of being cut off, which is noise. What stays within full scale is not touched.
//
// Threads: the recorder's worker. Two channels at 48 kHz; knows no clock.
#pragma once

#include <cstddef>
#include <vector>

namespace media_ffmpeg {

class Limiter {
public:
    /// Takes samples, interleaved, and puts behind `out` those that may go. Less than 10 ms stay until what follows
    /// them is known.
    void add(const std::vector<float>& sum, std::vector<float>& out);

    /// What stayed.
    void flush(std::vector<float>& out);

private:
    void pass(std::size_t first, std::size_t size, std::size_t next_size, std::vector<float>& out);

    std::vector<float> held_;
    float gain_ = 1; // at the beginning of what is held
};

} // namespace media_ffmpeg
