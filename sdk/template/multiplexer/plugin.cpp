// @ID@: a multiplexer. Messages on the stream below, with numbers most significant byte first:
//
//     type (1), channel (4), size (4), body
//
//     ask      a name; the answer is accepted or declined          are_you_there, i_am    the channel is any number
//     data     bytes of the channel                               end           no more of it will come
//     credit   a number: so many more bytes may be sent
//
// States:   ask -> accept -> data* -> end by either, or decline. The end of the stream ends everything.
// Threads:  sessions and channels are made and destroyed on control; send on any thread; what arrives comes on the
//           thread of the path below, and what the kernel hears of it is posted to control. One lock, over all of a
//           link, may be held while the path below sends, and must not be while a gate calls the receiver above.
// Errors:   who waits when the stream ends is told with that status. A peer that breaks the rules is a stream that
// ends. Lifetime: the kernel releases channels before the session; one that is on its way to the kernel may outlive it,
// so
//           the link is shared.
#include <jackfield/multiplexer.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

#include <map>
#include <set>

namespace {

using jackfield::Bytes;
using jackfield::ByteView;
using jackfield::Completion;
using jackfield::Failure;
using jackfield::Nanoseconds;
using jackfield::Status;
using nlohmann::json;

constexpr std::size_t kHead = 9;
constexpr std::size_t kLargestBody = 32 * 1024;
constexpr std::size_t kLargestName = 1024;
constexpr std::size_t kMostWaiting = 1024;
constexpr std::uint32_t kWindow = 256 * 1024; // of a channel: on its way, or waiting for `open`

enum Type : std::uint8_t { ask = 1, accepted, declined, data, end, credit, are_you_there, i_am };

void put(Bytes& out, std::uint32_t value)
{
    for (const int shift : {24, 16, 8, 0})
        out.push_back(static_cast<std::uint8_t>(value >> shift));
}
std::uint32_t take(const std::uint8_t* at)
{
    return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 | at[3];
}

/// The way out, which all channels share. What the path below does not take waits in order, and meanwhile no data is
/// taken from anybody: so what waits is bounded.
class Link {
public:
    explicit Link(jackfield::Path below) : below_(below) {}

    std::mutex mutex;

    // With the lock held:
    void send(Type type, std::uint32_t channel, ByteView body)
    {
        Bytes message{type};
        put(message, channel);
        put(message, static_cast<std::uint32_t>(body.size()));
        message.insert(message.end(), body.begin(), body.end());
        if (over)
            return;
        waiting_.push_back(std::move(message));
        flush();
    }
    void send_number(Type type, std::uint32_t channel, std::uint32_t number)
    {
        Bytes body;
        put(body, number);
        send(type, channel, body);
    }
    /// False if the path below takes no more; it says `writable` later.
    bool flush()
    {
        while (!waiting_.empty() && below_.send(waiting_.front()) != JF_WOULD_BLOCK)
            waiting_.pop_front();
        return waiting_.empty();
    }
    bool waits() const { return !waiting_.empty(); }
    bool overfull() const { return waiting_.size() > kMostWaiting; }
    jf_path_info describe() const { return below_.describe(); }

    bool over = false;

private:
    jackfield::Path below_;
    std::deque<Bytes> waiting_;
};

/// The path of one channel. Its owner is whoever has the Channel; the session finds it by its number while it lasts.
class ChannelPath final : public jackfield::PathBase {
public:
    ChannelPath(std::shared_ptr<Link> link, std::uint32_t number)
        : gate(kWindow), link_(std::move(link)), number_(number)
    {}

    jf_path_info describe() const noexcept override
    {
        const std::lock_guard lock(link_->mutex);
        const std::uint32_t secured = link_->over ? 0 : link_->describe().secured;
        return {sizeof(jf_path_info), JF_STREAM, JF_STREAM_SEND_MAX, kHead, 1, secured};
    }

    /// What has come already is handed up, and its room given back.
    void open(jf_path_receiver receiver) override
    {
        gate.open(receiver);
        const std::lock_guard lock(link_->mutex);
        opened_ = true;
        give_back();
    }

