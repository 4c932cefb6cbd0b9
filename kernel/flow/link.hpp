// A link: the proven, encrypted stream to one device of a peer, with signaling on it. Kept open between calls.
//
// Threads:  [control].
// Lifetime: shared by the node's table (until it closes) and every call on it. Members are the layers from the bottom
// up, so
//           that they are destroyed from the top down.

#pragma once

#include "kernel/bind/connectivity.hpp"
#include "kernel/bind/layers.hpp"
#include "kernel/bind/signaling.hpp"

#include <memory>
#include <optional>

namespace jackfield::kernel {

struct Link {
    Device peer;
    std::unique_ptr<ConnectivitySession> connectivity;
    std::unique_ptr<SecureLayer> secure;
    std::unique_ptr<ReliableLayer> reliable; // only over datagrams
    std::unique_ptr<SignalingSession> signaling;

    bool usable() const { return signaling && !signaling->closed(); }
};

} // namespace jackfield::kernel
