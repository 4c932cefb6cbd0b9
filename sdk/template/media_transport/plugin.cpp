// @ID@: a media transport. RTP and RTCP (RFC 3550) over the paths of a call, not encrypted.
//
// States:   open -> send, take, tick, by the kernel's media threads, until the session is released. It has no thread.
// Threads:  create and open on control. Packets come on the threads of their paths, while others send and take: each
//           direction of a stream has a short lock. [media] methods neither allocate nor wait: all memory is made in
//           open. The listener is called without a lock.
// Errors:   a full path drops a payload, and says so; what a stranger sends is dropped, and counted.
// Lifetime: the kernel's media threads have stopped before release; paths outlive the session.
#include <jackfield/media_transport.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

#include <array>
#include <bitset>
#include <deque>

namespace {

using jackfield::ByteView;
using jackfield::Failure;
using jackfield::Status;
using nlohmann::json;

constexpr std::size_t kRtpHead = 12;
constexpr std::size_t kLargestPacket = 1500;
constexpr std::uint32_t kSlots = 512;            // packets of a stream that may wait
constexpr int kStrangeInARow = 20;               // then the peer has begun anew
constexpr std::int64_t kLead = 10'000'000;       // to decode takes time
constexpr std::int64_t kReports = 1'000'000'000; // on average between two
constexpr std::int64_t kKeyFrames = 500'000'000; // at least between two requests

enum : std::uint8_t { kSenderReport = 200, kReceiverReport, kSources, kGoodbye, kPayloadFeedback = 206 };
constexpr std::uint8_t kPictureLoss = 1; // RFC 4585 section 6.3.1

/// A compound RTCP packet, as it grows. Its memory is on the stack: [media] allocates nothing.
class Report {
public:
    void put(std::uint32_t value, int bytes = 4)
    {
        for (int shift = 8 * (bytes - 1); shift >= 0 && size_ < bytes_.size(); shift -= 8)
            bytes_[size_++] = static_cast<std::uint8_t>(value >> shift);
    }
    void head(std::uint32_t count, std::uint32_t type, std::size_t words) // RFC 3550 section 6.4.1
    {
        put(0x80U | count, 1);
        put(type, 1);
        put(static_cast<std::uint32_t>(words), 2);
    }
    ByteView view() const { return ByteView(bytes_).first(size_); }

private:
    std::array<std::uint8_t, 512> bytes_{};
    std::size_t size_ = 0;
};

std::uint32_t take16(const std::uint8_t* at)
{
    return std::uint32_t{at[0]} << 8 | at[1];
}
std::uint32_t take32(const std::uint8_t* at)
{
    return take16(at) << 16 | take16(at + 2);
}

/// One m-line of the call: media-session.schema.json says what the kernel writes.
struct Stream {
    Stream(const json& config, jackfield::Host host, std::size_t paths)
        : video(config.at("kind") == "video"),
          payload_type(config.at("payload_type").get<std::uint8_t>() & 127),
          event_type(config.value("event_payload_type", payload_type) & 127),
          clock_rate_hz(std::max(config.at("clock_rate_hz").get<std::uint32_t>(), 1U)),
          ssrc(config.at("ssrc").get<std::uint32_t>()),
          rtp_path(config.at("rtp_path").get<std::size_t>()),
          rtcp_path(config.at("rtcp_path").get<std::size_t>()),
          sequence(static_cast<std::uint16_t>(host.random_number())),
          timestamp_offset(static_cast<std::uint32_t>(host.random_number()))
    {
        if (rtp_path >= paths || rtcp_path >= paths)
            throw Failure(JF_BAD_INPUT, "a stream of a path that is not there");
        const std::string direction = config.value("direction", "sendrecv");
        sends = direction.starts_with("send");
        receives = direction == "sendrecv" || direction == "recvonly";
        for (const auto& type : config.value("receive_payload_types", json::array({payload_type})))
            taken_types.set(type.get<std::uint8_t>() & 127);
        taken_types.set(event_type);
        if (config.contains("remote_ssrc"))
            remote_ssrc = config["remote_ssrc"].get<std::uint32_t>();
        bitrate = config.value("bitrate", json::object());
    }

