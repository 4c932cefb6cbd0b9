// jackfield.media_transport/1: derive from MediaTransport and MediaSession to carry payloads in a new way.
//
// Threads: see the tags; [media] methods neither allocate nor block and cannot throw.
#pragma once

#include <jackfield/abi/media_transport.h>
#include <jackfield/completion.hpp>
#include <jackfield/path.hpp>

namespace jackfield {

/// The kernel's ear.
class MediaListener {
public:
    explicit MediaListener(jf_media_listener raw) : raw_(raw) {}

    void arrived(std::uint32_t stream) const noexcept { raw_.methods->arrived(raw_.self, stream); } ///< [media]
    void key_frame_requested(std::uint32_t stream) const noexcept                                   ///< [media]
    {
        raw_.methods->key_frame_requested(raw_.self, stream);
    }
    void loss_reported(std::uint32_t stream, std::uint32_t percent) const noexcept ///< [media]
    {
        if (JF_HAS(raw_.methods, loss_reported))
            raw_.methods->loss_reported(raw_.self, stream, percent);
    }
    void target_rate(std::uint32_t stream, std::uint32_t bits_per_second) const noexcept ///< [media]
    {
        if (JF_HAS(raw_.methods, target_rate))
            raw_.methods->target_rate(raw_.self, stream, bits_per_second);
    }
    bool can_tick() const noexcept { return JF_HAS(raw_.methods, tick_due); } ///< [any]
    void tick_due() const noexcept                                            ///< [media]
    {
        if (can_tick())
            raw_.methods->tick_due(raw_.self);
    }
    void ended(Status status, std::string_view text) const ///< [control]
    {
        const jf_error error = make_error(status, text);
        raw_.methods->ended(raw_.self, status, &error);
    }

private:
    jf_media_listener raw_;
};

/// The transport of one call. Destroying it says goodbye and closes the paths.
class MediaSession {
public:
    virtual ~MediaSession() = default;

    virtual Status send(std::uint32_t stream, const jf_payload& payload) noexcept = 0; ///< [media]
    virtual Status take(std::uint32_t stream, std::int64_t now_ns, jf_payload& payload,
                        std::int64_t& next_due_ns) noexcept = 0;       ///< [media]
    virtual std::int64_t tick(std::int64_t now_ns) noexcept = 0;       ///< [media]
    virtual void request_key_frame(std::uint32_t stream) noexcept = 0; ///< [any]
    virtual std::string statistics() = 0;                              ///< [any]

    /// Optional: other streams on the same paths and on new ones, which stand behind. [control] Throws Failure.
    virtual void change(std::string_view /*config_json*/, std::vector<Path> /*paths*/)
    {
        throw Failure(JF_UNSUPPORTED, "this transport cannot change its streams");
    }

    /// Optional: the controller says how fast to send. It outlives the session. [control]
    virtual void control_rate(jf_rate_controller) {}

    static const jf_media_session_methods kMethods;
};

class MediaTransport : public Instance {
public:
    using Interface = MediaTransport;
    static constexpr std::string_view kInterfaceId = JF_MEDIA_TRANSPORT_INTERFACE;

    using Instance::Instance;

    virtual std::string capabilities() = 0;                   ///< [any]
    virtual std::string make_key(std::string_view suite) = 0; ///< [any]
    virtual std::unique_ptr<MediaSession> open(std::string_view config_json, std::vector<Path> paths,
                                               MediaListener listener) = 0; ///< [control]

    static const jf_media_transport_methods kMethods;
};

namespace detail {
inline MediaSession& media_session(void* self)
{
    return *static_cast<MediaSession*>(self);
}

inline std::vector<Path> views_of(const jf_path* paths, std::size_t count)
{
    std::vector<Path> views;
    for (std::size_t i = 0; i < count; ++i)
        views.emplace_back(paths[i]);
    return views;
}
} // namespace detail

inline constexpr jf_media_session_methods MediaSession::kMethods{
    sizeof(jf_media_session_methods),
    0,
    [](void* self, std::uint32_t stream, const jf_payload* payload) {
        return detail::media_session(self).send(stream, *payload);
    },
    [](void* self, std::uint32_t stream, std::int64_t now_ns, jf_payload* payload, std::int64_t* next_due_ns) {
        return detail::media_session(self).take(stream, now_ns, *payload, *next_due_ns);
    },
    [](void* self, std::int64_t now_ns) { return detail::media_session(self).tick(now_ns); },
    [](void* self, std::uint32_t stream) { detail::media_session(self).request_key_frame(stream); },
    [](void* self, jf_writer json, jf_error* error) {
        return guarded(error, [&] { write_to(json, std::string_view(detail::media_session(self).statistics())); });
    },
    [](void* self) { delete static_cast<MediaSession*>(self); },
    [](void* self, jf_text config_json, const jf_path* paths, std::size_t path_count, jf_error* error) {
        return guarded(
            error, [&] { detail::media_session(self).change(view(config_json), detail::views_of(paths, path_count)); });
    },
    [](void* self, jf_rate_controller controller) { detail::media_session(self).control_rate(controller); }};

inline constexpr jf_media_transport_methods MediaTransport::kMethods{
    sizeof(jf_media_transport_methods), 0,
    [](void* self, jf_writer json, jf_error* error) {
        return guarded(error,
                       [&] { write_to(json, std::string_view(static_cast<MediaTransport*>(self)->capabilities())); });
    },
    [](void* self, jf_text suite, jf_writer base64, jf_error* error) {
        return guarded(error, [&] {
            write_to(base64, std::string_view(static_cast<MediaTransport*>(self)->make_key(view(suite))));
        });
    },
    [](void* self, jf_text config_json, const jf_path* paths, std::size_t path_count, jf_media_listener listener,
       jf_media_session* session, jf_error* error) {
        return guarded(error, [&] {
            auto made = static_cast<MediaTransport*>(self)->open(view(config_json), detail::views_of(paths, path_count),
                                                                 MediaListener(listener));
            *session = {&MediaSession::kMethods, made.release()};
        });
    }};

} // namespace jackfield
