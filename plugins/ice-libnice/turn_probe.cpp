// Comes to one relay as a call would. See turn_probe.hpp.
//
// SIGPIPE: OpenSSL writes without asking; network_look.cpp sees to it that GSocket ignores the signal by then.
#include "turn_probe.hpp"

#include <shared/openssl/failures.hpp>

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <cerrno>
#include <ctime>

namespace jackfield::ice {

namespace {

using namespace std::chrono_literals;

constexpr auto kFirstPause = 200ms; // to the first retransmission over UDP; it doubles
constexpr int kTries = 5;           // 6.2 s in all
constexpr auto kLimit = 6500ms;     // from the first packet to the answer, over whatever it is
constexpr std::size_t kMaxInput = 4 * shared_stun::kMaxMessageBytes;

std::string day_of(const ASN1_TIME* time)
{
    std::tm parts{};
    char text[16];
    if (ASN1_TIME_to_tm(time, &parts) != 1)
        return "?";
    return {text, std::strftime(text, sizeof(text), "%Y-%m-%d", &parts)};
}

} // namespace

TurnProbe::TurnProbe(GlibLoop& loop, Host host, const TurnServer& server, SSL_CTX* context, TurnFacts& facts,
                     std::function<void()> done)
    : loop_(loop), host_(host), server_(server), context_(context), facts_(facts), done_(std::move(done))
{}

void TurnProbe::start(const Endpoint& server)
{
    const bool udp = server_.transport == RelayTransport::udp;
    facts_.stage = RelayStage::connecting;
    began_ns_ = host_.now_ns();
    auto problem = socket_.open(udp ? SOCK_DGRAM : SOCK_STREAM, server.address);
    if (problem.empty())
        problem = socket_.connect(server);
    if (!problem.empty())
        return fail(problem);
    loop_.post_after(kLimit, [weak = weak_from_this()] {
        if (const auto self = weak.lock(); self && self->done_)
            self->finish(); // silence
    });
    if (udp)
        return begin_allocation();
    watch(true);
}

void TurnProbe::watch(bool for_writing)
{
    socket_.watch(loop_.context(), for_writing ? G_IO_OUT : static_cast<GIOCondition>(G_IO_IN | G_IO_ERR),
                  [keep = weak_from_this()] {
                      if (const auto self = keep.lock())
                          self->ready();
                  });
}

void TurnProbe::ready()
{
    if (facts_.stage == RelayStage::connecting)
        connected();
    else if (facts_.stage == RelayStage::handshake)
        shake_hands();
    else if (!unsent_.empty())
        send({});
    else
        read();
}

void TurnProbe::connected()
{
    if (const int error = socket_.error(); error != 0) {
        facts_.refused = error == ECONNREFUSED;
        return fail(words_of(error));
    }
    facts_.connect_ms = ms();
    if (tls())
        begin_tls();
    else
        begin_allocation();
}

/// The certificate must be for that name or address, as tls_tunnel.cpp has it.
void TurnProbe::begin_tls()
{
    facts_.stage = RelayStage::handshake;
    const std::string& name = server_.server_name.empty() ? server_.server.host : server_.server_name;
    ssl_.reset(SSL_new(context_));
    if (ssl_ == nullptr || SSL_set_fd(ssl_.get(), socket_.descriptor()) != 1)
        return fail(shared_openssl::library_text("TLS"));
    X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl_.get());
    if (IpAddress::parse(name)) {
        X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str());
    } else {
        X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        X509_VERIFY_PARAM_set1_host(wanted, name.c_str(), name.size());
        SSL_set_tlsext_host_name(ssl_.get(), name.c_str());
    }
    // Looked at even when it is refused, for what it says of its time.
    SSL_set_app_data(ssl_.get(), this);
    SSL_set_verify(ssl_.get(), SSL_VERIFY_PEER, [](int accepted, X509_STORE_CTX* store) {
        auto* const ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
        auto& self = *static_cast<TurnProbe*>(SSL_get_app_data(ssl));
        X509* const certificate = X509_STORE_CTX_get_current_cert(store);
        if (certificate != nullptr && (X509_STORE_CTX_get_error_depth(store) == 0 || accepted == 0))
            self.facts_.certificate_valid =
                day_of(X509_get0_notBefore(certificate)) + " .. " + day_of(X509_get0_notAfter(certificate));
        return accepted;
    });
    SSL_set_connect_state(ssl_.get());
    shake_hands();
}

