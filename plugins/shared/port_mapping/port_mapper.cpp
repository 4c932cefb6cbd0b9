// The keeper of mappings: one entry each, from the wish to the goodbye.
//
// Threads and lifetime: see port_mapper.hpp. Everything of the Keeper is on its thread but `map` and `forget`, which
// post.
#include "port_mapper.hpp"

#include "announcements.hpp"
#include "router.hpp"

#include <asio/executor_work_guard.hpp>
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
        : context_(context), settings_(std::move(settings)), log_(std::move(log)), goodbye_(context)
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
        refresh(router_, find_place(settings_));
        announcements_ = listen(/*v6=*/false);
    }

    /// Takes everything back; `done` comes within kGoodbye.
    void leave(std::function<void()> done)
    {
        while (!entries_.empty())
            give_up(entries_.begin()->first);
        left_ = std::move(done);
        goodbye_.expires_after(kGoodbye);
        goodbye_.async_wait([self = shared_from_this()](asio::error_code error) {
            if (!error)
                self->end();
        });
        end_if_told();
    }

private:
    struct Entry {
        explicit Entry(asio::io_context& context) : timer(context) {}

        Request request;
        std::shared_ptr<Router> router; // second owner: the keeper
        Result result;
        std::optional<Granted> granted;
        Router::Clock::time_point ends;
        bool asked = false; // and not answered yet
        asio::steady_timer timer;
    };

    struct GivenUp { // asked for, and not wanted any more
        Request request;
        std::shared_ptr<Router> router; // second owner: the keeper
    };

    // --- routers

    /// Another network, or none that answered a while ago: all anew.
    void refresh(std::shared_ptr<Router>& router, const std::optional<RouterPlace>& place)
    {
        const bool stale =
            router != nullptr && router->useless() && Router::Clock::now() - router->looked_at() >= kLookAgain;
        if (router != nullptr && !stale && place && *place == router->place())
            return;
        if (router != nullptr)
            leave_behind(*std::exchange(router, nullptr));
        if (!place)
            return;
        router = std::make_shared<Router>(context_, settings_, *place, log_);
        router->on_restart = [this, from = router.get()] { has_restarted(*from); };
        router->look();
    }

    /// What it was asked for is of a network that we are not in any more.
    void leave_behind(Router& router)
    {
        router.close();
        std::erase_if(given_up_, [&](const auto& one) { return one.second.router.get() == &router; });
        std::vector<std::unique_ptr<Entry>> lost;
        for (auto at = entries_.begin(); at != entries_.end();) {
            if (at->second->router.get() != &router) {
                ++at;
                continue;
            }
            lost.push_back(std::move(at->second));
            at = entries_.erase(at);
        }
        for (const auto& entry : lost) {
            entry->timer.cancel();
            if (!entry->granted)
                entry->result(std::unexpected("the network has changed"));
        }
    }

    /// Who may help with that; an empty text, or why nobody.
    std::string find_router(const Wanted& wanted, std::shared_ptr<Router>& found)
    {
        const IpAddress& local = wanted.internal.address;
        if (wanted.is_pinhole())
            return find_firewall(local, found);
        refresh(router_, find_place(settings_));
        if (router_ == nullptr)
            return "the system knows no way to a router";
        if (local != router_->place().local)
            return "the router does not see us at " + local.text();
        found = router_;
        return {};
    }

    /// A firewall believes nobody but the address that it is to be opened for: it is asked from each by itself.
    std::string find_firewall(const IpAddress& local, std::shared_ptr<Router>& found)
    {
        auto known = std::ranges::find(firewalls_, local, [](const auto& one) { return one->place().local; });
        found = known != firewalls_.end() ? *known : nullptr;
        refresh(found, shared_port_mapping::find_firewall(settings_, local));
        if (known != firewalls_.end())
            firewalls_.erase(known);
        if (found == nullptr)
            return local.text() + " is no address of ours";
        if (firewalls_.size() >= kMaxFirewalls)
            forget_idle_firewalls();
        if (firewalls_.size() >= kMaxFirewalls) {
            std::exchange(found, nullptr)->close();
            return "there are pinholes to " + std::to_string(kMaxFirewalls) + " addresses already";
        }
        firewalls_.push_back(found);
        if (announcements_v6_ == nullptr)
            announcements_v6_ = listen(/*v6=*/true);
        return {};
    }

    void forget_idle_firewalls()
    {
        std::erase_if(firewalls_, [this](const std::shared_ptr<Router>& one) {
            const bool idle =
                std::ranges::none_of(entries_, [&](const auto& entry) { return entry.second->router == one; });
            if (idle)
                leave_behind(*one);
            return idle;
        });
    }

    void has_restarted(const Router& router)
    {
        std::vector<std::uint64_t> lost;
        for (const auto& [number, entry] : entries_) {
            if (entry->granted && entry->router.get() == &router)
                lost.push_back(number);
        }
        log_("the router has restarted: " + std::to_string(lost.size()) + " mappings are asked for again");
        for (const auto number : lost)
            renew(number);
    }

    std::shared_ptr<Announcements> listen(bool v6)
    {
        auto announcements = std::make_shared<Announcements>(
            context_, [self = shared_from_this()](const IpAddress& from, ByteView bytes) {
                self->heard_announcement(from, bytes);
            });
        announcements->listen(v6);
        return announcements;
    }

    void heard_announcement(const IpAddress& from, ByteView bytes)
    {
        auto routers = firewalls_;
        if (router_ != nullptr)
            routers.push_back(router_);
        for (const auto& router : routers) {
            if (router->place().router && router->place().router->address == from)
                router->announced(bytes);
        }
    }

    // --- mappings

    void begin(std::uint64_t number, const Wanted& wanted, const Result& result)
    {
        if (left_)
            return;
        if (entries_.size() >= kMaxMappings)
            return result(std::unexpected("there are " + std::to_string(kMaxMappings) + " mappings already"));
        std::shared_ptr<Router> router;
        if (const std::string problem = find_router(wanted, router); !problem.empty())
            return result(std::unexpected(problem));
        auto entry = std::make_unique<Entry>(context_);
        entry->request.wanted = wanted;
        std::ranges::generate(entry->request.nonce, [this] { return static_cast<std::uint8_t>(random_()); });
        if (wanted.is_pinhole())
            entry->request.external = wanted.internal;
        else
            entry->request.external.port = suggested_port(wanted.internal.port);
        entry->router = router;
        entry->result = result;
        entry->asked = true;
        entries_[number] = std::move(entry);
        router->map(entries_[number]->request, [self = shared_from_this(), number](Outcome outcome) {
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
            const auto unwanted = given_up_.extract(number);
            if (outcome && !unwanted.empty())
                take_back(unwanted.mapped(), *outcome);
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
        if (found == entries_.end() || found->second->asked || !found->second->granted)
            return;
        found->second->asked = true;
        found->second->timer.cancel();
        found->second->router->map_by(
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
        GivenUp unwanted{entry->request, entry->router};
        if (entry->asked && !entry->granted)
            given_up_.emplace(number, std::move(unwanted)); // what is granted still is taken back then
        else if (entry->granted)
            take_back(unwanted, *entry->granted);
        end_if_told();
    }

    void take_back(const GivenUp& unwanted, const Granted& granted)
    {
        Request request = unwanted.request;
        request.external = granted.external;
        ++goodbyes_;
        unwanted.router->unmap(granted.protocol, request, [self = shared_from_this()] {
            --self->goodbyes_;
            self->end_if_told();
        });
    }

    void end_if_told()
    {
        const bool waits = std::ranges::any_of(given_up_, [](const auto& one) { return one.second.router->speaks(); });
        if (left_ && goodbyes_ == 0 && !waits)
            end();
    }

    void end()
    {
        const auto left = std::exchange(left_, nullptr);
        if (!left)
            return;
        goodbye_.cancel();
        for (const auto& announcements : {announcements_, announcements_v6_}) {
            if (announcements != nullptr)
                announcements->close();
        }
        if (router_ != nullptr)
            firewalls_.push_back(std::exchange(router_, nullptr));
        for (const auto& router : std::exchange(firewalls_, {}))
            router->close();
        left();
    }

    asio::io_context& context_;
    const Settings settings_;
    const Log log_;
    std::atomic<std::uint64_t> numbers_ = 0;
    std::shared_ptr<Router> router_;                 // of IPv4; null: none is known
    std::vector<std::shared_ptr<Router>> firewalls_; // of IPv6, one for each address of ours
    std::map<std::uint64_t, std::unique_ptr<Entry>> entries_;
    std::map<std::uint64_t, GivenUp> given_up_;
    int goodbyes_ = 0;
    std::shared_ptr<Announcements> announcements_;
    std::shared_ptr<Announcements> announcements_v6_; // null until there is a pinhole
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