    const bool video;
    const std::uint8_t payload_type;
    const std::uint8_t event_type; // telephone events (RFC 4733)
    const std::uint32_t clock_rate_hz;
    const std::uint32_t ssrc;
    const std::size_t rtp_path;
    const std::size_t rtcp_path;
    bool sends = true;
    bool receives = true;
    std::bitset<128> taken_types;
    json bitrate;

    std::mutex out; // over these:
    std::uint16_t sequence;
    const std::uint32_t timestamp_offset;
    std::uint32_t last_timestamp = 0;
    std::int64_t last_sent_ns = 0;
    std::uint32_t packets_sent = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t packets_dropped = 0;
    std::uint64_t key_frames_asked = 0; // by the peer
    std::uint32_t target_bps = 0;

    std::mutex in; // over these:
    struct Slot {
        bool full = false;
        std::uint8_t type = 0;
        bool marker = false;
        std::uint32_t timestamp = 0;
        std::size_t size = 0;
        std::unique_ptr<std::array<std::uint8_t, kLargestPacket>> bytes =
            std::make_unique<std::array<std::uint8_t, kLargestPacket>>();
    };
    std::optional<std::uint32_t> remote_ssrc; // announced, or that of the first packet
    std::vector<Slot> slots = std::vector<Slot>(kSlots);
    Slot taken; // what the kernel has now
    bool began = false;
    bool over = false;          // the peer said goodbye
    std::uint32_t next = 0;     // extended sequence number (RFC 3550 section A.1) of what is to be taken
    std::uint32_t highest = 0;  // that has come
    std::uint32_t first = 0;    // that has come
    std::uint32_t reported = 0; // highest, when we reported last
    std::uint64_t reported_packets = 0;
    int strange = 0;              // in a row
    std::uint32_t timeline = 0;   // this timestamp is to be played
    std::int64_t timeline_ns = 0; // at this time
    std::int64_t transit_ns = 0;
    double jitter_ns = 0;
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    std::uint64_t lost = 0;
    std::uint64_t late = 0;
    std::uint64_t refused = 0;
    std::uint64_t key_frames_requested = 0;
    std::int64_t key_frame_after_ns = 0;
};

class Session final : public jackfield::MediaSession {
public:
    Session(jackfield::Host host, const json& config, std::vector<jackfield::Path> paths, std::int64_t delay_ns,
            jackfield::MediaListener listener)
        : host_(host), paths_(std::move(paths)), delay_ns_(delay_ns), listener_(listener)
    {
        for (const auto& stream : config.at("streams"))
            streams_.emplace_back(stream, host, paths_.size());
        cname_ = config.value("cname", std::to_string(host.random_number())).substr(0, 255);
        for (const auto& path : paths_)
            overheads_.push_back(path.describe().overhead_bytes);
        try {
            for (std::size_t i = 0; i < paths_.size(); ++i)
                paths_[i].open(ears_.emplace_back(*this, i)); // what has come already comes now
        } catch (...) {
            for (const auto& path : paths_)
                path.close(); // those that are open would go on calling us
            throw;
        }
    }

    ~Session() override
    {
        scope_.end();
        for (Stream& stream : streams_) {
            Report packet = report(stream, host_.now_ns());
            packet.head(1, kGoodbye, 1); // RFC 3550 section 6.6
            packet.put(stream.ssrc);
            static_cast<void>(paths_[stream.rtcp_path].send(packet.view()));
        }
        for (const auto& path : paths_)
            path.close(); // no call of ours is under way any more
    }

    // --- out --------------------------------------------------------------------------------------------------------

