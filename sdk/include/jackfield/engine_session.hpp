// A secure_channel session around a SecureEngine: threads, timers, order of events, backpressure and closing are here
// once for every TLS library.
//
// Threads: bytes from below arrive on the path's thread; sends come from any thread; the rest is control. One mutex
// guards the engine. It is held across `send` of the path below, never across a receiver, open or close (path.h).
// Lifetime: made by SecureChannel::open, destroyed by release; tasks and timers end with it.
#pragma once

#include <jackfield/output_queue.hpp>
#include <jackfield/secure_engine.hpp>

namespace jackfield {

class EngineSession final : public SecureSession, private EngineOutput {
public:
    /// What may wait for the secured path to be opened. A stream that brings more ends with JF_EXHAUSTED.
    static constexpr std::size_t kEarlyBytes = 1024 * 1024;
    /// What may wait, encrypted, for the path below to take it.
    static constexpr std::size_t kStreamBacklogBytes = 192 * 1024;
    static constexpr std::size_t kDatagramBacklogBytes = 128 * 1024;
    static constexpr std::size_t kRecordBytes = 16384; // RFC 8446 section 5.1
    static constexpr std::size_t kSmallestDatagram = 512;

    /// Throws JF_UNSUPPORTED for a path that is neither a stream nor carries datagrams of a useful size.
    EngineSession(Host host, Path below, SecureListener listener, Nanoseconds handshake_timeout)
        : scope_(host),
          listener_(listener),
          below_(below),
          below_info_(below.describe()),
          timeout_(handshake_timeout),
          out_(datagrams(), datagrams() ? kDatagramBacklogBytes : kStreamBacklogBytes),
          gate_(kEarlyBytes),
          deadline_(host),
          retransmission_(host)
    {
        if (below_info_.kind != JF_STREAM && below_info_.kind != JF_DATAGRAM)
            throw Failure(JF_UNSUPPORTED, "the path below is neither a stream nor datagrams");
        if (below_info_.max_datagram_bytes < kSmallestDatagram)
            throw Failure(JF_UNSUPPORTED, "the path below carries " + std::to_string(below_info_.max_datagram_bytes) +
                                              " bytes at once; a handshake needs 512");
    }
    ~EngineSession() override
    {
        scope_.end();
        close();
    }

    EngineOutput& output_of_engine() { return *this; }
    bool datagrams() const { return below_info_.kind == JF_DATAGRAM; }
    std::uint32_t max_datagram_bytes() const { return below_info_.max_datagram_bytes; }

    /// Opens the path below and begins. Throws Failure if that path cannot be opened. [control]
    void start(std::unique_ptr<SecureEngine> engine)
    {
        engine_ = std::move(engine);
        deadline_.start(timeout_, [this] { give_up(); });
        below_.open(below_receiver_);
        below_open_ = true;
        {
            const std::lock_guard lock(mutex_);
            if (phase_ == Phase::handshake)
                advance(engine_->handshake());
        }
    }

    Bytes export_key_material(std::string_view label, ByteView context, std::size_t size) override
    {
        const std::lock_guard lock(mutex_);
        if (!was_secured_)
            throw Failure(JF_WOULD_BLOCK, "no key material before the channel is secured");
        if (size == 0 || size > kMostKeyMaterial || context.size() > kMostKeyMaterial)
            throw Failure(JF_BAD_INPUT, "key material: 1 to 4096 bytes, context up to 4096");
        return engine_->export_key_material(label, context, size);
    }

private:
    enum class Phase { handshake, secured, over };
    static constexpr std::size_t kMostKeyMaterial = 4096;
    static constexpr std::size_t kAlertReserve = 2048; // room that application data leaves for alerts and key updates

    struct BelowReceiver final : PathReceiver {
        explicit BelowReceiver(EngineSession& owner) : session(owner) {}
        void received(const jf_packet& packet) noexcept override { session.receive(packet); }
        void writable() noexcept override { session.resume(); }
        void closed(Status status, std::string_view text) noexcept override { session.lost(status, text); }
        EngineSession& session;
    };

    struct SecuredPath final : PathBase {
        explicit SecuredPath(EngineSession& owner) : session(owner) {}
        jf_path_info describe() const noexcept override { return session.above_info_; }
        void open(jf_path_receiver receiver) override { session.gate_.open(receiver); }
        Status send(std::span<const jf_bytes> parts) noexcept override { return session.send(parts); }
        void close() noexcept override { session.close(); }
        EngineSession& session;
    };

    // ---- handshake ----

    /// Bytes of the peer. [the thread of the path below]
    void receive(const jf_packet& packet) noexcept
    {
        if (packet.bytes.size == 0)
            return;
        {
            const std::lock_guard lock(mutex_);
            if (phase_ == Phase::over)
                return;
            engine_->feed(view(packet.bytes));
            if (phase_ == Phase::handshake)
                advance(engine_->handshake());
            if (phase_ != Phase::secured)
                return;
        }
        read_all(packet);
    }

