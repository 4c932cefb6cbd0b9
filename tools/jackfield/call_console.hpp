// The calls of this program as the person before it has them: one that keys and commands are about, others on hold, and
// some that wait to be taken.
//
// Threads:  the main thread.
// Lifetime: a part of the verb's view. It holds the calls, and they hold the view: let_go parts them.
#pragma once

#include "kernel/node/node.hpp"
#include "tools/jackfield/main_loop.hpp"
#include "tools/jackfield/progress.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace jackfield::program {

class CallConsole {
public:
    /// `commands`: lines of standard input are commands.
    CallConsole(Progress& progress, MainLoop& loop, bool commands)
        : progress_(progress), loop_(loop), commands_(commands)
    {}
    CallConsole(const CallConsole&) = delete;
    CallConsole& operator=(const CallConsole&) = delete;

    /// The node that the calls run on, and what places one more to whom was named; before the first call.
    void use(kernel::Node& node, std::function<void(const std::string& peer)> place,
             std::function<std::string(const std::string& peer)> account_of)
    {
        node_ = &node;
        place_ = std::move(place);
        account_of_ = std::move(account_of);
    }

    /// The peer of a call wants us to call somebody else: somebody must say whether `follow` is done.
    void referred(const std::shared_ptr<kernel::Call>& call, const std::shared_ptr<kernel::Referral>& referral,
                  const std::string& words, std::function<void()> follow);

    /// Somebody must say whether this call is taken.
    void waits(const std::shared_ptr<kernel::Call>& call, const std::string& who);

    /// It was answered: keys and commands are about it from now on.
    void begin(const std::shared_ptr<kernel::Call>& call, const std::string& who);
    void end(const std::shared_ptr<kernel::Call>& call);

    /// What flows in it now.
    void heard(const std::shared_ptr<kernel::Call>& call, const kernel::MediaNow& now);

    /// The end of the program is near: of every call, too, and of the question whether one is taken.
    void hang_up_all();
    void let_go();

private:
    struct Line {
        std::shared_ptr<kernel::Call> call;
        std::string who;
        kernel::MediaNow now = {}; // as far as we have heard
        bool heard = false;        // of a change, ever
        bool on_hold = false;      // as we want it
        std::uint32_t rotation_deg = 0;
    };
    struct Wish {
        std::shared_ptr<kernel::Call> call;
        std::shared_ptr<kernel::Referral> referral;
        std::function<void()> follow;
    };

    /// What is being typed, up to Enter: a text for the peer, or whom it is to call.
    struct Entry {
        bool is_text = false;
        std::string account; // of the peer that it is about
        std::string typed = {};
        std::chrono::steady_clock::time_point told = {}; // the peer, last, that we write
    };

    Line& current() { return lines_[current_]; }
    void read_input();
    void read_no_input();
    bool reads_input() const { return !lines_.empty() && (commands_ || raw_); }

    // The question, where nothing else is read from standard input.
    void ask();
    void decide(const std::optional<std::string>& line);
    void settle();
    void consider_waiting();
    void announce(const std::string& who);

    void ask_for_command();
    void key(char typed);
    void obey(const std::string& line);
    bool obey_about_calls(const std::string& word, const std::string& rest);
    void obey_about_current(const std::string& word, const std::string& rest);
    void take();
    void decline();
    void go_to_other();
    void place(const std::string& peer);
    void transfer(const std::string& peer);
    void connect_others();
    bool take_entry(char typed);
    void end_entry();
    void write(const std::string& text);
    void say_typing(bool active);
    void decide_wish(bool follow);
    void list_calls();
    void hold(bool on);
    void rotate(const std::string& degrees);

    Progress& progress_;
    MainLoop& loop_;
    bool commands_;
    bool raw_ = false; // keys come as they are pressed
    kernel::Node* node_ = nullptr;
    std::function<void(const std::string&)> place_;
    std::vector<Line> lines_; // answered
    std::size_t current_ = 0;
    std::deque<Line> waiting_;
    std::shared_ptr<kernel::Call> asked_about_;
    bool digits_ = false; // what is typed goes out as digits
    std::function<std::string(const std::string&)> account_of_;
    std::optional<Entry> entry_;
    std::optional<Wish> wish_; // of a peer, the last
};

} // namespace jackfield::program
