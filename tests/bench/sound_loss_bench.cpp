// What a voice sounds like when packets of it are lost: by chance and in bursts, with spare copies (Opus in-band FEC)
// and without. Encoder and decoder of each plugin as a call uses them; the encoder has been told of the loss, as RTCP
// would.
//
//   sound_loss_bench      a table, as in FIGURES.md; the same seed loses the same packets in every row
//
// The distance is that of spectra, codec_quality_bench.cpp, of all 20 ms in which somebody speaks: to what was said, so
// that the codec's own part is in it. Of what is lost a spare copy can restore the last packet before one that came.
//
// Threads: one.
// links: jackfield_sdk_testing nlohmann_json::nlohmann_json GTest::gtest dl
// plugins: codec-ffmpeg codec-g711 codec-opus
#include "tests/bench/sound_quality.hpp"
#include "tests/plugins/codec/codec_fixture.hpp"

#include <benchmark/benchmark.h>
#include <nlohmann/json.hpp>

#include <random>

namespace {

using namespace jackfield::bench;
using namespace jackfield::codec::testing;
using Json = nlohmann::json;

constexpr unsigned kSeed = 7;
constexpr int kTimes = 8;    // the clip is said, for enough packets to lose
constexpr double kBurst = 3; // packets, the mean of a burst

struct Loss {
    double share;
    bool bursts;
};

struct Row {
    std::string plugin;
    std::string codec;
    bool spare_copies;
};

/// Which packets arrive.
std::vector<bool> arrivals(std::size_t packets, const Loss& loss)
{
    std::mt19937 random(kSeed);
    std::uniform_real_distribution<double> chance;
    // Gilbert's model: a bad line loses everything, and is left after kBurst packets on average.
    const double ends = loss.bursts ? 1 / kBurst : 1 - loss.share;
    const double begins = loss.bursts ? loss.share * ends / (1 - loss.share) : loss.share;
    std::vector<bool> arrives;
    bool bad = false;
    for (std::size_t packet = 0; packet < packets; ++packet) {
        bad = chance(random) < (bad ? 1 - ends : begins);
        arrives.push_back(!bad || packet == 0);
    }
    return arrives;
}

struct Heard {
    double lost = 0;       // of all packets
    double restorable = 0; // of those that are lost, by a spare copy in the next
    double distance_db = 0;
    double distance_of_lost_db = 0; // in the 20 ms of lost packets alone
    double kbit_s = 0;
};

Json entry_of(const CodecPlugin& plugin, const std::string& codec)
{
    const auto capabilities = Json::parse(plugin.capabilities());
    for (Json entry : capabilities["codecs"]) {
        if (entry["name"] == codec) {
            entry.erase("default_bitrate_bps");
            entry["bitrate_bps"] = codec == "opus" ? 24'000 : 64'000;
            return entry;
        }
    }
    throw std::runtime_error("there is no codec " + codec);
}

/// The first channel. Each frame stands at its time, as a jitter buffer plays it: a decoder conceals only so much of a
/// long burst, and then there is silence.
std::vector<float> at_their_times(const std::vector<Got>& frames, std::size_t size, std::uint32_t rate_hz)
{
    std::vector<float> samples(size);
    for (const auto& got : frames) {
        const auto begin = static_cast<double>(got.frame.time_ns) * rate_hz / 1e9;
        for (std::size_t i = 0; i < got.frame.samples_per_channel; ++i) {
            if (const auto at = static_cast<std::size_t>(std::max(0.0, begin)) + i; at < size)
                samples[at] = got.samples[i * got.frame.channels];
        }
    }
    return samples;
}

Heard play(const Row& row, const Loss& loss)
{
    const CodecPlugin plugin(row.plugin, "{}");
    const Json entry = entry_of(plugin, row.codec);
    const std::uint32_t rate_hz = entry["sample_rate_hz"];
    const std::size_t packet = rate_hz / 50;
    const auto clip = speech(rate_hz);
    std::vector<float> said;
    for (int time = 0; time < kTimes; ++time)
        said.insert(said.end(), clip.begin(), clip.end());
    const auto arrives = arrivals(said.size() / packet, loss);
    EncoderUnderTest encoder(plugin, entry.dump());
    DecoderUnderTest decoder(plugin, entry.dump());
    if (row.spare_copies)
        encoder.set_loss(static_cast<std::uint32_t>(100 * loss.share));
    Heard heard;
    std::size_t bytes = 0;
    std::uint16_t missing = 0;
    for (std::size_t number = 0; number < arrives.size(); ++number) {
        jf_frame frame{};
        frame.struct_size = sizeof(frame);
        frame.kind = JF_AUDIO;
        frame.time_ns = static_cast<std::int64_t>(number) * 20'000'000;
        frame.samples = said.data() + number * packet;
        frame.sample_rate_hz = rate_hz;
        frame.channels = 1;
        frame.samples_per_channel = static_cast<std::uint32_t>(packet);
        for (const auto& sent : encoder.encoded(frame)) {
            bytes += sent.bytes.size();
            if (arrives[number])
                decoder.decode(sent, std::exchange(missing, std::uint16_t{0}));
        }
        if (!arrives[number]) {
            ++missing;
            ++heard.lost;
            heard.restorable += number + 1 < arrives.size() && arrives[number + 1] ? 1 : 0;
        }
    }
    const auto came = at_their_times(decoder.got, said.size() + rate_hz, rate_hz);
    const std::size_t delay = delay_samples(said, came, rate_hz);
    const std::size_t length = std::min(said.size(), came.size() - delay);
    const std::span<const float> told(said.data(), length);
    const std::span<const float> heard_then(came.data() + delay, length);
    heard.distance_db = spectral_distance_db(told, heard_then, rate_hz);
    heard.distance_of_lost_db = spectral_distance_db(
        told, heard_then, rate_hz, [&](std::size_t number) { return number < arrives.size() && !arrives[number]; });
    heard.restorable /= std::max(heard.lost, 1.0);
    heard.lost /= static_cast<double>(arrives.size());
    heard.kbit_s = static_cast<double>(bytes) * 8 / 1000 / (static_cast<double>(said.size()) / rate_hz);
    return heard;
}

} // namespace

int main()
{
    const std::vector<Row> rows{{"codec-opus", "opus", true},
                                {"codec-opus", "opus", false},
                                {"codec-ffmpeg", "opus", true},
                                {"codec-g711", "PCMU", false}};
    std::printf("| lost | codec | spare copies | kbit/s | really lost, %% | of it restorable, %% | distance, dB | "
                "where it was lost |\n"
                "| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (const bool bursts : {false, true}) {
        for (const double share : {0.0, 0.05, 0.1, 0.2}) {
            if (bursts && share == 0)
                continue;
            for (const Row& row : rows) {
                const Heard heard = play(row, {share, bursts});
                std::printf("| %.0f %%%s | `%s` %s | %s | %.1f | %.1f | %.0f | %.1f | %.1f |\n", 100 * share,
                            share == 0 ? ""
                            : bursts   ? " in bursts"
                                       : " by chance",
                            row.plugin.c_str(), row.codec.c_str(), row.spare_copies ? "yes" : "no", heard.kbit_s,
                            100 * heard.lost, 100 * heard.restorable, heard.distance_db, heard.distance_of_lost_db);
                std::fflush(stdout);
            }
        }
    }
}
