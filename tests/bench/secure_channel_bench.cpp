// What a handshake and a megabyte cost with each secure channel, as a table: min / median / max of the samples.
//
// Both peers run in one thread over a link in memory, so a handshake is the work of both and a megabyte is encrypted
// and decrypted by the same core. What is counted is that thread's processor time, so that a busy machine disturbs
// little. Identities are real (identity-x509, P-256). Usage: secure_channel_bench [samples]

// links: jackfield_sdk_testing dl

// plugins: secure-openssl secure-gnutls secure-mbedtls secure-noise secure-none quic-ngtcp2 identity-x509

#include "tests/bench/pumped_link.hpp"

#include <jackfield/secure_channel.hpp>
#include <jackfield/testing/test_identity.hpp>

#include <cstdio>
#include <vector>

namespace {

using jackfield::Bytes;
using jackfield::Path;
using jackfield::Status;
using jackfield::bench::Counter;
using jackfield::bench::cpu_seconds;
using jackfield::bench::PumpedLink;
using jackfield::testing::FakeHost;
using jackfield::testing::TestIdentity;
using Instance = jackfield::testing::InstanceUnderTest<jf_secure_channel_methods>;

/// One session and what it reported.
struct Peer {
    ~Peer()
    {
        if (session.methods != nullptr)
            session.methods->release(session.self);
    }

    void open(Instance& instance, Path below, std::uint32_t role, const jackfield::Device& expected);

    jf_secure_session session{nullptr, nullptr};
    Path secured;
    Counter counter;
};

constexpr jf_secure_listener_methods kListener{
    sizeof(jf_secure_listener_methods), 0,
    [](void* self, jf_path path, const jf_secure_info*) { static_cast<Peer*>(self)->secured = Path(path); },
    [](void*, Status, const jf_error* error) {
        std::fprintf(stderr, "handshake failed: %s\n", error->text);
        std::exit(1);
    }};

void Peer::open(Instance& instance, Path below, std::uint32_t role, const jackfield::Device& expected)
{
    const jf_device device = expected.raw();
    const jf_secure_options options{sizeof(options), role, &device};
    jf_error error = jackfield::no_error();
    jackfield::check(instance->open(instance.self(), below.raw(), &options, {&kListener, this}, &session, &error),
                     error);
}

struct Node {
    explicit Node(const std::string& plugin)
        : channel(with_identity(), JACKFIELD_TEST_PLUGIN_DIR, plugin, JF_SECURE_CHANNEL_INTERFACE,
                  plugin == "secure-none" ? R"({"insecure": true})" : "{}")
    {}
    FakeHost& with_identity()
    {
        identity.provide_to(host);
        return host;
    }
    TestIdentity identity;
    FakeHost host;
    Instance channel;
};

struct Connection {
    Connection(Node& client_node, Node& server_node, std::uint32_t kind)
        : link(kind), client_host(client_node.host), server_host(server_node.host)
    {
        const jackfield::Device to = server_node.identity.device();
        const jackfield::Device from = client_node.identity.device();
        const double begin = cpu_seconds();
        server.open(server_node.channel, link.path(1), JF_TLS_SERVER, from);
        client.open(client_node.channel, link.path(0), JF_TLS_CLIENT, to);
        while (!client.secured || !server.secured) {
            while (link.pump()) {
            }
            client_node.host.run_pending();
            server_node.host.run_pending();
        }
        milliseconds = (cpu_seconds() - begin) * 1e3;
        client.secured.open(client.counter);
        server.secured.open(server.counter);
    }

    /// Megabytes a second, sent and received.
    double rate(std::size_t block)
    {
        const Bytes data(std::min<std::size_t>(block, client.secured.describe().max_datagram_bytes), 0x5a);
        server.counter.bytes = 0;
        const double begin = cpu_seconds();
        double seconds = 0;
        do {
            for (int i = 0; i < 64; ++i) {
                client.secured.send(data);
                link.pump();
            }
            client_host.run_pending(); // timers that were set
            server_host.run_pending();
            seconds = cpu_seconds() - begin;
        } while (seconds < 0.1);
        return static_cast<double>(server.counter.bytes) / seconds / 1e6;
    }

    PumpedLink link; // outlives the sessions
    FakeHost& client_host;
    FakeHost& server_host;
    Peer client, server;
    double milliseconds = 0;
};

void print(const char* plugin, const char* kind, const char* what, std::vector<double> samples)
{
    std::sort(samples.begin(), samples.end());
    std::printf("| %-14s | %-8s | %-22s | %9.2f | %9.2f | %9.2f |\n", plugin, kind, what, samples.front(),
                samples[samples.size() / 2], samples.back());
    std::fflush(stdout);
}

void measure(const char* plugin, std::uint32_t kind, int samples)
{
    Node client(plugin);
    Node server(plugin);
    const char* kind_name = kind == JF_STREAM ? "stream" : "datagram";

    std::vector<double> handshakes;
    for (int i = 0; i < samples; ++i)
        handshakes.push_back(Connection(client, server, kind).milliseconds);
    print(plugin, kind_name, "first handshake, ms", {handshakes.front()});
    print(plugin, kind_name, "handshake, ms", {handshakes.begin() + 1, handshakes.end()});

    Connection connection(client, server, kind);
    for (const std::size_t block : {std::size_t{16'384}, std::size_t{1200}}) {
        std::vector<double> rates;
        for (int i = 0; i < samples; ++i)
            rates.push_back(connection.rate(block));
        print(plugin, kind_name, block == 1200 ? "1200 B sends, MB/s" : "16 KiB sends, MB/s", rates);
    }
}

} // namespace

int main(int argc, char** argv)
{
    const int samples = argc > 1 ? std::max(2, std::atoi(argv[1])) : 25;
    std::printf("| plugin         | path     | what                   |       min |    median |       max |\n"
                "| -------------- | -------- | ---------------------- | --------- | --------- | --------- |\n");
    for (const char* plugin :
         {"secure-openssl", "secure-gnutls", "secure-mbedtls", "secure-noise", "secure-none", "quic-ngtcp2"}) {
        for (const std::uint32_t kind : {JF_STREAM, JF_DATAGRAM}) {
            if (kind == JF_DATAGRAM || std::string_view(plugin) != "quic-ngtcp2")
                measure(plugin, kind, samples);
        }
    }
}
