// A multiplexer whose frames are type, channel, size and body; correct but for one bug.
//
// Threads: sends on any thread, frames on the stream's, the rest on control. One lock, held for no receiver.
// Lifetime: a channel keeps the core; the core's path below is closed with the session.
#include "outlet.hpp"
#include "planted.hpp"

#include <jackfield/multiplexer.hpp>
#include <jackfield/plugin.hpp>

#include <map>

namespace {

using namespace jackfield;
using planted::append_number;
using planted::has;
using planted::number_at;

enum Type : std::uint8_t { ask, accepted, declined, data, end, ping, pong };
constexpr std::size_t kHead = 9;

Bytes frame_of(Type type, std::uint32_t channel, ByteView body)
{
    Bytes frame{type};
    append_number(frame, channel, 4);
    append_number(frame, body.size(), 4);
    frame.insert(frame.end(), body.begin(), body.end());
    return frame;
}

class Core;

struct Stream final : PathBase {
    Stream(Core& owner, std::uint32_t id) : core(owner), number(id) {}

    jf_path_info describe() const noexcept override
    {
        return {sizeof(jf_path_info), JF_STREAM, JF_STREAM_SEND_MAX, kHead, 1, 0};
    }
    void open(jf_path_receiver receiver) override { gate.open(receiver); }
    Status send(std::span<const jf_bytes> parts) noexcept override;
    void close() noexcept override;

    Core& core;
    std::uint32_t number;
    ReceiverGate gate{1 << 22};
    bool blocked = false; // under the core's lock
};

class Core final : public PathReceiver, public std::enable_shared_from_this<Core> {
public:
    Core(Host host, Path below, bool initiator, MultiplexerListener listener)
        : scope(host), listener_(listener), below_(below), next_(initiator ? 2 : 1)
    {}

    void start() { below_.open(*this); }
    void stop()
    {
        if (has("JF-GEN-09"))
            closed(JF_CANCELLED, "released");
        else
            scope.end();
        below_.close();
        std::map<std::uint32_t, ChannelDone> asked;
        std::map<std::uint32_t, Completion> pings;
        const std::lock_guard lock(mutex_);
        asked.swap(asked_);
        pings.swap(pings_);
    }

    void open_channel(std::string_view name, ChannelDone done)
    {
        const std::lock_guard lock(mutex_);
        if (over_)
            return done.fail(JF_CLOSED, "the stream is over");
        asked_.emplace(next_ += 2, std::move(done));
        out_.put(frame_of(ask, next_, as_bytes(name.substr(0, has("JF-MUX-01") ? 6 : name.size()))));
    }
    std::shared_ptr<Stream> answer(std::uint32_t channel, bool yes)
    {
        const std::lock_guard lock(mutex_);
        out_.put(frame_of(yes ? accepted : declined, channel, {}));
        return yes ? make(channel) : nullptr;
    }
    void send_ping(Nanoseconds timeout, Completion done)
    {
        const std::lock_guard lock(mutex_);
        const std::uint32_t number = ++last_ping_;
        if (has("JF-MUX-05"))
            return done.succeed();
        pings_.emplace(number, std::move(done));
        out_.put(frame_of(ping, number, {}));
        timer_.start(timeout, [this, number] { end_ping(number, JF_TIMEOUT); });
    }

    Status send(Stream& stream, std::span<const jf_bytes> parts)
    {
        auto frames = planted::pieces_of(parts, 30'000);
        for (auto& piece : frames)
            piece = frame_of(data, stream.number, piece);
        const std::lock_guard lock(mutex_);
        if (over_)
            return JF_CLOSED;
        stream.blocked = !out_.offer(std::move(frames));
        return stream.blocked ? JF_WOULD_BLOCK : JF_OK;
    }
    void end_stream(std::uint32_t number)
    {
        const std::lock_guard lock(mutex_);
        if (!over_)
            out_.put(frame_of(end, number, {}));
        streams_.erase(number);
    }

    Scope scope;

private:
    void received(const jf_packet& packet) noexcept override
    {
        buffer_.insert(buffer_.end(), packet.bytes.data, packet.bytes.data + packet.bytes.size);
        while (buffer_.size() >= kHead && buffer_.size() >= kHead + number_at(buffer_, 5, 4)) {
            const auto size = static_cast<std::ptrdiff_t>(number_at(buffer_, 5, 4));
            const Bytes body(buffer_.begin() + kHead, buffer_.begin() + kHead + size);
            take(static_cast<Type>(buffer_[0]), static_cast<std::uint32_t>(number_at(buffer_, 1, 4)), body,
                 packet.arrival_ns);
            buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(kHead + body.size()));
        }
    }
    void writable() noexcept override
    {
        std::vector<std::shared_ptr<Stream>> blocked;
        {
            const std::lock_guard lock(mutex_);
            out_.flush();
            for (auto& [number, stream] : streams_) {
                if (out_.idle() && std::exchange(stream->blocked, false))
                    blocked.push_back(stream);
            }
        }
        for (const auto& stream : blocked)
            stream->gate.writable();
    }
    void closed(Status status, std::string_view text) noexcept override
    {
        const auto self = shared_from_this();
        const auto streams = [&] {
            const std::lock_guard lock(mutex_);
            over_ = true;
            return streams_;
        }();
        for (const auto& [number, stream] : streams)
            stream->gate.ended(status, text);
        scope.post([self, this, status, why = std::string(text)] {
            while (!asked_.empty() && !has("JF-MUX-04")) {
                asked_.begin()->second.fail(status, why);
                asked_.erase(asked_.begin());
            }
            while (!pings_.empty())
                end_ping(pings_.begin()->first, status);
            listener_.closed(status, why);
        });
    }

