// The built plugin as an account of alice, with time that a test can turn.
//
// Threads: the test's thread is the control thread. Lifetime: carriers that came are released before the instance goes.
#pragma once

#include "scripted_server.hpp"

#include <jackfield/testing/discovery_record.hpp>
#include <jackfield/testing/path_ear.hpp>
#include <jackfield/testing/plugin_under_test.hpp>

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace discovery_sip::testing {

using namespace jackfield;
using namespace jackfield::testing;
using namespace std::chrono_literals;
using Json = nlohmann::json;

/// A link, released with this object.
class HeldCarrier {
public:
    explicit HeldCarrier(jf_carrier raw) : raw_(raw), path(raw.path), view(raw) {}
    HeldCarrier(const HeldCarrier&) = delete;
    HeldCarrier& operator=(const HeldCarrier&) = delete;
    ~HeldCarrier() { release(); }
    void release()
    {
        if (raw_.methods != nullptr)
            raw_.methods->release(std::exchange(raw_.self, nullptr));
        raw_.methods = nullptr;
    }
    Json describe() const { return Json::parse(view.describe()); }
    Status send(const std::string& text) const { return path.send(as_bytes(text)); }

private:
    jf_carrier raw_;

public:
    Path path;
    Carrier view;
    PathEar ear;
};

class AccountUnderTest {
public:
    explicit AccountUnderTest(const Json& config, Clock clock = Clock::real)
        : host(clock),
          instance_(host, JACKFIELD_TEST_PLUGIN_DIR, "discovery-sip", JF_DISCOVERY_INTERFACE, config.dump())
    {}
    ~AccountUnderTest()
    {
        for (const auto& [device, carrier] : heard.carried)
            carrier.methods->release(carrier.self);
    }

    void start() { start_with(heard.listener()); }
    void start_with(jf_discovery_listener listener)
    {
        jf_error error = no_error();
        check(instance_->start(instance_.self(), listener, &error), error);
    }
    void announce() { instance_->announce(instance_.self(), announced.done()); }
    void stop() { instance_->stop(instance_.self(), stopped.done()); }
    void network_changed() { instance_->network_changed(instance_.self()); }
    void find(FindRecord& found, const std::string& who)
    {
        instance_->find(instance_.self(), ++operation_, to_text(who), found.sink());
    }
    Json describe() const
    {
        std::string text;
        instance_->describe(instance_.self(), append_to(text), nullptr);
        return Json::parse(text);
    }
    /// Throws Failure.
    std::unique_ptr<HeldCarrier> carry(const std::string& uri)
    {
        const Device who(uri, uri);
        const jf_device device = who.raw();
        jf_carrier carrier{};
        jf_error error = no_error();
        check(instance_->carry(instance_.self(), &device, &carrier, &error), error);
        return std::make_unique<HeldCarrier>(carrier);
    }
    /// The next link that somebody else began.
    std::unique_ptr<HeldCarrier> take_carried()
    {
        const jf_carrier carrier = heard.carried.front().second;
        heard.carried.erase(heard.carried.begin());
        return std::make_unique<HeldCarrier>(carrier);
    }

    bool until(const std::function<bool()>& done, std::chrono::milliseconds limit = 20s)
    {
        return host.run_until(done, limit);
    }
    bool online() const { return !heard.states.empty() && heard.states.back() == JF_ONLINE; }
    bool offline() const { return !heard.states.empty() && heard.states.back() == JF_OFFLINE; }
    std::string detail() const { return heard.details.empty() ? "" : heard.details.back(); }
    /// start, announce, and what comes of it.
    bool begin()
    {
        start();
        announce();
        return until([&] { return announced.calls == 1; });
    }

    FakeHost host;
    DiscoveryRecord heard;
    DoneRecord announced;
    DoneRecord stopped;

private:
    InstanceUnderTest<jf_discovery_methods> instance_;
    jf_operation operation_ = 0;
};

inline Json alice_at(const ScriptedServer& server, const Json& more = Json::object())
{
    Json config{{"aor", "sip:alice@example.net"},
                {"registrar", server.address().text()},
                {"password", "secret"},
                {"keepalive_s", 0}};
    config.update(more);
    return config;
}

/// A request of somebody else to alice.
struct Incoming {
    std::string method = "INVITE";
    std::string from = "<sip:bob@example.org>";
    std::string call_id = "call-1";
    std::string branch = "z9hG4bKin1";
    std::string to_tag;
    std::string uri = "sip:alice@127.0.0.1";
    std::string via = "SIP/2.0/UDP 192.0.2.1:5060";
    std::string more;

    std::string text() const
    {
        return method + " " + uri + " SIP/2.0\r\nVia: " + via + ";branch=" + branch + ";rport\r\nFrom: " + from +
               ";tag=ft\r\nTo: <sip:alice@example.net>" + (to_tag.empty() ? "" : ";tag=" + to_tag) +
               "\r\nCall-ID: " + call_id + "\r\nCSeq: 1 " + method + "\r\n" + more + "Content-Length: 0\r\n\r\n";
    }
};

/// What signaling would send on a link.
inline std::string outgoing(const std::string& method, const std::string& call_id,
                            const std::string& sent_by = "127.0.0.1:1")
{
    return method + " sip:bob@example.org SIP/2.0\r\nVia: SIP/2.0/UDP " + sent_by +
           ";branch=z9hG4bKout;rport\r\nFrom: <sip:alice@example.net>;tag=at\r\nTo: "
           "<sip:bob@example.org>\r\nCall-ID: " +
           call_id + "\r\nCSeq: 1 " + method + "\r\nContent-Length: 0\r\n\r\n";
}

} // namespace discovery_sip::testing
