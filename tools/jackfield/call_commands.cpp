// Keys and commands while a call runs. See call_console.hpp.

#include "tools/jackfield/call_console.hpp"
#include "tools/jackfield/output.hpp"
#include "tools/jackfield/raw_terminal.hpp"

#include <fmt/format.h>

#include <charconv>

namespace jackfield::program {

namespace {

constexpr const char* kKeysHelp =
    "keys: h hold, m mute, v video, r rotate, d digits, s statistics, q hang up, a take or x decline a call that "
    "waits, w the other call, t hand the call on, c connect the other two, e write a text, ? help";
constexpr const char* kCommandsHelp =
    "commands: hold, resume, mute, unmute, video on, video off, source SRC, play SINK, digits KEYS, "
    "rotate [DEGREES], statistics, hangup, call PEER, take, decline, other, calls, transfer PEER, connect, follow, "
    "stay, "
    "text MESSAGE, typing [off], help";

} // namespace

void CallConsole::read_input()
{
    settle(); // a question about a call that has come while this one was being taken
    if (commands_)
        return ask_for_command();
    raw_ = RawTerminal::begin();
    if (!raw_)
        return;
    progress_.say(kKeysHelp);
    loop_.watch_keys([this](char typed) { key(typed); });
}

void CallConsole::read_no_input()
{
    if (commands_)
        return loop_.forget_question();
    if (!std::exchange(raw_, false))
        return;
    loop_.watch_keys({});
    RawTerminal::end();
}

void CallConsole::ask_for_command()
{
    loop_.ask_for_line([this](const std::optional<std::string>& line) {
        if (!line)
            return;
        loop_.post([this] { // one a turn: a command may end the call
            if (!lines_.empty())
                ask_for_command();
        });
        obey(*line);
    });
}

void CallConsole::key(char typed)
{
    static constexpr std::string_view kKeys = "0123456789*#ABCD";
    if (take_entry(typed))
        return;
    if (digits_ && kKeys.find(typed) != std::string_view::npos)
        return node_->send_digits(current().call, std::string(1, typed));
    if (std::exchange(digits_, false))
        progress_.say("digits: done");
    const bool video = current().heard ? current().now.video.has_value() : current().call->plan.video;
    switch (typed) {
    case 'h':
        return obey(current().on_hold ? "resume" : "hold");
    case 'm':
        return obey(current().now.muted ? "unmute" : "mute");
    case 'v':
        return obey(video ? "video off" : "video on");
    case 'r':
        return obey("rotate");
    case 's':
        return obey("statistics");
    case 'q':
        return obey("hangup");
    case 'a':
        return obey("take");
    case 'x':
        return obey("decline");
    case 'w':
        return obey("other");
    case 't':
        entry_ = Entry{.account = current().call->peer_account};
        return progress_.say("to whom? a name or an account, then Enter");
    case 'e':
        entry_ = Entry{.is_text = true, .account = current().call->peer_account};
        return progress_.say("a text for the peer, then Enter; Escape puts it aside");
    case 'c':
        return obey("connect");
    case 'f':
        return obey("follow");
    case 'n':
        return obey("stay");
    case 'd':
        digits_ = true;
        return progress_.say("digits: 0-9 * # A-D, any other key ends");
    case '?':
        return progress_.say(kKeysHelp);
    default:
        return;
    }
}

void CallConsole::obey(const std::string& line)
{
    const std::string text = line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
    const auto blank = text.find(' ');
    const auto begin = blank == std::string::npos ? text.size() : text.find_first_not_of(' ', blank);
    const std::string word = text.substr(0, blank);
    const std::string rest = begin >= text.size() ? "" : text.substr(begin);
    if (!obey_about_calls(word, rest))
        obey_about_current(word, rest);
}

bool CallConsole::obey_about_calls(const std::string& word, const std::string& rest)
{
    if (word == "take")
        take();
    else if (word == "decline")
        decline();
    else if (word == "other")
        go_to_other();
    else if (word == "calls")
        list_calls();
    else if (word == "call" && !rest.empty())
        place(rest);
    else if (word == "connect")
        connect_others();
    else if (word == "follow" || word == "stay")
        decide_wish(word == "follow");
    else
        return false;
    return true;
}

void CallConsole::obey_about_current(const std::string& word, const std::string& rest)
{
    const auto& call = current().call;
    if (word == "hold" || word == "resume")
        hold(word == "hold");
    else if (word == "mute" || word == "unmute")
        node_->mute(call, word == "mute");
    else if (word == "video" && (rest == "on" || rest == "off"))
        node_->change(call, {.hold = {}, .video = rest == "on", .source = {}, .play = {}});
    else if (word == "source" && !rest.empty())
        node_->change(call, {.hold = {}, .video = {}, .source = rest == "none" ? "" : rest, .play = {}});
    else if (word == "play" && !rest.empty())
        node_->change(call, {.hold = {}, .video = {}, .source = {}, .play = rest == "none" ? "" : rest});
    else if (word == "digits" && !rest.empty())
        node_->send_digits(call, rest);
    else if (word == "rotate")
        rotate(rest);
    else if (word == "transfer" && !rest.empty())
        transfer(rest);
    else if (word == "text" && !rest.empty())
        write(rest);
    else if (word == "typing" && (rest.empty() || rest == "off"))
        say_typing(rest.empty());
    else if (word == "statistics")
        progress_.say(progress_.quality());
    else if (word == "hangup")
        node_->hang_up(call);
    else if (word == "help")
        progress_.say(kCommandsHelp);
    else if (!word.empty())
        progress_.say("no command \"" + printable(word) + "\"; " + kCommandsHelp);
}

/// Without a number by one more quarter.
void CallConsole::rotate(const std::string& degrees)
{
    std::uint32_t wanted = (current().rotation_deg + 90) % 360;
    const auto [end, problem] = std::from_chars(degrees.data(), degrees.data() + degrees.size(), wanted);
    if (!degrees.empty() &&
        (problem != std::errc() || end != degrees.data() + degrees.size() || wanted % 90 != 0 || wanted > 270))
        return progress_.say("rotate takes 0, 90, 180 or 270");
    current().rotation_deg = wanted;
    node_->rotate(current().call, wanted);
    progress_.say(fmt::format("our pictures are turned by {} degrees", wanted));
}

// --- what is typed up to Enter --------------------------------------------------------------------------------------

namespace {

constexpr char kBackspace = 0x08;
constexpr char kDelete = 0x7f; // what most terminals send for it
constexpr char kEscape = 0x1b;
constexpr std::size_t kLongestEntry = 4096;
constexpr auto kTellAgain = std::chrono::seconds(60); // that we still write: within two minutes

/// One character, which in UTF-8 may be several bytes.
void take_back(std::string& text)
{
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0U) == 0x80U)
        text.pop_back();
    if (!text.empty())
        text.pop_back();
}

} // namespace

