// Play-out order and times for audio and for video.
//
// Threads: guarded by the lock of the stream's receiving half.
#include "jitter_buffer.hpp"

namespace jackfield::rtp {

PacketRing::Stored JitterBuffer::insert(StoredPacket packet, ByteView payload, bool restart)
{
    packet.media_ns =
        clock_.arrived(packet.rtp_timestamp, packet.arrival_ns, restart, packet.marker && marker_means_silence_);
    last_media_ns_ = packet.media_ns;
    return ring_.store(packet, payload);
}

PacketRing::Stored JitterBuffer::insert_event(StoredPacket packet, ByteView payload)
{
    packet.media_ns = last_media_ns_;
    return ring_.store(packet, payload);
}

/// A packet in order has nothing to wait for: it is decoded when it comes, and played when it is due. One behind a gap
/// is given out when the first missing one would have been due: then the decoder can conceal the gap in time, and
/// whatever is still missing would come too late anyway.
Turn AudioBuffer::turn(std::int64_t now_ns)
{
    const StoredPacket* packet = ring_.first();
    if (packet == nullptr)
        return {};
    const std::int64_t play_ns = clock_.due_ns(packet->media_ns);
    if (packet->index == ring_.next())
        return {packet, play_ns, kNothingDue};
    std::int64_t give_up_ns = play_ns;
    if (played_any_) {
        const std::int64_t step_ns = (packet->media_ns - played_media_ns_) / (packet->index - played_index_);
        give_up_ns = std::min(give_up_ns, clock_.due_ns(played_media_ns_ + step_ns));
    }
    if (now_ns < give_up_ns)
        return {nullptr, 0, give_up_ns};
    return {packet, play_ns, kNothingDue};
}

std::uint16_t AudioBuffer::take(const StoredPacket& packet)
{
    played_any_ = true;
    played_index_ = packet.index;
    played_media_ns_ = packet.media_ns;
    return JitterBuffer::take(packet);
}

Turn VideoBuffer::turn(std::int64_t now_ns)
{
    const StoredPacket* packet = ring_.first();
    if (packet == nullptr)
        return {};
    const bool gap = packet->index != ring_.next();
    if (!gap && packet->index < released_end_)
        return {packet, released_time_ns_, kNothingDue};
    if (gap) { // wait for what is missing, but not longer than reordering lasts
        const std::int64_t give_up_ns = ring_.earliest_arrival_from(packet->index) + patience_ns();
        if (now_ns < give_up_ns)
            return {nullptr, 0, give_up_ns};
    }
    const Picture picture = look_at(*packet);
    if (now_ns < picture.due_ns)
        return {nullptr, 0, picture.due_ns};
    released_end_ = picture.end;
    released_time_ns_ = picture.newest;
    return {packet, released_time_ns_, kNothingDue};
}

/// How far the picture that begins with this packet goes without a gap, and when to give it out: at once if it is
/// complete, else when nothing more of it can be hoped for.
VideoBuffer::Picture VideoBuffer::look_at(const StoredPacket& first) const
{
    Picture picture{first.index, first.arrival_ns, 0};
    const StoredPacket* packet = &first;
    while (packet != nullptr && packet->rtp_timestamp == first.rtp_timestamp) {
        picture.newest = std::max(picture.newest, packet->arrival_ns);
        ++picture.end;
        if (packet->marker) // RFC 3550 section 5.1: for video the last packet of a picture
            return picture;
        packet = ring_.at(picture.end);
    }
    if (packet != nullptr) // the next picture follows without a gap
        return picture;
    const bool hole = picture.end <= ring_.highest();
    const std::int64_t since = hole ? ring_.earliest_arrival_from(picture.end) : picture.newest;
    picture.due_ns = since + patience_ns();
    return picture;
}

} // namespace jackfield::rtp
