// jackfield call: calls a peer and stays until someone hangs up.

#include "tools/jackfield/in_call.hpp"
#include "tools/jackfield/media_options.hpp"
#include "tools/jackfield/session.hpp"
#include "tools/jackfield/text_lines.hpp"
#include "tools/jackfield/verbs.hpp"

#include <fmt/format.h>

namespace jackfield::program {

namespace {

class CallerView final : public kernel::NodeListener, public InCall, public std::enable_shared_from_this<CallerView> {
public:
    CallerView(Setup setup, std::chrono::milliseconds talk_time) : InCall(std::move(setup)), talk_time_(talk_time) {}

    void timeline(const kernel::TimelineEvent& event) override { progress_.show(event); }

    void text_received(const kernel::Text& text) override { show_text(text); }
    void typing(const std::string& account, bool active) override { show_typing(account, active); }
    void contacts_changed(const kernel::Contacts& contacts) override { contacts_ = contacts; }

    /// Whoever calls us while we talk waits until somebody at the keyboard takes the call.
    kernel::IncomingPlan incoming(const kernel::IncomingCall& call) override
    {
        if (asked_for_.empty())
            return NodeListener::incoming(call);
        if (call.replaces == asked_for_)
            successor_ = call.id;
        return take_in(call, shared_from_this());
    }

    void ringing(kernel::Call& call) override
    {
        if (call.side == kernel::Side::callee)
            ask_about(call);
    }

    void answered(kernel::Call& call) override
    {
        InCall::answered(call);
        if (!asked_for_.empty() && call.id != successor_) // this is one more
            return;
        asked_for_ = call.id;
        if (talk_time_.count() == 0)
            return;
        loop_.post([this, kept = call.shared_from_this(), until = std::chrono::steady_clock::now() + talk_time_] {
            loop_.at(until, [this, kept] { on_time_over(kept); });
        });
    }

    void ended(kernel::Call& call, const kernel::CallEnd& end) override
    {
        InCall::ended(call, end);
        if (asked_for_.empty() || call.id == asked_for_)
            exit_code_ = exit_code_of(end);
        if (open_calls() == 0)
            loop_.quit();
    }

    std::function<void(const std::shared_ptr<kernel::Call>&)> on_time_over;
    int exit_code() const { return exit_code_; }

private:
    std::chrono::milliseconds talk_time_;
    std::string asked_for_; // the call that this verb was told to make, once it was answered; [control]
    std::string successor_; // that takes its place, once it is answered; [control]
    int exit_code_ = kInterrupted;
};

int run_call(const Arguments& arguments)
{
    MainLoop loop;
    const auto format = event_format(arguments);
    const auto talk_time = arguments.has("for") ? seconds_option(arguments, "for") : std::chrono::milliseconds(0);
    const auto config = read_config(arguments);
    const auto peer = account_argument(arguments.rest().front(), config);
    const RecordingNames recordings(arguments);
    recordings.only(); // says at once if that is taken
    kernel::MediaPlan plan;
    plan.send = source_of(arguments, config);
    plan.play = player_of(arguments, config);
    plan.record_both = recordings.both_sides();
    plan.video = !arguments.has("audio-only");
    Progress progress(format, trace_file(arguments, config.name));
    const auto view = std::make_shared<CallerView>(InCall::Setup{progress, loop, contacts_of(config), plan, recordings,
                                                                 arguments.has("commands"), most_calls(arguments, 2),
                                                                 transfer_policy(arguments)},
                                                   talk_time);
    const auto node = or_stop(kernel::Node::create(config, view, progress.log()));
    view->use(*node, config, view);
    or_stop(node->start());
    const auto call = view->place_first(peer, view);
    view->on_time_over = [&](const std::shared_ptr<kernel::Call>& which) { node->hang_up(which); };
    loop.on_interrupt = [&] {
        progress.say("hanging up");
        node->hang_up(call);
        view->hang_up_all();
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
              play_option(),
              {"record", "FILE", "keeps what arrives in FILE (.mkv or .webm), which must not be there yet"},
              both_sides_option(),
              overwrite_option(),
              {"for", "SECONDS", "hangs up that long after the answer"},
              {"audio-only", "", "offers no video"},
              calls_option(),
              transfers_option(),
              commands_option(),
              trace_option(),
              events_option(),
              log_option()},
             1,
             1},
            &run_call};
}

} // namespace jackfield::program
