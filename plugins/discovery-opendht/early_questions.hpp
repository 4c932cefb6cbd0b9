// The questions that do not wait for OpenDHT, and the values that come in answer to them.
//
// A look-up or a listen of our own has a transaction that OpenDHT knows nothing of: what comes under it is put together
// here. A value of more than 600 bytes is announced by its size and comes in pieces; one that is lost loses the value,
// which OpenDHT's own question then brings.
//
// Threads: a value; its owner guards it. Bounded: kMost questions, the oldest gives way; kMostBytes of each.
#pragma once

#include "silent_nodes.hpp"

#include <functional>
#include <map>

namespace discovery_opendht {

struct EarlyValue {
    std::uint64_t id = 0; ///< among those of its key
    jackfield::Bytes data;
};

using EarlySink = std::function<void(const EarlyValue&)>;

class EarlyQuestions {
public:
    using TimePoint = SilentNodes::TimePoint;

    static constexpr std::size_t kMost = 128;
    static constexpr std::size_t kMostValues = 64; ///< of one answer
    static constexpr std::size_t kLargestValue = 65'536;
    static constexpr std::size_t kMostBytes = 512 * 1024; ///< under way to one question
    static constexpr std::chrono::seconds kLasts{20};

    struct Answer {
        EarlySink sink;
        std::vector<EarlyValue> values;
    };

    /// Answers under that transaction count if they come from that place.
    void asked(std::uint32_t transaction, const Place& place, EarlySink sink, TimePoint now);

    /// What is complete with that packet. Nothing if it answers no question of ours.
    Answer take(const Place& from, std::uint32_t transaction, jackfield::ByteView packet, TimePoint now);

private:
    struct Partial {
        std::size_t size = 0;
        jackfield::Bytes bytes;
    };
    struct Question {
        Place place;
        EarlySink sink;
        TimePoint asked;
        std::map<unsigned, Partial> partial; // by their place in the answer
    };

    static std::vector<EarlyValue> read(Question& question, jackfield::ByteView packet);

    std::map<std::uint32_t, Question> questions_; // by transaction
};

} // namespace discovery_opendht
