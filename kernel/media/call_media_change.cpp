// The media of a call while it runs: other streams, another source, hold, mute, rotation, digits. See call_media.hpp.

#include "kernel/media/call_media.hpp"

#include <algorithm>

namespace jackfield::kernel {

// --- what a person wants otherwise ----------------------------------------------------------------------------------

CallMedia::Intent CallMedia::intend(const MediaChange& change)
{
    if (change.video.value_or(false) && !can_offer(capabilities(), MediaKind::video))
        throw Failure(JF_UNSUPPORTED,
                      "no pictures: no codec, or no media transport, of this configuration is for video");
    Intent intent{plan_, change.hold.value_or(hold_), source_, nullptr};
    intent.plan.video = change.video.value_or(plan_.video);
    if (change.source) { // also if it is the same: it begins anew
        intent.plan.send = *change.source;
        intent.source = std::make_shared<CallSource>(board_, [this](MediaKind kind) { events_.source_ended(kind); });
        if (!change.source->empty())
            intent.source->open(*change.source);
    }
    if (change.play) {
        intent.plan.play = *change.play;
        intent.players = std::make_shared<CallSinks::Players>(sinks_.open_players(*change.play));
    }
    return intent;
}

void CallMedia::adopt(Intent intent)
{
    plan_ = std::move(intent.plan);
    hold_ = intent.hold;
    if (intent.source != source_) {
        source_->close(); // the streams go on; the next frames come from elsewhere
        source_ = std::move(intent.source);
    }
    if (intent.players) {
        sinks_.play_by(std::move(*intent.players));
        write_elsewhere();
    }
    if (hold_) {
        source_->starve(MediaKind::audio);
        source_->starve(MediaKind::video);
    }
    start_open_streams();
}

void CallMedia::mute(bool muted)
{
    muted_ = muted;
    for (const auto& sender : senders_) {
        if (sender)
            sender->mute(muted);
    }
}

void CallMedia::rotate(std::uint32_t degrees)
{
    rotation_deg_ = degrees;
    for (const auto& receiver : receivers_)
        receiver->rotate(degrees);
}

// --- other streams --------------------------------------------------------------------------------------------------

void CallMedia::change(const std::vector<AgreedStream>& streams, const PathOf& path_of)
{
    for (std::size_t lane = 0; lane < streams_.size(); ++lane) {
        if (live_[lane] && std::ranges::find(streams, streams_[lane].line, &AgreedStream::line) == streams.end())
            end_lane(lane);
    }
    for (const auto& stream : streams) {
        const auto known = std::ranges::find(streams_, stream.line, &AgreedStream::line);
        const auto lane = static_cast<std::size_t>(known - streams_.begin());
        if (known == streams_.end())
            add_lane(stream);
        else if (live_[lane] && goes_on(*known, stream))
            turn_lane(lane, stream);
        else
            replace_lane(lane, stream);
    }
    widen_sink();
    carriers_.change(streams_, live_, senders_, receivers_, path_of);
    leaving_.clear();
    for (std::size_t lane = 0; lane < streams_.size(); ++lane) {
        if (live_[lane])
            receivers_[lane]->turn(streams_[lane].direction.receive);
    }
    open_new_codecs();
    start_open_streams();
}

void CallMedia::end_lane(std::size_t lane)
{
    live_[lane] = false;
    source_->starve(streams_[lane].kind);
    receivers_[lane]->stop();
}

/// What there is goes on; what is missing for the new direction is made.
void CallMedia::turn_lane(std::size_t lane, const AgreedStream& stream)
{
    const Direction before = streams_[lane].direction;
    streams_[lane] = stream;
    if (!stream.direction.send)
        source_->starve(stream.kind);
    else if (!senders_[lane])
        make_sender(lane);
    else if (!before.send)
        senders_[lane]->request_key_frame();
    if (stream.direction.receive && !receivers_[lane]->can_receive()) {
        receivers_[lane]->stop();
        leaving_.push_back(receivers_[lane]);
        make_receiver(lane);
    }
}

void CallMedia::replace_lane(std::size_t lane, const AgreedStream& stream)
{
    source_->starve(streams_[lane].kind);
    receivers_[lane]->stop();
    leaving_.push_back(receivers_[lane]);
    leaving_.push_back(senders_[lane]);
    streams_[lane] = stream;
    live_[lane] = true;
    senders_[lane].reset();
    make_sender(lane);
    make_receiver(lane);
}

void CallMedia::widen_sink()
{
    if (sinks_.widen(recorded()))
        write_elsewhere();
}

void CallMedia::write_elsewhere()
{
    for (const auto& receiver : receivers_)
        receiver->write_to(sinks_.session());
    for (const auto& sender : senders_) {
        if (sender)
            sender->write_to(sinks_.own_session());
    }
    sinks_.forget_earlier();
}

void CallMedia::send_key_frames()
{
    for (std::size_t lane = 0; lane < senders_.size(); ++lane) {
        if (live_[lane] && senders_[lane])
            senders_[lane]->request_key_frame();
    }
}

// --- what there is to see -------------------------------------------------------------------------------------------

MediaNow CallMedia::now() const
{
    MediaNow now;
    now.holding = hold_;
    now.muted = muted_;
    for (std::size_t lane = 0; lane < streams_.size(); ++lane) {
        if (live_[lane])
            (streams_[lane].kind == MediaKind::audio ? now.audio : now.video) = streams_[lane].direction;
    }
    return now;
}

SendStream* CallMedia::event_sender() const
{
    for (std::size_t lane = 0; lane < senders_.size(); ++lane) {
        const auto& sender = senders_[lane];
        if (live_[lane] && streams_[lane].direction.send && sender && sender->sends_events() && flowing_ && !hold_)
            return sender.get();
    }
    return nullptr;
}

std::vector<Digit> CallMedia::take_digits()
{
    std::vector<Digit> all;
    for (const auto& receiver : receivers_) {
        for (const auto& digit : receiver->take_digits())
            all.push_back(digit);
    }
    return all;
}

} // namespace jackfield::kernel
