// jackfield listen: waits for calls, and answers, declines or asks.

#include "tools/jackfield/contact_requests.hpp"
#include "tools/jackfield/file_words.hpp"
#include "tools/jackfield/in_call.hpp"
#include "tools/jackfield/media_options.hpp"
#include "tools/jackfield/session.hpp"
#include "tools/jackfield/text_lines.hpp"
#include "tools/jackfield/verbs.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <atomic>

namespace jackfield::program {

namespace {

enum class Policy { answer, decline, ask };

class ListenerView final : public kernel::NodeListener,
                           public InCall,
                           public kernel::FileListener,
                           public std::enable_shared_from_this<ListenerView> {
public:
    ListenerView(Setup setup, Policy policy, bool once) : InCall(std::move(setup)), policy_(policy), once_(once) {}

    void timeline(const kernel::TimelineEvent& event) override { progress_.show(event); }

    void text_received(const kernel::Text& text) override { show_text(text); }
    void typing(const std::string& account, bool active) override { show_typing(account, active); }

    void contact_request(const kernel::ContactRequest& request) override
    {
        auto detail = object_of(request);
        detail["what"] = "contact request";
        progress_.show_contact(line_of(request), detail.dump());
    }

    void contact_accepted(const kernel::Contact& contact) override
    {
        progress_.say(name_of_peer(contact.account_id, contacts_) + " is a contact now: it has accepted");
    }

    void profile(const std::string& account, const kernel::Vcard& card) override
    {
        auto detail = object_of(account, card);
        detail["what"] = "profile";
        progress_.show_contact(
            fmt::format("profile card from {}: \"{}\"", name_of_peer(account, contacts_), printable(card.name)),
            detail.dump());
    }

    void contacts_changed(const kernel::Contacts& contacts) override { contacts_ = contacts; }

    void presence(const kernel::PresenceChange& change) override { progress_.say(presence_line(change, contacts_)); }

    void discovery(const std::string& plugin_id, bool online, const std::string& detail) override
    {
        progress_.say(fmt::format("{}: {}{}", plugin_id, online ? "online" : "offline",
                                  detail.empty() ? "" : " (" + detail + ")"));
    }

    kernel::IncomingPlan incoming(const kernel::IncomingCall& call) override
    {
        return take_in(call, shared_from_this());
    }

    void ringing(kernel::Call& call) override
    {
        if (call.side == kernel::Side::caller) // one that was placed beside another
            return;
        if (policy_ == Policy::answer)
            return call.answer();
        if (policy_ == Policy::decline)
            return call.refuse(JF_REASON_DECLINED);
        ask_about(call);
    }

    void ended(kernel::Call& call, const kernel::CallEnd& end) override
    {
        InCall::ended(call, end);
        exit_code_ = exit_code_of(end);
        if (once_ && open_calls() == 0)
            loop_.quit();
    }

    std::shared_ptr<kernel::FileListener> incoming_file(const std::shared_ptr<kernel::FileTransfer>& transfer) override
    {
        progress_.say(fmt::format("file from {}: {}, {}", transfer->peer_account, printable(transfer->name),
                                  bytes_words(transfer->size)));
        return shared_from_this();
    }

    void progress(kernel::FileTransfer& transfer) override { rates_.show(progress_, transfer); }

    void ended(kernel::FileTransfer& transfer, const kernel::FileEnd& end) override
    {
        progress_.say(rates_.end(progress_, transfer, end));
    }

    int exit_code() const { return exit_code_; }

private:
    Policy policy_;
    FileRates rates_; // [control]
    bool once_;
    std::atomic<int> exit_code_{kInterrupted}; // of the last call; there may be none
};

Policy policy_of(const Arguments& arguments)
{
    const int chosen = arguments.has("answer") + arguments.has("decline") + arguments.has("ask");
    if (chosen > 1)
        throw UsageError("--answer, --decline and --ask exclude each other");
    if (arguments.has("commands") && !arguments.has("answer"))
        throw UsageError("--commands reads standard input, where an answer is asked for, too; --answer would work");
    return arguments.has("answer") ? Policy::answer : arguments.has("decline") ? Policy::decline : Policy::ask;
}

/// {"discovery-opendht":{"listening":"0.0.0.0:4222",..}} as "discovery-opendht: listening 0.0.0.0:4222, .."
std::string in_words(const std::string& description)
{
    std::string text;
    const auto mechanisms = nlohmann::ordered_json::parse(description, nullptr, false);
    for (const auto& [plugin, state] : mechanisms.items()) {
        text += (text.empty() ? "" : "\n") + plugin + ":";
        for (const auto& [key, value] : state.items())
            text += fmt::format("{}{} {}", text.ends_with(':') ? " " : ", ", key,
                                value.is_string() ? value.get<std::string>() : value.dump());
    }
    return text;
}

/// What SIGUSR1 asks for. Whatever is wrong, the node goes on as it was.
void reload(const Arguments& arguments, kernel::Node& node, Progress& progress)
{
    std::string problem;
    try {
        const auto config = read_config(arguments);
        if (const auto taken = node.reconfigure(config); !taken)
            problem = taken.error().text;
    } catch (const Stop& stop) {
        problem = stop.what();
    }
    if (problem.empty())
        progress.say("new calls use the configuration as it is now; running calls end as they began");
    else
        progress.say("nothing has changed: " + problem);
}

int run_listen(const Arguments& arguments)
{
    MainLoop loop;
    const auto format = event_format(arguments);
    const auto policy = policy_of(arguments);
    const auto config = read_config(arguments);
    const auto source = source_of(arguments, config);
    check_source(source);
    const RecordingNames recordings(arguments);
    Progress progress(format, trace_file(arguments, config.name));
    kernel::MediaPlan plan;
    plan.send = source;
    plan.play = player_of(arguments, config);
    plan.record_both = recordings.both_sides();
    const auto view = std::make_shared<ListenerView>(
        InCall::Setup{progress, loop, contacts_of(config), plan, recordings, arguments.has("commands"),
                      most_calls(arguments, policy == Policy::ask ? 2 : 1), transfer_policy(arguments)},
        policy, arguments.has("once"));
    const auto node = or_stop(kernel::Node::create(config, view, progress.log()));
    view->use(*node, config, view);
    const auto ids = or_stop(node->start());
    progress.say(fmt::format("listening as {}", ids.account_id));
    progress.say(format == EventFormat::json ? node->describe_discovery() : in_words(node->describe_discovery()));
    loop.on_reload = [&] { reload(arguments, *node, progress); };
    loop.on_interrupt = [&] {
        progress.say("going offline");
        loop.quit();
    };
    loop.run();
    node->stop();
    view->let_go();
    return arguments.has("once") ? view->exit_code() : kOk;
}

} // namespace

Verb listen_verb()
{
    return {{"listen",
             "",
             "Waits for calls and texts until Ctrl-C, and sends the texts that are kept. Without --answer or --decline "
             "it asks for each (y or n). SIGUSR1 makes it "
             "read its "
             "configuration again.",
             {config_option(),
              {"answer", "", "answers every call"},
              {"decline", "", "declines every call"},
              {"ask", "", "asks for each call (the default)"},
              send_option(),
              play_option(),
              {"record", "FILE",
               "keeps what arrives in FILE (.mkv or .webm); later calls go to FILE-2, FILE-3: nothing is lost"},
              both_sides_option(),
              overwrite_option(),
              {"once", "", "ends after one call, with its exit code; after those beside it, too"},
              calls_option(),
              transfers_option(),
              commands_option(),
              trace_option(),
              events_option(),
              log_option()},
             0,
             0},
            &run_listen};
}

} // namespace jackfield::program
