// Sealing and opening records. See records.hpp.
//
// Threads: none of its own.
#include "records.hpp"

#include <cassert>

namespace secure_noise {

using jackfield::Bytes;
using jackfield::ByteView;

namespace {

/// Seals kind and content behind a head that is there already.
ByteView seal_behind(std::size_t head, const Cipher& cipher, std::uint64_t counter, ByteView bound, RecordKind kind,
                     ByteView content, Bytes& out)
{
    out[head] = static_cast<std::uint8_t>(kind);
    std::copy(content.begin(), content.end(), out.begin() + static_cast<std::ptrdiff_t>(head + 1));
    cipher.seal(counter, bound, ByteView(out).subspan(head, 1 + content.size()), out.data() + head);
    return ByteView(out).first(head + 1 + content.size() + kTagBytes);
}

/// Opens into `in`, which is made large enough.
Opened open_into(const Cipher& cipher, std::uint64_t counter, ByteView bound, ByteView sealed, Bytes& in)
{
    if (sealed.size() <= kTagBytes)
        return {};
    const std::size_t size = sealed.size() - kTagBytes;
    if (in.size() < size)
        in.resize(size);
    if (!cipher.open(counter, bound, sealed, in.data()))
        return {};
    return {Opened::What::record, static_cast<RecordKind>(in[0]), ByteView(in).subspan(1, size - 1)};
}

std::uint64_t counter_of(ByteView datagram)
{
    std::uint64_t counter = 0;
    for (std::size_t i = 1; i < DatagramRecords::kHead; ++i)
        counter = counter << 8U | datagram[i];
    return counter;
}

} // namespace

// ---- streams ----

StreamRecords::StreamRecords(const Keys& keys, Limits limits)
    : send_(keys.send), receive_(keys.receive), limits_(limits), out_(kOverhead + kMostContent), in_(1 + kMostContent)
{}

ByteView StreamRecords::seal(RecordKind kind, ByteView content)
{
    assert(content.size() <= kMostContent);
    if (sent_ == limits_.records)
        return {};
    const std::size_t size = 1 + content.size() + kTagBytes;
    out_[0] = static_cast<std::uint8_t>(size >> 8U);
    out_[1] = static_cast<std::uint8_t>(size & 0xffU);
    return seal_behind(kHead, send_, sent_++, {}, kind, content, out_);
}

Opened StreamRecords::open(ByteView message)
{
    if (received_ == limits_.records)
        return {Opened::What::worn_out};
    return open_into(receive_, received_++, {}, message, in_);
}

// ---- datagrams ----

bool ReplayWindow::is_new(std::uint64_t counter) const
{
    if (counter >= end_)
        return true;
    // The word that the highest counter stands in is partly of the last round, so the oldest word is given up.
    if (end_ - counter > kSize - 64)
        return false;
    return (word(counter) >> (counter % 64) & 1U) == 0;
}

void ReplayWindow::note(std::uint64_t counter)
{
    if (counter >= end_) {
        const std::uint64_t first = end_ == 0 ? 0 : (end_ - 1) / 64 + 1; // words that begin a new round
        const std::uint64_t last = counter / 64;
        if (last >= first && last - first >= kWords)
            words_.fill(0);
        else
            for (std::uint64_t each = first; each <= last; ++each)
                words_[each % kWords] = 0;
        end_ = counter + 1;
    }
    word(counter) |= std::uint64_t{1} << (counter % 64);
}

DatagramRecords::DatagramRecords(const Keys& keys, Limits limits)
    : send_(keys.send), receive_(keys.receive), limits_(limits), out_(kOverhead + kMostContent), in_(1 + kMostContent)
{}

ByteView DatagramRecords::seal(RecordKind kind, ByteView content)
{
    assert(content.size() <= kMostContent);
    if (sent_ == limits_.records)
        return {};
    const std::uint64_t counter = sent_++;
    out_[0] = kType;
    for (std::size_t i = 0; i < 8; ++i)
        out_[1 + i] = static_cast<std::uint8_t>(counter >> (8 * (7 - i)));
    return seal_behind(kHead, send_, counter, ByteView(out_).first(kHead), kind, content, out_);
}

Opened DatagramRecords::open(ByteView datagram)
{
    if (forged_ == limits_.forgeries)
        return {Opened::What::worn_out};
    if (datagram.size() < kOverhead || datagram[0] != kType)
        return {};
    const std::uint64_t counter = counter_of(datagram);
    if (!window_.is_new(counter))
        return {Opened::What::repeated};
    const Opened opened = look_at(datagram);
    if (opened.what == Opened::What::record)
        window_.note(counter);
    else
        ++forged_;
    return opened;
}

Opened DatagramRecords::look_at(ByteView datagram)
{
    if (datagram.size() < kOverhead || datagram[0] != kType)
        return {};
    const std::uint64_t counter = counter_of(datagram);
    if (counter >= limits_.records)
        return {};
    return open_into(receive_, counter, datagram.first(kHead), datagram.subspan(kHead), in_);
}

} // namespace secure_noise
