// A board whose media plugins do what a test tells them: codecs that take their time to open or do not open at all, a
// source and a transport that only remember what was asked of them.
//
// Threads: the script is changed and looked at on any thread. Lifetime: the test's; outlives the media made on the
// board.

#pragma once

#include "kernel/bind/board.hpp"
#include "kernel/bind/text.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace jackfield::kernel::testing {

class Script {
public:
    /// Opening a codec of that name ("encode opus") does not return before `release`.
    void hold(const std::string& what)
    {
        const std::lock_guard lock(mutex_);
        held_.insert(what);
    }
    void release(const std::string& what)
    {
        const std::lock_guard lock(mutex_);
        held_.erase(what);
        changed_.notify_all();
    }
    void refuse(const std::string& what)
    {
        const std::lock_guard lock(mutex_);
        refused_.insert(what);
    }

    /// Something happened; waits where the test holds it. False: it is to fail.
    bool happen(const std::string& what)
    {
        std::unique_lock lock(mutex_);
        seen_.push_back(what);
        changed_.notify_all();
        changed_.wait(lock, [&] { return !held_.contains(what); });
        return !refused_.contains(what);
    }

    bool source_joins_late = false; // before it is opened

    /// Waits until it has happened; false after ten seconds.
    bool wait_for(const std::string& what)
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return count_locked(what) > 0; });
    }
    std::ptrdiff_t count(const std::string& what)
    {
        const std::lock_guard lock(mutex_);
        return count_locked(what);
    }

private:
    std::ptrdiff_t count_locked(const std::string& what) const { return std::ranges::count(seen_, what); }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::set<std::string> held_;
    std::set<std::string> refused_;
    std::vector<std::string> seen_;
};

/// The plugins themselves: tables of C functions whose `self` is the script.
class ScriptedBoard {
public:
    explicit ScriptedBoard(ControlThread& control)
        : registry_(Registry::scan({})), board_(control, registry_, resolved_, JF_LOG_ERROR, {})
    {
        board_.codecs.push_back({&kCodec, &script, "scripted-codec"});
        board_.sources.push_back({&kSource, &script, "scripted-source"});
        board_.media_transports = {{{&kTransport, &script, "scripted-transport"}, {}}};
    }

    Script script;
    const Board& board() const { return board_; }
    void add_sink(Plug<jf_media_sink_methods> plug) { board_.sinks.push_back(std::move(plug)); }

    void put_sources(std::vector<Plug<jf_media_source_methods>> plugs) { board_.sources = std::move(plugs); }
    void put_stages(std::vector<Plug<jf_audio_stage_methods>> plugs) { board_.audio_stages = std::move(plugs); }

    /// What comes out of the decoder of pictures that was opened last.
    static void decode(const jf_frame& frame)
    {
        const std::lock_guard lock(frames_mutex_);
        frames_.frame(frames_.self, &frame);
    }

    /// What the transport of the last call would hear from its path.
    void ask_for_key_frame(std::uint32_t stream) { listener_.methods->key_frame_requested(listener_.self, stream); }

private:
    inline static jf_media_listener listener_{};
    inline static std::mutex frames_mutex_;
    inline static jf_frame_sink frames_{};

    static Script& of(void* self) { return *static_cast<Script*>(self); }

    static std::string name_in(jf_text config)
    {
        const std::string_view text = view_of(config);
        return text.find("VP8") != std::string_view::npos ? "VP8" : "opus";
    }

    static jf_status refuse(jf_error* error, std::string_view text)
    {
        text.copy(error->text, sizeof(error->text) - 1);
        return JF_EXHAUSTED;
    }

    static constexpr jf_encoder_methods kEncoder{sizeof(jf_encoder_methods),
                                                 0,
                                                 [](void*, const jf_frame*) -> jf_status { return JF_OK; },
                                                 [](void*, std::uint32_t) {},
                                                 [](void* self) { of(self).happen("key frame"); },
                                                 [](void* self) { of(self).happen("release encoder"); },
                                                 [](void*, std::uint32_t) {}};

