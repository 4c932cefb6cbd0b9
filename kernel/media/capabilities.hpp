// What this end can do, asked of the plugins on the board: codecs, transports, and how many components these need.
//
// Threads: [control]. Lifetime: the answer refers to the board.

#pragma once

#include "kernel/bind/board.hpp"
#include "kernel/media/negotiate.hpp"

#include <cstdint>
#include <string>

namespace jackfield::kernel {

/// Throws Failure if a plugin does not say what it can do.
MediaCapabilities capabilities_of(const Board& board, bool may_bundle, const std::string& cname);

/// How many components of connectivity an offer of these kinds needs.
std::uint32_t components_for(const Board& board, bool audio, bool video);

std::uint32_t random_number();

} // namespace jackfield::kernel
