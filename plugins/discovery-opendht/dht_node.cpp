// The node: the only file that sees all of OpenDHT.
//
// Threads: OpenDHT's own (its callbacks come there, with its lock held: they may only post), and one of ours, which
// runs and joins the node and knocks at the bootstrap nodes. Lock order: lifetime_mutex_ before OpenDHT's lock before
// mutex_. Lifetime: The destructor joins our thread, which has joined OpenDHT's.
#include "dht_node.hpp"

#include "addresses.hpp"
#include "knock_schedule.hpp"
#include "once.hpp"
#include "watchful_socket.hpp"

#include <shared/ice/nat64.hpp>

#include <opendht.h>

#include <condition_variable>
#include <map>

namespace discovery_opendht {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using jackfield::Failure;

constexpr auto kResolveAgain = 30s;

class OpenDhtNode final : public DhtNode {
public:
    OpenDhtNode(Options options, StateEvent on_state) : options_(std::move(options)), on_state_(std::move(on_state)) {}

    ~OpenDhtNode() override
    {
        close([] {});
        if (thread_.joinable())
            thread_.join();
    }

    void open() override
    {
        auto socket = bind();
        const std::lock_guard lock(mutex_);
        listening_ = address_text(socket->getBound(options_.listen.is_ipv6() ? AF_INET6 : AF_INET));
        phase_ = Phase::starting;
        thread_ = std::thread([this, socket = std::move(socket)]() mutable { live(std::move(socket)); });
    }

    void close(std::function<void()> closed) override
    {
        {
            const std::lock_guard lock(mutex_);
            if (phase_ == Phase::starting || phase_ == Phase::running) {
                closing_ = true;
                closed_ = std::move(closed);
                changed_.notify_all();
                return;
            }
        }
        closed();
    }

    void put(const std::string& key, jackfield::ByteView bytes, std::uint64_t value_id, bool keep, End end) override
    {
        auto value = std::make_shared<dht::Value>(bytes.data(), bytes.size());
        value->id = value_id;
        const auto once = std::make_shared<PutEnd>(std::move(end)); // shared: by OpenDHT's callback and by kept_
        const auto done = [this, once](bool ok, const std::vector<std::shared_ptr<dht::Node>>& nodes) {
            // The first node of a network has nobody else to give a value to; it keeps it, and others ask here.
            if (ok || (first_node() && nodes.empty()))
                (*once)(JF_OK, "");
            else
                (*once)(JF_UNREACHABLE, "no node of the DHT took the value");
        };
        submit(
            [this, key, value, keep, once, done] {
                const dht::InfoHash hash = dht::InfoHash::get(key);
                runner_.put(hash, value, dht::DoneCallback(done), dht::time_point::max(), keep);
                if (!keep)
                    return;
                Kept& kept = kept_[key];
                if (kept.end) {
                    runner_.cancelPut(hash, kept.value_id);
                    (*kept.end)(JF_CANCELLED, "replaced by another value");
                }
                kept = {value->id, once};
            },
            [once] { (*once)(JF_CLOSED, "the DHT node is closed"); });
        if (!keep)
            hurry(key, *value);
    }

    void get(const std::string& key, Values values, End end) override
    {
        const auto any = std::make_shared<std::atomic<bool>>(false);
        const auto found = [values, any](const std::vector<std::shared_ptr<dht::Value>>& batch) {
            for (const auto& value : batch)
                values(value->data);
            *any = *any || !batch.empty();
            return true;
        };
        submit(
            [this, key, end, any, found] {
                const auto done = [this, end, any, missed = missed_,
                                   before = missed_->load()](bool ok, const std::vector<std::shared_ptr<dht::Node>>&) {
                    if (!*any && *missed != before)
                        end(JF_BUSY, "a node of the DHT that was there a moment ago does not answer");
                    else if (ok || first_node())
                        end(JF_OK, "");
                    else
                        end(JF_UNREACHABLE, "no node of the DHT answered");
                };
                const dht::InfoHash hash = dht::InfoHash::get(key);
                socket_->ask_for_values_of(node_id_of(hash));
                runner_.get(hash, dht::GetCallback(found), dht::DoneCallback(done));
            },
            [end] { end(JF_CLOSED, "the DHT node is closed"); });
    }

