// All media of one call. See call_media.hpp.

#include "kernel/media/call_media.hpp"

#include "kernel/bind/text.hpp"
#include "kernel/executor/instance_host.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace jackfield::kernel {

namespace {

using Json = nlohmann::json;

CallMedia& of(void* self)
{
    return *static_cast<CallMedia*>(self);
}

std::uint32_t random_number()
{
    std::uint32_t number = 0;
    random_bytes(reinterpret_cast<std::uint8_t*>(&number), sizeof(number));
    return number;
}

/// Ends a session of a plugin, once.
template <typename Session>
void release(Session& session)
{
    const Session ended = std::exchange(session, {});
    ended.methods->release(ended.self);
}

Json ask_json(jf_status (*method)(void*, jf_writer, jf_error*), void* self, const std::string& plugin_id)
{
    std::string text;
    ErrorSlot error;
    require(method(self, append_to(text), &error), error, plugin_id);
    Json json = Json::parse(text, nullptr, false);
    if (!json.is_object())
        throw Failure(JF_INTERNAL, plugin_id + ": its capabilities are no JSON object");
    return json;
}

CodecOption read_option(const Json& json, std::size_t plug)
{
    CodecOption option;
    option.plug = plug;
    option.kind = json.value("kind", "audio") == "video" ? MediaKind::video : MediaKind::audio;
    option.name = json.value("name", "");
    option.clock_rate_hz = json.value("clock_rate_hz", 0);
    option.channels = json.value("channels", 1);
    option.parameters = json.value("parameters", "");
    if (json.contains("static_payload_type") && json["static_payload_type"].is_number_integer())
        option.static_payload_type = json["static_payload_type"].get<int>();
    option.sample_rate_hz = json.value("sample_rate_hz", option.clock_rate_hz);
    option.frame_ms = json.value("frame_ms", 20);
    option.default_bitrate_bps = json.value("default_bitrate_bps", 0);
    option.feedback = json.value("feedback", std::vector<std::string>());
    return option;
}

TransportOption transport_option(const PluggedTransport& plugged, std::size_t plug)
{
    const auto& transport = plugged.plug;
    const Json answer = ask_json(transport.methods->capabilities, transport.self, transport.plugin_id);
    TransportOption option;
    option.plug = plug;
    option.carriage = plugged.carriage;
    option.profile = answer.value("profile", "RTP/AVP");
    option.suites = answer.value("suites", std::vector<std::string>());
    option.feedback = answer.value("feedback", std::vector<std::string>());
    option.make_key = [&transport](const std::string& suite) {
        std::string key;
        ErrorSlot error;
        require(transport.methods->make_key(transport.self, abi_text(suite), append_to(key), &error), error,
                transport.plugin_id);
        return key;
    };
    return option;
}

} // namespace

// --- source, sink and what we can do --------------------------------------------------------------------------------

const jf_source_listener_methods CallMedia::kSourceListener{
    sizeof(jf_source_listener_methods), 0,
    [](void* self, const jf_frame* frame) {
        if (auto* sender = of(self).sender_of_[frame->kind == JF_VIDEO ? 1 : 0])
            sender->frame(*frame);
    },
    [](void* self, std::uint32_t kind, jf_status, const jf_error*) {
        of(self).events_.source_ended(kind == JF_VIDEO ? MediaKind::video : MediaKind::audio);
    }};

CallMedia::CallMedia(const Board& board, Completions& completions, Workers& workers, MediaPlan plan, bool may_bundle,
                     Events events)
    : board_(board),
      completions_(completions),
      workers_(workers),
      plan_(std::move(plan)),
      may_bundle_(may_bundle),
      events_(std::move(events)),
      cname_(fmt::format("{:08x}{:08x}", random_number(), random_number())),
      carriers_(board, cname_, [this](Error error) { events_.ended(std::move(error)); })
{
    source_info_.struct_size = sizeof(source_info_);
    open_source();
    open_sink(plan_.audio, plan_.video);
}

CallMedia::~CallMedia()
{
    stop();
    if (sink_.methods != nullptr)
        sink_.methods->release(sink_.self);
}

void CallMedia::open_source()
{
    if (plan_.send.empty())
        return;
    for (const auto& plug : board_.sources) {
        if (plug.methods->accepts(plug.self, abi_text(plan_.send)) == 0)
            continue;
        ErrorSlot error;
        require(plug.methods->open(plug.self, abi_text(plan_.send), abi_text("{}"), {&kSourceListener, this}, &source_,
                                   &error),
                error, plug.plugin_id);
        const jf_status status = source_.methods->describe(source_.self, &source_info_, &error);
        if (status != JF_OK) {
            release(source_);
            require(status, error, plug.plugin_id);
        }
        return;
    }
    throw Failure(JF_NOT_FOUND, "no media source takes \"" + plan_.send + "\"; a file's path or \"test\" would work");
}

void CallMedia::open_sink(bool audio, bool video)
{
    if (plan_.record.empty())
        return;
    const std::string options = Json{{"audio", audio}, {"video", video}}.dump();
    sink_audio_ = audio;
    sink_video_ = video;
    for (const auto& plug : board_.sinks) {
        if (plug.methods->accepts(plug.self, abi_text(plan_.record)) == 0)
            continue;
        ErrorSlot error;
        const jf_status status =
            plug.methods->open(plug.self, abi_text(plan_.record), abi_text(options), &sink_, &error);
        if (status != JF_OK && source_.methods != nullptr)
            release(source_);
        require(status, error, plug.plugin_id);
        return;
    }
    throw Failure(JF_NOT_FOUND, "no media sink takes \"" + plan_.record +
                                    "\"; a path that ends in .mkv or .webm, or \"null\", would work");
}

