// What a program that takes part in calls hears of them, and says: call and listen have this in common.
//
// Threads:  made on the main thread; listener methods on the node's control thread; what is said otherwise.
// Lifetime: a part of the verb's view, which outlives the calls.
#pragma once

#include "kernel/contacts/contacts.hpp"
#include "kernel/node/node.hpp"
#include "tools/jackfield/call_console.hpp"
#include "tools/jackfield/media_options.hpp"
#include "tools/jackfield/options.hpp"

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace jackfield::program {

OptionInfo commands_option();
OptionInfo calls_option();

/// How many calls there may be at once: what --calls says. Throws UsageError.
int most_calls(const Arguments& arguments, int otherwise);

/// What is done when a peer wants us to call somebody else.
enum class TransferPolicy { ask, follow, refuse };
OptionInfo transfers_option();
TransferPolicy transfer_policy(const Arguments& arguments); // throws UsageError

class InCall : public kernel::CallListener {
public:
    struct Setup {
        Progress& progress;
        MainLoop& loop;
        kernel::Contacts contacts; // as they are when we begin
        kernel::MediaPlan plan;    // for every call, but for where it is recorded
        RecordingNames recordings;
        bool commands;
        int most_calls;
        TransferPolicy transfers;
    };

    explicit InCall(Setup setup);

    /// The node that the calls run on; before the first. `listener` is this view.
    void use(kernel::Node& node, const kernel::Config& config, const std::weak_ptr<kernel::CallListener>& listener);

    /// The call that the verb is about: recorded to --record FILE itself.
    std::shared_ptr<kernel::Call> place_first(const std::string& account,
                                              const std::shared_ptr<kernel::CallListener>& listener);

    /// Every call that there is.
    void hang_up_all() { console_.hang_up_all(); }

    /// The node has stopped, and so has the loop, which might have let calls go: they hold us, and we hold them.
    void let_go() { console_.let_go(); }

    void answered(kernel::Call& call) override;
    void source_ended(kernel::Call& call, kernel::MediaKind kind) override;
    void held(kernel::Call& call, bool held) override;
    void media_changed(kernel::Call& call, const kernel::MediaNow& now) override;
    void reconnecting(kernel::Call& call, const std::string& why) override;
    void reconnected(kernel::Call& call) override;
    void change_refused(kernel::Call& call, const kernel::Error& error) override;
    void digit(kernel::Call& call, const kernel::Digit& digit) override;
    void rotated(kernel::Call& call, std::uint32_t degrees) override;
    void referred(kernel::Call& call, const std::shared_ptr<kernel::Referral>& referral) override;
    void transfer_progressed(kernel::Call& call, const kernel::TransferProgress& progress) override;
    void ended(kernel::Call& call, const kernel::CallEnd& end) override;

protected:
    /// [control] A call that comes in: what to send and record if there is room for it, and what to say of it.
    kernel::IncomingPlan take_in(const kernel::IncomingCall& call, std::shared_ptr<kernel::CallListener> listener);

    /// [control] Somebody must say whether it is taken.
    void ask_about(kernel::Call& call);

    int open_calls() const { return open_; }

    /// [control] A peer has written, or is about to.
    void show_text(const kernel::Text& text);
    void show_typing(const std::string& account, bool active);

    Progress& progress_;
    MainLoop& loop_;
    kernel::Contacts contacts_; // [control]

private:
    void say(const kernel::Call& call, const std::string& what);
    std::string who_is(const kernel::Call& call) const;
    void place(const std::string& peer, const std::shared_ptr<kernel::CallListener>& listener);

    void follow(const std::shared_ptr<kernel::Referral>& referral);

    kernel::MediaPlan next_plan();

    std::mutex mutex_; // of the next two
    RecordingNames recordings_;
    std::set<std::string> recording_to_; // files of calls that have not ended: they may not be there yet
    const kernel::MediaPlan plan_;
    const int most_calls_;
    const TransferPolicy transfers_;
    std::weak_ptr<kernel::CallListener> listener_;
    std::atomic<int> open_ = 0; // begun and not ended
    kernel::Node* node_ = nullptr;
    const kernel::Config* config_ = nullptr;
    CallConsole console_;                                                           // main thread
    std::map<std::string, std::chrono::steady_clock::time_point> answered_at_ = {}; // by id; [control]
};

} // namespace jackfield::program
