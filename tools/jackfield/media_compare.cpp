// How much of a media file is in a recording of it. See media_compare.hpp.

#include "tools/jackfield/media_compare.hpp"

#include "kernel/bind/text.hpp"
#include "tools/jackfield/session.hpp"
#include "tools/jackfield/single_plugin.hpp"

#include <jackfield/abi/media_source.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <span>

namespace jackfield::program {

namespace {

constexpr std::uint32_t kPictureWidth = 160;

/// Collects what a source delivers until every kind has ended.
class Collector {
public:
    static const jf_source_listener_methods kListener;

    void expect_one_more() { ++running_; }

    MediaSample wait()
    {
        std::unique_lock lock(mutex_);
        ended_.wait(lock, [this] { return running_ == 0; });
        if (failure_.status != JF_OK)
            throw Stop(kMedia, failure_.text);
        return std::move(sample_);
    }

private:
    void take(const jf_frame& frame)
    {
        const std::lock_guard lock(mutex_);
        if (frame.kind == JF_AUDIO) {
            for (std::uint32_t i = 0; i < frame.samples_per_channel; ++i)
                sample_.sound.push_back(frame.samples[i * frame.channels]);
            return;
        }
        MediaSample::Picture picture{frame.time_ns, frame.width_px, frame.height_px, {}};
        for (std::uint32_t row = 0; row < frame.height_px; ++row) {
            const auto* line = frame.planes[0] + std::size_t{row} * frame.strides_bytes[0];
            picture.luma.insert(picture.luma.end(), line, line + frame.width_px);
        }
        sample_.pictures.push_back(std::move(picture));
    }

