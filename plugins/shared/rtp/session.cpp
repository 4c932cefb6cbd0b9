// The session: sends and takes for the kernel, sorts what the paths bring (RFC 5761 section 4, RFC 9143 section 9.2).
//
// Threads: see the header. No lock is held while the listener or a path's open or close is called.
#include "session.hpp"

#include <shared/base64/base64.hpp>

#include "rtcp_router.hpp"
#include "statistics.hpp"

namespace jackfield::rtp {

/// Listens on one path for the streams that use it.
class Session::Ear final : public PathReceiver {
public:
    Ear(Session& session, const Path& below, std::size_t number) : path(below), session_(session), number_(number) {}

    void received(const jf_packet& packet) noexcept override;
    void closed(Status status, std::string_view text) noexcept override { session_.end(status, text); }

    std::size_t number() const { return number_; } ///< of its path

    Path path;

private:
    Session& session_;
    std::size_t number_;
};

void Session::Ear::received(const jf_packet& packet) noexcept
{
    const ByteView bytes = view(packet.bytes);
    const auto layout = session_.layout();
    if (number_ >= layout->users.size())
        return; // the streams that will use it are being made
    const Users& users = layout->users[number_];
    const bool is_rtcp = !users.rtcp.empty() && (users.rtp.empty() || looks_like_rtcp(bytes));
    if (bytes.size() > kMaxPacketBytes)
        return users.refuse();
    const std::int64_t arrival_ns = packet.arrival_ns > 0 ? packet.arrival_ns : session_.host_.now_ns();
    if (is_rtcp)
        return session_.handle_rtcp(*layout, users, bytes, arrival_ns);
    std::uint8_t copy[kMaxPacketBytes]; // opened in place
    if (!bytes.empty())
        std::memcpy(copy, bytes.data(), bytes.size());
    const auto ecn = static_cast<std::uint8_t>(packet.ecn == JF_ECN_UNKNOWN ? 0 : packet.ecn & 3U);
    session_.handle_rtp(*layout, users, std::span(copy, bytes.size()), arrival_ns, ecn);
}

namespace {

/// RFC 7022 section 4.2: 96 random bits.
std::string random_cname(const Host& host)
{
    std::uint8_t bits[12];
    host.random(bits);
    return encode_base64(bits);
}

} // namespace

Session::Session(Host host, const RtpOptions& options, ConfigReader read, const SessionConfig& config,
                 std::vector<Path> paths, MediaListener listener)
    : host_(host),
      read_(std::move(read)),
      listener_(listener),
      context_{options, config.cname.empty() ? random_cname(host) : config.cname,
               NtpClock(host.wall_ms(), host.now_ns()), listener.can_tick()},
      paths_(std::move(paths)),
      scope_(host)
{
    check_paths(paths_);
    layout_ = lay_out(config, paths_, nullptr);
    open_paths(*layout_, paths_);
}

void Session::check_paths(const std::vector<Path>& paths)
{
    for (std::size_t i = 0; i < paths.size(); ++i) {
        if (paths[i].is_stream())
            throw ConfigError("path " + std::to_string(i) + " is a stream of bytes; RTP needs datagrams");
    }
}

/// Streams that go on are the same objects in the layout before and in the next.
std::shared_ptr<const Session::Layout> Session::lay_out(const SessionConfig& config, const std::vector<Path>& paths,
                                                        const Layout* before) const
{
    auto next = std::make_shared<Layout>();
    next->users.resize(paths.size());
    for (const StreamConfig& wanted : config.streams) {
        const std::size_t number = next->streams.size();
        const bool known = before != nullptr && number < before->streams.size() &&
                           before->streams[number]->config().ssrc == wanted.ssrc;
        auto stream = known
                          ? before->streams[number]
                          : std::make_shared<Stream>(wanted, static_cast<std::uint32_t>(number), context_, paths,
                                                     host_.random_number(),
                                                     static_cast<std::uint32_t>(host_.random_number()), host_.now_ns());
        if (!wanted.ended) {
            next->users[wanted.rtp_path].rtp.push_back(stream.get());
            next->users[wanted.rtcp_path].rtcp.push_back(stream.get());
        }
        next->streams.push_back(std::move(stream));
    }
    return next;
}

/// Those that are used and not open yet: all of them, or none.
void Session::open_paths(const Layout& layout, const std::vector<Path>& paths)
{
    const std::size_t opened_before = ears_.size();
    try {
        for (std::size_t number = 0; number < paths.size(); ++number) {
            const bool open =
                std::any_of(ears_.begin(), ears_.end(), [&](const auto& ear) { return ear->number() == number; });
            if (open || layout.users[number].none())
                continue;
            ears_.push_back(std::make_unique<Ear>(*this, paths[number], number));
            ears_.back()->path.open(*ears_.back());
        }
    } catch (...) {
        for (std::size_t i = opened_before; i < ears_.size(); ++i)
            ears_[i]->path.close();
        ears_.resize(opened_before);
        throw;
    }
}

// --- other streams --------------------------------------------------------------------------------------------------

namespace {

/// What cannot change without a new SSRC, because packets are numbered, timed and protected by it.
bool same_stream(const StreamConfig& before, const StreamConfig& now)
{
    const auto same_key = [](const std::optional<Key>& a, const std::optional<Key>& b) {
        return a.has_value() == b.has_value() && (!a || (a->suite == b->suite && a->bytes == b->bytes));
    };
    const auto same_repair = [](const auto& a, const auto& b) {
        return a.has_value() == b.has_value() && (!a || (a->payload_type == b->payload_type && a->ssrc == b->ssrc));
    };
    return same_repair(before.repair, now.repair) && before.video == now.video &&
           before.clock_rate_hz == now.clock_rate_hz && before.payload_type == now.payload_type &&
           before.rtp_path == now.rtp_path && before.rtcp_path == now.rtcp_path &&
           same_key(before.send_key, now.send_key) && same_key(before.receive_key, now.receive_key);
}

} // namespace

void Session::change(std::string_view config, std::vector<Path> paths)
{
    const SessionConfig next = read_(config, paths);
    const auto before = layout();
    if (paths.size() < paths_.size() || next.streams.size() < before->streams.size())
        throw ConfigError("/streams: a change has at least as many streams and paths as there were");
    check_paths(paths);
    for (std::size_t number = 0; number < before->streams.size(); ++number) {
        const StreamConfig& old = before->streams[number]->config();
        if (old.ssrc == next.streams[number].ssrc && !same_stream(old, next.streams[number]))
            throw ConfigError("/streams/" + std::to_string(number) +
                              ": the same SSRC with another kind, clock rate, payload type, key or path");
    }
    auto after = lay_out(next, paths, before.get());
    open_paths(*after, paths);
    paths_ = std::move(paths);
    {
        const std::lock_guard lock(layout_mutex_);
        layout_ = after;
    }
    for (std::size_t number = 0; number < after->streams.size(); ++number)
        after->streams[number]->turn(next.streams[number], host_.now_ns());
    if (rates_)
        rates_->set_streams(next.streams, host_.now_ns());
    for (std::size_t number = 0; number < before->streams.size(); ++number) {
        if (before->streams[number] != after->streams[number] && !before->streams[number]->ended())
            before->streams[number]->say_goodbye(host_.now_ns());
    }
    std::erase_if(retired_, [](const auto& layout) { return layout.use_count() == 1; });
    retired_.push_back(before); // a media thread may be inside; freed here, not there
}

void Session::close_paths() noexcept
{
    for (const Path& path : paths_)
        path.close();
}

Status Session::send(std::uint32_t stream, const jf_payload& payload) noexcept
{
    const auto now = layout();
    if (stream >= now->streams.size())
        return JF_BAD_INPUT;
    Sender& sender = now->streams[stream]->sender();
    const Status status = sender.send(payload, host_.now_ns());
    if (sender.take_overflow())
        listener_.key_frame_requested(stream);
    if (sender.waiting_packets() != 0 && !tick_asked_.exchange(true))
        listener_.tick_due();
    return status;
}

void Session::handle_rtp(const Layout& layout, const Users& users, std::span<std::uint8_t> packet,
                         std::int64_t arrival_ns, std::uint8_t ecn)
{
    const auto header = parse_rtp_header(packet);
    if (!header)
        return users.refuse();
    // RFC 9143 section 9.2: the SSRC says whose it is; one that is new, or that changed sides, is placed by its payload
    // type, if that names one line only.
    Stream* target = nullptr;
    std::size_t fitting = 0;
    for (Stream* stream : users.rtp) {
        const auto& repair = stream->config().repair;
        if (!repair || repair->payload_type != header->payload_type)
            continue;
        if (stream->receiver().repair(packet, *header, arrival_ns, ecn))
            listener_.arrived(layout.number_of(*stream));
        return;
    }
    for (Stream* stream : users.rtp) {
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
        return users.refuse();
    const bool changed = target->receiver().rtp(packet, *header, arrival_ns, ecn);
    target->send_repair_requests(arrival_ns);
    if (!changed)
        return;
    listener_.arrived(layout.number_of(*target));
}

void Session::handle_rtcp(const Layout& layout, const Users& users, ByteView packet, std::int64_t arrival_ns)
{
    const std::uint32_t from = rtcp_sender(packet);
    const auto try_stream = [&](Stream& stream) {
        std::uint8_t copy[kMaxPacketBytes];
        std::memcpy(copy, packet.data(), packet.size());
        std::size_t size = packet.size();
        if (!stream.receiver().open_rtcp(std::span(copy, size), size))
            return false;
        RtcpRouter router(*this, layout, stream, from, arrival_ns);
        if (parse_rtcp(ByteView(copy, size), router)) {
            stream.receiver().hear();
            router.finish();
            check_goodbyes(layout);
        } else {
            stream.receiver().refuse();
        }
        return true;
    };
    if (packet.size() < kRtcpHeaderBytes)
        return users.refuse();
    // The sender's SSRC is in clear. One that no RTP has shown yet is found by the key that opens the packet.
    for (Stream* stream : users.rtcp) {
        if (stream->receiver().source() == from) {
            if (!try_stream(*stream))
                stream->receiver().refuse();
            return;
        }
    }
    for (Stream* stream : users.rtcp) {
        if (try_stream(*stream))
            return;
    }
    users.refuse();
}

Status Session::take(std::uint32_t stream, std::int64_t now_ns, jf_payload& payload, std::int64_t& next_due_ns) noexcept
{
    next_due_ns = kNothingDue;
    const auto now = layout();
    if (stream >= now->streams.size())
        return JF_BAD_INPUT;
    now->streams[stream]->send_pending_key_frame_request(now_ns);
    now->streams[stream]->send_repair_requests(now_ns);
    return now->streams[stream]->receiver().take(now_ns, payload, next_due_ns);
}

std::int64_t Session::tick(std::int64_t now_ns) noexcept
{
    std::int64_t next_ns = kNothingDue;
    tick_asked_.store(false);
    const auto now = layout();
    for (const auto& stream : now->streams)
        next_ns = std::min(next_ns, stream->tick(now_ns));
    next_ns = std::min(next_ns, send_feedback(*now, now_ns));
    return std::min(next_ns, control_rates(*now, now_ns));
}

void Session::request_key_frame(std::uint32_t stream) noexcept
{
    const auto now = layout();
    if (stream < now->streams.size())
        now->streams[stream]->request_key_frame(host_.now_ns());
}

std::string Session::statistics()
{
    return describe_statistics(layout()->streams, rates_.get(), host_.now_ns());
}

/// The call is over when every stream of the peer that was ever heard has taken its leave (RFC 3550 section 6.6).
void Session::check_goodbyes(const Layout& layout)
{
    bool any = false;
    for (const auto& stream : layout.streams) {
        if (stream->ended())
            continue;
        if (stream->receiver().heard() && !stream->receiver().said_goodbye())
            return;
        any = any || stream->receiver().said_goodbye();
    }
    if (any)
        end(JF_OK, "the peer said goodbye");
}

void Session::end(Status status, std::string_view text)
{
    if (ended_.exchange(true))
        return;
    scope_.post([this, status, text = std::string(text)] { listener_.ended(status, text); });
}

Session::~Session()
{
    for (const auto& stream : layout()->streams) {
        if (!stream->ended())
            stream->say_goodbye(host_.now_ns());
    }
    close_paths();
}

} // namespace jackfield::rtp
