// usrsctp's socket calls.
//
// Threads: the caller's. Everything a peer can send comes through `receive`, bounded by SCTP's receive window.
#include "socket.hpp"

#include <arpa/inet.h>
#include <usrsctp.h>

#include <cerrno>

namespace reliable_usrsctp {

using jackfield::ByteView;
using jackfield::Failure;
using jackfield::Status;

namespace {

/// RFC 8832 gives WebRTC 50 to 57; these are ours. Any other message ends the association.
constexpr std::uint32_t kDataProtocol = 0x4a460001;
constexpr std::uint32_t kEndProtocol = 0x4a460002;

constexpr std::uint16_t kPort = 5000; // of both ends, as RFC 8841 section 5.1 proposes
constexpr std::uint32_t kCommonHeaderBytes = 12;
constexpr std::uint32_t kDataHeaderBytes = 16;
constexpr int kBufferBytes = 512 * 1024; // each way, to begin with: half a megabyte a round trip
constexpr int kMostBufferBytes = 4 * 1024 * 1024;

struct sockaddr_conn conn_address(std::uintptr_t address)
{
    struct sockaddr_conn name{};
    name.sconn_family = AF_CONN;
    name.sconn_port = htons(kPort);
    name.sconn_addr = reinterpret_cast<void*>(address);
    return name;
}

/// SCTP pads chunks to four bytes.
std::uint32_t mtu_of(std::uint32_t max_packet_bytes)
{
    return (std::min<std::uint32_t>(max_packet_bytes, 65532) - kCommonHeaderBytes) & ~3U;
}

/// The words of an abort by the peer's user (RFC 9260 section 3.3.10.12), made fit to be shown.
std::string reason_of(ByteView chunk)
{
    constexpr std::size_t kChunkHeader = 4;
    constexpr std::size_t kCauseHeader = 4;
    constexpr unsigned kUserInitiated = 12;
    constexpr unsigned kProtocolViolation = 13;
    if (chunk.size() < kChunkHeader + kCauseHeader)
        return "no reason given";
    const ByteView cause = chunk.subspan(kChunkHeader);
    const unsigned code = cause[0] * 256U + cause[1];
    const std::size_t length = std::min<std::size_t>(cause[2] * 256U + cause[3], cause.size());
    if ((code != kUserInitiated && code != kProtocolViolation) || length <= kCauseHeader)
        return "SCTP error cause " + std::to_string(code);
    std::string text;
    for (const auto byte : cause.subspan(kCauseHeader, std::min<std::size_t>(length - kCauseHeader, 120)))
        text += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '?';
    return text;
}

} // namespace

Socket::Socket(const SocketOptions& options)
    : address_(options.address),
      message_bytes_(mtu_of(options.max_packet_bytes) - kDataHeaderBytes),
      socket_(usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, nullptr, nullptr, 0, nullptr)),
      send_buffer_bytes_(kBufferBytes),
      window_(kBufferBytes)
{
    if (socket_ == nullptr)
        throw Failure(JF_EXHAUSTED, std::string("usrsctp made no socket: ") + std::strerror(errno));
    try {
        configure(options);
    } catch (...) {
        usrsctp_close(socket_);
        throw;
    }
}

Socket::~Socket()
{
    usrsctp_set_upcall(socket_, nullptr, nullptr);
    usrsctp_close(socket_);
}

void Socket::set(int level, int option, const void* value, std::size_t size, const char* what)
{
    if (usrsctp_setsockopt(socket_, level, option, value, static_cast<socklen_t>(size)) != 0)
        throw Failure(JF_INTERNAL, std::string("usrsctp refuses ") + what + ": " + std::strerror(errno));
}

