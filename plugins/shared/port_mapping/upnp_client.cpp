// UPnP: asks a gateway for ports (WANIPConnection:1 and :2).
//
// Threads and lifetime: see client.hpp.
#include "upnp_control_point.hpp"

#include <random>

namespace shared_port_mapping {

namespace {

constexpr int kMaxConflicts = 4;
constexpr int kConflict = 718;      // WANIPConnection:2 section 2.5.16
constexpr int kPermanentOnly = 725; // section 2.5.16: OnlyPermanentLeasesSupported
constexpr int kSamePortOnly = 724;

class UpnpClient final : public UpnpControlPoint {
public:
    UpnpClient(asio::io_context& context, const RouterPlace& place)
        : UpnpControlPoint(context, place), random_(std::random_device()())
    {}

    void map(const Request& request, Mapped mapped) override
    {
        auto order = std::make_shared<Order>();
        order->request = request;
        order->port = request.external.port;
        order->mapped = std::move(mapped);
        ask_address(order);
    }

    void unmap(const Request& request, Done done) override
    {
        act("DeletePortMapping",
            {{"NewRemoteHost", ""},
             {"NewExternalPort", std::to_string(request.external.port)},
             {"NewProtocol", transport_word(request)}},
            {}, [done = std::move(done)](const ActionAnswer&) { done(); });
    }

protected:
    std::vector<Service> services_in(const std::string& xml, const Url& from) const override
    {
        return read_description(xml, from);
    }

    /// The one that has an outside is the one that is connected.
    std::string trial_action() const override { return kAddressAction; }
    std::string problem_in(const Answer& answer) const override { return outside_in(answer) ? "" : kNoAddress; }
    std::string lack() const override { return "a gateway maps no ports"; }

private:
    static constexpr const char* kAddressAction = "GetExternalIPAddress";
    static constexpr const char* kNoAddress = "a gateway knows no outside of its own";

    /// A mapping on its way.
    struct Order {
        Request request;
        Mapped mapped;
        IpAddress outside;
        std::uint16_t port = 0;
        long lease_s = kLifetime.count();
        int conflicts = 0;
    };

    std::shared_ptr<UpnpClient> self() { return std::static_pointer_cast<UpnpClient>(shared_from_this()); }

    static std::optional<IpAddress> outside_in(const Answer& answer)
    {
        if (!answer || answer->status != 200)
            return std::nullopt;
        const auto text = read_action_answer(answer->body, {"NewExternalIPAddress"}).values["NewExternalIPAddress"];
        const auto address = IpAddress::parse(text);
        return address && could_be_outside({*address, 1}) ? address : std::nullopt;
    }

    static std::string transport_word(const Request& request)
    {
        return request.wanted.transport == Transport::tcp ? "TCP" : "UDP";
    }

    void ask_address(const std::shared_ptr<Order>& order)
    {
        ask(kAddressAction, [self = self(), order](const Answer& answer) {
            const auto outside = outside_in(answer);
            if (!outside)
                return order->mapped(std::unexpected(answer ? kNoAddress : answer.error()));
            order->outside = *outside;
            self->add(order);
        });
    }

    void add(const std::shared_ptr<Order>& order)
    {
        act("AddPortMapping",
            {{"NewRemoteHost", ""},
             {"NewExternalPort", std::to_string(order->port)},
             {"NewProtocol", transport_word(order->request)},
             {"NewInternalPort", std::to_string(order->request.wanted.internal.port)},
             {"NewInternalClient", place().local.text()},
             {"NewEnabled", "1"},
             {"NewPortMappingDescription", "jackfield"},
             {"NewLeaseDuration", std::to_string(order->lease_s)}},
            {}, [self = self(), order](const ActionAnswer& answer) { self->added(order, answer); });
    }

    void added(const std::shared_ptr<Order>& order, const ActionAnswer& answer)
    {
        if (answer.error == 0)
            return order->mapped(
                Granted{Protocol::upnp, {order->outside, order->port}, std::chrono::seconds(order->lease_s)});
        if (answer.error == kPermanentOnly && order->lease_s != 0) {
            order->lease_s = 0;
            return add(order);
        }
        if ((answer.error == kConflict || answer.error == kSamePortOnly) && order->conflicts++ < kMaxConflicts) {
            order->port = answer.error == kSamePortOnly
                              ? order->request.wanted.internal.port
                              : static_cast<std::uint16_t>(std::uniform_int_distribution<int>(10'000, 60'000)(random_));
            return add(order);
        }
        order->mapped(std::unexpected(text_of(answer)));
    }

    std::mt19937 random_;
};

} // namespace

std::shared_ptr<Client> make_upnp_client(asio::io_context& context, const RouterPlace& place)
{
    return std::make_shared<UpnpClient>(context, place);
}

} // namespace shared_port_mapping