    /// SRTP (RFC 3711) would encrypt the payload and put a tag behind it here, with the stream's "send_key".
    Status send(std::uint32_t number, const jf_payload& payload) noexcept override
    {
        if (number >= streams_.size())
            return JF_BAD_INPUT;
        Stream& stream = streams_[number];
        const std::lock_guard lock(stream.out);
        const bool event = stream.event_type != stream.payload_type && payload.payload_type == stream.event_type;
        const std::uint32_t timestamp = payload.rtp_timestamp + stream.timestamp_offset;
        std::array<std::uint8_t, kRtpHead> head{0x80, event ? stream.event_type : stream.payload_type};
        head[1] = static_cast<std::uint8_t>(head[1] | (payload.marker != 0 ? 0x80 : 0));
        for (int i = 0; i < 4; ++i) {
            head[static_cast<std::size_t>(4 + i)] = static_cast<std::uint8_t>(timestamp >> (24 - 8 * i));
            head[static_cast<std::size_t>(8 + i)] = static_cast<std::uint8_t>(stream.ssrc >> (24 - 8 * i));
        }
        head[2] = static_cast<std::uint8_t>(stream.sequence >> 8);
        head[3] = static_cast<std::uint8_t>(stream.sequence & 0xff);
        const jf_bytes parts[] = {jackfield::to_bytes(head), payload.bytes};
        const Status status = paths_[stream.rtp_path].send(parts);
        if (status == JF_BAD_INPUT)
            return status; // larger than any packet
        ++stream.sequence; // one that did not go is missing at the peer, who shall know it
        if (status != JF_OK) {
            ++stream.packets_dropped;
            return status;
        }
        ++stream.packets_sent;
        stream.bytes_sent += payload.bytes.size;
        stream.last_timestamp = timestamp;
        stream.last_sent_ns = host_.now_ns();
        left(number, stream, kRtpHead + payload.bytes.size);
        return JF_OK;
    }

    /// Reports that are due, and what a controller wants. Answers when to be called again.
    std::int64_t tick(std::int64_t now_ns) noexcept override
    {
        if (now_ns >= next_report_ns_) {
            for (Stream& stream : streams_)
                static_cast<void>(paths_[stream.rtcp_path].send(report(stream, now_ns).view()));
            // Half to one and a half times as long, so that ends do not fall into step (RFC 3550 section 6.2).
            next_report_ns_ = now_ns + kReports / 2 + static_cast<std::int64_t>(host_.random_number() % kReports);
        }
        return std::min(next_report_ns_, ask_controller(now_ns));
    }

    void request_key_frame(std::uint32_t number) noexcept override
    {
        if (number >= streams_.size() || !streams_[number].video)
            return;
        Stream& stream = streams_[number];
        const std::int64_t now_ns = host_.now_ns();
        std::optional<std::uint32_t> source;
        {
            const std::lock_guard lock(stream.in);
            if (!stream.remote_ssrc || now_ns < stream.key_frame_after_ns)
                return;
            stream.key_frame_after_ns = now_ns + kKeyFrames;
            ++stream.key_frames_requested;
            source = stream.remote_ssrc;
        }
        Report packet = report(stream, now_ns);
        packet.head(kPictureLoss, kPayloadFeedback, 2);
        packet.put(stream.ssrc);
        packet.put(*source);
        static_cast<void>(paths_[stream.rtcp_path].send(packet.view()));
    }

    // --- in, to the kernel
    // --------------------------------------------------------------------------------------------

