// jackfield call: calls a peer and stays until someone hangs up.

#include "tools/jackfield/in_call.hpp"
#include "tools/jackfield/media_options.hpp"
#include "tools/jackfield/session.hpp"
#include "tools/jackfield/verbs.hpp"

#include <fmt/format.h>

namespace jackfield::program {

namespace {

class CallerView final : public kernel::NodeListener, public InCall {
public:
    CallerView(Progress& progress, MainLoop& loop, bool commands, std::chrono::milliseconds talk_time,
               std::string recording)
        : InCall(progress, loop, commands),
          progress_(progress),
          loop_(loop),
          talk_time_(talk_time),
          recording_(std::move(recording))
    {}

    void timeline(const kernel::TimelineEvent& event) override { progress_.show(event); }

    void answered(kernel::Call& call) override
    {
        answered_at_ = std::chrono::steady_clock::now();
        hear_commands(call);
        if (talk_time_.count() == 0)
            return;
        loop_.post([this, kept = call.shared_from_this()] {
            loop_.at(answered_at_ + talk_time_, [this, kept] { on_time_over(kept); });
        });
    }

    void ended(kernel::Call&, const kernel::CallEnd& end) override
    {
        const auto now = std::chrono::steady_clock::now();
        const double seconds = end.answered ? std::chrono::duration<double>(now - answered_at_).count() : 0;
        progress_.say(sentence_of(end));
        if (const auto table = statistics_table(end.statistics, seconds); !table.empty() && end.answered)
            progress_.say(fmt::format("  after {:.1f} s\n{}", seconds, table));
        RecordingNames::discard_unused(recording_, end.answered);
        exit_code_ = exit_code_of(end);
        forget_commands();
        loop_.quit();
    }

    std::function<void(const std::shared_ptr<kernel::Call>&)> on_time_over;
    int exit_code() const { return exit_code_; }

private:
    Progress& progress_;
    MainLoop& loop_;
    std::chrono::milliseconds talk_time_;
    std::string recording_;
    std::chrono::steady_clock::time_point answered_at_{};
    int exit_code_ = kInterrupted;
};

int run_call(const Arguments& arguments)
{
    MainLoop loop;
    const auto format = event_format(arguments);
    const auto talk_time = arguments.has("for") ? seconds_option(arguments, "for") : std::chrono::milliseconds(0);
    const auto config = read_config(arguments);
    const auto peer = account_argument(arguments.rest().front(), config);
    kernel::MediaPlan plan;
    plan.send = arguments.get("send");
    const RecordingNames recordings(arguments);
    plan.record = recordings.only();
    plan.record_both = recordings.both_sides();
    plan.video = !arguments.has("audio-only");
    Progress progress(format, trace_file(arguments, config.name));
    const auto view = std::make_shared<CallerView>(progress, loop, arguments.has("commands"), talk_time, plan.record);
    const auto node = or_stop(kernel::Node::create(config, view, progress.log()));
    view->use(*node);
    or_stop(node->start());
    const auto call = node->call(peer, plan, view);
    view->on_time_over = [&](const std::shared_ptr<kernel::Call>& which) { node->hang_up(which); };
    loop.on_interrupt = [&] {
        progress.say("hanging up");
        node->hang_up(call);
    };
    loop.run();
    node->stop();
    view->let_go();
    return view->exit_code();
}

} // namespace

Verb call_verb()
{
    return {{"call",
             "PEER",
             "Calls PEER, an account or the name of a contact, and stays until someone hangs up; Ctrl-C hangs up.",
             {config_option(),
              send_option(),
              {"record", "FILE", "keeps what arrives in FILE (.mkv or .webm), which must not be there yet"},
              both_sides_option(),
              overwrite_option(),
              {"for", "SECONDS", "hangs up that long after the answer"},
              {"audio-only", "", "offers no video"},
              commands_option(),
              trace_option(),
              events_option(),
              log_option()},
             1,
             1},
            &run_call};
}

} // namespace jackfield::program
