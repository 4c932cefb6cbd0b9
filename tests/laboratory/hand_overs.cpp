// What can happen to the network of a running call. See hand_overs.hpp.

#include "hand_overs.hpp"

#include <poll.h>

#include <cmath>
#include <sstream>

namespace laboratory {

namespace {

using namespace std::chrono_literals;
using scenarios::Json;

const std::vector<std::string> kEveryTransport{"udp", "tcp", "tls"};

/// The whole of it: how long a network is away is what is tried.
void stay_cut(PairLaboratory& laboratory, Host& host, std::chrono::milliseconds time)
{
    laboratory.network().cut(host, true);
    poll(nullptr, 0, static_cast<int>(time.count()));
    laboratory.network().cut(host, false);
}

void cut_for_two_seconds(PairLaboratory& laboratory, RunningCall& call)
{
    stay_cut(laboratory, call.alice().host, 2s);
}

void cut_for_ten_seconds(PairLaboratory& laboratory, RunningCall& call)
{
    stay_cut(laboratory, call.alice().host, 10s);
}

void cut_for_twelve_seconds(PairLaboratory& laboratory, RunningCall& call)
{
    stay_cut(laboratory, call.alice().host, 12s); // consent is lost after ten (RFC 7675)
}

void forget_mappings(PairLaboratory& laboratory, RunningCall& call)
{
    laboratory.network().reboot(*call.alice().routers.front());
}

void renumber(PairLaboratory& laboratory, RunningCall& call)
{
    laboratory.network().renumber(*call.alice().routers.front());
}

void go_elsewhere(PairLaboratory& laboratory, RunningCall& call)
{
    Router& other = laboratory.network().add_router(laboratory.network().internet(), port_restricted());
    laboratory.network().move(call.alice().host, other.inside());
}

void block_udp(PairLaboratory& laboratory, RunningCall& call)
{
    laboratory.network().change_nat(*call.alice().routers.front(), udp_blocked());
}

void refuse_udp(PairLaboratory& laboratory, RunningCall& call)
{
    NatBehaviour behaviour = udp_blocked();
    behaviour.refuses_udp = true;
    laboratory.network().change_nat(*call.alice().routers.front(), behaviour);
}

/// Now it is let through. Sound goes on, and after a while directly.
void open_udp(PairLaboratory& laboratory, RunningCall& call)
{
    laboratory.network().change_nat(*call.alice().routers.front(), port_restricted());
    if (!call.goes([](const Json& way) { return !way.value("relayed", true); }, 30s))
        throw std::runtime_error("laboratory: sound does not go directly");
}

/// Her machine is taken to where UDP is let through, without a pause.
void leave_for_better(PairLaboratory& laboratory, RunningCall& call)
{
    go_elsewhere(laboratory, call);
    if (!call.goes([](const Json& way) { return !way.value("relayed", true); }, 30s))
        throw std::runtime_error("laboratory: sound does not go directly");
}

/// The one that alice's sound goes through.
void kill_relay(PairLaboratory& laboratory, RunningCall& call)
{
    const std::string way = call.way().dump();
    for (const std::size_t number : {0U, 1U}) {
        RelayServer& relay = laboratory.relay(number);
        const bool used = way.find(relay.host().address().text()) != std::string::npos ||
                          way.find(relay.host().addresses().back().text()) != std::string::npos;
        if (used)
            return relay.kill();
    }
    throw std::runtime_error("laboratory: sound goes through no relay: " + way);
}

void kill_discovery(PairLaboratory& laboratory, RunningCall&)
{
    laboratory.kill_discovery();
}

HandOver over_quic(HandOver what)
{
    what.name += ", and sound goes over the link (QUIC)";
    what.label += "OverQuic";
    what.quic = true;
    return what;
}

std::vector<HandOver> make_hand_overs()
{
    const char* const home = "port-restricted";
    return {
        {"two seconds without a network", "TwoSecondsWithoutANetwork", home, home, kEveryTransport, 1,
         cut_for_two_seconds, 2s, 500ms},
        {"ten seconds without a network", "TenSecondsWithoutANetwork", home, home, kEveryTransport, 1,
         cut_for_ten_seconds, 10s, 3s},
        {"twelve seconds without a network", "TwelveSecondsWithoutANetwork", home, home, kEveryTransport, 1,
         cut_for_twelve_seconds, 12s, 3s},
        {"a router forgets its mappings", "ARouterForgetsItsMappings", "symmetric", "address-restricted",
         kEveryTransport, 1, forget_mappings, 0s, 3s},
        {"the address of a router changes", "TheAddressOfARouterChanges", home, home, kEveryTransport, 1, renumber, 0s,
         3s},
        {"a machine goes to another network", "AMachineGoesToAnotherNetwork", home, home, kEveryTransport, 1,
         go_elsewhere, 0s, 3s},
        {"UDP is blocked, without a word", "UdpIsBlocked", home, home, kEveryTransport, 1, block_udp, 0s,
         10s}, // by TCP
        {"UDP is refused (ICMP)", "UdpIsRefused", home, home, kEveryTransport, 1, refuse_udp, 0s, 10s},
        {"the relay dies, and there is another",
         "TheRelayDies",
         "symmetric",
         "symmetric",
         {"udp", "tcp"},
         2,
         kill_relay,
         0s,
         10s},
        {"UDP, which was blocked, is let through", "UdpIsLetThrough", "UDP blocked", home, kEveryTransport, 1, open_udp,
         0s, 400ms, "direct", "relayed here", false},
        {"a relayed call's machine goes to a better network", "AMachineGoesToABetterNetwork", "UDP blocked", home,
         kEveryTransport, 1, leave_for_better, 0s, 3s, "direct", "relayed here", false},
        {"discovery is gone", "DiscoveryIsGone", home, home, kEveryTransport, 1, kill_discovery, 0s, 400ms},
        over_quic({"the address of a router changes", "TheAddressOfARouterChanges", home, home, kEveryTransport, 1,
                   renumber, 0s, 3s}),
        over_quic({"a machine goes to another network", "AMachineGoesToAnotherNetwork", home, home, kEveryTransport, 1,
                   go_elsewhere, 0s, 15s}), // half a second or one and a half; once in sixty runs it was twelve
    };
}

/// Direct, or with whose relay.
std::string words_of(const Json& way)
{
    if (!way.is_object())
        return "?";
    if (!way.value("relayed", false))
        return "direct";
    const auto ends_in = [&](const char* end) { return way.value(end, "").find(" typ relay") != std::string::npos; };
    return std::string("relayed") + (ends_in("local") ? " here" : "") + (ends_in("remote") ? " there" : "");
}

} // namespace

const std::vector<HandOver>& hand_overs()
{
    static const std::vector<HandOver> all = make_hand_overs();
    return all;
}

HandOverResult try_hand_over(const HandOver& what)
{
    HandOverResult result;
    try {
        PairLaboratory laboratory;
        for (int more = 1; more < what.relays; ++more)
            laboratory.add_relay();
        RunningCall call(laboratory, side(what.caller), side(what.callee),
                         {.transports = what.transports, .punching = what.punching, .quic = what.quic});
        result.before = words_of(call.way());
        call.mark();
        const auto begin = std::chrono::steady_clock::now();
        what.happens(laboratory, call);
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
        if (!call.both_hear(what.outage + what.bound + 30s))
            result.problem = "they do not hear each other again; ";
        result.gap_ms = call.gap_ms();
        result.beyond_ms = std::max(0.0, result.gap_ms - (what.outage > 0s ? took.count() : 0.0));
        result.after = words_of(call.way());
        const Json back = call.alice_process().event("media", "progress", "reconnected", 0ms);
        result.reconnected_ms = back.is_null() ? 0 : back["detail"].value("after_ms", 0.0);
        const auto [alice, bob] = call.hang_up();
        if (alice != 0 || bob != 0)
            result.problem += "they ended with " + std::to_string(alice) + " and " + std::to_string(bob) + "; ";
        if (!result.problem.empty())
            result.problem += "see " + laboratory.world().folder().string();
    } catch (const std::exception& failure) {
        result.problem += failure.what();
    }
    return result;
}

} // namespace laboratory
