// Step 7: media connectivity. See media_leg.hpp.

#include "kernel/flow/media_leg.hpp"

#include "kernel/flow/limits.hpp"
#include "kernel/flow/reopen_links.hpp"
#include "kernel/media/plain_addresses.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace jackfield::kernel {

namespace {
constexpr std::string_view kTrickleType = "application/trickle-ice-sdpfrag"; // RFC 8840 section 9
constexpr std::string_view kCandidate = "a=candidate:";
constexpr std::string_view kEndOfCandidates = "a=end-of-candidates";
constexpr std::size_t kMaxFragmentBytes = 16 * 1024;
constexpr std::size_t kMostEarlyFragments = 16;

/// The first two lines of a description of connectivity.h.
std::string_view credentials_of(std::string_view ice)
{
    const auto end = ice.find('\n', ice.find('\n') + 1);
    return ice.substr(0, end);
}

/// A description of connectivity.h with candidates (RFC 8839 section 5.1), all of them relays.
bool names_relays_alone(std::string_view ice)
{
    std::size_t candidates = 0;
    std::size_t relays = 0;
    for (std::size_t at = ice.find(" typ "); at != std::string_view::npos; at = ice.find(" typ ", at + 1)) {
        ++candidates;
        relays += ice.substr(at).starts_with(" typ relay") ? 1 : 0;
    }
    return candidates != 0 && relays == candidates;
}

/// Of the channel of one component.
std::string channel_name(const MediaPlace& place)
{
    return place.channel + "-" + std::to_string(place.component);
}
} // namespace

MediaLeg::MediaLeg(Environment& node, std::shared_ptr<Call> call, Device peer, std::uint32_t role,
                   std::uint32_t component_count)
    : call_(std::move(call)),
      node_(node),
      peer_(std::move(peer)),
      we_invited_(role == JF_CONTROLLING),
      component_count_(component_count)
{
    if (component_count == 0)
        return;
    const jf_connectivity_options options{sizeof(options), role, JF_DATAGRAM, component_count, abi_text("media")};
    ice_ = std::make_unique<ConnectivitySession>(
        node.board.connectivity, options,
        ConnectivitySession::Events{[kept = call_] { kept->bell.ring(); },
                                    [this](const std::string& line) { candidate(line); }});
}

awaitable<void> MediaLeg::gathered(std::function<bool()> unwanted)
{
    // Most of the time all candidates are known by now. A relay that is slow does not hold the call up: it trickles.
    co_await until(call_->bell, now() + limits::kGatherWait, [&] {
        return !ice_ || ice_->gathered_enough() || ice_->failure() || call_->hung_up() || unwanted();
    });
}

std::string MediaLeg::describe(MediaDescription ours)
{
    local_ = with_ice(std::move(ours));
    described_ = true;
    return to_json(local_);
}

MediaDescription MediaLeg::with_ice(MediaDescription ours) const
{
    if (ice_ && ours.without_ice) {
        name_own_addresses(ours, ice_->local_description());
    } else if (ice_) {
        ours.ice = ice_->local_description();
        ours.ice_complete = ice_->gathered();
    }
    return ours;
}

MediaDescription MediaLeg::answer_with_ice(MediaDescription ours, const MediaDescription& offer) const
{
    if (!begun_anew_ || begins_anew(offer))
        return with_ice(std::move(ours));
    ours.ice = local_.ice;
    ours.ice_complete = local_.ice_complete;
    return ours;
}

void MediaLeg::trickle_over(SignaledCall& signaled)
{
    signaled_ = &signaled;
    signaled.on_info([this](const std::string& type, const std::string& body) { return hear(type, body); });
    for (const auto& line : std::exchange(late_candidates_, {}))
        candidate(line);
}

void MediaLeg::candidate(const std::string& line)
{
    if (!described_ || !plain_.empty())
        return; // it is in the description, or the peer could not use it
    if (signaled_ == nullptr) {
        late_candidates_.push_back(line);
        return;
    }
    try {
        signaled_->info(kTrickleType, std::string(kCandidate) + line + "\r\n");
    } catch (const Failure&) {
        // The link is gone: the flow hears of that by itself.
    }
}

bool MediaLeg::hear(const std::string& content_type, const std::string& body)
{
    if (content_type != kTrickleType)
        return other_info_ && other_info_(content_type, body);
    if (!ice_ || body.size() > kMaxFragmentBytes)
        return false;
    const bool of_later = signaled_ != nullptr && signaled_->description_waits();
    if (!of_later)
        take_fragment(body);
    else if (early_fragments_.size() < kMostEarlyFragments)
        early_fragments_.push_back(body);
    return true;
}

