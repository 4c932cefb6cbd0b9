// Two media sessions and the network between them in simulated time, on one thread: the same run every time.
//
// Threads: the test's. Lifetime: sessions are released before their paths go, and a controller outlives its session.
#pragma once

#include "path_tests.hpp"
#include "process_watch.hpp"
#include "random_calls.hpp"

#include <jackfield/abi/media_transport.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace jackfield::conformance::transports {

using Json = nlohmann::json;

inline constexpr std::int64_t kMs = 1'000'000;
inline constexpr std::uint8_t kEventType = 101;
inline constexpr std::uint32_t kSsrc[] = {0x1111, 0x2222};

/// The end of the network that one session sees.
class NetworkEnd final : public PathBase {
public:
    explicit NetworkEnd(const std::function<void(Bytes)>& send) : send_(send) {}

    jf_path_info describe() const noexcept override { return {sizeof(jf_path_info), JF_DATAGRAM, 1400, 28, 0, 0}; }
    void open(jf_path_receiver receiver) override { gate.open(receiver); }
    Status send(std::span<const jf_bytes> parts) noexcept override
    {
        if (full)
            return JF_WOULD_BLOCK;
        if (total_size(parts) > 1400)
            return JF_BAD_INPUT;
        Bytes bytes;
        for (const auto& part : parts)
            bytes.insert(bytes.end(), part.data, part.data + part.size);
        send_(std::move(bytes));
        return JF_OK;
    }
    void close() noexcept override { gate.shut(); }

    ReceiverGate gate;
    bool full = false;

private:
    const std::function<void(Bytes)>& send_; // its side's
};

struct Played {
    std::uint32_t timestamp;
    std::uint8_t marker;
    std::uint16_t lost_before;
    std::int64_t time_ns;
    Bytes bytes;
    unsigned number() const { return bytes.empty() ? 0 : bytes[0]; }
};

class Side {
public:
    Side(Bench& bench, int end, std::function<void(Bytes)> send)
        : life(bench.make(JF_MEDIA_TRANSPORT_INTERFACE, end)), send_(std::move(send))
    {}
    Side(const Side&) = delete;
    Side& operator=(const Side&) = delete;
    ~Side() { release(); }

    const jf_media_transport_methods& methods() const { return life.methods<jf_media_transport_methods>(); }
    /// A session on a path of its own; also one more, once the one before is released.
    void open(const Json& with)
    {
        config = with;
        network = std::make_unique<NetworkEnd>(send_);
        arrived = key_frames = 0;
        next_tick_ns = 0;
        ended.clear();
        released_ = false;
        jf_error error = no_error();
        const jf_path path = network->handle();
        check(methods().open(life.self(), to_text(config.dump()), &path, 1, {&kListener, this}, &session, &error),
              error);
    }
    bool is_open() const { return session.methods != nullptr; }
    void release()
    {
        const auto gone = std::exchange(session, {});
        if (gone.methods == nullptr)
            return;
        gone.methods->release(gone.self);
        released_ = true;
    }
    Status send(unsigned number, std::size_t size = 160, std::uint8_t payload_type = 0) const
    {
        const Bytes bytes(size, static_cast<std::uint8_t>(number));
        jf_payload payload{};
        payload.struct_size = sizeof(payload);
        payload.rtp_timestamp = number * 960;
        payload.bytes = to_bytes(bytes);
        payload.marker = number == 0 ? 1 : 0;
        payload.payload_type = payload_type;
        payload.time_ns = life.host().now_ns();
        return session.methods->send(session.self, 0, &payload);
    }
    Status take(std::int64_t& due_ns)
    {
        jf_payload payload{};
        payload.struct_size = sizeof(payload);
        const Status status = session.methods->take(session.self, 0, life.host().now_ns(), &payload, &due_ns);
        if (status == JF_OK)
            played.push_back({payload.rtp_timestamp, payload.marker, payload.lost_before, payload.time_ns,
                              Bytes(payload.bytes.data, payload.bytes.data + payload.bytes.size)});
        return status;
    }
    /// What the kernel's media threads do at this moment.
    void work()
    {
        if (session.methods == nullptr)
            return;
        if (life.host().now_ns() >= next_tick_ns)
            next_tick_ns = session.methods->tick(session.self, life.host().now_ns());
        std::int64_t due = 0;
        while (taking && take(due) == JF_OK) {
        }
    }
    std::string made(Status (*method)(void*, jf_text, jf_writer, jf_error*), std::string_view argument) const
    {
        std::string text;
        jf_error error = no_error();
        check(method(life.self(), to_text(argument), append_to(text), &error), error);
        return text;
    }

