// Telephone events. See telephone_event.hpp.

#include "kernel/media/telephone_event.hpp"

#include <algorithm>
#include <string_view>

namespace jackfield::kernel {

namespace {
constexpr std::string_view kKeys = "0123456789*#ABCD"; // by event (RFC 4733 section 3.2)
}

std::optional<std::uint8_t> event_of(char key)
{
    const auto event = kKeys.find(key);
    return event == std::string_view::npos ? std::nullopt : std::optional(static_cast<std::uint8_t>(event));
}

std::array<std::uint8_t, 4> TelephoneEvent::to_bytes() const
{
    return {event, static_cast<std::uint8_t>((end ? 0x80 : 0) | (volume & 0x3f)),
            static_cast<std::uint8_t>(duration >> 8), static_cast<std::uint8_t>(duration)};
}

std::optional<TelephoneEvent> read_event(const std::uint8_t* bytes, std::size_t size)
{
    if (size < 4)
        return std::nullopt;
    return TelephoneEvent{bytes[0], (bytes[1] & 0x80) != 0, static_cast<std::uint8_t>(bytes[1] & 0x3f),
                          static_cast<std::uint16_t>((bytes[2] << 8) | bytes[3])};
}

bool DigitReader::read(const jf_payload& payload)
{
    const auto event = read_event(payload.bytes.data, payload.bytes.size);
    if (!event || event->event >= kKeys.size())
        return false; // not a key: flash, tones and what else there is (RFC 4733 section 2.5.2.2)
    if (current_ && static_cast<std::int32_t>(payload.rtp_timestamp - timestamp_) < 0)
        return false; // of a key that was told of already, overtaken by the next
    bool ended = false;
    if (!current_ || payload.rtp_timestamp != timestamp_ || event->event != current_->event) {
        ended = finish(); // the end of the one before was lost
        timestamp_ = payload.rtp_timestamp;
        current_ = *event;
        told_ = false;
    }
    current_->duration = std::max(current_->duration, event->duration); // packets may come in another order
    if (event->end)
        ended = finish() || ended;
    return ended;
}

bool DigitReader::finish()
{
    if (told_ || !current_)
        return false;
    told_ = true;
    const std::lock_guard lock(mutex_);
    if (count_ == kMost)
        return false;
    ended_[count_++] = {kKeys[current_->event],
                        std::chrono::milliseconds(std::int64_t{current_->duration} * 1000 / clock_rate_hz_)};
    return true;
}

std::vector<Digit> DigitReader::take()
{
    const std::lock_guard lock(mutex_);
    std::vector<Digit> digits(ended_.begin(), ended_.begin() + static_cast<std::ptrdiff_t>(count_));
    count_ = 0;
    return digits;
}

} // namespace jackfield::kernel
