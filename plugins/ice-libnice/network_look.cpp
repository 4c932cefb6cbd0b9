// One look at the network. See network_look.hpp.
#include "network_look.hpp"

#include <algorithm>

namespace jackfield::ice {

namespace {

std::string name_of(const Server& server)
{
    const bool v6 = server.host.find(':') != std::string::npos;
    return (v6 ? "[" + server.host + "]" : server.host) + ":" + std::to_string(server.port);
}

const IpAddress* first_of(const std::vector<IpAddress>& addresses, bool v6)
{
    const auto found = std::ranges::find(addresses, v6, &IpAddress::is_v6);
    return found == addresses.end() ? nullptr : &*found;
}

/// Asks for routes alone; nothing is sent (RFC 5737, RFC 3849: nobody's addresses).
bool has_route(const char* address)
{
    const auto source = source_towards(*IpAddress::parse(address));
    return source && !source->is_loopback();
}

} // namespace

/// A name that is being looked up.
struct NetworkLook::Question {
    NetworkLook& look;
    Resolved resolved;

    static void answered(GObject* resolver, GAsyncResult* result, gpointer self)
    {
        const std::unique_ptr<Question> question(static_cast<Question*>(self));
        GError* error = nullptr;
        GList* const list = g_resolver_lookup_by_name_finish(G_RESOLVER(resolver), result, &error);
        Addresses addresses;
        for (const GList* one = list; one != nullptr; one = one->next) {
            auto* const address = G_INET_ADDRESS(one->data);
            addresses.push_back(
                IpAddress::from_bytes({g_inet_address_to_bytes(address), g_inet_address_get_native_size(address)}));
        }
        const std::string problem = error != nullptr ? error->message : "";
        g_resolver_free_addresses(list);
        g_clear_error(&error);
        if (question->look.done_)
            question->resolved(addresses, problem);
        question->look.looking_up_.end();
    }
};

NetworkLook::NetworkLook(Host host, const Config& config, const std::vector<shared_openssl::ContextPtr>& contexts,
                         Done done)
    : host_(host), config_(config), contexts_(contexts), done_(std::move(done)), cancel_(g_cancellable_new())
{
    g_type_class_ref(G_TYPE_SOCKET); // which ignores SIGPIPE from then on
}

NetworkLook::~NetworkLook()
{
    looking_up_.begin();
    loop_.post([this] {
        end();
        looking_up_.end();
    });
    looking_up_.wait();
    g_object_unref(cancel_);
}

void NetworkLook::start(std::chrono::milliseconds limit)
{
    loop_.post([this, limit] {
        loop_.post_after(limit, [this] { conclude(); });
        look_at_machine();
        look_for_nat64();
    });
}

void NetworkLook::look_at_machine()
{
    const auto interfaces = system_interfaces();
    facts_.addresses = choose_addresses(config_.local, interfaces);
    facts_.only_loopback = std::ranges::all_of(facts_.addresses, &IpAddress::is_loopback);
    facts_.route_v4 = has_route("192.0.2.1");
    facts_.route_v6 = config_.local.ipv6 && has_route("2001:db8::1");
    facts_.relay_only = config_.relay_only;
    facts_.global_v6 = std::ranges::any_of(facts_.addresses, &IpAddress::is_global_v6);
}

/// First of all where there is no IPv4: the servers are behind it.
void NetworkLook::look_for_nat64()
{
    facts_.lacks_v4 = lacks_ipv4();
    if (!facts_.lacks_v4)
        return look_at_servers();
    resolve(kIpv4OnlyName, [this](const Addresses& addresses, const std::string&) {
        nat64_ = Nat64Prefix::find(addresses);
        facts_.nat64 = nat64_ ? nat64_->text() : "";
        look_at_servers();
    });
}

void NetworkLook::look_at_servers()
{
    facts_.stun.reserve(2 * config_.stun.size());
    facts_.turn.reserve(config_.turn.size());
    ++pending_; // us
    look_at_router();
    for (const Server& server : config_.stun) {
        ++pending_;
        resolve(server.host, [this, server](const Addresses& addresses, const std::string& problem) {
            ask_stun(server, name_of(server), addresses, problem);
        });
    }
    for (const TurnServer& relay : config_.turn) {
        auto& facts = facts_.turn.emplace_back();
        facts.server = name_of(relay.server);
        facts.transport = relay.transport;
        facts.port = relay.server.port;
        ++pending_;
        resolve(relay.server.host,
                [this, number = facts_.turn.size() - 1](const Addresses& addresses, const std::string& problem) {
                    ask_relay(number, addresses, problem);
                });
    }
    one_less();
}

void NetworkLook::look_at_router()
{
    if (config_.port_mapping.empty() || config_.relay_only)
        return;
    ++pending_;
    mapping_ = std::make_shared<MappingProbe>(loop_, config_, facts_.port_mapping.emplace(), [this] { one_less(); });
    mapping_->start(/*v6=*/false);
    if (!facts_.global_v6 || !facts_.route_v6)
        return;
    ++pending_;
    pinhole_ = std::make_shared<MappingProbe>(loop_, config_, facts_.pinhole.emplace(), [this] { one_less(); });
    pinhole_->start(/*v6=*/true);
}

void NetworkLook::resolve(const std::string& host, Resolved resolved)
{
    if (const auto literal = IpAddress::parse(host)) {
        const auto v6 = nat64_ ? nat64_->to_v6(*literal) : std::nullopt;
        return resolved({v6.value_or(*literal)}, "");
    }
    looking_up_.begin();
    GResolver* const resolver = g_resolver_get_default();
    g_resolver_lookup_by_name_async(resolver, host.c_str(), cancel_, &Question::answered,
                                    new Question{*this, std::move(resolved)});
    g_object_unref(resolver);
}

/// Over each family that it has; IPv6 only where there is a route, unless there is nothing else.
void NetworkLook::ask_stun(const Server& server, const std::string& name, const Addresses& addresses,
                           const std::string& problem)
{
    const IpAddress* const v4 = first_of(addresses, false);
    const IpAddress* const v6 = first_of(addresses, true);
    if (v4 == nullptr && v6 == nullptr)
        facts_.stun.push_back({name, false, problem.empty() ? "its name has no address" : problem, false, {}, {}, 0});
    if (v4 != nullptr)
        ask_stun({*v4, server.port}, name);
    if (v6 != nullptr && (v4 == nullptr || facts_.route_v6))
        ask_stun({*v6, server.port}, name);
    one_less();
}

void NetworkLook::ask_stun(const Endpoint& server, const std::string& name)
{
    auto& facts = facts_.stun.emplace_back();
    facts.server = name;
    facts.v6 = server.address.is_v6();
    ++pending_;
    stun_.push_back(std::make_shared<StunProbe>(loop_, host_, facts, [this] { one_less(); }));
    stun_.back()->start(server, nat64_);
}

void NetworkLook::ask_relay(std::size_t number, const Addresses& addresses, const std::string& problem)
{
    const TurnServer& relay = config_.turn[number];
    const IpAddress* address = first_of(addresses, false);
    if (address == nullptr)
        address = first_of(addresses, true);
    if (address == nullptr) {
        facts_.turn[number].problem = problem.empty() ? "its name has no address" : problem;
        return one_less();
    }
    turn_.push_back(std::make_shared<TurnProbe>(loop_, host_, relay, contexts_[number].get(), facts_.turn[number],
                                                [this] { one_less(); }));
    turn_.back()->start({*address, relay.server.port});
}

void NetworkLook::one_less()
{
    if (--pending_ == 0)
        conclude();
}

void NetworkLook::conclude()
{
    const auto done = std::exchange(done_, {});
    if (!done)
        return;
    for (std::size_t i = 0; i < config_.turn.size(); ++i) {
        auto& facts = facts_.turn[i];
        if (facts.stage == RelayStage::name && facts.problem.empty())
            facts.problem = "its name was not resolved in time";
    }
    done_ = {};
    end();
    done(facts_);
}

void NetworkLook::end()
{
    done_ = {};
    g_cancellable_cancel(cancel_);
    for (const auto& probe : stun_)
        probe->end();
    for (const auto& probe : turn_)
        probe->end();
    for (const auto& probe : {mapping_, pinhole_}) {
        if (probe)
            probe->end();
    }
}

} // namespace jackfield::ice