    /// What is in turn, at once: the kernel decodes it ahead of its time. What is missing is waited for until that what
    /// came after it must be played.
    Status take(std::uint32_t number, std::int64_t now_ns, jf_payload& payload,
                std::int64_t& next_due_ns) noexcept override
    {
        next_due_ns = INT64_MAX;
        if (number >= streams_.size())
            return JF_BAD_INPUT;
        Stream& stream = streams_[number];
        const std::lock_guard lock(stream.in);
        std::uint32_t at = stream.next;
        while (stream.began && at != stream.highest + 1 && !stream.slots[at % kSlots].full)
            ++at;
        if (!stream.began || at == stream.highest + 1)
            return JF_WOULD_BLOCK; // `arrived` will say
        Stream::Slot& slot = stream.slots[at % kSlots];
        const std::int64_t play_ns = play_time(stream, slot.timestamp);
        if (at != stream.next && play_ns - kLead > now_ns) {
            next_due_ns = play_ns - kLead;
            return JF_WOULD_BLOCK;
        }
        std::swap(slot, stream.taken); // its bytes are the kernel's until it takes the next
        slot.full = false;
        const std::uint32_t missing = at - stream.next;
        stream.lost += missing;
        stream.next = at + 1;
        payload.rtp_timestamp = stream.taken.timestamp;
        payload.bytes = {stream.taken.bytes->data(), stream.taken.size};
        payload.marker = stream.taken.marker ? 1 : 0;
        payload.payload_type = stream.taken.type;
        payload.lost_before = static_cast<std::uint16_t>(missing);
        payload.time_ns = play_ns;
        return JF_OK;
    }

    /// Counters: media-statistics.schema.json. What cannot be measured here is left out.
    std::string statistics() override
    {
        json all = json::array();
        for (Stream& stream : streams_) {
            json each{{"kind", stream.video ? "video" : "audio"}};
            {
                const std::lock_guard lock(stream.out);
                each.update({{"packets_sent", stream.packets_sent},
                             {"bytes_sent", stream.bytes_sent},
                             {"packets_dropped", stream.packets_dropped},
                             {"key_frame_requests_received", stream.key_frames_asked}});
                if (stream.target_bps != 0)
                    each["target_bps"] = stream.target_bps;
            }
            const std::lock_guard lock(stream.in);
            each.update({{"packets_received", stream.packets},
                         {"bytes_received", stream.bytes},
                         {"packets_lost", stream.lost},
                         {"packets_late", stream.late},
                         {"packets_refused", stream.refused},
                         {"jitter_ms", stream.jitter_ns / 1e6},
                         {"jitter_buffer_ms", static_cast<double>(delay_ns_) / 1e6},
                         {"key_frames_requested", stream.key_frames_requested}});
            all.push_back(std::move(each));
        }
        return json{{"streams", all}}.dump();
    }

    // --- how fast ---------------------------------------------------------------------------------------------------

    /// Control, before the first send. A controller is told of each packet and of what the peer reports, and asked how
    /// fast the encoders shall be. Packets leave at once: a transport that paces them would ask for that, too.
    void control_rate(jf_rate_controller controller) override
    {
        const std::lock_guard lock(rate_);
        controller_ = controller;
        std::vector<jf_rate_stream> rates;
        for (const Stream& stream : streams_)
            rates.push_back({sizeof(jf_rate_stream), stream.video ? std::uint32_t{JF_VIDEO} : std::uint32_t{JF_AUDIO},
                             stream.bitrate.value("min_bps", 0U),
                             stream.sends ? stream.bitrate.value("max_bps", 0U) : 0U,
                             stream.bitrate.value("start_bps", 0U), 0});
        rates.resize(std::min<std::size_t>(rates.size(), JF_RATE_STREAMS_MAX));
        controller.methods->set_streams(controller.self, rates.data(), rates.size(), host_.now_ns());
    }

private:
    struct Ear final : jackfield::PathReceiver {
        Ear(Session& its_session, std::size_t its_path) : session(its_session), path(its_path) {}
        void received(const jf_packet& packet) noexcept override { session.arrived(path, packet); }
        void closed(Status status, std::string_view text) noexcept override { session.end(status, text); }

        Session& session;
        std::size_t path;
    };

