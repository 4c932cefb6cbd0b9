// All media of one call. See call_media.hpp.

#include "kernel/media/call_media.hpp"

#include "kernel/executor/instance_host.hpp"
#include "kernel/media/capabilities.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace jackfield::kernel {

namespace {
using Json = nlohmann::json;
} // namespace

// --- source, sink and what we can do --------------------------------------------------------------------------------

CallMedia::CallMedia(const Board& board, Completions& completions, Workers& workers, PlayThread& playing,
                     MediaPlan plan, bool may_bundle, Events events)
    : board_(board),
      workers_(workers),
      playing_(playing),
      plan_(std::move(plan)),
      may_bundle_(may_bundle),
      events_(std::move(events)),
      cname_(fmt::format("{:08x}{:08x}", random_number(), random_number())),
      source_(std::make_shared<CallSource>(board, [this](MediaKind kind) { events_.source_ended(kind); })),
      sinks_(board, completions, plan_.record),
      carriers_(board, cname_, [this](Error error) {
          if (error.status == JF_OK)
              goodbye_at_ = kernel::now();
          events_.ended(std::move(error));
      })
{
    if (!plan_.send.empty())
        source_->open(plan_.send);
    const auto& info = source_->info();
    sinks_.play_by(sinks_.open_players(plan_.play));
    sinks_.open({plan_.audio, plan_.video, plan_.record_both && plan_.audio && info.has_audio != 0,
                 plan_.record_both && plan_.video && info.has_video != 0});
}

CallMedia::~CallMedia()
{
    stop();
}

/// Who holds a call hears nothing of it, and the peer may hear only what we send: nothing (RFC 3264 section 8.4).
Wishes CallMedia::wishes(const Intent& intent) const
{
    const auto& info = intent.source->info();
    return {{intent.plan.audio, info.has_audio != 0, !intent.hold},
            {intent.plan.video, info.has_video != 0, !intent.hold}};
}

bool CallMedia::comes(MediaKind kind) const
{
    for (std::size_t lane = 0; lane < streams_.size(); ++lane) {
        if (live_[lane] && streams_[lane].kind == kind && streams_[lane].direction.receive)
            return true;
    }
    return false;
}

bool CallMedia::goes(MediaKind kind) const
{
    for (std::size_t lane = 0; lane < streams_.size(); ++lane) {
        if (live_[lane] && streams_[lane].kind == kind && streams_[lane].direction.send)
            return true;
    }
    return false;
}

Recorded CallMedia::recorded() const
{
    const bool both = plan_.record_both;
    return {comes(MediaKind::audio), comes(MediaKind::video), both && goes(MediaKind::audio),
            both && goes(MediaKind::video)};
}

// --- transport and streams ------------------------------------------------------------------------------------------

void CallMedia::open_codecs(std::vector<AgreedStream> streams)
{
    if (!receivers_.empty() && streams == streams_)
        return;
    close_transport();
    streams_ = streams;
    live_.assign(streams_.size(), true);
    // Now that it is agreed what will come, the sink need not wait for anything else.
    sinks_.open(recorded());
    streams_.clear();
    live_.clear();
    for (const auto& stream : streams)
        add_lane(stream);
    open_new_codecs();
}

void CallMedia::add_lane(const AgreedStream& stream)
{
    streams_.push_back(stream);
    live_.push_back(true);
    senders_.emplace_back();
    receivers_.emplace_back();
    make_sender(streams_.size() - 1);
    make_receiver(streams_.size() - 1);
}

void CallMedia::make_sender(std::size_t lane)
{
    if (!streams_[lane].direction.send)
        return;
    senders_[lane] = std::make_shared<SendStream>(board_, streams_[lane], source_->info(), events_.changed);
    senders_[lane]->mute(muted_);
    senders_[lane]->write_to(sinks_.own_session());
    if (streams_[lane].kind == MediaKind::audio)
        open_stages(*senders_[lane]);
    new_senders_.push_back(senders_[lane]);
}

/// Anew for each stream: its sound may have another form.
void CallMedia::open_stages(SendStream& stream)
{
    if (board_.audio_stages.empty())
        return;
    const auto format = stream.format();
    stages_ = std::make_shared<AudioStages>(board_, format.sample_rate_hz, format.channels);
    stream.go_through(stages_);
    for (const auto& receiver : receivers_) {
        if (receiver)
            receiver->tell(stages_);
    }
}

void CallMedia::make_receiver(std::size_t lane)
{
    receivers_[lane] =
        std::make_shared<ReceiveStream>(board_, streams_[lane], sinks_.session(), events_.changed, playing_);
    receivers_[lane]->rotate(rotation_deg_);
    receivers_[lane]->tell(stages_);
    new_receivers_.push_back(receivers_[lane]);
}

void CallMedia::open_new_codecs()
{
    for (const auto& receiver : std::exchange(new_receivers_, {}))
        open_on_worker(receiver);
    for (const auto& sender : std::exchange(new_senders_, {}))
        open_on_worker(sender);
}

