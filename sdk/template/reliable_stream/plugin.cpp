// @ID@: a reliable stream. Packets have numbers, and are sent again until the peer says that it has them.
//
// A packet, with numbers most significant byte first:
//
//     type (1)                                       hello, welcome, end of the stream's bytes: see Type
//     number (4), next (4), mask (4)                 ours; the first of the peer's that we miss; bit i: next + 1 + i is
//     here bytes of the stream                            of data alone
//
// States:   the initiator says hello until it is answered; the other end says welcome to every hello. From then on the
//           stream is there, until one end closes it (a packet of type `last`, numbered as data is) or the path ends.
// Threads:  open, close, timers and the destructor on control; send on any thread; received on the thread of the path
//           below. One lock keeps them apart. It may be held while the path below sends, and must not be while the
//           gate calls the receiver above: that one sends, too.
// Errors:   nobody answers: `failed` with JF_TIMEOUT, once. Later: the stream's `closed`. Packets that make no sense
//           are left out, as if they had been lost: anybody could have made them.
// Lifetime: the session is the stream; the kernel releases it before the path below.
#include <jackfield/plugin.hpp>
#include <jackfield/reliable_stream.hpp>

#include <nlohmann/json.hpp>

#include <map>

namespace {

using namespace std::chrono_literals;
using jackfield::Bytes;
using jackfield::ByteView;
using jackfield::Nanoseconds;
using jackfield::Status;
using nlohmann::json;

constexpr std::size_t kHead = 13;
constexpr std::size_t kMost = 256 * 1024;  // bytes that wait here: to be sent, or for `open`
constexpr std::uint32_t kMaskPackets = 32; // what one mask can name
constexpr Nanoseconds kShortest = 20ms;    // before a packet is sent again
constexpr Nanoseconds kLongest = 2s;
constexpr Nanoseconds kPatience = 30s; // with a peer that says nothing

enum Type : std::uint8_t { hello = 1, welcome, data, ack, last };

void put(Bytes& out, std::uint32_t value)
{
    for (const int shift : {24, 16, 8, 0})
        out.push_back(static_cast<std::uint8_t>(value >> shift));
}
std::uint32_t take(const std::uint8_t* at)
{
    return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 | at[3];
}

class Session final : public jackfield::ReliableSession, private jackfield::PathBase, private jackfield::PathReceiver {
public:
    Session(jackfield::Host host, jackfield::Path below, bool initiator, std::uint32_t window,
            jackfield::ReliableListener listener)
        : host_(host), below_(below), initiator_(initiator), window_(window), listener_(listener), gate_(kMost)
    {
        const jf_path_info info = below.describe();
        if (info.kind != JF_DATAGRAM)
            throw jackfield::Failure(JF_UNSUPPORTED, "the path below is a stream already; datagrams would work");
        if (info.max_datagram_bytes <= kHead)
            throw jackfield::Failure(JF_UNSUPPORTED, "no packet of ours fits into a datagram of the path below");
        most_ = info.max_datagram_bytes - kHead;
        heard_ns_ = host_.now_ns();
        below_.open(*this); // what has come already comes now
        const std::lock_guard lock(mutex_);
        if (initiator_ && !established_)
            send_packet(hello, 0, {});
        start_timer();
    }

    /// What the peer lacks now it never gets. The last packet goes out once more for a peer that waits for nothing
    /// else.
    ~Session() override
    {
        scope_.end();
        timer_.cancel();
        close();
        below_.close(); // no call of ours is under way any more
    }

private:
    struct Packet {
        Type type;
        Bytes bytes;
        int times = 0; // that it was sent
        std::int64_t sent_ns = 0;
        bool arrived = false;
    };

    // --- the stream, for who stands above
    // -----------------------------------------------------------------------------

    jf_path_info describe() const noexcept override
    {
        const jf_path_info below = below_.describe();
        return {sizeof(jf_path_info), JF_STREAM, JF_STREAM_SEND_MAX, below.overhead_bytes + std::uint32_t{kHead}, 1,
                below.secured};
    }

    void open(jf_path_receiver receiver) override
    {
        gate_.open(receiver);
        const std::lock_guard lock(mutex_);
        opened_ = true;
    }

    /// All or nothing, and never more than a bounded number of bytes: the rest is the sender's to keep.
    Status send(std::span<const jf_bytes> parts) noexcept override
    {
        const std::size_t size = jackfield::total_size(parts);
        if (size > JF_STREAM_SEND_MAX)
            return JF_BAD_INPUT;
        const std::lock_guard lock(mutex_);
        if (gate_.over() || closing_)
            return JF_CLOSED;
        if (waiting_bytes_ + size > kMost) {
            blocked_ = true; // `writable` follows
            return JF_WOULD_BLOCK;
        }
        for (const jf_bytes& part : parts)
            append(jackfield::view(part));
        pump();
        return JF_OK;
    }

    void close() noexcept override
    {
        gate_.shut();
        const std::lock_guard lock(mutex_);
        if (std::exchange(closing_, true) || over_)
            return;
        outgoing_.push_back({last, {}});
        pump();
    }

