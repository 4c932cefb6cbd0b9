// How media lines are protected. See protection.hpp.

#include "kernel/media/protection.hpp"

#include <algorithm>

namespace jackfield::kernel {

namespace {

/// RTP/SAVP and RTP/SAVPF encrypt (RFC 3711, RFC 5124), RTP/AVP and RTP/AVPF do not. With "UDP/TLS/" in front the keys
/// come of a handshake (RFC 5764 section 8); so they do where such a profile has a fingerprint and no key. A signaling
/// that tells no profile tells one of the two.
Protection protection_of(std::string_view profile, bool has_keys, bool has_fingerprint)
{
    using enum Protection;
    if (!profile.empty() && profile.find("SAVP") == std::string_view::npos)
        return none;
    if (profile.starts_with("UDP/TLS/"))
        return handshake;
    if (has_fingerprint && !has_keys)
        return handshake;
    return profile.empty() && !has_keys ? none : keys;
}

Protection protection_of(const TransportOption& option)
{
    return protection_of(option.profile, !option.suites.empty(), option.dtls);
}

} // namespace

Protection protection_of(const MediaLine& line)
{
    return protection_of(line.profile, !line.keys.empty(), !line.fingerprint.empty());
}

const TransportOption* find_transport(const MediaCapabilities& ours, const MediaLine& line)
{
    const auto fits = [&](const TransportOption& option) {
        return option.carries(line.kind) && option.over_channels() == !line.channel.empty() &&
               protection_of(option) == protection_of(line) && (!option.dtls || !line.fingerprint.empty());
    };
    const auto shares_suite = [&](const TransportOption& option) {
        return option.suites.empty() || std::ranges::any_of(line.keys, [&](const SdesKey& key) {
                   return std::ranges::find(option.suites, key.suite) != option.suites.end();
               });
    };
    for (const auto& option : ours.transports) {
        if (fits(option) && shares_suite(option))
            return &option;
    }
    return nullptr;
}

const TransportOption* transport_for(const MediaCapabilities& ours, MediaKind kind)
{
    const auto found =
        std::ranges::find_if(ours.transports, [&](const TransportOption& option) { return option.carries(kind); });
    return found == ours.transports.end() ? nullptr : &*found;
}

std::string answered_setup(const std::string& offered)
{
    return offered == "active" || offered.empty() ? "passive" : "active"; // RFC 4145 section 4: the default is active
}

std::string role_in_handshake(const std::string& ours, const std::string& theirs)
{
    const std::string other = theirs.empty() ? "active" : theirs;
    if (ours != other && ours != "passive" && other != "active")
        return "client";
    if (ours != other && ours != "active" && other != "passive")
        return "server";
    throw Failure(JF_BAD_INPUT,
                  "nobody, or both, would begin the handshake: setup is " + ours + " here and " + other + " there");
}

} // namespace jackfield::kernel
