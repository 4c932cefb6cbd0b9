// SIP URIs (RFC 3261 section 19.1), and the one way in which we write an address of record.
//
// Threads: any. Lifetime: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace shared_sip {

inline constexpr std::size_t kLongestUri = 512;

struct HostPort {
    std::string host;       ///< a name or an address, without brackets, in lower case
    std::uint16_t port = 0; ///< 0: none was given

    std::string text() const; ///< "host:port"; an IPv6 address in brackets; the port only if there is one
    bool operator==(const HostPort&) const = default;
};

struct Uri {
    std::string scheme; ///< "sip" or "sips"
    std::string user;   ///< as it stands there, without a password; may be empty
    HostPort where;
    std::string parameters; ///< from the first ';' or '?' on

    /// An address of record: scheme and host in lower case, needless escapes undone, no parameters, no default port.
    std::string canonical() const;
    std::string parameter(std::string_view name) const; ///< empty if there is none
};

/// Nothing if it is no URI of the scheme sip or sips.
std::optional<Uri> read_uri(std::string_view text);

/// "host", "host:port", "[v6]", "[v6]:port". Nothing if it is no such thing.
std::optional<HostPort> read_host_port(std::string_view text);

/// The address of record that the text names, or an empty text.
std::string canonical_uri(std::string_view text);

} // namespace shared_sip
