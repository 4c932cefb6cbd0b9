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
    static constexpr std::size_t kMostLookUps = 32;                   ///< under way to one node
    static constexpr std::chrono::milliseconds kShortestPatience{20}; ///< a process may be busy
    static constexpr std::chrono::milliseconds kLongestPatience{300}; ///< unless whoever answers takes half as long
    static constexpr std::chrono::milliseconds kLongestFarAway{1000}; ///< then; OpenDHT asks again by itself

    /// A neighbour is a node that was heard lately. It is given more time, and more pings besides the question.
    static constexpr std::chrono::seconds kLately{60};
    static constexpr std::chrono::milliseconds kShortestForNeighbours{150};
    static constexpr unsigned kPingsForNeighbours = 3;
    static constexpr unsigned kPingsForStrangers = 1;
    static constexpr std::chrono::minutes kListening{10}; ///< since OpenDHT last said so to a node

    /// A look-up of OpenDHT's that a silent node will not answer.
    struct Lost {
        Place place;
        NodeId node{};
        std::uint32_t transaction = 0;
    };

    /// A packet came: whoever sent it is there.
    void heard(const Place& place, const std::optional<NodeId>& id, TimePoint now)
    {
        Entry& entry = at(place, now);
        if (entry.asked != TimePoint{})
            sample(now - entry.asked);
        entry.heard = now;
        if (id)
            entry.id = id;
        entry.asked = {};
        entry.unanswered = 0;
        entry.owes_more = false;
        entry.leaving = false;
        forget_look_ups(place, entry);
    }

    /// It says that it leaves; one ping shall find out whether that is true.
    void leaves(const Place& place, TimePoint now)
    {
        const auto found = entries_.find(place);
        if (found == entries_.end())
            return;
        found->second.leaving = true;
        pinged(place, now);
    }

    /// It has said so, and does not answer: whatever is sent there is in vain.
    bool has_left(const Place& place, TimePoint now) const
    {
        const auto found = entries_.find(place);
        return found != entries_.end() && found->second.leaving && silent(found->second, now);
    }

    /// Those that were heard lately.
    std::vector<Place> neighbours(TimePoint now) const
    {
        std::vector<Place> places;
        for (const auto& [place, entry] : entries_) {
            if (neighbour(entry, now))
                places.push_back(place);
        }
        return places;
    }

    /// Somebody says that a node is there. True if a ping should find out, while OpenDHT makes up its mind.
    bool named(const Place& place, const NodeId& id, TimePoint now)
    {
        Entry& entry = at(place, now);
        if (!entry.id)
            entry.id = id;
        return !neighbour(entry, now) && (entry.unanswered == 0 || now >= next_ping(entry));
    }

    /// OpenDHT asks. What it asks by a look-up can be lost.
    void asked(const Place& place, Question question, std::optional<std::uint32_t> transaction, TimePoint now)
    {
        Entry& entry = at(place, now);
        if (entry.asked == TimePoint{})
            entry.asked = now;
        if (question == Question::listen)
            entry.listening = now;
        entry.owes_more = entry.owes_more || question == Question::listen || question == Question::other;
        if (question != Question::look_up || !transaction || !entry.id)
            return;
        if (entry.look_ups.size() == kMostLookUps)
            entry.look_ups.erase(entry.look_ups.begin());
        entry.look_ups.push_back(*transaction);
        open_.insert(place);
    }

    void pinged(const Place& place, TimePoint now)
    {
        Entry& entry = at(place, now);
        if (entry.asked == TimePoint{})
            entry.asked = now;
        entry.pinged = now;
        ++entry.unanswered;
    }

    /// Asking is in vain. We never say so of a neighbour where OpenDHT listens or has something else under way: it
    /// would forget that, and not listen there again, if the neighbour was only busy. OpenDHT waits for these by
    /// itself.
    bool hopeless(const Place& place, TimePoint now) const
    {
        const auto found = entries_.find(place);
        return found != entries_.end() && hopeless(found->second, now);
    }

    /// Asking is in vain, of one that was there a moment ago: what it stores is missed.
    bool missed(const Place& place, TimePoint now) const
    {
        const auto found = entries_.find(place);
        return found != entries_.end() && hopeless(found->second, now) && !found->second.leaving &&
               neighbour(found->second, now);
    }

    /// Whether one that was silent should be pinged again, now that somebody asks for it.
    bool may_be_back(const Place& place, TimePoint now) const
    {
        const auto found = entries_.find(place);
        return found != entries_.end() && silent(found->second, now) && now >= next_ping(found->second);
    }

    /// Nodes that owe an answer for too long; a ping shall find out.
    std::vector<Place> overdue(TimePoint now) const
    {
        std::vector<Place> places;
        for (const Place& place : open_) {
            const Entry& entry = entries_.at(place);
            if (entry.unanswered < enough(entry, now) && now >= last_word(entry) + patience(entry, now))
                places.push_back(place);
        }
        return places;
    }

    /// Takes out the look-ups that are lost.
    std::vector<Lost> take_lost(TimePoint now)
    {
        std::vector<Lost> lost;
        for (const Place& place : std::vector<Place>(open_.begin(), open_.end())) {
            Entry& entry = entries_.at(place);
            if (!silent(entry, now))
                continue;
            for (const std::uint32_t transaction : entry.look_ups) {
                if (hopeless(entry, now))
                    lost.push_back({place, *entry.id, transaction});
            }
            forget_look_ups(place, entry);
        }
        return lost;
    }

    /// When overdue or take_lost may have something to say.
    std::optional<TimePoint> next(TimePoint now) const
    {
        std::optional<TimePoint> next;
        for (const Place& place : open_) {
            const Entry& entry = entries_.at(place);
            const TimePoint due = last_word(entry) + patience(entry, now);
            next = next ? std::min(*next, due) : due;
        }
        return next;
    }

    /// The network has changed: whoever was silent may be there now.
    void forgive()
    {
        for (auto& [place, entry] : entries_) {
            entry.asked = {};
            entry.unanswered = 0;
            entry.look_ups.clear();
        }
        open_.clear();
    }

    /// How long an answer may take: RFC 6298's estimate, within limits. Over a satellite everybody is far away: whom we
    /// took for silent after the longest time of others, OpenDHT would never talk to again, nor answer.
    Duration patience() const
    {
        if (!smoothed_)
            return kLongestPatience;
        const Duration far_away = std::min<Duration>(2 * *smoothed_, kLongestFarAway);
        return std::clamp<Duration>(*smoothed_ + 4 * deviation_, kShortestPatience,
                                    std::max<Duration>(kLongestPatience, far_away));
    }

