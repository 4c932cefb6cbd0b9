// One end of calls that are handed on: a node in this process, and what it has heard so far.
//
// Threads: the test's; nodes speak on their control threads. Lifetime: leave parts it from its calls, which hold it.
#pragma once

#include "heard_lines.hpp"
#include "world.hpp"

#include "kernel/node/node.hpp"

namespace scenarios {

using namespace jackfield::kernel;

/// What it has heard is one line an event: "held", "transfer 180", "referred ..".
class Party final : public HeardLines,
                    public NodeListener,
                    public CallListener,
                    public std::enable_shared_from_this<Party> {
public:
    void timeline(const TimelineEvent& event) override
    {
        hear("timeline " + std::string(name_of(event.step)) + " " + event.call + " " + event.detail_json);
    }
    IncomingPlan incoming(const IncomingCall& call) override
    {
        hear("incoming from " + call.peer_account + (call.referred_by.empty() ? "" : " by " + call.referred_by) +
             (call.replaces.empty() ? "" : " in place of " + call.replaces));
        if (busy)
            return {{}, nullptr, JF_REASON_BUSY};
        return {plan, shared_from_this(), std::nullopt};
    }
    void ringing(Call& ringing) override
    {
        hear("rings with " + ringing.peer_account);
        if (ringing.side == Side::callee)
            ringing.answer();
    }
    void answered(Call& answered) override
    {
        const std::lock_guard lock(mutex_);
        calls_.push_back(answered.shared_from_this());
        changed_.notify_all();
    }
    void held(Call&, bool held) override { hear(held ? "held" : "heard again"); }
    void referred(Call&, const std::shared_ptr<Referral>& referral) override
    {
        hear("referred " + referral->target);
        if (considers)
            considered = referral;
        else if (follows)
            node->follow(referral, plan, shared_from_this());
        else
            referral->refuse();
    }
    void transfer_progressed(Call&, const TransferProgress& progress) override
    {
        hear("transfer " + std::to_string(progress.code) +
             (progress.over ? progress.succeeded ? " done" : " failed" : ""));
    }
    void ended(Call& call, const CallEnd& how) override
    {
        {
            const std::lock_guard lock(mutex_);
            std::erase_if(calls_, [&](const auto& one) { return one.get() == &call; });
        }
        const Json statistics = Json::parse(how.statistics, nullptr, false);
        const bool sound = how.answered && statistics["streams"][0].value("frames_decoded", 0) > 0 &&
                           statistics["streams"][0].value("packets_lost", -1) == 0;
        hear("ended with " + call.peer_account + " " + std::string(status_word(how.error.status)) +
             (how.by_peer ? " by the peer " : " here ") + how.error.text + (sound ? " sound" : " no sound"));
    }

    /// The last that was answered.
    std::shared_ptr<Call> call(std::size_t at_least = 1)
    {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 20s, [&] { return calls_.size() >= at_least; });
        return calls_.empty() ? nullptr : calls_.back();
    }

    MediaPlan plan{"test", "null", true, false, false};
    bool busy = false;
    bool follows = true;
    bool considers = false;
    std::shared_ptr<Referral> considered; // the test's, once "referred" was heard
    std::unique_ptr<Node> node;
    std::string account;

    void leave()
    {
        if (node)
            node->stop();
        const std::lock_guard lock(mutex_);
        calls_.clear(); // they hold us
    }

private:
    std::vector<std::shared_ptr<Call>> calls_;
};

inline std::shared_ptr<Party> party(const std::string& file)
{
    const auto made = std::make_shared<Party>();
    auto node = Node::create(*load_config(file), made);
    if (!node)
        throw std::runtime_error(node.error().text);
    made->node = std::move(*node);
    const auto ids = made->node->start();
    if (!ids)
        throw std::runtime_error(ids.error().text);
    made->account = ids->account_id;
    return made;
}

} // namespace scenarios