void MediaLeg::take_fragment(const std::string& body)
{
    std::string_view rest = body;
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        std::string_view line = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        if (line.starts_with(kCandidate))
            ice_->add_remote_candidate(std::string(line.substr(kCandidate.size())));
        else if (line == kEndOfCandidates)
            ice_->end_of_candidates();
    }
}

void MediaLeg::take_remote(const CallMedia& media, MediaDescription remote, LinkLayers& link)
{
    auto streams = media.agree(local_, remote);
    connect(remote, streams);
    open_channels(streams, link);
    remote_ = std::move(remote);
    streams_ = std::move(streams);
}

/// Leaves in `remote` what connectivity knows of the peer from here on.
void MediaLeg::connect(MediaDescription& remote, const std::vector<AgreedStream>& streams)
{
    if (components_of(streams).empty()) {
        begun_anew_ = false;
        return;
    }
    if (!ice_)
        throw Failure(JF_UNSUPPORTED, "nothing of this call goes over connectivity");
    if (remote.ice.empty())
        return connect_plainly(remote, streams);
    if (!plain_.empty())
        throw Failure(JF_UNSUPPORTED, "the peer begins to do ICE in a call without");
    const auto fragments = std::exchange(early_fragments_, {});
    if (begun_anew_ != begins_anew(remote)) {
        remote.ice = remote_.ice;
        return;
    }
    ice_->set_remote(remote.ice);
    begun_anew_ = false;
    for (const auto& fragment : fragments)
        take_fragment(fragment);
    if (remote.ice_complete)
        ice_->end_of_candidates();
}

bool MediaLeg::can_restart() const
{
    if (components_of(streams_).empty())
        return !streams_.empty();
    return ice_ && plain_.empty() && !no_restart_;
}

void MediaLeg::restart_ice()
{
    if (!can_restart())
        throw Failure(JF_UNSUPPORTED, "the way of this call's media cannot be looked for anew");
    try {
        if (!components_of(streams_).empty())
            ice_->restart();
    } catch (const Failure& failure) {
        no_restart_ = failure.error().status == JF_UNSUPPORTED;
        throw;
    }
    begun_anew_ = true;
    ++restarts_;
}

bool MediaLeg::begins_anew(const MediaDescription& theirs) const
{
    return !theirs.ice.empty() && !remote_.ice.empty() && credentials_of(theirs.ice) != credentials_of(remote_.ice);
}

void MediaLeg::follow_restart(const MediaDescription& offer)
{
    if (begins_anew(offer) && !begun_anew_)
        restart_ice();
}

bool MediaLeg::connected_anew() const
{
    return !begun_anew_ && channels_up() && std::ranges::all_of(components_of(streams_), [&](std::uint32_t component) {
        return ice_ && ice_->connected(component);
    });
}

bool MediaLeg::relayed() const
{
    return ice_ && std::ranges::any_of(components_of(streams_), [&](std::uint32_t component) {
               const auto pair = ice_->pairs().find(component);
               return pair != ice_->pairs().end() && pair->second.relayed;
           });
}

bool MediaLeg::relays_are_wanted() const
{
    return ice_ && (names_relays_alone(ice_->local_description()) || names_relays_alone(remote_.ice));
}

bool MediaLeg::stands_on(const std::set<std::string>& addresses) const
{
    return ice_ && kernel::stands_on(*ice_, addresses);
}

/// A peer without ICE: where it is now. A description that says nothing new changes nothing.
void MediaLeg::connect_plainly(const MediaDescription& remote, const std::vector<AgreedStream>& streams)
{
    auto plain = describe_plain_peer(remote, streams, !plain_.empty());
    if (plain == plain_)
        return;
    ice_->set_remote(plain);
    plain_ = std::move(plain);
}

void MediaLeg::go_on(MediaDescription local, MediaDescription remote, std::vector<AgreedStream> streams,
                     LinkLayers& link)
{
    for (const auto component : components_of(streams)) {
        if (component > component_count_)
            throw Failure(JF_UNSUPPORTED, "this call has no components of connectivity left for one more stream");
    }
    connect(remote, streams);
    open_channels(streams, link);
    local_ = std::move(local);
    remote_ = std::move(remote);
    streams_ = std::move(streams);
}

