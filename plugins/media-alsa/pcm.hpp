// A device of ALSA, open.
//
// Threads: one at a time. Lifetime: whoever opened it.
#pragma once

#include <alsa/asoundlib.h>
#include <shared/devices/device_list.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace media_alsa {

enum class Direction { record, play };

struct Form {
    unsigned rate_hz;
    unsigned channels;
    unsigned latency_ms; // as much as the card holds
};

/// What alsa-lib's configuration lists for that direction.
std::vector<jackfield::devices::Device> list_devices(Direction direction);

struct ClosePcm {
    void operator()(snd_pcm_t* pcm) const { snd_pcm_close(pcm); }
};
using Pcm = std::unique_ptr<snd_pcm_t, ClosePcm>;

/// Opened, and in no form yet. Throws Failure: JF_NOT_FOUND, JF_REFUSED, JF_BUSY, JF_INTERNAL.
Pcm open_pcm(const std::string& device, Direction direction);

/// Floating point, interleaved, in that form, with two periods of half the latency or what comes next to it. Throws
/// Failure(JF_UNSUPPORTED).
void give_form(snd_pcm_t& pcm, const std::string& device, const Form& form);

} // namespace media_alsa
