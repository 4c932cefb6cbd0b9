// A stream over datagrams: numbered segments, sent again until they are acknowledged. Correct but for one bug.
//
// Segment: type, number, bytes. Threads: sends on any thread, segments on the link's, timers on control; one lock.
#include "outlet.hpp"
#include "planted.hpp"

#include <jackfield/plugin.hpp>
#include <jackfield/reliable_stream.hpp>

namespace {

using namespace jackfield;
using planted::append_number;
using planted::has;
using planted::number_at;

enum Type : std::uint8_t { hello = 1, welcome, data, last, acknowledged };
constexpr std::size_t kHead = 5;
constexpr std::size_t kMostWaiting = 200;

Bytes segment_of(Type type, std::uint32_t number, ByteView body = {})
{
    Bytes segment{type};
    append_number(segment, number, 4);
    segment.insert(segment.end(), body.begin(), body.end());
    return segment;
}

class Session final : public ReliableSession, public PathBase, private PathReceiver {
public:
    Session(Host host, Path below, ReliableListener listener)
        : scope_(host), below_(below), listener_(listener), timer_(host), begun_ns_(host.now_ns())
    {
        if (below.is_stream())
            throw Failure(JF_UNSUPPORTED, "the path below is a stream already");
        below_.open(*this);
        tick();
    }
    ~Session() override
    {
        scope_.end();
        close();
        below_.close();
    }

    jf_path_info describe() const noexcept override
    {
        return {sizeof(jf_path_info), JF_STREAM, JF_STREAM_SEND_MAX, kHead, has("JF-REL-01") ? 0U : 1U, 0};
    }
    void open(jf_path_receiver receiver) override { gate_.open(receiver); }
    Status send(std::span<const jf_bytes> parts) noexcept override
    {
        if (gate_.over())
            return JF_CLOSED;
        if (total_size(parts) > JF_STREAM_SEND_MAX)
            return JF_BAD_INPUT;
        const std::lock_guard lock(mutex_);
        if (waiting_.size() >= kMostWaiting) {
            blocked_ = true;
            return JF_WOULD_BLOCK;
        }
        for (const auto& piece : planted::pieces_of(parts, 1000))
            put(data, piece);
        return JF_OK;
    }
    void close() noexcept override
    {
        {
            const std::lock_guard lock(mutex_);
            if (!gate_.over())
                put(last, {});
        }
        gate_.shut();
    }

private:
    void put(Type type, ByteView body)
    {
        waiting_.push_back(segment_of(type, first_waiting_ + static_cast<std::uint32_t>(waiting_.size()), body));
        below_.send(waiting_.back());
    }
    /// Sends again what was not acknowledged; gives up on a handshake. [control]
    void tick()
    {
        {
            const std::lock_guard lock(mutex_);
            if (!established_)
                below_.send(segment_of(hello, 0));
            for (std::size_t i = 0; i < std::min<std::size_t>(waiting_.size(), 64) && !has("JF-REL-02"); ++i)
                below_.send(waiting_[i]);
        }
        if (!established_ && scope_.host().now_ns() - begun_ns_ > 10'000'000'000 && !has("JF-REL-03"))
            return fail(JF_TIMEOUT, "nobody answers");
        timer_.start(std::chrono::milliseconds(10), [this] { tick(); });
    }

    void received(const jf_packet& packet) noexcept override
    {
        const ByteView segment = view(packet.bytes);
        if (segment.size() < kHead)
            return;
        const auto number = static_cast<std::uint32_t>(number_at(segment, 1, 4));
        switch (segment[0]) {
        case hello:
            below_.send(segment_of(welcome, 0));
            break;
        case welcome:
            if (!established_.exchange(true))
                scope_.post([this] {
                    if (!std::exchange(told_, true))
                        listener_.established(*this);
                });
            break;
        case data:
        case last:
            take(number, segment.subspan(kHead), segment[0] == last, packet.arrival_ns);
            break;
        case acknowledged:
            forget(number);
            break;
        default:
            break;
        }
    }
    void take(std::uint32_t number, ByteView body, bool is_last, std::int64_t arrival_ns)
    {
        if (number == expected_ || has("JF-REL-02")) {
            ++expected_;
            if (is_last)
                gate_.ended(JF_CLOSED, "the peer closed the stream");
            else if (!body.empty())
                gate_.deliver(make_packet(body, arrival_ns));
        }
        below_.send(segment_of(acknowledged, expected_));
    }
    void forget(std::uint32_t before)
    {
        const bool tell = [&] {
            const std::lock_guard lock(mutex_);
            for (; first_waiting_ < before && !waiting_.empty(); ++first_waiting_)
                waiting_.pop_front();
            return waiting_.size() < kMostWaiting / 2 && std::exchange(blocked_, false);
        }();
        if (tell)
            gate_.writable();
    }
    void closed(Status status, std::string_view text) noexcept override
    {
        gate_.ended(status, text);
        scope_.post([this, status, why = std::string(text)] { fail(status, why); });
    }
    void fail(Status status, const std::string& why)
    {
        if (!std::exchange(told_, true))
            listener_.failed(status, why);
    }

    Scope scope_;
    Path below_;
    ReliableListener listener_;
    Timer timer_;
    std::int64_t begun_ns_;
    ReceiverGate gate_{1 << 22};
    std::mutex mutex_;
    std::deque<Bytes> waiting_;
    std::uint32_t first_waiting_ = 0;
    std::uint32_t expected_ = 0; // the link's thread
    bool blocked_ = false;
    std::atomic<bool> established_{false};
    bool told_ = false;
};

class Reliable final : public ReliableStream {
public:
    Reliable(Host host, std::string_view config_json) : ReliableStream(host) { planted::look_at(config_json); }
    std::unique_ptr<ReliableSession> open(Path below, bool, ReliableListener listener) override
    {
        return std::make_unique<Session>(host_, below, listener);
    }
};

} // namespace

JF_PLUGIN(Reliable)
