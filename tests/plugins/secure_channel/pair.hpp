// Two ends of one link, each with a secure channel of any plugin, and everything they report written down.
//
// Threads: the test's thread is control for both ends; the link's thread hands packets up.
// Lifetime: in the order of the members; sessions go before the link.
#pragma once

#include "cert_identity.hpp"

#include <jackfield/secure_channel.hpp>
#include <jackfield/testing/memory_link.hpp>
#include <jackfield/testing/plugin_under_test.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <optional>

namespace secure_test {

using jackfield::Bytes;
using jackfield::ByteView;
using jackfield::Device;
using jackfield::Path;
using jackfield::Status;
using jackfield::testing::FakeHost;
using jackfield::testing::MemoryLink;

using ChannelInstance = jackfield::testing::InstanceUnderTest<jf_secure_channel_methods>;

/// What arrives on a secured path.
class Sink final : public jackfield::PathReceiver {
public:
    void received(const jf_packet& packet) noexcept override;
    void writable() noexcept override;
    void closed(Status status, std::string_view text) noexcept override;

    /// Called for each packet on the path's thread, before it is kept.
    std::function<void(const jf_packet&)> on_packet;
    bool keep = true;

    Bytes bytes() const;
    std::vector<Bytes> packets() const;
    std::size_t size() const { return size_.load(); }
    std::size_t writable_count() const { return writable_.load(); }
    /// Waits until more than `seen` writable events came, or the path ended. For threads of a test's own.
    void wait_writable(std::size_t seen) const;
    /// Waits until so many bytes have come. False after ten seconds.
    bool wait_size(std::size_t size) const;
    bool is_closed() const { return closed_.load(); }
    Status closed_status() const;
    std::string closed_text() const;

private:
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::vector<Bytes> packets_;
    std::atomic<std::size_t> size_{0};
    std::atomic<std::size_t> writable_{0};
    std::atomic<bool> closed_{false};
    Status status_ = JF_OK;
    std::string text_;
};

/// One end: an instance of a plugin, its session and what the session said.
class End {
public:
    End(FakeHost& host, const std::string& plugin, const jf_identity* identity, const std::string& config);
    ~End() { release(); }

    /// Throws Failure like the plugin.
    void open(Path below, bool client, const Device& expected);
    void open_secured_path() { secured_path_.open(sink); }
    void release();

    bool secured() const { return secured_path_ ? true : false; }
    bool failed() const { return failure_.has_value(); }
    bool decided() const { return secured() || failed(); }
    /// The peer said no: before we were secured, or (a client of TLS 1.3) afterwards.
    bool refused() const;

    Bytes export_key(std::string_view label, std::string_view context, std::size_t size);

    Sink sink;
    std::string protocol, cipher, group;
    Device peer;
    std::optional<jf_error> failure_;
    Path path() const { return secured_path_; }
    FakeHost& host() { return host_; }

private:
    static const jf_secure_listener_methods kListener;

    FakeHost& host_;
    ChannelInstance instance_;
    jf_secure_session session_{nullptr, nullptr};
    Path secured_path_;
};

bool speaks_tls(const std::string& plugin);
bool speaks_quic(const std::string& plugin);

/// Mbed TLS 2.28 stops at 1.2.
bool speaks_tls13(const std::string& plugin);

struct Case {
    std::string client;
    std::string server;
    std::uint32_t kind;

    bool stream() const { return kind == JF_STREAM; }
    bool encrypts() const { return client != "secure-none"; }
    bool tls13() const { return stream() && speaks_tls13(client) && speaks_tls13(server); }
};
void PrintTo(const Case& which, std::ostream* out);

/// Name for test listings, for example "openssl_to_mbedtls_stream".
std::string name_of(const Case& which);

/// A configuration of the plugin under which both plugins of the case understand each other. more: further options.
std::string config_for(const std::string& plugin, const Case& which, const std::string& more = {});

/// Two accounts with a device each, joined by a link. What a filter or a sink captures is declared before the pair: its
/// end still sends.
struct Pair {
    /// Makes the identity of one end.
    using Maker = std::function<std::unique_ptr<CertIdentity>(const FakeHost& host)>;

    explicit Pair(const Case& which, const std::string& more_config = {},
                  jackfield::testing::Clock clock = jackfield::testing::Clock::real);
    Pair(const Case& which, const std::string& more_config, const Maker& make_client, const Maker& make_server,
         jackfield::testing::Clock clock = jackfield::testing::Clock::real);

    /// Opens both ends, each expecting the other.
    void open();
    /// open, and wait until both are secured and their paths opened.
    ::testing::AssertionResult connect();
    ::testing::AssertionResult finish_handshake();
    bool run_until(const std::function<bool()>& done) { return host.run_until(done); }
    /// Waits for one end to be secured or failed.
    bool decided(const End& end)
    {
        return host.run_until([&] { return end.decided(); });
    }

    Case which;
    FakeHost host;
    std::unique_ptr<CertIdentity> client_identity;
    std::unique_ptr<CertIdentity> server_identity;
    MemoryLink link;
    End client;
    End server;
};

/// A device of a fresh account, good in every way.
std::unique_ptr<CertIdentity> make_identity(const FakeHost& host);

/// Bytes that tell at which position they stand.
Bytes pattern(std::size_t size, std::uint32_t seed = 1);

ByteView text(std::string_view words);

} // namespace secure_test
