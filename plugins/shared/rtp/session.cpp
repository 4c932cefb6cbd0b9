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
    session_.handle_rtp(*layout, users, std::span(copy, bytes.size()), arrival_ns);
}

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

Session::Session(Host host, const RtpOptions& options, ConfigReader read, const SessionConfig& config,
                 std::vector<Path> paths, MediaListener listener)
    : host_(host),
      read_(std::move(read)),
      listener_(listener),
      context_{options, config.cname.empty() ? random_cname(host) : config.cname,
               NtpClock(host.wall_ms(), host.now_ns())},
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
                          : std::make_shared<Stream>(wanted, context_, paths, host_.random_number(),
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
    return before.video == now.video && before.clock_rate_hz == now.clock_rate_hz &&
           before.payload_type == now.payload_type && before.rtp_path == now.rtp_path &&
           before.rtcp_path == now.rtcp_path && same_key(before.send_key, now.send_key) &&
           same_key(before.receive_key, now.receive_key);
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
    return now->streams[stream]->sender().send(payload, host_.now_ns());
}

void Session::handle_rtp(const Layout& layout, const Users& users, std::span<std::uint8_t> packet,
                         std::int64_t arrival_ns)
{
    const auto header = parse_rtp_header(packet);
    if (!header)
        return users.refuse();
    // RFC 9143 section 9.2: the SSRC says whose it is; one that is new, or that changed sides, is placed by its payload
    // type, if that names one line only.
    Stream* target = nullptr;
    std::size_t fitting = 0;
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
    if (!target->receiver().rtp(packet, *header, arrival_ns))
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
    return now->streams[stream]->receiver().take(now_ns, payload, next_due_ns);
}

std::int64_t Session::tick(std::int64_t now_ns) noexcept
{
    std::int64_t next_ns = kNothingDue;
    const auto now = layout();
    for (const auto& stream : now->streams)
        next_ns = std::min(next_ns, stream->tick(now_ns));
    return next_ns;
}

void Session::request_key_frame(std::uint32_t stream) noexcept
{
    const auto now = layout();
    if (stream < now->streams.size())
        now->streams[stream]->request_key_frame(host_.now_ns());
}

std::string Session::statistics()
{
    return describe_statistics(layout()->streams);
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
    for (const auto& stream : layout()->streams) {
        if (!stream->ended())
            stream->say_goodbye(host_.now_ns());
    }
    close_paths();
}

} // namespace jackfield::rtp
