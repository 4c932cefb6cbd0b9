// What is said to UPnP Internet Gateway Devices and read from them: SSDP, the device's description, SOAP (UPnP Device
// Architecture 1.1, WANIPConnection:1 and :2, WANIPv6FirewallControl:1). Devices of a home network are strangers:
// everything is bounded, and a device may speak of itself alone.
//
// Threads: values and pure functions. XML is read by libminiupnpc.
#pragma once

#include "mapping.hpp"

#include <map>
#include <optional>

namespace shared_port_mapping {

inline constexpr std::size_t kMaxSearchAnswerBytes = 2048;
inline constexpr std::size_t kMaxHttpBytes = 65'536; ///< of an answer, all in all
inline constexpr std::size_t kMaxUrlBytes = 256;

/// "http://192.168.1.1:5000/rootDesc.xml", "http://[2001:db8::1]:5000/": digits alone, no names, no users, no scopes.
struct Url {
    Endpoint place;
    std::string path;

    friend bool operator==(const Url&, const Url&) = default;
};

std::optional<Url> read_url(std::string_view text);

/// M-SEARCH for a gateway of any version.
std::string write_search(const Endpoint& to);

/// The description of a gateway that answers from there; nothing for other devices, and if it points elsewhere. A
/// device has more than one address of IPv6: any that is a neighbour of ours will do, as no stranger farther away can
/// be meant.
std::optional<Url> read_search_answer(ByteView datagram, const IpAddress& from, const IpAddress& local);

/// Where a gateway is asked for mappings, or for pinholes.
struct Service {
    Url control;
    std::string type; // urn:schemas-upnp-org:service:WANIPConnection:1
};

/// Those that map ports, of a description that was fetched from there, at most two.
std::vector<Service> read_description(const std::string& xml, const Url& from);

/// The one that opens pinholes, at most one.
std::vector<Service> read_pinhole_description(const std::string& xml, const Url& from);

std::string write_get(const Url& url);

/// An action with its arguments, in their order.
std::string write_action(const Service& service, std::string_view action,
                         const std::vector<std::pair<std::string, std::string>>& arguments);

/// The values that are asked for by name, and what went wrong.
struct ActionAnswer {
    int error = 0; ///< UPnP's code
    std::string error_text;
    std::map<std::string, std::string> values;
};

ActionAnswer read_action_answer(const std::string& xml, const std::vector<std::string>& names);

} // namespace shared_port_mapping
