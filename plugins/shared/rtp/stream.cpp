// When RTCP is sent and what is in it (RFC 3550 section 6, RFC 4585, RFC 5104).
//
// Threads: see the header. Nothing here allocates after construction.
#include "stream.hpp"

namespace jackfield::rtp {

Stream::Stream(const StreamConfig& config, std::uint32_t number, const SessionContext& context,
               const std::vector<Path>& paths, std::uint64_t random, std::uint32_t random_for_reports,
               std::int64_t now_ns)
    : config_(config),
      context_(context),
      receiver_(config_, context.options, context.clock, context.sync),
      sender_(config_, number, context, paths[config.rtp_path], paths[config.rtcp_path], random),
      random_(random_for_reports),
      // Sooner than the half interval of RFC 3550 section 6.2: there are two of us, and until both have reported
      // nobody knows the round trip. With the usual interval of 2.5 s this is 100 to 500 ms.
      next_report_ns_(now_ns + draw(0.04, 0.2)),
      ended_(config.ended),
      last_key_frame_request_ns_(now_ns - context.options.key_frame_interval_ns)
{}

void Stream::turn(const StreamConfig& now, std::int64_t now_ns)
{
    sender_.turn(now.sends && !now.ended);
    receiver_.turn(now.receives && !now.ended);
    if (!ended_.exchange(now.ended, std::memory_order_relaxed) && now.ended)
        say_goodbye(now_ns);
}

std::int64_t Stream::tick(std::int64_t now_ns) noexcept
{
    if (ended())
        return kNothingDue;
    if (now_ns >= next_report_ns_) {
        RtcpWriter writer;
        compose_report(writer, now_ns, true);
        sender_.send_rtcp(writer);                 // a report that the path does not take is made up for by the next
        next_report_ns_ = now_ns + draw(0.5, 1.5); // RFC 3550 section 6.3.1
    }
    send_pending_key_frame_request(now_ns);
    send_repair_requests(now_ns);
    if (!key_frame_wanted_.load(std::memory_order_relaxed))
        return next_report_ns_;
    const std::int64_t allowed_ns =
        last_key_frame_request_ns_.load(std::memory_order_relaxed) + context_.options.key_frame_interval_ns;
    return std::min(next_report_ns_, std::max(allowed_ns, now_ns + kMillisecondNs));
}

/// A time span between two parts of the configured interval.
std::int64_t Stream::draw(double least, double most)
{
    const double part = std::uniform_real_distribution<double>(least, most)(random_);
    return static_cast<std::int64_t>(part * static_cast<double>(context_.options.rtcp_interval_ns));
}

/// RFC 3550 section 6.1: a report first, then the name.
void Stream::compose_report(RtcpWriter& writer, std::int64_t now_ns, bool regular)
{
    const auto block = receiver_.report(now_ns);
    const auto info = sender_.report(now_ns, context_.clock, regular);
    const ReportBlock* about_peer = block ? &*block : nullptr;
    if (info)
        writer.sender_report(config_.ssrc, *info, about_peer);
    else
        writer.receiver_report(config_.ssrc, about_peer);
    writer.canonical_name(config_.ssrc, context_.cname);
}

void Stream::answer_first_report(std::int64_t now_ns) noexcept
{
    RtcpWriter writer;
    compose_report(writer, now_ns, false);
    sender_.send_rtcp(writer);
}

void Stream::request_key_frame(std::int64_t now_ns) noexcept
{
    if (!config_.video || (!config_.picture_loss && !config_.full_intra_request))
        return;
    key_frame_wanted_.store(true, std::memory_order_relaxed);
    send_pending_key_frame_request(now_ns);
}

/// RFC 4585 section 3.5: feedback may be early, but not unlimited. Among two there is nobody to wait for, so the limit
/// is a plain distance in time; a request that comes too soon stays wanted and goes out with a later take or tick.
void Stream::send_pending_key_frame_request(std::int64_t now_ns) noexcept
{
    if (!key_frame_wanted_.load(std::memory_order_relaxed))
        return;
    const auto source = receiver_.source();
    std::int64_t last_ns = last_key_frame_request_ns_.load(std::memory_order_relaxed);
    if (!source || now_ns - last_ns < context_.options.key_frame_interval_ns ||
        !last_key_frame_request_ns_.compare_exchange_strong(last_ns, now_ns, std::memory_order_relaxed))
        return;
    key_frame_wanted_.store(false, std::memory_order_relaxed);
    RtcpWriter writer;
    compose_report(writer, now_ns, false);
    if (config_.picture_loss)
        writer.picture_loss(config_.ssrc, *source);
    else
        writer.full_intra_request(config_.ssrc, *source, fir_number_.fetch_add(1, std::memory_order_relaxed));
    if (sender_.send_rtcp(writer) == JF_OK)
        key_frames_requested_.fetch_add(1, std::memory_order_relaxed);
    else
        key_frame_wanted_.store(true, std::memory_order_relaxed);
}

void Stream::begin_feedback(RtcpWriter& writer)
{
    writer.receiver_report(config_.ssrc, nullptr);
    writer.canonical_name(config_.ssrc, context_.cname);
}

void Stream::send_repair_requests(std::int64_t now_ns) noexcept
{
    if (now_ns < receiver_.next_repair_request_ns())
        return;
    Receiver::Requests sequences;
    const std::size_t count = receiver_.repair_requests(sequences, now_ns);
    const auto source = receiver_.source();
    if (count == 0 || !source)
        return;
    RtcpWriter writer;
    begin_feedback(writer);
    writer.missing(config_.ssrc, *source, std::span(sequences).first(count));
    sender_.send_rtcp(writer);
}

void Stream::say_goodbye(std::int64_t now_ns) noexcept
{
    if (sender_.silent_so_far()) // RFC 3550 section 6.3.7: who never spoke does not take leave
        return;
    RtcpWriter writer;
    compose_report(writer, now_ns, false);
    writer.goodbye(config_.ssrc);
    sender_.send_rtcp(writer);
}

} // namespace jackfield::rtp
