// discovery/1 as the kernel uses it: several mechanisms at once, all asked, the first answer counts.
//
// Threads:  [control].
// Lifetime: Switchboard is the node's; a Search belongs to the call that looks, a Conversation to the link it is about.

#pragma once

#include "kernel/bind/carried.hpp"
#include "kernel/bind/completions.hpp"
#include "kernel/bind/identity.hpp"
#include "kernel/executor/control_thread.hpp"
#include "kernel/executor/step_clock.hpp"

#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace jackfield::kernel {

inline constexpr std::string_view kCallPurpose = "call"; // discovery.h has them all

/// One message about one connection attempt.
struct CallMessage {
    std::uint32_t kind = JF_CALL_REQUEST;
    std::uint64_t call_id = 0;
    std::string purpose;
    std::string blob;
};

class Switchboard;

/// Whether a search asks every mechanism, whatever is known already.
enum class Asking { always, unless_watched };

/// A running look-up of one account at every mechanism. Of an account that is watched, devices that come meanwhile are
/// found, too; and if one is there, and watching has settled, that tells as much: nobody is asked.
class Search {
public:
    /// `changed` is called whenever devices or done change.
    Search(Switchboard& switchboard, const std::string& account_id, std::function<void()> changed,
           Asking asking = Asking::always);
    Search(const Search&) = delete;
    Search& operator=(const Search&) = delete;
    ~Search();

    const std::vector<Device>& devices() const { return devices_; } // in the order of their finding, each once
    bool done() const { return running_.empty(); }
    const Error& problem() const { return problem_; } // of the last mechanism that failed

private:
    friend class Switchboard;
    struct Part; // one mechanism's look-up

    void ask();
    void found(Device device);

    Switchboard& switchboard_;
    const std::string account_id_;
    std::function<void()> changed_;
    std::vector<Device> devices_;
    std::set<Part*> running_; // the switchboard's
    Error problem_{JF_NOT_FOUND, "no device of that account was found"};
};

/// All mechanisms of a node behind one door.
class Switchboard {
public:
    /// From the start of watching until it has said who is there; and how long that is believed without asking.
    static constexpr std::chrono::seconds kWatchSettles{5};
    static constexpr std::chrono::minutes kWatchBelieved{5};

    /// A mechanism that has not taken a message by then may have lost its network without a word.
    static constexpr std::chrono::milliseconds kSlow{1000};

    using Requests = std::function<void(const Device& sender, const CallMessage& message)>;
    using State = std::function<void(const std::string& plugin_id, bool online, const std::string& detail)>;

    /// `requests` gets every message that belongs to no conversation.
    Switchboard(ControlThread& control, const Board& board, Completions& completions, Requests requests, State state);
    Switchboard(const Switchboard&) = delete;
    Switchboard& operator=(const Switchboard&) = delete;
    ~Switchboard();

    /// Somebody else hears what belongs to no conversation from now on.
    void hand_requests_to(Requests requests);

    /// Opens every mechanism. Throws Failure if one of them cannot start.
    void start();

    /// Done when the first mechanism is; a failure only if all have failed. Those that are out of reach now go on
    /// trying.
    void announce(std::function<void(Error)> done);

    /// Done when every mechanism is; the first failure is the status.
    void stop(std::function<void(Error)> done);

    /// Hears the messages of one call id until it is removed.
    void converse(std::uint64_t call_id, Requests hear);
    void end_conversation(std::uint64_t call_id);
    bool in_conversation(std::uint64_t call_id) const { return conversations_.contains(call_id); }

    /// Sends through the mechanism the device was found by first, or wrote through last, unless that says that it is
    /// offline; through the others if that fails, or does not take it within kSlow: then messages go through the others
    /// first, until it does again. Through all if none is known to lead there. `failed` is called if none took it.
    void send(const Device& device, const CallMessage& message, const std::function<void(Error)>& failed);

    /// The same; `done` is also called when one took it.
    void deliver(const Device& device, const CallMessage& message, const std::function<void(Error)>& done);

    /// Tells hear_presence when devices of the account come, until it was unwatched as often.
    void watch(const std::string& account_id);
    void unwatch(const std::string& account_id);

    /// A device of a watched account has come, or gone: it is there as long as one mechanism says so. One listens.
    using Presence = std::function<void(const Device&, bool there)>;
    void hear_presence(Presence presence) { presence_ = std::move(presence); }

    /// The devices of a watched account that are there.
    std::vector<Device> present(const std::string& account_id) const;

    /// A link that a mechanism carries to the device; null if it is one that is asked by a message. Throws Failure if
    /// the mechanism that found it should carry it and cannot.
    std::unique_ptr<Carried> carry(const Device& device) const;

    /// A device that is carried has written to us. One listens; a link that is not taken ends at once.
    using CarriedIn = std::function<void(const Device& sender, std::unique_ptr<Carried> carried)>;
    void hear_carried(CarriedIn came_in) { carried_in_ = std::move(came_in); }

    /// The addresses of this machine have changed: every mechanism looks again.
    void network_changed();

    bool online() const;

    /// The plugin through which the device was found first, or wrote last; empty if nobody knows.
    std::string found_through(const std::string& device_id) const;

    /// Each mechanism's describe, as {"plugin-id": {...}}.
    std::string describe() const;

private:
    friend class Search;
    struct Mechanism;
    struct Delivery;

    void send_through(const std::vector<Mechanism*>& ways, const Device& device, const CallMessage& message,
                      const std::function<void(Error)>& done);

    ControlThread& control_;
    Completions& completions_;
    Requests requests_;
    State state_;
    void heard_presence(Mechanism& mechanism, const Device& device, bool there);

    /// A device that somebody says is there, and who does.
    struct Present {
        Device device;
        std::set<const Mechanism*> by;
    };

    /// An account that is watched.
    struct Watched {
        int times = 0;
        TimePoint asked; // when mechanisms were, last: by watching it, or by a search
        TimePoint settles;
    };

    bool watching_is_believed(const std::string& account_id) const;
    bool watching_tells(const std::string& account_id) const; // enough, so that nobody need be asked
    void tell_searches(const Device& device);

    CarriedIn carried_in_;
    Presence presence_;
    std::map<std::string, Present> present_; // by device, of watched accounts, bounded
    std::map<std::string, Watched> watched_; // by account
    std::set<Search*> waiting_;              // for devices of a watched account
    std::vector<std::unique_ptr<Mechanism>> mechanisms_;
    std::list<std::unique_ptr<Search::Part>> parts_; // until their mechanism has ended them
    std::map<std::uint64_t, Requests> conversations_;
    std::map<std::string, Mechanism*> found_by_; // device id -> mechanism, bounded
    jf_operation last_operation_ = 0;
    const std::shared_ptr<bool> here_ = std::make_shared<bool>(true); // ends with us: for what may come later
};

} // namespace jackfield::kernel