    Life& life;
    std::unique_ptr<NetworkEnd> network;
    Json config; ///< of the session
    jf_media_session session{};
    bool taking = true;
    std::int64_t next_tick_ns = 0;
    std::vector<Played> played;
    int arrived = 0;
    int key_frames = 0;
    std::vector<Status> ended;
    int late = 0; ///< events after release

private:
    static Side& of(void* self)
    {
        Side& side = *static_cast<Side*>(self);
        side.late += side.released_ ? 1 : 0;
        return side;
    }

    static constexpr jf_media_listener_methods kListener{sizeof(jf_media_listener_methods),
                                                         0,
                                                         [](void* self, std::uint32_t) { ++of(self).arrived; },
                                                         [](void* self, std::uint32_t) { ++of(self).key_frames; },
                                                         [](void* self, Status status, const jf_error*) {
                                                             ProcessWatch::heard();
                                                             of(self).ended.push_back(status);
                                                         },
                                                         nullptr,
                                                         nullptr,
                                                         nullptr};

    std::function<void(Bytes)> send_;
    bool released_ = false;
};

class Simulation {
public:
    /// more: what a stream may have besides, too: events (RFC 4733), repair (RFC 4588), and what its encoder can do.
    explicit Simulation(Bench& bench, const std::string& kind = "audio", bool more = false)
        : sides{Side(manual(bench), 0, [this](Bytes bytes) { dispatch(0, std::move(bytes)); }),
                Side(bench, 1, [this](Bytes bytes) { dispatch(1, std::move(bytes)); })}
    {
        capabilities = can(0);
        suites = capabilities.value("suites", std::vector<std::string>());
        std::string keys[2];
        for (auto& key : keys)
            key = suites.empty() ? "" : make_key();
        for (int side = 0; side < 2; ++side)
            sides[side].open(config(kind, side, keys[side], keys[1 - side], more));
        if (shakes_hands())
            run(100 * kMs);
    }
    ~Simulation()
    {
        for (Side& side : sides)
            side.release();
    }
    Simulation(const Simulation&) = delete;
    Simulation& operator=(const Simulation&) = delete;

    std::string make_key() const { return sides[0].made(sides[0].methods().make_key, suites.at(0)); }
    std::int64_t now_ns() const { return sides[0].life.host().now_ns(); }

    /// Time passes, a millisecond a step.
    void run(std::int64_t duration_ns, const std::function<void()>& each = nullptr)
    {
        for (const std::int64_t end = now_ns() + duration_ns; now_ns() < end;) {
            for (Side& side : sides)
                side.life.host().advance(std::chrono::nanoseconds(kMs));
            if (each)
                each();
            deliver();
            for (Side& side : sides)
                side.work();
        }
    }
    /// One payload every 20 ms from the first side, `count` of them, and then a little more.
    void send_numbered(unsigned count)
    {
        unsigned sent = 0;
        std::int64_t next = now_ns();
        run(count * 20 * kMs + 400 * kMs, [&] {
            if (now_ns() < next || sent == count)
                return;
            next += 20 * kMs;
            require_status(sides[0].send(sent), JF_OK, "send");
            ++sent;
        });
    }

