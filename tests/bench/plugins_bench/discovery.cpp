// From asking for a peer to knowing its devices, and a message from one to the other, over what each plugin needs: a
// first node of a DHT, a server, a port that all share, an address that is known.
#include "table.hpp"

#include "tools/rendezvous/server.hpp"

#include <jackfield/testing/discovery_record.hpp>
#include <jackfield/testing/free_port.hpp>
#include <jackfield/testing/path_ear.hpp>
#include <jackfield/testing/test_identity.hpp>

#include <nlohmann/json.hpp>

namespace jackfield::bench::discovery_figures {
namespace {

using namespace jackfield::testing;
using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point begin)
{
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

class Peer {
public:
    Peer(const std::string& plugin, const TestIdentity* identity, const Json& config)
    {
        if (identity != nullptr)
            identity->provide_to(host);
        instance_ = std::make_unique<InstanceUnderTest<jf_discovery_methods>>(host, JACKFIELD_TEST_PLUGIN_DIR, plugin,
                                                                              JF_DISCOVERY_INTERFACE, config.dump());
        jf_error error = no_error();
        check(methods().start(self(), heard.listener(), &error), error);
    }

    std::string listening() const
    {
        std::string text;
        methods().describe(self(), append_to(text), nullptr);
        return Json::parse(text).value("listening", "");
    }
    const jf_discovery_methods& methods() const { return *instance_->methods(); }
    void* self() const { return instance_->self(); }

    FakeHost host;
    DiscoveryRecord heard;
    jf_operation operation = 0;

private:
    std::unique_ptr<InstanceUnderTest<jf_discovery_methods>> instance_;
};

class Pair {
public:
    Pair(const std::string& plugin, const Json& bobs_config,
         const std::function<Json(const Peer& bob, const Device&)>& alices_config)
        : bob_(plugin, &bobs_identity_, bobs_config), plugin_(plugin)
    {
        DoneRecord announced;
        bob_.methods().announce(bob_.self(), announced.done());
        FakeHost::run_together({&bob_.host}, [&] { return announced.calls == 1; });
        alices_config_ = alices_config(bob_, bobs_identity_.device());
        join();
        find_ms();
    }

    /// Until the device is known; the end of the search may come later. By a peer that has been there for a while.
    double find_ms()
    {
        FindRecord found;
        const auto begin = Clock::now();
        alice_->methods().find(alice_->self(), ++alice_->operation, to_text(bobs_identity_.device().account_id),
                               found.sink());
        wait([&] { return found.calls == 1 || !found.devices.empty(); });
        const double took = milliseconds_since(begin);
        wait([&] { return found.calls == 1; });
        if (found.devices.size() != 1)
            throw Failure(JF_NOT_FOUND, plugin_ + ": " + found.text);
        return took;
    }

    /// By one that starts: joining included.
    double start_and_find_ms()
    {
        const auto begin = Clock::now();
        join();
        const double joining = milliseconds_since(begin);
        return joining + find_ms();
    }

    /// Until Bob has it.
    double message_ms()
    {
        const Device device = bobs_identity_.device();
        const jf_device to = device.raw();
        CallMessage message;
        message.call_id = ++alice_->operation;
        message.blob = std::string(1000, 'x');
        message.sent_ms = alice_->host.host().wall_ms();
        const jf_call_message raw = message.raw();
        const std::size_t before = bob_.heard.messages.size();
        DoneRecord sent;
        const auto begin = Clock::now();
        alice_->methods().send(alice_->self(), alice_->operation, &to, &raw, sent.done());
        wait([&] { return bob_.heard.messages.size() > before; });
        const double took = milliseconds_since(begin);
        wait([&] { return sent.calls == 1; });
        return took;
    }

private:
    void join()
    {
        alice_.reset();
        alice_ = std::make_unique<Peer>(plugin_, &alices_identity_, alices_config_);
    }
    void wait(const std::function<bool()>& done)
    {
        if (!FakeHost::run_together({&alice_->host, &bob_.host}, done))
            throw Failure(JF_TIMEOUT, plugin_ + ": nothing in 20 s");
    }

    TestIdentity alices_identity_;
    TestIdentity bobs_identity_;
    Peer bob_;
    std::string plugin_;
    Json alices_config_;
    std::unique_ptr<Peer> alice_;
};

void figures(const Table& table, const std::string& plugin, Pair& pair)
{
    table.row(plugin, "find a peer", "ms", [&] { return pair.find_ms(); });
    table.row(plugin, "start and find a peer", "ms", [&] { return pair.start_and_find_ms(); });
    table.row(plugin, "a message of 1000 bytes", "ms", [&] { return pair.message_ms(); });
}

void opendht(const Table& table)
{
    Json config{{"listen", "127.0.0.1:0"}, {"network", 7}, {"public_rate_limits", false}};
    const Peer hub("discovery-opendht", nullptr, config);
    config["bootstrap"] = {hub.listening()};
    Pair pair("discovery-opendht", config, [&](const Peer&, const Device&) { return config; });
    figures(table, "discovery-opendht", pair);
}

void rendezvous(const Table& table)
{
    const TemporaryFolder folder;
    jackfield::rendezvous::Server::Options options;
    options.bind = "127.0.0.1";
    options.port = 0;
    options.store = folder.path() + "/board";
    const jackfield::rendezvous::Server server(options);
    const Json config{{"servers", {"http://127.0.0.1:" + std::to_string(server.port())}}};
    Pair pair("discovery-rendezvous", config, [&](const Peer&, const Device&) { return config; });
    figures(table, "discovery-rendezvous", pair);
}

void lan(const Table& table)
{
    const Json config{{"addresses", {"127.0.0.1"}}, {"port", free_port(SOCK_DGRAM)}};
    Pair pair("discovery-lan", config, [&](const Peer&, const Device&) { return config; });
    figures(table, "discovery-lan", pair);
}

void known_addresses(const Table& table)
{
    Pair pair("discovery-static", {{"listen", "127.0.0.1:0"}}, [](const Peer& bob, const Device& device) {
        const Json known{{"account", device.account_id}, {"address", bob.listening()}};
        return Json{{"listen", "127.0.0.1:0"}, {"peers", Json::array({known})}};
    });
    figures(table, "discovery-static", pair);
}

/// Says 200 to everything, over UDP.
class SipServer {
public:
    SipServer() : socket_(::socket(AF_INET, SOCK_DGRAM, 0))
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        ::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size);
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { run(); });
    }
    SipServer(const SipServer&) = delete;
    SipServer& operator=(const SipServer&) = delete;
    ~SipServer()
    {
        ::shutdown(socket_, SHUT_RDWR); // ends recvfrom
        thread_.join();
        ::close(socket_);
    }
    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

