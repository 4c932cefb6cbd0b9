// The keeper of mappings: one entry each, from the wish to the goodbye.
//
// Threads and lifetime: see port_mapper.hpp. Everything of the Keeper is on its thread but `map` and `forget`, which
// post.
#include "port_mapper.hpp"

#include "router.hpp"

#include <asio/buffer.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/ip/multicast.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <thread>

namespace shared_port_mapping {

namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kFirstSuggested = 10'000;
constexpr std::uint16_t kLastSuggested = 60'000;

} // namespace

struct PortMapper::Thread {
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(context);
    std::thread thread;
};

class PortMapper::Keeper : public std::enable_shared_from_this<Keeper> {
public:
    Keeper(asio::io_context& context, Settings settings, Log log)
        : context_(context),
          settings_(std::move(settings)),
          log_(std::move(log)),
          announcements_(context),
          goodbye_(context)
    {}

    std::uint64_t map(const Wanted& wanted, Result result)
    {
        const std::uint64_t number = ++numbers_;
        asio::post(context_, [self = shared_from_this(), number, wanted, result = std::move(result)] {
            self->begin(number, wanted, result);
        });
        return number;
    }

    void forget(std::uint64_t number)
    {
        asio::post(context_, [self = shared_from_this(), number] { self->give_up(number); });
    }

    void start()
    {
        find_router();
        listen_to_announcements();
    }

    /// Takes everything back; `done` comes within kGoodbye.
    void leave(std::function<void()> done)
    {
        left_ = std::move(done);
        goodbye_.expires_after(kGoodbye);
        goodbye_.async_wait([self = shared_from_this()](asio::error_code error) {
            if (!error)
                self->end();
        });
        while (!entries_.empty())
            give_up(entries_.begin()->first);
        end_if_told();
    }

private:
    struct Entry {
        explicit Entry(asio::io_context& context) : timer(context) {}

        Request request;
        Result result;
        std::optional<Granted> granted;
        Router::Clock::time_point ends;
        bool asked = false; // and not answered yet
        asio::steady_timer timer;
    };

    // --- the router

    /// Another network, or none that answered a while ago: all anew.
    void find_router()
    {
        const auto place = find_place(settings_);
        const bool stale =
            router_ != nullptr && router_->useless() && Router::Clock::now() - router_->looked_at() >= kLookAgain;
        if (router_ != nullptr && !stale && place && *place == router_->place())
            return;
        if (router_ != nullptr)
            router_->close();
        router_ = nullptr;
        for (const auto& [number, entry] : std::exchange(entries_, {})) { // of a network that we are not in any more
            entry->timer.cancel();
            if (!entry->granted)
                entry->result(std::unexpected("the network has changed"));
        }
        given_up_.clear();
        if (!place)
            return;
        router_ = std::make_shared<Router>(context_, settings_, *place, log_);
        router_->on_restart = [this] { router_has_restarted(); };
        router_->look();
    }

    void router_has_restarted()
    {
        log_("the router has restarted: " + std::to_string(entries_.size()) + " mappings are asked for again");
        for (auto& [number, entry] : entries_) {
            if (entry->granted)
                renew(number);
        }
    }

    /// RFC 6887 section 14.1.3 and RFC 6886 section 3.2.1. Without it, a restart is noticed when something is renewed.
    void listen_to_announcements()
    {
        asio::error_code error;
        announcements_.open(asio::ip::udp::v4(), error);
        if (!error)
            announcements_.set_option(asio::ip::udp::socket::reuse_address(true), error);
        if (!error)
            announcements_.bind({asio::ip::address_v4::any(), kAnnouncementPort}, error);
        if (!error)
            announcements_.set_option(asio::ip::multicast::join_group(asio::ip::make_address_v4("224.0.0.1")), error);
        if (announcements_.is_open())
            hear_announcement();
    }

    void hear_announcement()
    {
        announcements_.async_receive_from(asio::buffer(announcement_), announcer_,
                                          [self = shared_from_this()](asio::error_code error, std::size_t size) {
                                              if (error)
                                                  return;
                                              const auto from =
                                                  IpAddress::from_bytes(self->announcer_.address().to_v4().to_bytes());
                                              if (self->router_ != nullptr && self->router_->place().router &&
                                                  self->router_->place().router->address == from)
                                                  self->router_->announced(ByteView(self->announcement_).first(size));
                                              self->hear_announcement();
                                          });
    }

    // --- mappings

    void begin(std::uint64_t number, const Wanted& wanted, const Result& result)
    {
        if (left_)
            return;
        if (entries_.size() >= kMaxMappings)
            return result(std::unexpected("there are " + std::to_string(kMaxMappings) + " mappings already"));
        find_router();
        if (router_ == nullptr)
            return result(std::unexpected("the system knows no way to a router"));
        if (wanted.internal.address != router_->place().local)
            return result(std::unexpected("the router does not see us at " + wanted.internal.address.text()));
        auto entry = std::make_unique<Entry>(context_);
        entry->request.wanted = wanted;
        std::ranges::generate(entry->request.nonce, [this] { return static_cast<std::uint8_t>(random_()); });
        entry->request.external.port = suggested_port(wanted.internal.port);
        entry->result = result;
        entry->asked = true;
        entries_[number] = std::move(entry);
        router_->map(entries_[number]->request, [self = shared_from_this(), number](Outcome outcome) {
            self->answered(number, std::move(outcome));
        });
    }