/// True if it belongs to what is being typed.
bool CallConsole::take_entry(char typed)
{
    if (!entry_)
        return false;
    if (typed == kEscape) {
        end_entry();
    } else if (typed == '\r' || typed == '\n') {
        const Entry entry = std::move(*entry_);
        const bool writes = !entry.typed.empty();
        if (writes)
            entry_->told = {}; // the text itself says that we do not write any more
        end_entry();
        if (writes)
            obey((entry.is_text ? "text " : "transfer ") + entry.typed);
    } else {
        if (typed == kBackspace || typed == kDelete)
            take_back(entry_->typed);
        else if (entry_->typed.size() < kLongestEntry)
            entry_->typed.push_back(typed);
        progress_.live("entry", entry_->is_text ? "text: " + printable(entry_->typed) : "");
        const auto now = std::chrono::steady_clock::now();
        if (entry_->is_text && now - entry_->told >= kTellAgain) {
            entry_->told = now;
            node_->typing(entry_->account, true);
        }
    }
    return true;
}

void CallConsole::end_entry()
{
    progress_.live("entry", "");
    if (entry_->told != decltype(entry_->told){})
        node_->typing(entry_->account, false);
    entry_.reset();
}

void CallConsole::write(const std::string& text)
{
    const auto written = node_->send_text(current().call->peer_account, text);
    progress_.say(written ? "written to " + current().who : written.error().text);
}

void CallConsole::say_typing(bool active)
{
    node_->typing(current().call->peer_account, active);
}

// --- calls that are handed on ---------------------------------------------------------------------------------------

void CallConsole::transfer(const std::string& peer)
{
    try {
        node_->transfer(current().call, account_of_(peer));
        progress_.say("the peer is asked to call " + printable(peer));
    } catch (const std::exception& nobody) {
        progress_.say(nobody.what());
    }
}

/// This call and the next one, in which we are too many.
void CallConsole::connect_others()
{
    if (lines_.size() < 2)
        return progress_.say("there is no other call; \"call PEER\" makes one");
    const auto& other = lines_[(current_ + 1) % lines_.size()];
    node_->transfer(other.call, current().call);
    progress_.say(fmt::format("{} is asked to talk to {} in our place", other.who, current().who));
}

void CallConsole::referred(const std::shared_ptr<kernel::Call>& call, const std::shared_ptr<kernel::Referral>& referral,
                           const std::string& words, std::function<void()> follow)
{
    wish_ = Wish{call, referral, std::move(follow)};
    progress_.say(words + (commands_ ? ": follow does that, stay does not" : ": f does that, n does not"));
}

void CallConsole::decide_wish(bool follow)
{
    const auto wish = std::exchange(wish_, std::nullopt);
    if (!wish)
        return progress_.say("no peer wants us to call somebody else");
    if (follow)
        wish->follow();
    else
        node_->refuse_referral(wish->referral);
}

} // namespace jackfield::program
