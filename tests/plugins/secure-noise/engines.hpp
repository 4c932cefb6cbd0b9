// Engines without a session: what they say is kept until a test hands it on, loses it or changes it.
//
// Threads: the test's. Lifetime: in the order of the members.
#pragma once

#include "tests/plugins/secure_channel/cert_identity.hpp"

#include "datagram_client.hpp"
#include "datagram_server.hpp"
#include "stream_engine.hpp"

#include <jackfield/testing/fake_host.hpp>

#include <gtest/gtest.h>

#include <deque>

namespace secure_noise {

using jackfield::Bytes;
using jackfield::ByteView;
using jackfield::HandshakeProgress;
using jackfield::testing::Clock;
using jackfield::testing::FakeHost;
using secure_test::CertIdentity;
using secure_test::Holder;

struct Outbox final : jackfield::EngineOutput {
    void output(ByteView bytes) noexcept override { sent.emplace_back(bytes.begin(), bytes.end()); }

    Bytes all()
    {
        Bytes bytes;
        for (const auto& each : sent)
            bytes.insert(bytes.end(), each.begin(), each.end());
        sent.clear();
        return bytes;
    }
    Bytes next()
    {
        Bytes bytes = sent.front();
        sent.pop_front();
        return bytes;
    }
    std::size_t size() const
    {
        std::size_t sum = 0;
        for (const auto& each : sent)
            sum += each.size();
        return sum;
    }

    std::deque<Bytes> sent;
};

/// A device of an account of its own, with as many bytes of certificate as keys of that type take.
struct Person {
    explicit Person(const std::string& key = "P-256")
        : account(secure_test::make_account(key)),
          device(secure_test::make_device(account, {}, key)),
          identity(host, device, {&account}),
          context(jackfield::IdentityService(identity.raw()))
    {
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        host.set_wall_ms(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
        context.load_own_chain();
    }

    Role role(bool client, const Person& peer, std::uint32_t mtu = 1200) const
    {
        return {client, peer.identity.device(), mtu, 100};
    }

    FakeHost host{Clock::manual};
    Holder account;
    Holder device;
    CertIdentity identity;
    Context context;
    Outbox out;
};

/// What one feed comes to in a handshake.
inline HandshakeProgress feed(jackfield::SecureEngine& engine, const Bytes& bytes)
{
    engine.feed(bytes);
    return engine.handshake();
}

/// Everything there is to read of one feed, and how it ended.
struct Reading {
    std::string text;
    jackfield::EngineRead::Kind end = jackfield::EngineRead::Kind::more;
};

inline Reading read(jackfield::SecureEngine& engine, const Bytes& bytes)
{
    Reading reading;
    Bytes plain(16'384);
    engine.feed(bytes);
    for (;;) {
        const auto got = engine.read(plain);
        reading.end = got.kind;
        if (got.kind != jackfield::EngineRead::Kind::data)
            return reading;
        reading.text += jackfield::as_text(ByteView(plain).first(got.size));
    }
}

inline Bytes from_hex(std::string_view hex)
{
    Bytes bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2)
        bytes.push_back(static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
    return bytes;
}

} // namespace secure_noise
