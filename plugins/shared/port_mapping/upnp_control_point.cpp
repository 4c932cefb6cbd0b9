// In the order in which it happens: search, description, service, questions. See upnp_control_point.hpp.
#include "upnp_control_point.hpp"

#include "announcements.hpp"
#include "router_socket.hpp"

#include <asio/buffer.hpp>
#include <asio/ip/multicast.hpp>
#include <asio/post.hpp>

#include <algorithm>

namespace shared_port_mapping {

namespace {

using namespace std::chrono_literals;
using asio::ip::udp;

constexpr std::chrono::milliseconds kSearchAgain = 500ms; // the datagram may have been lost
constexpr std::chrono::milliseconds kSearchTime = 2500ms; // a device may wait a second before it answers
constexpr std::size_t kMaxDevices = 4;
constexpr int kMaxAnswers = 64; // datagrams that are looked at

/// By which interface a multicast leaves.
asio::error_code leave_by(udp::socket& socket, const RouterPlace& place)
{
    asio::error_code error;
    using asio::ip::multicast::outbound_interface;
    if (place.local.is_v6())
        socket.set_option(outbound_interface(place.interface), error);
    else
        socket.set_option(outbound_interface(to_asio({place.local, 0}).address().to_v4()), error);
    return error;
}

} // namespace

UpnpControlPoint::UpnpControlPoint(asio::io_context& context, RouterPlace place)
    : context_(context), place_(std::move(place)), search_(context), search_timer_(context)
{}

void UpnpControlPoint::look(Looked looked)
{
    looked_ = std::move(looked);
    if (const std::string problem = begin_search(); !problem.empty())
        asio::post(context_, [self = shared_from_this(), problem] { self->end_look(problem); });
}

void UpnpControlPoint::close()
{
    on_restart = nullptr;
    looked_ = nullptr;
    waiting_.clear();
    end_search();
    if (exchange_ != nullptr)
        std::exchange(exchange_, nullptr)->close();
}

std::string UpnpControlPoint::begin_search()
{
    asio::error_code error;
    const udp::endpoint local = to_asio({place_.local, 0});
    search_.open(local.protocol(), error);
    if (!error)
        search_.bind(local, error);
    if (!error)
        error = leave_by(search_, place_);
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

void UpnpControlPoint::say_search()
{
    asio::error_code ignored;
    search_.send_to(asio::buffer(write_search(place_.search)), to_asio(place_.search, place_.interface), 0, ignored);
}

void UpnpControlPoint::receive_search()
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

/// Only the router that our packets go through can map a port that is of use to us. That of IPv6 is known by a
/// link-local address, and may answer from another.
void UpnpControlPoint::take_device(ByteView datagram)
{
    const IpAddress from = address_of(search_from_);
    const auto url = read_search_answer(datagram, from, place_.local);
    const bool ours = !place_.router || place_.router->address == from || place_.local.is_v6();
    if (!url || !ours || devices_.size() == kMaxDevices || std::ranges::find(devices_, *url) != devices_.end())
        return;
    devices_.push_back(*url);
    ask({url->place, write_get(*url),
         [self = shared_from_this(), url = *url](auto answer) { self->take_description(url, answer); }});
}

void UpnpControlPoint::search_is_over()
{
    end_search();
    if (open_devices() == 0)
        end_look(devices_.empty() ? "no gateway answers" : problem_);
}

void UpnpControlPoint::end_search()
{
    search_timer_.cancel();
    asio::error_code ignored;
    search_.close(ignored);
}

void UpnpControlPoint::take_description(const Url& url, const Answer& answer)
{
    if (service_ || !looked_)
        return;
    std::vector<Service> services;
    if (answer && answer->status == 200)
        services = services_in(answer->body, url);
    try_service(services, 0, answer ? lack() : answer.error());
}

/// The first one that does what it should.
void UpnpControlPoint::try_service(const std::vector<Service>& services, std::size_t number, const std::string& problem)
{
    if (number == services.size())
        return device_is_no_good(problem);
    ask({services[number].control.place, write_action(services[number], trial_action(), {}),
         [self = shared_from_this(), services, number](auto answer) {
             if (self->service_ || !self->looked_)
                 return;
             if (const std::string wrong = self->problem_in(answer); !wrong.empty())
                 return self->try_service(services, number + 1, wrong);
             self->service_ = services[number];
             self->end_search();
             self->end_look({});
         }});
}

void UpnpControlPoint::device_is_no_good(const std::string& why)
{
    problem_ = why;
    ++seen_devices_;
    if (!search_.is_open() && open_devices() == 0)
        end_look(problem_);
}

void UpnpControlPoint::end_look(const std::string& problem)
{
    if (const auto looked = std::exchange(looked_, nullptr))
        looked(problem);
}

void UpnpControlPoint::ask(std::string_view action, std::function<void(const Answer&)> done)
{
    ask({service_->control.place, write_action(*service_, action, {}), std::move(done)});
}

void UpnpControlPoint::act(std::string_view action, const Arguments& arguments, const std::vector<std::string>& names,
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

void UpnpControlPoint::ask(Question question)
{
    waiting_.push_back(std::move(question));
    if (exchange_ == nullptr)
        next();
}

void UpnpControlPoint::next()
{
    if (waiting_.empty())
        return;
    Question question = std::move(waiting_.front());
    waiting_.pop_front();
    exchange_ = std::make_shared<HttpExchange>(context_);
    exchange_->start(question.to, place_, std::move(question.text),
                     [self = shared_from_this(), done = std::move(question.done)](auto answer) {
                         self->exchange_ = nullptr;
                         done(std::move(answer));
                         if (self->exchange_ == nullptr)
                             self->next();
                     });
}

std::string text_of(const ActionAnswer& answer)
{
    return answer.error_text + " (" + std::to_string(answer.error) + ")";
}

} // namespace shared_port_mapping