/// Now that it is agreed what will come, the sink need not wait for anything else.
void CallMedia::fit_sink()
{
    const auto comes = [this](MediaKind kind) {
        return std::ranges::any_of(
            streams_, [kind](const auto& stream) { return stream.kind == kind && stream.direction.receive; });
    };
    const bool audio = comes(MediaKind::audio);
    const bool video = comes(MediaKind::video);
    if (sink_.methods == nullptr || (audio == sink_audio_ && video == sink_video_))
        return;
    release(sink_);
    open_sink(audio, video);
}

MediaCapabilities CallMedia::capabilities() const
{
    MediaCapabilities ours;
    for (std::size_t plug = 0; plug < board_.codecs.size(); ++plug) {
        const auto& codec = board_.codecs[plug];
        const Json answer = ask_json(codec.methods->capabilities, codec.self, codec.plugin_id);
        for (const auto& entry : answer.value("codecs", Json::array()))
            ours.codecs.push_back(read_option(entry, plug));
    }
    for (std::size_t plug = 0; plug < board_.media_transports.size(); ++plug)
        ours.transports.push_back(transport_option(board_.media_transports[plug], plug));
    ours.may_bundle = may_bundle_;
    ours.make_channel = [] { return fmt::format("{}{:08x}{:08x}", kMediaChannel, random_number(), random_number()); };
    ours.make_ssrc = random_number;
    ours.cname = cname_;
    return ours;
}

Wishes CallMedia::wishes() const
{
    return {{plan_.audio, source_info_.has_audio != 0, true}, {plan_.video, source_info_.has_video != 0, true}};
}

std::uint32_t CallMedia::component_count() const
{
    std::uint32_t count = 0;
    for (const auto& [kind, wanted] : {std::pair{MediaKind::audio, plan_.audio}, {MediaKind::video, plan_.video}}) {
        const auto carries = [kind = kind](const PluggedTransport& transport) {
            return kind == MediaKind::audio ? transport.carriage.audio : transport.carriage.video;
        };
        const auto first = std::ranges::find_if(board_.media_transports, carries); // as an offer takes it
        if (wanted && first != board_.media_transports.end() && first->carriage.over == Over::kConnectivity)
            count += 2;
    }
    return count;
}

// --- transport and streams ------------------------------------------------------------------------------------------

void CallMedia::open_codecs(std::vector<AgreedStream> streams)
{
    if (!receivers_.empty() && streams == streams_)
        return;
    close_transport();
    streams_ = std::move(streams);
    fit_sink();
    for (const auto& stream : streams_) {
        senders_.push_back(stream.direction.send
                               ? std::make_shared<SendStream>(board_, stream, source_info_, events_.changed)
                               : nullptr);
        receivers_.push_back(std::make_shared<ReceiveStream>(board_, stream, sink_, events_.changed));
    }
    for (const auto& receiver : receivers_)
        open_on_worker(receiver);
    for (const auto& sender : senders_) {
        if (sender)
            open_on_worker(sender);
    }
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
    for (const auto& receiver : receivers_) {
        if (receiver->opening().open())
            receiver->start();
    }
    for (const auto& sender : senders_) {
        if (sender && sender->opening().open())
            start_source(*sender);
    }
}

void CallMedia::start_source(SendStream& sender)
{
    const auto format = sender.format();
    auto*& taker = sender_of_[format.kind == JF_VIDEO ? 1 : 0];
    if (taker != nullptr || source_failure_)
        return;
    taker = &sender;
    ErrorSlot error;
    const jf_status status = source_.methods->start(source_.self, &format, &error);
    if (status != JF_OK)
        source_failure_ = Error{status, "media source: " + error.error(status).text};
}

bool CallMedia::ready() const
{
    const auto open = [](const auto& stream) { return !stream || stream->opening().open(); };
    return !receivers_.empty() && std::ranges::all_of(receivers_, open) && std::ranges::all_of(senders_, open);
}

std::optional<Error> CallMedia::failure() const
{
    if (source_failure_)
        return source_failure_;
    for (std::size_t number = 0; number < receivers_.size(); ++number) {
        if (senders_[number] && senders_[number]->opening().failure())
            return senders_[number]->opening().failure();
        if (receivers_[number]->opening().failure())
            return receivers_[number]->opening().failure();
    }
    return std::nullopt;
}

// --- the end --------------------------------------------------------------------------------------------------------

void CallMedia::stop()
{
    if (source_.methods != nullptr)
        release(source_); // its threads are joined: no frame comes any more
    sender_of_ = {};
    close_transport();
}

void CallMedia::close_transport()
{
    for (const auto& receiver : receivers_)
        receiver->stop();
    carriers_.close(); // closes the paths: no listener call any more
    receivers_.clear();
    senders_.clear();
    flowing_ = false;
    ready_ns_ = 0;
}

void CallMedia::finish_recording(std::function<void(Error)> done)
{
    if (sink_.methods == nullptr)
        return done({JF_OK, ""});
    sink_.methods->finish(sink_.self, completions_.make(std::move(done)));
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
        stream["sent_width_px"] = source_info_.width_px;
        stream["sent_height_px"] = source_info_.height_px;
    }
    if (const auto size = receivers_[number]->picture_size(); size != 0) {
        stream["received_width_px"] = size >> 32;
        stream["received_height_px"] = size & 0xffff'ffff;
    }
}

} // namespace jackfield::kernel
