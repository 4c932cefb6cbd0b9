// One track of a recording. See track.hpp.

#include "track.hpp"

namespace media_ffmpeg {

namespace {

const AVCodec& find_encoder(std::initializer_list<const char*> names)
{
    for (const char* name : names) {
        if (const AVCodec* codec = avcodec_find_encoder_by_name(name))
            return *codec;
    }
    throw jackfield::Failure(JF_UNSUPPORTED, std::string("FFmpeg has no encoder ") + *names.begin());
}

} // namespace

Track::Track(AVFormatContext& file, std::initializer_list<const char*> encoders)
    : file_(file), codec_(find_encoder(encoders)), encoder_(avcodec_alloc_context3(&codec_))
{
    if (!encoder_)
        throw std::bad_alloc();
}

void Track::open(const TrackName& name)
{
    if ((file_.oformat->flags & AVFMT_GLOBALHEADER) != 0)
        encoder_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    need(avcodec_open2(encoder_.get(), &codec_, nullptr), std::string("encoder ") + codec_.name, JF_INTERNAL);
    stream_ = avformat_new_stream(&file_, nullptr);
    if (stream_ == nullptr)
        throw std::bad_alloc();
    stream_->time_base = encoder_->time_base;
    stream_->disposition = name.first ? AV_DISPOSITION_DEFAULT : 0;
    if (name.title != nullptr)
        av_dict_set(&stream_->metadata, "title", name.title, 0);
    need(avcodec_parameters_from_context(stream_->codecpar, encoder_.get()), "recording", JF_INTERNAL);
}

void Track::encode(const AVFrame* frame)
{
    need(avcodec_send_frame(encoder_.get(), frame), "recording", JF_INTERNAL);
    const Packet packet = make_packet();
    for (;;) {
        const int received = avcodec_receive_packet(encoder_.get(), packet.get());
        if (received == AVERROR(EAGAIN) || received == AVERROR_EOF)
            return;
        need(received, "recording", JF_INTERNAL);
        packet->stream_index = stream_->index;
        av_packet_rescale_ts(packet.get(), encoder_->time_base, stream_->time_base);
        need(av_interleaved_write_frame(&file_, packet.get()), "writing", JF_EXHAUSTED);
    }
}

} // namespace media_ffmpeg
