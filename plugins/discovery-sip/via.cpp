// The topmost Via: see the header.
//
// Threads: any.
#include "via.hpp"

#include <shared/sip/header_value.hpp>

namespace discovery_sip {

namespace {

using jackfield::Failure;
using shared_sip::HostPort;

/// "SIP/2.0/UDP host:port" before the parameters, as its host and port.
std::optional<HostPort> sent_by(std::string_view via)
{
    const std::string_view head = shared_sip::stripped(via.substr(0, via.find(';')));
    const std::size_t space = head.find_last_of(" \t");
    if (space == std::string_view::npos)
        return std::nullopt;
    return shared_sip::read_host_port(head.substr(space + 1));
}

} // namespace

std::string stamped_via(const std::string& via, const HostPort& source)
{
    const auto host = sent_by(via);
    if (!host)
        throw Failure(JF_BAD_INPUT, "no SIP message: a Via without a host");
    const auto parts = shared_sip::split_list(via, ';');
    std::string text(parts.front());
    bool with_port = false;
    for (std::size_t i = 1; i < parts.size(); ++i) {
        const std::string_view name = shared_sip::stripped(parts[i].substr(0, parts[i].find('=')));
        const bool is_port = shared_sip::same_word(name, "rport");
        with_port = with_port || is_port;
        if (!is_port && !shared_sip::same_word(name, "received"))
            text.append(";").append(parts[i]);
    }
    if (with_port)
        text += ";rport=" + std::to_string(source.port);
    if (with_port || host->host != source.host)
        text += ";received=" + source.host;
    return text;
}

std::optional<HostPort> response_target(const std::string& via)
{
    auto target = sent_by(via);
    if (!target)
        return std::nullopt;
    if (const auto received = shared_sip::parameter(via, "received"))
        target->host = *received;
    const auto port = shared_sip::read_number(shared_sip::parameter(via, "rport").value_or(""), 65535);
    if (port && *port != 0)
        target->port = static_cast<std::uint16_t>(*port);
    if (target->port == 0)
        target->port = 5060;
    return target;
}

} // namespace discovery_sip
