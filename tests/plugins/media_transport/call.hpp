// What the tests of sessions share: configurations, sources of numbered packets, and looks at what was played.
//
// Threads: the test's thread.
#pragma once

#include "simulation.hpp"

namespace media_transport_test {

inline constexpr std::uint32_t kAudioSsrc = 0x1111;
inline constexpr std::uint32_t kVideoSsrc = 0x2222;
inline constexpr std::int64_t kAudioStepNs = 20 * kMs;

inline bool is_rtcp(const Bytes& bytes)
{
    return bytes.size() > 1 && bytes[1] >= 192 && bytes[1] <= 223;
}

inline Json audio_session(Simulation& simulation, const std::string& suite)
{
    return {{"cname", "first-side-cname"},
            {"streams", Json::array({stream_config("audio", kAudioSsrc, simulation.sides[0], suite)})}};
}

inline Json audio_session(Simulation& simulation)
{
    return audio_session(simulation, simulation.suite);
}

inline Json call_session(Simulation& simulation)
{
    Json config = audio_session(simulation);
    config["streams"].push_back(stream_config("video", kVideoSsrc, simulation.sides[0], simulation.suite));
    return config;
}

/// A source that sends one audio packet every 20 ms, numbered from 0.
struct AudioSource {
    explicit AudioSource(Side& to_side) : side(to_side), next_ns(to_side.host.now_ns()) {}
    AudioSource(const AudioSource&) = delete;

    void operator()()
    {
        if (side.host.now_ns() < next_ns)
            return;
        next_ns += kAudioStepNs;
        status = side.send(0, count * 960, numbered(count), count == 0);
        ++count;
    }

    Side& side;
    std::int64_t next_ns;
    std::uint32_t count = 0;
    jackfield::Status status = JF_OK;
};

/// A source of pictures of one packet, 30 a second.
struct VideoSource {
    explicit VideoSource(Side& to_side) : side(to_side) {}
    VideoSource(const VideoSource&) = delete;

    void operator()()
    {
        if (side.host.now_ns() / kMs % 33 != 0)
            return;
        side.send(1, count * 2970, numbered(count, 1200), true);
        ++count;
    }

    Side& side;
    std::uint32_t count = 0;
};

inline std::uint32_t lost_marks(const std::vector<Played>& played)
{
    std::uint32_t lost = 0;
    for (const Played& packet : played)
        lost += packet.lost_before;
    return lost;
}

inline bool in_order(const std::vector<Played>& played)
{
    return std::is_sorted(played.begin(), played.end(),
                          [](const Played& a, const Played& b) { return a.number() < b.number(); });
}

} // namespace media_transport_test
