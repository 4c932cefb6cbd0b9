// Paths from both sides: use one (Path, PathReceiver), make one (PathBase with a ReceiverGate).
//
// Threads: send and describe on any thread; open and close on the control thread; receivers on the path's own thread.
// Lifetime: a Path is a view; whoever yields it keeps it alive (see <jackfield/abi/path.h>).
#pragma once

#include <jackfield/abi/path.h>
#include <jackfield/basic.hpp>

#include <atomic>
#include <deque>
#include <mutex>
#include <optional>

namespace jackfield {

/// Takes what arrives on a path. Derive, and hand it to Path::open; it must outlive the path or its close.
class PathReceiver {
public:
    virtual ~PathReceiver() = default;

    virtual void received(const jf_packet& packet) noexcept = 0;
    virtual void writable() noexcept {}
    virtual void closed(Status status, std::string_view text) noexcept = 0;

    jf_path_receiver handle()
    {
        static constexpr jf_path_receiver_methods methods{
            sizeof(jf_path_receiver_methods), 0,
            [](void* self, const jf_packet* packet) { static_cast<PathReceiver*>(self)->received(*packet); },
            [](void* self) { static_cast<PathReceiver*>(self)->writable(); },
            [](void* self, Status status, const jf_error* error) {
                static_cast<PathReceiver*>(self)->closed(status, error != nullptr ? error->text : "");
            }};
        return {&methods, this};
    }
};

/// A path somebody else made.
class Path {
public:
    Path() = default;
    explicit Path(jf_path raw) : raw_(raw) {}

    jf_path_info describe() const
    {
        jf_path_info info{};
        info.struct_size = sizeof(info);
        raw_.methods->describe(raw_.self, &info);
        return info;
    }

    bool is_stream() const { return describe().kind == JF_STREAM; }

    /// Throws Failure.
    void open(PathReceiver& receiver) const
    {
        jf_error error = no_error();
        check(raw_.methods->open(raw_.self, receiver.handle(), &error), error);
    }

    Status send(std::span<const jf_bytes> parts) const noexcept
    {
        return raw_.methods->send(raw_.self, parts.data(), parts.size());
    }

    Status send(ByteView bytes) const noexcept
    {
        const jf_bytes part = to_bytes(bytes);
        return raw_.methods->send(raw_.self, &part, 1);
    }

    void close() const noexcept { raw_.methods->close(raw_.self); }

    explicit operator bool() const { return raw_.methods != nullptr; }
    jf_path raw() const { return raw_; }

private:
    jf_path raw_{nullptr, nullptr};
};

/// Derive from it to make a path.
class PathBase {
public:
    virtual ~PathBase() = default;

    virtual jf_path_info describe() const noexcept = 0;                ///< [any]
    virtual void open(jf_path_receiver receiver) = 0;                  ///< [control] may throw Failure
    virtual Status send(std::span<const jf_bytes> parts) noexcept = 0; ///< [any]
    virtual void close() noexcept = 0;                                 ///< [control] idempotent

    jf_path handle()
    {
        static constexpr jf_path_methods methods{
            sizeof(jf_path_methods),
            0,
            [](void* self, jf_path_info* info) {
                const jf_path_info ours = static_cast<PathBase*>(self)->describe();
                const auto size = std::min<std::size_t>(info->struct_size, sizeof(ours));
                const auto keep = info->struct_size;
                std::memcpy(info, &ours, size);
                info->struct_size = keep;
            },
            [](void* self, jf_path_receiver receiver, jf_error* error) {
                return guarded(error, [&] { static_cast<PathBase*>(self)->open(receiver); });
            },
            [](void* self, const jf_bytes* parts, std::size_t count) {
                return static_cast<PathBase*>(self)->send({parts, count});
            },
            [](void* self) { static_cast<PathBase*>(self)->close(); }};
        return {&methods, this};
    }
};

/// The receiving half of a path that one makes. It keeps the promises of <jackfield/abi/path.h> for its owner:
/// receiver calls never overlap, what arrives before `open` waits (up to a stated number of bytes), nothing is called
/// after `shut`, `closed` comes once and last.
/// Call no method of it but `over` while holding a lock that the receiver's `send` could want, nor from inside `send`
/// (a receiver may be sending): post `ended` and `writable` instead.
class ReceiverGate {
public:
    /// early_bytes: how much may wait for `open`; more makes deliver answer JF_EXHAUSTED.
    explicit ReceiverGate(std::size_t early_bytes = 256 * 1024) : early_limit_(early_bytes) {}

