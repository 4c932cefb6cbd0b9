// The session: sends and takes for the kernel, sorts what the paths bring (RFC 5761 section 4, RFC 9143 section 9.2).
//
// Threads: see the header. No lock is held while the listener or a path's open or close is called.
#include "session.hpp"

#include <shared/base64/base64.hpp>

#include "statistics.hpp"

namespace jackfield::rtp {

/// Listens on one path for the streams that use it.
class Session::Ear final : public PathReceiver {
public:
    explicit Ear(Session& session) : session_(session) {}

    void received(const jf_packet& packet) noexcept override;
    void closed(Status status, std::string_view text) noexcept override { session_.end(status, text); }

    /// Counts a packet that cannot be told whose it is.
    void refuse() { (rtp.empty() ? rtcp : rtp).front()->receiver().refuse(); }

    Path path;
    std::vector<Stream*> rtp;
    std::vector<Stream*> rtcp;

private:
    Session& session_;
};

void Session::Ear::received(const jf_packet& packet) noexcept
{
    const ByteView bytes = view(packet.bytes);
    const bool is_rtcp = !rtcp.empty() && (rtp.empty() || looks_like_rtcp(bytes));
    if (bytes.size() > kMaxPacketBytes)
        return refuse();
    const std::int64_t arrival_ns = packet.arrival_ns > 0 ? packet.arrival_ns : session_.host_.now_ns();
    if (is_rtcp)
        return session_.handle_rtcp(*this, bytes, arrival_ns);
    std::uint8_t copy[kMaxPacketBytes]; // opened in place
    if (!bytes.empty())
        std::memcpy(copy, bytes.data(), bytes.size());
    session_.handle_rtp(*this, std::span(copy, bytes.size()), arrival_ns);
}

/// Carries what one compound says to the streams it concerns: a peer may report on all its streams under one SSRC.
class Session::RtcpRouter final : public RtcpHandler {
public:
    /// opener: the stream whose key opened the compound. What came in clear never touches an encrypted stream.
    RtcpRouter(Session& session, Stream& opener, std::uint32_t sender, std::int64_t arrival_ns)
        : session_(session), opener_(opener), sender_(sender), arrival_ns_(arrival_ns)
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

private:
    bool within_reach(Stream& stream) const { return opener_.receiver().encrypted() || !stream.receiver().encrypted(); }

    Stream& by_source(std::uint32_t ssrc)
    {
        for (auto& stream : session_.streams_) {
            if (within_reach(*stream) && stream->receiver().source() == ssrc)
                return *stream;
        }
        return opener_;
    }
    Stream* by_own_ssrc(std::uint32_t ssrc)
    {
        for (auto& stream : session_.streams_) {
            if (stream.get() == &opener_ || within_reach(*stream)) {
                if (stream->config().ssrc == ssrc)
                    return stream.get();
            }
        }
        return nullptr;
    }
    void ask_for_key_frame(Stream& stream)
    {
        stream.receiver().key_frame_requested();
        session_.listener_.key_frame_requested(number_of(stream));
    }
    std::uint32_t number_of(const Stream& stream) const
    {
        const auto found = std::find_if(session_.streams_.begin(), session_.streams_.end(),
                                        [&](const auto& one) { return one.get() == &stream; });
        return static_cast<std::uint32_t>(found - session_.streams_.begin());
    }