    /// What follows from one step of the handshake. Lock held.
    void advance(HandshakeProgress progress)
    {
        if (progress == HandshakeProgress::done)
            become_secured();
        flush();
        if (progress == HandshakeProgress::failed)
            end(engine_->failure());
        else if (progress == HandshakeProgress::more && datagrams())
            scope_.post([this] { wait_for_answer(); });
    }

    void become_secured()
    {
        phase_ = Phase::secured;
        was_secured_ = true;
        const auto overhead = static_cast<std::uint32_t>(engine_->record_overhead());
        above_info_ = {sizeof(jf_path_info), below_info_.kind,
                       JF_STREAM_SEND_MAX,   below_info_.overhead_bytes + overhead,
                       below_info_.reliable, 1};
        if (datagrams())
            above_info_.max_datagram_bytes = std::min(below_info_.max_datagram_bytes - overhead,
                                                      static_cast<std::uint32_t>(engine_->largest_content()));
        scope_.post([this, info = engine_->info()] {
            stop_timers();
            listener_.secured(above_, info);
        });
    }

    /// Sets the retransmission timer as the engine wishes. [control]
    void wait_for_answer()
    {
        std::optional<Nanoseconds> delay;
        {
            const std::lock_guard lock(mutex_);
            if (phase_ == Phase::handshake)
                delay = engine_->retransmit_in();
        }
        if (delay)
            retransmission_.start(*delay, [this] { retransmit(); });
        else
            retransmission_.cancel();
    }

    void retransmit()
    {
        const std::lock_guard lock(mutex_);
        if (phase_ == Phase::handshake)
            advance(engine_->retransmit());
    }

    /// The time for the handshake is over. [control]
    void give_up()
    {
        const std::lock_guard lock(mutex_);
        if (phase_ != Phase::handshake)
            return;
        const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(timeout_).count();
        end(make_error(JF_TIMEOUT, "no handshake within " + std::to_string(milliseconds) + " ms"));
    }

    void stop_timers()
    {
        deadline_.cancel();
        retransmission_.cancel();
    }

    // ---- from the peer to the receiver above ----

    /// Decrypts record by record and hands each up without the lock. [the thread of the path below]
    void read_all(const jf_packet& packet) noexcept
    {
        for (;;) {
            EngineRead read{EngineRead::Kind::more};
            jf_error failure = no_error();
            {
                const std::lock_guard lock(mutex_);
                if (phase_ != Phase::secured)
                    return;
                read = engine_->read(plain_);
                if (read.kind == EngineRead::Kind::ended)
                    engine_->close_notify();
                else if (read.kind == EngineRead::Kind::failed)
                    failure = engine_->failure();
                flush();
                if (read.kind == EngineRead::Kind::ended || read.kind == EngineRead::Kind::failed)
                    phase_ = Phase::over;
            }
            switch (read.kind) {
            case EngineRead::Kind::data:
                hand_up(packet, read.size);
                break;
            case EngineRead::Kind::more:
                return;
            case EngineRead::Kind::ended:
                return gate_.ended(JF_CLOSED, "the peer closed the secure channel");
            case EngineRead::Kind::failed:
                return gate_.ended(failure.status, failure.text);
            }
        }
    }

    void hand_up(const jf_packet& packet, std::size_t size) noexcept
    {
        const Status status = gate_.deliver(make_packet({plain_.data(), size}, packet.arrival_ns, packet.ecn));
        if (status != JF_EXHAUSTED || datagrams()) // datagrams nobody waits for may be lost, a stream may not
            return;
        {
            const std::lock_guard lock(mutex_);
            phase_ = Phase::over;
        }
        gate_.ended(JF_EXHAUSTED, "the peer sent more than 1 MiB before the secured path was opened");
    }

    /// The path below ended by itself. [its thread]
    void lost(Status status, std::string_view text) noexcept
    {
        {
            const std::lock_guard lock(mutex_);
            if (phase_ == Phase::handshake)
                end(make_error(status, "the path ended during the handshake: " + std::string(text)));
            if (phase_ != Phase::secured)
                return;
            phase_ = Phase::over;
        }
        // RFC 8446 section 6.1: an end without close_notify may be an attacker's cut, so it is not an orderly one.
        if (status == JF_CLOSED && !datagrams())
            gate_.ended(JF_UNREACHABLE, "truncated: the stream ended without the peer's close_notify");
        else
            gate_.ended(status, text);
    }

    // ---- from above to the peer ----