    void get_early(const std::string& key, Values values) override
    {
        const std::lock_guard lock(mutex_);
        if (closing_ || phase_ == Phase::idle || phase_ == Phase::over || first_node() ||
            early_gets_.size() >= kMostEarlyGets)
            return;
        early_gets_.emplace_back(dht::InfoHash::get(key),
                                 [values = std::move(values)](const EarlyValue& value) { values(value.data); });
        changed_.notify_all();
    }

    void listen(const std::string& key, Values values) override
    {
        const auto once = std::make_shared<FirstOnly>(); // shared: by OpenDHT's callback and by the early one
        const auto heard = [values, once](const std::vector<std::shared_ptr<dht::Value>>& batch, bool expired) {
            for (const auto& value : batch) {
                if (!expired && once->first(value->id, value->data))
                    values(value->data);
            }
            return true;
        };
        const auto early = [values, once](const EarlyValue& value) {
            if (once->first(value.id, value.data))
                values(value.data);
        };
        submit(
            [this, key, heard, early] {
                // The token comes once OpenDHT has run the listen; only OpenDHT, which runs things in order, looks at
                // it.
                const dht::InfoHash hash = dht::InfoHash::get(key);
                unlistens_[key] = [this, hash, token = runner_.listen(hash, dht::ValueCallback(heard)).share()] {
                    socket_->unlisten_early(node_id_of(hash));
                    runner_.cancelListen(hash, token);
                };
                socket_->listen_early(node_id_of(hash), early);
            },
            [] {});
    }

    void unlisten(const std::string& key) override
    {
        submit(
            [this, key] {
                const auto found = unlistens_.find(key);
                if (found == unlistens_.end())
                    return;
                found->second();
                unlistens_.erase(found);
            },
            [] {});
    }

    void look_up(const std::string& key) override
    {
        // Asks for the ids of the values only: what lies there is not for us.
        submit(
            [this, key] {
                runner_.query(
                    dht::InfoHash::get(key), [](const auto&) { return true; }, dht::DoneCallbackSimple(),
                    dht::Query(dht::Select().field(dht::Value::Field::Id)));
            },
            [] {});
    }

    void look_again() override
    {
        {
            const std::lock_guard lifetime(lifetime_mutex_);
            if (alive_)
                socket_->network_changed();
        }
        submit([this] { runner_.connectivityChanged(); }, [] {});
        const std::lock_guard lock(mutex_);
        knocks_.restart(Clock::now());
        changed_.notify_all();
    }

    std::string listening() const override
    {
        const std::lock_guard lock(mutex_);
        return listening_;
    }

    std::size_t nodes() const override
    {
        const std::lock_guard lifetime(lifetime_mutex_);
        if (!alive_)
            return 0;
        return runner_.getNodesStats(AF_INET).getKnownNodes() + runner_.getNodesStats(AF_INET6).getKnownNodes();
    }

    bool online() const override
    {
        const std::lock_guard lock(mutex_);
        return online_;
    }

private:
    enum class Phase { idle, starting, running, over };

    static constexpr std::size_t kMostEarlyGets = 16; // waiting for our thread

    struct Kept {
        std::uint64_t value_id = 0;
        std::shared_ptr<PutEnd> end;
    };

    using EarlyGet = std::pair<dht::InfoHash, EarlySink>;

    /// Runs the operation on the node: now, or once the node runs. `refused` if it never will.
    template <class Operation, class Refused>
    void submit(Operation operation, Refused refused)
    {
        const std::lock_guard lock(mutex_);
        if (closing_ || phase_ == Phase::idle || phase_ == Phase::over)
            refused();
        else if (phase_ == Phase::running)
            operation();
        else
            early_.push_back(std::move(operation));
    }

    /// What is put once is a message, and somebody waits for it.
    void hurry(const std::string& key, const dht::Value& value)
    {
        const std::lock_guard lifetime(lifetime_mutex_);
        if (!alive_)
            return;
        msgpack::sbuffer packed;
        msgpack::pack(packed, value);
        socket_->hurry(node_id_of(dht::InfoHash::get(key)),
                       {reinterpret_cast<const std::uint8_t*>(packed.data()), packed.size()});
    }

