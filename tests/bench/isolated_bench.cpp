// What it costs that a plugin runs in a process of its own ("isolate": true), beside the same plugin in this process.
//
// A packet of 1200 bytes is sent into path-stats and comes out below: in another process it crosses twice, in and out
// again. Packets come in batches, and the next batch begins when the last packet of the one before has come out; the
// time is the wall's. A frame is 20 ms of sound, encoded by codec-g711, which works in next to no time. Usage:
// isolated_bench [batches]

// links: jackfield_kernel

// plugins: path-stats codec-g711 jackfield-isolated

#include "kernel/bind/text.hpp"
#include "kernel/executor/instance_host.hpp"
#include "kernel/executor/run_on_control.hpp"
#include "kernel/isolate/isolate.hpp"
#include "kernel/registry/registry.hpp"

#include <jackfield/abi/codec.h>
#include <jackfield/abi/path_decorator.h>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <thread>

namespace {

using namespace jackfield::kernel;

/// Counts what comes out.
struct Below {
    std::atomic<std::uint64_t> packets{0};

    jf_path path()
    {
        static constexpr jf_path_methods kMethods{
            sizeof(jf_path_methods),
            0,
            [](void*, jf_path_info* info) { *info = {sizeof(jf_path_info), JF_DATAGRAM, 1500, 28, 0, 0}; },
            [](void*, jf_path_receiver, jf_error*) -> jf_status { return JF_OK; },
            [](void* self, const jf_bytes*, std::size_t) -> jf_status {
                static_cast<Below*>(self)->packets.fetch_add(1);
                return JF_OK;
            },
            [](void*) {}};
        return {&kMethods, this};
    }
};

constexpr jf_path_receiver_methods kDeaf{sizeof(jf_path_receiver_methods), 0, [](void*, const jf_packet*) {},
                                         [](void*) {}, [](void*, jf_status, const jf_error*) {}};

class Bench {
public:
    Bench()
    {
        registry_ = Registry::scan(std::vector<std::filesystem::path>{JACKFIELD_TEST_PLUGIN_DIR});
        control_.start();
    }

    void on_control(const std::function<void()>& work) { run_on_control(control_, work); }

    /// [control]
    Instance make(const std::string& id, const std::string& interface_id, const jf_host& host, bool isolated)
    {
        const auto* const manifest = registry_.find(id);
        if (manifest == nullptr)
            throw std::runtime_error(id + ": no such plugin");
        auto made = isolated ? isolate::create_isolated({manifest->path, id, interface_id, "{}"}, host)
                             : create_instance(*(*registry_.load(id))->factory(interface_id), host, "{}");
        if (!made)
            throw std::runtime_error(made.error().text);
        return std::move(*made);
    }

    void packets(std::size_t batch, int batches, bool isolated);
    void frames(int count, bool isolated);

private:
    Registry registry_;
    ControlThread control_;
    HostServices services_;
};

double median(std::vector<double>& values)
{
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

using Clock = std::chrono::steady_clock;

double ns_since(Clock::time_point begin)
{
    return std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
}

void Bench::packets(std::size_t batch, int batches, bool isolated)
{
    Below below;
    jf_path above{};
    jf_decorator_session session{};
    std::unique_ptr<InstanceHost> host;
    Instance instance;
    on_control([&] {
        host = std::make_unique<InstanceHost>(control_, services_, "path-stats");
        instance = make("path-stats", JF_PATH_DECORATOR_INTERFACE, host->raw(), isolated);
        const jf_decorator_options options{sizeof(options), 1, 1, 0, abi_text("media"), abi_text("peer")};
        ErrorSlot error;
        const auto& methods = *instance.methods<jf_path_decorator_methods>();
        require(methods.open(instance.self(), below.path(), &options, &above, &session, &error), error, "open");
        require(above.methods->open(above.self, {&kDeaf, nullptr}, &error), error, "open above");
    });
    const std::vector<std::uint8_t> packet(1200, 1);
    const jf_bytes part{packet.data(), packet.size()};
    std::vector<double> each;
    std::uint64_t sent = 0;
    for (int i = 0; i < batches; ++i) {
        const auto begin = Clock::now();
        for (std::size_t n = 0; n < batch; ++n)
            sent += above.methods->send(above.self, &part, 1) == JF_OK ? 1 : 0;
        while (below.packets.load() < sent) // the thread that brings them up runs meanwhile
            std::this_thread::yield();
        each.push_back(ns_since(begin) / static_cast<double>(batch));
    }
    fmt::print("| a packet of {:3} | {:10} | {:9.1f} |\n", batch, isolated ? "isolated" : "in-process", median(each));
    on_control([&] {
        session.methods->release(session.self);
        host->close_gate();
        instance = Instance();
        host.reset();
    });
}

void Bench::frames(int count, bool isolated)
{
    std::unique_ptr<InstanceHost> host;
    Instance instance;
    on_control([&] {
        host = std::make_unique<InstanceHost>(control_, services_, "codec-g711");
        instance = make("codec-g711", JF_CODEC_INTERFACE, host->raw(), isolated);
    });
    const std::string config =
        R"({"name": "PCMU", "kind": "audio", "clock_rate_hz": 8000, "channels": 1, "sample_rate_hz": 8000,
        "parameters": "", "frame_ms": 20, "static_payload_type": 0, "bitrate_bps": 64000, "max_payload_bytes": 1200})";
    jf_encoder encoder{};
    ErrorSlot error;
    const auto& methods = *instance.methods<jf_codec_methods>();
    require(methods.open_encoder(instance.self(), abi_text(config), {nullptr, [](void*, const jf_payload*) {}},
                                 &encoder, &error),
            error, "open_encoder");
    const std::vector<float> samples(160, 0.5F);
    jf_frame frame{};
    frame.struct_size = sizeof(frame);
    frame.kind = JF_AUDIO;
    frame.samples = samples.data();
    frame.sample_rate_hz = 8000;
    frame.channels = 1;
    frame.samples_per_channel = 160;
    std::vector<double> each;
    for (int i = 0; i < count; ++i) {
        const auto begin = Clock::now();
        if (encoder.methods->encode(encoder.self, &frame) != JF_OK)
            throw std::runtime_error("encode failed");
        each.push_back(ns_since(begin));
    }
    fmt::print("| a frame of sound | {:10} | {:9.1f} |\n", isolated ? "isolated" : "in-process", median(each));
    on_control([&] {
        encoder.methods->release(encoder.self);
        host->close_gate();
        instance = Instance();
        host.reset();
    });
}

} // namespace

int main(int argc, char** argv)
{
    const int batches = argc > 1 ? std::max(1, std::atoi(argv[1])) : 5000;
    try {
        Bench bench;
        fmt::print("wall nanoseconds each, medians of {} batches\n\n| what | where | ns |\n| --- | --- | --- |\n",
                   batches);
        for (const std::size_t batch : {1, 8, 32, 128}) {
            for (const bool isolated : {false, true})
                bench.packets(batch, batches, isolated);
        }
        for (const bool isolated : {false, true})
            bench.frames(batches, isolated);
    } catch (const std::exception& problem) {
        fmt::print(stderr, "isolated_bench: {}\n", problem.what());
        return 1;
    }
}
