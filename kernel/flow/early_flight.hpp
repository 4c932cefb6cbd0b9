// Step 5 before step 4 is done, on the calling side: encryption over UDP begins as soon as the peer has answered, and
// its first flight goes along with the first checks. The peer's path opens half a round trip before ours, because the
// peer has checked since it answered; so its own flight is here when ours opens.
//
// Once it has begun over UDP it is what goes on over UDP: the peer may have heard of it, and takes no second beginning
// on the same path. If TCP is taken it comes to nothing, and ends with the attempt.
//
// Threads:  [control].
// Lifetime: the attempt's; goes before the session of datagrams that it stands upon.

#pragma once

#include "kernel/flow/environment.hpp"

#include <functional>
#include <memory>

namespace jackfield::kernel {

class EarlyFlight : public std::enable_shared_from_this<EarlyFlight> {
public:
    /// Null if connectivity sends nothing early, or encryption cannot begin: then all goes in its turn. `changed` is
    /// called when encryption got on.
    static std::shared_ptr<EarlyFlight> begin(Environment& node, const ConnectivitySession& session,
                                              const Device& callee, std::shared_ptr<Errand> errand,
                                              const std::function<void()>& changed);

    EarlyFlight(Environment& node, const ConnectivitySession& session, std::shared_ptr<Errand> errand);

    /// What has begun, if that is to go on over this session. Null if it has not begun there, or has failed already.
    std::unique_ptr<LinkLayers> take(const ConnectivitySession* session);

private:
    std::function<void()> send_soon();
    void send();

    Environment& node_;
    const ConnectivitySession& session_;
    std::shared_ptr<Errand> errand_; // second owner: the flow that opens the link
    std::unique_ptr<LinkLayers> layers_;
};

} // namespace jackfield::kernel
