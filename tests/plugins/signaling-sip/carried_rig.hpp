// What the tests of carried links share: a service that says who we are, and both ends of its path.
//
// Threads: the test's thread is the control thread; bytes come on the link's.
#pragma once

#include "sip_rig.hpp"

#include <jackfield/carrier.hpp>

#include <deque>

namespace jackfield::sip::testing {

/// A service over UDP, without a network: its path is the test's.
class FakeCarrier final : public CarrierBase {
public:
    FakeCarrier(std::string user, std::string peer, Path path)
        : user_(std::move(user)), peer_(std::move(peer)), path_(path)
    {}

    std::string describe() override
    {
        if (gone)
            throw Failure(JF_CLOSED, "the account is gone");
        return R"({"protocol":"sip","local":"sip:)" + user_ + R"(@example.net","remote":"sip:)" + peer_ +
               R"(@example.net","contact":"sip:)" + user_ +
               R"(@192.0.2.7:5070","transport":"UDP","sent_by":"192.0.2.7:5070",)" +
               R"("routes":["<sip:proxy.example.net;lr>"]})";
    }
    std::string answer_challenge(std::string_view challenge, std::string_view method, std::string_view uri,
                                 ByteView body) override
    {
        asked.push_back(std::string(challenge) + "|" + std::string(method) + "|" + std::string(uri) + "|" +
                        (body.empty() ? "" : "body"));
        if (!has_password)
            throw Failure(JF_UNAUTHENTICATED, "no password for that realm");
        return "Digest response=" + std::to_string(asked.size());
    }
    PathBase& path() override { std::abort(); }

    jf_carrier raw()
    {
        static constexpr jf_carrier_methods methods{
            sizeof(jf_carrier_methods), 0,
            [](void* self, jf_writer json, jf_error* error) {
                return guarded(error, [&] { write_to(json, std::string_view(of(self).describe())); });
            },
            [](void* self, jf_text challenge, jf_text method, jf_text uri, jf_bytes body, jf_writer out,
               jf_error* error) {
                return guarded(error, [&] {
                    write_to(out, std::string_view(
                                      of(self).answer_challenge(view(challenge), view(method), view(uri), view(body))));
                });
            },
            [](void*) {}};
        return {&methods, this, path_.raw()};
    }

    std::vector<std::string> asked;
    bool has_password = true;
    bool gone = false;

private:
    static FakeCarrier& of(void* self) { return *static_cast<FakeCarrier*>(self); }

    std::string user_;
    std::string peer_;
    Path path_;
};

/// The service's side of a path of datagrams: each message by itself.
class Messages final : private PathReceiver {
public:
    explicit Messages(Path path) : path_(path) { path_.open(*this); }
    Messages(const Messages&) = delete;
    Messages& operator=(const Messages&) = delete;
    ~Messages() override { path_.close(); }

    void send(std::string_view text) { EXPECT_EQ(path_.send(as_bytes(text)), JF_OK); }

    std::vector<std::string> all() const
    {
        const std::lock_guard lock(mutex_);
        return messages_;
    }
    /// How many begin like that.
    std::size_t count(const std::string& start) const
    {
        const auto messages = all();
        return static_cast<std::size_t>(
            std::count_if(messages.begin(), messages.end(), [&](const auto& one) { return one.starts_with(start); }));
    }
    /// The last one that begins like that.
    std::string last(const std::string& start) const
    {
        std::string found;
        for (const auto& one : all())
            found = one.starts_with(start) ? one : found;
        return found;
    }

private:
    void received(const jf_packet& packet) noexcept override
    {
        const std::lock_guard lock(mutex_);
        messages_.emplace_back(as_text(view(packet.bytes)));
    }
    void closed(Status, std::string_view) noexcept override {}

    Path path_;
    mutable std::mutex mutex_;
    std::vector<std::string> messages_;
};

/// The value of a header line of a message, empty if there is none.
inline std::string header_of(const std::string& message, const std::string& name)
{
    const std::size_t at = message.find("\r\n" + name + ": ");
    if (at == std::string::npos)
        return {};
    const std::size_t value = at + name.size() + 4;
    return message.substr(value, message.find("\r\n", value) - value);
}

/// What the service answers to a request of ours.
inline std::string answer_to(const std::string& request, const std::string& status, const std::string& to_tag,
                             const std::string& more = {}, const std::string& body = {})
{
    std::string out = "SIP/2.0 " + status + "\r\n";
    for (const char* name : {"Via", "From", "To", "Call-ID", "CSeq"})
        out += std::string(name) + ": " + header_of(request, name) +
               (std::string_view(name) == "To" && !to_tag.empty() &&
                        header_of(request, name).find("tag=") == std::string::npos
                    ? ";tag=" + to_tag
                    : "") +
               "\r\n";
    out += more;
    if (!body.empty())
        out += "Content-Type: application/sdp\r\n";
    return out + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// Bob, a session of the plugin on a carried link, before a service of text. Time is turned by hand.
class CarriedSession : public ::testing::Test {
protected:
    explicit CarriedSession(const std::string& config = "{}")
        : host(Clock::manual),
          plugin(host, JACKFIELD_TEST_PLUGIN_DIR, "signaling-sip", JF_SIGNALING_INTERFACE, config),
          link(JF_DATAGRAM, 65000),
          service(link.path(0)),
          carrier("bob", "alice", link.path(1)),
          raw_carrier(carrier.raw()),
          bob(plugin, link.path(1), kBob, Device("sip:alice@example.net", "sip:alice@example.net"), "Bob", &raw_carrier)
    {}
    ~CarriedSession() override { bob.release(); }

    ::testing::AssertionResult heard(const std::string& event)
    {
        if (host.run_until([&] { return bob.log.has(event); }))
            return ::testing::AssertionSuccess();
        return ::testing::AssertionFailure() << "no \"" << event << "\" among: " << bob.log.all() << "\n" << sent();
    }
    ::testing::AssertionResult got(const std::string& start, std::size_t times = 1)
    {
        if (host.run_until([&] { return service.count(start) >= times; }))
            return ::testing::AssertionSuccess();
        return ::testing::AssertionFailure() << "the service did not get \"" << start << "\" but:\n" << sent();
    }
    std::string sent() const
    {
        std::string all;
        for (const auto& one : service.all())
            all += one.substr(0, one.find('\r')) + "\n";
        return all;
    }
    /// A request of alice's with the Via of the proxy.
    RequestText from_alice(const std::string& method) const
    {
        RequestText request = invite_text();
        if (method != "INVITE") {
            request.content_type.clear();
            request.body.clear();
        }
        request.method = method;
        request.uri = "sip:bob@192.0.2.7:5070";
        request.from_user = "alice";
        return request;
    }
    /// Everything sent before has been read when this returns.
    ::testing::AssertionResult settled()
    {
        RequestText probe = from_alice("OPTIONS");
        probe.call_id = "probe-" + std::to_string(++probes_);
        probe.branch = "z9hG4bKprobe" + std::to_string(probes_);
        service.send(probe.text());
        if (host.run_until([&] { return header_of(service.last("SIP/2.0 200"), "Call-ID") == probe.call_id; }))
            return ::testing::AssertionSuccess();
        return ::testing::AssertionFailure() << "no answer to " << probe.call_id << ":\n" << sent();
    }

    FakeHost host;
    InstanceUnderTest<jf_signaling_methods> plugin;
    MemoryLink link;
    Messages service;
    FakeCarrier carrier;
    jf_carrier raw_carrier;
    SessionUnderTest bob;

private:
    int probes_ = 0;
};

} // namespace jackfield::sip::testing
