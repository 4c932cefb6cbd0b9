// Where what arrives in a call goes: to what plays it (loudspeaker, window), and to the recording beside that.
//
// Threads:  [control]; the streams write to the sessions on their own threads.
// Lifetime: a member of the call's media, longer than the streams that write.

#pragma once

#include "kernel/media/call_sink.hpp"
#include "kernel/media/sink_fan.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace jackfield::kernel {

class CallSinks {
public:
    /// Sinks that play, one for each part of a name.
    using Players = std::vector<std::unique_ptr<CallSink>>;

    CallSinks(const Board& board, Completions& completions, const std::string& record)
        : board_(board), completions_(completions), record_(board, completions, record)
    {}

    /// Opened for whatever may come. Throws Failure.
    Players open_players(const std::string& name);

    /// They play from here on, the ones before no more; writers are told before they write again.
    void play_by(Players players);

    /// The recording, as CallSink has it.
    void open(Recorded what)
    {
        record_.open(what);
        join();
    }
    bool widen(Recorded what);

    /// What streams write to; empty if nothing is kept or played.
    jf_sink_session session() const { return fan_->session(); }

    /// What streams on their way out write to; empty if nothing of ours is kept.
    jf_sink_session own_session() const { return record_.own_session(); }

    /// Sessions that no stream writes to any more may go.
    void forget_earlier() { earlier_fans_.clear(); }

    /// No more frames come. `done` says how it went with all of them.
    void finish(std::function<void(Error)> done);

private:
    void join();

    const Board& board_;
    Completions& completions_;
    CallSink record_;
    Players players_;
    Players left_; // that have played before
    std::unique_ptr<SinkFan> fan_ = std::make_unique<SinkFan>(std::vector<jf_sink_session>{});
    std::vector<std::unique_ptr<SinkFan>> earlier_fans_;
};

} // namespace jackfield::kernel
