// Step 8: media alive, and the goodbye. See stay_alive.hpp.

#include "kernel/flow/stay_alive.hpp"

#include "kernel/flow/better_way.hpp"
#include "kernel/flow/call_signals.hpp"
#include "kernel/flow/call_transfers.hpp"
#include "kernel/flow/limits.hpp"
#include "kernel/flow/live_media.hpp"
#include "kernel/flow/recovery.hpp"
#include "kernel/flow/step_failure.hpp"
#include "kernel/media/meter.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace jackfield::kernel {

namespace {

/// Tells once that the codecs are open, and each first movement of media, with the time at which it happened.
class FirstMediaTeller {
public:
    explicit FirstMediaTeller(Call& call) : call_(call) {}

    void look(const CallMedia& media)
    {
        const FirstMedia first = media.first_media();
        tell(told_ready_ns_, media.ready_ns(), "codecs_open");
        tell(told_.audio_sent_ns, first.audio_sent_ns, "first_audio_sent");
        tell(told_.video_sent_ns, first.video_sent_ns, "first_video_sent");
        tell_first_audio(first);
        tell(told_.video_decoded_ns, first.video_decoded_ns, "first_video");
    }

private:
    void tell(std::int64_t& told, std::int64_t at_ns, std::string_view what)
    {
        if (told == 0 && at_ns != 0) {
            told = at_ns;
            call_.tell_progress(Step::media, what, at_ns);
        }
    }

    /// Decoded is not heard yet: the jitter buffer says when it is to be played.
    void tell_first_audio(const FirstMedia& first)
    {
        if (told_.audio_decoded_ns != 0 || first.audio_decoded_ns == 0)
            return;
        told_.audio_decoded_ns = first.audio_decoded_ns;
        const double plays_in_ms = static_cast<double>(first.audio_plays_ns - first.audio_decoded_ns) / 1e6;
        const nlohmann::json detail{{"what", "first_audio"}, {"plays_in_ms", std::round(plays_in_ms * 10) / 10}};
        call_.tell(Step::media, Moment::progress, detail.dump(), first.audio_decoded_ns);
    }

    Call& call_;
    FirstMedia told_;
    std::int64_t told_ready_ns_ = 0;
};

/// Tells once a second how each stream does (timeline.schema.json, "statistics").
class StatisticsTeller {
public:
    StatisticsTeller(Call& call, CallMedia& media, const Leg& leg) : call_(call), media_(media), leg_(leg)
    {
        meter_.look(media_.statistics(), {});
    }

    TimePoint next() const { return last_ + limits::kStatisticsEvery; }

