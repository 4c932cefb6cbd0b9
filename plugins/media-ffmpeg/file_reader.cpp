// Reads frames of one kind. See file_reader.hpp.

#include "file_reader.hpp"

#include "conversion.hpp"

namespace media_ffmpeg {

namespace {

constexpr std::int64_t kMostPixels = std::int64_t{8192} * 8192;

std::int64_t length_of(const AVFrame& frame, const AVStream& stream)
{
    if (frame.nb_samples > 0 && frame.sample_rate > 0)
        return frame.nb_samples * kNanosecondsPerSecond / frame.sample_rate;
    const AVRational rate = stream.avg_frame_rate;
    return rate.num > 0 && rate.den > 0 ? av_rescale(kNanosecondsPerSecond, rate.den, rate.num)
                                        : kNanosecondsPerSecond / 25;
}

} // namespace

FileReader::FileReader(std::unique_ptr<Input> input, std::uint32_t kind, StopFlag stop)
    : kind_(kind), stop_(std::move(stop)), time_(sound()), rate_(0)
{
    open(std::move(input));
}

void FileReader::open(std::unique_ptr<Input> input)
{
    input_ = std::move(input);
    stream_ = input_->stream(sound() ? AVMEDIA_TYPE_AUDIO : AVMEDIA_TYPE_VIDEO);
    if (stream_ == nullptr)
        throw jackfield::Failure(JF_NOT_FOUND,
                                 in_quotes(input_->name()) + ": holds no " + (sound() ? "sound" : "pictures"));
    for (unsigned i = 0; i < input_->demuxer().nb_streams; ++i) {
        AVStream* stream = input_->demuxer().streams[i];
        stream->discard = stream == stream_ ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
    }
    start_ns_ = input_->start_ns();
    open_decoder();
}

void FileReader::open_decoder()
{
    const AVCodecID id = stream_->codecpar->codec_id;
    const AVCodec* codec = avcodec_find_decoder(id);
    if (codec == nullptr)
        throw jackfield::Failure(JF_UNSUPPORTED, in_quotes(input_->name()) + ": FFmpeg has no decoder for its " +
                                                     avcodec_get_name(id) +
                                                     "; one that ffmpeg can convert it to would work");
    decoder_.reset(avcodec_alloc_context3(codec));
    const std::string what = in_quotes(input_->name()) + ": its " + codec->name + " cannot be decoded";
    need(avcodec_parameters_to_context(decoder_.get(), stream_->codecpar), what);
    decoder_->thread_count = 1;
    decoder_->pkt_timebase = stream_->time_base;
    decoder_->max_pixels = kMostPixels;
    need(avcodec_open2(decoder_.get(), codec, nullptr), what);
}

void FileReader::begin(const jf_source_format& format)
{
    format_ = format;
    rate_ = RateLimit(format.max_frame_rate_millihertz);
}

bool FileReader::next(AVFrame* frame, std::int64_t& time_ns, const Wanted& wanted)
{
    while (!*stop_) {
        if (graph_ && graph_->pull(frame)) {
            time_ns = std::max<std::int64_t>(0, to_ns(frame->pts, graph_->time_base()));
            return true;
        }
        if (graph_ && graph_->ended()) {
            graph_.reset();
            if (waiting_)
                convert();
        } else if (decoded_all_) {
            if (!graph_)
                return false;
            graph_->push(nullptr);
        } else if (decode() && place(wanted)) {
            convert();
        }
    }
    return false;
}

// Opened anew: seeking to the very beginning is not exact in every format, and some cannot do it at all.
void FileReader::rewind()
{
    open(std::make_unique<Input>(input_->name(), stop_));
    time_ = MediaTime(sound());
    rate_ = RateLimit(format_.max_frame_rate_millihertz);
    graph_.reset();
    waiting_ = read_all_ = decoded_all_ = false;
}

/// One step further. True if there is a frame. What a damaged file makes of some packets is skipped, as players do.
bool FileReader::decode()
{
    const int received = avcodec_receive_frame(decoder_.get(), decoded_.get());
    if (received == 0)
        return true;
    if (received == AVERROR_EOF || (read_all_ && received == AVERROR(EAGAIN)))
        decoded_all_ = true;
    else if (!read_all_)
        read_packet();
    return false;
}

void FileReader::read_packet()
{
    const int read = av_read_frame(&input_->demuxer(), packet_.get());
    if (read == AVERROR_EXIT)
        return;
    const int disk = input_->demuxer().pb->error;
    if (disk < 0 && disk != AVERROR_EOF)
        throw jackfield::Failure(JF_BAD_INPUT,
                                 in_quotes(input_->name()) + ": cannot be read further: " + words_of(disk));
    if (read < 0) { // its end, or where it was cut off
        read_all_ = true;
        avcodec_send_packet(decoder_.get(), nullptr);
        return;
    }
    if (packet_->stream_index == stream_->index)
        avcodec_send_packet(decoder_.get(), packet_.get());
    av_packet_unref(packet_.get());
}

/// Says when the decoded frame is due. False if it is not wanted.
bool FileReader::place(const Wanted& wanted)
{
    AVFrame& frame = *decoded_;
    std::optional<std::int64_t> stamp_ns;
    if (frame.best_effort_timestamp != AV_NOPTS_VALUE)
        stamp_ns = to_ns(frame.best_effort_timestamp, stream_->time_base) - start_ns_;
    const std::int64_t at_ns = time_.next(stamp_ns, length_of(frame, *stream_));
    if (sound()) {
        if (frame.ch_layout.order == AV_CHANNEL_ORDER_UNSPEC)
            av_channel_layout_default(&frame.ch_layout, frame.ch_layout.nb_channels);
        frame.pts = av_rescale(at_ns, frame.sample_rate, kNanosecondsPerSecond);
        return true;
    }
    frame.pts = at_ns;
    const bool on_time = wanted(at_ns);
    decoder_->skip_frame = on_time ? AVDISCARD_DEFAULT : AVDISCARD_NONREF; // catching up, decode only what must be
    return on_time && rate_.keep(at_ns);
}

/// Gives the decoded frame to the graph. One that was made for other frames gives back first what it still holds.
void FileReader::convert()
{
    const GraphInput input = graph_input();
    if (graph_ && !(input == graph_takes_)) {
        waiting_ = true;
        return graph_->push(nullptr);
    }
    if (!graph_) {
        graph_.emplace(chain_for(input), input);
        graph_takes_ = input;
    }
    waiting_ = false;
    graph_->push(decoded_.get());
    av_frame_unref(decoded_.get());
}

GraphInput FileReader::graph_input() const
{
    const AVFrame& frame = *decoded_;
    GraphInput input;
    input.format = frame.format;
    if (sound()) {
        char layout[128] = {};
        av_channel_layout_describe(&frame.ch_layout, layout, sizeof(layout));
        input.sample_rate_hz = frame.sample_rate;
        input.layout = layout;
        input.channels = frame.ch_layout.nb_channels;
        input.time_base = {1, frame.sample_rate};
        return input;
    }
    input.width = frame.width;
    input.height = frame.height;
    input.aspect = av_guess_sample_aspect_ratio(&input_->demuxer(), stream_, decoded_.get());
    input.full_range = frame.color_range == AVCOL_RANGE_JPEG;
    input.time_base = {1, static_cast<int>(kNanosecondsPerSecond)};
    return input;
}

std::string FileReader::chain_for(const GraphInput& from) const
{
    if (sound())
        return audio_chain(format_, from.sample_rate_hz, from.channels);
    const int turn = turn_of(*stream_);
    return video_chain(shown_size({from.width, from.height}, from.aspect, turn, format_), turn, from.full_range);
}

} // namespace media_ffmpeg