    /// What happens to a packet of a side: one arrival after each delay. May change the bytes. None: after 1 ms.
    std::function<std::vector<std::int64_t>(int from, Bytes& packet)> fate;
    Json capabilities;
    std::vector<std::string> suites;
    Side sides[2];

private:
    /// Its keys come of a handshake on the path (RFC 5764).
    bool shakes_hands() const { return capabilities.value("dtls", false); }

    Json can(int side)
    {
        std::string text;
        jf_error error = no_error();
        check(sides[side].methods().capabilities(sides[side].life.self(), append_to(text), &error), error);
        return Json::parse(text, nullptr, false);
    }

    static Bench& manual(Bench& bench)
    {
        bench.use_clock(testing::Clock::manual);
        return bench;
    }
    Json config(const std::string& kind, int side, const std::string& send_key, const std::string& receive_key,
                bool more)
    {
        const bool video = kind == "video";
        Json stream = {
            {"kind", kind},        {"payload_type", video ? 96 : 111}, {"clock_rate_hz", video ? 90000 : 48000},
            {"ssrc", kSsrc[side]}, {"remote_ssrc", kSsrc[1 - side]},   {"rtp_path", 0},
            {"rtcp_path", 0},      {"feedback", {"nack pli"}}};
        if (more) {
            stream["bitrate"] = {{"min_bps", 6000}, {"max_bps", 2'000'000}, {"start_bps", 64'000}};
            if (video)
                stream["repair"] = {
                    {"payload_type", 97}, {"ssrc", kSsrc[side] + 1}, {"remote_ssrc", kSsrc[1 - side] + 1}};
            else
                stream["event_payload_type"] = kEventType;
        }
        if (!suites.empty()) {
            stream["send_key"] = {{"suite", suites[0]}, {"key", send_key}};
            stream["receive_key"] = {{"suite", suites[0]}, {"key", receive_key}};
        }
        if (shakes_hands()) {
            stream["fingerprint"] = can(1 - side).value("fingerprint", "");
            stream["dtls_role"] = side == 0 ? "client" : "server";
        }
        return {{"cname", "side-" + std::to_string(side)}, {"streams", {stream}}};
    }
    void dispatch(int from, Bytes bytes)
    {
        const auto delays = fate ? fate(from, bytes) : std::vector<std::int64_t>{kMs};
        for (const std::int64_t delay : delays)
            under_way_.emplace(now_ns() + delay, std::pair(from, bytes));
    }
    void deliver()
    {
        while (!under_way_.empty() && under_way_.begin()->first <= now_ns()) {
            const auto [at, packet] = *under_way_.begin();
            under_way_.erase(under_way_.begin());
            sides[1 - packet.first].network->gate.deliver(make_packet(packet.second, at));
        }
    }

    std::multimap<std::int64_t, std::pair<int, Bytes>> under_way_;
};

/// Remembers what leaves, and lets everything go.
struct Counting {
    std::vector<jf_sent_packet> packets;

    static constexpr jf_rate_controller_methods kMethods{
        sizeof(jf_rate_controller_methods),
        0,
        [](void*, const jf_rate_stream*, std::size_t, std::int64_t) {},
        [](void* self, const jf_sent_packet* packet) { static_cast<Counting*>(self)->packets.push_back(*packet); },
        [](void*, const jf_rate_feedback*) {},
        [](void*, std::uint32_t, std::uint32_t, std::int64_t, std::int64_t) {},
        [](void*, const jf_rate_moment* moment) { return moment->now_ns + 100 * kMs; },
        [](void*, jf_rate_targets* targets) {
            std::fill_n(targets->stream_bps, targets->stream_count, 1'000'000U);
            targets->pacing_bps = targets->window_bytes = 0;
        },
        [](void*) {},
        nullptr};
};

/// Both ends and their network under calls by chance (transport_calls.cpp).
std::unique_ptr<Scene> set_transport_scene(Bench& bench, Chance& chance);

} // namespace jackfield::conformance::transports
