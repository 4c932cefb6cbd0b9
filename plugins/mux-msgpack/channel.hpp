// A channel as the kernel holds it. See <shared/mux/channel.hpp>.
#pragma once

#include "session.hpp"

#include <shared/mux/channel.hpp>

namespace mux_msgpack {

using MsgpackChannel = shared_mux::CoreChannel<Core, Stream>;

} // namespace mux_msgpack
