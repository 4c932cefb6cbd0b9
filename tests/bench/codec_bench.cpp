// What one frame costs in every codec of every codec plugin, payload format included: time per frame is the time per
// iteration.
//
// Threads: one. Lifetime: a plugin instance per plugin, an encoder or decoder per benchmark.
// links: jackfield_sdk_testing nlohmann_json::nlohmann_json dl
// plugins: codec-ffmpeg codec-g711 codec-opus codec-vpx
#include "tests/plugins/codec/all_codecs.hpp"

#include <jackfield/abi/codec.h>
#include <jackfield/testing/fake_host.hpp>
#include <jackfield/testing/plugin_under_test.hpp>

#include <benchmark/benchmark.h>

#include <nlohmann/json.hpp>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace jackfield;
using Json = nlohmann::json;

constexpr int kPictures = 30; // one second, and then the same again backwards
constexpr std::int64_t kPictureNs = 33'333'333;

using Payloads = std::vector<std::pair<jf_payload, Bytes>>;

jf_payload_sink collect(Payloads& into)
{
    return {&into, [](void* self, const jf_payload* payload) {
                const auto bytes = view(payload->bytes);
                static_cast<Payloads*>(self)->emplace_back(*payload, Bytes(bytes.begin(), bytes.end()));
            }};
}

jf_payload_sink ignore_payloads()
{
    return {nullptr, [](void*, const jf_payload* payload) { benchmark::DoNotOptimize(payload->bytes.data); }};
}

jf_frame_sink ignore_frames()
{
    return {nullptr, [](void*, const jf_frame* frame) { benchmark::DoNotOptimize(frame->time_ns); }};
}

/// A loaded plugin.
class Plugin {
public:
    Plugin(const std::string& id, const std::string& config)
        : instance_(host_, JACKFIELD_TEST_PLUGIN_DIR, id, JF_CODEC_INTERFACE, config)
    {}

    Json codecs() const
    {
        std::string json;
        jf_error error = no_error();
        check(instance_->capabilities(instance_.self(), append_to(json), &error), error);
        return Json::parse(json)["codecs"];
    }

    jf_encoder encoder(const Json& config, jf_payload_sink sink) const
    {
        jf_encoder made{};
        jf_error error = no_error();
        check(instance_->open_encoder(instance_.self(), to_text(config.dump()), sink, &made, &error), error);
        return made;
    }

    jf_decoder decoder(const Json& config) const
    {
        jf_decoder made{};
        jf_error error = no_error();
        check(instance_->open_decoder(instance_.self(), to_text(config.dump()), ignore_frames(), &made, &error), error);
        return made;
    }

private:
    testing::FakeHost host_;
    testing::InstanceUnderTest<jf_codec_methods> instance_;
};

using SharedPlugin = std::shared_ptr<const Plugin>; // the other owners are the other benchmarks of that plugin

/// A second of something that moves: waves, and a box with grain.
class Film {
public:
    Film(std::uint32_t width, std::uint32_t height) : width_(width), height_(height), chroma_(width * height / 4, 120)
    {
        unsigned grain = 1;
        for (int number = 0; number < kPictures; ++number) {
            Bytes luma(std::size_t{width} * height);
            for (std::uint32_t y = 0; y < height; ++y) {
                for (std::uint32_t x = 0; x < width; ++x) {
                    const double wave = 50 * std::sin((x + 3.0 * number) / 23) * std::cos((y + number) / 31.0);
                    grain = grain * 1664525 + 1013904223;
                    luma[std::size_t{y} * width + x] = static_cast<std::uint8_t>(118 + wave + (grain >> 29));
                }
            }
            pictures_.push_back(std::move(luma));
        }
    }

    jf_frame frame(std::int64_t number) const
    {
        const auto step = static_cast<int>(number % (2 * kPictures));
        jf_frame out{};
        out.struct_size = sizeof(out);
        out.kind = JF_VIDEO;
        out.time_ns = number * kPictureNs;
        out.width_px = width_;
        out.height_px = height_;
        const auto& luma = pictures_[static_cast<std::size_t>(step < kPictures ? step : 2 * kPictures - 1 - step)];
        out.planes[0] = luma.data();
        out.planes[1] = out.planes[2] = chroma_.data();
        out.strides_bytes[0] = width_;
        out.strides_bytes[1] = out.strides_bytes[2] = width_ / 2;
        return out;
    }

private:
    std::uint32_t width_;
    std::uint32_t height_;
    std::vector<Bytes> pictures_;
    Bytes chroma_;
};

