// Digits beside the sound: the payload of telephone events (RFC 4733), read and written.
//
// Threads:  a reader is fed on one media thread and asked on control; the rest are plain functions on values.
// Lifetime: a member of the stream that hears.

#pragma once

#include <jackfield/abi/media_transport.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace jackfield::kernel {

/// One key that was pressed: 0-9, *, #, A-D.
struct Digit {
    char key = 0;
    std::chrono::milliseconds duration{0};
    std::uint32_t number = 0; // of the digits that its sender said by INFO, from 1; 0: not known
};

/// The event of a key (RFC 4733 section 3.2); nothing for what is no key.
std::optional<std::uint8_t> event_of(char key);

/// RFC 4733 section 2.3.
struct TelephoneEvent {
    std::uint8_t event = 0;
    bool end = false;
    std::uint8_t volume = 10;   // dBm0, without the sign
    std::uint16_t duration = 0; // in units of the clock rate

    std::array<std::uint8_t, 4> to_bytes() const;
};

/// Nothing if it is not that long. Several in one packet (section 2.3.5): the first.
std::optional<TelephoneEvent> read_event(const std::uint8_t* bytes, std::size_t size);

/// Tells each key once, however often its packets come, and also if its end was lost.
class DigitReader {
public:
    explicit DigitReader(int clock_rate_hz) : clock_rate_hz_(clock_rate_hz) {}

    /// [media] Neither blocks nor allocates. True if a key has come to its end: there is something to take.
    bool read(const jf_payload& payload);

    /// [control] What has come to an end since the last call.
    std::vector<Digit> take();

private:
    static constexpr std::size_t kMost = 32; // that nobody has taken; more are left out

    bool finish();

    int clock_rate_hz_;
    std::uint32_t timestamp_ = 0; // of the event, which names it
    std::optional<TelephoneEvent> current_;
    bool told_ = true;

    std::mutex mutex_; // guards the list; held for no longer than it takes to add one
    std::array<Digit, kMost> ended_{};
    std::size_t count_ = 0;
};

} // namespace jackfield::kernel