    /// A packet of a stream leaves; its lock is held.
    void left(std::uint32_t number, const Stream& stream, std::size_t size) noexcept
    {
        const std::lock_guard lock(rate_);
        if (controller_.methods == nullptr)
            return;
        const jf_sent_packet packet{sizeof(jf_sent_packet),
                                    number,
                                    ++packets_left_,
                                    stream.last_sent_ns,
                                    static_cast<std::uint32_t>(size) + overheads_[stream.rtp_path],
                                    0};
        controller_.methods->sent(controller_.self, &packet);
    }

    std::int64_t ask_controller(std::int64_t now_ns) noexcept
    {
        std::array<std::uint32_t, JF_RATE_STREAMS_MAX> bps{};
        const auto count = std::min<std::size_t>(streams_.size(), JF_RATE_STREAMS_MAX);
        std::int64_t again_ns = INT64_MAX;
        {
            const std::lock_guard lock(rate_);
            if (controller_.methods == nullptr)
                return again_ns;
            const jf_rate_moment moment{sizeof(jf_rate_moment), 0, 0, 0, now_ns, 0};
            again_ns = controller_.methods->tick(controller_.self, &moment);
            jf_rate_targets targets{sizeof(jf_rate_targets), static_cast<std::uint32_t>(count), bps.data(), 0, 0};
            controller_.methods->targets(controller_.self, &targets);
        }
        for (std::uint32_t i = 0; i < count; ++i) {
            std::uint32_t payload_bps = 0;
            {
                Stream& stream = streams_[i];
                const std::lock_guard lock(stream.out);
                const double heads = (kRtpHead + overheads_[stream.rtp_path]) * double(stream.packets_sent);
                const double all = heads + double(stream.bytes_sent);
                payload_bps = static_cast<std::uint32_t>(bps[i] * (all > 0 ? double(stream.bytes_sent) / all : 1.0));
                if (payload_bps == stream.target_bps)
                    continue;
                stream.target_bps = payload_bps;
            }
            listener_.target_rate(i, payload_bps);
        }
        return again_ns;
    }

    // --- in, from the paths
    // -------------------------------------------------------------------------------------------

    void arrived(std::size_t path, const jf_packet& packet) noexcept
    {
        const ByteView bytes = jackfield::view(packet.bytes);
        if (bytes.size() < 8 || bytes[0] >> 6 != 2)
            return;
        if (bytes[1] >= 192 && bytes[1] <= 223) // RFC 5761 section 4
            return heard_report(path, bytes, packet.arrival_ns);
        if (bytes.size() < kRtpHead)
            return;
        for (std::uint32_t i = 0; i < streams_.size(); ++i) {
            Stream& stream = streams_[i];
            if (stream.rtp_path != path || !stream.receives || !stream.taken_types[bytes[1] & 127])
                continue;
            bool kept = false;
            {
                const std::lock_guard lock(stream.in);
                kept = keep(stream, bytes, packet.arrival_ns);
            }
            if (kept)
                listener_.arrived(i); // wakes a thread of the kernel's
        }
    }