    Status send(std::span<const jf_bytes> parts) noexcept
    {
        const std::size_t size = total_size(parts);
        if (size > above_info_.max_datagram_bytes || (size == 0 && datagrams()))
            return JF_BAD_INPUT;
        const std::lock_guard lock(mutex_);
        if (phase_ != Phase::secured)
            return JF_CLOSED;
        if (size == 0)
            return JF_OK;
        flush();
        if (refused_ || !has_room(size)) { // once one was refused, smaller ones do not overtake it
            refused_ = true;
            return JF_WOULD_BLOCK;
        }
        Status status = encrypt(parts);
        if (status == JF_OK)
            status = flush();
        else
            end(make_error(status, status == JF_EXHAUSTED ? "the keys have sealed as many records as they are good for"
                                                          : "the library could not encrypt"));
        return phase_ == Phase::secured || datagrams() ? status : JF_CLOSED;
    }

    /// What was taken is never given back, so there must be room for all of it before the first record.
    bool has_room(std::size_t size) const
    {
        if (datagrams())
            return out_.empty();
        const std::size_t records = 2 + size / kRecordBytes;
        return out_.has_room(size + records * (engine_->record_overhead() + sizeof(std::uint32_t)) + kAlertReserve);
    }

    /// Makes full records out of small parts.
    Status encrypt(std::span<const jf_bytes> parts)
    {
        if (parts.size() == 1)
            return engine_->write(view(parts[0]));
        std::size_t staged = 0;
        for (const auto& part : parts) {
            for (std::size_t taken = 0; taken < part.size;) {
                const std::size_t piece = std::min(part.size - taken, stage_.size() - staged);
                std::memcpy(stage_.data() + staged, part.data + taken, piece);
                taken += piece;
                staged += piece;
                if (staged < stage_.size())
                    continue;
                if (const Status status = engine_->write(stage_); status != JF_OK)
                    return status;
                staged = 0;
            }
        }
        return staged == 0 ? JF_OK : engine_->write(ByteView(stage_).first(staged));
    }

    /// From the engine. Lock held.
    void output(ByteView bytes) noexcept override
    {
        if (!out_.push(bytes) && !datagrams())
            overflow_ = true;
    }

    /// Gives the path below what it takes. JF_OK also if some must wait for it. Lock held.
    Status flush() noexcept
    {
        Status result = JF_OK;
        while (!out_.empty()) {
            const ByteView piece = out_.front(below_info_.max_datagram_bytes);
            const Status status = below_.send(piece);
            if (status == JF_WOULD_BLOCK)
                break;
            if (status != JF_OK) {
                result = status;
                if (!datagrams()) {
                    out_.clear();
                    end_below(status);
                    return result;
                }
            }
            out_.pop(piece.size());
        }
        if (overflow_)
            end(make_error(JF_EXHAUSTED, "the path below takes nothing, and too much waits for it"));
        return result;
    }

    /// The path below takes bytes again. [its thread]
    void resume() noexcept
    {
        bool tell = false;
        {
            const std::lock_guard lock(mutex_);
            if (phase_ == Phase::over)
                return;
            flush();
            if (phase_ == Phase::secured && refused_ && has_room(JF_STREAM_SEND_MAX))
                tell = std::exchange(refused_, false);
        }
        if (tell)
            gate_.writable();
    }

    // ---- the end ----

    /// A stream below that refuses bytes for good. If it is closed its own event follows and tells more.
    void end_below(Status status)
    {
        if (status != JF_CLOSED)
            end(make_error(status, "the path below refused encrypted bytes"));
    }

    /// Ends by itself; the event is posted, so this may be called inside send. Lock held.
    void end(const jf_error& error)
    {
        const Phase before = std::exchange(phase_, Phase::over);
        if (before == Phase::over)
            return;
        scope_.post([this, before, error] {
            stop_timers();
            if (before == Phase::handshake)
                listener_.failed(error.status, error.text);
            else
                gate_.ended(error.status, error.text);
        });
    }

    /// In order: close_notify, then the path below. Idempotent. [control]
    void close() noexcept
    {
        {
            const std::lock_guard lock(mutex_);
            if (phase_ == Phase::secured) {
                engine_->close_notify();
                flush();
            }
            phase_ = Phase::over;
        }
        gate_.shut();
        if (std::exchange(below_open_, false))
            below_.close();
    }

    Scope scope_;
    SecureListener listener_;
    Path below_;
    jf_path_info below_info_;
    Nanoseconds timeout_;
    bool below_open_ = false; // [control]

    std::mutex mutex_; // guards from here to `stage_`
    Phase phase_ = Phase::handshake;
    std::unique_ptr<SecureEngine> engine_;
    OutputQueue out_;
    bool refused_ = false;  // a send was answered JF_WOULD_BLOCK: writable is owed
    bool overflow_ = false; // the engine had more to say than may wait
    bool was_secured_ = false;
    Bytes stage_ = Bytes(kRecordBytes);

    Bytes plain_ = Bytes(kRecordBytes); // [the thread of the path below]
    jf_path_info above_info_{};         // written once before the path is handed out
    ReceiverGate gate_;
    BelowReceiver below_receiver_{*this};
    SecuredPath above_{*this};
    Timer deadline_; // [control]
    Timer retransmission_;
};

} // namespace jackfield