    void take(Type type, std::uint32_t number, const Bytes& body, std::int64_t arrival_ns)
    {
        const auto self = shared_from_this();
        const auto stream = [&] {
            const std::lock_guard lock(mutex_);
            auto found = streams_.find(number);
            if (has("JF-MUX-03") && type == data)
                found = streams_.begin();
            return found == streams_.end() ? nullptr : found->second;
        }();
        if (type == data && stream)
            stream->gate.deliver(make_packet(body, arrival_ns));
        else if (type == end && stream)
            stream->gate.ended(JF_CLOSED, "the peer released the channel");
        else if (type == ask)
            scope.post([self, this, number, body] { listener_.channel_requested(number, as_text(body), JF_STREAM); });
        else if (type == accepted || type == declined)
            answered(number, type == accepted);
        else if (type == ping) {
            const std::lock_guard lock(mutex_);
            out_.put(frame_of(pong, number, {}));
        } else if (type == pong)
            scope.post([self, this, number] { end_ping(number, JF_OK); });
    }
    void answered(std::uint32_t number, bool yes);
    void end_ping(std::uint32_t number, Status status)
    {
        const auto found = pings_.find(number);
        if (found == pings_.end())
            return;
        status == JF_OK ? found->second.succeed() : found->second.fail(status, "no sign of life");
        pings_.erase(found);
    }

    std::shared_ptr<Stream> make(std::uint32_t number)
    {
        return streams_[number] = std::make_shared<Stream>(*this, number);
    }
    MultiplexerListener listener_;
    Path below_;
    std::mutex mutex_;
    std::uint32_t next_;
    std::uint32_t last_ping_ = 0;
    bool over_ = false;
    planted::Outlet out_{below_};
    std::map<std::uint32_t, std::shared_ptr<Stream>> streams_;
    std::map<std::uint32_t, ChannelDone> asked_;
    std::map<std::uint32_t, Completion> pings_;
    Bytes buffer_; // the stream's thread
    Timer timer_{scope.host()};
};

Status Stream::send(std::span<const jf_bytes> parts) noexcept
{
    if (gate.over())
        return JF_CLOSED;
    return total_size(parts) > JF_STREAM_SEND_MAX ? JF_BAD_INPUT : core.send(*this, parts);
}

void Stream::close() noexcept
{
    if (!gate.over())
        core.end_stream(number);
    gate.shut();
}

struct OneChannel final : Channel {
    OneChannel(std::shared_ptr<Core> owner, std::shared_ptr<Stream> one)
        : core(std::move(owner)), stream(std::move(one))
    {}
    ~OneChannel() override { stream->close(); }
    PathBase& path() override { return *stream; }

    std::shared_ptr<Core> core;
    std::shared_ptr<Stream> stream;
};

void Core::answered(std::uint32_t number, bool yes)
{
    scope.post([self = shared_from_this(), this, number, yes] {
        const std::lock_guard lock(mutex_);
        const auto found = asked_.find(number);
        if (found == asked_.end())
            return;
        if (yes)
            found->second.succeed(std::make_unique<OneChannel>(self, make(number)));
        else
            found->second.fail(has("JF-MUX-02") ? JF_NOT_FOUND : JF_REFUSED, "declined");
        asked_.erase(found);
    });
}

class Session final : public MultiplexerSession {
public:
    Session(Host host, Path below, bool initiator, MultiplexerListener listener)
        : MultiplexerSession(host), core_(std::make_shared<Core>(host, below, initiator, listener))
    {
        core_->start();
    }
    ~Session() override { core_->stop(); }

    void open_channel(std::string_view name, std::uint32_t kind, ChannelDone done) override
    {
        if (kind != JF_STREAM)
            return done.fail(JF_UNSUPPORTED, "streams only");
        core_->open_channel(name, std::move(done));
    }
    std::unique_ptr<Channel> accept(std::uint64_t request) override
    {
        return std::make_unique<OneChannel>(core_, core_->answer(static_cast<std::uint32_t>(request), true));
    }
    void decline(std::uint64_t request) override { core_->answer(static_cast<std::uint32_t>(request), false); }
    void ping(Nanoseconds timeout, Completion done) override { core_->send_ping(timeout, std::move(done)); }

private:
    std::shared_ptr<Core> core_;
};

class Mux final : public Multiplexer {
public:
    Mux(Host host, std::string_view config_json) : Multiplexer(host) { planted::look_at(config_json); }
    std::unique_ptr<MultiplexerSession> open(Path below, bool initiator, MultiplexerListener listener) override
    {
        return std::make_unique<Session>(host_, below, initiator, listener);
    }
};

} // namespace

JF_PLUGIN(Mux)
