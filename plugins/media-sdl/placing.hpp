// Where a picture stands in a window: as large as fits, with its aspect, in the middle; what is left is black.
//
// Threads: plain values.
#pragma once

#include <cstdint>

namespace media_sdl {

struct Size {
    int width = 0;
    int height = 0;
    bool operator==(const Size&) const = default;
};

struct Place {
    int x = 0;
    int y = 0;
    int width = 0;
    int height = 0;
    bool operator==(const Place&) const = default;
};

/// The size of a picture once it is turned.
Size turned(Size picture, std::uint32_t degrees);

/// Where the turned picture stands.
Place fitted(Size turned_picture, Size window);

/// The same place for what is turned around its middle when it is drawn: before it is turned.
Place before_turning(Place place, std::uint32_t degrees);

/// How large a window for such a picture should be where so much room is.
Size window_for(Size turned_picture, Size room);

} // namespace media_sdl
