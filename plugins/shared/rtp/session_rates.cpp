// How fast a session sends: its controller's time, what waits for its turn, and what the peer is told of arrivals.
//
// Threads: control_rate on control; the rest on media threads. See session.hpp.
#include "session.hpp"

namespace jackfield::rtp {

void Session::control_rate(jf_rate_controller controller)
{
    rates_ = std::make_unique<RateControl>(controller, listener_);
    std::vector<StreamConfig> streams;
    for (const auto& stream : layout()->streams)
        streams.push_back(stream->config());
    rates_->set_streams(streams, host_.now_ns());
    context_.rates.store(rates_.get(), std::memory_order_release);
    listener_.tick_due();
}

void Session::drain(const Layout& layout, std::int64_t now_ns) const
{
    for (const auto& stream : layout.streams)
        stream->sender().drain(now_ns);
}

/// The controller's time, and what waits for its turn.
std::int64_t Session::control_rates(const Layout& layout, std::int64_t now_ns)
{
    RateControl* const rates = context_.rates.load(std::memory_order_acquire);
    if (rates == nullptr)
        return kNothingDue;
    drain(layout, now_ns);
    Waiting waiting;
    for (const auto& stream : layout.streams) {
        const Waiting there = stream->sender().waiting();
        waiting.bytes += there.bytes;
        if (there.since_ns != 0)
            waiting.since_ns = waiting.since_ns == 0 ? there.since_ns : std::min(waiting.since_ns, there.since_ns);
    }
    const std::int64_t next_ns = rates->tick(waiting, now_ns);
    if (waiting.bytes == 0)
        return next_ns;
    tick_asked_.store(true); // nobody need ask: we come when the next may leave
    // If the window is full instead, the next report opens it.
    const std::int64_t leaves_ns = rates->next_departure_ns();
    return std::min(next_ns, leaves_ns > now_ns ? leaves_ns : now_ns + 5 * kMillisecondNs);
}

/// RFC 8888: one report about all streams, as often as a twentieth of what arrives allows, from 50 to 200 ms.
std::int64_t Session::send_feedback(const Layout& layout, std::int64_t now_ns)
{
    constexpr std::int64_t kSoonestNs = 50 * kMillisecondNs;
    constexpr std::int64_t kLatestNs = 200 * kMillisecondNs;
    const auto sender = std::find_if(layout.streams.begin(), layout.streams.end(), [](const auto& stream) {
        return stream->config().congestion_feedback && !stream->ended();
    });
    if (sender == layout.streams.end())
        return kNothingDue;
    if (now_ns < next_feedback_ns_)
        return next_feedback_ns_;
    RtcpWriter writer;
    (*sender)->begin_feedback(writer);
    CongestionFeedbackWriter feedback(writer.feedback_room(), (*sender)->config().ssrc);
    std::uint64_t bytes = 0;
    for (const auto& stream : layout.streams) {
        bytes += stream->receiver().bytes_arrived();
        if (!stream->ended())
            stream->receiver().report_arrivals(feedback, now_ns);
    }
    next_feedback_ns_ = now_ns + kLatestNs;
    if (feedback.empty())
        return next_feedback_ns_;
    writer.feedback_taken(feedback.finish(NtpClock::middle(context_.clock.at(now_ns))));
    (*sender)->sender().send_rtcp(writer);
    const std::uint64_t arrived = bytes - std::exchange(bytes_reported_, bytes);
    const std::int64_t passed_ns = now_ns - std::exchange(last_feedback_ns_, now_ns);
    const double share =
        20.0 * static_cast<double>(writer.size() + 48) / static_cast<double>(std::max<std::uint64_t>(arrived, 1));
    const double interval_ns = std::min(share, 100.0) * static_cast<double>(std::min(passed_ns, kSecondNs));
    next_feedback_ns_ = now_ns + std::clamp(static_cast<std::int64_t>(interval_ns), kSoonestNs, kLatestNs);
    return next_feedback_ns_;
}

} // namespace jackfield::rtp