    void end(jf_status status, const jf_error* error)
    {
        const std::lock_guard lock(mutex_);
        if (status != JF_OK)
            failure_ = kernel::error_of(status, error);
        --running_;
        ended_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable ended_;
    int running_ = 0;
    kernel::Error failure_{JF_OK, ""};
    MediaSample sample_;
};

const jf_source_listener_methods Collector::kListener{
    sizeof(jf_source_listener_methods), 0,
    [](void* self, const jf_frame* frame) { static_cast<Collector*>(self)->take(*frame); },
    [](void* self, std::uint32_t, jf_status status, const jf_error* error) {
        static_cast<Collector*>(self)->end(status, error);
    }};

void start(const jf_source_session& session, Collector& collector, std::uint32_t kind)
{
    jf_source_format format{};
    format.struct_size = sizeof(format);
    format.kind = kind;
    if (kind == JF_AUDIO) {
        format.sample_rate_hz = MediaSample::kRateHz;
        format.channels = 1;
        format.frame_ms = 20;
    } else {
        format.max_width_px = kPictureWidth;
        format.max_height_px = kPictureWidth;
    }
    collector.expect_one_more();
    kernel::ErrorSlot error;
    kernel::require(session.methods->start(session.self, &format, &error), error, "media source");
}

/// Normalised correlation of the parts that overlap when b begins `shift` samples into a.
double correlation_at(std::span<const float> a, std::span<const float> b, std::ptrdiff_t shift, std::size_t step)
{
    double ab = 0;
    double aa = 0;
    double bb = 0;
    const auto begin = std::max<std::ptrdiff_t>(0, -shift);
    const auto end = std::min<std::ptrdiff_t>(std::ssize(b), std::ssize(a) - shift);
    for (auto i = begin; i < end; i += static_cast<std::ptrdiff_t>(step)) {
        const double x = a[static_cast<std::size_t>(i + shift)];
        const double y = b[static_cast<std::size_t>(i)];
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

double mean_square_error(const MediaSample::Picture& a, const MediaSample::Picture& b)
{
    if (a.width_px != b.width_px || a.height_px != b.height_px)
        return 255.0 * 255.0;
    double sum = 0;
    for (std::size_t i = 0; i < a.luma.size(); ++i) {
        const double difference = double{static_cast<double>(a.luma[i])} - b.luma[i];
        sum += difference * difference;
    }
    return sum / static_cast<double>(a.luma.size());
}

} // namespace

MediaSample read_media(const std::string& file)
{
    SinglePlugin plugin("media-ffmpeg", JF_MEDIA_SOURCE_INTERFACE, "{}");
    Collector collector;
    jf_source_session session{};
    kernel::Error result{JF_OK, ""};
    plugin.on_control([&] {
        try {
            kernel::ErrorSlot error;
            const auto* methods = plugin.methods<jf_media_source_methods>();
            kernel::require(methods->open(plugin.self(), kernel::abi_text(file),
                                          kernel::abi_text(R"({"realtime": false})"),
                                          {&Collector::kListener, &collector}, &session, &error),
                            error, "media source");
            jf_source_info info{};
            info.struct_size = sizeof(info);
            kernel::require(session.methods->describe(session.self, &info, &error), error, "media source");
            if (info.has_audio != 0)
                start(session, collector, JF_AUDIO);
            if (info.has_video != 0)
                start(session, collector, JF_VIDEO);
        } catch (const kernel::Failure& failure) {
            result = failure.error();
        }
    });
    if (result.status != JF_OK) {
        if (session.methods != nullptr)
            plugin.on_control([&] { session.methods->release(session.self); });
        throw Stop(kMedia, result.text);
    }
    auto sample = collector.wait();
    plugin.on_control([&] { session.methods->release(session.self); });
    return sample;
}

SoundMatch match_sound(const MediaSample& original, const MediaSample& recording)
{
    // Coarse first (every 4th sample at every 4th shift: a speech signal is smooth enough for that), then to the
    // sample.
    constexpr std::ptrdiff_t kCoarse = 4;
    constexpr std::ptrdiff_t kFurthest = 3 * std::ptrdiff_t{MediaSample::kRateHz};
    const std::span<const float> a = original.sound;
    const std::span<const float> b = recording.sound;
    std::ptrdiff_t best = 0;
    double most = -1;
    const auto look = [&](std::ptrdiff_t shift, std::size_t step) {
        const double here = correlation_at(a, b, shift, step);
        if (here > most) {
            most = here;
            best = shift;
        }
    };
    for (std::ptrdiff_t shift = -kFurthest; shift <= kFurthest; shift += kCoarse)
        look(shift, kCoarse);
    most = -1;
    for (auto shift = best - 2 * kCoarse, last = best + 2 * kCoarse; shift <= last; ++shift)
        look(shift, 1);
    return {most, -static_cast<double>(best) / MediaSample::kRateHz,
            static_cast<double>(b.size()) / MediaSample::kRateHz};
}

PictureMatch match_pictures(const MediaSample& original, const MediaSample& recording)
{
    PictureMatch match;
    double sum_db = 0;
    std::size_t in_order = 0;
    std::size_t before = 0;
    constexpr std::size_t kEvery = 5; // neighbours look alike: every fifth picture says enough
    for (std::size_t i = 0; i < recording.pictures.size(); i += kEvery) {
        double least = 255.0 * 255.0;
        std::size_t found = 0;
        for (std::size_t j = 0; j < original.pictures.size(); ++j) {
            const double error = mean_square_error(original.pictures[j], recording.pictures[i]);
            if (error < least) {
                least = error;
                found = j;
            }
        }
        sum_db += 10 * std::log10(255.0 * 255.0 / std::max(least, 0.01));
        in_order += found + 2 >= before ? 1 : 0; // still pictures match their neighbours as well
        before = found;
        ++match.pictures;
    }
    if (match.pictures > 0) {
        match.psnr_db = sum_db / static_cast<double>(match.pictures);
        match.in_order = static_cast<double>(in_order) / static_cast<double>(match.pictures);
    }
    match.pictures = recording.pictures.size();
    return match;
}

} // namespace jackfield::program
