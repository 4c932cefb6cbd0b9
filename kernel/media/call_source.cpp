// The source of one call. See call_source.hpp.

#include "kernel/media/call_source.hpp"

#include "kernel/bind/text.hpp"
#include "kernel/media/media_names.hpp"

#include <algorithm>
#include <utility>

namespace jackfield::kernel {

const jf_source_listener_methods CallSource::kListener{
    sizeof(jf_source_listener_methods), 0,
    [](void* self, const jf_frame* frame) {
        auto& taker =
            static_cast<CallSource*>(self)->taker_of(frame->kind == JF_VIDEO ? MediaKind::video : MediaKind::audio);
        const std::lock_guard lock(taker.mutex);
        if (taker.stream != nullptr)
            taker.stream->frame(*frame);
    },
    [](void* self, std::uint32_t kind, jf_status, const jf_error*) {
        static_cast<CallSource*>(self)->ended_(kind == JF_VIDEO ? MediaKind::video : MediaKind::audio);
    }};

void CallSource::open(const std::string& name)
{
    info_.struct_size = sizeof(info_);
    try {
        for (const auto& part : parts_of(name))
            open_part(part);
    } catch (const Failure&) {
        close();
        throw;
    }
}

/// Of devices the next plugin is asked if this one has none of that name.
void CallSource::open_part(const std::string& name)
{
    std::optional<Error> first_problem;
    for (const auto& plug : board_.sources) {
        if (plug.methods->accepts(plug.self, abi_text(name)) == 0)
            continue;
        Error problem{JF_OK, ""};
        const jf_status status = open_by(plug, name, problem);
        if (status == JF_OK)
            return;
        if (!first_problem)
            first_problem = problem;
        if (!names_device(name) || (status != JF_NOT_FOUND && status != JF_UNREACHABLE))
            break;
    }
    if (first_problem)
        throw Failure(first_problem->status, first_problem->text);
    throw Failure(JF_NOT_FOUND, "no media source takes \"" + name + "\"; " +
                                    (names_device(name) ? "a plugin for such devices in the slot media_source would"
                                                        : "a file's path or \"test\" would work"));
}

jf_status CallSource::open_by(const Plug<jf_media_source_methods>& plug, const std::string& name, Error& problem)
{
    ErrorSlot error;
    jf_source_session session{};
    jf_source_info info{};
    info.struct_size = sizeof(info);
    jf_status status =
        plug.methods->open(plug.self, abi_text(name), abi_text("{}"), {&kListener, this}, &session, &error);
    if (status == JF_OK) {
        parts_.push_back(session);
        status = session.methods->describe(session.self, &info, &error);
    }
    if (status != JF_OK) {
        problem = {status, plug.plugin_id + ": " + error.error(status).text};
        return status;
    }
    if (info_.has_audio == 0 && info.has_audio != 0) {
        taker_of(MediaKind::audio).from = session;
        info_.has_audio = info.has_audio;
        info_.sample_rate_hz = info.sample_rate_hz;
        info_.channels = info.channels;
        info_.duration_ns = std::max(info_.duration_ns, info.duration_ns);
    }
    if (info_.has_video == 0 && info.has_video != 0) {
        taker_of(MediaKind::video).from = session;
        info_.has_video = info.has_video;
        info_.width_px = info.width_px;
        info_.height_px = info.height_px;
        info_.frame_rate_millihertz = info.frame_rate_millihertz;
        info_.joins_late = info.joins_late;
        info_.duration_ns = std::max(info_.duration_ns, info.duration_ns);
    }
    return status;
}

void CallSource::feed(SendStream& stream)
{
    const auto format = stream.format();
    auto& taker = taker_of(format.kind == JF_VIDEO ? MediaKind::video : MediaKind::audio);
    const bool has = format.kind == JF_VIDEO ? info_.has_video != 0 : info_.has_audio != 0;
    if (failure_ || !has)
        return;
    {
        const std::lock_guard lock(taker.mutex);
        taker.stream = &stream;
    }
    if (std::exchange(taker.started, true))
        return;
    ErrorSlot error;
    const jf_status status = taker.from.methods->start(taker.from.self, &format, &error);
    if (status != JF_OK)
        failure_ = Error{status, "media source: " + error.error(status).text};
}

void CallSource::run_idle_pictures()
{
    auto& pictures = taker_of(MediaKind::video);
    const auto& sound = taker_of(MediaKind::audio);
    if (info_.has_video == 0 || info_.joins_late != 0 || !sound.started || pictures.from.self != sound.from.self ||
        std::exchange(pictures.started, true))
        return;
    jf_source_format format{};
    format.struct_size = sizeof(format);
    format.kind = JF_VIDEO;
    ErrorSlot error;
    pictures.started =
        pictures.from.methods->start(pictures.from.self, &format, &error) == JF_OK; // if not, feed says why
}

void CallSource::starve(MediaKind kind)
{
    auto& taker = taker_of(kind);
    const std::lock_guard lock(taker.mutex);
    taker.stream = nullptr;
}

void CallSource::close()
{
    for (const auto& ended : std::exchange(parts_, {}))
        ended.methods->release(ended.self); // its threads are joined
    for (const auto kind : {MediaKind::audio, MediaKind::video})
        starve(kind);
    info_ = {};
}

} // namespace jackfield::kernel
