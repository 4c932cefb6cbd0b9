// Cameras and screens by FFmpeg. See capture.hpp.

#include "capture.hpp"

#include <jackfield/basic.hpp>
#include <jackfield/device_name.hpp>

extern "C" {
#include <libavdevice/avdevice.h>
}

#include <cstdlib>
#include <sys/stat.h>

namespace media_capture {

using jackfield::Failure;

namespace {

const AVInputFormat* format_of(bool screen)
{
    const char* const name = screen ? "x11grab" : "video4linux2,v4l2";
    const auto* const format = av_find_input_format(screen ? "x11grab" : "v4l2");
    if (format == nullptr)
        throw Failure(JF_UNSUPPORTED, "this FFmpeg has no " + std::string(name));
    return format;
}

std::string words_of(int error)
{
    char words[AV_ERROR_MAX_STRING_SIZE] = {};
    av_strerror(error, words, sizeof(words));
    return words;
}

jackfield::Status status_of(int error)
{
    switch (error) {
    case AVERROR(ENOENT):
    case AVERROR(ENODEV):
    case AVERROR(ENXIO):
        return JF_NOT_FOUND;
    case AVERROR(EACCES):
    case AVERROR(EPERM):
        return JF_REFUSED;
    case AVERROR(EBUSY):
        return JF_BUSY;
    default:
        return JF_BAD_INPUT;
    }
}

std::string display()
{
    const char* const name = std::getenv("DISPLAY");
    return name != nullptr ? name : "";
}

bool is_device(const std::string& path)
{
    struct stat seen{};
    return stat(path.c_str(), &seen) == 0 && S_ISCHR(seen.st_mode);
}

struct Dictionary {
    AVDictionary* raw = nullptr;
    Dictionary() = default;
    Dictionary(const Dictionary&) = delete;
    Dictionary& operator=(const Dictionary&) = delete;
    ~Dictionary() { av_dict_free(&raw); }
    void set(const char* key, const std::string& value) { av_dict_set(&raw, key, value.c_str(), 0); }
};

} // namespace

std::vector<jackfield::devices::Device> list_devices()
{
    std::vector<jackfield::devices::Device> devices;
    AVDeviceInfoList* list = nullptr;
    if (avdevice_list_input_sources(format_of(false), nullptr, nullptr, &list) >= 0) {
        for (int i = 0; i < list->nb_devices; ++i)
            devices.push_back(
                {"camera", list->devices[i]->device_name, list->devices[i]->device_description, i == 0, "unknown"});
    }
    avdevice_free_list_devices(&list);
    if (!display().empty())
        devices.push_back({"screen", display(), "the screen " + display(), true, "idle"});
    return devices;
}

Wanted find(std::string_view name, const Options& options)
{
    const auto device = jackfield::device_name(name);
    if (!device || (device->kind != "camera" && device->kind != "screen"))
        throw Failure(JF_NOT_FOUND,
                      "media-capture has no \"" + std::string(name) + "\"; \"camera:\" or \"screen:\" would work");
    Wanted wanted{device->kind == "screen", std::string(device->device), options};
    if (wanted.screen) {
        if (wanted.device.empty())
            wanted.device = display();
        if (wanted.device.empty())
            throw Failure(JF_NOT_FOUND, "there is no screen; DISPLAY names one");
        return wanted;
    }
    const auto devices = list_devices();
    if (wanted.device.empty()) {
        if (devices.empty() || devices.front().kind != "camera")
            throw Failure(JF_NOT_FOUND, "there is no camera");
        wanted.device = devices.front().id;
    } else if (!wanted.device.starts_with('/')) {
        wanted.device = jackfield::devices::find_device(devices, "camera", wanted.device).id;
    } else if (!is_device(wanted.device)) {
        throw Failure(JF_NOT_FOUND, "\"" + wanted.device + "\" is no camera");
    }
    return wanted;
}

Capture::Capture(const Wanted& wanted) : packet_(av_packet_alloc()), frame_(av_frame_alloc())
{
    Dictionary options;
    options.set("framerate", std::to_string(wanted.frame_rate()));
    if (wanted.screen)
        options.set("draw_mouse", wanted.options.show_pointer ? "1" : "0");
    else
        options.set("video_size",
                    std::to_string(wanted.options.width_px) + "x" + std::to_string(wanted.options.height_px));
    AVFormatContext* opened = avformat_alloc_context();
    if (opened == nullptr || packet_ == nullptr || frame_ == nullptr)
        throw std::bad_alloc();
    if (!wanted.screen)
        opened->flags |= AVFMT_FLAG_NONBLOCK; // a camera that stalls must not keep us
    if (const int error = avformat_open_input(&opened, wanted.device.c_str(), format_of(wanted.screen), &options.raw);
        error < 0)
        throw Failure(status_of(error), std::string(wanted.screen ? "screen" : "camera") + " \"" + wanted.device +
                                            "\": " + words_of(error));
    input_.reset(opened);
    const AVCodecParameters* const form = input_->streams[0]->codecpar;
    const AVCodec* const codec = avcodec_find_decoder(form->codec_id);
    decoder_.reset(avcodec_alloc_context3(codec));
    if (codec == nullptr || decoder_ == nullptr || avcodec_parameters_to_context(decoder_.get(), form) < 0)
        throw Failure(JF_UNSUPPORTED, "\"" + wanted.device + "\" gives pictures in a form that nobody here reads");
    decoder_->thread_count = 1;
    if (avcodec_open2(decoder_.get(), codec, nullptr) < 0)
        throw Failure(JF_UNSUPPORTED, "\"" + wanted.device + "\": its pictures cannot be decoded");
}

Capture::Next Capture::next(AVFrame*& picture)
{
    av_packet_unref(packet_.get());
    const int read = av_read_frame(input_.get(), packet_.get());
    if (read == AVERROR(EAGAIN))
        return Next::nothing_yet;
    if (read < 0)
        return Next::gone;
    if (avcodec_send_packet(decoder_.get(), packet_.get()) < 0)
        return Next::nothing_yet; // a damaged picture; the next may be whole
    if (avcodec_receive_frame(decoder_.get(), frame_.get()) < 0)
        return Next::nothing_yet;
    picture = frame_.get();
    return Next::picture;
}

} // namespace media_capture