    // --- out: with the lock held
    // ---------------------------------------------------------------------------------------

    void append(ByteView bytes)
    {
        waiting_bytes_ += bytes.size();
        while (!bytes.empty()) {
            if (outgoing_.empty() || outgoing_.back().times != 0 || outgoing_.back().bytes.size() == most_)
                outgoing_.push_back({data, {}});
            Bytes& open = outgoing_.back().bytes;
            const ByteView piece = bytes.first(std::min(bytes.size(), most_ - open.size()));
            open.insert(open.end(), piece.begin(), piece.end());
            bytes = bytes.subspan(piece.size());
        }
    }

    /// Sends what may be on its way and was not sent yet.
    void pump()
    {
        for (std::size_t i = 0; established_ && i < std::min<std::size_t>(window_, outgoing_.size()); ++i) {
            if (outgoing_[i].times == 0)
                send_numbered(i);
        }
        start_timer();
    }

    void send_numbered(std::size_t index)
    {
        Packet& packet = outgoing_[index];
        ++packet.times;
        packet.sent_ns = host_.now_ns();
        send_packet(packet.type, first_ + static_cast<std::uint32_t>(index), packet.bytes);
    }

    /// A datagram that does not go now is lost, like any other: it is sent again.
    void send_packet(Type type, std::uint32_t number, ByteView bytes)
    {
        std::uint32_t mask = 0;
        for (const auto& [ahead, packet] : early_) {
            if (const std::uint32_t distance = ahead - next_; distance >= 1 && distance <= kMaskPackets)
                mask |= 1U << (distance - 1);
        }
        Bytes head{type};
        for (const std::uint32_t value : {number, next_, mask})
            put(head, value);
        const jf_bytes parts[] = {jackfield::to_bytes(head), jackfield::to_bytes(bytes)};
        static_cast<void>(below_.send(parts));
    }

    // --- in: on the thread of the path below
    // ----------------------------------------------------------------------------

    void received(const jf_packet& packet) noexcept override
    {
        const ByteView bytes = jackfield::view(packet.bytes);
        if (bytes.size() < kHead || bytes[0] < hello || bytes[0] > last)
            return;
        bool writable = false;
        std::vector<Packet> whole; // what is in turn now
        {
            const std::lock_guard lock(mutex_);
            if (over_)
                return;
            heard_ns_ = host_.now_ns();
            greeted(static_cast<Type>(bytes[0]));
            if (!established_ || bytes[0] == hello || bytes[0] == welcome)
                return;
            confirmed(take(&bytes[5]), take(&bytes[9]));
            if (bytes[0] != ack) {
                keep(static_cast<Type>(bytes[0]), take(&bytes[1]), bytes.subspan(kHead));
                whole = in_turn();
                send_packet(ack, 0, {});
            }
            pump();
            writable = blocked_ && waiting_bytes_ + JF_STREAM_SEND_MAX <= kMost;
            blocked_ = blocked_ && !writable;
        }
        for (const Packet& next : whole) {
            if (next.type == data)
                gate_.deliver(jackfield::make_packet(next.bytes, packet.arrival_ns, packet.ecn));
            else
                gate_.ended(JF_CLOSED, "the peer has closed the stream");
        }
        if (writable)
            gate_.writable();
    }

    void greeted(Type type)
    {
        if (type == hello && !initiator_)
            send_packet(welcome, 0, {}); // each time: ours may have been lost
        if (established_ || type != (initiator_ ? welcome : hello))
            return;
        established_ = true;
        scope_.post([this] { listener_.established(*this); });
    }

    /// The peer has all before `next`, and what the mask names. What is missing before one of these is likely lost.
    void confirmed(std::uint32_t next, std::uint32_t mask)
    {
        const std::uint32_t count = next - first_;
        if (count > outgoing_.size())
            return; // old, or nonsense
        for (std::uint32_t i = 0; i < count; ++i) {
            const Packet& packet = outgoing_.front();
            if (packet.times == 0)
                return; // nonsense
            if (packet.times == 1 && !packet.arrived)
                measure(packet.sent_ns); // of one that was sent twice nobody knows which has arrived
            waiting_bytes_ -= packet.bytes.size();
            outgoing_.pop_front();
            ++first_;
        }
        std::size_t newest = 0;
        for (std::uint32_t i = 0; i < kMaskPackets && i + 1 < outgoing_.size(); ++i) {
            if ((mask >> i & 1U) != 0 && outgoing_[i + 1].times != 0)
                outgoing_[newest = i + 1].arrived = true;
        }
        for (std::size_t i = 0; i + 2 < newest; ++i) { // those right before it may only have been overtaken
            Packet& packet = outgoing_[i];
            if (!packet.arrived && host_.now_ns() - packet.sent_ns > round_trip_.count())
                send_numbered(i);
        }
    }

    /// A round trip, smoothed (RFC 6298 section 2).
    void measure(std::int64_t sent_ns)
    {
        const Nanoseconds took(host_.now_ns() - sent_ns);
        round_trip_ = round_trip_ == 0ns ? took : (round_trip_ * 7 + took) / 8;
        pause_ = std::clamp<Nanoseconds>(round_trip_ * 2, kShortest, kLongest);
    }

