// In the order in which it happens: who is there, the handshake, the keys, media out, media in, the end.
//
// Threads: see the header.
#include "secured_path.hpp"

namespace jackfield::media_dtls {

namespace {

constexpr std::size_t kMostEarly = 32; // two thirds of a second of sound
constexpr int kMostPosted = 32;
constexpr std::uint32_t kMaxTagBytes = 16; // of RTP; reports, which have a trailer too, are short

enum class Kind { handshake, media, other };

/// RFC 7983 section 7.
Kind kind_of(ByteView packet)
{
    if (packet.empty())
        return Kind::other;
    if (packet[0] >= 20 && packet[0] <= 63)
        return Kind::handshake;
    return packet[0] >= 128 && packet[0] <= 191 ? Kind::media : Kind::other;
}

std::uint32_t source_of(ByteView packet)
{
    const std::size_t at = rtp::looks_like_rtcp(packet) ? 4 : 8;
    std::uint32_t source = 0;
    for (std::size_t i = at; i < at + 4 && i < packet.size(); ++i)
        source = source << 8 | packet[i];
    return source;
}

} // namespace

SecuredPath::SecuredPath(Host host, const DtlsContext& context, const Path& below)
    : host_(host), context_(context), below_(below), retransmit_(host), limit_(host), early_(kMostEarly), scope_(host)
{}

void SecuredPath::associate(Association wanted)
{
    const bool same = association_ && association_->same_peer(wanted);
    if (!same) {
        EngineOutput& out = *this;
        auto handshake = std::make_unique<Handshake>(context_, wanted.client, wanted.fingerprint, out);
        {
            const std::scoped_lock lock(send_mutex_, receive_mutex_);
            protectors_.clear();
            opener_.reset();
            early_count_ = 0;
        }
        handshake_ = std::move(handshake);
        send_key_.reset();
        wanted_ = false;
    }
    association_ = std::move(wanted);
    if (same && send_key_)
        make_protectors();
    if (!same && opened_)
        start();
}

jf_path_info SecuredPath::describe() const noexcept
{
    jf_path_info info = below_.describe();
    info.struct_size = sizeof(info);
    info.max_datagram_bytes -= std::min<std::uint32_t>(info.max_datagram_bytes, kMaxTagBytes);
    info.secured = 1;
    return info;
}

void SecuredPath::open(jf_path_receiver receiver)
{
    gate_.open(receiver);
    below_.open(*this);
    opened_ = true;
    start();
}

// --- the handshake --------------------------------------------------------------------------------------------------

/// The client speaks first; the server waits for it.
void SecuredPath::start()
{
    if (association_ && association_->client)
        go_on({});
}

void SecuredPath::go_on(ByteView datagram)
{
    if (closed_ || failed_ || !handshake_)
        return;
    handshake_->go_on(datagram);
    settle();
}

/// What has come of it.
void SecuredPath::settle()
{
    if (handshake_->state() == Handshake::State::failed)
        return fail(handshake_->failure().status, handshake_->failure().text);
    if (handshake_->state() == Handshake::State::done && !send_key_) {
        try {
            install(handshake_->take_keys());
        } catch (const Failure& failure) {
            return fail(failure.status(), failure.what());
        }
    }
    schedule();
}

void SecuredPath::schedule()
{
    const auto due = handshake_->retransmit_in();
    if (!due)
        return retransmit_.cancel();
    retransmit_.start(*due, [this] {
        handshake_->retransmit();
        settle();
    });
}

void SecuredPath::install(MediaKeys keys)
{
    auto opener = keys.receive.suite->opener(keys.receive, association_->remote_source);
    send_key_ = std::move(keys.send);
    make_protectors();
    limit_.cancel();
    {
        const std::lock_guard lock(receive_mutex_);
        opener_ = std::move(opener);
        suite_ = send_key_->suite->name;
    }
    scope_.post([this] { gate_.writable(); });
}

/// One for each source of ours: none of them allocates when its first packet goes out.
void SecuredPath::make_protectors()
{
    for (const auto source : association_->sources) {
        auto fresh = send_key_->suite->protector(*send_key_, source);
        const std::lock_guard lock(send_mutex_);
        const bool known = std::any_of(protectors_.begin(), protectors_.end(),
                                       [&](const auto& entry) { return entry.first == source; });
        if (!known) // a second one would number its packets anew
            protectors_.emplace_back(source, std::move(fresh));
    }
}

/// There is media, and no keys for it: from now on the handshake has its limit. [any]
void SecuredPath::want_keys() noexcept
{
    if (wanted_.exchange(true))
        return;
    scope_.post([this] {
        if (send_key_ || closed_)
            return;
        const auto limit = context_.options().handshake_limit;
        limit_.start(limit, [this, limit] {
            fail(JF_TIMEOUT, "the handshake on the media path is not done, and there has been media for " +
                                 std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(limit).count()) +
                                 " ms; we are the " + (association_->client ? "client" : "server"));
        });
    });
}