    /// Nobody to ask: this node is the beginning of its network, and works alone.
    bool first_node() const { return options_.bootstrap.empty(); }

    std::unique_ptr<dht::net::UdpSocket> bind() const
    {
        dht::SockAddr ipv4;
        dht::SockAddr ipv6;
        if (options_.listen.is_ipv6()) {
            ipv6 = numeric_address(options_.listen.host, options_.listen.port);
        } else {
            ipv4 = numeric_address(options_.listen.host, options_.listen.port);
            if (options_.ipv6 || (!ipv4.isLoopback() && jackfield::ice::lacks_ipv4()))
                ipv6 = numeric_address(ipv4.isLoopback() ? "::1" : "::", options_.listen.port);
        }
        try {
            auto socket = std::make_unique<dht::net::UdpSocket>(ipv4, ipv6);
            if (!ipv4 || socket->hasIPv4())
                return socket;
        } catch (const std::exception&) {
            // said below, in more words
        }
        throw Failure(JF_BAD_CONFIG, "/listen: " + options_.listen.text() + " cannot be had (" +
                                         why_not(ipv4 ? ipv4 : ipv6) +
                                         "); another port, or 0 for any free one, would work");
    }

    // Our thread

    void live(std::unique_ptr<dht::net::UdpSocket> socket)
    {
        try {
            run(std::move(socket));
        } catch (const std::exception& failure) {
            const std::lock_guard lock(mutex_);
            on_state_(false, std::string("the DHT node cannot run: ") + failure.what());
            broken_ = true;
        }
        knock_until_closed();
        {
            const std::lock_guard lifetime(lifetime_mutex_);
            alive_ = false;
            runner_.join();
        }
        std::function<void()> closed;
        {
            const std::lock_guard lock(mutex_);
            phase_ = Phase::over;
            closed = std::move(closed_);
        }
        closed();
    }

    void run(std::unique_ptr<dht::net::UdpSocket> socket)
    {
        dht::DhtRunner::Config config;
        config.dht_config.node_config.network = options_.network;
        if (!options_.public_rate_limits) {
            config.dht_config.node_config.max_req_per_sec = -1;
            config.dht_config.node_config.max_peer_req_per_sec = -1;
        }
        config.peer_discovery = options_.peer_discovery;
        config.peer_publish = options_.peer_discovery;
        const dht::InfoHash id = dht::InfoHash::getRandom();
        config.dht_config.node_config.node_id = id;
        const NodeId self = node_id_of(id);
        dht::DhtRunner::Context context;
        auto watchful =
            std::make_unique<WatchfulSocket>(std::move(socket), self, options_.network, options_.says_farewell);
        WatchfulSocket* const lent = watchful.get();
        context.sock = std::move(watchful);
        context.statusChangedCallback = [this](dht::NodeStatus ipv4, dht::NodeStatus ipv6) {
            on_status(std::max(ipv4, ipv6) == dht::NodeStatus::Connected);
        };
        {
            const std::lock_guard lifetime(lifetime_mutex_);
            runner_.run(config, std::move(context));
            socket_ = lent;
            missed_ = lent->missed();
            alive_ = true;
        }
        // One cheap operation: the look-up of our own place, which also introduces us to our neighbours.
        runner_.get(runner_.getNodeId(), dht::GetCallback([](const auto&) { return true; }), dht::DoneCallback());

        const std::lock_guard lock(mutex_);
        phase_ = Phase::running;
        for (const auto& operation : early_)
            operation();
        early_.clear();
        knocks_.restart(Clock::now());
        tell_state();
    }

    void knock_until_closed()
    {
        std::unique_lock lock(mutex_);
        while (!closing_) {
            const bool due = !connected_ && !first_node() && !broken_ && Clock::now() >= knocks_.next();
            const auto gets = std::exchange(early_gets_, {});
            if (due || (!gets.empty() && !broken_)) {
                if (due)
                    knocks_.knocked(Clock::now());
                lock.unlock();
                if (due)
                    knock();
                ask_early(gets);
                lock.lock();
            } else if (connected_ || first_node() || broken_) {
                changed_.wait(lock);
            } else {
                changed_.wait_until(lock, knocks_.next());
            }
        }
    }

