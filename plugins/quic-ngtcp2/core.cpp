// How a connection begins and how it ends. See core.hpp.
#include "core.hpp"

#include "only_path.hpp"

#include <shared/gnutls/failures.hpp>
#include <shared/mux/outlet.hpp>

#include <netinet/in.h>

namespace quic_ngtcp2 {

using jackfield::Failure;

namespace {

constexpr std::size_t kSmallestMtu = 1200;       // RFC 9000 section 14
constexpr std::size_t kMostKeyMaterial = 4096;   // of one export
constexpr std::size_t kArrivalBytes = 64 * 1024; // reserved; more only when a lost packet had held much back
constexpr std::size_t kFirstIdBytes = 18;        // RFC 9000 section 7.2 wants 8 at least

ngtcp2_cc_algo algorithm_of(Congestion congestion)
{
    switch (congestion) {
    case Congestion::reno:
        return NGTCP2_CC_ALGO_RENO;
    case Congestion::bbr2:
        return NGTCP2_CC_ALGO_BBR2;
    default:
        return NGTCP2_CC_ALGO_CUBIC;
    }
}

ngtcp2_cid random_id(const jackfield::Host& host, std::size_t size)
{
    ngtcp2_cid id{};
    id.datalen = size;
    host.random({id.data, size});
    return id;
}

} // namespace

/// ngtcp2 wants addresses; these are always the same.
const ngtcp2_path& only_path()
{
    static sockaddr_in here{AF_INET, 1, {}, {}};
    static sockaddr_in there{AF_INET, 2, {}, {}};
    static const ngtcp2_path path{{reinterpret_cast<ngtcp2_sockaddr*>(&here), sizeof(here)},
                                  {reinterpret_cast<ngtcp2_sockaddr*>(&there), sizeof(there)},
                                  nullptr};
    return path;
}

Core::Core(jackfield::Host host, jackfield::Path below, bool client, const Engine& engine,
           shared_tls::CheckPeer check_peer, jackfield::SecureListener listener, const Options& options)
    : below_(below),
      below_info_(below.describe()),
      client_(client),
      engine_(engine),
      check_peer_(std::move(check_peer)),
      listener_(listener),
      options_(options),
      mtu_(std::min<std::size_t>(options.mtu_bytes, below_info_.max_datagram_bytes)),
      scope_(host),
      reference_{&Core::connection_of, this},
      secured_(std::make_shared<Stream>(-1, Stream::State::open, JF_DATAGRAM, kSecuredFlow, options.window_bytes)),
      datagrams_(mtu_),
      deadline_(host),
      timer_(host)
{
    if (below_info_.kind != JF_DATAGRAM)
        throw Failure(JF_UNSUPPORTED, "QUIC goes over datagrams; this path is a stream");
    if (below_info_.max_datagram_bytes < kSmallestMtu)
        throw Failure(JF_UNSUPPORTED, "the path below carries " + std::to_string(below_info_.max_datagram_bytes) +
                                          " bytes at once; QUIC needs 1200");
    for (Arrivals* arrivals : {&arrivals_, &handing_up_}) {
        arrivals->list.reserve(64);
        arrivals->bytes.reserve(kArrivalBytes);
    }
    flows_[kSecuredFlow] = secured_;
}

Core::~Core()
{
    ngtcp2_conn_del(connection_);
}

// ---- the beginning ----

void Core::start(jackfield::PathBase& above)
{
    above_ = &above;
    const auto timeout = std::chrono::milliseconds(options_.handshake_timeout_ms);
    deadline_.start(timeout, [this] { give_up(); });
    if (client_) {
        const Lock lock(mutex_);
        make_connection(nullptr);
    }
    below_.open(*this);
    below_open_ = true;
    const Lock lock(mutex_);
    pump(lock);
}

/// A client's first packet begins the connection of a server; anything else counts as lost.
bool Core::let_in(ByteView datagram)
{
    ngtcp2_pkt_hd hello{};
    if (ngtcp2_accept(&hello, datagram.data(), datagram.size()) != 0)
        return false;
    make_connection(&hello);
    return true;
}

ngtcp2_transport_params Core::transport_parameters(const ngtcp2_pkt_hd* hello) const
{
    ngtcp2_transport_params ours{};
    ngtcp2_transport_params_default(&ours);
    ours.initial_max_stream_data_bidi_local = options_.window_bytes;
    ours.initial_max_stream_data_bidi_remote = options_.window_bytes;
    // Credit of the connection is given back at once, so no channel takes another's; what may wait is the channels'
    // sum.
    ours.initial_max_data = std::uint64_t{options_.window_bytes} * 4;
    ours.initial_max_streams_bidi = options_.max_channels;
    ours.max_idle_timeout = std::uint64_t{options_.idle_timeout_ms} * NGTCP2_MILLISECONDS;
    ours.max_datagram_frame_size = 65'535;
    ours.disable_active_migration = 1; // one path, whatever happens to it below
    if (hello != nullptr)
        ours.original_dcid = hello->dcid;
    return ours;
}

/// hello: the client's; none if we are the client. Throws Failure.
void Core::make_connection(const ngtcp2_pkt_hd* hello)
{
    ngtcp2_settings settings{};
    ngtcp2_settings_default(&settings);
    settings.cc_algo = algorithm_of(options_.congestion);
    settings.initial_ts = now();
    // RFC 9002 section 6.2.2: the first timer runs for three times the round trip that is assumed.
    settings.initial_rtt = std::uint64_t{options_.retransmit_ms} * NGTCP2_MILLISECONDS / 3;
    settings.max_tx_udp_payload_size = mtu_;
    settings.no_tx_udp_payload_size_shaping = 1;
    settings.no_pmtud = 1;
    settings.handshake_timeout = UINT64_MAX; // we have a deadline
    // A window that is read in less than four round trips is doubled. What nobody reads yields no credit, so its window
    // stays; that of the connection bounds what packets out of order make us keep.
    settings.max_stream_window = options_.max_window_bytes;
    settings.max_window =
        std::max(std::uint64_t{options_.max_window_bytes} * 2, std::uint64_t{options_.window_bytes} * 4);

    const ngtcp2_transport_params ours = transport_parameters(hello);
    const ngtcp2_callbacks called = callbacks();
    const ngtcp2_cid no_id{}; // a path has one connection, so packets need not name it
    tls_ = engine_.make_session(client_, &reference_);
    int code = 0;
    if (client_) {
        const ngtcp2_cid first = random_id(scope_.host(), kFirstIdBytes);
        code = ngtcp2_conn_client_new(&connection_, &first, &no_id, &only_path(), NGTCP2_PROTO_VER_V1, &called,
                                      &settings, &ours, nullptr, this);
    } else {
        code = ngtcp2_conn_server_new(&connection_, &hello->scid, &no_id, &only_path(), hello->version, &called,
                                      &settings, &ours, nullptr, this);
    }
    if (code != 0)
        throw Failure(JF_INTERNAL, std::string("ngtcp2: ") + ngtcp2_strerror(code));
    ngtcp2_conn_set_tls_native_handle(connection_, tls_.get());
    ngtcp2_conn_set_keep_alive_timeout(connection_, std::uint64_t{options_.idle_timeout_ms} * NGTCP2_MILLISECONDS / 3);
}

int Core::verify(gnutls_session_t session)
{
    Core& core = of(static_cast<ngtcp2_crypto_conn_ref*>(gnutls_session_get_ptr(session))->user_data);
    jf_error error = jackfield::no_error();
    const auto status = jackfield::guarded(&error, [&] {
        core.peer_ = core.check_peer_(shared_gnutls::peer_chain_pem(session));
        core.checked_ = true;
    });
    if (status == JF_OK)
        return 0;
    core.refusal_ = error;
    return GNUTLS_E_CERTIFICATE_ERROR; // the peer gets the alert bad_certificate
}

/// The second lock on the door: without the identity's yes nothing is reported, whatever the library concluded. Lock
/// held.
void Core::handshake_done()
{
    if (!checked_)
        throw Failure(JF_UNAUTHENTICATED, "the peer's chain was not checked");
    if (!speaks_our_protocol(tls_.get()))
        throw Failure(JF_UNSUPPORTED, "the peer does not speak " + std::string(kProtocol));
    phase_ = Phase::secured;
    was_secured_ = true;
    jackfield::SecureInfo info;
    info.protocol = "QUIC 1 (TLS 1.3)";
    const char* cipher = gnutls_ciphersuite_get(tls_.get());
    info.cipher = cipher != nullptr ? cipher : "";
    info.group = shared_gnutls::group_name(tls_.get());
    info.peer = peer_;
    scope_.post([this, info = std::move(info)] {
        deadline_.cancel();
        listener_.secured(*above_, info);
    });
}

jackfield::Bytes Core::export_key_material(std::string_view label, ByteView context, std::size_t size)
{
    const Lock lock(mutex_);
    if (!was_secured_)
        throw Failure(JF_WOULD_BLOCK, "no key material before the channel is secured");
    if (size == 0 || size > kMostKeyMaterial || context.size() > kMostKeyMaterial)
        throw Failure(JF_BAD_INPUT, "key material: 1 to 4096 bytes, context up to 4096");
    return shared_gnutls::export_key_material(tls_.get(), label, context, size);
}

// ---- the end ----

/// Ends by itself; all hear of it on control. Nothing is said to the peer.
void Core::end(jackfield::Status status, std::string_view text, const Lock&)
{
    const Phase before = std::exchange(phase_, Phase::over);
    if (before == Phase::over)
        return;
    scope_.post([this, was_secured = before == Phase::secured, error = jackfield::make_error(status, text)] {
        end_all(was_secured, error);
    });
}

void Core::end_with(const ngtcp2_connection_close_error& told, jackfield::Status status, std::string_view text,
                    const Lock& lock)
{
    if (phase_ != Phase::over)
        say_goodbye(told);
    end(status, text, lock);
}

/// CONNECTION_CLOSE, once: one that is lost is made up for by the peer's idle timeout.
void Core::say_goodbye(const ngtcp2_connection_close_error& told)
{
    if (connection_ == nullptr)
        return;
    ngtcp2_pkt_info info{};
    const ngtcp2_ssize size =
        ngtcp2_conn_write_connection_close(connection_, nullptr, &info, packet_.data(), mtu_, &told, now());
    if (size > 0)
        below_.send(ByteView(packet_.data(), static_cast<std::size_t>(size)));
}

/// [control]
void Core::end_all(bool was_secured, const jf_error& error)
{
    deadline_.cancel();
    timer_.cancel();
    if (!was_secured)
        return listener_.failed(error.status, error.text);
    std::map<std::int64_t, std::shared_ptr<Stream>> streams;
    {
        const Lock lock(mutex_);
        streams.swap(streams_);
        flows_.clear();
    }
    pings_.clear();
    shared_mux::end_streams(streams, error.status, error.text);
    secured_->gate.ended(error.status, error.text);
    if (mux_listener_)
        mux_listener_->closed(error.status, error.text);
}

/// The time for the handshake is over. [control]
void Core::give_up()
{
    const Lock lock(mutex_);
    if (phase_ == Phase::handshake)
        end(JF_TIMEOUT, "no handshake within " + std::to_string(options_.handshake_timeout_ms) + " ms", lock);
}

/// In order. Idempotent. [control]
void Core::shut()
{
    scope_.end();
    deadline_.cancel();
    timer_.cancel();
    std::map<std::int64_t, std::shared_ptr<Stream>> streams;
    {
        const Lock lock(mutex_);
        if (phase_ == Phase::secured) {
            ngtcp2_connection_close_error told{};
            ngtcp2_connection_close_error_set_application_error(&told, static_cast<std::uint64_t>(Code::in_order),
                                                                nullptr, 0);
            say_goodbye(told);
        }
        phase_ = Phase::over;
        streams.swap(streams_);
        flows_.clear();
    }
    pings_.clear();
    shared_mux::shut_streams(streams);
    secured_->gate.shut();
    if (std::exchange(below_open_, false))
        below_.close();
}

} // namespace quic_ngtcp2