    /// SRTP would check the tag first: here whoever knows the path and the SSRC is believed.
    bool keep(Stream& stream, ByteView packet, std::int64_t arrival_ns) noexcept
    {
        const std::uint32_t ssrc = take32(&packet[8]);
        std::size_t head = kRtpHead + std::size_t{4} * (packet[0] & 15U);
        if ((packet[0] & 0x10) != 0)
            head =
                packet.size() >= head + 4 ? head + 4 + std::size_t{4} * take16(&packet[head + 2]) : packet.size() + 1;
        const std::size_t padding = (packet[0] & 0x20) != 0 ? packet.back() : 0;
        if (stream.remote_ssrc.value_or(ssrc) != ssrc || head + padding > packet.size() ||
            packet.size() > kLargestPacket) {
            ++stream.refused;
            return false;
        }
        const std::uint32_t timestamp = take32(&packet[4]);
        const std::uint32_t number = place(stream, static_cast<std::uint16_t>(take16(&packet[2])));
        if (stream.strange > 0) {
            ++stream.refused;
            if (stream.strange < kStrangeInARow)
                return false;
        }
        if (!stream.began || stream.strange > 0) { // the first, or the first after the peer has begun anew
            for (auto& slot : stream.slots)
                slot.full = false;
            stream.began = true;
            stream.strange = 0;
            stream.remote_ssrc = ssrc;
            stream.next = stream.highest = stream.first = number;
            stream.reported = number - 1;
            stream.reported_packets = stream.packets;
            stream.timeline = timestamp;
            stream.timeline_ns = arrival_ns + delay_ns_;
        }
        Stream::Slot& slot = stream.slots[number % kSlots];
        if (static_cast<std::int32_t>(number - stream.next) < 0 || slot.full) {
            ++stream.late; // its turn is over, or it came twice
            return false;
        }
        ++stream.packets;
        stream.bytes += packet.size() - head - padding;
        follow(stream, number, timestamp, arrival_ns);
        slot.full = true;
        slot.type = packet[1] & 127;
        slot.marker = (packet[1] & 0x80) != 0;
        slot.timestamp = timestamp;
        slot.size = packet.size() - head - padding;
        std::copy_n(packet.begin() + static_cast<std::ptrdiff_t>(head), slot.size, slot.bytes->begin());
        return true;
    }

    /// The extended number; `strange` counts those that are far from all others.
    static std::uint32_t place(Stream& stream, std::uint16_t sequence) noexcept
    {
        if (!stream.began)
            return 0x10000U + sequence;
        const auto distance = static_cast<std::int16_t>(sequence - static_cast<std::uint16_t>(stream.highest));
        const std::uint32_t number = stream.highest + static_cast<std::uint32_t>(distance);
        const bool near = distance > -static_cast<int>(kSlots) &&
                          static_cast<std::int32_t>(number - stream.next) < static_cast<std::int32_t>(kSlots);
        stream.strange = near ? 0 : stream.strange + 1;
        return number;
    }

    /// When media is played: the timeline moves back when a packet comes too late for it, and forward when all come
    /// much too early. One that measures the jitter would keep the delay as short as the network allows.
    void follow(Stream& stream, std::uint32_t number, std::uint32_t timestamp, std::int64_t arrival_ns) noexcept
    {
        std::int64_t play_ns = play_time(stream, timestamp);
        const std::int64_t transit_ns = arrival_ns - play_ns;
        if (number != stream.first) // RFC 3550 section 6.4.1
            stream.jitter_ns += (static_cast<double>(std::abs(transit_ns - stream.transit_ns)) - stream.jitter_ns) / 16;
        stream.transit_ns = transit_ns;
        if (static_cast<std::int32_t>(number - stream.highest) < 0)
            return;
        if (play_ns < arrival_ns)
            play_ns = arrival_ns;
        else if (play_ns > arrival_ns + 3 * delay_ns_)
            play_ns = arrival_ns + delay_ns_;
        stream.highest = number;
        stream.timeline = timestamp;
        stream.timeline_ns = play_ns;
    }

