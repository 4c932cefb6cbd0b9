// Profile cards: ours goes once to each device that may have it, and again when it is another; theirs are kept.
//
// Ours goes to contacts, to our own devices, and to whom a call was answered with, by either end; to nobody else, and
// not to those we have only asked to be contacts. Theirs are taken from the same, and while a call rings.
//
// Threads:  [control]; a worker waits for the disk.
// Lifetime: the node's, longer than its environments.

#pragma once

#include "kernel/contacts/card_folder.hpp"
#include "kernel/contacts/vcard.hpp"
#include "kernel/executor/workers.hpp"
#include "kernel/flow/link.hpp"
#include "kernel/texts/rate_limit.hpp"
#include "kernel/timeline/timeline.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace jackfield::kernel {

struct Environment;

class Cards {
public:
    using Received = std::function<void(const std::string& account, const Vcard& card)>;

    Cards(ControlThread& control, Timeline& timeline, Received received);
    Cards(const Cards&) = delete;
    Cards& operator=(const Cards&) = delete;

    /// With the links and the folder of that environment from now on; null: of none.
    void work_in(Environment* node);

    void link_opened(const std::shared_ptr<Link>& link);
    void call_answered(const std::shared_ptr<Link>& link);
    void contacts_changed();

    /// Nothing if the message is no card, or none are kept.
    std::optional<jf_status> take(const std::shared_ptr<Link>& link, const std::string& content_type,
                                  const std::string& body);

    /// For tests that turn the control thread by hand.
    void work_at_once() { workers_.work_at_once(); }

private:
    bool knows(const std::string& account) const;
    bool may_send_to(const Link& link) const;
    void load();
    void offer_to_all();
    void offer(const std::shared_ptr<Link>& link);
    void offered(const Device& device, const std::string& version, const Error& result);
    void keep(const std::string& account, const std::string& body, const Vcard& card);
    void run(std::function<void()> work, std::function<void()> done = [] {});
    void tell(std::string_view what, const std::string& account);
    void tell_problem(const Error& error);

    ControlThread& control_;
    Timeline& timeline_;
    const Received received_;
    Environment* node_ = nullptr;
    std::filesystem::path loaded_; // the folder that sent_ is of
    SentCards sent_;
    std::set<std::string> offering_;  // devices that a card is on its way to
    std::set<std::string> talked_to_; // accounts that a call was answered with; bounded
    std::optional<StepTimer> soon_;   // links that were opened are looked at then
    RateLimit of_account_;
    Workers workers_; // last: it waits for what works
};

} // namespace jackfield::kernel
