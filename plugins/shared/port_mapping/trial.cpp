// See trial.hpp.
#include "trial.hpp"

#include "router.hpp"
#include "router_socket.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace shared_port_mapping {

namespace {

/// One protocol's, with a port of its own.
class Attempt {
public:
    Attempt(const Settings& settings, Protocol protocol, const IpAddress& local)
        : protocol_(protocol), began_(std::chrono::steady_clock::now()), port_(context_)
    {
        port_.open(asio::ip::udp::v4());
        port_.bind(to_asio({local, 0}));
        Settings alone = settings;
        alone.protocols = {protocol};
        mapper_ = std::make_unique<PortMapper>(alone, [](const std::string&) {});
        mapping_ = mapper_->map({Transport::udp, {local, port_.local_endpoint().port()}},
                                [this](const Outcome& outcome) { take(outcome); });
    }
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;
    ~Attempt() { mapping_.reset(); }

    Trial wait(std::chrono::steady_clock::time_point until)
    {
        std::unique_lock lock(mutex_);
        changed_.wait_until(lock, until, [&] { return outcome_.has_value(); });
        return {protocol_, outcome_.value_or(std::unexpected("nothing was heard in time")), took_};
    }

private:
    void take(const Outcome& outcome)
    {
        const std::lock_guard lock(mutex_);
        if (!outcome_)
            took_ = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began_);
        outcome_ = outcome;
        changed_.notify_all();
    }

    Protocol protocol_;
    std::chrono::steady_clock::time_point began_;
    std::mutex mutex_; // guards outcome_ and took_
    std::condition_variable changed_;
    std::optional<Outcome> outcome_;
    std::chrono::milliseconds took_{};
    asio::io_context context_;
    asio::ip::udp::socket port_;
    std::unique_ptr<PortMapper> mapper_;
    std::unique_ptr<PortMapper::Mapping> mapping_;
};

} // namespace

std::vector<Trial> try_protocols(const Settings& settings, std::chrono::milliseconds limit)
{
    const auto until = std::chrono::steady_clock::now() + limit;
    const auto place = find_place(settings);
    std::vector<std::unique_ptr<Attempt>> attempts;
    std::vector<Trial> trials;
    for (const auto protocol : {Protocol::pcp, Protocol::nat_pmp, Protocol::upnp}) {
        if (std::ranges::find(settings.protocols, protocol) == settings.protocols.end())
            continue;
        if (place)
            attempts.push_back(std::make_unique<Attempt>(settings, protocol, place->local));
        else
            trials.push_back({protocol, std::unexpected("the system knows no way out"), {}});
    }
    for (const auto& attempt : attempts)
        trials.push_back(attempt->wait(until));
    return trials;
}

} // namespace shared_port_mapping