void Socket::configure(const SocketOptions& options)
{
    if (usrsctp_set_non_blocking(socket_, 1) != 0)
        throw Failure(JF_INTERNAL, "usrsctp refuses a socket that does not block");
    usrsctp_set_upcall(socket_, engine_upcall(), reinterpret_cast<void*>(address_));

    const struct linger at_once{1, 0}; // close frees the association instead of waiting for the peer
    set(SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once), "linger");
    set(SOL_SOCKET, SO_SNDBUF, &kBufferBytes, sizeof(kBufferBytes), "the send buffer");
    // What INIT says is where the peer's slow start ends (RFC 9260 section 7.2.1); see hold_back.
    set(SOL_SOCKET, SO_RCVBUF, &kMostBufferBytes, sizeof(kMostBufferBytes), "the receive buffer");

    const std::uint32_t on = 1;
    set(IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof(on), "no delay");
    set(IPPROTO_SCTP, SCTP_RECVRCVINFO, &on, sizeof(on), "receive information");
    const struct sctp_initmsg streams{1, 1, static_cast<std::uint16_t>(options.most_retransmissions), 1000};
    set(IPPROTO_SCTP, SCTP_INITMSG, &streams, sizeof(streams), "one stream");

    // RFC 9260 section 16 would begin with 1 s and never go below it: made for another network and another century.
    struct sctp_rtoinfo timers{};
    timers.srto_initial = 200;
    timers.srto_min = 100;
    timers.srto_max = options.longest_wait_ms;
    set(IPPROTO_SCTP, SCTP_RTOINFO, &timers, sizeof(timers), "the timers");
    const struct sctp_sack_info acknowledge{SCTP_FUTURE_ASSOC, 10, 2};
    set(IPPROTO_SCTP, SCTP_DELAYED_SACK, &acknowledge, sizeof(acknowledge), "early acknowledgements");
    struct sctp_assocparams association{};
    association.sasoc_asocmaxrxt = static_cast<std::uint16_t>(options.most_retransmissions);
    set(IPPROTO_SCTP, SCTP_ASSOCINFO, &association, sizeof(association), "the retransmission limit");

    struct sctp_paddrparams peer{};
    peer.spp_flags = SPP_HB_ENABLE | SPP_PMTUD_DISABLE; // the path says what it carries
    peer.spp_hbinterval = options.heartbeat_ms;
    peer.spp_pathmtu = mtu_of(options.max_packet_bytes);
    peer.spp_pathmaxrxt = static_cast<std::uint16_t>(options.most_retransmissions);
    set(IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &peer, sizeof(peer), "the packet size");

    for (const int type : {SCTP_ASSOC_CHANGE, SCTP_SHUTDOWN_EVENT}) {
        const struct sctp_event event{SCTP_FUTURE_ASSOC, static_cast<std::uint16_t>(type), 1};
        set(IPPROTO_SCTP, SCTP_EVENT, &event, sizeof(event), "an event");
    }
    auto name = conn_address(address_);
    if (usrsctp_bind(socket_, reinterpret_cast<struct sockaddr*>(&name), sizeof(name)) != 0)
        throw Failure(JF_INTERNAL, std::string("usrsctp does not bind: ") + std::strerror(errno));
}

void Socket::connect()
{
    auto name = conn_address(address_);
    if (usrsctp_connect(socket_, reinterpret_cast<struct sockaddr*>(&name), sizeof(name)) != 0 && errno != EINPROGRESS)
        throw Failure(JF_INTERNAL, std::string("usrsctp does not connect: ") + std::strerror(errno));
}

void Socket::hold_back()
{
    usrsctp_setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &kBufferBytes, sizeof(kBufferBytes));
}

void Socket::input(ByteView packet)
{
    // What cannot be ours does not reach the library: too short for a chunk, or for other ports.
    if (packet.size() < kCommonHeaderBytes + 4 || packet.size() > 65535)
        return;
    const auto port_at = [&](std::size_t i) { return packet[i] * 256 + packet[i + 1]; };
    if (port_at(0) != kPort || port_at(2) != kPort)
        return;
    usrsctp_conninput(reinterpret_cast<void*>(address_), packet.data(), packet.size(), 0);
}

Status Socket::send(ByteView message)
{
    return send(message, kDataProtocol);
}

Status Socket::send(ByteView message, std::uint32_t protocol)
{
    struct sctp_sndinfo info{};
    info.snd_ppid = htonl(protocol);
    const ssize_t sent =
        usrsctp_sendv(socket_, message.data(), message.size(), nullptr, 0, &info, sizeof(info), SCTP_SENDV_SNDINFO, 0);
    if (sent >= 0)
        return JF_OK;
    return errno == EWOULDBLOCK || errno == ENOBUFS || errno == ENOMEM ? JF_WOULD_BLOCK : JF_CLOSED;
}

Socket::Way Socket::look() const
{
    struct sctp_status status{};
    socklen_t size = sizeof(status);
    if (usrsctp_getsockopt(socket_, IPPROTO_SCTP, SCTP_STATUS, &status, &size) != 0)
        return {};
    return {status.sstat_primary.spinfo_srtt, status.sstat_primary.spinfo_cwnd};
}

void Socket::note_read(std::size_t bytes, jackfield::Nanoseconds now)
{
    const bool first = read_ == 0 && least_round_trip_ms_ == 0;
    read_ += static_cast<std::uint32_t>(bytes);
    if (!first && read_ < window_.bytes() / 2)
        return;
    // The smallest counts: one that waits behind data would let the window fill a longer queue.
    const std::uint32_t measured = look().round_trip_ms;
    if (measured > 0)
        least_round_trip_ms_ = least_round_trip_ms_ == 0 ? measured : std::min(least_round_trip_ms_, measured);
    if (read_ < window_.bytes() / 2)
        return;
    std::optional<jackfield::Nanoseconds> round_trip;
    if (least_round_trip_ms_ > 0)
        round_trip = std::chrono::milliseconds(least_round_trip_ms_);
    if (window_.read(std::exchange(read_, 0U), now, round_trip, kMostBufferBytes - window_.bytes()) == 0)
        return;
    const auto all = static_cast<int>(window_.bytes());
    usrsctp_setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &all, sizeof(all)); // or it stays as it is
}