/// 20 ms of a tone.
struct Sound {
    explicit Sound(std::uint32_t rate) : samples(rate / 50)
    {
        for (std::size_t i = 0; i < samples.size(); ++i)
            samples[i] = 0.3F * static_cast<float>(std::sin(2765.0 * static_cast<double>(i) / rate));
        frame.struct_size = sizeof(frame);
        frame.kind = JF_AUDIO;
        frame.samples = samples.data();
        frame.sample_rate_hz = rate;
        frame.channels = 1;
        frame.samples_per_channel = rate / 50;
    }
    std::vector<float> samples;
    jf_frame frame{};
};

/// What is encoded, frame by frame.
using Frames = std::function<jf_frame(std::int64_t number)>;

Frames frames_of(const Json& config)
{
    if (config["kind"] == "video") {
        const auto film = std::make_shared<Film>(config["width_px"], config["height_px"]);
        return [film](std::int64_t number) { return film->frame(number); };
    }
    const auto sound = std::make_shared<Sound>(config["sample_rate_hz"]);
    return [sound](std::int64_t number) {
        sound->frame.time_ns = number * 20'000'000;
        return sound->frame;
    };
}

void encode(benchmark::State& state, const SharedPlugin& plugin, const Json& config, std::uint32_t loss_percent)
{
    const Frames frames = frames_of(config);
    const jf_encoder encoder = plugin->encoder(config, ignore_payloads());
    if (JF_HAS(encoder.methods, set_loss))
        encoder.methods->set_loss(encoder.self, loss_percent);
    std::int64_t number = 0;
    for (auto _ : state) {
        const jf_frame frame = frames(number++);
        encoder.methods->encode(encoder.self, &frame);
    }
    encoder.methods->release(encoder.self);
}

void decode(benchmark::State& state, const SharedPlugin& plugin, const Json& config)
{
    const Frames frames = frames_of(config);
    std::vector<Payloads> encoded(2 * kPictures);
    Payloads all;
    const jf_encoder encoder = plugin->encoder(config, collect(all));
    for (std::size_t number = 0; number < encoded.size(); ++number) {
        const jf_frame frame = frames(static_cast<std::int64_t>(number));
        encoder.methods->encode(encoder.self, &frame);
        encoded[number] = std::exchange(all, {});
    }
    encoder.methods->release(encoder.self);
    const jf_decoder decoder = plugin->decoder(config);
    std::size_t next = 0;
    for (auto _ : state) {
        for (auto& [payload, bytes] : encoded[next]) {
            payload.bytes = to_bytes(bytes);
            decoder.methods->decode(decoder.self, &payload);
        }
        next = (next + 1) % encoded.size(); // picture 0 is a key frame
    }
    decoder.methods->release(decoder.self);
}

void add(const std::string& name, const SharedPlugin& plugin, const Json& config)
{
    benchmark::RegisterBenchmark((name + "/encode").c_str(), encode, plugin, config, 0U)->Unit(benchmark::kMicrosecond);
    benchmark::RegisterBenchmark((name + "/decode").c_str(), decode, plugin, config)->Unit(benchmark::kMicrosecond);
}

void add_codec(const std::string& id, const SharedPlugin& plugin, Json entry)
{
    const std::string name = id + "/" + entry["name"].get<std::string>();
    if (entry["kind"] == "audio")
        return add(name, plugin, entry);
    entry.erase("default_bitrate_bps");
    for (const auto& [width, height] : {std::pair{640, 480}, std::pair{1280, 720}}) {
        entry.update({{"width_px", width}, {"height_px", height}, {"frame_rate", 30}});
        add(name + "/" + std::to_string(width) + "x" + std::to_string(height), plugin, entry);
    }
}

/// What the complexity of Opus costs, and what spare copies add to it (kernel/decisions, spare copies).
void add_opus()
{
    for (const int complexity : {0, 5, 9}) {
        const auto plugin = std::make_shared<Plugin>("codec-opus", Json{{"complexity", complexity}}.dump());
        for (const std::uint32_t loss : {0U, 10U}) {
            const std::string name =
                "codec-opus/opus/encode/complexity:" + std::to_string(complexity) + "/loss:" + std::to_string(loss);
            benchmark::RegisterBenchmark(name.c_str(), encode, plugin, plugin->codecs().at(0), loss)
                ->Unit(benchmark::kMicrosecond);
        }
    }
}

/// Every codec plugin that was built is a few lines of the output.
const bool registered = [] {
    const auto ids = codec::testing::codec_plugins();
    for (const auto& id : ids) {
        const auto plugin = std::make_shared<Plugin>(id, codec::testing::options_for_all(id).dump());
        for (auto& entry : plugin->codecs())
            add_codec(id, plugin, std::move(entry));
    }
    if (std::ranges::find(ids, "codec-opus") != ids.end())
        add_opus();
    return true;
}();

} // namespace
