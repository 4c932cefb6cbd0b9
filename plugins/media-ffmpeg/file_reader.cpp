// Reads frames of one kind. See file_reader.hpp.

#include "file_reader.hpp"

#include <sys/stat.h>

#include <algorithm>

namespace media_ffmpeg {

namespace {

constexpr std::uint32_t kTestWidth = 640;
constexpr std::uint32_t kTestHeight = 480;
constexpr std::uint32_t kTestRate = 30;
constexpr std::uint32_t kTestSampleRate = 48000;
constexpr std::uint32_t kMaxChannels = 8;

/// Only ordinary files: nothing that could block, and no protocol that a playlist could lead us to.
InputContext open_input(const std::string& name)
{
    struct stat info{};
    if (stat(name.c_str(), &info) != 0)
        throw jackfield::Failure(JF_NOT_FOUND, "\"" + name +
                                                   "\": no such file; looked from the working folder; the path of a "
                                                   "media file, or \"test\", would work");
    if (!S_ISREG(info.st_mode))
        throw jackfield::Failure(JF_BAD_INPUT,
                                 "\"" + name + "\": not an ordinary file; a media file, or \"test\", would work");
    AVDictionary* options = nullptr;
    av_dict_set(&options, "protocol_whitelist", "file", 0);
    AVFormatContext* raw = nullptr;
    const int opened = avformat_open_input(&raw, ("file:" + name).c_str(), nullptr, &options);
    av_dict_free(&options);
    InputContext input(raw);
    const std::string what = "\"" + name + "\": cannot be read as media";
    const std::string advice = "; FFmpeg was asked; a file that ffprobe understands would work";
    if (opened < 0)
        throw jackfield::Failure(JF_BAD_INPUT, what + ": " + words_of(opened) + advice);
    const int found = avformat_find_stream_info(input.get(), nullptr);
    if (found < 0)
        throw jackfield::Failure(JF_BAD_INPUT, what + ": " + words_of(found) + advice);
    return input;
}

int best_stream(AVFormatContext& input, AVMediaType type)
{
    const int stream = av_find_best_stream(&input, type, -1, -1, nullptr, 0);
    if (stream < 0)
        return -1;
    const bool cover = (input.streams[stream]->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0; // a still, no film
    const bool empty = input.streams[stream]->codecpar->format < 0; // announced, but nothing of it could be decoded
    return cover || empty ? -1 : stream;
}

jf_source_info test_info()
{
    return {sizeof(jf_source_info), 1, kTestSampleRate, 1, 1, kTestWidth, kTestHeight, kTestRate * 1000, 0};
}

std::string audio_chain(const jf_source_format& format)
{
    const std::uint32_t rate = format.sample_rate_hz > 0 ? format.sample_rate_hz : kTestSampleRate;
    const std::uint32_t channels = std::clamp(format.channels, 1U, kMaxChannels);
    const std::uint32_t frame_ms = std::clamp(format.frame_ms > 0 ? format.frame_ms : 20U, 1U, 200U);
    return "aresample,aformat=sample_fmts=flt:sample_rates=" + std::to_string(rate) + ":channel_layouts=" +
           (channels == 1   ? "mono"
            : channels == 2 ? "stereo"
                            : std::to_string(channels) + "c") +
           ",asetnsamples=n=" + std::to_string(std::max(1U, rate * frame_ms / 1000)) + ":p=0";
}

std::string video_chain(const jf_source_format& format)
{
    std::string chain = "format=yuv420p";
    if (format.max_frame_rate_millihertz > 0)
        chain = "fps=" + std::to_string(format.max_frame_rate_millihertz) + "/1000," + chain;
    const auto width = std::to_string(format.max_width_px > 0 ? format.max_width_px : 4096U);
    const auto height = std::to_string(format.max_height_px > 0 ? format.max_height_px : 4096U);
    // Never larger than the picture is, never odd: codecs want whole pairs.
    return "scale=w='min(iw," + width + ")':h='min(ih," + height +
           ")':force_original_aspect_ratio=decrease:force_divisible_by=2:flags=bilinear," + chain;
}

} // namespace

jf_source_info look_into(const std::string& name)
{
    if (name == kTestName)
        return test_info();
    const auto input = open_input(name);
    jf_source_info info{};
    info.struct_size = sizeof(info);
    if (const int audio = best_stream(*input, AVMEDIA_TYPE_AUDIO); audio >= 0) {
        const auto& parameters = *input->streams[audio]->codecpar;
        info.has_audio = 1;
        info.sample_rate_hz = static_cast<std::uint32_t>(std::max(parameters.sample_rate, 0));
        info.channels = static_cast<std::uint32_t>(std::max(parameters.ch_layout.nb_channels, 0));
    }
    if (const int video = best_stream(*input, AVMEDIA_TYPE_VIDEO); video >= 0) {
        const auto& stream = *input->streams[video];
        const AVRational rate = av_guess_frame_rate(input.get(), input->streams[video], nullptr);
        info.has_video = 1;
        info.width_px = static_cast<std::uint32_t>(std::max(stream.codecpar->width, 0));
        info.height_px = static_cast<std::uint32_t>(std::max(stream.codecpar->height, 0));
        info.frame_rate_millihertz =
            rate.num > 0 && rate.den > 0 ? static_cast<std::uint32_t>(av_rescale(1000, rate.num, rate.den)) : 25'000;
    }
    if (info.has_audio == 0 && info.has_video == 0)
        throw jackfield::Failure(JF_BAD_INPUT, "\"" + name + "\": holds neither sound nor pictures");
    if (input->duration > 0)
        info.duration_ns = to_ns(input->duration, AV_TIME_BASE_Q);
    return info;
}

FileReader::FileReader(const std::string& name, const jf_source_format& format, const std::atomic<bool>& stop)
    : stop_(stop)
{
    const bool video = format.kind == JF_VIDEO;
    const std::string chain = video ? video_chain(format) : audio_chain(format);
    if (name != kTestName) {
        open_file(name, chain, video);
        return;
    }
    const std::string test = video
                                 ? "testsrc2=size=" + std::to_string(kTestWidth) + "x" + std::to_string(kTestHeight) +
                                       ":rate=" + std::to_string(kTestRate) + ","
                                 : "sine=frequency=440:sample_rate=" + std::to_string(kTestSampleRate) + ",volume=4.0,";
    graph_.emplace(test + chain, video);
}

void FileReader::open_file(const std::string& name, const std::string& chain, bool video)
{
    input_ = open_input(name);
    stream_ = best_stream(*input_, video ? AVMEDIA_TYPE_VIDEO : AVMEDIA_TYPE_AUDIO);
    if (stream_ < 0)
        throw jackfield::Failure(JF_NOT_FOUND, "\"" + name + "\": holds no " + (video ? "pictures" : "sound"));
    for (unsigned i = 0; i < input_->nb_streams; ++i)
        input_->streams[i]->discard = static_cast<int>(i) == stream_ ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
    const AVStream& stream = *input_->streams[stream_];
    const AVCodec* codec = avcodec_find_decoder(stream.codecpar->codec_id);
    if (codec == nullptr)
        throw jackfield::Failure(JF_UNSUPPORTED, "\"" + name + "\": FFmpeg has no decoder for its " +
                                                     avcodec_get_name(stream.codecpar->codec_id));
    decoder_.reset(avcodec_alloc_context3(codec));
    need(avcodec_parameters_to_context(decoder_.get(), stream.codecpar), name);
    decoder_->thread_count = 1;
    decoder_->pkt_timebase = stream.time_base;
    need(avcodec_open2(decoder_.get(), codec, nullptr), name);
    if (input_->start_time != AV_NOPTS_VALUE)
        start_ns_ = to_ns(input_->start_time, AV_TIME_BASE_Q);
    graph_.emplace(chain, *decoder_, stream.time_base);
}

bool FileReader::next(AVFrame* frame, std::int64_t& time_ns)
{
    while (!stop_) {
        if (graph_->pull(frame)) {
            time_ns = std::max<std::int64_t>(0, to_ns(frame->pts, graph_->time_base()) - start_ns_);
            return true;
        }
        if (graph_->ended())
            return false;
        feed();
    }
    return false;
}

// One packet further. What a damaged file makes of some packets is skipped, as any player does.
void FileReader::feed()
{
    const int received = avcodec_receive_frame(decoder_.get(), decoded_.get());
    if (received == 0) {
        decoded_->pts = decoded_->best_effort_timestamp;
        graph_->push(decoded_.get());
        av_frame_unref(decoded_.get());
        return;
    }
    if (received == AVERROR_EOF)
        return graph_->push(nullptr);
    if (drained_)
        throw jackfield::Failure(JF_BAD_INPUT, "the decoder stopped in the middle: " + words_of(received));
    const int read = av_read_frame(input_.get(), packet_.get());
    if (read < 0) {
        drained_ = true;
        avcodec_send_packet(decoder_.get(), nullptr);
        return;
    }
    if (packet_->stream_index == stream_)
        avcodec_send_packet(decoder_.get(), packet_.get());
    av_packet_unref(packet_.get());
}

} // namespace media_ffmpeg