    void keep(Type type, std::uint32_t number, ByteView bytes)
    {
        if (number - next_ <= kMaskPackets && !early_.contains(number))
            early_[number] = {type, Bytes(bytes.begin(), bytes.end())};
    }

    /// Before `open` no more than a bounded number of bytes is taken; the peer keeps the rest, and sends it again.
    std::vector<Packet> in_turn()
    {
        std::vector<Packet> whole;
        for (auto found = early_.find(next_); found != early_.end(); found = early_.find(next_)) {
            if (!opened_ && before_open_ + found->second.bytes.size() > kMost)
                break;
            before_open_ += found->second.bytes.size();
            whole.push_back(std::move(found->second));
            early_.erase(found);
            ++next_;
        }
        return whole;
    }

    void writable() noexcept override {} // a datagram that was not taken is sent again by the timer

    void closed(Status status, std::string_view text) noexcept override
    {
        // Nobody may take a cut below for the end of the stream: that one is said inside it.
        end(status == JF_CLOSED ? JF_UNREACHABLE : status, text);
    }

    // --- time
    // -----------------------------------------------------------------------------------------------------------

    /// With the lock held, on any thread: a timer belongs to the control thread.
    void start_timer()
    {
        if (timed_ || over_ || (established_ && outgoing_.empty()))
            return;
        timed_ = true;
        scope_.post([this, pause = pause_] { timer_.start(pause, [this] { look(); }); });
    }

    /// Nothing has come of what is on its way: it is sent again, after a pause that doubles (RFC 6298 section 5.5).
    void look()
    {
        std::unique_lock lock(mutex_);
        timed_ = false;
        const std::int64_t now_ns = host_.now_ns();
        if (now_ns - heard_ns_ > kPatience.count() && !over_) {
            lock.unlock();
            return end(JF_TIMEOUT, "the peer has not answered for half a minute");
        }
        if (!established_ && initiator_)
            send_packet(hello, 0, {});
        for (std::size_t i = 0; i < std::min<std::size_t>(window_, outgoing_.size()); ++i) {
            const Packet& packet = outgoing_[i];
            if (packet.times != 0 && !packet.arrived && now_ns - packet.sent_ns >= pause_.count())
                send_numbered(i);
        }
        pause_ = std::min(pause_ * 2, kLongest);
        start_timer();
    }

    /// Any thread, without the lock.
    void end(Status status, std::string_view text)
    {
        bool established = false;
        {
            const std::lock_guard lock(mutex_);
            if (std::exchange(over_, true))
                return;
            established = established_;
        }
        if (established)
            gate_.ended(status, text);
        else
            scope_.post([this, status, text = std::string(text)] { listener_.failed(status, text); });
    }

    jackfield::Host host_;
    jackfield::Path below_;
    const bool initiator_;
    const std::uint32_t window_;
    jackfield::ReliableListener listener_;
    jackfield::ReceiverGate gate_; // what a path promises to who opens it, kept by the SDK
    std::size_t most_ = 0;         // bytes of the stream in one datagram

    std::mutex mutex_; // over everything below
    bool established_ = false;
    bool opened_ = false;
    bool closing_ = false;
    bool blocked_ = false;
    bool over_ = false;
    bool timed_ = false;
    std::uint32_t first_ = 0; // the number of the first in outgoing_
    std::deque<Packet> outgoing_;
    std::size_t waiting_bytes_ = 0;
    std::uint32_t next_ = 0;                // of the peer's
    std::map<std::uint32_t, Packet> early_; // came before one that is missing
    std::size_t before_open_ = 0;
    std::int64_t heard_ns_ = 0;
    Nanoseconds round_trip_{0};
    Nanoseconds pause_ = 100ms;

    jackfield::Scope scope_{host_};
    jackfield::Timer timer_{host_};
};

class MyStream final : public jackfield::ReliableStream {
public:
    /// ConfigError for a configuration that cannot be used: where, what is wrong, what would work. Users read that
    /// text.
    MyStream(jackfield::Host host, std::string_view config_json) : ReliableStream(host)
    {
        const json config = json::parse(config_json, nullptr, /*allow_exceptions=*/false);
        if (!config.is_object())
            throw jackfield::ConfigError(": expected a JSON object; {} would work");
        const json window = config.value("window_packets", json(32));
        if (!window.is_number_integer() || window.get<double>() < 1 || window.get<double>() > kMaskPackets)
            throw jackfield::ConfigError("/window_packets: expected a number from 1 to 32; 32 would work");
        window_ = window.get<std::uint32_t>();
    }

    std::unique_ptr<jackfield::ReliableSession> open(jackfield::Path below, bool initiator,
                                                     jackfield::ReliableListener listener) override
    {
        return std::make_unique<Session>(host_, below, initiator, window_, listener);
    }

private:
    std::uint32_t window_ = 0;
};

} // namespace

// The one symbol that the library exports. Id and version come from CMakeLists.txt, so that the manifest agrees.
JF_PLUGIN(MyStream)
