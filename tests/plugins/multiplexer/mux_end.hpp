// One end of a multiplexed link: its session through the C table, and everything that was said to it.
//
// Threads: the test's, which is the control thread. Lifetime: the instance, the link and the ears of open channels
// outlive it.
#pragma once

#include <jackfield/secure_channel.hpp>
#include <jackfield/testing/memory_link.hpp>
#include <jackfield/testing/path_ear.hpp>
#include <jackfield/testing/test_identity.hpp>

#include <gtest/gtest.h>

#include <map>
#include <optional>

namespace jackfield::mux_test {

using testing::FakeHost;
using testing::MemoryLink;
using testing::PathEar;
using Instance = testing::InstanceUnderTest<jf_multiplexer_methods>;
using SecureInstance = testing::InstanceUnderTest<jf_secure_channel_methods>;

/// A secure channel whose session is the multiplexer, to be.
struct Securing {
    const SecureInstance& instance;
    Device expected;
};

class End {
public:
    End(const Instance& instance, Path below, bool initiator)
    {
        jf_error error = no_error();
        check(instance->open(instance.self(), below.raw(), initiator ? 1U : 0U, {&kListener, this}, &session_, &error),
              error);
    }
    End(const Securing& by, Path below, bool initiator)
    {
        const jf_device device = by.expected.raw();
        const jf_secure_options options{sizeof(options),
                                        static_cast<std::uint32_t>(initiator ? JF_TLS_CLIENT : JF_TLS_SERVER), &device};
        jf_error error = no_error();
        check(by.instance->open(by.instance.self(), below.raw(), &options, {&kSecured, this}, &secure_, &error), error);
    }
    End(const End&) = delete;
    End& operator=(const End&) = delete;
    ~End() { release(); }

    void release()
    {
        for (auto& [name, channel] : channels)
            channel.methods->release(channel.self);
        channels.clear();
        if (session_.methods != nullptr)
            session_.methods->release(session_.self);
        session_ = {};
        if (secure_.methods != nullptr)
            secure_.methods->release(secure_.self);
        secure_ = {};
    }

    bool ready() const { return session_.methods != nullptr; }

    void ask(const std::string& name, std::uint32_t kind = JF_STREAM)
    {
        session_.methods->open_channel(session_.self, to_text(name), kind, {new Asked{*this, name}, &Asked::done});
    }
    Status accept(const std::string& name)
    {
        jf_error error = no_error();
        jf_channel channel{};
        const Status status = session_.methods->accept(session_.self, requests.at(name), &channel, &error);
        if (status == JF_OK)
            channels[name] = channel;
        return status;
    }
    void decline(const std::string& name) { session_.methods->decline(session_.self, requests.at(name)); }
    void ping(std::chrono::nanoseconds timeout)
    {
        session_.methods->ping(session_.self, timeout.count(),
                               {this, [](void* self, jf_status status, const jf_error*) {
                                    static_cast<End*>(self)->pings.push_back(status);
                                }});
    }
    void release_channel(const std::string& name)
    {
        const jf_channel channel = channels.at(name);
        channels.erase(name);
        channel.methods->release(channel.self);
    }
    Path path(const std::string& name) const
    {
        const jf_channel channel = channels.at(name);
        return Path(channel.methods->path(channel.self));
    }

    std::map<std::string, std::uint64_t> requests;
    std::map<std::string, jf_channel> channels;
    std::map<std::string, Status> refused;
    std::vector<Status> pings;
    std::vector<Status> closed;

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

    static constexpr jf_multiplexer_listener_methods kListener{
        sizeof(jf_multiplexer_listener_methods), 0,
        [](void* self, std::uint64_t request, jf_text name, std::uint32_t) {
            static_cast<End*>(self)->requests[std::string(view(name))] = request;
        },
        [](void* self, jf_status status, const jf_error*) { static_cast<End*>(self)->closed.push_back(status); }};

    void secured()
    {
        jf_error error = no_error();
        EXPECT_EQ(secure_.methods->multiplexer(secure_.self, {&kListener, this}, &session_, &error), JF_OK);
    }

    static constexpr jf_secure_listener_methods kSecured{
        sizeof(jf_secure_listener_methods), 0,
        [](void* self, jf_path, const jf_secure_info*) { static_cast<End*>(self)->secured(); },
        [](void*, jf_status, const jf_error* error) { ADD_FAILURE() << error->text; }};

    jf_secure_session secure_{};
    jf_multiplexer_session session_{};
};

/// The instance of a plugin, and what makes one end of it.
class Maker {
public:
    Maker(FakeHost& host, const std::string& id, const std::string& config)
    {
        if (!id.starts_with("quic-")) {
            plain_.emplace(host, JACKFIELD_TEST_PLUGIN_DIR, id, JF_MULTIPLEXER_INTERFACE, config);
            return;
        }
        identity_.emplace();
        identity_->provide_to(host);
        secure_.emplace(host, JACKFIELD_TEST_PLUGIN_DIR, id, JF_SECURE_CHANNEL_INTERFACE, config);
    }

    bool secures() const { return secure_.has_value(); }

    End make(Path below, bool initiator) const
    {
        if (secures())
            return {Securing{*secure_, identity_->device()}, below, initiator};
        return {*plain_, below, initiator};
    }

private:
    std::optional<Instance> plain_;
    std::optional<testing::TestIdentity> identity_; // of both ends
    std::optional<SecureInstance> secure_;
};

/// Two ends over a link in memory.
class Pair {
public:
    explicit Pair(const std::string& id, const std::string& config = "{}")
        : maker_(host, id, config),
          link(maker_.secures() ? JF_DATAGRAM : JF_STREAM, 1200, maker_.secures() ? 4096 : 64),
          a(maker_.make(link.path(0), true)),
          b(maker_.make(link.path(1), false))
    {
        if (!until([this] { return a.ready() && b.ready(); }))
            ADD_FAILURE() << "no session";
    }

    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;
    ~Pair()
    {
        a.release();
        b.release();
        host.run_pending(); // whoever still asked hears the answer
    }

    bool until(const std::function<bool()>& done) { return host.run_until(done, std::chrono::seconds(10)); }

    /// A channel that a asked for and b accepted, with an ear at both ends.
    bool connect(const std::string& name)
    {
        a.ask(name);
        if (!until([&] { return b.requests.contains(name); }) || b.accept(name) != JF_OK ||
            !until([&] { return a.channels.contains(name); }))
            return false;
        a.path(name).open(at_a[name]);
        b.path(name).open(at_b[name]);
        return true;
    }

    FakeHost host;
    std::map<std::string, PathEar> at_a;
    std::map<std::string, PathEar> at_b;

private:
    Maker maker_;

public:
    MemoryLink link;
    End a;
    End b;
};

} // namespace jackfield::mux_test
