// Peers of a test: the real plugin, each with an identity and a host of its own, in a DHT on loopback that nobody else
// is in.
//
// Threads: the test's thread is the control thread of all of them. Lifetime: a Network outlives its peers.
#pragma once

#include <jackfield/testing/discovery_record.hpp>
#include <jackfield/testing/test_identity.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <unistd.h>

namespace discovery_opendht::testing {

using namespace jackfield;
using namespace jackfield::testing;
using nlohmann::json;

/// A port that was free a moment ago.
inline int free_port()
{
    const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(socket);
    return ntohs(address.sin_port);
}

class Peer {
public:
    Peer(json config, const TestIdentity* identity)
    {
        if (identity != nullptr)
            identity->provide_to(host);
        instance_ = std::make_unique<InstanceUnderTest<jf_discovery_methods>>(
            host, JACKFIELD_TEST_PLUGIN_DIR, "discovery-opendht", JF_DISCOVERY_INTERFACE, config.dump());
    }

    Status start()
    {
        error_ = no_error();
        return methods().start(self(), heard.listener(), &error_);
    }
    std::string error() const { return error_.text; }

    const jf_discovery_methods& methods() const { return *instance_->methods(); }
    void* self() const { return instance_->self(); }

    json describe() const
    {
        std::string text;
        methods().describe(self(), append_to(text), nullptr);
        return json::parse(text);
    }
    std::string address() const { return describe()["listening"]; }
    bool online() const { return !heard.states.empty() && heard.states.back() == JF_ONLINE; }

    void announce(DoneRecord& end) { methods().announce(self(), end.done()); }
    void find(FindRecord& found, std::string_view account)
    {
        methods().find(self(), ++operation_, to_text(account), found.sink());
    }
    void send(DoneRecord& end, const Device& to, const CallMessage& message)
    {
        const jf_device device = to.raw();
        const jf_call_message raw = message.raw();
        methods().send(self(), ++operation_, &device, &raw, end.done());
    }
    void cancel_last() { methods().cancel(self(), operation_); }
    void watch(std::string_view account) { methods().watch(self(), to_text(account)); }
    void stop(DoneRecord& end) { methods().stop(self(), end.done()); }

    FakeHost host;
    DiscoveryRecord heard;

private:
    std::unique_ptr<InstanceUnderTest<jf_discovery_methods>> instance_;
    jf_operation operation_ = 0;
    jf_error error_ = no_error();
};

class Network {
public:
    json config(const std::vector<std::string>& bootstrap) const
    {
        return {
            {"listen", "127.0.0.1:0"}, {"network", number_}, {"public_rate_limits", false}, {"bootstrap", bootstrap}};
    }

    std::unique_ptr<Peer> peer(const std::vector<std::string>& bootstrap, const TestIdentity* identity)
    {
        return std::make_unique<Peer>(config(bootstrap), identity);
    }

    /// Runs all of them until it holds.
    static bool until(const std::vector<Peer*>& peers, const std::function<bool()>& done,
                      std::chrono::milliseconds deadline = std::chrono::seconds(20))
    {
        std::vector<FakeHost*> hosts;
        for (Peer* peer : peers)
            hosts.push_back(&peer->host);
        return FakeHost::run_together(hosts, done, deadline);
    }

private:
    std::uint32_t number_ = std::random_device{}() | 1U;
};

inline CallMessage request(const std::string& blob)
{
    CallMessage message;
    message.kind = JF_CALL_REQUEST;
    message.call_id = 42;
    message.purpose = "call";
    message.blob = blob;
    return message;
}

} // namespace discovery_opendht::testing