    Status send(std::span<const jf_bytes> parts) noexcept override
    {
        const std::size_t size = jackfield::total_size(parts);
        if (size > JF_STREAM_SEND_MAX)
            return JF_BAD_INPUT;
        const std::lock_guard lock(link_->mutex);
        if (gate.over() || ended_ || link_->over)
            return JF_CLOSED;
        if (size > credit_ || link_->waits()) {
            blocked_ = true;
            return JF_WOULD_BLOCK;
        }
        Bytes all;
        for (const jf_bytes& part : parts)
            all.insert(all.end(), part.data, part.data + part.size);
        credit_ -= static_cast<std::uint32_t>(size);
        for (ByteView rest = all; !rest.empty(); rest = rest.subspan(std::min(rest.size(), kLargestBody)))
            link_->send(data, number_, rest.first(std::min(rest.size(), kLargestBody)));
        return JF_OK;
    }

    /// What was sent before arrives before.
    void close() noexcept override
    {
        gate.shut();
        const std::lock_guard lock(link_->mutex);
        if (!std::exchange(ended_, true))
            link_->send(end, number_, {});
    }

    // On the thread of the path below, with the lock held:
    void count(std::size_t size)
    {
        unread_ += static_cast<std::uint32_t>(size);
        if (unread_ > kWindow)
            throw Failure(JF_BAD_INPUT, "the peer sends more than it was allowed");
    }
    void credited(std::uint32_t more) { credit_ = std::min(credit_ + std::min(more, kWindow), kWindow); }
    void give_back()
    {
        if (opened_ && unread_ >= kWindow / 4 && !ended_)
            link_->send_number(credit, number_, std::exchange(unread_, 0));
    }
    /// Whether `writable` is due.
    bool unblocked()
    {
        if (!blocked_ || credit_ < JF_STREAM_SEND_MAX)
            return false;
        blocked_ = false;
        return true;
    }

    jackfield::ReceiverGate gate; // what a path promises to who opens it, kept by the SDK; never called with the lock

private:
    std::shared_ptr<Link> link_;
    std::uint32_t number_;
    std::uint32_t credit_ = kWindow; // what we may send
    std::uint32_t unread_ = 0;       // what the peer has sent, and has no new room for yet
    bool opened_ = false;
    bool ended_ = false;
    bool blocked_ = false;
};

class MyChannel final : public jackfield::Channel {
public:
    explicit MyChannel(std::shared_ptr<ChannelPath> path) : path_(std::move(path)) {}
    ~MyChannel() override { path_->close(); }
    jackfield::PathBase& path() override { return *path_; }

private:
    std::shared_ptr<ChannelPath> path_;
};

class Session final : public jackfield::MultiplexerSession, private jackfield::PathReceiver {
public:
    Session(jackfield::Host host, jackfield::Path below, bool initiator, std::size_t most,
            jackfield::MultiplexerListener listener)
        : MultiplexerSession(host),
          below_(below),
          listener_(listener),
          most_(most),
          next_(initiator ? 1 : 2), // so that both ends may ask at once
          link_(std::make_shared<Link>(below))
    {
        below_.open(*this);
    }
    ~Session() override
    {
        scope_.end();
        {
            const std::lock_guard lock(link_->mutex);
            link_->flush();
            link_->over = true;
        }
        below_.close(); // no call of ours is under way any more
    }

    /// `done` is told when the peer has answered.
    void open_channel(std::string_view name, std::uint32_t kind, jackfield::ChannelDone done) override
    {
        if (kind != JF_STREAM)
            return done.fail(JF_UNSUPPORTED, "channels of datagrams are not to be had here");
        if (name.size() > kLargestName)
            return done.fail(JF_BAD_INPUT, "a name of more than 1024 bytes");
        const std::lock_guard lock(link_->mutex);
        if (link_->over)
            return done.fail(JF_CLOSED, "the stream has ended");
        const std::uint32_t number = std::exchange(next_, next_ + 2);
        asked_.emplace(number, std::move(done));
        link_->send(ask, number, jackfield::as_bytes(name));
    }

    std::unique_ptr<jackfield::Channel> accept(std::uint64_t request) override
    {
        const std::lock_guard lock(link_->mutex);
        if (requests_.erase(static_cast<std::uint32_t>(request)) == 0 || link_->over)
            throw Failure(JF_NOT_FOUND, "nobody asks for that channel any more");
        auto channel = make_channel(static_cast<std::uint32_t>(request));
        link_->send(accepted, static_cast<std::uint32_t>(request), {});
        return channel;
    }