    /// What each stream has done since the last look.
    void look()
    {
        const TimePoint at = now();
        const auto streams = meter_.look(media_.statistics(), at - last_);
        last_ = at;
        for (std::size_t number = 0; number < streams.size(); ++number) {
            nlohmann::json detail = streams[number];
            detail["what"] = "statistics";
            if (const auto gap = media_.take_longest_gap(number); gap.count() != 0)
                detail["longest_gap_ms"] = std::round(static_cast<double>(gap.count()) / 1e5) / 10;
            if (auto way = way_of(number); !way.empty())
                detail["path"] = std::move(way);
            call_.tell(Step::media, Moment::progress,
                       detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
        }
    }

private:
    /// A channel of the link goes the link's way.
    nlohmann::json way_of(std::size_t number) const
    {
        auto way = leg_.media->way_of(media_.stream(number));
        if (way.contains("channel") && leg_.link && leg_.link->connectivity) {
            const auto& pairs = leg_.link->connectivity->pairs();
            if (!pairs.empty())
                way.update(to_json(pairs.begin()->second));
        }
        return way;
    }

    Call& call_;
    CallMedia& media_;
    const Leg& leg_;
    MediaMeter meter_;
    TimePoint last_ = now();
};

/// Until the call is over, telling how it goes. False if codecs did not open in time.
awaitable<bool> until_over(Environment& node, std::shared_ptr<Call> call, std::shared_ptr<CallMedia> media,
                           std::shared_ptr<Leg> leg)
{
    FirstMediaTeller teller(*call);
    StatisticsTeller statistics(*call, *media, *leg);
    LiveMedia live(*call, *media, *leg);
    Recovery recovery(node, *call, *media, *leg, live);
    BetterWay better(node, *call, *leg, live);
    CallSignals signals(*call, *media, *leg);
    CallTransfers transfers(*call, *media, *leg);
    const auto answered_at = now();
    const auto opened_by = [&] { return live.codecs_by().value_or(answered_at + limits::kOpenCodecs); };
    const auto codecs_are_late = [&] { return !media->ready() && now() >= opened_by(); };
    const auto look_again = [&] {
        const auto next = std::min(
            {statistics.next(), live.next(), recovery.next(), better.next(), signals.next(), transfers.next()});
        return media->ready() ? next : std::min(next, opened_by());
    };
    while (!codecs_are_late()) {
        const bool over = co_await until(call->bell, look_again, [&] {
            teller.look(*media);
            transfers.look(); // may want other media
            recovery.look();  // may want another way
            better.look(recovery.goes_on());
            live.look();
            signals.look();
            return leg->signaled->over() || media->failure() || call->hung_up();
        });
        if (over)
            co_return true;
        if (now() >= statistics.next())
            statistics.look();
    }
    co_return false;
}

} // namespace

std::shared_ptr<CallMedia> open_media(Environment& node, const std::shared_ptr<Call>& call)
{
    // Events come on control, but `changed`, which may come on a media thread and is carried over.
    const std::weak_ptr<Call> weak = call;
    CallMedia::Events events;
    events.source_ended = [weak](MediaKind kind) {
        if (const auto still = weak.lock())
            still->listener->source_ended(*still, kind);
    };
    // Signaling or connectivity says how the call goes on; this helps to see why.
    events.ended = [weak](const Error& error) {
        const nlohmann::json detail{{"what", "transport_ended"}, {"text", error.text}};
        if (const auto still = weak.lock()) {
            still->tell(Step::media, Moment::progress,
                        detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
            still->bell.ring();
        }
    };
    events.changed = [weak, &control = node.control] {
        control.post([weak] {
            if (const auto still = weak.lock())
                still->bell.ring();
        });
    };
    return as_step(Step::media, [&] {
        return std::make_shared<CallMedia>(node.board, node.completions, node.workers, node.playing, call->plan,
                                           node.settings.bundle == Bundle::kAuto, std::move(events));
    });
}

void open_codecs(CallMedia& media, const MediaLeg& leg)
{
    as_step(Step::media, [&] { media.open_codecs(leg.streams()); });
}

void check_media(const CallMedia& media)
{
    if (const auto failure = media.failure())
        throw StepFailure(Step::media, *failure);
}

void prepare_media(Call& call, CallMedia& media, MediaLeg& leg)
{
    call.tell(Step::media_connectivity, Moment::done, leg.pairs());
    call.tell(Step::media, Moment::start);
    as_step(Step::media, [&] { media.open_transport(leg.streams(), leg.paths()); });
}

awaitable<void> start_media(std::shared_ptr<Call> call, std::shared_ptr<CallMedia> media, std::shared_ptr<Leg> leg)
{
    const bool up = co_await until(call->bell, now() + limits::kMediaPaths, [&] {
        return leg->media->ready() || leg->media->failure() || leg->signaled->over() || call->hung_up();
    });
    call->check_hung_up(Step::media_connectivity);
    if (leg->media->failure())
        throw StepFailure(Step::media_connectivity, *leg->media->failure());
    if (!up)
        throw StepFailure(Step::media_connectivity, JF_UNREACHABLE, "no path for media in time");
    if (leg->signaled->over())
        co_return;
    if (!media->open())
        prepare_media(*call, *media, *leg->media);
    media->start();
}

awaitable<void> stay_alive(Environment& node, std::shared_ptr<Call> call, std::shared_ptr<CallMedia> media,
                           std::shared_ptr<Leg> leg, std::shared_ptr<CallEnd> end)
{
    const bool in_time = co_await until_over(node, call, media, leg);
    if (leg->signaled->over()) {
        end->by_peer = true;
        end->reason = leg->signaled->ending().reason;
        if (end->reason == JF_REASON_ELSEWHERE) { // two devices took the call at the same moment
            end->answered = false;
            throw StepFailure(Step::signaling, JF_CANCELLED, "answered elsewhere");
        }
        if (end->reason == JF_REASON_FAILED)
            throw StepFailure(Step::media, JF_CLOSED, leg->signaled->ending().text);
        co_return;
    }
    end->reason = call->hung_up().value_or(JF_REASON_FAILED);
    if (call->transferred)
        end->error.text = "transferred";
    if (call->replaced)
        end->error.text = "replaced";
    auto broken = leg->media->failure();
    if (!broken)
        broken = media->failure();
    if (!broken && !in_time)
        broken = Error{JF_TIMEOUT, "the codecs did not open in time"};
    try {
        leg->signaled->bye(end->reason);
    } catch (const Failure&) {
        // The link broke at the same moment: the peer sees that too.
    }
    if (broken && !call->hung_up())
        throw StepFailure(Step::media, *broken);
}

awaitable<void> close_call(std::shared_ptr<Call> call, std::shared_ptr<CallMedia> media, std::shared_ptr<CallEnd> end)
{
    if (media) {
        end->statistics = media->statistics();
        media->stop();
        auto finished = std::make_shared<std::optional<Error>>();
        media->finish_recording([call, finished](const Error& result) {
            *finished = result;
            call->bell.ring();
        });
        co_await until(call->bell, now() + limits::kFinishRecording, [&] { return finished->has_value(); });
        const Error recording =
            finished->value_or(Error{JF_TIMEOUT, "the recording was not completed in time; the file may end early"});
        if (recording.status != JF_OK && end->error.status == JF_OK) {
            end->error = recording;
            end->step = Step::media;
        }
    }
    nlohmann::json detail{{"answered", end->answered}, {"by_peer", end->by_peer}};
    detail["statistics"] = nlohmann::json::parse(end->statistics, nullptr, false);
    if (end->error.status == JF_OK) {
        call->tell(Step::call, Moment::done, detail.dump());
    } else {
        call->tell(end->step, Moment::failed, failure_detail(end->error));
        detail["status"] = status_word(end->error.status);
        detail["text"] = end->error.text;
        detail["failed_step"] = name_of(end->step);
        call->tell(Step::call, Moment::failed, detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    }
    call->tell_ended(*end);
}

} // namespace jackfield::kernel