    /// Not our own port: the router shows us with that one to whom we speak, most likely, and a peer that has sent
    /// something there before the mapping was made has been put down as refused. On Linux (conntrack) each further
    /// packet of his renews that.
    std::uint16_t suggested_port(std::uint16_t internal)
    {
        std::uint16_t port = internal;
        while (port == internal)
            port = std::uniform_int_distribution<std::uint16_t>(kFirstSuggested, kLastSuggested)(random_);
        return port;
    }

    void answered(std::uint64_t number, Outcome outcome)
    {
        const auto found = entries_.find(number);
        if (found == entries_.end()) { // given up meanwhile
            if (outcome)
                take_back(given_up_, number, *outcome);
            given_up_.erase(number);
            return end_if_told();
        }
        Entry& entry = *found->second;
        entry.asked = false;
        if (outcome) {
            const bool moved = entry.granted && entry.granted->external != outcome->external;
            if (moved)
                log_("a mapping has moved to port " + std::to_string(outcome->external.port));
            const bool news = !entry.granted || moved;
            entry.granted = *outcome;
            entry.request.external = outcome->external;
            entry.ends = Router::Clock::now() + outcome->lifetime;
            schedule(number, outcome->lifetime / 2); // RFC 6887 section 11.2.1
            if (news)
                entry.result(outcome);
        } else if (entry.granted && Router::Clock::now() < entry.ends) {
            log_("a mapping could not be renewed: " + outcome.error());
            schedule(number, std::chrono::duration_cast<std::chrono::milliseconds>(entry.granted->lifetime) / 8);
        } else if (entry.granted) {
            log_("a mapping has ended: " + outcome.error());
            entries_.erase(found);
        } else {
            const Result result = std::move(entry.result);
            entries_.erase(found);
            result(outcome);
        }
    }

    /// Half of a lifetime; the floor keeps a router that grants seconds from being flooded.
    void schedule(std::uint64_t number, std::chrono::milliseconds after)
    {
        Entry& entry = *entries_.at(number);
        if (entry.granted->lifetime == 0s) // until it is taken back
            return;
        entry.timer.expires_after(std::max(after, settings_.renew_floor));
        entry.timer.async_wait([self = shared_from_this(), number](asio::error_code error) {
            if (!error)
                self->renew(number);
        });
    }

    void renew(std::uint64_t number)
    {
        const auto found = entries_.find(number);
        if (found == entries_.end() || found->second->asked || !found->second->granted || router_ == nullptr)
            return;
        found->second->asked = true;
        found->second->timer.cancel();
        router_->map_by(
            found->second->granted->protocol, found->second->request,
            [self = shared_from_this(), number](Outcome outcome) { self->answered(number, std::move(outcome)); });
    }

    void give_up(std::uint64_t number)
    {
        const auto found = entries_.find(number);
        if (found == entries_.end())
            return;
        const std::unique_ptr<Entry> entry = std::move(found->second);
        entries_.erase(found);
        entry->timer.cancel();
        if (entry->asked && !entry->granted)
            given_up_[number] = entry->request; // what is granted still is taken back then
        else if (entry->granted && router_ != nullptr)
            take_back({{number, entry->request}}, number, *entry->granted);
        end_if_told();
    }

    void take_back(const std::map<std::uint64_t, Request>& requests, std::uint64_t number, const Granted& granted)
    {
        const auto found = requests.find(number);
        if (found == requests.end() || router_ == nullptr)
            return;
        Request request = found->second;
        request.external = granted.external;
        ++goodbyes_;
        router_->unmap(granted.protocol, request, [self = shared_from_this()] {
            --self->goodbyes_;
            self->end_if_told();
        });
    }

    void end_if_told()
    {
        const bool waits = router_ != nullptr && router_->speaks() && !given_up_.empty();
        if (left_ && goodbyes_ == 0 && !waits)
            end();
    }

    void end()
    {
        const auto left = std::exchange(left_, nullptr);
        if (!left)
            return;
        goodbye_.cancel();
        asio::error_code ignored;
        announcements_.close(ignored);
        if (router_ != nullptr)
            std::exchange(router_, nullptr)->close();
        left();
    }

    asio::io_context& context_;
    const Settings settings_;
    const Log log_;
    std::atomic<std::uint64_t> numbers_ = 0;
    std::shared_ptr<Router> router_;
    std::map<std::uint64_t, std::unique_ptr<Entry>> entries_;
    std::map<std::uint64_t, Request> given_up_; // asked for, and not wanted any more
    int goodbyes_ = 0;
    asio::ip::udp::socket announcements_;
    asio::ip::udp::endpoint announcer_;
    std::array<std::uint8_t, kMaxPcpBytes + 1> announcement_{};
    asio::steady_timer goodbye_;
    std::function<void()> left_;
    std::random_device random_; // nonces are what keeps others from our mappings (RFC 6887 section 18.1)
};

PortMapper::PortMapper(Settings settings, Log log) : thread_(std::make_unique<Thread>())
{
    keeper_ = std::make_shared<Keeper>(thread_->context, std::move(settings), std::move(log));
    thread_->thread = std::thread([this] { thread_->context.run(); });
    asio::post(thread_->context, [keeper = keeper_] { keeper->start(); });
}

PortMapper::~PortMapper()
{
    asio::post(thread_->context, [this] {
        keeper_->leave([this] {
            thread_->work.reset();
            thread_->context.stop();
        });
    });
    thread_->thread.join();
}

std::unique_ptr<PortMapper::Mapping> PortMapper::map(const Wanted& wanted, Result result)
{
    const auto number = keeper_->map(wanted, std::move(result));
    return std::make_unique<Mapping>(keeper_, number);
}

PortMapper::Mapping::~Mapping()
{
    keeper_->forget(number_);
}

} // namespace shared_port_mapping