    void decline(std::uint64_t request) override
    {
        const std::lock_guard lock(link_->mutex);
        if (requests_.erase(static_cast<std::uint32_t>(request)) != 0)
            link_->send(declined, static_cast<std::uint32_t>(request), {});
    }

    void ping(Nanoseconds timeout, Completion done) override
    {
        const std::lock_guard lock(link_->mutex);
        if (link_->over)
            return done.fail(JF_CLOSED, "the stream has ended");
        const std::uint32_t number = ++pinged_;
        auto [at, made] = pings_.try_emplace(number, host_, std::move(done));
        at->second.timer.start(timeout, [this, number] { answer_ping(number, JF_TIMEOUT, "no sign of life"); });
        link_->send(are_you_there, number, {});
    }

private:
    struct Ping {
        Ping(jackfield::Host host, Completion its_done) : timer(host), done(std::move(its_done)) {}
        jackfield::Timer timer;
        Completion done;
    };

    /// With the lock held.
    std::unique_ptr<jackfield::Channel> make_channel(std::uint32_t number)
    {
        auto path = std::make_shared<ChannelPath>(link_, number);
        channels_[number] = path;
        return std::make_unique<MyChannel>(std::move(path));
    }

    /// Control: pings belong to it.
    void answer_ping(std::uint32_t number, Status status, std::string_view text)
    {
        auto found = pings_.extract(number);
        if (found.empty())
            return;
        if (status == JF_OK)
            found.mapped().done.succeed();
        else
            found.mapped().done.fail(status, text);
    }

    // --- what arrives, on the thread of the path below
    // ----------------------------------------------------------------

    void received(const jf_packet& packet) noexcept override
    {
        jf_error error = jackfield::no_error();
        const Status status = jackfield::guarded(&error, [&] {
            const ByteView bytes = jackfield::view(packet.bytes);
            fed_.insert(fed_.end(), bytes.begin(), bytes.end());
            std::size_t at = 0;
            while (fed_.size() - at >= kHead) {
                const std::size_t size = take(&fed_[at + 5]);
                if (size > kLargestBody)
                    throw Failure(JF_BAD_INPUT, "the peer sends a message that is too large");
                if (fed_.size() - at < kHead + size)
                    break;
                heard(fed_[at], take(&fed_[at + 1]), ByteView(fed_).subspan(at + kHead, size), packet);
                at += kHead + size;
            }
            fed_.erase(fed_.begin(), fed_.begin() + static_cast<std::ptrdiff_t>(at));
        });
        if (status != JF_OK)
            ended(status, error.text);
    }

    void heard(std::uint8_t type, std::uint32_t number, ByteView body, const jf_packet& packet)
    {
        std::unique_lock lock(link_->mutex);
        if (link_->over)
            return;
        if (link_->overfull())
            throw Failure(JF_EXHAUSTED, "the peer asks and asks, and reads no answer");
        switch (type) {
        case ask:
            return requested(number, body);
        case accepted:
            if (auto found = asked_.extract(number); !found.empty()) {
                auto channel = make_channel(number);
                lock.unlock(); // where nobody listens any more the channel ends here, and that takes the lock
                found.mapped().succeed(std::move(channel)); // posted by the SDK
            }
            return;
        case declined:
            if (auto found = asked_.extract(number); !found.empty())
                found.mapped().fail(JF_REFUSED, "the peer does not want that channel");
            return;
        case are_you_there:
            return link_->send(i_am, number, {});
        case i_am:
            return scope_.post([this, number] { answer_ping(number, JF_OK, ""); });
        case data:
        case end:
        case credit:
            break;
        default:
            throw Failure(JF_BAD_INPUT, "the peer does not speak as " JACKFIELD_PLUGIN_ID " does");
        }
        const auto path = find(number);
        if (!path)
            return; // closed here; the peer does not know it yet
        if (type == data)
            path->count(body.size());
        else if (type == credit && body.size() == 4)
            path->credited(take(body.data()));
        const bool writable = path->unblocked();
        if (type == end)
            channels_.erase(number);
        lock.unlock(); // the receiver may send
        if (type == data && !body.empty())
            path->gate.deliver(jackfield::make_packet(body, packet.arrival_ns, packet.ecn));
        if (type == end)
            path->gate.ended(JF_CLOSED, "the peer has closed the channel");
        if (writable)
            path->gate.writable();
        lock.lock();
        path->give_back();
    }

