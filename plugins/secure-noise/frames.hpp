// Cuts a stream into Noise messages: each stands behind its size, two bytes, high byte first.
//
// Threads: none of its own. Lifetime: what was fed is borrowed until `next` answers `more`.
#pragma once

#include "handshake.hpp"

namespace secure_noise {

class FrameReader {
public:
    enum class What { message, more, too_large };
    struct Next {
        What what;
        jackfield::ByteView message; ///< valid until the next call
    };

    void feed(jackfield::ByteView bytes) { input_ = bytes; }

    /// `more`: everything fed was used or copied; less than one message waits, at most 64 KiB. `too_large`: the next
    /// message has more than `most` bytes.
    Next next(std::size_t most = kLargestMessage);

private:
    static constexpr std::size_t kHead = 2;

    Next take_begun(std::size_t most);
    void move(std::size_t count);

    jackfield::ByteView input_;
    jackfield::Bytes begun_; // a message that came in pieces, with its size
    bool handed_out_ = false;
};

} // namespace secure_noise