    /// Throws JF_BUSY if it was opened before, JF_CLOSED if it is shut.
    void open(jf_path_receiver receiver)
    {
        const std::lock_guard lock(mutex_);
        if (shut_)
            throw Failure(JF_CLOSED, "the path is closed");
        if (receiver_)
            throw Failure(JF_BUSY, "the path is open already");
        receiver_ = receiver;
        for (const auto& packet : early_)
            hand_up(as_packet(packet));
        early_.clear();
        early_bytes_ = 0;
        if (end_)
            receiver.methods->closed(receiver.self, end_->status, &*end_);
    }

    /// JF_OK, or JF_EXHAUSTED if it is not open and too much waits, or JF_CLOSED.
    Status deliver(const jf_packet& packet)
    {
        const std::lock_guard lock(mutex_);
        if (shut_ || end_)
            return JF_CLOSED;
        if (receiver_) {
            hand_up(packet);
            return JF_OK;
        }
        if (early_bytes_ + packet.bytes.size > early_limit_)
            return JF_EXHAUSTED;
        early_bytes_ += packet.bytes.size;
        early_.push_back({packet, Bytes(packet.bytes.data, packet.bytes.data + packet.bytes.size)});
        return JF_OK;
    }

    void writable()
    {
        const std::lock_guard lock(mutex_);
        if (!shut_ && !end_ && receiver_)
            receiver_->methods->writable(receiver_->self);
    }

    /// The path ended by itself. Later calls change nothing.
    void ended(Status status, std::string_view text)
    {
        const std::lock_guard lock(mutex_);
        if (shut_ || end_)
            return;
        end_ = make_error(status, text);
        over_.store(true, std::memory_order_release);
        if (receiver_)
            receiver_->methods->closed(receiver_->self, status, &*end_);
    }

    /// The user closes: after this returns the receiver is not called. Waits for a call that is under way.
    void shut()
    {
        const std::lock_guard lock(mutex_);
        shut_ = true;
        over_.store(true, std::memory_order_release);
        early_.clear();
    }

    /// Takes no lock: the one question that may be asked inside `send`.
    bool over() const { return over_.load(std::memory_order_acquire); }

private:
    struct Early {
        jf_packet packet;
        Bytes bytes;
    };

    static jf_packet as_packet(const Early& early)
    {
        jf_packet packet = early.packet;
        packet.bytes = to_bytes(early.bytes);
        return packet;
    }

    void hand_up(const jf_packet& packet) { receiver_->methods->received(receiver_->self, &packet); }

    mutable std::mutex mutex_;
    std::optional<jf_path_receiver> receiver_;
    std::optional<jf_error> end_;
    std::deque<Early> early_;
    std::size_t early_bytes_ = 0;
    std::size_t early_limit_;
    bool shut_ = false;
    std::atomic<bool> over_{false};
};

inline jf_packet make_packet(ByteView bytes, std::int64_t arrival_ns, std::uint32_t ecn = JF_ECN_UNKNOWN)
{
    return {sizeof(jf_packet), ecn, to_bytes(bytes), arrival_ns};
}

/// How many bytes a gather list has.
inline std::size_t total_size(std::span<const jf_bytes> parts)
{
    std::size_t size = 0;
    for (const auto& part : parts)
        size += part.size;
    return size;
}

} // namespace jackfield
