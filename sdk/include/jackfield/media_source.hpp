// jackfield.media_source/1: derive from MediaSource and SourceSession; from DeviceSource, if there is a choice of
// devices.
//
// Threads: methods run on the control thread; frames come on threads of the source, one per kind, joined by the
// destructor.
#pragma once

#include <jackfield/abi/media_source.h>
#include <jackfield/completion.hpp>

#include <algorithm>
#include <cstring>

namespace jackfield {

/// The kernel's ear.
class SourceListener {
public:
    explicit SourceListener(jf_source_listener raw) : raw_(raw) {}

    void frame(const jf_frame& frame) const noexcept { raw_.methods->frame(raw_.self, &frame); } ///< [media]
    void ended(std::uint32_t kind, Status status, std::string_view text) const                   ///< [control]
    {
        const jf_error error = make_error(status, text);
        raw_.methods->ended(raw_.self, kind, status, status == JF_OK ? nullptr : &error);
    }

private:
    jf_source_listener raw_;
};

class SourceSession {
public:
    virtual ~SourceSession() = default;
    virtual jf_source_info describe() = 0;
    virtual void start(const jf_source_format& format) = 0;

    static const jf_source_session_methods kMethods;
};

inline constexpr jf_source_session_methods SourceSession::kMethods{
    sizeof(jf_source_session_methods), 0,
    [](void* self, jf_source_info* info, jf_error* error) {
        return guarded(error, [&] {
            const jf_source_info ours = static_cast<SourceSession*>(self)->describe();
            const std::uint32_t size = info->struct_size; // an older kernel has no room for all
            std::memcpy(info, &ours, std::min<std::size_t>(size, sizeof(ours)));
            info->struct_size = size;
        });
    },
    [](void* self, const jf_source_format* format, jf_error* error) {
        return guarded(error, [&] { static_cast<SourceSession*>(self)->start(*format); });
    },
    [](void* self) { delete static_cast<SourceSession*>(self); }};

class MediaSource : public Instance {
public:
    using Interface = MediaSource;
    static constexpr std::string_view kInterfaceId = JF_MEDIA_SOURCE_INTERFACE;

    using Instance::Instance;

    virtual bool accepts(std::string_view name) const noexcept = 0; ///< [any]
    virtual std::unique_ptr<SourceSession> open(std::string_view name, std::string_view options_json,
                                                SourceListener listener) = 0;

    static const jf_media_source_methods kMethods;
};

inline constexpr jf_media_source_methods MediaSource::kMethods{
    sizeof(jf_media_source_methods), 0,
    [](void* self, jf_text name) {
        return static_cast<std::int32_t>(static_cast<MediaSource*>(self)->accepts(view(name)));
    },
    [](void* self, jf_text name, jf_text options_json, jf_source_listener listener, jf_source_session* session,
       jf_error* error) {
        return guarded(error, [&] {
            auto made = static_cast<MediaSource*>(self)->open(view(name), view(options_json), SourceListener(listener));
            *session = {&SourceSession::kMethods, made.release()};
        });
    },
    nullptr};

/// A source that has devices to choose from.
class DeviceSource : public MediaSource {
public:
    using Interface = DeviceSource;
    using MediaSource::MediaSource;

    virtual std::string devices() = 0; ///< [worker] devices.schema.json

    static const jf_media_source_methods kMethods;

private:
    static MediaSource& base(void* self) { return *static_cast<DeviceSource*>(self); }
};

inline constexpr jf_media_source_methods DeviceSource::kMethods{
    sizeof(jf_media_source_methods), 0,
    [](void* self, jf_text name) { return MediaSource::kMethods.accepts(&base(self), name); },
    [](void* self, jf_text name, jf_text options_json, jf_source_listener listener, jf_source_session* session,
       jf_error* error) {
        return MediaSource::kMethods.open(&base(self), name, options_json, listener, session, error);
    },
    [](void* self, jf_writer json, jf_error* error) {
        return guarded(error, [&] { write_to(json, static_cast<DeviceSource*>(self)->devices()); });
    }};

} // namespace jackfield