bool Socket::grow_send_buffer()
{
    const std::uint64_t twice = std::uint64_t{2} * look().congestion_window;
    const int wanted = static_cast<int>(std::min<std::uint64_t>(twice, kMostBufferBytes));
    // By a quarter or more: each look costs a call.
    if (wanted < send_buffer_bytes_ / 4 * 5)
        return false;
    if (usrsctp_setsockopt(socket_, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof(wanted)) != 0)
        return false;
    send_buffer_bytes_ = wanted;
    return true;
}

Status Socket::end()
{
    constexpr std::uint8_t nothing = 0; // a message of SCTP has at least one byte (RFC 9260 section 3.3.1)
    const Status status = send(ByteView(&nothing, 1), kEndProtocol);
    if (status == JF_OK)
        usrsctp_shutdown(socket_, SHUT_WR);
    return status;
}

void Socket::abort(std::string_view reason)
{
    struct sctp_sndinfo info{};
    info.snd_flags = SCTP_ABORT;
    usrsctp_sendv(socket_, reason.data(), reason.size(), nullptr, 0, &info, sizeof(info), SCTP_SENDV_SNDINFO, 0);
}

Socket::Event Socket::receive(std::span<std::uint8_t> into)
{
    struct sctp_rcvinfo info{};
    socklen_t info_size = sizeof(info);
    unsigned info_type = SCTP_RECVV_NOINFO;
    int flags = 0;
    const ssize_t size =
        usrsctp_recvv(socket_, into.data(), into.size(), nullptr, nullptr, &info, &info_size, &info_type, &flags);
    if (size < 0) {
        if (errno == EWOULDBLOCK || errno == ENOTCONN || errno == EINPROGRESS)
            return {};
        return {Event::Kind::ended, 0, errno == ETIMEDOUT ? JF_TIMEOUT : JF_UNREACHABLE,
                std::string("the SCTP association ended: ") + std::strerror(errno)};
    }
    if (size == 0)
        return {Event::Kind::ended, 0, JF_CLOSED, "the peer ended the stream"};
    const auto count = static_cast<std::size_t>(size);
    if ((flags & MSG_NOTIFICATION) != 0)
        return read_notification({into.data(), count});
    if (info_type == SCTP_RECVV_RCVINFO && ntohl(info.rcv_ppid) == kEndProtocol)
        return {Event::Kind::ended, 0, JF_CLOSED, "the peer ended the stream"};
    if (info_type != SCTP_RECVV_RCVINFO || ntohl(info.rcv_ppid) != kDataProtocol ||
        (info.rcv_flags & SCTP_UNORDERED) != 0)
        return {Event::Kind::ended, 0, JF_BAD_INPUT, "the peer sent a message that does not belong into the stream"};
    return {Event::Kind::data, count, JF_OK, ""};
}

Socket::Event Socket::read_notification(ByteView bytes)
{
    union sctp_notification head{};
    std::memcpy(&head.sn_header, bytes.data(), std::min(bytes.size(), sizeof(head.sn_header)));
    if (head.sn_header.sn_type == SCTP_SHUTDOWN_EVENT)
        return {Event::Kind::ended, 0, JF_CLOSED, "the peer ended the stream"};
    if (head.sn_header.sn_type != SCTP_ASSOC_CHANGE || bytes.size() < sizeof(struct sctp_assoc_change))
        return {};
    struct sctp_assoc_change change{};
    std::memcpy(&change, bytes.data(), sizeof(change));
    switch (change.sac_state) {
    case SCTP_COMM_UP:
        return {Event::Kind::up, 0, JF_OK, ""};
    case SCTP_SHUTDOWN_COMP:
        return {Event::Kind::ended, 0, JF_CLOSED, "the stream was ended"};
    case SCTP_RESTART: // RFC 9260 section 5.2.4: whatever was on its way is lost
        return {Event::Kind::ended, 0, JF_UNREACHABLE, "the peer began anew; what was on its way is lost"};
    default:
        return lost(bytes.subspan(sizeof(change)));
    }
}

Socket::Event Socket::lost(ByteView abort_chunk)
{
    int error = 0;
    socklen_t size = sizeof(error);
    usrsctp_getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == ECONNRESET || error == ECONNREFUSED || (error == 0 && !abort_chunk.empty()))
        return {Event::Kind::ended, 0, JF_REFUSED, "the peer broke the stream off: " + reason_of(abort_chunk)};
    if (!abort_chunk.empty())
        return {Event::Kind::ended, 0, JF_BAD_INPUT, "the peer broke the rules of SCTP: " + reason_of(abort_chunk)};
    return {Event::Kind::ended, 0, JF_TIMEOUT, "the peer acknowledges nothing any more"};
}

} // namespace reliable_usrsctp
