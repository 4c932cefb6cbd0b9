// UPnP: looks for gateways, reads their descriptions, and asks one for mappings, one question at a time.
//
// Threads and lifetime: see client.hpp.
#include "client.hpp"
#include "http_exchange.hpp"
#include "router_socket.hpp"
#include "upnp_messages.hpp"

#include <asio/buffer.hpp>
#include <asio/ip/multicast.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <deque>
#include <random>

namespace shared_port_mapping {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kSearchAgain = 500ms; // the datagram may have been lost
constexpr std::chrono::milliseconds kSearchTime = 2500ms; // a device may wait a second before it answers
constexpr std::size_t kMaxDevices = 4;
constexpr int kMaxAnswers = 64; // datagrams that are looked at
constexpr int kMaxConflicts = 4;
constexpr int kConflict = 718;      // WANIPConnection:2 section 2.5.16
constexpr int kPermanentOnly = 725; // section 2.5.16: OnlyPermanentLeasesSupported
constexpr int kSamePortOnly = 724;

using Arguments = std::vector<std::pair<std::string, std::string>>;

class UpnpClient final : public Client, public std::enable_shared_from_this<UpnpClient> {
public:
    UpnpClient(asio::io_context& context, const RouterPlace& place)
        : context_(context), place_(place), search_(context), search_timer_(context), random_(std::random_device()())
    {}

    Protocol protocol() const override { return Protocol::upnp; }

    void look(Looked looked) override
    {
        looked_ = std::move(looked);
        if (const std::string problem = begin_search(); !problem.empty())
            asio::post(context_, [self = shared_from_this(), problem] { self->end_look(problem); });
    }

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

    void close() override
    {
        on_restart = nullptr;
        looked_ = nullptr;
        waiting_.clear();
        end_search();
        if (exchange_ != nullptr)
            std::exchange(exchange_, nullptr)->close();
    }

private:
    /// A mapping on its way.
    struct Order {
        Request request;
        Mapped mapped;
        IpAddress outside;
        std::uint16_t port = 0;
        long lease_s = kLifetime.count();
        int conflicts = 0;
    };
    struct Question {
        Endpoint to;
        std::string text;
        HttpExchange::Done done;
    };

    // --- the search

    std::string begin_search()
    {
        asio::error_code error;
        asio::ip::address_v4::bytes_type local{};
        std::copy_n(place_.local.bytes(), local.size(), local.begin());
        search_.open(asio::ip::udp::v4(), error);
        if (!error)
            search_.bind(to_asio({place_.local, 0}), error);
        if (!error)
            search_.set_option(asio::ip::multicast::outbound_interface(asio::ip::address_v4(local)), error);
        if (!error)
            search_.set_option(asio::ip::multicast::hops(2), error); // UPnP Device Architecture section 1.3.3
        if (error)
            return error.message();
        say_search();
        receive_search();
        search_timer_.expires_after(kSearchAgain);
        search_timer_.async_wait([self = shared_from_this()](asio::error_code cancelled) {
            if (cancelled)
                return;
            self->say_search();
            self->search_timer_.expires_after(kSearchTime - kSearchAgain);
            self->search_timer_.async_wait([self](asio::error_code again) {
                if (!again)
                    self->search_is_over();
            });
        });
        return {};
    }

    void say_search()
    {
        asio::error_code ignored;
        search_.send_to(asio::buffer(write_search(place_.search)), to_asio(place_.search), 0, ignored);
    }

    void receive_search()
    {
        search_.async_receive_from(asio::buffer(search_buffer_), search_from_,
                                   [self = shared_from_this()](asio::error_code error, std::size_t size) {
                                       if (!self->search_.is_open())
                                           return;
                                       if (!error)
                                           self->take_device(ByteView(self->search_buffer_).first(size));
                                       if (++self->answers_ < kMaxAnswers && self->search_.is_open())
                                           self->receive_search();
                                   });
    }

    /// Only the router that our packets go through can map a port that is of use to us.
    void take_device(ByteView datagram)
    {
        const IpAddress from = IpAddress::from_bytes(search_from_.address().to_v4().to_bytes());
        const auto url = read_search_answer(datagram, from);
        const bool ours = !place_.router || place_.router->address == from;
        if (!url || !ours || devices_.size() == kMaxDevices || std::ranges::find(devices_, *url) != devices_.end())
            return;
        devices_.push_back(*url);
        ask({url->place, write_get(*url),
             [self = shared_from_this(), url = *url](auto answer) { self->take_description(url, answer); }});
    }