void TurnProbe::shake_hands()
{
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    const int error = SSL_get_error(ssl_.get(), result);
    if (result == 1) {
        facts_.handshake_ms = ms() - facts_.connect_ms;
        return begin_allocation();
    }
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return watch(error == SSL_ERROR_WANT_WRITE);
    facts_.certificate_error = SSL_get_verify_result(ssl_.get());
    if (facts_.certificate_error != X509_V_OK)
        fail(X509_verify_cert_error_string(facts_.certificate_error));
    else
        fail(ERR_peek_error() == 0 ? "the connection has ended in the handshake" : shared_openssl::library_text("TLS"));
}

void TurnProbe::begin_allocation()
{
    facts_.stage = RelayStage::allocating;
    allocation_.emplace(server_.username, server_.password,
                        [host = host_](std::span<std::uint8_t> out) { host.random(out); });
    watch(false);
    ask();
}

/// Over UDP again and again, until something comes.
void TurnProbe::ask()
{
    send(allocation_->request());
    if (!done_ || server_.transport != RelayTransport::udp)
        return;
    const auto pause = kFirstPause * (1 << std::min(tries_, kTries));
    loop_.post_after(pause, [weak = weak_from_this(), round = ++round_] {
        const auto self = weak.lock();
        if (!self || !self->done_ || self->round_ != round)
            return;
        if (++self->tries_ < kTries)
            self->ask();
        else
            self->finish();
    });
}

void TurnProbe::send(const Bytes& bytes)
{
    unsent_.insert(unsent_.end(), bytes.begin(), bytes.end());
    while (!unsent_.empty()) {
        ERR_clear_error();
        const auto sent = tls() ? SSL_write(ssl_.get(), unsent_.data(), static_cast<int>(unsent_.size()))
                                : ::send(socket_.descriptor(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
        const bool wait =
            tls() ? SSL_get_error(ssl_.get(), static_cast<int>(sent)) == SSL_ERROR_WANT_WRITE : errno == EAGAIN;
        if (sent <= 0 && wait)
            return watch(true);
        if (sent <= 0) { // an earlier datagram has come back, or the connection has gone
            facts_.refused = !tls() && errno == ECONNREFUSED;
            return fail(tls() ? "the connection has ended" : words_of(errno));
        }
        unsent_.erase(unsent_.begin(), unsent_.begin() + sent);
    }
    watch(false);
}

void TurnProbe::read()
{
    std::array<std::uint8_t, shared_stun::kMaxMessageBytes> buffer;
    while (done_) {
        ERR_clear_error();
        const auto got = tls() ? SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()))
                               : ::recv(socket_.descriptor(), buffer.data(), buffer.size(), 0);
        if (got <= 0) {
            const bool wait = tls() ? SSL_get_error(ssl_.get(), static_cast<int>(got)) == SSL_ERROR_WANT_READ
                                    : got < 0 && errno == EAGAIN;
            if (wait)
                return;
            facts_.refused = got < 0 && !tls() && errno == ECONNREFUSED;
            return fail(got < 0 && !tls() ? words_of(errno) : "it has closed the connection");
        }
        const ByteView bytes(buffer.data(), static_cast<std::size_t>(got));
        if (server_.transport == RelayTransport::udp) {
            take(bytes);
            continue;
        }
        input_.insert(input_.end(), bytes.begin(), bytes.end());
        while (done_ && input_.size() >= shared_stun::kHeaderBytes) { // RFC 8656 section 12.5: messages have a length
            const std::size_t size = shared_stun::kHeaderBytes + (std::size_t{input_[2]} << 8 | input_[3]);
            if (size > kMaxInput)
                return fail("what it says is no TURN");
            if (input_.size() < size)
                break;
            const Bytes message(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(size));
            input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(size));
            take(message);
        }
    }
}

void TurnProbe::take(ByteView packet)
{
    if (!allocation_->receive(packet))
        return;
    facts_.problem.clear();
    if (!allocation_->answer()) {
        tries_ = 0;
        return ask();
    }
    facts_.answer = allocation_->answer();
    facts_.allocate_ms = ms() - facts_.connect_ms - facts_.handshake_ms;
    if (facts_.works())
        facts_.stage = RelayStage::granted;
    finish();
}

void TurnProbe::fail(std::string problem)
{
    facts_.problem = std::move(problem);
    finish();
}

void TurnProbe::finish()
{
    const auto done = std::exchange(done_, {});
    if (facts_.works()) { // what we do not use others can have
        const Bytes goodbye = allocation_->farewell();
        if (tls())
            SSL_write(ssl_.get(), goodbye.data(), static_cast<int>(goodbye.size()));
        else
            ::send(socket_.descriptor(), goodbye.data(), goodbye.size(), MSG_NOSIGNAL);
    }
    socket_.close();
    if (done)
        done();
}

void TurnProbe::end()
{
    done_ = {};
    finish();
}

} // namespace jackfield::ice
