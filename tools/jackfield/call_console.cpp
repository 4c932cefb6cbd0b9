// Several calls at one keyboard. See call_console.hpp.

#include "tools/jackfield/call_console.hpp"

#include "tools/jackfield/output.hpp"
#include "tools/jackfield/raw_terminal.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace jackfield::program {

namespace {

auto is(const std::shared_ptr<kernel::Call>& call)
{
    return [call](const auto& line) { return line.call == call; };
}

} // namespace

// --- calls come and go ----------------------------------------------------------------------------------------------

void CallConsole::waits(const std::shared_ptr<kernel::Call>& call, const std::string& who)
{
    waiting_.push_back({call, who});
    announce(who);
    consider_waiting();
}

/// Nothing where the question says it.
void CallConsole::announce(const std::string& who)
{
    if (reads_input())
        progress_.say(fmt::format("{} waits: {}", who,
                                  commands_ ? "take puts this call on hold and answers, decline declines"
                                            : "a puts this call on hold and answers, x declines"));
}

void CallConsole::begin(const std::shared_ptr<kernel::Call>& call, const std::string& who)
{
    lines_.push_back({call, who});
    current_ = lines_.size() - 1;
    digits_ = false;
    if (lines_.size() > 1)
        return progress_.say(fmt::format("with {} now; {} calls in all", who, lines_.size()));
    read_input();
    for (const auto& line : waiting_)
        announce(line.who);
    consider_waiting();
}

void CallConsole::end(const std::shared_ptr<kernel::Call>& call)
{
    if (asked_about_ == call)
        settle();
    if (wish_ && wish_->call == call)
        wish_.reset();
    if (entry_ && entry_->account == call->peer_account)
        end_entry();
    const bool waited = std::erase_if(waiting_, is(call)) != 0;
    const auto line = std::ranges::find_if(lines_, is(call));
    const auto place = static_cast<std::size_t>(line - lines_.begin());
    const bool was_current = place == current_ && line != lines_.end();
    if (line != lines_.end()) {
        lines_.erase(line);
        if (place < current_ || current_ == lines_.size())
            current_ = std::max<std::size_t>(current_, 1) - 1;
        if (lines_.empty())
            read_no_input();
    }
    if (!lines_.empty() && (was_current || (place == lines_.size() && !waited))) // or one of ours came to nothing
        progress_.say(fmt::format("with {} now{}", current().who, current().on_hold ? ", who is on hold" : ""));
    consider_waiting();
}

void CallConsole::heard(const std::shared_ptr<kernel::Call>& call, const kernel::MediaNow& now)
{
    const auto line = std::ranges::find_if(lines_, is(call));
    if (line == lines_.end())
        return;
    line->now = now;
    line->heard = true;
    line->on_hold = now.holding;
}

void CallConsole::hang_up_all()
{
    for (const auto& line : waiting_)
        node_->refuse(line.call);
    for (const auto& line : lines_)
        node_->hang_up(line.call);
}

void CallConsole::let_go()
{
    wish_.reset();
    entry_.reset();
    settle();
    waiting_.clear();
    if (!std::exchange(lines_, {}).empty())
        read_no_input();
}

// --- the question ---------------------------------------------------------------------------------------------------

void CallConsole::consider_waiting()
{
    if (!asked_about_ && !waiting_.empty() && !reads_input())
        ask();
}

void CallConsole::ask()
{
    asked_about_ = waiting_.front().call;
    loop_.forget_typed(); // before the question stands there: whoever is quick is quick after it
    progress_.ask("answer? (y/n)");
    loop_.ask_for_line([this](const std::optional<std::string>& line) { decide(line); });
}

void CallConsole::decide(const std::optional<std::string>& line)
{
    if (!line) {
        progress_.settle();
        return progress_.say("standard input has ended, so nobody can answer; --answer or --decline would");
    }
    const bool yes = *line == "y" || *line == "Y" || *line == "yes";
    if (!yes && *line != "n" && *line != "N" && *line != "no")
        return ask();
    settle();
    if (yes)
        return take(); // the next question comes when this call has begun, or has come to nothing
    decline();
    consider_waiting();
}

void CallConsole::settle()
{
    if (!std::exchange(asked_about_, nullptr))
        return;
    loop_.forget_question();
    progress_.settle();
}

// --- which call it is about -----------------------------------------------------------------------------------------

void CallConsole::take()
{
    if (waiting_.empty())
        return progress_.say("no call waits");
    if (!lines_.empty())
        hold(true);
    node_->answer(waiting_.front().call);
    waiting_.pop_front();
}

void CallConsole::decline()
{
    if (waiting_.empty())
        return progress_.say("no call waits");
    node_->refuse(waiting_.front().call);
    waiting_.pop_front();
}

void CallConsole::go_to_other()
{
    if (lines_.size() < 2)
        return progress_.say("there is no other call");
    hold(true);
    current_ = (current_ + 1) % lines_.size();
    hold(false);
    progress_.say(fmt::format("with {} now", current().who));
}

void CallConsole::place(const std::string& peer)
{
    const bool held = current().on_hold;
    hold(true);
    try {
        place_(peer);
    } catch (const std::exception& mistake) {
        hold(held);
        progress_.say(mistake.what());
    }
}

void CallConsole::list_calls()
{
    for (std::size_t place = 0; place < lines_.size(); ++place)
        progress_.say(fmt::format("{} {}{}", place == current_ ? "*" : " ", lines_[place].who,
                                  lines_[place].on_hold ? ", on hold" : ""));
    for (const auto& line : waiting_)
        progress_.say(fmt::format("  {}, waits", line.who));
}

void CallConsole::hold(bool on)
{
    if (std::exchange(current().on_hold, on) != on)
        node_->change(current().call, {.hold = on, .video = {}, .source = {}, .play = {}});
}

} // namespace jackfield::program
