// A session's side of congestion control (RFC 8888, RFC 8083).
//
// Threads: see the header.
#include "rate_control.hpp"

#include "wire.hpp"

#include <cmath>

namespace jackfield::rtp {

namespace {

constexpr std::int64_t kLeastTickNs = kMillisecondNs;

} // namespace

RateControl::RateControl(jf_rate_controller controller, MediaListener listener)
    : controller_(controller), listener_(listener)
{}

void RateControl::set_streams(const std::vector<StreamConfig>& streams, std::int64_t now_ns)
{
    Told told{};
    {
        const std::lock_guard lock(mutex_);
        stream_count_ = std::min<std::size_t>(streams.size(), streams_.size());
        for (std::size_t i = 0; i < stream_count_; ++i) {
            streams_[i].rates = streams[i].rates;
            streams_[i].video = streams[i].video;
            streams_[i].sends = streams[i].sends && !streams[i].ended && streams[i].rates.max_bps > 0;
            streams_[i].told_bps = 0;
        }
        describe_streams(now_ns);
        next_tick_ns_ = now_ns;
        told = ask();
    }
    tell(told);
}

/// Of what goes over the wire; at first a guess: sound has small packets.
double RateControl::payload_share(const Stream& stream) const
{
    const double guess = stream.video ? 0.93 : 0.6;
    constexpr double kGuessBytes = 2000;
    return (stream.payload_bytes + guess * kGuessBytes) / (stream.wire_bytes + kGuessBytes);
}

/// Bounds of payloads are those of encoders, bounds of the controller are on the wire.
void RateControl::describe_streams(std::int64_t now_ns)
{
    std::array<jf_rate_stream, JF_RATE_STREAMS_MAX> list{};
    for (std::size_t i = 0; i < stream_count_; ++i) {
        const Stream& stream = streams_[i];
        list[i].struct_size = sizeof(jf_rate_stream);
        list[i].kind = stream.video ? JF_VIDEO : JF_AUDIO;
        if (!stream.sends)
            continue;
        const auto on_wire = [&](std::uint32_t bps) {
            return static_cast<std::uint32_t>(std::min(bps / payload_share(stream), 4e9));
        };
        list[i].min_bps = on_wire(stream.rates.min_bps);
        list[i].max_bps = on_wire(stream.rates.max_bps);
        list[i].start_bps = on_wire(stream.rates.start_bps);
    }
    controller_.methods->set_streams(controller_.self, list.data(), stream_count_, now_ns);
    described_ns_ = now_ns;
}

/// What an encoder is told when it is two hundredths off what it was told before.
RateControl::Told RateControl::ask()
{
    std::array<std::uint32_t, JF_RATE_STREAMS_MAX> bps{};
    jf_rate_targets targets{sizeof(targets), static_cast<std::uint32_t>(stream_count_), bps.data(), 0, 0};
    controller_.methods->targets(controller_.self, &targets);
    pacing_.set_rate(targets.pacing_bps);
    now_.pacing_bps = targets.pacing_bps;
    now_.window_bytes = targets.window_bytes;
    Told told{};
    for (std::size_t i = 0; i < stream_count_; ++i) {
        Stream& stream = streams_[i];
        if (!stream.sends) {
            stream.target_bps = 0;
            continue;
        }
        const auto payloads = static_cast<std::uint32_t>(bps[i] * payload_share(stream));
        stream.target_bps = std::clamp(payloads, stream.rates.min_bps, stream.rates.max_bps);
        const double off = std::abs(static_cast<double>(stream.target_bps) - stream.told_bps);
        if (off > 0.02 * stream.told_bps || (off > 0 && stream.target_bps == stream.rates.max_bps))
            told[i] = stream.told_bps = stream.target_bps;
    }
    return told;
}

void RateControl::tell(const Told& told) const
{
    for (std::uint32_t i = 0; i < told.size(); ++i) {
        if (told[i] != 0)
            listener_.target_rate(i, told[i]);
    }
}

bool RateControl::may_leave(std::uint32_t wire_bytes, std::int64_t now_ns) const
{
    const std::lock_guard lock(mutex_);
    return pacing_.may_send(now_ns) &&
           (now_.window_bytes == 0 || log_.in_flight_bytes() + wire_bytes <= now_.window_bytes ||
            log_.in_flight_bytes() == 0);
}

void RateControl::left(const Departure& departure, std::int64_t now_ns)
{
    const std::lock_guard lock(mutex_);
    if (departure.stream >= stream_count_)
        return;
    Stream& stream = streams_[departure.stream];
    stream.payload_bytes += departure.payload_bytes;
    stream.wire_bytes += departure.wire_bytes;
    pacing_.sent(departure.wire_bytes, now_ns);
    const std::size_t flow = 2 * departure.stream + (departure.repair ? 1 : 0);
    const std::uint64_t number = log_.sent(flow, departure.sequence, departure.wire_bytes, now_ns);
    const jf_sent_packet packet{sizeof(packet), departure.stream, number, now_ns, departure.wire_bytes, 0};
    controller_.methods->sent(controller_.self, &packet);
}

/// The time of a report has 16 bits of seconds; it goes round every 18 hours.
std::int64_t RateControl::peer_time_ns(std::uint32_t time)
{
    peer_units_ = any_time_ ? peer_units_ + static_cast<std::int32_t>(time - last_time_) : std::int64_t{time};
    any_time_ = true;
    last_time_ = time;
    return to_ns(peer_units_, 65536);
}

void RateControl::metric(std::uint32_t stream, bool repair, const PacketMetric& metric)
{
    const std::lock_guard lock(mutex_);
    const bool timed = metric.offset != kOffsetUnknown;
    const std::int64_t held_ns = timed ? to_ns(metric.offset, 1024) : 0;
    log_.reported(2 * std::size_t{stream} + (repair ? 1 : 0), metric.sequence, metric.received, metric.ecn,
                  peer_time_ns(metric.time) - held_ns, held_ns);
}

void RateControl::metrics_end(std::int64_t now_ns)
{
    Told told{};
    {
        const std::lock_guard lock(mutex_);
        const auto settled = log_.settle(now_ns);
        const jf_rate_feedback feedback{sizeof(feedback),     log_.in_flight_bytes(), now_ns,
                                        log_.round_trip_ns(), settled.data(),         settled.size()};
        controller_.methods->feedback(controller_.self, &feedback);
        now_.reports += settled.size();
        for (const jf_packet_report& report : settled)
            now_.lost += report.received == 0 ? 1 : 0;
        told = ask();
    }
    tell(told);
}

void RateControl::loss_reported(std::uint32_t stream, std::uint8_t fraction_lost, std::int64_t round_trip_ns,
                                std::int64_t now_ns)
{
    Told told{};
    {
        const std::lock_guard lock(mutex_);
        controller_.methods->reported(controller_.self, stream, fraction_lost, round_trip_ns, now_ns);
        told = ask();
    }
    tell(told);
}

std::int64_t RateControl::tick(const Waiting& waiting, std::int64_t now_ns)
{
    Told told{};
    std::int64_t next_ns = 0;
    {
        const std::lock_guard lock(mutex_);
        if (now_ns < next_tick_ns_)
            return next_tick_ns_;
        if (now_ns - described_ns_ >= kSecondNs) {
            for (Stream& stream : streams_) {
                stream.payload_bytes /= 2;
                stream.wire_bytes /= 2;
            }
            describe_streams(now_ns);
        }
        log_.give_up(now_ns);
        const jf_rate_moment moment{sizeof(moment), log_.in_flight_bytes(), waiting.bytes, 0, now_ns, waiting.since_ns};
        next_tick_ns_ = std::max(controller_.methods->tick(controller_.self, &moment), now_ns + kLeastTickNs);
        next_tick_ns_ = std::min(next_tick_ns_, now_ns + kSecondNs);
        next_ns = next_tick_ns_;
        told = ask();
    }
    tell(told);
    return next_ns;
}

std::int64_t RateControl::next_departure_ns() const
{
    const std::lock_guard lock(mutex_);
    return pacing_.next_ns();
}

std::uint32_t RateControl::target_bps(std::uint32_t stream) const
{
    const std::lock_guard lock(mutex_);
    return stream < stream_count_ ? streams_[stream].target_bps : 0;
}

RateControl::Now RateControl::now() const
{
    const std::lock_guard lock(mutex_);
    Now now = now_;
    now.in_flight_bytes = log_.in_flight_bytes();
    if (JF_HAS(controller_.methods, statistics))
        controller_.methods->statistics(controller_.self, append_to(now.controller));
    return now;
}

} // namespace jackfield::rtp
