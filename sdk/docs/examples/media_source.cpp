// How a source hands a frame over; see sdk/docs/interfaces/media_source.md.
#include <jackfield/media_source.hpp>

#include <array>

// [example]
/// The next 20 ms of silence at 48 kHz. Time is counted in samples and so never drifts. On the source's own thread.
void next_frame(const jackfield::SourceListener& listener, std::int64_t start_ns, std::int64_t& samples_so_far)
{
    static constexpr std::array<float, 960> silence{};
    jf_frame frame{};
    frame.struct_size = sizeof(frame);
    frame.kind = JF_AUDIO;
    frame.time_ns = start_ns + samples_so_far * 1'000'000'000 / 48'000;
    frame.samples = silence.data();
    frame.sample_rate_hz = 48'000;
    frame.channels = 1;
    frame.samples_per_channel = silence.size();
    listener.frame(frame);
    samples_so_far += silence.size();
}
// [end]
