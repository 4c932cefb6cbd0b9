// One direction of a cable: what path-impair does to packets, and an MTU beyond which they vanish without a word.
//
// Threads: one at a time. No clock of its own: the caller says when.
#pragma once

#include <shared/impairment/fate.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace laboratory {

using shared_impairment::Fate;
using shared_impairment::Time;

struct LinkCounts {
    std::uint64_t packets = 0;
    std::uint64_t lost = 0; // by chance, while it was cut or blacked out, or because the queue was full
    std::uint64_t too_long = 0;
};

class Link {
public:
    explicit Link(std::uint64_t seed) : seed_(seed) { teller_.emplace(options_, seed_, false); }
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    /// The options of path-impair but for "direction", and "mtu": bytes of an IP packet, 0 is no limit. What is not
    /// written is as in the beginning; times of blackouts count from now on. Throws ConfigError.
    void change(std::string_view json, Time now);

    /// Until it is whole again, nothing arrives.
    void cut(bool is_cut) { cut_ = is_cut; }

    /// When each copy of a packet comes out.
    Fate carry(std::size_t bytes, Time now);

    const LinkCounts& counts() const { return counts_; }

private:
    std::uint64_t seed_;
    shared_impairment::Options options_;
    std::optional<shared_impairment::FateTeller> teller_;
    Time changed_{};
    std::size_t mtu_ = 0;
    bool cut_ = false;
    LinkCounts counts_;
};

} // namespace laboratory
