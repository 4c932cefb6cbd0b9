// All media of one call: what is offered and agreed, the transport, every stream in and out, source and sink.
//
//   offer or answer, agree -> open_codecs (it is agreed what flows) -> open_transport (the paths are up)
//     -> start (accepted) -> stop -> finish_recording
//
// Threads:  [control]; codecs are opened on workers; the streams have threads of their own, all joined in stop.
// Lifetime: belongs to the call's flow; the paths given to open_transport outlive it. A codec that is being opened when
//           its call ends goes as soon as it is open: nobody waits for it.

#pragma once

#include "kernel/bind/board.hpp"
#include "kernel/bind/completions.hpp"
#include "kernel/executor/workers.hpp"
#include "kernel/media/carriers.hpp"
#include "kernel/media/negotiate.hpp"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace jackfield::kernel {

/// What a person wants to send and keep in one call.
struct MediaPlan {
    std::string send;   // source name: a file, "test"; empty: nothing
    std::string record; // sink name: a file, "null"; empty: nothing
    bool audio = true;
    bool video = true;
};

/// When media moved first; 0 before.
struct FirstMedia {
    std::int64_t audio_sent_ns = 0;
    std::int64_t video_sent_ns = 0;
    std::int64_t audio_decoded_ns = 0;
    std::int64_t video_decoded_ns = 0;
    std::int64_t audio_plays_ns = 0; // the first decoded sound is to be played then
};

class CallMedia : public std::enable_shared_from_this<CallMedia> {
public:
    struct Events {
        std::function<void(MediaKind)> source_ended;
        std::function<void(Error)> ended; // the transport's path ended, or the peer said goodbye
        std::function<void()> changed;    // [any] first_media, ready or failure
    };

    /// Opens source and sink, so that an unreadable file fails before anybody is disturbed. Throws Failure.
    CallMedia(const Board& board, Completions& completions, Workers& workers, MediaPlan plan, bool may_bundle,
              Events events);
    CallMedia(const CallMedia&) = delete;
    CallMedia& operator=(const CallMedia&) = delete;
    ~CallMedia();

    /// How many components of connectivity an offer of ours needs.
    std::uint32_t component_count() const;

    /// Descriptions without ICE, with fresh keys each time. Throw Failure.
    MediaDescription offer() const { return make_offer(capabilities(), wishes()); }
    MediaDescription answer(const MediaDescription& offer) const
    {
        return make_answer(capabilities(), wishes(), offer);
    }
    std::vector<AgreedStream> agree(const MediaDescription& local, const MediaDescription& remote) const
    {
        return jackfield::kernel::agree(capabilities(), local, remote);
    }

    /// Encoders and decoders begin to open. Those of other streams are closed, with their transport. Throws Failure.
    void open_codecs(std::vector<AgreedStream> streams);

    /// The transport stands ready; so will the codecs. `paths` are those of places_of(streams), in that order. A
    /// transport that was open before is closed. Throws Failure.
    void open_transport(std::vector<AgreedStream> streams, const std::vector<jf_path>& paths);

    void close_transport();
    bool open() const { return carriers_.opened(); }

    /// Sound and pictures flow: each stream at once, or as soon as its codec is open.
    void start();

    /// All codecs are open. When that was; 0 before.
    bool ready() const;
    std::int64_t ready_ns() const { return ready_ns_; }

    /// Why a codec did not open or the source did not start.
    std::optional<Error> failure() const;

    /// Everything stops; nothing of this call runs afterwards. Then the sink is completed, and `done` called.
    void stop();
    void finish_recording(std::function<void(Error)> done);

    FirstMedia first_media() const;
    std::string statistics() const; // one JSON object: the transport's, with codec, frames and pictures

private:
    static const jf_source_listener_methods kSourceListener;

    void describe_pictures(nlohmann::json& stream, std::size_t number) const;
    MediaCapabilities capabilities() const;
    Wishes wishes() const;
    void open_source();
    void open_sink(bool audio, bool video);
    void fit_sink();

    template <typename Stream>
    void open_on_worker(const std::shared_ptr<Stream>& stream);
    void codec_settled();
    void start_open_streams();
    void start_source(SendStream& sender);

    const Board& board_;
    Completions& completions_;
    Workers& workers_;
    MediaPlan plan_;
    bool may_bundle_;
    Events events_;
    std::string cname_;

    jf_source_session source_{};
    jf_source_info source_info_{};
    jf_sink_session sink_{};
    bool sink_audio_ = false; // what it was told to expect
    bool sink_video_ = false;

    std::vector<AgreedStream> streams_;

    Senders senders_; // second owner of each: the worker that opens its codec
    Receivers receivers_;
    Carriers carriers_;
    std::array<SendStream*, 2> sender_of_{}; // by MediaKind, for the source's threads
    bool flowing_ = false;
    std::int64_t ready_ns_ = 0;
    std::optional<Error> source_failure_;
};

} // namespace jackfield::kernel
