// Where sealed messages wait until somebody looks at their signatures. Everybody can seal a message for us, and to
// prove who wrote one costs more than to write it: so those that claim to be of a device we expect something of come
// first, and of all others only a few are kept.
//
// Threads: control. Bounded: kMostExpected and kMostOthers messages, kMostOfOne of them with the same chain, and
// kMostChains chains. Who claims the chain of a friend comes no further than to the proof, but takes a place of his.
#pragma once

#include <jackfield/sealed_messages.hpp>

#include <algorithm>
#include <deque>
#include <set>

namespace jackfield::detail {

class UnprovenMessages {
public:
    static constexpr std::size_t kMostExpected = 256;
    static constexpr std::size_t kMostOthers = 128;
    static constexpr std::size_t kMostOfOne = 64;
    static constexpr std::size_t kMostChains = 256;    ///< expected; one more, and the oldest is forgotten
    static constexpr std::size_t kExpectedPerTurn = 8; ///< each takes up to a millisecond
    static constexpr std::size_t kOthersPerTurn = 2;

    /// Messages with this chain go before those of others from here on, also those that wait already.
    void expect(const std::string& chain)
    {
        if (chain.empty() || !chains_.insert(chain).second)
            return;
        oldest_.push_back(chain);
        if (oldest_.size() > kMostChains) {
            chains_.erase(oldest_.front());
            oldest_.pop_front();
        }
        const auto of_chain = [&](const UnprovenMessage& message) { return message.claimed_chain() == chain; };
        for (auto& message : others_) {
            if (of_chain(message))
                expected_.push_back(message);
        }
        std::erase_if(others_, of_chain);
    }

    /// False if there is no room for it. A copy of one that waits needs none.
    bool put(UnprovenMessage message)
    {
        const bool first = chains_.contains(message.claimed_chain());
        auto& queue = first ? expected_ : others_;
        std::size_t of_one = 0;
        for (const auto& one : queue) {
            if (one.claimed_chain() != message.claimed_chain())
                continue;
            if (one.body.nonce == message.body.nonce)
                return true;
            ++of_one;
        }
        if (of_one >= kMostOfOne || queue.size() >= (first ? kMostExpected : kMostOthers))
            return false;
        queue.push_back(std::move(message));
        return true;
    }

    /// What is to be proven in this turn, in the order of coming.
    std::vector<UnprovenMessage> take()
    {
        std::vector<UnprovenMessage> part;
        move_some(expected_, kExpectedPerTurn, part);
        move_some(others_, kOthersPerTurn, part);
        return part;
    }

    bool empty() const { return expected_.empty() && others_.empty(); }

    void clear()
    {
        expected_.clear();
        others_.clear();
    }

private:
    static void move_some(std::deque<UnprovenMessage>& from, std::size_t most, std::vector<UnprovenMessage>& to)
    {
        for (; !from.empty() && most > 0; --most, from.pop_front())
            to.push_back(std::move(from.front()));
    }

    std::deque<UnprovenMessage> expected_;
    std::deque<UnprovenMessage> others_;
    std::set<std::string, std::less<>> chains_;
    std::deque<std::string> oldest_;
};

} // namespace jackfield::detail
