// Step 7: the media of one call with one device of the peer: its ICE session, what both ends said, whether it is up.
//
// Threads:  [control].
// Lifetime: belongs to the leg of the call. What stands on its paths (the media transport) is closed before it goes
// away.

#pragma once

#include "kernel/bind/connectivity.hpp"
#include "kernel/bind/decorators.hpp"
#include "kernel/bind/replaceable_path.hpp"
#include "kernel/bind/signaling.hpp"
#include "kernel/flow/call.hpp"
#include "kernel/flow/environment.hpp"
#include "kernel/flow/link_layers.hpp"
#include "kernel/media/call_media.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace jackfield::kernel {

/// For the timeline: {"local", "remote", "relayed"}.
nlohmann::json to_json(const SelectedPair& pair);

class MediaLeg {
public:
    /// Begins to gather, if anything goes over connectivity. The caller is ICE-controlling. Throws Failure.
    MediaLeg(Environment& node, std::shared_ptr<Call> call, Device peer, std::uint32_t role,
             std::uint32_t component_count);
    MediaLeg(const MediaLeg&) = delete;
    MediaLeg& operator=(const MediaLeg&) = delete;

    /// The local candidates worth waiting for are known, or we have waited long enough for them, or nobody wants them
    /// any more.
    awaitable<void> gathered(std::function<bool()> unwanted);

    /// Our description with ICE, for signaling. Candidates found later go out by INFO (RFC 8840).
    std::string describe(MediaDescription ours);
    void trickle_over(SignaledCall& signaled);

    /// Who hears INFO that is not about candidates, and says whether it was understood.
    void on_info(std::function<bool(const std::string& content_type, const std::string& body)> hear)
    {
        other_info_ = std::move(hear);
    }

    /// That call is no more, and neither is its link; what is found from now on goes out by the next one.
    void leave_link()
    {
        signaled_ = nullptr;
        channels_.clear();
    }

    /// The peer's description: what both want is known from here on, and checks begin. Channels of the link that media
    /// goes over are asked for by the caller, and by nobody else taken. The link outlives us, or leave_link comes
    /// first. Throws Failure.
    void take_remote(const CallMedia& media, MediaDescription remote, LinkLayers& link);

    bool agreed() const { return !streams_.empty(); }
    const std::vector<AgreedStream>& streams() const { return streams_; }

    // --- in a running call ---

    /// What the call runs on.
    Negotiated in_use() const { return {local_, remote_, streams_}; }
    std::uint32_t component_count() const { return component_count_; }

    /// A description that we would go on with: the ICE session is the one there is, without a restart. For a peer
    /// without ICE it names our addresses instead.
    MediaDescription with_ice(MediaDescription ours) const;

    /// The same as the answer to an offer: to one that does not begin anew it says what both agreed on last, also if a
    /// restart of ours is on its way.
    MediaDescription answer_with_ice(MediaDescription ours, const MediaDescription& offer) const;

    // ICE restarts (RFC 8839 section 4.4.1.1): who offers one begins anew before it describes itself, and so does who
    // is offered one, before it answers. Where everything goes over channels it is an offer of what there is, and what
    // both ends do with channels that were lost.
    bool can_restart() const;
    bool begins_anew(const MediaDescription& theirs) const; ///< they have other credentials than before
    bool begun_anew() const { return begun_anew_; }         ///< we have, and they have not said theirs yet
    void restart_ice();                                     ///< throws Failure
    void follow_restart(const MediaDescription& offer);     ///< nothing if it is none; throws Failure
    std::uint32_t restarts() const { return restarts_; }

    /// Each component that is in use has its pair, by what both ends said last, and each channel is there.
    bool connected_anew() const;

    /// Whether media goes through a relay; and whether one end wants it so, and names nothing else.
    bool relayed() const;
    bool relays_are_wanted() const;

    /// Whether any media goes over channels of the link.
    bool over_channels() const { return components_of(streams_).size() != places_of(streams_).size(); }

    /// Whether media goes over one of those addresses of ours, but for channels.
    bool stands_on(const std::set<std::string>& addresses) const;

    // The call goes on over another link: first this while there is still the one before, then that. Who invited asks
    // for the channels again when both ends have said that they go on there; the other one waits for that at once.
    void leave_channels();
    void link_moved(LinkLayers& link); ///< throws Failure

    /// Whenever something may have happened: streams go on over channels that have come. `link` is null if it is not
    /// good. Throws Failure.
    void look_after_channels(LinkLayers* link);

    /// Both ends go on with these. New components and channels are connected. ICE stays as it is where one end alone
    /// has begun anew: the offer that says so is on its way. Throws Failure, and nothing has changed, if the peer
    /// changes to ICE or away from it.
    void go_on(MediaDescription local, MediaDescription remote, std::vector<AgreedStream> streams, LinkLayers& link);

    /// The path of a place that no session has yet. Throws Failure.
    jf_path path(const MediaPlace& place);

    // ---

    /// Every place that the streams use can carry data.
    bool ready() const;
    std::optional<Error> failure() const;

    /// The paths of places_of(streams()), in that order, with what the configuration puts upon them. Once: a path
    /// opens once. Throws Failure.
    std::vector<jf_path> paths();

    /// Which pairs were taken, one JSON object for the timeline.
    std::string pairs() const;

    /// The way of one stream's packets: {"local", "remote", "relayed"} of the pair that was taken now, or {"channel"}.
    /// Empty if neither is known.
    nlohmann::json way_of(const AgreedStream& stream) const;

private:
    void candidate(const std::string& line);
    void connect(MediaDescription& remote, const std::vector<AgreedStream>& streams);
    void connect_plainly(const MediaDescription& remote, const std::vector<AgreedStream>& streams);
    void open_channels(const std::vector<AgreedStream>& streams, LinkLayers& link);
    bool channels_up() const;
    jf_path path_over_channel(const std::string& name);
    bool hear(const std::string& content_type, const std::string& body);
    void take_fragment(const std::string& body);

    std::shared_ptr<Call> call_;
    Environment& node_;
    Device peer_;
    bool we_invited_; // a call of ours goes on with the peer's invitation where the two have crossed
    struct Way {      // of the packets of one place that goes over a channel
        std::unique_ptr<ChannelLayer> channel; // of the link; null while there is none
        std::unique_ptr<ReplaceablePath> path; // upon it, once it is used; stays while links change

        bool lost() const { return !channel || channel->failure() || (path && path->over()); }
    };

    std::unique_ptr<ConnectivitySession> ice_; // null if nothing goes over it
    std::map<std::string, Way> channels_;      // by name
    std::vector<DecoratorStack> decorators_;   // upon their paths
    std::uint32_t component_count_;
    MediaDescription local_;
    MediaDescription remote_;
    std::vector<AgreedStream> streams_;
    std::uint32_t restarts_ = 0;
    bool begun_anew_ = false;                  // and what the peer says to that is not known yet
    bool no_restart_ = false;                  // connectivity cannot
    std::vector<std::string> early_fragments_; // of a description that nobody has looked at yet
    std::string plain_;                        // where a peer without ICE is, as connectivity was told; empty with ICE
    bool described_ = false;
    SignaledCall* signaled_ = nullptr; // the leg's, which outlives us
    std::vector<std::string> late_candidates_;
    std::function<bool(const std::string&, const std::string&)> other_info_;
};

} // namespace jackfield::kernel
