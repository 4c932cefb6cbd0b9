// jackfield.media_sink/1: derive from MediaSink and SinkSession; from BothSidesSession, if you can keep what we send,
// too; from DeviceSink, if there is a choice of devices.
//
// Threads: write and write_own run on media threads, one per kind and side, and neither block nor throw; everything
//          else on control.
#pragma once

#include <jackfield/abi/media_sink.h>
#include <jackfield/completion.hpp>

namespace jackfield {

class SinkSession {
public:
    explicit SinkSession(Host host) : host_(host) {}
    virtual ~SinkSession() = default;
    virtual Status write(const jf_frame& frame) noexcept = 0; ///< [media]
    virtual void finish(Completion done) = 0;                 ///< [control]

    Host host() const { return host_; }
    virtual const jf_sink_session_methods& methods() const noexcept { return kMethods; }

    static const jf_sink_session_methods kMethods;

protected:
    Host host_;
};

inline constexpr jf_sink_session_methods SinkSession::kMethods{
    sizeof(jf_sink_session_methods),
    0,
    [](void* self, const jf_frame* frame) { return static_cast<SinkSession*>(self)->write(*frame); },
    [](void* self, jf_done done) {
        auto& session = *static_cast<SinkSession*>(self);
        start_guarded(session.host(), done, [&](Completion& end) { session.finish(std::move(end)); });
    },
    [](void* self) { delete static_cast<SinkSession*>(self); },
    nullptr};

/// A session that keeps both sides of a call.
class BothSidesSession : public SinkSession {
public:
    using SinkSession::SinkSession;
    virtual Status write_own(const jf_frame& frame) noexcept = 0; ///< [media]

    const jf_sink_session_methods& methods() const noexcept final { return kBothSides; }

private:
    static const jf_sink_session_methods kBothSides;
};

inline constexpr jf_sink_session_methods BothSidesSession::kBothSides{
    sizeof(jf_sink_session_methods),
    0,
    kMethods.write,
    kMethods.finish,
    kMethods.release,
    [](void* self, const jf_frame* frame) {
        return static_cast<BothSidesSession*>(static_cast<SinkSession*>(self))->write_own(*frame);
    }};

class MediaSink : public Instance {
public:
    using Interface = MediaSink;
    static constexpr std::string_view kInterfaceId = JF_MEDIA_SINK_INTERFACE;

    using Instance::Instance;

    virtual bool accepts(std::string_view name) const noexcept = 0; ///< [any]

    /// If the options ask for own_audio or own_video, a BothSidesSession or Failure(JF_UNSUPPORTED, ..).
    virtual std::unique_ptr<SinkSession> open(std::string_view name, std::string_view options_json) = 0;

    static const jf_media_sink_methods kMethods;
};

inline constexpr jf_media_sink_methods MediaSink::kMethods{
    sizeof(jf_media_sink_methods), 0,
    [](void* self, jf_text name) {
        return static_cast<std::int32_t>(static_cast<MediaSink*>(self)->accepts(view(name)));
    },
    [](void* self, jf_text name, jf_text options_json, jf_sink_session* session, jf_error* error) {
        return guarded(error, [&] {
            SinkSession* opened = static_cast<MediaSink*>(self)->open(view(name), view(options_json)).release();
            *session = {&opened->methods(), opened};
        });
    },
    nullptr};

/// A sink that has devices to choose from.
class DeviceSink : public MediaSink {
public:
    using Interface = DeviceSink;
    using MediaSink::MediaSink;

    virtual std::string devices() = 0; ///< [worker] devices.schema.json

    static const jf_media_sink_methods kMethods;

private:
    static MediaSink& base(void* self) { return *static_cast<DeviceSink*>(self); }
};

inline constexpr jf_media_sink_methods DeviceSink::kMethods{
    sizeof(jf_media_sink_methods), 0,
    [](void* self, jf_text name) { return MediaSink::kMethods.accepts(&base(self), name); },
    [](void* self, jf_text name, jf_text options_json, jf_sink_session* session, jf_error* error) {
        return MediaSink::kMethods.open(&base(self), name, options_json, session, error);
    },
    [](void* self, jf_writer json, jf_error* error) {
        return guarded(error, [&] { write_to(json, static_cast<DeviceSink*>(self)->devices()); });
    }};

} // namespace jackfield
