// Other media while a call runs. See live_media.hpp.

#include "kernel/flow/live_media.hpp"

#include "kernel/flow/limits.hpp"
#include "kernel/flow/step_failure.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace jackfield::kernel {

namespace {

constexpr const char* kWords[2][2] = {{"inactive", "recvonly"}, {"sendonly", "sendrecv"}};

std::string word_of(const std::optional<Direction>& direction)
{
    return direction ? kWords[direction->send ? 1 : 0][direction->receive ? 1 : 0] : "none";
}

std::string text_of(const nlohmann::json& detail)
{
    return detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

} // namespace

void LiveMedia::look()
{
    if (leg_.signaled->over() || call_.hung_up() || !media_.open())
        return;
    if (const auto muted = std::exchange(call_.mute_wanted, std::nullopt)) {
        media_.mute(*muted);
        tell_changed(false);
    }
    if (leg_.signaled->stranded())
        return;    // until it goes on elsewhere
    hear_answer(); // first: whoever offers while an offer of ours is open has to wait for our answer
    connect();
    answer_peer();
    mind_limits();
    begin_next();
}

TimePoint LiveMedia::next() const
{
    TimePoint next = TimePoint::max();
    if (leg_.signaled->stranded())
        return next;
    if (offer_ && !offer_->told)
        next = offer_->answered_by;
    if (again_at_)
        next = std::min(next, *again_at_);
    if (connecting_)
        next = std::min(next, connected_by_);
    return next;
}

// --- the peer's offers ----------------------------------------------------------------------------------------------

/// One more change has to wait until the one before is connected, but not if it is what that waits for.
bool LiveMedia::peer_has_to_wait() const
{
    if (!connecting_)
        return false;
    try {
        return !leg_.media->begins_anew(parse_media_description(*leg_.signaled->peer_offer()));
    } catch (const Failure&) {
        return false; // it is refused
    }
}

/// What cannot be is refused, and all stays as it was.
void LiveMedia::answer_peer()
{
    if (!leg_.signaled->peer_offer() || peer_has_to_wait())
        return;
    const auto offer_json = leg_.signaled->take_peer_offer();
    std::string answer_json;
    try {
        const auto offer = parse_media_description(*offer_json);
        const auto now = leg_.media->in_use();
        leg_.media->follow_restart(offer);
        auto answer = leg_.media->answer_with_ice(media_.next_answer(now, offer), offer);
        auto streams = media_.agree(answer, offer);
        const bool same = std::ranges::all_of(streams, [&](const AgreedStream& stream) {
            const auto* before = now.stream_of(stream.line);
            return before != nullptr && goes_on(*before, stream);
        });
        if (!same && !media_.changeable())
            throw Failure(JF_UNSUPPORTED, "the media transport cannot change its streams");
        answer_json = to_json(answer);
        leg_.media->go_on(std::move(answer), offer, std::move(streams), *leg_.link->layers);
        note_hold(offer, true);
    } catch (const Failure& failure) {
        answer_json.clear();
        call_.tell(Step::media, Moment::progress,
                   text_of({{"what", "change_declined"}, {"text", failure.error().text}}));
    }
    try {
        leg_.signaled->answer_update(answer_json);
    } catch (const Failure&) {
        return; // cancelled, or the link broke
    }
    if (answer_json.empty())
        return;
    if (offer_)
        offer_->stale = true;
    apply(true);
}

/// Held is whose sound the peer does not take, though it was offered (RFC 3264 section 8.4).
void LiveMedia::note_hold(const MediaDescription& remote, bool offered)
{
    const auto now = leg_.media->in_use();
    for (const auto& stream : now.streams) {
        if (stream.kind != MediaKind::audio)
            continue;
        const bool takes = remote.lines[stream.line].direction.receive;
        if (!offered && !now.local.lines[stream.line].direction.send)
            return; // that answer says nothing of it
        if (std::exchange(held_, !takes) == !takes)
            return;
        call_.tell(Step::media, Moment::progress, text_of({{"what", "held"}, {"held", held_}}));
        return call_.listener->held(call_, held_);
    }
}

// --- our own --------------------------------------------------------------------------------------------------------

void LiveMedia::begin_next()
{
    if (connecting_ || call_.changes.empty() || (again_at_ && now() < *again_at_))
        return;
    again_at_.reset();
    if (offer_ && !offer_->told)
        return;
    const MediaChange change = std::move(call_.changes.front());
    call_.changes.pop_front();
    if (offer_)
        return refuse(change, JF_BUSY, "an earlier change has not been answered yet");
    try {
        auto intent = media_.intend(change);
        if (change.restart_ice || media_.wishes(intent) != media_.wishes())
            return offer(change, std::move(intent));
        media_.adopt(std::move(intent)); // nobody need be asked
        tell_changed(false);
    } catch (const Failure& failure) {
        refuse(change, failure.error().status, failure.error().text);
    }
}

void LiveMedia::restart_ice()
{
    const bool under_way = offer_ && offer_->change.restart_ice;
    const bool waits = !call_.changes.empty() && call_.changes.front().restart_ice;
    if (under_way || waits)
        return;
    MediaChange change;
    change.restart_ice = true;
    call_.changes.push_front(std::move(change));
    begin_next();
}

void LiveMedia::link_moved()
{
    // Two restarts that were offered over two links: each end goes to where the other's came, and if both said theirs
    // again there they would cross for ever. The caller's is the one.
    const bool again = offer_ && !offer_->told && !(offer_->change.restart_ice && call_.side == Side::callee);
    if (again && call_.changes.size() < Call::kMostChanges)
        call_.changes.push_front(offer_->change);
    offer_.reset();
    again_at_.reset();
    connecting_ = false; // what comes over the other link says it again
}

void LiveMedia::offer(const MediaChange& change, CallMedia::Intent intent)
{
    const auto now_used = leg_.media->in_use();
    if (change.restart_ice)
        leg_.media->restart_ice();
    auto local = leg_.media->with_ice(media_.next_offer(intent, now_used, leg_.media->component_count()));
    const bool other_lines = std::ranges::any_of(local.lines, [&](const MediaLine& line) {
        const auto index = static_cast<std::size_t>(&line - local.lines.data());
        return line.rejected != (now_used.stream_of(index) == nullptr);
    });
    if (other_lines && !media_.changeable())
        throw Failure(JF_UNSUPPORTED, "the media transport cannot change its streams");
    try {
        leg_.signaled->update(to_json(local));
    } catch (const Failure& failure) {
        if (failure.error().status != JF_BUSY || ++tries_ > limits::kUpdateTries)
            throw;
        call_.changes.push_front(change); // an offer of the peer is open
        again_at_ = now() + limits::kUpdateAgain;
        return;
    }
    tries_ = 0;
    listen(local);
    offer_ = Offer{change, std::move(intent), std::move(local), now() + limits::kUpdateAnswered};
}

/// The peer may send as soon as it answers, and that may overtake its answer (RFC 3264 section 5.1).
void LiveMedia::listen(const MediaDescription& offered)
{
    auto streams = leg_.media->streams();
    bool more = false;
    for (auto& stream : streams) {
        const MediaLine& line = offered.lines[stream.line];
        const bool begins = !line.rejected && line.direction.receive && !stream.direction.receive;
        stream.direction.receive = stream.direction.receive || begins;
        more = more || begins;
    }
    if (more && media_.changeable() && leg_.media->ready())
        change_to(streams);
}

void LiveMedia::change_to(const std::vector<AgreedStream>& streams)
{
    as_step(Step::media,
            [&] { media_.change(streams, [this](const MediaPlace& place) { return leg_.media->path(place); }); });
}

void LiveMedia::hear_answer()
{
    const auto answer_json = leg_.signaled->take_update_answer();
    if (!answer_json || !offer_)
        return;
    Offer offer = std::move(*offer_);
    offer_.reset();
    if (answer_json->empty()) {
        if (media_.changeable())
            change_to(leg_.media->streams()); // we need not listen any more
        if (offer.change.restart_ice && !leg_.media->begun_anew())
            return; // the peer's offer began anew, too, and both have
        if (offer.stale && !offer.told && call_.changes.size() < Call::kMostChanges) {
            call_.changes.push_front(offer.change); // made for what the call was before the peer's offer
            return;
        }
        if (!offer.told)
            refuse(offer.change, JF_REFUSED, "the peer does not want this change");
        return;
    }
    // The peer goes on with it: if we cannot, the call is over (RFC 3261 section 14.1).
    as_step(Step::media, [&] {
        const auto answer = parse_media_description(*answer_json);
        auto streams = media_.agree(offer.local, answer);
        leg_.media->go_on(std::move(offer.local), answer, std::move(streams), *leg_.link->layers);
        media_.adopt(std::move(offer.intent));
        note_hold(answer, false);
    });
    apply(false);
}

void LiveMedia::mind_limits()
{
    if (offer_ && !offer_->told && now() >= offer_->answered_by) {
        offer_->told = true;
        refuse(offer_->change, JF_TIMEOUT, "the peer has not answered this change in time");
    }
}

/// An ICE restart is no wish of the program.
void LiveMedia::refuse(const MediaChange& change, jf_status status, const std::string& text)
{
    const char* what = change.restart_ice ? "restart_refused" : "change_refused";
    call_.tell(Step::media, Moment::progress,
               text_of({{"what", what}, {"status", status_word(status)}, {"text", text}}));
    if (!change.restart_ice)
        call_.listener->change_refused(call_, {status, text});
}

// --- it goes on -----------------------------------------------------------------------------------------------------

void LiveMedia::apply(bool by_peer)
{
    connecting_ = true;
    connecting_for_peer_ = by_peer;
    connected_by_ = now() + limits::kMediaPaths;
    connect();
}

/// As soon as the paths of new streams are up. What was there before goes on meanwhile as it was.
void LiveMedia::connect()
{
    if (!connecting_)
        return;
    if (!leg_.media->ready()) {
        if (now() >= connected_by_)
            throw StepFailure(Step::media, JF_UNREACHABLE, "no path for the new media in time");
        return;
    }
    connecting_ = false;
    codecs_by_ = now() + limits::kOpenCodecs;
    change_to(leg_.media->streams());
    tell_changed(connecting_for_peer_);
}

void LiveMedia::tell_changed(bool by_peer)
{
    const MediaNow flows = media_.now();
    call_.tell(Step::media, Moment::progress,
               text_of({{"what", "media_changed"},
                        {"audio", word_of(flows.audio)},
                        {"video", word_of(flows.video)},
                        {"holding", flows.holding},
                        {"muted", flows.muted},
                        {"by_peer", by_peer}}));
    call_.listener->media_changed(call_, flows);
}

} // namespace jackfield::kernel