void MediaLeg::open_channels(const std::vector<AgreedStream>& streams, LinkLayers& link)
{
    using enum ChannelLayer::Opening;
    for (const auto& place : places_of(streams)) {
        if (place.channel.empty())
            continue;
        const std::string name = channel_name(place);
        Way& way = channels_[name];
        if (!way.lost())
            continue;
        if (way.path)
            way.path->leave();
        way.channel.reset(); // it would wait for the same name
        way.channel = std::make_unique<ChannelLayer>(link.channels(), name, JF_DATAGRAM, we_invited_ ? asked : expected,
                                                     [kept = call_] { kept->bell.ring(); });
    }
}

void MediaLeg::leave_channels()
{
    for (auto& [name, way] : channels_) {
        if (way.path)
            way.path->leave();
        way.channel.reset();
    }
    std::erase_if(channels_, [](const auto& entry) { return !entry.second.path; });
}

void MediaLeg::link_moved(LinkLayers& link)
{
    if (!we_invited_)
        open_channels(streams_, link);
    if (components_of(streams_).empty())
        ++restarts_;
}

void MediaLeg::look_after_channels(LinkLayers* link)
{
    for (auto& [name, way] : channels_) {
        if (!way.path || way.path->stands() || !way.channel || !way.channel->path())
            continue;
        try {
            way.path->stand_on(*way.channel->path());
        } catch (const Failure& failure) {
            if (failure.status() == JF_UNAUTHENTICATED)
                throw;
            way.channel.reset(); // it has just ended
        }
    }
    const bool ended = std::ranges::any_of(channels_, [](const auto& entry) {
        return entry.second.path && entry.second.lost() && !(entry.second.channel && entry.second.channel->failure());
    });
    if (ended && !we_invited_ && link != nullptr)
        open_channels(streams_, *link); // the peer may ask for it again
}

bool MediaLeg::channels_up() const
{
    return std::ranges::all_of(places_of(streams_), [&](const MediaPlace& place) {
        if (place.channel.empty())
            return true;
        const auto found = channels_.find(channel_name(place));
        return found != channels_.end() && !found->second.lost() && found->second.channel->path() &&
               (!found->second.path || found->second.path->stands());
    });
}

bool MediaLeg::ready() const
{
    if (streams_.empty())
        return false;
    return std::ranges::all_of(places_of(streams_), [&](const MediaPlace& place) {
        if (place.channel.empty())
            return ice_->ready(place.component);
        const auto found = channels_.find(channel_name(place));
        return found != channels_.end() &&
               (found->second.path || (found->second.channel && found->second.channel->path()));
    });
}

std::optional<Error> MediaLeg::failure() const
{
    for (const auto& [name, way] : channels_) {
        if (way.channel && way.channel->failure())
            return way.channel->failure();
    }
    return ice_ ? ice_->failure() : std::nullopt;
}

std::vector<jf_path> MediaLeg::paths()
{
    std::vector<jf_path> paths;
    for (const auto& place : places_of(streams_))
        paths.push_back(path(place));
    return paths;
}

jf_path MediaLeg::path(const MediaPlace& place)
{
    const jf_path below = place.channel.empty() ? ice_->path(place.component) : path_over_channel(channel_name(place));
    decorators_.emplace_back(node_.board, below,
                             DecoratorStack::Place{Seam::kMedia, peer_, we_invited_, place.component});
    return decorators_.back().path();
}

jf_path MediaLeg::path_over_channel(const std::string& name)
{
    const auto found = channels_.find(name);
    if (found == channels_.end() || !found->second.channel || !found->second.channel->path())
        throw Failure(JF_CLOSED, "the channel \"" + name + "\" of the link has gone");
    found->second.path = std::make_unique<ReplaceablePath>(*found->second.channel->path());
    return found->second.path->path();
}

nlohmann::json to_json(const SelectedPair& pair)
{
    return {{"local", pair.local}, {"remote", pair.remote}, {"relayed", pair.relayed}};
}

nlohmann::json MediaLeg::way_of(const AgreedStream& agreed) const
{
    if (!agreed.channel.empty())
        return {{"channel", agreed.channel}};
    const auto component = static_cast<std::uint32_t>(agreed.rtp_component);
    if (!ice_ || !ice_->pairs().contains(component))
        return nlohmann::json::object();
    return to_json(ice_->pairs().at(component));
}

std::string MediaLeg::pairs() const
{
    nlohmann::json pairs = nlohmann::json::array();
    if (ice_) {
        for (const auto& [component, pair] : ice_->pairs()) {
            pairs.push_back(to_json(pair));
            pairs.back()["component"] = component;
        }
    }
    nlohmann::json all{{"components", components_of(streams_).size()}, {"pairs", pairs}};
    if (!channels_.empty())
        all["channels"] = channels_.size();
    return all.dump();
}

} // namespace jackfield::kernel
