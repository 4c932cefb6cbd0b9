// The source of one call: where sound and pictures come from, and which stream takes them.
//
// Threads:  [control]; frames come on the source's threads, one per kind.
// Lifetime: a member of the call's media. A stream that takes frames outlives its taking.

#pragma once

#include "kernel/bind/board.hpp"
#include "kernel/media/send_stream.hpp"

#include <array>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace jackfield::kernel {

class CallSource {
public:
    CallSource(const Board& board, std::function<void(MediaKind)> ended) : board_(board), ended_(std::move(ended)) {}
    CallSource(const CallSource&) = delete;
    CallSource& operator=(const CallSource&) = delete;
    ~CallSource() { close(); }

    /// Opens what has that name, far enough to know what is inside. Of several joined by + (media_names.hpp) each kind
    /// comes from the first that has it. Throws Failure.
    void open(const std::string& name);

    /// What there is to have; nothing of either kind while it is closed.
    const jf_source_info& info() const { return info_; }

    /// Frames of the stream's kind come to it from here on, and to nobody else.
    void feed(SendStream& stream);

    /// Pictures of the same part run along with the sound, to nobody: both kinds keep one clock, and pictures that
    /// start seconds later would hold up the sound. Not where the source says that they join it.
    void run_idle_pictures();

    /// Frames of that kind come to nobody; one that is on its way is waited for.
    void starve(MediaKind kind);

    /// No frame comes any more. Idempotent.
    void close();

    /// Why frames do not come.
    const std::optional<Error>& failure() const { return failure_; }

private:
    static const jf_source_listener_methods kListener;

    void open_part(const std::string& name);
    jf_status open_by(const Plug<jf_media_source_methods>& plug, const std::string& name, Error& problem);

    const Board& board_;
    std::function<void(MediaKind)> ended_;
    std::vector<jf_source_session> parts_;
    jf_source_info info_{};
    struct Taker {
        std::mutex mutex; // held while a frame is taken: control waits for that, the source for a pointer at most
        SendStream* stream = nullptr;
        bool started = false;
        jf_source_session from{}; // one of the parts
    };

    Taker& taker_of(MediaKind kind) { return takers_[kind == MediaKind::video ? 1 : 0]; }

    std::array<Taker, 2> takers_; // by MediaKind, for the source's threads
    std::optional<Error> failure_;
};

} // namespace jackfield::kernel
