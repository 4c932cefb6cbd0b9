// Which nodes do not answer: told by packets that come, by questions and pings that go, and by the time between them.
//
// A node that has left stays in the tables of others for ten minutes and more. OpenDHT stores and listens nowhere
// before the eight nearest nodes have answered, and waits for each of the dead ones among them a second or longer, four
// at a time. Round trips tell much earlier.
//
// Threads: a value; its owner guards it. Bounded: kMost places, the longest unused gives way.
#pragma once

#include "dht_wire.hpp"

#include <algorithm>
#include <chrono>
#include <compare>
#include <map>
#include <set>

namespace discovery_opendht {

/// An address and a port.
struct Place {
    std::array<std::uint8_t, 16> ip{}; ///< IPv4 as ::ffff:a.b.c.d
    std::uint16_t port = 0;

    auto operator<=>(const Place&) const = default;
};

class SilentNodes {
public:
    using Clock = std::chrono::steady_clock;
    using TimePoint = Clock::time_point;
    using Duration = Clock::duration;

    static constexpr std::size_t kMost = 2048;
    static constexpr std::chrono::milliseconds kShortestPatience{20}; ///< with strangers: a process may be busy
    static constexpr std::chrono::milliseconds kShortestForKnown{50};
    static constexpr std::chrono::milliseconds kLongestPatience{300};
    static constexpr unsigned kPingsForStrangers =
        1;                                        ///< unanswered, besides the question: a node never heard is silent
    static constexpr unsigned kPingsForKnown = 3; ///< and one that was there
    static constexpr std::chrono::minutes kListening{10};

    /// A question of OpenDHT's that a silent node will not answer.
    struct Lost {
        Place place;
        NodeId node{};
        std::uint32_t transaction = 0;
        bool listened_at = false;
    };

    /// A packet came: whoever sent it is there.
    void heard(const Place& place, const std::optional<NodeId>& id, TimePoint now)
    {
        Entry& entry = at(place, now);
        if (entry.asked != TimePoint{})
            sample(now - entry.asked);
        entry.heard = true;
        if (id)
            entry.id = id;
        forget_question(place, entry);
        entry.asked = {};
        entry.unanswered = 0;
    }

    /// Somebody says that a node is there. True if a ping should find out, while OpenDHT makes up its mind.
    bool named(const Place& place, const NodeId& id, TimePoint now)
    {
        Entry& entry = at(place, now);
        if (!entry.id)
            entry.id = id;
        return !entry.heard && ping_due(entry, now);
    }

    /// OpenDHT asks. A question that can be lost has a transaction.
    void asked(const Place& place, Question question, std::optional<std::uint32_t> transaction, TimePoint now)
    {
        Entry& entry = at(place, now);
        if (entry.asked == TimePoint{})
            entry.asked = now;
        if (question == Question::listen)
            entry.listening = now;
        if (question == Question::look_up && transaction && entry.id) {
            entry.transaction = *transaction;
            open_.insert(place);
        }
    }

    void pinged(const Place& place, TimePoint now)
    {
        Entry& entry = at(place, now);
        if (entry.asked == TimePoint{})
            entry.asked = now;
        entry.pinged = now;
        ++entry.unanswered;
    }

    /// Asking is in vain. Where we listen OpenDHT decides: it never listens again at a node that it gave up wrongly.
    bool hopeless(const Place& place, TimePoint now) const
    {
        const auto found = entries_.find(place);
        return found != entries_.end() && silent(found->second, now) && !listened_at(found->second, now);
    }

    /// Whether another ping could do some good.
    bool ping_due(const Place& place, TimePoint now) const
    {
        const auto found = entries_.find(place);
        return found == entries_.end() || ping_due(found->second, now);
    }

    /// Nodes that owe an answer for too long, and that a ping may wake.
    std::vector<Place> overdue(TimePoint now) const
    {
        std::vector<Place> places;
        for (const Place& place : open_) {
            const Entry& entry = entries_.at(place);
            if (entry.unanswered < enough(entry) && now >= last_word(entry) + patience(entry))
                places.push_back(place);
        }
        return places;
    }

