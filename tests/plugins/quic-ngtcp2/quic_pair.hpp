// Two ends of one QUIC connection over a link in memory, through the C tables: sessions, channels, and all they said.
//
// Threads: the test's, which is the control thread of both; the link's hands packets up.
// Lifetime: in the order of the members; the ears of channels outlive them.
#pragma once

#include "tests/plugins/impaired.hpp"
#include <jackfield/abi/path_decorator.h>
#include <jackfield/secure_channel.hpp>

#include <jackfield/testing/memory_link.hpp>
#include <jackfield/testing/path_ear.hpp>
#include <jackfield/testing/test_identity.hpp>

#include <gtest/gtest.h>

#include <map>
#include <optional>

namespace jackfield::quic_test {

using testing::FakeHost;
using testing::Impaired;
using testing::MemoryLink;
using testing::PathEar;
using Instance = testing::InstanceUnderTest<jf_secure_channel_methods>;

struct Request {
    std::uint64_t number;
    std::uint32_t kind;
};

class End {
public:
    ~End() { release(); }

    void open(const Instance& instance, Path below, bool client, const Device& expected)
    {
        const jf_device device = expected.raw();
        const jf_secure_options options{sizeof(options),
                                        static_cast<std::uint32_t>(client ? JF_TLS_CLIENT : JF_TLS_SERVER), &device};
        jf_error error = no_error();
        check(instance->open(instance.self(), below.raw(), &options, {&kSecured, this}, &secure_, &error), error);
    }

    void release()
    {
        for (const auto& [name, channel] : std::exchange(channels, {}))
            channel.methods->release(channel.self);
        if (secure_.methods != nullptr)
            secure_.methods->release(secure_.self);
        secure_ = {};
        session_ = {};
    }

    void release_channel(const std::string& name)
    {
        const jf_channel channel = channels.at(name);
        channels.erase(name);
        channel.methods->release(channel.self);
    }

    void ask(const std::string& name, std::uint32_t kind)
    {
        session_.methods->open_channel(session_.self, to_text(name), kind, {new Asked{*this, name}, &Asked::done});
    }

    Status accept(const std::string& name)
    {
        jf_error error = no_error();
        jf_channel channel{};
        const Status status = session_.methods->accept(session_.self, requests.at(name).number, &channel, &error);
        if (status == JF_OK)
            channels[name] = channel;
        return status;
    }

    void decline(const std::string& name) { session_.methods->decline(session_.self, requests.at(name).number); }

    Path path(const std::string& name) const
    {
        const jf_channel channel = channels.at(name);
        return Path(channel.methods->path(channel.self));
    }

    void ping(std::chrono::nanoseconds timeout, std::optional<Status>& answer)
    {
        session_.methods->ping(session_.self, timeout.count(),
                               {&answer, [](void* self, jf_status status, const jf_error*) {
                                    *static_cast<std::optional<Status>*>(self) = status;
                                }});
    }

    bool secured() const { return secured_; }
    bool ready() const { return session_.methods != nullptr; }

    std::map<std::string, Request> requests;
    std::map<std::string, jf_channel> channels;
    std::map<std::string, Status> refused;
    std::vector<Status> closed;
    std::optional<jf_error> failure;
    std::string protocol;
    bool multiplexes = true; // whether the multiplexer is asked for

private:
    struct Asked {
        End& end;
        std::string name;

        static void done(void* self, jf_status status, jf_channel channel, const jf_error*)
        {
            const std::unique_ptr<Asked> asked(static_cast<Asked*>(self));
            if (status == JF_OK)
                asked->end.channels[asked->name] = channel;
            else
                asked->end.refused[asked->name] = status;
        }
    };

    void came_up(const jf_secure_info& info)
    {
        secured_ = true;
        protocol = view(info.protocol);
        if (multiplexes)
            listen();
    }

public:
    void listen()
    {
        jf_error error = no_error();
        EXPECT_EQ(secure_.methods->multiplexer(secure_.self, {&kMultiplexer, this}, &session_, &error), JF_OK);
    }

private:
    static constexpr jf_multiplexer_listener_methods kMultiplexer{
        sizeof(jf_multiplexer_listener_methods), 0,
        [](void* self, std::uint64_t request, jf_text name, std::uint32_t kind) {
            static_cast<End*>(self)->requests[std::string(view(name))] = {request, kind};
        },
        [](void* self, jf_status status, const jf_error*) { static_cast<End*>(self)->closed.push_back(status); }};

    static constexpr jf_secure_listener_methods kSecured{
        sizeof(jf_secure_listener_methods), 0,
        [](void* self, jf_path, const jf_secure_info* info) { static_cast<End*>(self)->came_up(*info); },
        [](void* self, jf_status, const jf_error* error) { static_cast<End*>(self)->failure = *error; }};

    jf_secure_session secure_{};
    jf_multiplexer_session session_{};
    bool secured_ = false;
};

struct Pair {
    /// impairment: of path-impair, for what the client sends and for what the server sends; none if empty.
    explicit Pair(const std::string& config = "{}", const std::string& impairment = "")
        : instance([&]() -> Instance {
              identity.provide_to(host);
              return {host, JACKFIELD_TEST_PLUGIN_DIR, "quic-ngtcp2", JF_SECURE_CHANNEL_INTERFACE, config};
          }())
    {
        for (int end = 0; end < 2; ++end) {
            if (!impairment.empty())
                impaired[end].emplace(host, link.path(end), impairment);
            below[end] = impairment.empty() ? link.path(end) : impaired[end]->path();
        }
    }
    ~Pair()
    {
        client.release();
        server.release();
        host.run_pending(); // whoever still asked hears the answer
    }

    void open()
    {
        server.open(instance, below[1], false, identity.device());
        client.open(instance, below[0], true, identity.device());
    }

    bool until(const std::function<bool()>& done) { return host.run_until(done, std::chrono::seconds(20)); }

    bool connect()
    {
        open();
        return until([&] { return client.ready() && server.ready(); });
    }

    /// A channel that the client asked for and the server accepted.
    bool make(const std::string& name, std::uint32_t kind)
    {
        client.ask(name, kind);
        return until([&] { return server.requests.contains(name); }) && server.accept(name) == JF_OK &&
               until([&] { return client.channels.contains(name); });
    }

    /// And an ear at both ends.
    bool join(const std::string& name, std::uint32_t kind)
    {
        if (!make(name, kind))
            return false;
        client.path(name).open(at_client[name]);
        server.path(name).open(at_server[name]);
        return true;
    }

    FakeHost host;
    testing::TestIdentity identity; // of both ends
    std::map<std::string, PathEar> at_client, at_server;
    Instance instance;
    MemoryLink link{JF_DATAGRAM, 1200, 100'000};
    std::optional<Impaired> impaired[2];
    Path below[2];
    End client, server;
};

inline Bytes pattern(std::size_t size, unsigned seed)
{
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<std::uint8_t>(i * 31 + seed + i / 251);
    return bytes;
}

/// Sends it all, waiting for room as often as need be.
inline bool send_all(const Path& path, PathEar& ear, const Bytes& bytes, std::size_t piece = 10'000)
{
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t size = std::min(piece, bytes.size() - at);
        const int writable = ear.heard().writable;
        const Status status = path.send(ByteView(bytes).subspan(at, size));
        if (status == JF_OK)
            at += size;
        else if (status != JF_WOULD_BLOCK ||
                 !ear.wait([writable](const auto& heard) { return heard.writable > writable; }))
            return false;
    }
    return true;
}

} // namespace jackfield::quic_test
