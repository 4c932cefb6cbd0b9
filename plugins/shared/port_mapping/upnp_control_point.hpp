// A UPnP control point (UPnP Device Architecture 1.1): looks for gateways, reads their descriptions, finds the first
// service that works, and asks it, one question at a time. What it asks for is up to whoever derives from it.
//
// Threads and lifetime: see client.hpp.
#pragma once

#include "client.hpp"
#include "http_exchange.hpp"
#include "upnp_messages.hpp"

#include <asio/ip/udp.hpp>
#include <asio/steady_timer.hpp>

#include <deque>

namespace shared_port_mapping {

class UpnpControlPoint : public Client, public std::enable_shared_from_this<UpnpControlPoint> {
public:
    UpnpControlPoint(asio::io_context& context, RouterPlace place);

    Protocol protocol() const override { return Protocol::upnp; }
    void look(Looked looked) override;
    void close() override;

protected:
    using Arguments = std::vector<std::pair<std::string, std::string>>;
    using Answer = std::expected<HttpExchange::Answer, std::string>;

    /// Those of a gateway's description that may do what is wanted.
    virtual std::vector<Service> services_in(const std::string& xml, const Url& from) const = 0;

    /// What a service is asked to see whether it works, and what is wrong with it then; empty: nothing.
    virtual std::string trial_action() const = 0;
    virtual std::string problem_in(const Answer& answer) const = 0;

    /// For a gateway that has no such service.
    virtual std::string lack() const = 0;

    /// Of the service that was found.
    void act(std::string_view action, const Arguments& arguments, const std::vector<std::string>& names,
             std::function<void(const ActionAnswer&)> done);
    void ask(std::string_view action, std::function<void(const Answer&)> done);

    const RouterPlace& place() const { return place_; }
    asio::io_context& context() const { return context_; }

private:
    struct Question {
        Endpoint to;
        std::string text;
        HttpExchange::Done done;
    };

    std::string begin_search();
    void say_search();
    void receive_search();
    void take_device(ByteView datagram);
    void search_is_over();
    std::size_t open_devices() const { return devices_.size() - seen_devices_; }
    void end_search();
    void take_description(const Url& url, const Answer& answer);
    void try_service(const std::vector<Service>& services, std::size_t number, const std::string& problem);
    void device_is_no_good(const std::string& why);
    void end_look(const std::string& problem);
    void ask(Question question);
    void next();

    asio::io_context& context_;
    RouterPlace place_;
    Looked looked_;
    asio::ip::udp::socket search_;
    asio::steady_timer search_timer_;
    asio::ip::udp::endpoint search_from_;
    std::array<std::uint8_t, kMaxSearchAnswerBytes + 1> search_buffer_{};
    int answers_ = 0;
    std::vector<Url> devices_; // that are or were asked
    std::size_t seen_devices_ = 0;
    std::string problem_;
    std::optional<Service> service_;
    std::deque<Question> waiting_;
    std::shared_ptr<HttpExchange> exchange_;
};

/// What went wrong, in the gateway's words.
std::string text_of(const ActionAnswer& answer);

} // namespace shared_port_mapping
