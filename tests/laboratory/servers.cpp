// The servers of the public network. See servers.hpp.

#include "servers.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace laboratory {

namespace {

using jackfield::program::Child;

constexpr const char* kProgram = "/usr/bin/turnserver";

void run(const std::string& program, const std::vector<std::string>& arguments)
{
    Child child(program, arguments, "/dev/null");
    while (child.line()) {
    }
    if (child.wait() != 0)
        throw std::runtime_error("laboratory: " + program + " has failed");
}

bool connects(const Place& place)
{
    const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(place.address.value);
    address.sin_port = htons(place.port);
    const bool connected = connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    close(probe);
    return connected;
}

} // namespace

bool RelayServer::installed()
{
    return access(kProgram, X_OK) == 0;
}

RelayServer::RelayServer(Network& network, const std::filesystem::path& folder)
    : host_(network.add_host(network.internet(), 2)), folder_(folder)
{
    make_certificate();
    std::vector<std::string> words{"-n",
                                   "--no-cli",
                                   "--no-dtls",
                                   "-a",
                                   "-u",
                                   std::string(kUser) + ":" + kPassword,
                                   "-r",
                                   "example.net",
                                   "-p",
                                   std::to_string(kPort),
                                   "--tls-listening-port",
                                   std::to_string(kTlsPort),
                                   "--cert",
                                   (folder_ / "relay.pem").string(),
                                   "--pkey",
                                   (folder_ / "relay-key.pem").string(),
                                   "-E",
                                   host_.address().text(),
                                   "--log-file",
                                   (folder_ / "relay.log").string(),
                                   "--simple-log",
                                   "--pidfile",
                                   (folder_ / "relay.pid").string(),
                                   "--userdb",
                                   (folder_ / "relay.db").string()};
    for (const Address address : host_.addresses()) {
        words.push_back("-L");
        words.push_back(address.text());
    }
    host_.inside([&] {
        process_ = std::make_unique<Child>(kProgram, words, (folder_ / "relay-errors.log").string());
        wait_until_it_listens();
    });
}

void RelayServer::make_certificate() const
{
    const auto file = [this](const char* name) { return (folder_ / name).string(); };
    const std::vector<std::string> key{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"};
    std::vector<std::string> ca{"req",     "-x509",
                                "-subj",   "/CN=laboratory",
                                "-days",   "1",
                                "-keyout", file("relay-ca-key.pem"),
                                "-out",    file("relay-ca.pem")};
    ca.insert(ca.end(), key.begin(), key.end());
    run("openssl", ca);
    std::vector<std::string> leaf{"req",     "-x509",
                                  "-subj",   "/CN=relay.example.net",
                                  "-days",   "1",
                                  "-CA",     file("relay-ca.pem"),
                                  "-CAkey",  file("relay-ca-key.pem"),
                                  "-addext", "subjectAltName=DNS:relay.example.net,IP:" + host_.address().text(),
                                  "-addext", "basicConstraints=critical,CA:FALSE",
                                  "-keyout", file("relay-key.pem"),
                                  "-out",    file("relay.pem")};
    leaf.insert(leaf.end(), key.begin(), key.end());
    run("openssl", leaf);
}

/// In the host's namespace; the port for TLS is opened last.
void RelayServer::wait_until_it_listens()
{
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!connects(tls_place()) || !connects(place())) {
        if (std::chrono::steady_clock::now() >= end)
            throw std::runtime_error("laboratory: turnserver does not listen: " + log());
        poll(nullptr, 0, 5); // another process tells nobody when it is ready
    }
}

void RelayServer::kill()
{
    process_->kill();
}

std::string RelayServer::log() const
{
    std::ifstream file(folder_ / "relay.log");
    return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace laboratory
