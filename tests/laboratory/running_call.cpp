// A call while its network changes. See running_call.hpp.

#include "running_call.hpp"

#include <algorithm>
#include <stdexcept>

namespace laboratory {

namespace {

using namespace std::chrono_literals;
using scenarios::Json;
using scenarios::Process;

constexpr int kHeardPackets = 20; // of the fifty that a second of sound has
constexpr int kSeenPackets = 5;   // a picture has one at least

/// What a second of sound, or of pictures, has brought; nothing if it is another event.
std::optional<Json> second_of(const std::string& kind, const Json& event)
{
    const Json detail = event.value("detail", Json::object());
    if (detail.value("what", "") != "statistics" || detail.value("kind", "") != kind)
        return std::nullopt;
    return detail;
}

std::optional<Json> second_of_sound(const Json& event)
{
    return second_of("audio", event);
}

Json over_quic(bool beside)
{
    Json media{{"use", "media-plain"}, {"over", "multiplexer"}, {"config", {{"insecure", false}}}};
    Json transports = Json::array({media});
    if (beside) {
        transports[0]["kinds"] = "audio";
        transports.push_back({{"use", "media-srtp"}});
    }
    return {
        {"secure_channel", {{"use", "quic-ngtcp2"}}}, {"reliable_stream", nullptr}, {"media_transport", transports}};
}

} // namespace

RunningCall::RunningCall(PairLaboratory& laboratory, const Side& caller, const Side& callee, const CallPlan& plan)
    : laboratory_(laboratory)
{
    alice_place_.emplace(laboratory_.add_peer(caller, plan.addresses));
    bob_place_.emplace(laboratory_.add_peer(callee));
    laboratory_.network().change(alice_place_->host, plan.cable);
    laboratory_.network().change(bob_place_->host, kCable);
    const ConfigurationChanges changes{.connectivity = {{"simultaneous_open", plan.punching}},
                                       .slots = plan.quic ? over_quic(plan.beside) : Json::object(),
                                       .transports = plan.transports};
    laboratory_.configure("alice", caller, changes);
    laboratory_.configure("bob", callee, changes);
    bob_place_->host.inside(
        [&] { bob_ = laboratory_.world().listen("bob", {"--answer", "--once", "--send", "test"}); });
    std::vector<std::string> words{"--send", "test"};
    if (!plan.pictures)
        words.emplace_back("--audio-only");
    const std::string account = bob_->event("identity", "done")["detail"].value("account", "");
    alice_place_->host.inside([&] { alice_ = laboratory_.world().call("alice", account, words); });
    for (Process* const peer : {alice_.get(), bob_.get()}) {
        if (peer->event("media", "progress", "first_audio").is_null())
            throw std::runtime_error("laboratory: no sound, see " + laboratory_.world().folder().string());
    }
    mark();
    if (!both_hear(20s))
        throw std::runtime_error("laboratory: sound does not go on, see " + laboratory_.world().folder().string());
    mark();
}

void RunningCall::mark()
{
    marked_ms_ = {last_event_ms(*alice_), last_event_ms(*bob_)};
    gap_ms_ = 0;
}

double RunningCall::heard_after(Process& peer, double t_ms, bool heard, std::chrono::milliseconds limit)
{
    const Json event = peer.find(
        [&](const Json& one) {
            const auto second = second_of_sound(one);
            return second && one.value("t_ms", 0.0) - second->value("interval_ms", 0.0) > t_ms &&
                   (second->value("packets_received", 0) > kHeardPackets) == heard;
        },
        limit);
    return event.is_null() ? -1 : event.value("t_ms", 0.0);
}

double RunningCall::gap_between(Process& peer, double begin_ms, double end_ms)
{
    double longest = 0;
    peer.find(
        [&](const Json& one) {
            const double t_ms = one.value("t_ms", 0.0);
            if (const auto second = second_of_sound(one); second && t_ms > begin_ms && t_ms <= end_ms)
                longest = std::max(longest, second->value("longest_gap_ms", 0.0));
            return false;
        },
        0ms);
    return longest;
}

bool RunningCall::both_hear(std::chrono::milliseconds limit)
{
    int number = 0;
    for (Process* const peer : {alice_.get(), bob_.get()}) {
        const double marked_ms = marked_ms_[static_cast<std::size_t>(number++)];
        double heard_ms = marked_ms;
        for (int second = 0; second < 2; ++second) {
            heard_ms = heard_after(*peer, heard_ms - (second == 0 ? 0 : 1), true, limit);
            if (heard_ms < 0)
                return false;
        }
        gap_ms_ = std::max(gap_ms_, gap_between(*peer, marked_ms, heard_ms));
    }
    return true;
}

bool RunningCall::both_see(std::chrono::milliseconds limit)
{
    int number = 0;
    for (Process* const peer : {alice_.get(), bob_.get()}) {
        const double marked_ms = marked_ms_[static_cast<std::size_t>(number++)];
        const Json seen = peer->find(
            [&](const Json& one) {
                const auto second = second_of("video", one);
                return second && one.value("t_ms", 0.0) - second->value("interval_ms", 0.0) > marked_ms &&
                       second->value("packets_received", 0) > kSeenPackets;
            },
            limit);
        if (seen.is_null())
            return false;
    }
    return true;
}

Json RunningCall::way(const std::string& kind)
{
    Json last;
    alice_->find(
        [&](const Json& one) {
            if (const auto second = second_of(kind, one); second && second->contains("path"))
                last = (*second)["path"];
            return false;
        },
        0ms);
    return last;
}

bool RunningCall::goes(const std::function<bool(const Json& way)>& wanted, std::chrono::milliseconds limit)
{
    const double since_ms = last_event_ms(*alice_);
    return !alice_
                ->find(
                    [&](const Json& one) {
                        const auto second = second_of_sound(one);
                        return second && one.value("t_ms", 0.0) > since_ms && second->contains("path") &&
                               wanted((*second)["path"]);
                    },
                    limit)
                .is_null();
}

bool RunningCall::silent_for(int seconds)
{
    double t_ms = last_event_ms(*alice_);
    for (int second = 0; second < seconds; ++second) {
        t_ms = heard_after(*alice_, t_ms, false, 10s);
        if (t_ms < 0)
            return false;
        t_ms -= 1; // the next one begins where this ended
    }
    return true;
}

double RunningCall::last_event_ms(Process& peer)
{
    double last = 0;
    peer.find(
        [&](const Json& one) {
            last = std::max(last, one.value("t_ms", 0.0));
            return false;
        },
        0ms);
    return last;
}

std::pair<int, int> RunningCall::hang_up()
{
    alice_->interrupt();
    const int alice = alice_->exit_code();
    return {alice, bob_->exit_code()};
}

} // namespace laboratory
