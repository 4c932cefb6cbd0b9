// The servers of the public network: coturn, which is STUN server (with two addresses, for RFC 5780) and relay over
// UDP, TCP and TLS.
//
// Threads: the test's. Lifetime: the process dies with this object, and with the private world in any case.
#pragma once

#include "network.hpp"

#include "tools/jackfield/child.hpp"

#include <filesystem>

namespace laboratory {

class RelayServer {
public:
    static constexpr const char* kUser = "user";
    static constexpr const char* kPassword = "secret";
    static constexpr const char* kName = "relay.example.net"; // of the certificate
    static constexpr std::uint16_t kPort = 3478;              // UDP and TCP
    static constexpr std::uint16_t kTlsPort = 443;

    static bool installed();

    /// On a host of its own, with its files in that folder; its certificate is for the name "relay.example.net" and for
    /// its address, and ca() has signed it. Throws std::runtime_error if it does not start.
    RelayServer(Network& network, const std::filesystem::path& folder);
    RelayServer(const RelayServer&) = delete;
    RelayServer& operator=(const RelayServer&) = delete;

    Host& host() const { return host_; }
    Place place() const { return {host_.address(), kPort}; }
    Place tls_place() const { return {host_.address(), kTlsPort}; }
    std::filesystem::path ca() const { return folder_ / "relay-ca.pem"; }
    std::string log() const;

    /// Dies without a word to anybody.
    void kill();

private:
    void make_certificate() const;
    void wait_until_it_listens();

    Host& host_;
    std::filesystem::path folder_;
    std::unique_ptr<jackfield::program::Child> process_;
};

} // namespace laboratory
