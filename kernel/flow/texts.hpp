// The texts of a node: what its program writes and asks for, what comes in, and what is on its way to whom.
//
// Threads:  [control]; made on any.
// Lifetime: the node's, longer than its environments. `work_in` says which of them delivers.

#pragma once

#include "kernel/flow/errand.hpp"
#include "kernel/flow/text_inbox.hpp"
#include "kernel/texts/keeper.hpp"

#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace jackfield::kernel {

struct Environment;

/// One device that gets what there is for its account.
struct Courier {
    Device device;
    std::shared_ptr<LinkErrand> errand;
    std::shared_ptr<Link> link = nullptr; // second owner: the table of links
    std::set<std::string> under_way = {}; // ids without a receipt
    std::optional<Error> failure = {};    // the next round tries again
    TimePoint heard = {};                 // of the device, last
    bool idle = false;                    // it has all there is
    bool ended = false;
};

/// What is on its way to one account.
struct Outbox {
    std::string account;
    std::int64_t first_waiting = 0;    // its place, when the round began
    std::vector<Text> first_page = {}; // from there on, if the store need not be asked
    std::vector<Text> fresh = {};      // the next round's first page, as the last write has found it
    std::uint64_t writes = 0;          // counted
    std::uint64_t round_writes = 0;    // those that first_page knows of
    bool in_round = false;
    bool progress = false;                               // something arrived in this round
    bool round_over = false;                             // couriers that are idle go home
    bool peer_is_back = false;                           // since the round began: no reason to rest
    std::vector<std::shared_ptr<Courier>> couriers = {}; // of this round; second owner: the flow of each
};

class Texts {
public:
    template <typename Result>
    using Done = std::function<void(std::expected<Result, Error>)>;

    /// Opens the store; throws Failure. Waits for the disk, so not on the control thread. `at_once` as Keeper has it.
    Texts(ControlThread& control, Timeline& timeline, const TextSettings& settings, TextEars ears,
          bool at_once = false);
    Texts(const Texts&) = delete;
    Texts& operator=(const Texts&) = delete;

    const TextSettings& settings() const { return settings_; }

    /// The store becomes, or is, that account's. JF_BAD_CONFIG if it is another's.
    void belong_to(const std::string& account, std::function<void(Error)> done);

    /// Delivers with the links and plugins of that environment from now on; null: of none. What was on its way in
    /// another ends there.
    void work_in(Environment* node);
    bool works_in(const Environment& node) const { return node_ == &node; }

    // --- the program ---

    /// Done, with the id, when it is on the disk. It may be on its way by then: as soon as no kill can lose it. If the
    /// disk fails in between, that is the error, and it may arrive all the same. [any]
    void write(const std::string& peer, std::string body, Done<std::string> done);
    void history(const std::string& peer, int limit, Done<std::vector<Text>> done);

    /// To every device of the peer that a link is open to; nobody is looked for.
    void say_typing(const std::string& peer, bool active);

    // --- links ---

    /// Nothing if the message is not about texts. See TextInbox.
    std::optional<jf_status> take(const std::shared_ptr<Link>& link, bool wanted, const std::string& content_type,
                                  const std::string& body)
    {
        return inbox_.take(link, wanted, content_type, body);
    }

    /// Discovery says so, or a link to it was opened, by us or by it.
    void peer_is_back(const std::string& account);
    void link_opened(const std::string& account, bool ours);

    // --- flows ---

    Keeper& keeper() { return keeper_; }
    TextInbox& inbox() { return inbox_; }
    void delivery_ended(const std::shared_ptr<Outbox>& box);

    /// The device at the other end has kept that text of ours.
    void receipt(const Link& link, const std::string& id);

    /// Whether devices of the account that no link is open to should be looked for. No, for a while, once it was yes.
    bool time_to_look_for(const std::string& account);

    /// What a text of ours looks like on the wire.
    std::string on_the_wire(const Text& text) const;

private:
    void deliver(const std::string& account, std::vector<Text> waiting = {});
    void wake();

    Timeline& timeline_;
    const TextSettings settings_;
    TextEars ears_;
    Keeper keeper_;
    TextInbox inbox_;
    Environment* node_ = nullptr;
    std::string own_account_;
    std::map<std::string, std::shared_ptr<Outbox>> outboxes_; // second owner: the flow of each
    std::map<std::string, TimePoint> looked_for_;
    int receipts_running_ = 0;
};

} // namespace jackfield::kernel
