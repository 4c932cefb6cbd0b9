// A microphone in a call. See microphone.hpp.

#include "microphone.hpp"

namespace media_pulse {

using jackfield::Failure;

class Microphone::Recording final : public DeviceStream {
public:
    Recording(jackfield::Host host, PulseLoop& loop, const std::string& wanted, jackfield::SourceListener listener,
              const jf_source_format& format)
        : Recording(host, loop, wanted, std::make_unique<jackfield::sound::CaptureFramer>(host, listener, format))
    {}
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;
    ~Recording()
    {
        end();
        if (framer_->lost() + framer_->silent_frames() > 0)
            host_.info("microphone: " + std::to_string(framer_->silent_frames()) +
                       " frames of silence while no sound came, " + std::to_string(framer_->lost()) +
                       " samples lost because this machine was too slow");
    }

private:
    Recording(jackfield::Host host, PulseLoop& loop, const std::string& wanted,
              std::unique_ptr<jackfield::sound::CaptureFramer> framer)
        : DeviceStream(host, loop, Direction::record, wanted, {framer->rate_hz(), framer->channels()}),
          framer_(std::move(framer)),
          silence_(std::size_t{framer_->rate_hz()} / 100 * framer_->channels())
    {
        begin();
    }

    void data(pa_stream* stream, std::size_t) override
    {
        const void* bytes = nullptr;
        std::size_t size = 0;
        while (pa_stream_readable_size(stream) > 0 && pa_stream_peek(stream, &bytes, &size) == 0 && size > 0) {
            std::int64_t age_ns = 0;
            latency_ns(stream, age_ns); // at the beginning it is not known yet: it was now
            const std::int64_t recorded_ns = host_.now_ns() - age_ns;
            const std::size_t count = size / sizeof(float);
            if (bytes != nullptr)
                framer_->push({static_cast<const float*>(bytes), count}, recorded_ns);
            else
                push_hole(count, recorded_ns);
            pa_stream_drop(stream);
        }
    }

    /// What the server lost.
    void push_hole(std::size_t count, std::int64_t recorded_ns)
    {
        for (std::size_t done = 0; done < count; done += silence_.size())
            framer_->push({silence_.data(), std::min(silence_.size(), count - done)}, recorded_ns);
    }

    void interrupted() override {}

    std::unique_ptr<jackfield::sound::CaptureFramer> framer_;
    std::vector<float> silence_;
};

Microphone::Microphone(jackfield::Host host, PulseLoop& loop, std::string wanted, jackfield::SourceListener listener)
    : host_(host), loop_(loop), wanted_(std::move(wanted)), listener_(listener)
{}

Microphone::~Microphone() = default;

/// What a card has the server makes of it.
jf_source_info Microphone::describe()
{
    jf_source_info info{};
    info.struct_size = sizeof(info);
    info.has_audio = 1;
    info.sample_rate_hz = 48'000;
    info.channels = 1;
    return info;
}

void Microphone::start(const jf_source_format& format)
{
    if (format.kind != JF_AUDIO)
        throw Failure(JF_BAD_INPUT, "a microphone has sound and nothing else");
    if (recording_ != nullptr)
        throw Failure(JF_BUSY, "the sound of this microphone comes already");
    recording_ = std::make_unique<Recording>(host_, loop_, wanted_, listener_, format);
}

} // namespace media_pulse