private:
    struct Entry {
        std::optional<NodeId> id; // as it said itself; else as it was named first
        TimePoint heard{};
        TimePoint asked{};  // first question or ping since it was heard
        TimePoint pinged{}; // by us
        TimePoint listening{};
        bool leaving = false;
        bool owes_more = false; // than look-ups, since it was heard
        TimePoint used{};
        unsigned unanswered = 0;             // our pings since it was heard
        std::vector<std::uint32_t> look_ups; // their transactions
    };

    static bool neighbour(const Entry& entry, TimePoint now)
    {
        return entry.heard != TimePoint{} && now < entry.heard + kLately;
    }

    static unsigned enough(const Entry& entry, TimePoint now)
    {
        return neighbour(entry, now) && !entry.leaving ? kPingsForNeighbours : kPingsForStrangers;
    }

    Duration patience(const Entry& entry, TimePoint now) const
    {
        const bool busy = neighbour(entry, now) && !entry.leaving; // perhaps
        return busy ? std::max<Duration>(patience(), kShortestForNeighbours) : patience();
    }

    static TimePoint last_word(const Entry& entry)
    {
        return entry.unanswered > 0 ? std::max(entry.asked, entry.pinged) : entry.asked;
    }

    bool silent(const Entry& entry, TimePoint now) const
    {
        return entry.unanswered >= enough(entry, now) && now >= last_word(entry) + patience(entry, now);
    }

    bool hopeless(const Entry& entry, TimePoint now) const
    {
        const bool listened_at = entry.listening != TimePoint{} && now < entry.listening + kListening;
        return silent(entry, now) && (entry.leaving || !neighbour(entry, now) || !(listened_at || entry.owes_more));
    }

    /// After 1, 4, 16 seconds, then every minute.
    static TimePoint next_ping(const Entry& entry)
    {
        const auto pause = std::chrono::seconds(1) * (1 << 2 * std::min(entry.unanswered - 1, 3U));
        return entry.pinged + std::min<Duration>(pause, std::chrono::seconds(60));
    }

    void forget_look_ups(const Place& place, Entry& entry)
    {
        entry.look_ups.clear();
        open_.erase(place);
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
    std::set<Place> open_; // with a look-up that may be lost
    std::optional<Duration> smoothed_;
    Duration deviation_{};
};

} // namespace discovery_opendht
