// The one path that ngtcp2 knows: what is below us has no addresses that we could know.
//
// Threads: any; never changes.
#pragma once

#include <ngtcp2/ngtcp2.h>

namespace quic_ngtcp2 {

const ngtcp2_path& only_path();

} // namespace quic_ngtcp2
