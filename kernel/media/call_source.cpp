// The source of one call. See call_source.hpp.

#include "kernel/media/call_source.hpp"

#include "kernel/bind/text.hpp"

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
    for (const auto& plug : board_.sources) {
        if (plug.methods->accepts(plug.self, abi_text(name)) == 0)
            continue;
        ErrorSlot error;
        require(plug.methods->open(plug.self, abi_text(name), abi_text("{}"), {&kListener, this}, &session_, &error),
                error, plug.plugin_id);
        const jf_status status = session_.methods->describe(session_.self, &info_, &error);
        if (status != JF_OK) {
            close();
            require(status, error, plug.plugin_id);
        }
        return;
    }
    throw Failure(JF_NOT_FOUND, "no media source takes \"" + name + "\"; a file's path or \"test\" would work");
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
    const jf_status status = session_.methods->start(session_.self, &format, &error);
    if (status != JF_OK)
        failure_ = Error{status, "media source: " + error.error(status).text};
}

void CallSource::run_idle_pictures()
{
    auto& pictures = taker_of(MediaKind::video);
    if (info_.has_video == 0 || info_.joins_late != 0 || !taker_of(MediaKind::audio).started ||
        std::exchange(pictures.started, true))
        return;
    jf_source_format format{};
    format.struct_size = sizeof(format);
    format.kind = JF_VIDEO;
    ErrorSlot error;
    pictures.started = session_.methods->start(session_.self, &format, &error) == JF_OK; // if not, feed says why
}

void CallSource::starve(MediaKind kind)
{
    auto& taker = taker_of(kind);
    const std::lock_guard lock(taker.mutex);
    taker.stream = nullptr;
}

void CallSource::close()
{
    const jf_source_session ended = std::exchange(session_, {});
    if (ended.methods != nullptr)
        ended.methods->release(ended.self); // its threads are joined
    for (const auto kind : {MediaKind::audio, MediaKind::video})
        starve(kind);
    info_ = {};
}

} // namespace jackfield::kernel
