// The sink of one call: where what arrives goes, and with `both sides` what we send, told what will come.
//
// Threads:  [control]; the streams write to the session on their own threads.
// Lifetime: a member of the call's media, longer than the streams that write.

#pragma once

#include "kernel/bind/board.hpp"
#include "kernel/bind/completions.hpp"
#include "kernel/error.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace jackfield::kernel {

/// What a recording is told to expect: of the peer, and of ours.
struct Recorded {
    bool audio = false;
    bool video = false;
    bool own_audio = false;
    bool own_video = false;

    bool operator==(const Recorded&) const = default;
    bool own() const { return own_audio || own_video; }
};

class CallSink {
public:
    CallSink(const Board& board, Completions& completions, std::string name)
        : board_(board), completions_(completions), name_(std::move(name))
    {}
    CallSink(const CallSink&) = delete;
    CallSink& operator=(const CallSink&) = delete;
    ~CallSink() { close(); }

    /// Opens it for what is to come, or anew if it was opened for something else. Nothing without a name. Throws
    /// Failure.
    void open(Recorded what);

    /// More comes than it was told. A file cannot get another track: what has been kept is completed, and the rest goes
    /// to a next file ("call-2.mkv"). True if the session is another now; writers are told before they write again.
    /// Throws Failure.
    bool widen(Recorded what);

    /// What streams write to; empty if nothing is kept.
    jf_sink_session session() const { return session_; }

    /// What streams on their way out write to; empty if nothing of ours is kept.
    jf_sink_session own_session() const { return what_.own() ? session_ : jf_sink_session{}; }

    /// No more frames come. `done` says how it went with all files.
    void finish(std::function<void(Error)> done);

private:
    void close();

    const Board& board_;
    Completions& completions_;
    std::string name_;
    struct Finishing {
        std::size_t files = 0;
        Error worst{JF_OK, ""};
        std::function<void(Error)> done;
    };

    void require_own(const std::string& plugin_id);
    void finish_file();
    void take_next_name();

    std::shared_ptr<Finishing> finishing_ = std::make_shared<Finishing>(); // second owner: each file's completion
    std::vector<jf_sink_session> earlier_;                                 // complete, or about to be
    jf_sink_session session_{};
    Recorded what_; // what it was told to expect
};

} // namespace jackfield::kernel
