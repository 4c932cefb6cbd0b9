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
#include "kernel/media/call_sinks.hpp"
#include "kernel/media/call_source.hpp"
#include "kernel/media/capabilities.hpp"
#include "kernel/media/carriers.hpp"
#include "kernel/media/negotiate.hpp"
#include "kernel/media/renegotiate.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace jackfield::kernel {

/// What a person wants to send and keep in one call.
struct MediaPlan {
    std::string send;   // source name: a file, "test", devices ("microphone:+camera:"); empty: nothing
    std::string record; // sink name: a file, "null"; empty: nothing
    bool audio = true;
    bool video = true;
    bool record_both = false; // what we send goes to that sink, too
    std::string play = {};    // sink name beside it: devices ("speaker:+window:"); empty: nothing
};

/// What a person wants otherwise while the call goes on; what is not said stays.
struct MediaChange {
    std::optional<bool> hold;          // nothing is sent and nothing heard (RFC 3264 section 8.4)
    std::optional<bool> video;         // pictures, both ways
    std::optional<std::string> source; // as MediaPlan::send
    std::optional<std::string> play;   // as MediaPlan::play
    bool restart_ice = false;          // another way is looked for (RFC 8445 section 9); what flows stays
};

/// What flows in a running call.
struct MediaNow {
    std::optional<Direction> audio; // as seen from here; nothing if there is no such stream
    std::optional<Direction> video;
    bool holding = false; // we
    bool muted = false;
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
        std::function<void(Error)> ended; // the transport's path ended; or, with JF_OK, the peer said goodbye
        std::function<void()> changed;    // [any] first_media, ready or failure
    };

    /// Opens source and sink, so that an unreadable file fails before anybody is disturbed. Throws Failure.
    CallMedia(const Board& board, Completions& completions, Workers& workers, PlayThread& playing, MediaPlan plan,
              bool may_bundle, Events events);
    CallMedia(const CallMedia&) = delete;
    CallMedia& operator=(const CallMedia&) = delete;
    ~CallMedia();

    /// How many components of connectivity an offer of ours needs; also for pictures that are added later, should the
    /// peer not bundle. 0 if nothing that is wanted now goes over it.
    std::uint32_t component_count() const
    {
        return components_for(board_, plan_.audio, plan_.video) == 0 ? 0 : components_for(board_, true, true);
    }

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

    // --- while it runs ---

    /// What a change comes to: plan, hold, and the source, open already.
    struct Intent {
        MediaPlan plan;
        bool hold = false;
        std::shared_ptr<CallSource> source;
        std::shared_ptr<CallSinks::Players> players; // null: those that there are
    };

    /// Throws Failure if there is no such source or sink.
    Intent intend(const MediaChange& change);
    Wishes wishes(const Intent& intent) const;
    Wishes wishes() const { return wishes({plan_, hold_, source_, nullptr}); }

    /// It is agreed, or nobody need be asked: another source or sink takes over.
    void adopt(Intent intent);

    MediaDescription next_offer(const Intent& intent, const Negotiated& now, std::uint32_t components) const
    {
        return make_next_offer(capabilities(), wishes(intent), now, components);
    }
    MediaDescription next_answer(const Negotiated& now, const MediaDescription& offer) const
    {
        return make_next_answer(capabilities(), wishes(), now, offer);
    }

    /// Whether the streams can be others in a running call.
    bool changeable() const { return carriers_.changeable(); }

    /// The streams are others from here on. What goes on does so without a gap; `path_of` is asked for new paths.
    /// Throws Failure, after which the call is over.
    void change(const std::vector<AgreedStream>& streams, const PathOf& path_of);

    /// Silence goes out instead of our sound.
    void mute(bool muted);

    /// The peer's camera is held so: its pictures are turned clockwise before they are kept.
    void rotate(std::uint32_t degrees);

    MediaNow now() const;

    /// The sound that goes out, if it carries telephone events; else null.
    SendStream* event_sender() const;

    /// Digits of the peer that have come to an end since the last call.
    std::vector<Digit> take_digits();

    /// The peer asked for one beside the media.
    void send_key_frames();

    /// The stream that statistics count as that number.
    const AgreedStream& stream(std::size_t number) const { return streams_[number]; }

    /// When a packet of any stream that is to come has come last; nothing before the first. [control]
    std::optional<TimePoint> heard_at() const;

    /// The peer has taken its leave in media, and nothing has come since.
    bool said_goodbye() const { return goodbye_at_ && heard_at().value_or(*goodbye_at_) <= *goodbye_at_; }

    /// The longest time between two packets of that stream, of which the later has come since this was asked last.
    StepClock::duration take_longest_gap(std::size_t number)
    {
        return receivers_[number]->arrivals().take_longest_gap();
    }

    // --- the end ---

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
    void finish_recording(std::function<void(Error)> done) { sinks_.finish(std::move(done)); }

    FirstMedia first_media() const;
    std::string statistics() const; // one JSON object: the transport's, with codec, frames and pictures

private:
    void describe_pictures(nlohmann::json& stream, std::size_t number) const;
    MediaCapabilities capabilities() const { return capabilities_of(board_, may_bundle_, cname_); }
    bool comes(MediaKind kind) const;
    bool goes(MediaKind kind) const;
    Recorded recorded() const;
    void add_lane(const AgreedStream& stream);
    void end_lane(std::size_t lane);
    void turn_lane(std::size_t lane, const AgreedStream& stream);
    void replace_lane(std::size_t lane, const AgreedStream& stream);
    void make_sender(std::size_t lane);
    void make_receiver(std::size_t lane);
    void open_new_codecs();
    void widen_sink();
    void write_elsewhere();
    void open_stages(SendStream& stream);

    template <typename Stream>
    void open_on_worker(const std::shared_ptr<Stream>& stream);
    void codec_settled();
    void start_open_streams();

    const Board& board_;
    Workers& workers_;
    PlayThread& playing_;
    MediaPlan plan_;
    bool may_bundle_;
    Events events_;
    std::string cname_;

    std::shared_ptr<CallSource> source_; // second owner: an intent
    bool hold_ = false;
    bool muted_ = false;
    std::uint32_t rotation_deg_ = 0;
    CallSinks sinks_;
    std::shared_ptr<AudioStages> stages_; // second owner: the streams; none without such plugins
    // One lane for each stream there ever was in this call; statistics count them in this order.
    std::vector<AgreedStream> streams_;
    std::vector<bool> live_;
    Senders new_senders_; // whose codecs are to be opened
    Receivers new_receivers_;
    std::vector<std::shared_ptr<void>> leaving_; // until no session knows them

    Senders senders_; // second owner of each: the worker that opens its codec
    Receivers receivers_;
    std::optional<TimePoint> goodbye_at_; // before carriers_, which may tell of it
    Carriers carriers_;
    bool flowing_ = false;
    std::int64_t ready_ns_ = 0;
};

} // namespace jackfield::kernel
