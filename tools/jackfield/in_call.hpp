// What somebody can do while a call runs: by keys on a terminal, or by lines of standard input with --commands; and
// what is said about it.
//
// Threads:  made on the main thread; listener methods on the node's control thread, everything else on the main thread.
// Lifetime: a part of the verb's view, which outlives the call.
#pragma once

#include "kernel/node/node.hpp"
#include "tools/jackfield/main_loop.hpp"
#include "tools/jackfield/options.hpp"
#include "tools/jackfield/progress.hpp"

#include <memory>
#include <string>

namespace jackfield::program {

OptionInfo commands_option();

class InCall : public kernel::CallListener {
public:
    /// `commands`: lines of standard input are commands.
    InCall(Progress& progress, MainLoop& loop, bool commands) : progress_(progress), loop_(loop), commands_(commands) {}

    /// The node that the calls run on; before the first.
    void use(kernel::Node& node) { node_ = &node; }

    /// The node has stopped, and so has the loop, which might have let the call go: it holds us, and we hold it.
    void let_go() { end(); }

    void source_ended(kernel::Call&, kernel::MediaKind kind) override;
    void held(kernel::Call&, bool held) override;
    void media_changed(kernel::Call&, const kernel::MediaNow& now) override;
    void change_refused(kernel::Call&, const kernel::Error& error) override;
    void digit(kernel::Call&, const kernel::Digit& digit) override;
    void rotated(kernel::Call&, std::uint32_t degrees) override;

protected:
    /// [control] Commands are heard from here on, and no more.
    void hear_commands(kernel::Call& call);
    void forget_commands();

private:
    void begin(const std::shared_ptr<kernel::Call>& call);
    void end();
    void ask_for_command();
    void key(char key);
    void obey(const std::string& line);
    void obey_words(const std::string& word, const std::string& rest);
    void rotate(const std::string& degrees);
    void change(kernel::MediaChange change);

    Progress& progress_;
    MainLoop& loop_;
    bool commands_;
    kernel::Node* node_ = nullptr;
    std::shared_ptr<kernel::Call> call_;
    kernel::MediaNow now_; // as far as we have heard
    bool heard_ = false;   // of a change, ever
    std::uint32_t rotation_deg_ = 0;
    bool digits_ = false; // what is typed goes out as digits
};

} // namespace jackfield::program