    /// With the lock held. The peer is a stranger: it may ask for so many, and no more.
    void requested(std::uint32_t number, ByteView name)
    {
        if (number % 2 == next_ % 2 || requests_.contains(number))
            throw Failure(JF_BAD_INPUT, "the peer asks for a channel with a number that is not its own");
        if (name.size() > kLargestName || requests_.size() + open_channels() >= most_)
            return link_->send(declined, number, {});
        requests_.insert(number);
        scope_.post([this, number, name = std::string(jackfield::as_text(name))] {
            listener_.channel_requested(number, name, JF_STREAM);
        });
    }

    std::shared_ptr<ChannelPath> find(std::uint32_t number)
    {
        const auto found = channels_.find(number);
        return found == channels_.end() ? nullptr : found->second.lock();
    }
    std::size_t open_channels()
    {
        std::erase_if(channels_, [](const auto& each) { return each.second.expired(); });
        return channels_.size();
    }

    void writable() noexcept override
    {
        std::vector<std::shared_ptr<ChannelPath>> waiting;
        {
            const std::lock_guard lock(link_->mutex);
            if (!link_->flush())
                return;
            for (const auto& [number, weak] : channels_) {
                if (const auto path = weak.lock(); path && path->unblocked())
                    waiting.push_back(path);
            }
        }
        for (const auto& path : waiting)
            path->gate.writable();
    }

    void closed(Status status, std::string_view text) noexcept override { ended(status, text); }

    /// Whoever waits is told; nobody is forgotten.
    void ended(Status status, std::string_view text)
    {
        std::map<std::uint32_t, std::weak_ptr<ChannelPath>> channels;
        std::map<std::uint32_t, jackfield::ChannelDone> asked;
        {
            const std::lock_guard lock(link_->mutex);
            if (std::exchange(link_->over, true))
                return;
            channels.swap(channels_);
            asked.swap(asked_);
            requests_.clear();
        }
        for (auto& [number, done] : asked)
            done.fail(status, text);
        for (const auto& [number, weak] : channels) {
            if (const auto path = weak.lock())
                path->gate.ended(status, text);
        }
        scope_.post([this, status, text = std::string(text)] {
            below_.close();
            for (auto& [number, ping] : std::exchange(pings_, {}))
                ping.done.fail(status, text);
            listener_.closed(status, text);
        });
    }

    jackfield::Path below_;
    jackfield::MultiplexerListener listener_;
    std::size_t most_;
    std::uint32_t next_; // of the channels that we ask for
    std::uint32_t pinged_ = 0;
    std::map<std::uint32_t, Ping> pings_; // of the control thread

    std::shared_ptr<Link> link_; // its lock is over these
    std::map<std::uint32_t, jackfield::ChannelDone> asked_;
    std::set<std::uint32_t> requests_;
    std::map<std::uint32_t, std::weak_ptr<ChannelPath>> channels_;
    Bytes fed_; // of the path's thread: the beginning of a message

    jackfield::Scope scope_{host_};
};

class MyMultiplexer final : public jackfield::Multiplexer {
public:
    /// ConfigError for a configuration that cannot be used: where, what is wrong, what would work. Users read that
    /// text.
    MyMultiplexer(jackfield::Host host, std::string_view config_json) : Multiplexer(host)
    {
        const json config = json::parse(config_json, nullptr, /*allow_exceptions=*/false);
        if (!config.is_object())
            throw jackfield::ConfigError(": expected a JSON object; {} would work");
        const json most = config.value("max_channels", json(64));
        if (!most.is_number_integer() || most.get<double>() < 1 || most.get<double>() > 1024)
            throw jackfield::ConfigError("/max_channels: expected a number from 1 to 1024; 64 would work");
        most_ = most.get<std::size_t>();
    }

    /// One link. `initiator` is true on exactly one end.
    std::unique_ptr<jackfield::MultiplexerSession> open(jackfield::Path below, bool initiator,
                                                        jackfield::MultiplexerListener listener) override
    {
        if (!below.is_stream())
            throw Failure(JF_UNSUPPORTED, "the path below is no stream; a reliable_stream makes one of datagrams");
        return std::make_unique<Session>(host_, below, initiator, most_, listener);
    }

private:
    std::size_t most_ = 0;
};

} // namespace

// The one symbol that the library exports. Id and version come from CMakeLists.txt, so that the manifest agrees.
JF_PLUGIN(MyMultiplexer)
