// Two ends of a secure channel over a link in memory; and, of one that is a multiplexer as well, the ends of its
// channels.
//
// Threads: the test's; ears are called on the link's. Lifetime: sessions are released before their link.
#pragma once

#include "multiplexer_pair.hpp"

#include <jackfield/secure_channel.hpp>

namespace jackfield::conformance::secure_channels {

inline Device device_of(Bench& bench, int end)
{
    return IdentityService(static_cast<const jf_identity*>(bench.identity(end))).self_device();
}

/// One end and what it reports.
class End {
public:
    explicit End(Life& life) : life_(life) {}
    End(const End&) = delete;
    End& operator=(const End&) = delete;
    ~End() { release(); }

    void open(Path below, bool client, const Device& expected)
    {
        const jf_device device = expected.raw();
        const std::uint32_t role = client ? JF_TLS_CLIENT : JF_TLS_SERVER;
        const jf_secure_options options{sizeof(options), role, &device};
        jf_error error = no_error();
        const auto& methods = life_.methods<jf_secure_channel_methods>();
        const Status opened = methods.open(life_.self(), below.raw(), &options, {&kListener, this}, &session_, &error);
        skip_if(opened == JF_UNSUPPORTED, error.text);
        check(opened, error);
    }
    void release()
    {
        const auto session = std::exchange(session_, {});
        if (session.methods != nullptr)
            session.methods->release(session.self);
    }
    Status export_key(std::string_view label, Bytes& out) const
    {
        jf_error error = no_error();
        return session_.methods->export_key_material(session_.self, to_text(label), {}, 32, append_to(out), &error);
    }
    bool decided() const { return secured + failed > 0; }
    bool multiplexes() const { return JF_HAS(session_.methods, multiplexer); }
    /// Its channels, told to `end`. Once, when it is secured.
    void multiplex(multiplexers::End& end) const
    {
        jf_error error = no_error();
        jf_multiplexer_session channels{};
        check(session_.methods->multiplexer(session_.self, end.listener(), &channels, &error), error);
        end.take(channels);
    }
    Life& life() { return life_; }

    int secured = 0;
    int failed = 0;
    Status status = JF_OK;
    std::string text;
    std::string protocol;
    std::string cipher;
    Device peer;
    Path path;

private:
    static constexpr jf_secure_listener_methods kListener{sizeof(jf_secure_listener_methods), 0,
                                                          [](void* self, jf_path path, const jf_secure_info* info) {
                                                              ProcessWatch::heard();
                                                              auto& end = *static_cast<End*>(self);
                                                              ++end.secured;
                                                              end.path = Path(path);
                                                              end.protocol = view(info->protocol);
                                                              end.cipher = view(info->cipher);
                                                              end.peer = Device(info->peer);
                                                          },
                                                          [](void* self, Status why, const jf_error* error) {
                                                              ProcessWatch::heard();
                                                              auto& end = *static_cast<End*>(self);
                                                              ++end.failed;
                                                              end.status = why;
                                                              end.text = error_text(error, "");
                                                          }};

    Life& life_;
    jf_secure_session session_{};
};

inline void open_both(Bench& bench, End& client, End& server, testing::MemoryLink& link)
{
    server.open(link.path(1), false, device_of(bench, 0));
    client.open(link.path(0), true, device_of(bench, 1));
}

inline void require_secured(Bench& bench, const End& client, const End& server)
{
    require(bench.until([&] { return client.decided() && server.decided(); }), "the handshake does not end");
    require(client.secured + server.secured == 2, "the handshake failed: " + client.text + server.text);
}

/// Client and server over a link in memory.
class Pair final : public Joint {
public:
    Pair(Bench& bench, std::uint32_t wanted)
        : bench_(bench),
          link_(wanted, 1200, wanted == JF_STREAM ? 64 : 4096),
          client(bench.make(JF_SECURE_CHANNEL_INTERFACE, 0)),
          server(bench.make(JF_SECURE_CHANNEL_INTERFACE, 1))
    {
        kind = wanted;
        link = &link_;
    }
    ~Pair() override { release(); }
    void release() override
    {
        client.release();
        server.release();
    }

    void open() { open_both(bench_, client, server, link_); }
    void connect()
    {
        open();
        require_secured(bench_, client, server);
        near = client.path;
        far = server.path;
    }

private:
    Bench& bench_;
    testing::MemoryLink link_;

public:
    End client;
    End server;
};

/// The multiplexer that rides on a secured connection. a is the client.
class ChannelPair final : public multiplexers::Pair {
public:
    static std::unique_ptr<multiplexers::Pair> make(Bench& bench, std::uint32_t kind_below)
    {
        return std::make_unique<ChannelPair>(bench, kind_below, bench.make(JF_SECURE_CHANNEL_INTERFACE, 0),
                                             bench.make(JF_SECURE_CHANNEL_INTERFACE, 1));
    }
    ChannelPair(Bench& bench, std::uint32_t kind_below, Life& at_client, Life& at_server)
        : multiplexers::Pair(bench, kind_below, at_client, at_server), client_(at_client), server_(at_server)
    {
        open_both(bench, client_, server_, link);
        require_secured(bench, client_, server_);
        client_.multiplex(a);
        server_.multiplex(b);
    }
    ~ChannelPair() override { end(); }

    void release_a() override
    {
        a.release();
        client_.release();
    }
    void release_b() override
    {
        b.release();
        server_.release();
    }

private:
    End client_;
    End server_;
};

} // namespace jackfield::conformance::secure_channels
