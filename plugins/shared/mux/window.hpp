// How much a stream may receive before it gives credit anew: as much as the round trip needs, as TCP sizes its receive
// buffer (dynamic right-sizing). It begins small and doubles whenever a whole window was read in less than three round
// trips: then it was the window that the sender waited for. One that sends all it may needs one; credit that comes by
// halves, and sends that fit as a whole or not at all, make two of it.
//
// Threads: one at a time; the session's lock. Lifetime: members of a session and of its streams.
#pragma once

#include <jackfield/host.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>

namespace shared_mux {

/// What one stream may receive ahead.
class Window {
public:
    explicit Window(std::uint32_t bytes) : bytes_(bytes) {}

    std::uint32_t bytes() const { return bytes_; }

    /// So much has been read since the last call. Returns how much larger the window is now, spare at most.
    std::uint32_t read(std::uint32_t bytes, jackfield::Nanoseconds now,
                       std::optional<jackfield::Nanoseconds> round_trip, std::uint32_t spare)
    {
        if (!began_) { // how long this took to come is not known
            began_ = now;
            return 0;
        }
        read_ += bytes;
        if (read_ < bytes_)
            return 0;
        const auto took = now - *began_;
        began_ = now;
        read_ = 0;
        if (!round_trip || took >= 3 * *round_trip)
            return 0;
        const std::uint32_t more = std::min(bytes_, spare);
        bytes_ += more;
        return more;
    }

private:
    std::uint32_t bytes_;
    std::optional<jackfield::Nanoseconds> began_; // this window
    std::uint32_t read_ = 0;                      // of it
};

/// The smallest round trip that the session has seen. A later one has waited behind data as well: if it counted, a
/// window that fills a queue would look too small, and fill a longer one.
class RoundTrip {
public:
    std::optional<jackfield::Nanoseconds> least() const { return least_; }
    bool asking() const { return asked_.has_value(); }

    /// A ping of ours goes out; it is timed if none is under way.
    void asked(std::uint32_t number, jackfield::Nanoseconds now)
    {
        if (!asked_)
            asked_ = Asked{number, now};
    }

    void answered(std::uint32_t number, jackfield::Nanoseconds now)
    {
        if (!asked_ || asked_->number != number)
            return;
        const auto took = now - asked_->at;
        least_ = least_ ? std::min(*least_, took) : took;
        asked_.reset();
    }

private:
    struct Asked {
        std::uint32_t number;
        jackfield::Nanoseconds at;
    };
    std::optional<Asked> asked_;
    std::optional<jackfield::Nanoseconds> least_;
};

} // namespace shared_mux
