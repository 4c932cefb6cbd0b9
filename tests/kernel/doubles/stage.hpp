// The stage of a test: what the scripted plugins shall do by themselves, and everything of theirs that is alive.
//
// A double does what is usual as soon as it is asked (Play::happens) unless the script says that it waits or fails; the
// test then acts by hand: stage.get<ConnectivityDouble::Session>("control-tcp").up().
// Threads:  the control thread, which in most tests is the test's own, and workers, which open codecs; find and count
// on any. Lifetime: the test's, longer than the board. There is one at a time, because a factory of a plugin has no
// state.

#pragma once

#include <jackfield/abi/signaling.h>
#include <jackfield/abi/types.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

namespace jackfield::doubles {

enum class Play { happens, waits, fails };

struct Script {
    Play load = Play::happens;                    // 0  identity
    std::string account = "alice";                // 0  whose device alice-1 is
    Play announce = Play::happens;                //
    Play find = Play::happens;                    // 1
    std::vector<std::string> devices = {"bob-1"}; // 1  what is found
    Play send = Play::happens;                    // 2  discovery takes a message
    Play carry = Play::waits;                     // 2  happens: discovery carries the link; waits: it carries none
    Play answer = Play::happens;                  // 3  fails: the device refuses the request
    Play gather = Play::happens;                  // 4, 7
    Play tcp = Play::happens;                     // 4
    Play udp = Play::happens;                     // 4
    Play tls = Play::happens;                     // 5
    Play dtls = Play::happens;                    // 5
    Play reliable = Play::happens;                //
    Play channel = Play::happens;                 //    of the multiplexer
    Play pong = Play::happens;                    //    a sign of life
    Play ring = Play::happens;                    // 6
    Play accept = Play::happens;                  // 6  fails: the person refuses
    Play message = Play::happens;                 // 6
    Play refer = Play::happens;                   // 8  the peer considers it
    Play media = Play::happens;                   // 7
    Play transport = Play::happens;               // 8
    Play restart = Play::fails;                   // 8  connectivity can begin anew
    Play finish = Play::happens;                  //    the recording
    Play stop = Play::happens;                    //    discovery
    Play online = Play::waits;                    // 1  discovery says so; fails: it says that it is offline
    Play look = Play::happens;                    //    a diagnosis comes to its end; fails: it does not begin

    bool asks = true; // signaling knows how to ask for a sign of life

    std::string local = "H1 1 TCP 2130706431 192.0.2.1 1000 typ host"; // 4  what a path stands on

    std::string tried = ""; // 4  what each session says of its pairs; empty: it does not say

    bool early = false;     // 4  datagrams may go along with the checks
    std::string hello = ""; // 5  what the client of DTLS says first; empty: it says nothing

    bool relayed = false;                                                  // 7  the pair of media
    std::string candidate = "H1 1 UDP 2130706431 192.0.2.1 1000 typ host"; // 2, 7  of datagrams
    std::string counted = R"({"streams":[]})";                             // 8  what the media transport says

    std::vector<std::string> revoked = {}; // devices that their account has revoked, as identity knows

    bool two_in_one = false; // the secure channel is a multiplexer as well

    int decorate = 0; // the decorator that refuses, counted from 1; 0: none

    bool babbles = false; // a diagnosis says what none may

    jf_status status = JF_UNREACHABLE; // of whatever fails
    std::uint32_t refusal = JF_REASON_DECLINED;
};

inline const std::string kScripted = "as the script says";

class Stage;

/// Whatever a plugin made for the kernel and the kernel must release: once, and after what stands upon it.
class Actor {
public:
    explicit Actor(std::string name);
    Actor(const Actor&) = delete;
    Actor& operator=(const Actor&) = delete;
    virtual ~Actor();

    const std::string& name() const { return name_; }
    void stand_on(Actor& below) { below_.push_back(&below); }
    bool stands_on(const Actor& other) const { return std::ranges::find(below_, &other) != below_.end(); }

private:
    std::string name_;
    std::vector<Actor*> below_;
};

class Stage {
public:
    Stage() { current_ = this; }
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;
    ~Stage() { current_ = nullptr; }

    static Stage& current() { return *current_; }

    Script script;

    /// The n-th of those alive with that name, in the order of their making. Null if there is none.
    template <typename Role>
    Role* find(std::string_view name, std::size_t n = 0) const
    {
        const std::lock_guard lock(mutex_);
        for (auto* actor : alive_) {
            if (actor->name() == name && n-- == 0)
                return dynamic_cast<Role*>(actor);
        }
        return nullptr;
    }

    /// As find; the test ends if there is none.
    template <typename Role>
    Role& get(std::string_view name, std::size_t n = 0) const
    {
        auto* found = find<Role>(name, n);
        if (found == nullptr)
            throw std::runtime_error("there is no " + std::string(name) + " on the stage, only " + names());
        return *found;
    }

    std::size_t count(std::string_view name) const
    {
        const std::lock_guard lock(mutex_);
        return static_cast<std::size_t>(
            std::ranges::count_if(alive_, [&](const auto* actor) { return actor->name() == name; }));
    }

    /// Waits until so many of that name are alive; at most 20 s. Not on the node's thread.
    bool comes_to(std::string_view name, std::size_t wanted) const
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(20), [&] {
            return static_cast<std::size_t>(std::ranges::count_if(
                       alive_, [&](const auto* actor) { return actor->name() == name; })) == wanted;
        });
    }

    /// The same for messages that were sent over links.
    bool comes_to_messages(std::size_t wanted) const
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return messages_ >= wanted; });
    }

    void message_was_sent()
    {
        const std::lock_guard lock(mutex_);
        ++messages_;
        changed_.notify_all();
    }

    std::string names() const
    {
        const std::lock_guard lock(mutex_);
        std::string all;
        for (const auto* actor : alive_)
            all += (all.empty() ? "" : ", ") + actor->name();
        return all.empty() ? "nothing" : all;
    }

    /// In the order in which they were released.
    const std::vector<std::string>& gone() const { return gone_; }

    /// What was released too early, and what else the plugins were asked to do that the boundary forbids.
    std::vector<std::string> problems;

private:
    friend class Actor;
    inline static Stage* current_ = nullptr;

    mutable std::mutex mutex_; // codecs are opened on workers
    mutable std::condition_variable changed_;
    std::vector<Actor*> alive_;
    std::vector<std::string> gone_;
    std::size_t messages_ = 0;
};

inline Actor::Actor(std::string name) : name_(std::move(name))
{
    auto& stage = Stage::current();
    const std::lock_guard lock(stage.mutex_);
    stage.alive_.push_back(this);
    stage.changed_.notify_all();
}

inline Actor::~Actor()
{
    auto& stage = Stage::current();
    const std::lock_guard lock(stage.mutex_);
    std::erase(stage.alive_, this);
    stage.gone_.push_back(name_);
    stage.changed_.notify_all();
    for (const auto* other : stage.alive_) {
        if (other->stands_on(*this))
            stage.problems.push_back(name_ + " was released under " + other->name());
    }
}

} // namespace jackfield::doubles