    void search_is_over()
    {
        end_search();
        if (open_devices() == 0)
            end_look(devices_.empty() ? "no gateway answers" : problem_);
    }

    std::size_t open_devices() const { return devices_.size() - seen_devices_; }

    void end_search()
    {
        search_timer_.cancel();
        asio::error_code ignored;
        search_.close(ignored);
    }

    void take_description(const Url& url, const std::expected<HttpExchange::Answer, std::string>& answer)
    {
        if (service_ || !looked_)
            return;
        std::vector<Service> services;
        if (answer && answer->status == 200)
            services = read_description(answer->body, url);
        if (services.empty())
            return device_is_no_good(answer ? "a gateway maps no ports" : answer.error());
        try_service(services, 0);
    }

    /// The one that has an outside is the one that is connected.
    void try_service(const std::vector<Service>& services, std::size_t number)
    {
        if (number == services.size())
            return device_is_no_good("a gateway knows no outside of its own");
        ask({services[number].control.place, write_action(services[number], "GetExternalIPAddress", {}),
             [self = shared_from_this(), services, number](auto answer) {
                 if (self->service_ || !self->looked_)
                     return;
                 if (!outside_in(answer))
                     return self->try_service(services, number + 1);
                 self->service_ = services[number];
                 self->end_search();
                 self->end_look({});
             }});
    }

    void device_is_no_good(const std::string& why)
    {
        problem_ = why;
        ++seen_devices_;
        if (!search_.is_open() && open_devices() == 0)
            end_look(problem_);
    }

    void end_look(const std::string& problem)
    {
        if (const auto looked = std::exchange(looked_, nullptr))
            looked(problem);
    }

    // --- mappings

    static std::optional<IpAddress> outside_in(const std::expected<HttpExchange::Answer, std::string>& answer)
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
        ask({service_->control.place, write_action(*service_, "GetExternalIPAddress", {}),
             [self = shared_from_this(), order](auto answer) {
                 const auto outside = outside_in(answer);
                 if (!outside)
                     return order->mapped(
                         std::unexpected(answer ? "the gateway knows no outside of its own" : answer.error()));
                 order->outside = *outside;
                 self->add(order);
             }});
    }

    void add(const std::shared_ptr<Order>& order)
    {
        act("AddPortMapping",
            {{"NewRemoteHost", ""},
             {"NewExternalPort", std::to_string(order->port)},
             {"NewProtocol", transport_word(order->request)},
             {"NewInternalPort", std::to_string(order->request.wanted.internal.port)},
             {"NewInternalClient", place_.local.text()},
             {"NewEnabled", "1"},
             {"NewPortMappingDescription", "jackfield"},
             {"NewLeaseDuration", std::to_string(order->lease_s)}},
            {}, [self = shared_from_this(), order](const ActionAnswer& answer) { self->added(order, answer); });
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
        order->mapped(std::unexpected(answer.error_text + " (" + std::to_string(answer.error) + ")"));
    }

    // --- one question at a time

    void act(std::string_view action, const Arguments& arguments, const std::vector<std::string>& names,
             std::function<void(const ActionAnswer&)> done)
    {
        ask({service_->control.place, write_action(*service_, action, arguments),
             [names, done = std::move(done)](const auto& answer) {
                 ActionAnswer read;
                 if (answer)
                     read = read_action_answer(answer->body, names);
                 if (!answer || (answer->status != 200 && read.error == 0)) {
                     read.error = answer ? answer->status : -1;
                     read.error_text = answer ? "HTTP" : answer.error();
                 }
                 done(read);
             }});
    }

    void ask(Question question)
    {
        waiting_.push_back(std::move(question));
        if (exchange_ == nullptr)
            next();
    }

    void next()
    {
        if (waiting_.empty())
            return;
        Question question = std::move(waiting_.front());
        waiting_.pop_front();
        exchange_ = std::make_shared<HttpExchange>(context_);
        exchange_->start(question.to, place_.local, std::move(question.text),
                         [self = shared_from_this(), done = std::move(question.done)](auto answer) {
                             self->exchange_ = nullptr;
                             done(std::move(answer));
                             if (self->exchange_ == nullptr)
                                 self->next();
                         });
    }

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
    std::mt19937 random_;
};

} // namespace

std::shared_ptr<Client> make_upnp_client(asio::io_context& context, const RouterPlace& place)
{
    return std::make_shared<UpnpClient>(context, place);
}

} // namespace shared_port_mapping
