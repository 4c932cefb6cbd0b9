// A server that says what a test wants: by UDP, TCP or TLS, on loopback.
//
// Threads: the test's; the script runs on the server's own. Lifetime: the test's; the destructor joins.
#pragma once

#include <shared/sip/message.hpp>
#include <shared/sip/uri.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace discovery_sip::testing {

using shared_sip::HostPort;
using shared_sip::Message;

enum class Over { udp, tcp, tls };

class ScriptedServer {
public:
    /// What is answered, as bytes; empty: nothing.
    using Script = std::function<std::string(const Message& request)>;

    /// pem: certificate and key, for TLS.
    explicit ScriptedServer(Over over, Script script = {}, std::uint16_t port = 0, const std::string& pem = {});
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;
    ~ScriptedServer();

    HostPort address() const;
    void script(Script script);

    /// Every whole message so far, in order.
    std::vector<std::string> heard() const;
    std::size_t count(const std::string& part) const; ///< messages that have it
    std::string last(const std::string& part) const;  ///< of them the last, or nothing
    std::size_t connections() const;                  ///< made so far
    std::size_t empty_lines() const;                  ///< pings so far

    /// To whoever wrote last, as it stands.
    void say(const std::string& bytes);
    /// The same from another address, 127.0.0.2 (UDP).
    void say_from_elsewhere(const std::string& bytes);
    /// Where whoever wrote last is.
    HostPort peer() const;
    void drop_connections();
    std::atomic<bool> answers_pings{true};

    class Inner;

private:
    std::unique_ptr<Inner> inner_;
};

/// A response with further header lines.
std::string respond(const Message& request, int code, const std::string& reason, const std::string& more = {});

/// 200 with the Contact as it came, and that expiry.
std::string bind(const Message& request, int expires_s, const std::string& more = {});

/// 401 with that challenge.
std::string challenge(const Message& request, const std::string& value);

/// A part of the credentials of a request; empty if there is none.
std::string credential(const Message& request, const std::string& name);

/// True if the credentials are those of alice with that password.
bool knows_password(const Message& request, const std::string& password);

} // namespace discovery_sip::testing
