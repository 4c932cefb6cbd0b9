// Offer and answer in a running call (RFC 3264 section 8): what is unchanged keeps its line, mid, source, keys, payload
// types and path, so that it goes on without a gap.
//
// Threads: plain functions on values, any thread.

#pragma once

#include "kernel/media/negotiate.hpp"

namespace jackfield::kernel {

/// What a call runs on now.
struct Negotiated {
    MediaDescription local;
    MediaDescription remote;
    std::vector<AgreedStream> streams;

    bool bundled() const { return local.bundle && remote.bundle; }
    bool without_ice() const { return !remote.lines.empty() && remote.ice.empty(); }
    std::string peer_address() const; // without ICE; "" if it named none
    const AgreedStream* stream_of(std::size_t line) const;
};

/// Our next offer, without ICE. A kind that is not wanted any more is rejected in its place; one that is new takes the
/// place of a rejected line of its kind, or stands behind. `components`: how many connectivity has. Throws Failure if
/// there is no room, or no path, for one more.
MediaDescription make_next_offer(const MediaCapabilities& ours, const Wishes& wishes, const Negotiated& now,
                                 std::uint32_t components);

/// Our answer to the peer's next offer, without ICE. Throws Failure JF_BAD_INPUT if the offer does not go on from what
/// was agreed, JF_UNSUPPORTED if nothing would be left.
MediaDescription make_next_answer(const MediaCapabilities& ours, const Wishes& wishes, const Negotiated& now,
                                  const MediaDescription& offer);

/// The same stream, though perhaps in another direction.
bool goes_on(const AgreedStream& before, const AgreedStream& after);

} // namespace jackfield::kernel
