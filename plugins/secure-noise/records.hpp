// What travels after the handshake: sealed records of a kind and content, one Noise transport message each.
//
//   on a stream    size (2 bytes, high first), sealed(kind, content); the counter is implied
//   in a datagram  0x10, counter (8 bytes, high first), sealed(kind, content); the nine bytes before it are bound to it
//
// Threads: none of their own. Lifetime: what seal and open return is valid until the next call.
#pragma once

#include "handshake.hpp"

namespace secure_noise {

enum class RecordKind : std::uint8_t {
    data = 0,
    close = 1,   ///< the sender has said everything
    alert = 2,   ///< one byte (RFC 8446 section 6): the sender ends the channel
    confirm = 3, ///< datagrams: the initiator's last message has arrived and was found good
};

inline constexpr std::size_t kMostContent = 16'384;

/// When a pair of keys has done its work. Then the channel ends: there is no Rekey.
struct Limits {
    std::uint64_t records = std::uint64_t{1} << 48U;   ///< of one direction
    std::uint64_t forgeries = std::uint64_t{1} << 36U; ///< datagrams that did not open (RFC 9147 section 4.5.3)
};

struct Opened {
    enum class What {
        record,
        damaged,  ///< not authentic, or no record at all
        repeated, ///< a datagram that was there before, or is too old to tell
        worn_out  ///< a limit is reached
    };
    What what = What::damaged;
    RecordKind kind = RecordKind::data;
    jackfield::ByteView content{};
};

class StreamRecords {
public:
    static constexpr std::size_t kHead = 2;
    static constexpr std::size_t kOverhead = kHead + 1 + kTagBytes;

    explicit StreamRecords(const Keys& keys, Limits limits = {});

    /// With its size in front. At most kMostContent. Empty once the keys have done their work.
    jackfield::ByteView seal(RecordKind kind, jackfield::ByteView content);

    /// `message`: without its size; at most kLargestMessage.
    Opened open(jackfield::ByteView message);

private:
    Cipher send_;
    Cipher receive_;
    Limits limits_;
    std::uint64_t sent_ = 0;
    std::uint64_t received_ = 0;
    jackfield::Bytes out_;
    jackfield::Bytes in_;
};

/// Which of the last counters have been seen (RFC 6479).
class ReplayWindow {
public:
    static constexpr std::uint64_t kSize = 1024;

    bool is_new(std::uint64_t counter) const;
    void note(std::uint64_t counter);

private:
    static constexpr std::uint64_t kWords = kSize / 64;

    std::uint64_t& word(std::uint64_t counter) { return words_[counter / 64 % kWords]; }
    std::uint64_t word(std::uint64_t counter) const { return words_[counter / 64 % kWords]; }

    std::array<std::uint64_t, kWords> words_{};
    std::uint64_t end_ = 0; // one more than the highest counter seen
};

class DatagramRecords {
public:
    static constexpr std::uint8_t kType = 0x10;
    static constexpr std::size_t kHead = 1 + 8;
    static constexpr std::size_t kOverhead = kHead + 1 + kTagBytes;

    explicit DatagramRecords(const Keys& keys, Limits limits = {});

    /// One datagram. At most kMostContent. Empty once the keys have done their work.
    jackfield::ByteView seal(RecordKind kind, jackfield::ByteView content);

    Opened open(jackfield::ByteView datagram);

    /// What it is, if it is authentic. It counts as not seen.
    Opened look_at(jackfield::ByteView datagram);

private:
    Cipher send_;
    Cipher receive_;
    Limits limits_;
    std::uint64_t sent_ = 0;
    std::uint64_t forged_ = 0;
    ReplayWindow window_;
    jackfield::Bytes out_;
    jackfield::Bytes in_;
};

} // namespace secure_noise
