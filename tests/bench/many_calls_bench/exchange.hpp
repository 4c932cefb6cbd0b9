// Nodes that call each other in this process, and who counts what happens.
//
// Threads: listeners are called on each node's own; the rest belongs to the main thread.
#pragma once

#include "kernel/node/node.hpp"
#include "tests/bench/many_calls_bench/process.hpp"
#include "tests/scenarios/world.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>

namespace jackfield::bench {

using namespace jackfield::kernel;
using scenarios::Json;
using scenarios::World;
using Clock = std::chrono::steady_clock;

/// What the command line asks for.
struct Plan {
    int sequence = 1000;
    int at_once = 200;
    int per_caller = 50; // a link has room for 64
    int minutes = 0;
    int per_second = 0; // 0: as fast as it goes
    int without_dht = 0;
    int bare = 0;
    int opus = 0;
};

/// Counts what happens to the calls of a node; answers those that come in.
class Ear final : public NodeListener, public CallListener, public std::enable_shared_from_this<Ear> {
public:
    IncomingPlan incoming(const IncomingCall&) override { return {plan, shared_from_this(), std::nullopt}; }
    void ringing(Call& call) override
    {
        if (call.side == Side::callee)
            call.answer();
    }
    void answered(Call&) override
    {
        note([&] { ++answered_; });
    }
    void ended(Call&, const CallEnd& end) override
    {
        note([&] {
            ++ended_;
            if (!end.answered)
                ++failed_;
            if (end.error.status != JF_OK && end.error.status != JF_CANCELLED) // that was us
                ++reasons_[std::string(name_of(end.step)) + ": " + end.error.text.substr(0, 60)];
        });
    }
    void timeline(const TimelineEvent& event) override
    {
        if (event.step == Step::media && event.detail_json.find(R"("first_audio")") != std::string::npos)
            note([&] { ++heard_; });
        else if (event.step == Step::media && event.detail_json.find(R"("statistics")") != std::string::npos)
            note([&] { ++counted_; });
    }

    /// False if it has failed, or not got through in time.
    bool wait_answered(int count)
    {
        return wait([&] { return answered_ + failed_ >= count; }) && failed_ == 0;
    }

    /// Until every call that still runs is heard.
    bool wait_heard()
    {
        return wait([&] { return heard_ + ended_ >= answered_; });
    }

    /// Each call counts once a second.
    bool wait_counted(int more)
    {
        int from = 0;
        note([&] { from = counted_; });
        return wait([&] { return counted_ >= from + more; });
    }

    /// Until all calls that began have ended.
    bool wait_ended()
    {
        return wait([&] { return ended_ >= answered_ + failed_; });
    }

    /// The pace of calls one after the other.
    void rest_until(Clock::time_point then)
    {
        std::unique_lock lock(mutex_);
        changed_.wait_until(lock, then, [] { return false; });
    }

    int answered() { return look(answered_); }
    int failed() { return look(failed_); }
    int ended() { return look(ended_); }
    std::map<std::string, int> reasons() { return look(reasons_); }

    MediaPlan plan{"", "null", true, false};

private:
    void note(const std::function<void()>& what)
    {
        const std::lock_guard lock(mutex_);
        what();
        changed_.notify_all();
    }
    bool wait(const std::function<bool()>& done)
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, kPatience, done);
    }
    template <class Value>
    Value look(const Value& value)
    {
        const std::lock_guard lock(mutex_);
        return value;
    }

    static constexpr std::chrono::seconds kPatience{20};

    std::mutex mutex_;
    std::condition_variable changed_;
    int answered_ = 0;
    int ended_ = 0;
    int failed_ = 0;
    int heard_ = 0;
    int counted_ = 0;
    std::map<std::string, int> reasons_;
};

/// Nodes in this process. Bob is the one that is called.
class Exchange {
public:
    explicit Exchange(const Plan& plan) : plan_(plan)
    {
        const auto before = threads_now();
        bob_account_ = add("bob");
        const auto with_bob = threads_now();
        std::ranges::set_difference(with_bob, before, std::inserter(bobs_threads_, bobs_threads_.end()));
    }
    ~Exchange()
    {
        for (auto& node : nodes_)
            node->stop();
    }

    /// Another node. Returns its account.
    std::string add(const std::string& name)
    {
        const Json pictures{{"width_px", 16}, {"height_px", 16}, {"frame_rate", 1}}; // nobody takes them
        Json slots{{"signaling", {{"use", "signaling-sip"}, {"config", {{"max_calls", 64}}}}},
                   {"codec", {{{"use", plan_.opus != 0 ? "codec-opus" : "codec-g711"}}}},
                   {"media_source", {{{"use", "media-test"}, {"config", pictures}}}},
                   {"media_sink", {{{"use", "media-null"}}}}};
        if (plan_.without_dht != 0)
            slots["discovery"] = {{{"use", "discovery-static"}, {"config", {{"listen", "127.0.0.1:0"}}}}};
        scenarios::PeerOptions options{.slots = slots};
        if (plan_.bare != 0)
            strip(options);
        ears_.push_back(std::make_shared<Ear>());
        const auto file = world_.configure(name, options);
        if (plan_.without_dht != 0 && !nodes_.empty())
            world_.introduce(name, bob_account_, nodes_.front()->discovery_address());
        auto node = Node::create(*load_config(file), ears_.back());
        if (!node)
            throw std::runtime_error(node.error().text);
        nodes_.push_back(std::move(*node));
        return nodes_.back()->start()->account_id;
    }

    std::shared_ptr<Call> call(std::size_t from, const std::string& send)
    {
        return nodes_[from]->call(bob_account_, {send, "null", true, false}, ears_[from]);
    }
    void hang_up(std::size_t from, const std::shared_ptr<Call>& call) { nodes_[from]->hang_up(call); }
    Ear& ear(std::size_t node) { return *ears_[node]; }

    /// Those that he began with; nearly all of a call is theirs.
    const std::set<std::string>& bobs_threads() const { return bobs_threads_; }

private:
    /// Nothing encrypted, no paths negotiated.
    static void strip(scenarios::PeerOptions& options)
    {
        options.secure = "secure-none";
        options.call = {{"allow_unproven_peer", true}};
        options.slots["connectivity"] = {{"use", "ice-direct"}, {"config", {{"addresses", {"127.0.0.1"}}}}};
        options.slots["secure_channel"] = {{"use", "secure-none"}, {"config", {{"insecure", true}}}};
        options.slots["media_transport"] = {{"use", "media-plain"}, {"config", {{"insecure", true}}}};
    }

    const Plan plan_;
    std::set<std::string> bobs_threads_;
    World world_;
    std::string bob_account_;
    std::vector<std::shared_ptr<Ear>> ears_;
    std::vector<std::unique_ptr<Node>> nodes_;
};

} // namespace jackfield::bench
