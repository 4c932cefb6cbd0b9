// Two media sessions and the network between them in simulated time, on one thread: the same run every time.
//
// Threads: all on the test's thread. Lifetime: the Simulation owns hosts, plugins, sessions and links.
// The sessions are those of the built plugin, reached over its C boundary.
#pragma once

#include <jackfield/abi/media_transport.h>
#include <jackfield/path.hpp>
#include <jackfield/testing/fake_host.hpp>
#include <jackfield/testing/plugin_under_test.hpp>

#include <nlohmann/json.hpp>

namespace media_transport_test {

using Json = nlohmann::json;
using jackfield::Bytes;
using jackfield::ByteView;

inline constexpr std::int64_t kMs = 1'000'000;

/// A plugin, and what its streams need to say in a session's configuration.
struct Transport {
    std::string name; ///< in test listings
    std::string plugin;
    std::string suite;         ///< empty: no keys
    std::size_t tag_bytes = 0; ///< that the suite adds to a packet
    std::string agreed{};      ///< the suite, if there are no keys in the configuration and it comes of a handshake

    std::string counted_suite() const { return !agreed.empty() ? agreed : suite.empty() ? "none" : suite; }
};

inline const Transport kSrtp{"srtp_gcm", "media-srtp", "AEAD_AES_128_GCM", 16};

/// The plugin's configuration with what it does not load without.
inline std::string config_for(const Transport& transport, const std::string& more)
{
    Json config = Json::parse(more);
    if (transport.plugin == "media-plain")
        config["insecure"] = true;
    return config.dump();
}

/// One packet on its way.
struct Transit {
    int from = 0; ///< which end sent it
    std::size_t link = 0;
    Bytes bytes;
};

/// Decides what happens to a packet: one arrival after each delay; none loses it. May change the bytes.
using Fate = std::function<std::vector<std::int64_t>(Transit&)>;

/// The end of a link that one session sees.
class End final : public jackfield::PathBase {
public:
    using Send = std::function<jackfield::Status(Bytes)>;
    explicit End(Send send) : send_(std::move(send)) {}

    jf_path_info describe() const noexcept override
    {
        return {sizeof(jf_path_info), kind, max_datagram_bytes, 0, 0, 0};
    }
    void open(jf_path_receiver receiver) override { gate.open(receiver); }
    jackfield::Status send(std::span<const jf_bytes> parts) noexcept override
    {
        if (full)
            return JF_WOULD_BLOCK;
        if (jackfield::total_size(parts) > max_datagram_bytes)
            return JF_BAD_INPUT;
        Bytes bytes;
        for (const jf_bytes& part : parts)
            bytes.insert(bytes.end(), part.data, part.data + part.size);
        return send_(std::move(bytes));
    }
    void close() noexcept override
    {
        closed = true;
        gate.shut();
    }

    jackfield::ReceiverGate gate;
    std::uint32_t kind = JF_DATAGRAM;
    std::uint32_t max_datagram_bytes = 1400;
    bool full = false;
    bool closed = false;

private:
    Send send_;
};

/// A payload as take gave it.
struct Played {
    std::uint32_t rtp_timestamp = 0;
    std::uint8_t marker = 0;
    std::uint8_t payload_type = 0;
    std::uint16_t lost_before = 0;
    std::int64_t time_ns = 0;
    std::int64_t taken_ns = 0;
    Bytes bytes;

