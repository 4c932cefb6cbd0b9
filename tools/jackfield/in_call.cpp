// Keys and commands while a call runs. See in_call.hpp.

#include "tools/jackfield/in_call.hpp"

#include "tools/jackfield/raw_terminal.hpp"

#include <fmt/format.h>

#include <charconv>

namespace jackfield::program {

namespace {

constexpr const char* kKeysHelp = "keys: h hold, m mute, v video, r rotate, d digits, s statistics, q hang up, ? help";
constexpr const char* kCommandsHelp =
    "commands: hold, resume, mute, unmute, video on, video off, source SRC, digits KEYS, "
    "rotate [DEGREES], statistics, hangup, help";

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

// --- what is heard --------------------------------------------------------------------------------------------------

void InCall::source_ended(kernel::Call&, kernel::MediaKind kind)
{
    progress_.say(fmt::format("{} of our file has ended", kernel::name_of(kind)));
}

void InCall::held(kernel::Call&, bool held)
{
    progress_.say(held ? "the peer has put us on hold" : "the peer hears us again");
}

void InCall::media_changed(kernel::Call&, const kernel::MediaNow& now)
{
    progress_.say(fmt::format("media: audio {}, video {}{}{}", word_of(now.audio), word_of(now.video),
                              now.holding ? ", on hold here" : "", now.muted ? ", muted" : ""));
    loop_.post([this, now] {
        now_ = now;
        heard_ = true;
    });
}

void InCall::change_refused(kernel::Call&, const kernel::Error& error)
{
    progress_.say(fmt::format("nothing has changed: {}: {}", kernel::status_word(error.status), printable(error.text)));
}

void InCall::digit(kernel::Call&, const kernel::Digit& digit)
{
    progress_.say(fmt::format("the peer pressed {} for {} ms", digit.key, digit.duration.count()));
}

void InCall::rotated(kernel::Call&, std::uint32_t degrees)
{
    progress_.say(fmt::format("pictures of the peer are turned by {} degrees", degrees));
}

// --- what is typed --------------------------------------------------------------------------------------------------

void InCall::hear_commands(kernel::Call& call)
{
    loop_.post([this, kept = call.shared_from_this()] { begin(kept); });
}

void InCall::forget_commands()
{
    loop_.post([this] { end(); });
}

void InCall::begin(const std::shared_ptr<kernel::Call>& call)
{
    call_ = call;
    now_ = {};
    heard_ = digits_ = false;
    rotation_deg_ = 0;
    if (commands_)
        return ask_for_command();
    if (!RawTerminal::begin())
        return;
    progress_.say(kKeysHelp);
    loop_.watch_keys([this](char typed) { key(typed); });
}

void InCall::end()
{
    if (!std::exchange(call_, nullptr))
        return;
    if (commands_)
        return loop_.forget_question();
    loop_.watch_keys({});
    RawTerminal::end();
}

void InCall::ask_for_command()
{
    loop_.ask_for_line([this](const std::optional<std::string>& line) {
        if (!line)
            return;
        loop_.post([this] { // one a turn: a command may end the call
            if (call_)
                ask_for_command();
        });
        obey(*line);
    });
}

void InCall::key(char typed)
{
    static constexpr std::string_view kKeys = "0123456789*#ABCD";
    if (digits_ && kKeys.find(typed) != std::string_view::npos)
        return node_->send_digits(call_, std::string(1, typed));
    if (std::exchange(digits_, false))
        progress_.say("digits: done");
    const bool video = heard_ ? now_.video.has_value() : call_->plan.video;
    switch (typed) {
    case 'h':
        return obey(now_.holding ? "resume" : "hold");
    case 'm':
        return obey(now_.muted ? "unmute" : "mute");
    case 'v':
        return obey(video ? "video off" : "video on");
    case 'r':
        return obey("rotate");
    case 's':
        return obey("statistics");
    case 'q':
        return obey("hangup");
    case 'd':
        digits_ = true;
        return progress_.say("digits: 0-9 * # A-D, any other key ends");
    case '?':
        return progress_.say(kKeysHelp);
    default:
        return;
    }
}

void InCall::obey(const std::string& line)
{
    const std::string text = line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
    const auto blank = text.find(' ');
    const auto rest = blank == std::string::npos ? text.size() : text.find_first_not_of(' ', blank);
    obey_words(text.substr(0, blank), rest >= text.size() ? "" : text.substr(rest));
}

void InCall::obey_words(const std::string& word, const std::string& rest)
{
    if (word == "hold" || word == "resume")
        change({.hold = word == "hold", .video = {}, .source = {}});
    else if (word == "mute" || word == "unmute")
        node_->mute(call_, word == "mute");
    else if (word == "video" && (rest == "on" || rest == "off"))
        change({.hold = {}, .video = rest == "on", .source = {}});
    else if (word == "source" && !rest.empty())
        change({.hold = {}, .video = {}, .source = rest});
    else if (word == "digits" && !rest.empty())
        node_->send_digits(call_, rest);
    else if (word == "rotate")
        rotate(rest);
    else if (word == "statistics")
        progress_.say(progress_.quality());
    else if (word == "hangup")
        node_->hang_up(call_);
    else if (word == "help")
        progress_.say(kCommandsHelp);
    else if (!word.empty())
        progress_.say("no command \"" + printable(word) + "\"; " + kCommandsHelp);
}

/// Without a number by one more quarter.
void InCall::rotate(const std::string& degrees)
{
    std::uint32_t wanted = (rotation_deg_ + 90) % 360;
    const auto [end, problem] = std::from_chars(degrees.data(), degrees.data() + degrees.size(), wanted);
    if (!degrees.empty() &&
        (problem != std::errc() || end != degrees.data() + degrees.size() || wanted % 90 != 0 || wanted > 270))
        return progress_.say("rotate takes 0, 90, 180 or 270");
    rotation_deg_ = wanted;
    node_->rotate(call_, wanted);
    progress_.say(fmt::format("our pictures are turned by {} degrees", wanted));
}

void InCall::change(kernel::MediaChange change)
{
    node_->change(call_, std::move(change));
}

} // namespace jackfield::program
