// The slots of a configuration, in the order in which a call needs them.
//
// Threads: constant data, any thread.

#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace jackfield::kernel {

struct Slot {
    std::string_view name;         // as in the configuration
    std::string_view interface_id; // what a plugin in it must implement
    std::string_view steps;        // of the life of a call, for people
    bool list;                     // several plugins may fill it
    bool required;                 // no call without it
    std::string_view when_empty;   // what its absence means, for people
};

/// Its plugins stand between those of other slots: each says at which seams.
inline constexpr std::string_view kDecoratorSlot = "path_decorator";

/// Where two layers meet, and a path decorator may stand between them.
enum class Seam {
    kControl,   // connectivity | secure_channel
    kSecured,   // secure_channel | what is above it
    kSignaling, // right below signaling
    kMedia,     // connectivity | media_transport, each component by itself
};

inline constexpr std::string_view kSeams[] = {"control", "secured", "signaling", "media"};

constexpr std::string_view word(Seam seam)
{
    return kSeams[static_cast<std::size_t>(seam)];
}

/// Its plugins say of which media they carry what, and over what.
inline constexpr std::string_view kTransportSlot = "media_transport";

/// What the packets of a media transport go over.
enum class Over {
    kConnectivity, // paths of their own, negotiated for the call
    kMultiplexer,  // channels of datagrams of the link
};

inline constexpr std::string_view kOvers[] = {"connectivity", "multiplexer"};
inline constexpr std::string_view kKinds[] = {"audio", "video"};

/// What one media transport is for.
struct Carriage {
    Over over = Over::kConnectivity;
    bool audio = true;
    bool video = true;

    bool operator==(const Carriage&) const = default;
};

std::span<const Slot> all_slots();

/// nullptr if there is none of that name.
const Slot* find_slot(std::string_view name);

} // namespace jackfield::kernel
