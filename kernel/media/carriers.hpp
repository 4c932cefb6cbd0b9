// The transport sessions of one call: one of each media transport that the agreed streams use.
//
// Threads:  [control]; what the sessions tell comes on the threads of their paths.
// Lifetime: a member of the call's media. The streams outlive the sessions that were told of them.

#pragma once

#include "kernel/bind/board.hpp"
#include "kernel/media/negotiate.hpp"
#include "kernel/media/receive_stream.hpp"
#include "kernel/media/send_stream.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace jackfield::kernel {

using Senders = std::vector<std::shared_ptr<SendStream>>; // one per stream, null where nothing is sent
using Receivers = std::vector<std::shared_ptr<ReceiveStream>>;

using PathOf = std::function<jf_path(const MediaPlace&)>;

class Carriers {
public:
    /// `ended`: the transport's path ended, or the peer said goodbye.
    Carriers(const Board& board, std::string cname, std::function<void(Error)> ended)
        : board_(board), cname_(std::move(cname)), ended_(std::move(ended))
    {}

    /// Each stream is attached to its session. `paths` are those of places_of(streams), in that order. Throws Failure.
    void open(const std::vector<AgreedStream>& streams, const std::vector<jf_path>& paths, const Senders& senders,
              const Receivers& receivers);

    bool opened() const { return !open_.empty(); }

    /// Whether running sessions can get other streams.
    bool changeable() const;

    /// The streams are others from here on; those that are as before, though perhaps in another direction, go on
    /// without a gap. `live` says which of them there still are: none is ever taken off the list. `path_of` is asked
    /// for paths that no session has yet. Throws Failure.
    void change(const std::vector<AgreedStream>& streams, const std::vector<bool>& live, const Senders& senders,
                const Receivers& receivers, const PathOf& path_of);

    /// Closes the paths: nothing is told any more.
    void close() { open_.clear(); }

    /// What all sessions count, one JSON object with the streams in the order of the call; "" if there is none.
    std::string statistics(std::size_t stream_count) const;

private:
    struct Carrier {
        Carrier() = default;
        Carrier(const Carrier&) = delete;
        Carrier& operator=(const Carrier&) = delete;
        ~Carrier();

        std::function<void(Error)> ended;
        std::size_t transport = 0;        // on the board
        std::vector<std::size_t> numbers; // of its streams in the call; an ended one keeps its place
        std::vector<AgreedStream> streams;
        std::vector<bool> over;
        std::vector<MediaPlace> places; // of its paths
        std::vector<jf_path> paths;
        std::size_t ticker = 0; // which of its streams drives RTCP
        jf_media_session session{};
        jf_rate_controller controller{}; // outlives the session

        std::mutex mutex;                 // guards the two lists; held for no longer than it takes to look or to swap
        std::vector<SendStream*> senders; // of its streams, as the session numbers them
        std::vector<ReceiveStream*> receivers;
    };

    static const jf_media_listener_methods kListener;
    struct Lanes {
        const std::vector<AgreedStream>& streams;
        const std::vector<bool>& live;
        const Senders& senders;
        const Receivers& receivers;
        const PathOf& path_of;

        bool uses(std::size_t number, std::size_t transport) const
        {
            return live[number] && streams[number].transport == transport;
        }
    };

    void change_one(std::size_t transport, const Lanes& lanes);
    static void take_lanes(Carrier& carrier, const Lanes& lanes);
    void tell_session(Carrier& carrier);
    void control_rate(Carrier& carrier) const;
    static void attach(Carrier& carrier, const Lanes& lanes);
    std::string session_config(const Carrier& carrier) const;

    const Board& board_;
    std::string cname_;
    std::function<void(Error)> ended_;
    std::vector<std::unique_ptr<Carrier>> open_; // the sessions know where each stands
};

} // namespace jackfield::kernel
