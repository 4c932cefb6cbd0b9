// Everything a stranger's packet reaches in an RTP transport: the parsers alone, and a whole session without
// encryption, fed packet after packet while time passes.
//
// Threads: one. Lifetime: one session per input.
// links: shared_rtp jackfield_sdk_testing
// quick: 400
#include "fuzz.hpp"

#include <jackfield/testing/fake_host.hpp>

#include <shared/rtp/options.hpp>
#include <shared/rtp/rtcp_packet.hpp>
#include <shared/rtp/rtp_packet.hpp>
#include <shared/rtp/session.hpp>

#include <cstdlib>

namespace {

using namespace jackfield;
using namespace jackfield::rtp;

/// Reads all it is told, so that a sanitizer sees every byte that is used.
struct Sum final : RtcpHandler {
    void sender_report(std::uint32_t from, const SenderInfo& info) override
    {
        value += from + info.ntp + info.rtp_timestamp + info.packets + info.payload_bytes;
    }
    void report_block(std::uint32_t from, const ReportBlock& block) override
    {
        value += from + block.ssrc + block.fraction_lost + static_cast<std::uint32_t>(block.lost) +
                 block.highest_sequence + block.jitter + block.last_sr + block.delay_since_last_sr;
    }
    void picture_loss(std::uint32_t media_ssrc) override { value += media_ssrc; }
    void full_intra_request(std::uint32_t media_ssrc, std::uint8_t number) override { value += media_ssrc + number; }
    void goodbye(std::uint32_t ssrc) override { value += ssrc; }
    void missing(std::uint32_t media_ssrc, std::uint16_t sequence) override { value += media_ssrc + sequence; }
    void metric(const PacketMetric& metric) override
    {
        value += metric.ssrc + metric.sequence + metric.offset + metric.ecn + metric.time + (metric.received ? 1 : 0);
    }
    void metrics_end() override { ++value; }

    std::uint64_t value = 0;
};

void demand(bool promise)
{
    if (!promise)
        std::abort();
}

void parse(ByteView packet)
{
    if (const auto header = parse_rtp_header(packet)) {
        demand(header->size_bytes <= packet.size());
        if (const auto payload = rtp_payload(packet, *header))
            demand(payload->size() + header->size_bytes <= packet.size());
    }
    Sum sum;
    demand(parse_rtcp(packet, sum) == valid_rtcp(packet));
}

/// Where the session listens; what it sends goes nowhere.
class Mouth final : public PathBase {
public:
    jf_path_info describe() const noexcept override { return {sizeof(jf_path_info), JF_DATAGRAM, 1400, 0, 0, 0}; }
    void open(jf_path_receiver receiver) override { receiver_ = receiver; }
    Status send(std::span<const jf_bytes>) noexcept override { return JF_OK; }
    void close() noexcept override {}

