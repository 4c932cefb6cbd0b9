// jackfield listen: waits for calls, and answers, declines or asks.

#include "tools/jackfield/session.hpp"
#include "tools/jackfield/verbs.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace jackfield::program {

namespace {

enum class Policy { answer, decline, ask };

class ListenerView final : public kernel::NodeListener,
                           public kernel::CallListener,
                           public std::enable_shared_from_this<ListenerView> {
public:
    ListenerView(Progress& progress, MainLoop& loop, Policy policy, kernel::MediaPlan plan, bool once)
        : progress_(progress), loop_(loop), policy_(policy), plan_(std::move(plan)), once_(once)
    {}

    void timeline(const kernel::TimelineEvent& event) override { progress_.show(event); }

    void discovery(const std::string& plugin_id, bool online, const std::string& detail) override
    {
        progress_.say(fmt::format("{}: {}{}", plugin_id, online ? "online" : "offline",
                                  detail.empty() ? "" : " (" + detail + ")"));
    }

    kernel::IncomingPlan incoming(const kernel::IncomingCall& call) override
    {
        progress_.say(fmt::format("call from {}{}", call.peer_account,
                                  call.display_name.empty() ? "" : " (says it is \"" + call.display_name + "\")"));
        if (busy_)
            return {{}, nullptr, JF_REASON_BUSY};
        busy_ = true;
        return {plan_, shared_from_this(), std::nullopt};
    }

    void ringing(kernel::Call& call) override
    {
        if (policy_ == Policy::answer)
            return call.answer();
        if (policy_ == Policy::decline)
            return call.refuse(JF_REASON_DECLINED);
        progress_.say("answer? (y/n)");
        loop_.post([this, kept = call.shared_from_this()] { asked_about_ = kept; });
    }

    void answered(kernel::Call&) override { answered_at_ = std::chrono::steady_clock::now(); }

    void source_ended(kernel::Call&, kernel::MediaKind kind) override
    {
        progress_.say(fmt::format("{} of our file has ended", kernel::name_of(kind)));
    }

    void ended(kernel::Call&, const kernel::CallEnd& end) override
    {
        const auto now = std::chrono::steady_clock::now();
        const double seconds = end.answered ? std::chrono::duration<double>(now - answered_at_).count() : 0;
        progress_.say(sentence_of(end));
        if (const auto table = statistics_table(end.statistics, seconds); !table.empty() && end.answered)
            progress_.say(fmt::format("  {:.1f} s\n{}", seconds, table));
        busy_ = false;
        loop_.post([this, code = exit_code_of(end)] {
            asked_about_.reset();
            exit_code_ = code;
            if (once_)
                loop_.quit();
        });
    }

    /// A line of input, on the main thread: the answer to our question.
    void line(kernel::Node& node, const std::string& text)
    {
        if (!asked_about_ || text.empty())
            return;
        if (text.front() == 'y' || text.front() == 'Y')
            node.answer(asked_about_);
        else
            node.refuse(asked_about_);
        asked_about_.reset();
    }

    int exit_code() const { return exit_code_; }

private:
    Progress& progress_;
    MainLoop& loop_;
    Policy policy_;
    kernel::MediaPlan plan_;
    bool once_;
    bool busy_ = false; // [control]
    std::chrono::steady_clock::time_point answered_at_{};
    std::shared_ptr<kernel::Call> asked_about_; // main thread
    int exit_code_ = kOk;
};

Policy policy_of(const Arguments& arguments)
{
    const int chosen = arguments.has("answer") + arguments.has("decline") + arguments.has("ask");
    if (chosen > 1)
        throw UsageError("--answer, --decline and --ask exclude each other");
    return arguments.has("answer") ? Policy::answer : arguments.has("decline") ? Policy::decline : Policy::ask;
}

int run_listen(const Arguments& arguments)
{
    MainLoop loop;
    const auto format = event_format(arguments);
    Progress progress(format);
    kernel::MediaPlan plan;
    plan.send = arguments.get("send");
    plan.record = arguments.get("record", "null");
    const auto view =
        std::make_shared<ListenerView>(progress, loop, policy_of(arguments), std::move(plan), arguments.has("once"));
    const auto node = or_stop(kernel::Node::create(read_config(arguments), view, standard_log()));
    const auto ids = or_stop(node->start());
    progress.say(fmt::format("listening as {}", ids.account_id));
    progress.say(node->describe_discovery());
    loop.on_line = [&](const std::string& text) { view->line(*node, text); };
    loop.on_interrupt = [&] {
        progress.say("going offline");
        loop.quit();
    };
    loop.run();
    node->stop();
    return arguments.has("once") && !loop.interrupted() ? view->exit_code() : kOk;
}

} // namespace

Verb listen_verb()
{
    return {{"listen",
             "",
             "Waits for calls until Ctrl-C. Without --answer or --decline it asks for each (y or n).",
             {config_option(),
              {"answer", "", "answers every call"},
              {"decline", "", "declines every call"},
              {"ask", "", "asks for each call (the default)"},
              {"send", "SRC", "what to send: a media file, or \"test\" for a picture and a tone"},
              {"record", "FILE", "keeps what arrives in FILE (.mkv or .webm); the last call stays"},
              {"once", "", "ends after one call, with its exit code"},
              events_option(),
              log_option()},
             0,
             0},
            &run_listen};
}

} // namespace jackfield::program
