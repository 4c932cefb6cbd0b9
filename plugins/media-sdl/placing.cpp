// Places pictures. See placing.hpp.

#include "placing.hpp"

#include <algorithm>

namespace media_sdl {

Size turned(Size picture, std::uint32_t degrees)
{
    return degrees % 180 == 90 ? Size{picture.height, picture.width} : picture;
}

Place fitted(Size turned_picture, Size window)
{
    if (turned_picture.width <= 0 || turned_picture.height <= 0 || window.width <= 0 || window.height <= 0)
        return {};
    const std::int64_t by_width = std::int64_t{window.width} * turned_picture.height;
    const std::int64_t by_height = std::int64_t{window.height} * turned_picture.width;
    Size size = window;
    if (by_width <= by_height)
        size.height = std::max(1, static_cast<int>(by_width / turned_picture.width));
    else
        size.width = std::max(1, static_cast<int>(by_height / turned_picture.height));
    return {(window.width - size.width) / 2, (window.height - size.height) / 2, size.width, size.height};
}

Place before_turning(Place place, std::uint32_t degrees)
{
    if (degrees % 180 != 90)
        return place;
    return {place.x + (place.width - place.height) / 2, place.y + (place.height - place.width) / 2, place.height,
            place.width};
}

Size window_for(Size turned_picture, Size room)
{
    if (turned_picture.width <= room.width && turned_picture.height <= room.height)
        return turned_picture;
    const Place place = fitted(turned_picture, room);
    return {place.width, place.height};
}

} // namespace media_sdl