    static constexpr jf_decoder_methods kDecoder{sizeof(jf_decoder_methods), 0,
                                                 [](void*, const jf_payload*) -> jf_status { return JF_OK; },
                                                 [](void* self) { of(self).happen("release decoder"); }};

    static constexpr jf_codec_methods kCodec{
        sizeof(jf_codec_methods), 0, [](void*, jf_writer, jf_error*) -> jf_status { return JF_UNSUPPORTED; },
        [](void* self, jf_text config, jf_payload_sink, jf_encoder* encoder, jf_error* error) -> jf_status {
            if (!of(self).happen("encode " + name_in(config)))
                return refuse(error, "no memory for pictures");
            *encoder = {&kEncoder, self};
            return JF_OK;
        },
        [](void* self, jf_text config, jf_frame_sink frames, jf_decoder* decoder, jf_error* error) -> jf_status {
            if (name_in(config) == "VP8") { // decoders of other streams open on other threads
                const std::lock_guard lock(frames_mutex_);
                frames_ = frames;
            }
            if (!of(self).happen("decode " + name_in(config)))
                return refuse(error, "no memory for pictures");
            *decoder = {&kDecoder, self};
            return JF_OK;
        }};

    static constexpr jf_source_session_methods kSourceSession{
        sizeof(jf_source_session_methods), 0,
        [](void* self, jf_source_info* info, jf_error*) -> jf_status {
            const std::uint32_t joins = of(self).source_joins_late ? 1 : 0;
            *info = {sizeof(jf_source_info), 1, 48000, 1, 1, 640, 480, 30'000, 0, joins, 0};
            return JF_OK;
        },
        [](void* self, const jf_source_format* format, jf_error* error) -> jf_status {
            const bool video = format->kind == JF_VIDEO;
            return of(self).happen(video ? "pictures start" : "sound starts") ? JF_OK : refuse(error, "unplugged");
        },
        [](void*) {}};

    static constexpr jf_media_source_methods kSource{
        sizeof(jf_media_source_methods), 0, [](void*, jf_text) -> std::int32_t { return 1; },
        [](void* self, jf_text, jf_text, jf_source_listener, jf_source_session* session, jf_error*) -> jf_status {
            *session = {&kSourceSession, self};
            return JF_OK;
        },
        nullptr};

    static constexpr jf_media_session_methods kMediaSession{
        sizeof(jf_media_session_methods),
        0,
        [](void*, std::uint32_t, const jf_payload*) -> jf_status { return JF_OK; },
        [](void*, std::uint32_t, std::int64_t, jf_payload*, std::int64_t* next_due_ns) -> jf_status {
            *next_due_ns = INT64_MAX;
            return JF_WOULD_BLOCK;
        },
        [](void*, std::int64_t) -> std::int64_t { return INT64_MAX; },
        [](void*, std::uint32_t) {},
        [](void*, jf_writer, jf_error*) -> jf_status { return JF_OK; },
        [](void* self) { of(self).happen("close transport"); },
        [](void* self, jf_text, const jf_path*, std::size_t, jf_error* error) -> jf_status {
            return of(self).happen("change transport") ? JF_OK : refuse(error, "no more streams");
        },
        nullptr};

    static constexpr jf_media_transport_methods kTransport{
        sizeof(jf_media_transport_methods), 0, [](void*, jf_writer, jf_error*) -> jf_status { return JF_UNSUPPORTED; },
        [](void*, jf_text, jf_writer, jf_error*) -> jf_status { return JF_UNSUPPORTED; },
        [](void* self, jf_text, const jf_path*, std::size_t, jf_media_listener listener, jf_media_session* session,
           jf_error*) -> jf_status {
            listener_ = listener;
            of(self).happen("open transport");
            *session = {&kMediaSession, self};
            return JF_OK;
        }};

    Registry registry_;
    Resolved resolved_;
    Board board_;
};

} // namespace jackfield::kernel::testing
