// Collects a picture and decides whether it may be shown. See picture_decoder.hpp.
//
// Threads: one media thread. A stranger's picture is bounded in bytes by PartialPicture.
#include "picture_decoder.hpp"

namespace jackfield::codec {

Status PictureDecoder::decode(const jf_payload& payload) noexcept
{
    Status earlier = JF_OK;
    if (payload.lost_before > 0) {
        note_loss(payload.rtp_timestamp);
    } else if (started_ && payload.rtp_timestamp != timestamp_ && !partial_.empty()) {
        earlier = finish_picture(picture_time_ns_); // the next one begins, so it is complete: the marker was left away
    }
    if (!started_ || payload.rtp_timestamp != timestamp_)
        skipping_ = false;
    timestamp_ = payload.rtp_timestamp;
    picture_time_ns_ = payload.time_ns;
    started_ = true;
    if (skipping_)
        return JF_WOULD_BLOCK;

    const Status added = depacketiser_->add(view(payload.bytes), partial_);
    if (added != JF_OK) {
        partial_.clear();
        key_needed_ = true;
        skipping_ = true;
        return added;
    }
    const Status shown = payload.marker != 0 ? finish_picture(payload.time_ns) : JF_OK;
    return shown != JF_OK ? shown : earlier;
}

/// What follows refers to pictures that are not there. If the hole is inside a picture, its rest is of no use either.
void PictureDecoder::note_loss(std::uint32_t timestamp) noexcept
{
    partial_.clear();
    key_needed_ = true;
    skipping_ = started_ && timestamp == timestamp_;
}

Status PictureDecoder::finish_picture(std::int64_t time_ns) noexcept
{
    if (!partial_.has_slice)
        return JF_OK; // parameter sets alone wait for the picture they belong to
    const bool whole = !partial_.open;
    const bool wanted = partial_.key || !key_needed_;
    const ByteView picture = whole && wanted ? partial_.finish() : ByteView{};
    const bool shown = !picture.empty() && show(picture, time_ns);
    partial_.clear();
    key_needed_ = !shown;
    return shown ? JF_OK : JF_WOULD_BLOCK;
}

} // namespace jackfield::codec