    static std::int64_t play_time(const Stream& stream, std::uint32_t timestamp) noexcept
    {
        const auto units = static_cast<std::int32_t>(timestamp - stream.timeline);
        return stream.timeline_ns + units * std::int64_t{1'000'000'000} / stream.clock_rate_hz;
    }

    // --- RTCP -------------------------------------------------------------------------------------------------------

    /// Our report of a stream and its name, which stand first in every compound packet (RFC 3550 section 6.1). Round
    /// trips are not measured: for that the times of the peer's reports would be told back.
    Report report(Stream& stream, std::int64_t now_ns) noexcept
    {
        Report packet;
        const std::scoped_lock lock(stream.in, stream.out);
        const bool sent = stream.packets_sent > 0;
        packet.head(stream.began ? 1 : 0, sent ? kSenderReport : kReceiverReport,
                    1U + (sent ? 5U : 0U) + (stream.began ? 6U : 0U));
        packet.put(stream.ssrc);
        if (sent) { // NTP time, and the media time of this moment
            const auto wall_ms = static_cast<std::uint64_t>(host_.wall_ms());
            packet.put(static_cast<std::uint32_t>(wall_ms / 1000 + 2'208'988'800U));
            packet.put(static_cast<std::uint32_t>((wall_ms % 1000 << 32) / 1000));
            const std::int64_t since_us = (now_ns - stream.last_sent_ns) / 1000;
            packet.put(stream.last_timestamp + static_cast<std::uint32_t>(since_us * stream.clock_rate_hz / 1'000'000));
            packet.put(stream.packets_sent);
            packet.put(static_cast<std::uint32_t>(stream.bytes_sent));
        }
        if (stream.began) {
            const std::uint32_t expected = stream.highest - stream.reported;
            const auto here = static_cast<std::uint32_t>(stream.packets - stream.reported_packets);
            stream.reported = stream.highest;
            stream.reported_packets = stream.packets;
            packet.put(*stream.remote_ssrc);
            packet.put(expected > here ? (expected - here) * 255 / expected : 0, 1);
            packet.put(static_cast<std::uint32_t>(std::min<std::uint64_t>(stream.lost, 0x7fffff)), 3);
            packet.put(stream.highest);
            packet.put(static_cast<std::uint32_t>(stream.jitter_ns * stream.clock_rate_hz / 1e9));
            packet.put(0);
            packet.put(0);
        }
        const std::size_t words = (2 + cname_.size() + 4) / 4; // ends with a zero, at least
        packet.head(1, kSources, 1 + words);
        packet.put(stream.ssrc);
        packet.put(1, 1); // CNAME
        packet.put(static_cast<std::uint32_t>(cname_.size()), 1);
        for (const char letter : cname_)
            packet.put(static_cast<std::uint8_t>(letter), 1);
        for (std::size_t at = 2 + cname_.size(); at < 4 * words; ++at)
            packet.put(0, 1);
        return packet;
    }

    /// A compound packet, one part after the other. What does not fit into it ends it.
    void heard_report(std::size_t path, ByteView rest, std::int64_t now_ns) noexcept
    {
        while (rest.size() >= 8 && rest[0] >> 6 == 2) {
            const std::size_t size = 4 * (std::size_t{take16(&rest[2])} + 1);
            if (size < 8 || size > rest.size())
                return;
            const ByteView part = rest.first(size);
            const std::uint8_t count = part[0] & 31;
            if (part[1] == kSenderReport || part[1] == kReceiverReport) {
                const std::size_t head = part[1] == kSenderReport ? 28 : 8;
                for (std::size_t i = 0, at = head; i < count && at + 24 <= size; ++i, at += 24)
                    heard_loss(path, take32(&part[at]), part[at + 4], now_ns);
            } else if (part[1] == kGoodbye) {
                for (std::size_t i = 0; i < count && 8 + 4 * i <= size; ++i)
                    heard_goodbye(path, take32(&part[4 + 4 * i]));
            } else if (part[1] == kPayloadFeedback && count == kPictureLoss && size >= 12) {
                heard_request(path, take32(&part[8]));
            }
            rest = rest.subspan(size);
        }
    }

    void heard_loss(std::size_t path, std::uint32_t ssrc, std::uint8_t fraction, std::int64_t now_ns) noexcept
    {
        for (std::uint32_t i = 0; i < streams_.size(); ++i) {
            if (streams_[i].ssrc != ssrc || streams_[i].rtcp_path != path)
                continue;
            {
                const std::lock_guard lock(rate_);
                if (controller_.methods != nullptr)
                    controller_.methods->reported(controller_.self, i, fraction, -1, now_ns);
            }
            listener_.loss_reported(i, (fraction * 100U + 255) / 256);
        }
    }

    void heard_request(std::size_t path, std::uint32_t ssrc) noexcept
    {
        for (std::uint32_t i = 0; i < streams_.size(); ++i) {
            if (streams_[i].ssrc != ssrc || streams_[i].rtcp_path != path || !streams_[i].video)
                continue;
            {
                const std::lock_guard lock(streams_[i].out);
                ++streams_[i].key_frames_asked;
            }
            listener_.key_frame_requested(i);
        }
    }

    /// The call is over when all streams that the peer sends are.
    void heard_goodbye(std::size_t path, std::uint32_t ssrc) noexcept
    {
        bool any = false;
        bool all = true;
        for (Stream& stream : streams_) {
            const std::lock_guard lock(stream.in);
            if (stream.rtcp_path == path && stream.remote_ssrc == ssrc)
                stream.over = any = true;
            all = all && (stream.over || !stream.began);
        }
        if (any && all)
            end(JF_OK, "the peer said goodbye");
    }

    /// Any thread; the kernel hears it once, on control.
    void end(Status status, std::string_view text) noexcept
    {
        scope_.post([this, status, text = std::string(text)] {
            if (!std::exchange(ended_, true))
                listener_.ended(status, text);
        });
    }

    jackfield::Host host_;
    std::vector<jackfield::Path> paths_;
    std::vector<std::uint32_t> overheads_; // of each path: bytes that it adds to a packet
    std::int64_t delay_ns_;
    jackfield::MediaListener listener_;
    std::string cname_;
    std::deque<Stream> streams_; // never moved
    std::deque<Ear> ears_;
    std::int64_t next_report_ns_ = 0; // of the thread that ticks

    std::mutex rate_; // a controller is asked by one at a time
    jf_rate_controller controller_{nullptr, nullptr};
    std::uint64_t packets_left_ = 0;

    bool ended_ = false; // of the control thread
    jackfield::Scope scope_{host_};
};

class MyTransport final : public jackfield::MediaTransport {
public:
    /// ConfigError for a configuration that cannot be used: where, what is wrong, what would work. Users read that
    /// text.
    MyTransport(jackfield::Host host, std::string_view config_json) : MediaTransport(host)
    {
        const json config = json::parse(config_json, nullptr, /*allow_exceptions=*/false);
        if (!config.is_object())
            throw jackfield::ConfigError(": expected a JSON object; {\"insecure\": true} would work");
        if (config.value("insecure", json()) != true)
            throw jackfield::ConfigError("/insecure: expected true, to say that this is meant: nothing is encrypted");
        const json delay = config.value("delay_ms", json(60));
        if (!delay.is_number_integer() || delay.get<double>() < 10 || delay.get<double>() > 1000)
            throw jackfield::ConfigError("/delay_ms: expected a number from 10 to 1000; 60 would work");
        delay_ns_ = delay.get<std::int64_t>() * 1'000'000;
        host.warning(JACKFIELD_PLUGIN_ID ": sound and pictures are not encrypted");
    }

    /// What the kernel may offer to a peer. A transport with keys says "RTP/SAVP", and names its suites.
    std::string capabilities() override
    {
        return R"({"profile": "RTP/AVP", "suites": [], "feedback": ["nack pli"], "telephone_events": true})";
    }
    std::string make_key(std::string_view) override
    {
        throw Failure(JF_UNSUPPORTED, "nothing is encrypted here: there are no keys");
    }

    std::unique_ptr<jackfield::MediaSession> open(std::string_view config_json, std::vector<jackfield::Path> paths,
                                                  jackfield::MediaListener listener) override
    {
        try {
            return std::make_unique<Session>(host_, json::parse(config_json), std::move(paths), delay_ns_, listener);
        } catch (const json::exception& wrong) {
            throw Failure(JF_BAD_INPUT, std::string("no configuration of a session: ") + wrong.what());
        }
    }

private:
    std::int64_t delay_ns_ = 0;
};

} // namespace

// The one symbol that the library exports. Id and version come from CMakeLists.txt, so that the manifest agrees.
JF_PLUGIN(MyTransport)
