// What happens to a request that comes in: it belongs to a call, it begins something, or we answer it ourselves.
//
// Threads: any. Lifetime: pure functions.
#pragma once

#include <shared/sip/message.hpp>

namespace discovery_sip {

struct Verdict {
    enum class Kind {
        to_call, ///< whoever has its Call-ID
        to_peer, ///< whoever sent it
        reply,   ///< with code, reason and further lines
        drop
    };
    Kind kind = Kind::drop;
    int code = 0;
    std::string_view reason;
    std::string more;
};

/// call_is_known: a link has had its Call-ID.
Verdict judge(const shared_sip::Message& request, bool call_is_known);

/// The sender's address as its From says it, a SIP URI without header fields. Empty if it is none.
std::string sender_of(const shared_sip::Message& request);

} // namespace discovery_sip