/// The worker keeps the stream until it is done with it, even if the call has ended by then.
template <typename Stream>
void CallMedia::open_on_worker(const std::shared_ptr<Stream>& stream)
{
    workers_.run([raw = stream.get()] { raw->open(); },
                 [stream, weak = weak_from_this()] {
                     stream->opening().settle();
                     if (const auto media = weak.lock())
                         media->codec_settled();
                 });
}

void CallMedia::codec_settled()
{
    if (ready_ns_ == 0 && ready())
        ready_ns_ = monotonic_ns();
    start_open_streams();
    events_.changed();
}

void CallMedia::open_transport(std::vector<AgreedStream> streams, const std::vector<jf_path>& paths)
{
    if (open())
        close_transport();
    open_codecs(std::move(streams));
    carriers_.open(streams_, paths, senders_, receivers_);
}

void CallMedia::start()
{
    flowing_ = true;
    start_open_streams();
}

/// Sound does not wait for the encoder of the pictures, which takes longer to open.
void CallMedia::start_open_streams()
{
    if (!flowing_)
        return;
    for (std::size_t lane = 0; lane < receivers_.size(); ++lane) {
        const auto& sender = senders_[lane];
        if (live_[lane] && receivers_[lane]->opening().open())
            receivers_[lane]->start();
        if (live_[lane] && sender && sender->opening().open() && streams_[lane].direction.send && !hold_)
            source_->feed(*sender);
    }
    bool sends_pictures = false;
    for (std::size_t lane = 0; lane < streams_.size(); ++lane)
        sends_pictures = sends_pictures || (live_[lane] && streams_[lane].kind == MediaKind::video && senders_[lane]);
    if (!sends_pictures)
        source_->run_idle_pictures();
}

bool CallMedia::ready() const
{
    const auto open = [](const auto& stream) { return !stream || stream->opening().open(); };
    return !receivers_.empty() && std::ranges::all_of(receivers_, open) && std::ranges::all_of(senders_, open);
}

std::optional<Error> CallMedia::failure() const
{
    if (source_->failure())
        return source_->failure();
    for (std::size_t number = 0; number < receivers_.size(); ++number) {
        if (!live_[number])
            continue;
        if (senders_[number] && senders_[number]->opening().failure())
            return senders_[number]->opening().failure();
        if (receivers_[number]->opening().failure())
            return receivers_[number]->opening().failure();
    }
    return std::nullopt;
}

std::optional<TimePoint> CallMedia::heard_at() const
{
    std::optional<TimePoint> heard;
    for (std::size_t number = 0; number < receivers_.size(); ++number) {
        if (live_[number] && receivers_[number]->receives())
            heard = std::max(heard, receivers_[number]->arrivals().last());
    }
    return heard;
}

// --- the end --------------------------------------------------------------------------------------------------------

void CallMedia::stop()
{
    source_->close(); // no frame comes any more
    close_transport();
}

void CallMedia::close_transport()
{
    for (const auto& receiver : receivers_)
        receiver->stop();
    carriers_.close(); // closes the paths: no listener call any more
    receivers_.clear();
    senders_.clear();
    leaving_.clear();
    flowing_ = false;
    ready_ns_ = 0;
}

FirstMedia CallMedia::first_media() const
{
    FirstMedia first;
    for (std::size_t number = 0; number < streams_.size() && number < receivers_.size(); ++number) {
        const bool audio = streams_[number].kind == MediaKind::audio;
        (audio ? first.audio_decoded_ns : first.video_decoded_ns) = receivers_[number]->first_frame_ns();
        if (audio)
            first.audio_plays_ns = receivers_[number]->first_play_ns();
        if (senders_[number])
            (audio ? first.audio_sent_ns : first.video_sent_ns) = senders_[number]->first_sent_ns();
    }
    return first;
}

std::string CallMedia::statistics() const
{
    const std::string text = carriers_.statistics(receivers_.size());
    if (text.empty())
        return "{}";
    Json all = Json::parse(text, nullptr, false);
    if (!all.is_object() || !all.contains("streams") || all["streams"].size() != receivers_.size())
        return text;
    for (std::size_t number = 0; number < receivers_.size(); ++number) {
        Json& stream = all["streams"][number];
        stream["frames_sent"] = senders_[number] ? senders_[number]->frames() : 0;
        if (senders_[number] && streams_[number].kind == MediaKind::video)
            stream["frames_skipped"] = senders_[number]->skipped();
        if (senders_[number] && plan_.record_both)
            stream["own_frames_not_written"] = senders_[number]->unwritten();
        stream["frames_decoded"] = receivers_[number]->frames();
        stream["frames_not_written"] = receivers_[number]->unwritten();
        stream["codec"] = streams_[number].codec.name;
        if (streams_[number].kind == MediaKind::video)
            describe_pictures(stream, number);
    }
    return all.dump();
}

void CallMedia::describe_pictures(Json& stream, std::size_t number) const
{
    if (senders_[number]) {
        stream["sent_width_px"] = source_->info().width_px;
        stream["sent_height_px"] = source_->info().height_px;
    }
    if (const auto size = receivers_[number]->picture_size(); size != 0) {
        stream["received_width_px"] = size >> 32;
        stream["received_height_px"] = size & 0xffff'ffff;
    }
}

} // namespace jackfield::kernel