    /// Takes out the questions that are lost.
    std::vector<Lost> take_lost(TimePoint now)
    {
        std::vector<Lost> lost;
        for (const Place& place : std::vector<Place>(open_.begin(), open_.end())) {
            Entry& entry = entries_.at(place);
            if (!silent(entry, now))
                continue;
            lost.push_back({place, *entry.id, entry.transaction, listened_at(entry, now)});
            forget_question(place, entry);
        }
        return lost;
    }

    /// When overdue or take_lost may have something to say.
    std::optional<TimePoint> next() const
    {
        std::optional<TimePoint> next;
        for (const Place& place : open_) {
            const TimePoint due = last_word(entries_.at(place)) + patience(entries_.at(place));
            next = next ? std::min(*next, due) : due;
        }
        return next;
    }

    /// The network has changed: whoever was silent may be there now.
    void forgive()
    {
        for (auto& [place, entry] : entries_)
            entry.unanswered = 0;
    }

    /// How long an answer may take: RFC 6298's estimate, within limits.
    Duration patience() const
    {
        if (!smoothed_)
            return kLongestPatience;
        return std::clamp<Duration>(*smoothed_ + 4 * deviation_, kShortestPatience, kLongestPatience);
    }

private:
    struct Entry {
        std::optional<NodeId> id; // as it said itself; else as it was named first
        bool heard = false;
        TimePoint asked{};     // first question or ping since it was heard
        TimePoint pinged{};    // by us
        TimePoint listening{}; // when OpenDHT last asked it to tell us of values
        TimePoint used{};
        unsigned unanswered = 0; // pings since it was heard
        std::uint32_t transaction = 0;
    };

    static unsigned enough(const Entry& entry) { return entry.heard ? kPingsForKnown : kPingsForStrangers; }

    bool silent(const Entry& entry, TimePoint now) const
    {
        return entry.unanswered >= enough(entry) && now >= last_word(entry) + patience(entry);
    }

    Duration patience(const Entry& entry) const
    {
        return entry.heard ? std::max<Duration>(patience(), kShortestForKnown) : patience();
    }

    static bool listened_at(const Entry& entry, TimePoint now)
    {
        return entry.heard && entry.listening != TimePoint{} && now < entry.listening + kListening;
    }

    static TimePoint last_word(const Entry& entry)
    {
        return entry.unanswered > 0 ? std::max(entry.asked, entry.pinged) : entry.asked;
    }

    /// After the first ones: 1, 4, 16 seconds, a minute.
    static bool ping_due(const Entry& entry, TimePoint now)
    {
        if (entry.unanswered == 0)
            return true;
        const auto pause = std::chrono::seconds(1) * (1 << 2 * std::min(entry.unanswered - 1, 3U));
        return now >= entry.pinged + std::min<Duration>(pause, std::chrono::seconds(60));
    }

    void forget_question(const Place& place, Entry& entry)
    {
        open_.erase(place);
        entry.transaction = 0;
    }

    Entry& at(const Place& place, TimePoint now)
    {
        if (entries_.size() >= kMost && !entries_.contains(place)) {
            const auto oldest = std::min_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
                return a.second.used < b.second.used;
            });
            open_.erase(oldest->first);
            entries_.erase(oldest);
        }
        Entry& entry = entries_[place];
        entry.used = now;
        return entry;
    }

    void sample(Duration round_trip)
    {
        if (round_trip > std::chrono::seconds(1)) // a repetition was answered, not the first question
            return;
        if (!smoothed_) {
            smoothed_ = round_trip;
            deviation_ = round_trip / 2;
            return;
        }
        const Duration off = *smoothed_ > round_trip ? *smoothed_ - round_trip : round_trip - *smoothed_;
        deviation_ = (3 * deviation_ + off) / 4;
        smoothed_ = (7 * *smoothed_ + round_trip) / 8;
    }

    std::map<Place, Entry> entries_;
    std::set<Place> open_; // with a question that may be lost
    std::optional<Duration> smoothed_;
    Duration deviation_{};
};

} // namespace discovery_opendht