void SecuredPath::fail(Status status, std::string_view text)
{
    failed_ = true;
    retransmit_.cancel();
    limit_.cancel();
    gate_.ended(status, text);
}

// --- media ----------------------------------------------------------------------------------------------------------

Status SecuredPath::send(std::span<const jf_bytes> parts) noexcept
{
    std::array<std::uint8_t, rtp::kMaxPacketBytes + rtp::kMaxTrailerBytes> buffer;
    std::size_t size = total_size(parts);
    if (size < rtp::kRtcpHeaderBytes || size > rtp::kMaxPacketBytes)
        return JF_BAD_INPUT;
    std::size_t at = 0;
    for (const auto& part : parts) {
        std::copy_n(part.data, part.size, buffer.data() + at);
        at += part.size;
    }
    const ByteView packet(buffer.data(), size);
    const bool rtcp = rtp::looks_like_rtcp(packet);
    {
        const std::lock_guard lock(send_mutex_);
        const auto found =
            std::find_if(protectors_.begin(), protectors_.end(),
                         [source = source_of(packet)](const auto& entry) { return entry.first == source; });
        if (found == protectors_.end()) {
            if (!rtcp)
                want_keys();
            return JF_WOULD_BLOCK;
        }
        if (!(rtcp ? found->second->rtcp(buffer, size) : found->second->rtp(buffer, size)))
            return JF_INTERNAL;
    }
    return below_.send(ByteView(buffer.data(), size));
}

void SecuredPath::received(const jf_packet& packet) noexcept
{
    const ByteView bytes = jackfield::view(packet.bytes);
    const Kind kind = kind_of(bytes);
    if (kind == Kind::handshake) {
        if (posted_.fetch_add(1) >= kMostPosted) {
            --posted_; // it is sent again
            return;
        }
        scope_.post([this, copy = Bytes(bytes.begin(), bytes.end())] {
            --posted_;
            go_on(copy);
        });
        return release_early();
    }
    if (kind == Kind::other)
        return;
    if (bytes.size() > rtp::kMaxPacketBytes) {
        ++refused_;
        return;
    }
    if (keep_early(bytes, packet.arrival_ns))
        return want_keys();
    release_early();
    std::array<std::uint8_t, rtp::kMaxPacketBytes> copy; // opened in place
    std::copy(bytes.begin(), bytes.end(), copy.begin());
    take_media(std::span(copy.data(), bytes.size()), packet.arrival_ns);
}

/// True if there are no keys yet. The peer's first packets can overtake what ends the handshake.
bool SecuredPath::keep_early(ByteView bytes, std::int64_t arrival_ns)
{
    const std::lock_guard lock(receive_mutex_);
    if (opener_)
        return false;
    if (early_count_ == early_.size()) {
        ++refused_;
        return true;
    }
    Early& early = early_[early_count_++];
    early.size = bytes.size();
    early.arrival_ns = arrival_ns;
    std::copy(bytes.begin(), bytes.end(), early.bytes.begin());
    return true;
}

void SecuredPath::release_early()
{
    std::size_t count = 0;
    {
        const std::lock_guard lock(receive_mutex_);
        if (!opener_)
            return;
        count = std::exchange(early_count_, 0);
    }
    for (std::size_t i = 0; i < count; ++i) // with keys there, nobody writes to them any more
        take_media(std::span(early_[i].bytes.data(), early_[i].size), early_[i].arrival_ns);
}

void SecuredPath::take_media(std::span<std::uint8_t> bytes, std::int64_t arrival_ns)
{
    std::size_t size = bytes.size();
    {
        const std::lock_guard lock(receive_mutex_);
        const bool rtcp = rtp::looks_like_rtcp(bytes);
        if (!opener_ || !(rtcp ? opener_->rtcp(bytes, size) : opener_->rtp(bytes, size))) {
            ++refused_;
            return;
        }
    }
    gate_.deliver(make_packet(bytes.first(size), arrival_ns));
}

std::string SecuredPath::suite() const
{
    const std::lock_guard lock(receive_mutex_);
    return suite_;
}

// --- the end --------------------------------------------------------------------------------------------------------

void SecuredPath::closed(Status status, std::string_view text) noexcept
{
    gate_.ended(status, text);
}

void SecuredPath::close() noexcept
{
    if (std::exchange(closed_, true))
        return;
    retransmit_.cancel();
    limit_.cancel();
    if (handshake_)
        handshake_->say_goodbye();
    below_.close();
    gate_.shut();
}

SecuredPath::~SecuredPath()
{
    scope_.end();
    close();
}

} // namespace jackfield::media_dtls
