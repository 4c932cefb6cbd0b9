// What call and listen hear of their calls. See in_call.hpp.

#include "tools/jackfield/in_call.hpp"

#include "tools/jackfield/session.hpp"
#include "tools/jackfield/text_lines.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <charconv>

namespace jackfield::program {

namespace {

const char* word_of(const std::optional<kernel::Direction>& direction)
{
    static constexpr const char* kWords[2][2] = {{"inactive", "receiving"}, {"sending", "both ways"}};
    return direction ? kWords[direction->send ? 1 : 0][direction->receive ? 1 : 0] : "none";
}

} // namespace

OptionInfo commands_option()
{
    return {"commands", "", "while a call runs, lines of standard input are commands (\"help\" lists them)"};
}

OptionInfo calls_option()
{
    return {"calls", "NUMBER", "so many calls at once, and whoever calls beside them is told that we are busy"};
}

OptionInfo transfers_option()
{
    return {"transfers", "POLICY",
            "when a peer wants us to call somebody else: ask, follow or refuse (ask where keys or commands are read)"};
}

TransferPolicy transfer_policy(const Arguments& arguments)
{
    const bool somebody_is_there = arguments.has("commands") || isatty(STDIN_FILENO) != 0;
    const std::string word = arguments.get("transfers", somebody_is_there ? "ask" : "refuse");
    if (word != "ask" && word != "follow" && word != "refuse")
        throw UsageError("--transfers takes ask, follow or refuse, not \"" + word + "\"");
    return word == "ask" ? TransferPolicy::ask : word == "follow" ? TransferPolicy::follow : TransferPolicy::refuse;
}

int most_calls(const Arguments& arguments, int otherwise)
{
    const std::string text = arguments.get("calls", std::to_string(otherwise));
    int most = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), most);
    if (problem != std::errc() || end != text.data() + text.size() || most < 1 || most > 1000)
        throw UsageError("--calls takes a number from 1 to 1000, not \"" + text + "\"");
    return most;
}

InCall::InCall(Setup setup)
    : progress_(setup.progress),
      loop_(setup.loop),
      contacts_(std::move(setup.contacts)),
      recordings_(std::move(setup.recordings)),
      plan_(std::move(setup.plan)),
      most_calls_(setup.most_calls),
      transfers_(setup.transfers),
      console_(setup.progress, setup.loop, setup.commands)
{}

void InCall::use(kernel::Node& node, const kernel::Config& config, const std::weak_ptr<kernel::CallListener>& listener)
{
    node_ = &node;
    config_ = &config;
    listener_ = listener;
    console_.use(
        node, [this](const std::string& peer) { place(peer, listener_.lock()); },
        [this](const std::string& peer) { return account_argument(peer, *config_); });
}

// --- calls begin ----------------------------------------------------------------------------------------------------

kernel::IncomingPlan InCall::take_in(const kernel::IncomingCall& call, std::shared_ptr<kernel::CallListener> listener)
{
    const std::string name = printable(call.display_name);
    const std::string who =
        call.contact.empty() ? call.peer_account : printable(call.contact) + ", " + call.peer_account;
    std::string from = fmt::format("call from {}{}", who, name.empty() ? "" : " (says it is \"" + name + "\")");
    if (!call.referred_by.empty())
        from += ", handed on by " + name_of_peer(call.referred_by, contacts_);
    if (!call.replaces.empty()) {
        from += ": takes the place of a running call";
    } else if (open_ >= most_calls_) {
        progress_.say(from + ": busy");
        return {{}, nullptr, JF_REASON_BUSY};
    }
    progress_.say(from);
    ++open_;
    return {next_plan(), std::move(listener), std::nullopt};
}

void InCall::ask_about(kernel::Call& call)
{
    loop_.post([this, kept = call.shared_from_this(), who = who_is(call)] { console_.waits(kept, who); });
}

std::shared_ptr<kernel::Call> InCall::place_first(const std::string& account,
                                                  const std::shared_ptr<kernel::CallListener>& listener)
{
    ++open_;
    kernel::MediaPlan plan = plan_;
    {
        const std::lock_guard lock(mutex_);
        plan.record = recordings_.only();
        recording_to_.insert(plan.record);
    }
    return node_->call(account, std::move(plan), listener);
}

/// A command of the main thread. Throws UsageError or Stop if nobody is called so.
void InCall::place(const std::string& peer, const std::shared_ptr<kernel::CallListener>& listener)
{
    if (open_ >= most_calls_)
        throw UsageError("there are " + std::to_string(most_calls_) + " calls already; --calls allows more");
    const auto account = account_argument(peer, *config_);
    ++open_;
    node_->call(account, next_plan(), listener);
}

kernel::MediaPlan InCall::next_plan()
{
    const std::lock_guard lock(mutex_);
    kernel::MediaPlan plan = plan_;
    plan.record = recordings_.next(recording_to_);
    recording_to_.insert(plan.record);
    return plan;
}

