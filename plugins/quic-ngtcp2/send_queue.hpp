// What one channel of bytes has to send: kept, and at the same place, until the peer has it, as ngtcp2 wants it. So it
// lies in blocks that never move, and how much may lie there can grow while it is used.
//
// Threads: none of its own; the connection's lock is held. The memory of a few blocks stays.
#pragma once

#include <jackfield/path.hpp>

#include <ngtcp2/ngtcp2.h>

#include <array>
#include <deque>
#include <memory>

namespace quic_ngtcp2 {

class SendQueue {
public:
    explicit SendQueue(std::size_t limit) : limit_(limit) {}

    bool has_room(std::size_t more) const { return static_cast<std::size_t>(end_ - acked_) + more <= limit_; }
    std::size_t limit() const { return limit_; }

    /// What lies there already stays.
    void raise_limit(std::size_t limit) { limit_ = std::max(limit_, limit); }

    /// There is room.
    void push(std::span<const jf_bytes> parts)
    {
        for (const auto& part : parts) {
            for (std::size_t taken = 0; taken < part.size;) {
                if (end_ == begin_ + blocks_.size() * kBlockBytes)
                    add_block();
                const std::size_t at = static_cast<std::size_t>(end_ - begin_) % kBlockBytes;
                const std::size_t piece = std::min(part.size - taken, kBlockBytes - at);
                std::memcpy(blocks_.back()->data() + at, part.data + taken, piece);
                taken += piece;
                end_ += piece;
            }
        }
    }

    bool unsent() const { return sent_ < end_; }

    /// What has not been sent, in at most two pieces; how many is returned. More than a packet holds, or all there is.
    std::size_t front(std::array<ngtcp2_vec, 2>& pieces)
    {
        std::size_t count = 0;
        for (std::uint64_t at = sent_; at < end_ && count < pieces.size(); ++count) {
            const auto offset = static_cast<std::size_t>(at - begin_);
            const std::size_t inside = offset % kBlockBytes;
            const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(kBlockBytes - inside, end_ - at));
            pieces[count] = {blocks_[offset / kBlockBytes]->data() + inside, size};
            at += size;
        }
        return count;
    }

    void sent(std::size_t count) { sent_ += count; }

    void acknowledged(std::uint64_t until)
    {
        acked_ = std::max(acked_, std::min(until, sent_));
        for (; acked_ >= begin_ + kBlockBytes; begin_ += kBlockBytes) {
            if (spare_.size() < kSpareBlocks)
                spare_.push_back(std::move(blocks_.front()));
            blocks_.pop_front();
        }
    }

private:
    static constexpr std::size_t kBlockBytes = 64 * 1024;
    static constexpr std::size_t kSpareBlocks = 4; // a first window

    using Block = std::array<std::uint8_t, kBlockBytes>;

    void add_block()
    {
        if (spare_.empty()) {
            blocks_.push_back(std::make_unique<Block>());
        } else {
            blocks_.push_back(std::move(spare_.back()));
            spare_.pop_back();
        }
    }

    std::size_t limit_;
    std::deque<std::unique_ptr<Block>> blocks_;
    std::vector<std::unique_ptr<Block>> spare_;
    std::uint64_t begin_ = 0; // of the first block; offsets in the stream
    std::uint64_t acked_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t end_ = 0;
};

} // namespace quic_ngtcp2
