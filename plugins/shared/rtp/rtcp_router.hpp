// What an opened compound of RTCP says, carried to the streams it concerns. Only for session.cpp.
//
// Threads: on the thread of a path, for one compound. Lifetime: on its stack.
#pragma once

#include "session.hpp"

namespace jackfield::rtp {

/// Carries what one compound says to the streams it concerns: a peer may report on all its streams under one SSRC.
class Session::RtcpRouter final : public RtcpHandler {
public:
    /// opener: the stream whose key opened the compound. What came in clear never touches an encrypted stream.
    RtcpRouter(Session& session, const Layout& layout, Stream& opener, std::uint32_t sender, std::int64_t arrival_ns)
        : session_(session), layout_(layout), opener_(opener), sender_(sender), arrival_ns_(arrival_ns)
    {}

    void sender_report(std::uint32_t from, const SenderInfo& info) override
    {
        Stream& stream = by_source(from);
        if (stream.receiver().sender_report(from, info, arrival_ns_))
            stream.answer_first_report(session_.host_.now_ns());
    }
    void report_block(std::uint32_t, const ReportBlock& block) override
    {
        Stream* stream = by_own_ssrc(block.ssrc);
        if (stream == nullptr)
            return;
        stream->receiver().remote_report(block, arrival_ns_);
        for (const auto& other : layout_.streams) // one that sends nothing cannot measure it
            other->receiver().hear_round_trip(stream->receiver().round_trip_ns());
        if (RateControl* const rates = session_.context_.rates.load(std::memory_order_acquire))
            rates->loss_reported(number_of(*stream), block.fraction_lost, stream->receiver().round_trip_ns(),
                                 arrival_ns_);
        session_.listener_.loss_reported(number_of(*stream), (block.fraction_lost * 100U + 255U) / 256U);
    }
    void picture_loss(std::uint32_t media_ssrc) override
    {
        if (Stream* stream = by_own_ssrc(media_ssrc))
            ask_for_key_frame(*stream);
    }
    void full_intra_request(std::uint32_t media_ssrc, std::uint8_t request_number) override
    {
        Stream* stream = by_own_ssrc(media_ssrc);
        if (stream != nullptr && stream->receiver().full_intra_request(request_number))
            ask_for_key_frame(*stream);
    }
    void goodbye(std::uint32_t ssrc) override
    {
        Stream& stream = by_source(ssrc);
        const auto source = stream.receiver().source(); // a peer that sends no media has none
        if (source ? *source == ssrc : sender_ == ssrc)
            stream.receiver().goodbye();
    }

    void missing(std::uint32_t media_ssrc, std::uint16_t sequence) override
    {
        if (Stream* stream = by_own_ssrc(media_ssrc)) {
            stream->sender().want_repair(sequence, session_.host_.now_ns());
            drain_ = true;
        }
    }
    void metric(const PacketMetric& metric) override
    {
        if (metric.ssrc != metric_ssrc_ || metric_stream_ == nullptr) {
            metric_ssrc_ = metric.ssrc;
            metric_stream_ = by_own_ssrc(metric.ssrc);
            metric_repair_ = metric_stream_ == nullptr;
            if (metric_repair_)
                metric_stream_ = by_repair_ssrc(metric.ssrc);
        }
        RateControl* const rates = session_.context_.rates.load(std::memory_order_acquire);
        if (metric_stream_ != nullptr && rates != nullptr)
            rates->metric(number_of(*metric_stream_), metric_repair_, metric);
    }
    void metrics_end() override
    {
        if (RateControl* const rates = session_.context_.rates.load(std::memory_order_acquire)) {
            rates->metrics_end(session_.host_.now_ns());
            drain_ = true; // the window may be open again
        }
    }

    /// After the whole compound.
    void finish() const
    {
        if (drain_)
            session_.drain(layout_, session_.host_.now_ns());
    }

private:
    bool within_reach(Stream& stream) const { return opener_.receiver().encrypted() || !stream.receiver().encrypted(); }

    Stream& by_source(std::uint32_t ssrc)
    {
        for (const auto& stream : layout_.streams) {
            if (within_reach(*stream) && stream->receiver().source() == ssrc)
                return *stream;
        }
        return opener_;
    }
    Stream* by_own_ssrc(std::uint32_t ssrc)
    {
        for (const auto& stream : layout_.streams) {
            if (stream.get() == &opener_ || within_reach(*stream)) {
                if (stream->config().ssrc == ssrc)
                    return stream.get();
            }
        }
        return nullptr;
    }
    Stream* by_repair_ssrc(std::uint32_t ssrc)
    {
        for (const auto& stream : layout_.streams) {
            const auto& repair = stream->config().repair;
            if (repair && repair->ssrc == ssrc && (stream.get() == &opener_ || within_reach(*stream)))
                return stream.get();
        }
        return nullptr;
    }
    void ask_for_key_frame(Stream& stream)
    {
        stream.receiver().key_frame_requested();
        session_.listener_.key_frame_requested(number_of(stream));
    }
    std::uint32_t number_of(const Stream& stream) const { return layout_.number_of(stream); }

    Session& session_;
    const Layout& layout_;
    Stream& opener_;
    std::uint32_t sender_;
    std::int64_t arrival_ns_;
    bool drain_ = false;
    std::uint32_t metric_ssrc_ = 0;
    Stream* metric_stream_ = nullptr;
    bool metric_repair_ = false;
};

} // namespace jackfield::rtp