    /// The number the sending test wrote into the first four bytes.
    std::uint32_t number() const
    {
        return bytes.size() < 4 ? 0
                                : (std::uint32_t{bytes[0]} << 24) | (std::uint32_t{bytes[1]} << 16) |
                                      (std::uint32_t{bytes[2]} << 8) | bytes[3];
    }
};

/// A payload that carries a number.
inline Bytes numbered(std::uint32_t number, std::size_t size = 160)
{
    Bytes bytes(size, 0x5a);
    for (std::size_t i = 0; i < 4; ++i)
        bytes[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
    return bytes;
}

/// One side: a host, an instance of the plugin, a session, and what the kernel's media threads would do.
class Side {
public:
    explicit Side(const std::string& plugin_config, const std::string& plugin = "media-srtp")
        : host(jackfield::testing::Clock::manual),
          transport(host, JACKFIELD_TEST_PLUGIN_DIR, plugin, JF_MEDIA_TRANSPORT_INTERFACE, plugin_config),
          fingerprint(capabilities().value("fingerprint", ""))
    {}
    ~Side() { release(); }
    Side(const Side&) = delete;
    Side& operator=(const Side&) = delete;

    jackfield::Status open(const Json& config, const std::vector<jf_path>& paths, jf_error* error = nullptr)
    {
        static constexpr jf_media_listener_methods methods{
            sizeof(jf_media_listener_methods),
            0,
            [](void* self, std::uint32_t stream) { static_cast<Side*>(self)->arrivals[stream] += 1; },
            [](void* self, std::uint32_t stream) { static_cast<Side*>(self)->key_frame_requests[stream] += 1; },
            [](void* self, jackfield::Status status, const jf_error*) {
                static_cast<Side*>(self)->ended.push_back(status);
            },
            [](void* self, std::uint32_t stream, std::uint32_t percent) {
                static_cast<Side*>(self)->losses[stream].push_back(percent);
            },
            [](void* self, std::uint32_t stream, std::uint32_t bps) {
                static_cast<Side*>(self)->targets[stream].push_back(bps);
            },
            [](void* self) { static_cast<Side*>(self)->next_tick_ns = 0; }};
        const std::string text = config.dump();
        jf_error own = jackfield::no_error();
        const auto status = transport->open(transport.self(), jackfield::to_text(text), paths.data(), paths.size(),
                                            {&methods, this}, &session, error != nullptr ? error : &own);
        streams = config["streams"].size();
        played.resize(streams);
        arrivals.resize(streams);
        key_frame_requests.resize(streams);
        losses.resize(streams);
        targets.resize(streams);
        next_tick_ns = host.now_ns();
        return status;
    }

    /// The streams are others from here on; no path is new.
    jackfield::Status change(const Json& config, const std::vector<jf_path>& paths)
    {
        jf_error error = jackfield::no_error();
        return session.methods->change(session.self, jackfield::to_text(config.dump()), paths.data(), paths.size(),
                                       &error);
    }

    jackfield::Status send(std::uint32_t stream, std::uint32_t rtp_timestamp, const Bytes& bytes, bool marker = false)
    {
        jf_payload payload{};
        payload.struct_size = sizeof(payload);
        payload.rtp_timestamp = rtp_timestamp;
        payload.bytes = jackfield::to_bytes(bytes);
        payload.marker = marker ? 1 : 0;
        payload.time_ns = host.now_ns();
        return session.methods->send(session.self, stream, &payload);
    }

    /// What the kernel's media threads do at this moment.
    void work()
    {
        if (session.methods == nullptr)
            return;
        if (host.now_ns() >= next_tick_ns)
            next_tick_ns = session.methods->tick(session.self, host.now_ns());
        for (std::uint32_t stream = 0; stream < streams && taking; ++stream)
            take_all(stream);
    }

    void take_all(std::uint32_t stream)
    {
        jf_payload payload{};
        payload.struct_size = sizeof(payload);
        std::int64_t next_due_ns = 0;
        while (session.methods->take(session.self, stream, host.now_ns(), &payload, &next_due_ns) == JF_OK)
            played[stream].push_back({payload.rtp_timestamp, payload.marker, payload.payload_type, payload.lost_before,
                                      payload.time_ns, host.now_ns(),
                                      Bytes(payload.bytes.data, payload.bytes.data + payload.bytes.size)});
    }

    Json statistics()
    {
        std::string text;
        jf_error error = jackfield::no_error();
        jackfield::check(session.methods->statistics(session.self, jackfield::append_to(text), &error), error);
        return Json::parse(text);
    }
    Json statistics(std::size_t stream) { return statistics()["streams"].at(stream); }

    Json capabilities()
    {
        std::string text;
        jf_error error = jackfield::no_error();
        jackfield::check(transport->capabilities(transport.self(), jackfield::append_to(text), &error), error);
        return Json::parse(text);
    }

    std::string make_key(std::string_view suite)
    {
        std::string key;
        jf_error error = jackfield::no_error();
        jackfield::check(
            transport->make_key(transport.self(), jackfield::to_text(suite), jackfield::append_to(key), &error), error);
        return key;
    }

    void release()
    {
        if (session.methods != nullptr)
            session.methods->release(session.self);
        session = {nullptr, nullptr};
    }

    jackfield::testing::FakeHost host;
    jackfield::testing::InstanceUnderTest<jf_media_transport_methods> transport;
    std::string fingerprint;      ///< of a transport that shakes hands; else empty
    std::string peer_fingerprint; ///< after introduce
    jf_media_session session{nullptr, nullptr};
    std::size_t streams = 0;
    bool taking = true; ///< false: the kernel's media threads sleep
    std::int64_t next_tick_ns = 0;
    std::vector<std::vector<Played>> played;
    std::vector<int> arrivals;
    std::vector<int> key_frame_requests;
    std::vector<std::vector<std::uint32_t>> losses;  ///< what the peer reported, in percent
    std::vector<std::vector<std::uint32_t>> targets; ///< what encoders are to make
    std::vector<jackfield::Status> ended;
};

/// From a fingerprint to that of the other side.
inline std::map<std::string, std::string> introduced;

/// Two sides learn each other's certificate, as their descriptions would tell it.
inline void introduce(Side& one, Side& other)
{
    one.peer_fingerprint = introduced[one.fingerprint] = other.fingerprint;
    other.peer_fingerprint = introduced[other.fingerprint] = one.fingerprint;
}

class Simulation {
public:
    explicit Simulation(std::size_t link_count, const std::string& plugin_config = "{}",
                        const Transport& transport = kSrtp)
        : suite(transport.suite),
          sides{Side(config_for(transport, plugin_config), transport.plugin),
                Side(config_for(transport, plugin_config), transport.plugin)}
    {
        introduce(sides[0], sides[1]);
        for (std::size_t link = 0; link < link_count; ++link) {
            for (int from = 0; from < 2; ++from) {
                ends[from].push_back(std::make_unique<End>([this, from, link](Bytes bytes) {
                    dispatch({from, link, std::move(bytes)});
                    return JF_OK;
                }));
            }
        }
    }

    Simulation(const Simulation&) = delete;
    Simulation& operator=(const Simulation&) = delete;
    ~Simulation()
    {
        fate = nullptr; // it may point at what the test has given up by now
        for (Side& side : sides)
            side.release();
    }

    std::vector<jf_path> paths(int side)
    {
        std::vector<jf_path> list;
        for (auto& end : ends[side])
            list.push_back(end->handle());
        return list;
    }

    /// Opens both sides; the second config is derived: SSRCs and keys are exchanged.
    void open(Json first)
    {
        for (Json& stream : first["streams"]) {
            if (suite.empty()) // without a key, announced as SDP does: else the first packet is not believed
                stream["remote_ssrc"] = stream["ssrc"].get<std::uint32_t>() + kOtherSide;
        }
        jackfield::check(sides[0].open(first, paths(0)), jackfield::make_error(JF_INTERNAL, "side 0"));
        second = mirrored(first);
        jackfield::check(sides[1].open(second, paths(1)), jackfield::make_error(JF_INTERNAL, "side 1"));
        if (!sides[0].fingerprint.empty())
            shake_hands();
    }

    static Json mirrored(Json config)
    {
        for (Json& stream : config["streams"]) {
            if (stream.contains("remote_ssrc"))
                stream["remote_ssrc"] = stream["ssrc"];
            stream["ssrc"] = stream["ssrc"].get<std::uint32_t>() + kOtherSide;
            if (stream.contains("send_key"))
                std::swap(stream["send_key"], stream["receive_key"]);
            if (stream.contains("fingerprint")) {
                stream["fingerprint"] = introduced.at(stream["fingerprint"]);
                stream["dtls_role"] = stream["dtls_role"] == "client" ? "server" : "client";
            }
        }
        config["cname"] = "other-side-cname";
        return config;
    }

    std::int64_t now_ns() const { return sides[0].host.now_ns(); }

    /// Lets time pass in steps of a millisecond; each runs what is due, and `each` if given.
    void run(std::int64_t duration_ns, const std::function<void()>& each = nullptr)
    {
        for (const std::int64_t end = now_ns() + duration_ns; now_ns() < end;) {
            for (Side& side : sides)
                side.host.advance(std::chrono::nanoseconds(kMs));
            if (each)
                each();
            deliver();
            for (Side& side : sides)
                side.work();
        }
    }

    /// Puts a packet into an end as if the network had brought it.
    void inject(int to, std::size_t link, const Bytes& bytes)
    {
        ends[to][link]->gate.deliver(jackfield::make_packet(bytes, now_ns()));
    }

    static constexpr std::uint32_t kOtherSide = 0x10000000U;

    std::string suite; ///< that of the transport
    Json second;       ///< what side 1 was opened with
    Side sides[2];
    std::vector<std::unique_ptr<End>> ends[2];
    Fate fate;                 ///< none: everything arrives after 1 ms
    std::vector<Transit> seen; ///< every packet that was sent, if recording
    bool recording = false;

private:
    /// Before anything that a test wants to happen to its packets.
    void shake_hands()
    {
        const auto kept_fate = std::exchange(fate, nullptr);
        const bool kept_recording = std::exchange(recording, false);
        run(10 * kMs);
        seen.clear();
        fate = kept_fate;
        recording = kept_recording;
    }

    void dispatch(Transit transit)
    {
        if (recording)
            seen.push_back(transit);
        const auto delays = fate ? fate(transit) : std::vector<std::int64_t>{kMs};
        for (const std::int64_t delay : delays)
            under_way_.emplace(now_ns() + delay, transit);
    }

    void deliver()
    {
        while (!under_way_.empty() && under_way_.begin()->first <= now_ns()) {
            const std::int64_t arrival_ns = under_way_.begin()->first;
            const Transit transit = std::move(under_way_.begin()->second);
            under_way_.erase(under_way_.begin());
            ends[1 - transit.from][transit.link]->gate.deliver(jackfield::make_packet(transit.bytes, arrival_ns));
        }
    }

    std::multimap<std::int64_t, Transit> under_way_;
};

/// The configuration of an audio stream and, if wanted, a video stream, all on path 0 unless told otherwise.
inline Json stream_config(const std::string& kind, std::uint32_t ssrc, Side& key_maker, const std::string& suite)
{
    const bool video = kind == "video";
    Json stream = {{"kind", kind},
                   {"payload_type", video ? 96 : 111},
                   {"clock_rate_hz", video ? 90000 : 48000},
                   {"ssrc", ssrc},
                   {"rtp_path", 0},
                   {"rtcp_path", 0},
                   {"feedback", Json::array({"nack pli"})}};
    if (!key_maker.peer_fingerprint.empty()) {
        stream["fingerprint"] = key_maker.peer_fingerprint;
        stream["dtls_role"] = "client";
    }
    if (!suite.empty()) {
        stream["send_key"] = {{"suite", suite}, {"key", key_maker.make_key(suite)}};
        stream["receive_key"] = {{"suite", suite}, {"key", key_maker.make_key(suite)}};
    }
    return stream;
}

} // namespace media_transport_test
