// What one crossing of the plugin boundary costs, and what one path decorator costs a packet: medians of the samples.
//
// A crossing is a call through a method table into a plugin's library that comes back at once: tick of cc-fixed, which
// answers a constant. A describe is one of the path that a decorator yields, less one of the path below, which the
// decorator asks. A packet is 1200 bytes that are sent through the decorator into a path that takes everything, less
// the same without it. Usage: boundary_bench [samples]

// links: jackfield_sdk_testing dl

// plugins: cc-fixed path-stats path-impair path-trace path-fault

#include <jackfield/congestion_control.hpp>
#include <jackfield/path_decorator.hpp>
#include <jackfield/testing/plugin_under_test.hpp>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <vector>

namespace {

using namespace jackfield;
using testing::FakeHost;
using Instance = testing::InstanceUnderTest<jf_path_decorator_methods>;

double cpu_ns()
{
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

/// Takes everything, does nothing.
class NullPath final : public PathBase {
public:
    jf_path_info describe() const noexcept override
    {
        return {sizeof(jf_path_info), JF_DATAGRAM, JF_STREAM_SEND_MAX, 0, 0, 0};
    }
    void open(jf_path_receiver) override {}
    Status send(std::span<const jf_bytes>) noexcept override { return JF_OK; }
    void close() noexcept override {}
};

struct Deaf final : PathReceiver {
    void received(const jf_packet&) noexcept override {}
    void closed(Status, std::string_view) noexcept override {}
};

template <class F>
double median_ns(int samples, F&& once)
{
    constexpr int kCalls = 200'000;
    std::vector<double> each;
    for (int sample = 0; sample < samples; ++sample) {
        const double begin = cpu_ns();
        for (int call = 0; call < kCalls; ++call)
            once();
        each.push_back((cpu_ns() - begin) / kCalls);
    }
    std::sort(each.begin(), each.end());
    return each[each.size() / 2];
}

bool is_there(const std::string& plugin)
{
    return std::filesystem::exists(std::string(JACKFIELD_TEST_PLUGIN_DIR) + "/" + plugin + ".plugin.json");
}

void measure_a_crossing(int samples)
{
    if (!is_there("cc-fixed"))
        return;
    FakeHost host;
    const testing::InstanceUnderTest<jf_congestion_control_methods> instance(
        host, JACKFIELD_TEST_PLUGIN_DIR, "cc-fixed", JF_CONGESTION_CONTROL_INTERFACE, R"({"rate_bps": 64000})");
    jf_rate_controller controller{};
    jf_error error = no_error();
    check(instance->open(instance.self(), &controller, &error), error);
    jf_rate_moment moment{};
    moment.struct_size = sizeof(moment);
    volatile std::int64_t answered = 0;
    const auto call = [&](const jf_rate_controller_methods* methods) {
        return median_ns(samples, [&] { answered = methods->tick(controller.self, &moment); });
    };
    jf_rate_controller_methods ours = *controller.methods;
    ours.tick = [](void*, const jf_rate_moment*) -> std::int64_t { return INT64_MAX; };
    const jf_rate_controller_methods* volatile unknown_to_the_compiler = &ours;
    const double at_home = call(unknown_to_the_compiler);
    const double across = call(controller.methods);
    std::printf("| what | ns |\n| --- | --- |\n| a function of this program, through a table | %.1f |\n"
                "| the same in `cc-fixed`, which is a crossing | %.1f |\n\n",
                at_home, across);
    controller.methods->release(controller.self);
}

void measure(const std::string& plugin, const std::string& config, int samples)
{
    if (!is_there(plugin))
        return;
    FakeHost host;
    const Instance instance(host, JACKFIELD_TEST_PLUGIN_DIR, plugin, JF_PATH_DECORATOR_INTERFACE, config);
    NullPath null;
    const Path below(null.handle());
    jf_decorator_options options{};
    options.struct_size = sizeof(options);
    options.seam = to_text("media");
    options.component = 1;
    jf_path raw{};
    jf_decorator_session session{};
    jf_error error = no_error();
    check(instance->open(instance.self(), below.raw(), &options, &raw, &session, &error), error);
    const Path above(raw);
    Deaf deaf;
    above.open(deaf);

    jf_path_info info{};
    info.struct_size = sizeof(info);
    const auto describe = [&](const Path& path) { path.raw().methods->describe(path.raw().self, &info); };
    const double alone = median_ns(samples, [&] { describe(below); });
    const double both = median_ns(samples, [&] { describe(above); });
    const Bytes packet(1200, 1);
    const double sent_alone = median_ns(samples, [&] { below.send(packet); });
    const double sent = median_ns(samples, [&] { above.send(packet); });
    std::printf("| %-12s | %8.1f | %8.1f |\n", plugin.c_str(), both - alone, sent - sent_alone);
    session.methods->release(session.self);
}

} // namespace

int main(int argc, char** argv)
{
    const int samples = argc > 1 ? std::max(1, std::atoi(argv[1])) : 15;
    const std::string trace = (std::filesystem::temp_directory_path() / "boundary_bench.pcapng").string();
    std::printf("nanoseconds, medians of %d samples\n\n", samples);
    measure_a_crossing(samples);
    std::printf("| decorator    | describe | a packet |\n| --- | --- | --- |\n");
    measure("path-stats", "{}", samples);
    measure("path-fault", R"({"at_packet": 2000000000})", samples);
    measure("path-impair", "{}", samples);
    measure("path-trace", R"({"file": ")" + trace + "\"}", 1);
    std::filesystem::remove(trace);
}
