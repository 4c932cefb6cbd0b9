// Who becomes a contact of whom: what we ask of others, again and again until they answer; what others ask of us, kept
// until a person has decided; and the lists of both, which other programs may change while we run.
//
// A change is made in memory at once and on the disk by a worker, in order, after whatever other programs have written
// meanwhile; what then stands there is what we know. Nothing is answered to whoever asks, unless it is a contact.
//
// Threads:  [control]; a worker waits for the disk.
// Lifetime: the node's, longer than its environments.

#pragma once

#include "kernel/bind/discovery.hpp"
#include "kernel/contacts/contacts_file.hpp"
#include "kernel/executor/workers.hpp"
#include "kernel/texts/rate_limit.hpp"
#include "kernel/timeline/timeline.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace jackfield::kernel {

struct Environment;

/// What the node hears. [control]
struct IntroductionEars {
    std::function<void(const ContactRequest& request)> requested;                     // a person has to decide
    std::function<void(const Contact& contact)> accepted;                             // has taken us for a contact
    std::function<void(const std::string& account, const std::string& device)> asked; // has been, by us
    std::function<void()> changed;                                                    // other contacts than before
};

class Introductions {
public:
    Introductions(ControlThread& control, Timeline& timeline, IntroductionEars ears);
    Introductions(const Introductions&) = delete;
    Introductions& operator=(const Introductions&) = delete;

    /// With the contacts and discovery of that environment from now on; null: of none.
    void work_in(Environment* node);

    /// A message with the purpose "contact".
    void heard(const Device& sender, const CallMessage& message);

    /// A device of a watched account has come.
    void has_come(const Device& device);

    /// The program asks an account to be a contact. Done when it is on the disk.
    void ask(Contact contact, std::function<void(Error)> done);

    /// Somebody else has changed the lists, or may have.
    void look_again();

    /// For tests that turn the control thread by hand.
    void work_at_once() { workers_.work_at_once(); }

private:
    /// A change of both lists, and who waits until it is on the disk.
    struct Change {
        std::function<Error(Acquaintances&)> apply;
        std::function<void(Error)> done;
    };
    struct Work; // of one worker
    struct Asking {
        std::map<std::string, TimePoint> devices; // when each was asked last
        TimePoint due;                            // to ask all of them again
        std::chrono::seconds pause;
    };

    void change(std::function<Error(Acquaintances&)> apply, std::function<void(Error)> done = {});
    void work();
    void worked(Work& work);
    void know(Acquaintances now_known);

    void heard_from_contact(const Device& sender, const Contact& contact, const ContactMessage& message);
    void heard_from_stranger(const Device& sender, ContactMessage message);
    void kept(const ContactRequest& request, const Error& result);
    void answer(const Device& device);
    void answer_accepted(const Acquaintances& before);
    void ask_device(const Device& device, const Contact& contact);
    void ask_again();
    void ask_all_due();
    void say_accepted(const Device& device);
    void say(const Device& device, ContactMessage message, std::function<void(Error)> done);
    void tell(std::string_view what, const std::string& account);
    void tell_problem(const Error& error);

    ControlThread& control_;
    Timeline& timeline_;
    const IntroductionEars ears_;
    Environment* node_ = nullptr;
    std::vector<Change> changes_; // that no worker has begun with
    bool working_ = false;
    bool look_again_ = false;
    std::map<std::string, Asking> asking_; // by account
    std::set<std::string> owed_;           // accounts that were accepted here, and may not know
    std::optional<StepTimer> again_;
    RateLimit of_contact_;
    RateLimit of_stranger_;
    RateLimit of_strangers_; // as a whole
    bool was_full_ = false;
    Workers workers_; // last: it waits for what works
};

} // namespace jackfield::kernel
