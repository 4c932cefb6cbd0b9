// UPnP: asks a gateway's firewall to let in who comes to a port of ours (WANIPv6FirewallControl:1, of
// InternetGatewayDevice:2), over IPv6, from the address that it is for: others may not ask.
//
// Threads and lifetime: see client.hpp.
#include "upnp_control_point.hpp"

#include <asio/post.hpp>

#include <charconv>

namespace shared_port_mapping {

namespace {

/// UniqueID is a ui2 (WANIPv6FirewallControl:1 section 2.4.7).
std::optional<std::uint16_t> read_number(const std::string& text)
{
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() && !text.empty() ? std::optional(number)
                                                                                     : std::nullopt;
}

class UpnpPinholeClient final : public UpnpControlPoint {
public:
    using UpnpControlPoint::UpnpControlPoint;

    /// Said again, it is renewed, and its number stays (section 2.5.3); a gateway that has restarted makes a new one.
    void map(const Request& request, Mapped mapped) override
    {
        act("AddPinhole",
            {{"RemoteHost", ""}, // whoever it is
             {"RemotePort", "0"},
             {"InternalClient", place().local.text()},
             {"InternalPort", std::to_string(request.wanted.internal.port)},
             {"Protocol", std::to_string(static_cast<int>(request.wanted.transport))},
             {"LeaseTime", std::to_string(kLifetime.count())}},
            {kNumber},
            [self = std::static_pointer_cast<UpnpPinholeClient>(shared_from_this()), request,
             mapped = std::move(mapped)](const ActionAnswer& answer) { self->added(request, answer, mapped); });
    }

    void unmap(const Request& request, Done done) override
    {
        const auto found = numbers_.find(key_of(request));
        if (found == numbers_.end())
            return asio::post(context(), std::move(done));
        const std::string number = std::to_string(found->second);
        numbers_.erase(found);
        act("DeletePinhole", {{kNumber, number}}, {}, [done = std::move(done)](const ActionAnswer&) { done(); });
    }

protected:
    std::vector<Service> services_in(const std::string& xml, const Url& from) const override
    {
        return read_pinhole_description(xml, from);
    }

    std::string trial_action() const override { return "GetFirewallStatus"; }

    std::string problem_in(const Answer& answer) const override
    {
        if (!answer || answer->status != 200)
            return answer ? lack() : answer.error();
        const auto values = read_action_answer(answer->body, {"FirewallEnabled", "InboundPinholeAllowed"}).values;
        const std::string& enabled = values.at("FirewallEnabled");
        if (enabled == "0" || enabled == "false" || enabled == "no")
            return "a gateway's firewall is off";
        return is_true(enabled) && is_true(values.at("InboundPinholeAllowed")) ? "" : lack();
    }

    std::string lack() const override { return "a gateway opens no pinholes"; }

private:
    using Key = std::pair<Transport, std::uint16_t>;
    static constexpr const char* kNumber = "UniqueID";

    static Key key_of(const Request& request) { return {request.wanted.transport, request.wanted.internal.port}; }

    /// UPnP Device Architecture section 2.5: a boolean.
    static bool is_true(const std::string& value) { return value == "1" || value == "true" || value == "yes"; }

    void added(const Request& request, const ActionAnswer& answer, const Mapped& mapped)
    {
        const auto number = read_number(answer.values.count(kNumber) != 0 ? answer.values.at(kNumber) : "");
        if (answer.error != 0)
            return mapped(std::unexpected(text_of(answer)));
        if (!number)
            return mapped(std::unexpected("a pinhole without a number was opened"));
        numbers_[key_of(request)] = *number;
        mapped(Granted{Protocol::upnp, request.wanted.internal, kLifetime});
    }

    std::map<Key, std::uint16_t> numbers_; // of the pinholes that are open; one for each of the mapper's entries
};

} // namespace

std::shared_ptr<Client> make_upnp_pinhole_client(asio::io_context& context, const RouterPlace& place)
{
    return std::make_shared<UpnpPinholeClient>(context, place);
}

} // namespace shared_port_mapping