    Session& session_;
    Stream& opener_;
    std::uint32_t sender_;
    std::int64_t arrival_ns_;
};

namespace {

/// RFC 7022 section 4.2: 96 random bits.
std::string random_cname(const Host& host)
{
    std::uint8_t bits[12];
    host.random(bits);
    return encode_base64(bits);
}

} // namespace

Session::Session(Host host, const RtpOptions& options, const SessionConfig& config, std::vector<Path> paths,
                 MediaListener listener)
    : host_(host),
      listener_(listener),
      context_{options, config.cname.empty() ? random_cname(host) : config.cname,
               NtpClock(host.wall_ms(), host.now_ns())},
      paths_(std::move(paths)),
      scope_(host)
{
    make_streams(config);
    open_paths();
}

void Session::make_streams(const SessionConfig& config)
{
    for (std::size_t i = 0; i < paths_.size(); ++i) {
        if (paths_[i].is_stream())
            throw ConfigError("path " + std::to_string(i) + " is a stream of bytes; RTP needs datagrams");
        ears_.push_back(std::make_unique<Ear>(*this));
        ears_.back()->path = paths_[i];
    }
    for (const StreamConfig& stream : config.streams) {
        streams_.push_back(std::make_unique<Stream>(stream, context_, paths_, host_.random_number(),
                                                    static_cast<std::uint32_t>(host_.random_number()), host_.now_ns()));
        ears_[stream.rtp_path]->rtp.push_back(streams_.back().get());
        ears_[stream.rtcp_path]->rtcp.push_back(streams_.back().get());
    }
    std::erase_if(ears_, [](const auto& ear) { return ear->rtp.empty() && ear->rtcp.empty(); });
}

void Session::open_paths()
{
    try {
        for (const auto& ear : ears_)
            ear->path.open(*ear);
    } catch (...) {
        close_paths();
        throw;
    }
}

void Session::close_paths() noexcept
{
    for (const Path& path : paths_)
        path.close();
}

Status Session::send(std::uint32_t stream, const jf_payload& payload) noexcept
{
    if (stream >= streams_.size())
        return JF_BAD_INPUT;
    return streams_[stream]->sender().send(payload, host_.now_ns());
}

void Session::handle_rtp(Ear& ear, std::span<std::uint8_t> packet, std::int64_t arrival_ns)
{
    const auto header = parse_rtp_header(packet);
    if (!header)
        return ear.refuse();
    // RFC 9143 section 9.2: the SSRC says whose it is; one that is new, or that changed sides, is placed by its payload
    // type, if that names one line only.
    Stream* target = nullptr;
    std::size_t fitting = 0;
    for (Stream* stream : ear.rtp) {
        if (!stream->config().receive_payload_types.test(header->payload_type))
            continue;
        if (stream->receiver().source() == header->ssrc) {
            target = stream;
            fitting = 1;
            break;
        }
        target = stream;
        ++fitting;
    }
    if (fitting != 1)
        return ear.refuse();
    if (!target->receiver().rtp(packet, *header, arrival_ns))
        return;
    const auto found =
        std::find_if(streams_.begin(), streams_.end(), [&](const auto& stream) { return stream.get() == target; });
    listener_.arrived(static_cast<std::uint32_t>(found - streams_.begin()));
}

void Session::handle_rtcp(Ear& ear, ByteView packet, std::int64_t arrival_ns)
{
    const std::uint32_t from = rtcp_sender(packet);
    const auto try_stream = [&](Stream& stream) {
        std::uint8_t copy[kMaxPacketBytes];
        std::memcpy(copy, packet.data(), packet.size());
        std::size_t size = packet.size();
        if (!stream.receiver().open_rtcp(std::span(copy, size), size))
            return false;
        RtcpRouter router(*this, stream, from, arrival_ns);
        if (parse_rtcp(ByteView(copy, size), router)) {
            stream.receiver().hear();
            check_goodbyes();
        } else {
            stream.receiver().refuse();
        }
        return true;
    };
    if (packet.size() < kRtcpHeaderBytes)
        return ear.refuse();
    // The sender's SSRC is in clear. One that no RTP has shown yet is found by the key that opens the packet.
    for (Stream* stream : ear.rtcp) {
        if (stream->receiver().source() == from) {
            if (!try_stream(*stream))
                stream->receiver().refuse();
            return;
        }
    }
    for (Stream* stream : ear.rtcp) {
        if (try_stream(*stream))
            return;
    }
    ear.refuse();
}

Status Session::take(std::uint32_t stream, std::int64_t now_ns, jf_payload& payload, std::int64_t& next_due_ns) noexcept
{
    next_due_ns = kNothingDue;
    if (stream >= streams_.size())
        return JF_BAD_INPUT;
    streams_[stream]->send_pending_key_frame_request(now_ns);
    return streams_[stream]->receiver().take(now_ns, payload, next_due_ns);
}

std::int64_t Session::tick(std::int64_t now_ns) noexcept
{
    std::int64_t next_ns = kNothingDue;
    for (const auto& stream : streams_)
        next_ns = std::min(next_ns, stream->tick(now_ns));
    return next_ns;
}

void Session::request_key_frame(std::uint32_t stream) noexcept
{
    if (stream < streams_.size())
        streams_[stream]->request_key_frame(host_.now_ns());
}

std::string Session::statistics()
{
    return describe_statistics(streams_);
}

/// The call is over when every stream of the peer that was ever heard has taken its leave (RFC 3550 section 6.6).
void Session::check_goodbyes()
{
    bool any = false;
    for (const auto& stream : streams_) {
        if (stream->receiver().heard() && !stream->receiver().said_goodbye())
            return;
        any = any || stream->receiver().said_goodbye();
    }
    if (any)
        end(JF_CLOSED, "the peer said goodbye");
}

void Session::end(Status status, std::string_view text)
{
    if (ended_.exchange(true))
        return;
    scope_.post([this, status, text = std::string(text)] { listener_.ended(status, text); });
}

Session::~Session()
{
    for (const auto& stream : streams_)
        stream->say_goodbye(host_.now_ns());
    close_paths();
}

} // namespace jackfield::rtp