void InCall::answered(kernel::Call& call)
{
    answered_at_[call.id] = std::chrono::steady_clock::now();
    if (call.side == kernel::Side::callee && !call.plan.record.empty())
        say(call, "recording to " + call.plan.record);
    loop_.post([this, kept = call.shared_from_this(), who = who_is(call)] { console_.begin(kept, who); });
}

// --- what is heard --------------------------------------------------------------------------------------------------

std::string InCall::who_is(const kernel::Call& call) const
{
    return name_of_peer(call.peer_account, contacts_);
}

/// With the name in front where it could be about another call.
void InCall::say(const kernel::Call& call, const std::string& what)
{
    progress_.say(open_ > 1 ? who_is(call) + ": " + what : what);
}

void InCall::source_ended(kernel::Call& call, kernel::MediaKind kind)
{
    say(call, fmt::format("{} of our file has ended", kernel::name_of(kind)));
}

void InCall::held(kernel::Call& call, bool held)
{
    say(call, held ? "the peer has put us on hold" : "the peer hears us again");
}

void InCall::media_changed(kernel::Call& call, const kernel::MediaNow& now)
{
    say(call, fmt::format("media: audio {}, video {}{}{}", word_of(now.audio), word_of(now.video),
                          now.holding ? ", on hold here" : "", now.muted ? ", muted" : ""));
    loop_.post([this, kept = call.shared_from_this(), now] { console_.heard(kept, now); });
}

void InCall::reconnecting(kernel::Call& call, const std::string& why)
{
    say(call, "looking for another way to the peer: " + printable(why));
}

void InCall::reconnected(kernel::Call& call)
{
    say(call, "the call goes on");
}

void InCall::change_refused(kernel::Call& call, const kernel::Error& error)
{
    say(call, fmt::format("nothing has changed: {}: {}", kernel::status_word(error.status), printable(error.text)));
}

void InCall::digit(kernel::Call& call, const kernel::Digit& digit)
{
    say(call, fmt::format("the peer pressed {} for {} ms", digit.key, digit.duration.count()));
}

void InCall::rotated(kernel::Call& call, std::uint32_t degrees)
{
    say(call, fmt::format("pictures of the peer are turned by {} degrees", degrees));
}

void InCall::show_text(const kernel::Text& text)
{
    auto detail = object_of(text, contacts_);
    detail["what"] = "text";
    progress_.show_text("text from " + name_of_peer(text.peer, contacts_) + ": " + printable(text.body), detail.dump());
}

/// That it has stopped is for programs: people see the text, or nothing.
void InCall::show_typing(const std::string& account, bool active)
{
    const nlohmann::json detail{{"what", "typing"}, {"account", account}, {"active", active}};
    progress_.show_text(active ? name_of_peer(account, contacts_) + " is writing" : "", detail.dump());
}

// --- calls that are handed on ---------------------------------------------------------------------------------------

void InCall::referred(kernel::Call& call, const std::shared_ptr<kernel::Referral>& referral)
{
    const std::string whom = name_of_peer(referral->target, contacts_);
    const std::string words = referral->replaces.empty() ? "the peer wants us to call " + whom + " instead"
                                                         : "the peer wants us to talk to " + whom + ", who waits there";
    if (transfers_ == TransferPolicy::refuse) {
        say(call, words + ": refused");
        referral->refuse();
    } else if (transfers_ == TransferPolicy::follow) {
        say(call, words);
        follow(referral);
    } else {
        loop_.post([this, kept = call.shared_from_this(), referral, words] {
            console_.referred(kept, referral, words, [this, referral] { follow(referral); });
        });
    }
}

/// Beside the call that it takes the place of, whatever --calls says. On either thread.
void InCall::follow(const std::shared_ptr<kernel::Referral>& referral)
{
    ++open_;
    node_->follow(referral, next_plan(), listener_.lock());
}

void InCall::transfer_progressed(kernel::Call& call, const kernel::TransferProgress& progress)
{
    const std::string why = progress.text.empty() ? "" : ": " + printable(progress.text);
    const std::string code = progress.code == 0 ? "" : fmt::format(" ({})", progress.code);
    if (progress.succeeded)
        say(call, "the peer talks to whom it was asked to call");
    else if (progress.over)
        say(call, "nothing has come of the transfer" + code + why);
    else if (progress.code == 180)
        say(call, "it rings there");
}

// --- calls end ------------------------------------------------------------------------------------------------------

void InCall::ended(kernel::Call& call, const kernel::CallEnd& end)
{
    const auto answered_at = answered_at_.extract(call.id);
    double seconds = 0;
    if (end.answered && answered_at)
        seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - answered_at.mapped()).count();
    say(call, sentence_of(end));
    if (const auto table = statistics_table(end.statistics, seconds); !table.empty() && end.answered)
        progress_.say(fmt::format("  after {:.1f} s\n{}", seconds, table));
    RecordingNames::discard_unused(call.plan.record, end.answered);
    {
        const std::lock_guard lock(mutex_);
        recording_to_.erase(call.plan.record);
    }
    --open_;
    loop_.post([this, kept = call.shared_from_this()] { console_.end(kept); });
}

} // namespace jackfield::program