    void speak(ByteView bytes, std::int64_t now_ns)
    {
        const jf_packet packet = make_packet(bytes, now_ns);
        receiver_.methods->received(receiver_.self, &packet);
    }

private:
    jf_path_receiver receiver_{nullptr, nullptr};
};

SessionConfig two_streams()
{
    SessionConfig config;
    for (std::uint32_t i = 0; i < 2; ++i) {
        StreamConfig stream;
        stream.video = i == 1;
        stream.payload_type = static_cast<std::uint8_t>(96 + i);
        stream.receive_payload_types.set(stream.payload_type);
        stream.clock_rate_hz = i == 0 ? 48'000 : 90'000;
        stream.ssrc = 1 + i;
        stream.picture_loss = true;
        stream.congestion_feedback = true;
        stream.generic_nack = i == 1;
        stream.rates = {10'000, 500'000, 100'000};
        if (i == 1)
            stream.repair = StreamConfig::Repair{100, 3, 0x77 + 100};
        config.streams.push_back(stream);
    }
    return config;
}

/// A controller that holds what it is told to what the boundary promises.
constexpr jf_rate_controller_methods kHonest{
    sizeof(jf_rate_controller_methods),
    0,
    [](void*, const jf_rate_stream*, std::size_t, std::int64_t) {},
    [](void*, const jf_sent_packet*) {},
    [](void*, const jf_rate_feedback* feedback) {
        for (std::uint64_t i = 1; i < feedback->report_count; ++i)
            demand(feedback->reports[i].number > feedback->reports[i - 1].number);
    },
    [](void*, std::uint32_t, std::uint32_t, std::int64_t, std::int64_t) {},
    [](void*, const jf_rate_moment* moment) { return moment->now_ns + 10'000'000; },
    [](void*, jf_rate_targets* targets) {
        std::fill_n(targets->stream_bps, targets->stream_count, 100'000U);
        targets->pacing_bps = 1'000'000;
        targets->window_bytes = 5000;
    },
    [](void*) {},
    nullptr};

/// The input as packets: one byte of length, one of milliseconds to wait, the packet.
void run_session(ByteView input)
{
    static constexpr jf_media_listener_methods deaf{sizeof(jf_media_listener_methods),
                                                    0,
                                                    [](void*, std::uint32_t) {},
                                                    [](void*, std::uint32_t) {},
                                                    [](void*, jf_status, const jf_error*) {},
                                                    [](void*, std::uint32_t, std::uint32_t) {},
                                                    nullptr,
                                                    nullptr};
    testing::FakeHost host(testing::Clock::manual);
    Mouth mouth;
    Session session(host.host(), read_rtp_options("{}"), ConfigReader(), two_streams(), {Path(mouth.handle())},
                    MediaListener({&deaf, nullptr}));
    session.control_rate({&kHonest, nullptr});
    while (input.size() >= 2) {
        const std::size_t size = std::min<std::size_t>(input[0], input.size() - 2);
        host.advance(std::chrono::milliseconds(input[1]));
        mouth.speak(input.subspan(2, size), host.now_ns());
        input = input.subspan(2 + size);
        session.tick(host.now_ns());
        const Bytes picture(200, 5);
        jf_payload sent{};
        sent.struct_size = sizeof(sent);
        sent.bytes = to_bytes(picture);
        sent.time_ns = host.now_ns();
        session.send(1, sent);
        for (std::uint32_t stream = 0; stream < 2; ++stream) {
            jf_payload payload{};
            std::int64_t due_ns = 0;
            while (session.take(stream, host.now_ns(), payload, due_ns) == JF_OK)
                demand(payload.bytes.size > 0 && payload.bytes.size <= kMaxPayloadBytes);
            demand(due_ns > host.now_ns());
        }
    }
    demand(!session.statistics().empty());
}

Bytes media_packet(std::uint8_t payload_type, std::uint16_t sequence, std::size_t size)
{
    Bytes packet(kRtpHeaderBytes + size, 7);
    write_rtp_header(packet, {sequence, sequence * 960U, 0x77U + payload_type, payload_type, true, false});
    return packet;
}

Bytes rtcp()
{
    RtcpWriter writer;
    const ReportBlock block{1, 2, 3, 4, 5, 6, 7};
    writer.sender_report(0xd7, {1, 2, 3, 4}, &block);
    writer.canonical_name(0xd7, "name");
    writer.picture_loss(0xd7, 2);
    writer.full_intra_request(0xd7, 2, 1);
    const std::uint16_t sequences[] = {1, 3, 40};
    writer.missing(0xd7, 2, sequences);
    CongestionFeedbackWriter feedback(writer.feedback_room().first(64), 0xd7);
    feedback.begin_block(2, 0, 3);
    feedback.metric(true, 1, 20);
    feedback.metric(false, 0, 0);
    feedback.metric(true, 0, 10);
    writer.feedback_taken(feedback.finish(0x1234));
    writer.goodbye(0xd7);
    return Bytes(writer.buffer().begin(), writer.buffer().begin() + static_cast<std::ptrdiff_t>(writer.size()));
}

} // namespace

namespace jackfield::fuzz {

std::vector<std::vector<std::uint8_t>> seeds()
{
    Bytes call;
    for (std::uint16_t i = 0; i < 40; ++i) {
        const Bytes packet = i % 10 == 9 ? rtcp() : media_packet(static_cast<std::uint8_t>(96 + i % 2), i / 2, 60);
        call.push_back(static_cast<std::uint8_t>(packet.size()));
        call.push_back(10);
        call.insert(call.end(), packet.begin(), packet.end());
    }
    return {media_packet(96, 1, 20), rtcp(), call};
}

} // namespace jackfield::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    parse({data, size});
    run_session({data, size});
    return 0;
}