private:
    void run() const
    {
        std::vector<char> input(65536);
        sockaddr_in from{};
        socklen_t size = sizeof(from);
        ssize_t got = 0;
        while ((got = ::recvfrom(socket_, input.data(), input.size(), 0, reinterpret_cast<sockaddr*>(&from), &size)) >
               0) {
            std::string answer(input.data(), static_cast<std::size_t>(got));
            answer = "SIP/2.0 200 OK" + answer.substr(answer.find("\r\n"));
            ::sendto(socket_, answer.data(), answer.size(), 0, reinterpret_cast<const sockaddr*>(&from), size);
        }
    }

    const int socket_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

/// It finds at once whoever has a SIP address; what takes time is to register, and the way to the proxy.
void sip_account(const Table& table)
{
    const SipServer server;
    const Json config{{"aor", "sip:alice@example.net"}, {"registrar", server.address()}};
    table.row("discovery-sip", "start and register", "ms", [&] {
        const auto begin = Clock::now();
        Peer alice("discovery-sip", nullptr, config);
        DoneRecord announced;
        alice.methods().announce(alice.self(), announced.done());
        alice.host.run_until([&] { return announced.calls == 1; });
        return milliseconds_since(begin);
    });
    Peer alice("discovery-sip", nullptr, config);
    alice.host.run_until([&] { return !alice.heard.states.empty(); });
    const Device bob("sip:bob@example.net", "sip:bob@example.net");
    const jf_device raw = bob.raw();
    jf_carrier carrier{};
    alice.methods().carry(alice.self(), &raw, &carrier, nullptr);
    PathEar ear;
    Path(carrier.path).open(ear);
    const std::string request = "MESSAGE sip:bob@example.net SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: "
                                "<sip:alice@example.net>;tag=1\r\nTo: <sip:bob@example.net>\r\nCall-ID: 1\r\nCSeq: 1 "
                                "MESSAGE\r\nContent-Length: 1000\r\n\r\n" +
                                std::string(1000, 'x');
    table.row("discovery-sip", "1000 bytes to the proxy, and its answer", "ms", [&] {
        const std::size_t before = ear.heard().packets.size();
        const auto begin = Clock::now();
        Path(carrier.path).send(as_bytes(request));
        alice.host.run_until([&] { return ear.heard().packets.size() > before; });
        return milliseconds_since(begin);
    });
    carrier.methods->release(carrier.self);
}

} // namespace

void all(const Table& table)
{
    if (Table::has("discovery-sip"))
        sip_account(table);
    if (!Table::has("identity-x509"))
        return;
    using Part = void (*)(const Table&);
    for (const auto& [plugin, part] : {std::pair<const char*, Part>{"discovery-opendht", opendht},
                                       {"discovery-rendezvous", rendezvous},
                                       {"discovery-lan", lan},
                                       {"discovery-static", known_addresses}}) {
        if (Table::has(plugin))
            part(table);
    }
}

} // namespace jackfield::bench::discovery_figures
