// What a megabyte and a message cost with each multiplexer: medians of the samples.
//
// Both ends run in one thread over a link in memory; what is counted is that thread's processor time. A megabyte goes
// in sends of 16 KiB over one channel; a message is a send of 100 bytes, over one of eight channels in turn. Usage:
// multiplexer_bench [samples]

// links: jackfield_sdk_testing dl

// plugins: mux-yamux mux-msgpack quic-ngtcp2 identity-x509

#include "tests/bench/pumped_link.hpp"

#include <jackfield/secure_channel.hpp>
#include <jackfield/testing/test_identity.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>

namespace {

using namespace jackfield;
using namespace jackfield::bench;
using testing::FakeHost;
using Instance = testing::InstanceUnderTest<jf_multiplexer_methods>;
using SecureInstance = testing::InstanceUnderTest<jf_secure_channel_methods>;

constexpr int kChannels = 8;

/// One end, which accepts whatever is asked for.
struct End {
    End() = default;
    End(const End&) = delete;
    End& operator=(const End&) = delete;
    ~End()
    {
        for (const auto& channel : channels)
            channel.methods->release(channel.self);
        if (session.methods != nullptr)
            session.methods->release(session.self);
        if (secure.methods != nullptr)
            secure.methods->release(secure.self);
    }

    void open(const Instance& instance, Path below, bool initiator)
    {
        jf_error error = no_error();
        check(instance->open(instance.self(), below.raw(), initiator ? 1U : 0U, {&kListener, this}, &session, &error),
              error);
    }

    /// A secure channel that is a multiplexer as well: it encrypts, too, and the figures say so.
    void open(const SecureInstance& instance, Path below, bool initiator, const Device& expected)
    {
        const jf_device device = expected.raw();
        const jf_secure_options options{sizeof(options),
                                        static_cast<std::uint32_t>(initiator ? JF_TLS_CLIENT : JF_TLS_SERVER), &device};
        jf_error error = no_error();
        check(instance->open(instance.self(), below.raw(), &options, {&kSecured, this}, &secure, &error), error);
    }

    void keep(jf_channel channel)
    {
        channels.push_back(channel);
        paths.emplace_back(channel.methods->path(channel.self));
        paths.back().open(counter);
    }

    static const jf_multiplexer_listener_methods kListener;
    static const jf_secure_listener_methods kSecured;

    jf_secure_session secure{};
    jf_multiplexer_session session{};
    std::vector<jf_channel> channels;
    std::vector<Path> paths;
    Counter counter;
};

[[noreturn]] void give_up(const jf_error* error)
{
    std::fprintf(stderr, "the session ended: %s\n", error->text);
    std::exit(1);
}

const jf_multiplexer_listener_methods End::kListener{
    sizeof(jf_multiplexer_listener_methods), 0,
    [](void* self, std::uint64_t request, jf_text, std::uint32_t) {
        auto& end = *static_cast<End*>(self);
        jf_error error = no_error();
        jf_channel channel{};
        check(end.session.methods->accept(end.session.self, request, &channel, &error), error);
        end.keep(channel);
    },
    [](void*, jf_status, const jf_error* error) { give_up(error); }};

const jf_secure_listener_methods End::kSecured{
    sizeof(jf_secure_listener_methods), 0,
    [](void* self, jf_path, const jf_secure_info*) {
        auto& end = *static_cast<End*>(self);
        jf_error error = no_error();
        check(end.secure.methods->multiplexer(end.secure.self, {&kListener, self}, &end.session, &error), error);
    },
    [](void*, jf_status, const jf_error* error) { give_up(error); }};

struct Connection {
    explicit Connection(const std::string& plugin) : link(plugin.starts_with("quic-") ? JF_DATAGRAM : JF_STREAM)
    {
        if (plugin.starts_with("quic-")) {
            identity.emplace();
            identity->provide_to(host);
            secure.emplace(host, JACKFIELD_TEST_PLUGIN_DIR, plugin, JF_SECURE_CHANNEL_INTERFACE);
            b.open(*secure, link.path(1), false, identity->device());
            a.open(*secure, link.path(0), true, identity->device());
        } else {
            instance.emplace(host, JACKFIELD_TEST_PLUGIN_DIR, plugin, JF_MULTIPLEXER_INTERFACE);
            a.open(*instance, link.path(0), true);
            b.open(*instance, link.path(1), false);
        }
        while (a.session.methods == nullptr || b.session.methods == nullptr)
            turn();
        for (int i = 0; i < kChannels; ++i)
            a.session.methods->open_channel(a.session.self, to_text("channel " + std::to_string(i)), JF_STREAM,
                                            {&a, [](void* self, jf_status status, jf_channel channel, const jf_error*) {
                                                 if (status == JF_OK)
                                                     static_cast<End*>(self)->keep(channel);
                                             }});
        while (a.paths.size() < kChannels || b.paths.size() < kChannels)
            turn();
    }

    void turn()
    {
        while (link.pump()) {
        }
        host.run_pending();
    }

    /// Bytes or messages a second: sends of that size, until a tenth of a second is over.
    double sends_per_second(std::size_t size, int channels)
    {
        const Bytes data(size, 0x5a);
        const std::size_t before = b.counter.bytes;
        const double begin = cpu_seconds();
        double seconds = 0;
        std::size_t next = 0;
        do {
            for (int i = 0; i < 64; ++i) {
                if (a.paths[next++ % static_cast<std::size_t>(channels)].send(data) != JF_OK)
                    turn(); // no room: the peer's window is full
            }
            turn();
            seconds = cpu_seconds() - begin;
        } while (seconds < 0.1);
        return static_cast<double>(b.counter.bytes - before) / static_cast<double>(size) / seconds;
    }

    FakeHost host;
    std::optional<testing::TestIdentity> identity; // of both ends
    std::optional<Instance> instance;
    std::optional<SecureInstance> secure;
    PumpedLink link;
    End a;
    End b;
};

void measure(const std::string& plugin, int samples)
{
    if (!std::filesystem::exists(std::string(JACKFIELD_TEST_PLUGIN_DIR) + "/" + plugin + ".plugin.json"))
        return;
    Connection connection(plugin);
    std::vector<double> rates;
    std::vector<double> messages;
    for (int sample = 0; sample < samples; ++sample) {
        rates.push_back(connection.sends_per_second(16384, 1) * 16384 / 1e6);
        messages.push_back(connection.sends_per_second(100, kChannels));
    }
    std::sort(rates.begin(), rates.end());
    std::sort(messages.begin(), messages.end());
    std::printf("| %-12s | %10.0f | %12.0f |\n", plugin.c_str(), rates[rates.size() / 2],
                messages[messages.size() / 2]);
}

} // namespace

int main(int argc, char** argv)
{
    const int samples = argc > 1 ? std::max(1, std::atoi(argv[1])) : 15;
    std::printf("medians of %d samples\n\n| multiplexer  | MB/s       | messages/s   |\n| --- | --- | --- |\n",
                samples);
    for (const char* plugin : {"mux-yamux", "mux-msgpack", "quic-ngtcp2"})
        measure(plugin, samples);
}