    void ask_early(const std::vector<EarlyGet>& gets)
    {
        for (const auto& [key, sink] : gets) {
            for (const Address& bootstrap : options_.bootstrap)
                socket_->ask_early(resolved(bootstrap), node_id_of(key), sink);
        }
    }

    /// Pings every bootstrap node, which wait_until above times: OpenDHT's own pauses are ten seconds, and doubling.
    void knock()
    {
        for (const Address& bootstrap : options_.bootstrap) {
            for (const dht::SockAddr& address : resolved(bootstrap))
                runner_.bootstrap(address);
        }
    }

    /// An address of IPv4 is behind the NAT64 of a network that has IPv6 alone (RFC 7050). The answers of a name are
    /// there already.
    static std::string reachable(const std::string& host)
    {
        using namespace jackfield::ice;
        const auto v4 = IpAddress::parse(host);
        if (!v4 || v4->is_v6() || !lacks_ipv4())
            return host;
        std::vector<IpAddress> answers;
        for (const auto& one : dht::SockAddr::resolve(kIpv4OnlyName, "0"))
            answers.push_back(*IpAddress::from_sockaddr(one.get()));
        return host_behind(Nat64Prefix::find(answers), host);
    }

    const std::vector<dht::SockAddr>& resolved(const Address& address)
    {
        auto& known = resolved_[address.text()];
        if (!known.second.empty() && Clock::now() < known.first)
            return known.second;
        known.first = Clock::now() + kResolveAgain;
        try {
            known.second = dht::SockAddr::resolve(reachable(address.host), std::to_string(address.port));
        } catch (const std::exception&) {
            known.second.clear(); // no such name now; asked again at the next knock
        }
        return known.second;
    }

    // OpenDHT's thread

    void on_status(bool connected)
    {
        const std::lock_guard lock(mutex_);
        if (connected_ == connected)
            return;
        connected_ = connected;
        if (!connected)
            knocks_.restart(Clock::now());
        changed_.notify_all();
        if (phase_ == Phase::running)
            tell_state();
    }

    /// mutex_ is held, so that events come in order.
    void tell_state()
    {
        online_ = connected_ || first_node();
        std::string detail;
        if (connected_)
            detail = "connected to the DHT, listening at " + listening_;
        else if (first_node())
            detail = "first node of its network, listening at " + listening_;
        else
            detail = "no bootstrap node answers yet (" + bootstrap_names() + ")";
        on_state_(online_, detail);
    }

    std::string bootstrap_names() const
    {
        std::string names;
        for (const Address& address : options_.bootstrap)
            names += (names.empty() ? "" : ", ") + address.text();
        return names;
    }

    const Options options_;
    const StateEvent on_state_;
    dht::DhtRunner runner_;

    mutable std::mutex lifetime_mutex_; // held while the runner is started, joined or asked for its tables
    bool alive_ = false;
    WatchfulSocket* socket_ = nullptr; // OpenDHT's, while alive
    std::shared_ptr<const std::atomic<std::uint64_t>>
        missed_; // the socket's, from before anything is submitted to OpenDHT

    mutable std::mutex mutex_; // all below
    std::condition_variable changed_;
    Phase phase_ = Phase::idle;
    bool closing_ = false;
    bool broken_ = false; // OpenDHT did not start; nothing is left but to be closed
    bool connected_ = false;
    bool online_ = false;
    std::string listening_;
    std::function<void()> closed_;
    std::vector<std::function<void()>> early_;
    std::vector<EarlyGet> early_gets_;                       // kMostEarlyGets at most
    std::map<std::string, std::function<void()>> unlistens_; // what ends each listen, by key
    std::map<std::string, Kept> kept_;                       // what is renewed, by key
    KnockSchedule knocks_;

    std::map<std::string, std::pair<Clock::time_point, std::vector<dht::SockAddr>>> resolved_; // our thread's
    std::thread thread_;
};

} // namespace

std::unique_ptr<DhtNode> DhtNode::make(Options options, StateEvent on_state)
{
    return std::make_unique<OpenDhtNode>(std::move(options), std::move(on_state));
}

} // namespace discovery_opendht
