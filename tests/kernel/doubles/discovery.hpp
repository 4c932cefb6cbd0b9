// Finds the devices the script names, notes what is sent to them, and answers requests as they would.

#pragma once

#include "tests/kernel/doubles/carrier.hpp"

#include <jackfield/discovery.hpp>

namespace jackfield::doubles {

/// What a peer's device offers: one description for UDP, one for TCP.
inline const std::string kPeerBlob = "uuuu\npwd-of-the-peer-over-udp\nH1 1 UDP 2130706431 192.0.2.2 1000 typ host\n"
                                     "tttt\npwd-of-the-peer-over-tcp\nH1 1 TCP 2130706431 192.0.2.2 9 typ host\n";

class DiscoveryDouble : public Discovery, public Actor {
public:
    struct Sent {
        Device to;
        CallMessage message;
    };

    DiscoveryDouble(Host host, std::string_view) : Discovery(host), Actor("discovery") {}

    std::vector<Sent> sent;
    std::vector<FindSink> finds; // that wait
    std::vector<SendEnd> sends;  // that wait
    std::vector<Completion> ends;
    int started = 0;
    int looked_for = 0;

    void start(DiscoveryListener listener) override
    {
        ++started;
        listener_ = listener;
        if (const auto online = Stage::current().script.online; online != Play::waits)
            host_.post([this, online] {
                listener_.state(online == Play::happens ? JF_ONLINE : JF_OFFLINE,
                                online == Play::happens ? "" : kScripted);
            });
    }

    void announce(Completion done) override { play(Stage::current().script.announce, done); }

    void find(std::string_view account, FindSink sink) override
    {
        ++looked_for;
        const auto& script = Stage::current().script;
        if (script.find == Play::fails)
            return sink.fail(JF_NOT_FOUND, kScripted);
        if (script.find == Play::happens) {
            for (const auto& device : script.devices)
                sink.device(Device(std::string(account), device, "chain of " + device));
            return sink.succeed();
        }
        finds.push_back(std::move(sink));
    }

    void send(const Device& recipient, const CallMessage& message, SendEnd done) override
    {
        sent.push_back({recipient, message});
        const auto& script = Stage::current().script;
        if (script.send == Play::fails)
            return done.fail(script.status, kScripted);
        if (script.send == Play::waits)
            sends.push_back(std::move(done));
        else
            done.succeed();
        if (message.kind != JF_CALL_REQUEST || message.purpose != "call")
            return;
        if (script.answer == Play::happens)
            host_.post([this, recipient, id = message.call_id] { hear(recipient, JF_CALL_ANSWER, id); });
        else if (script.answer == Play::fails)
            host_.post([this, recipient, id = message.call_id] { hear(recipient, JF_CALL_REFUSAL, id, "no"); });
    }

    std::unique_ptr<CarrierBase> carry(const Device& device) override
    {
        const auto& script = Stage::current().script;
        if (script.carry == Play::fails)
            throw Failure(script.status, kScripted);
        if (script.carry == Play::waits)
            return Discovery::carry(device);
        return std::make_unique<CarrierDouble>(device.device_id);
    }

    void watch(std::string_view account) override { watched.emplace_back(account); }
    void unwatch(std::string_view account) override { std::erase(watched, account); }

    std::vector<std::string> watched;
    void stop(Completion done) override { play(Stage::current().script.stop, done); }

    // --- by hand ---

    void hear(const Device& sender, std::uint32_t kind, std::uint64_t call_id, const std::string& blob = kPeerBlob,
              const std::string& purpose = "call")
    {
        CallMessage message;
        message.kind = kind;
        message.call_id = call_id;
        message.purpose = purpose;
        message.blob = blob;
        listener_.message(sender, message);
    }

    /// The same from any thread: the node hears it on its own.
    void hear_soon(const Device& sender, std::uint32_t kind, std::uint64_t call_id)
    {
        host_.post([this, sender, kind, call_id] { hear(sender, kind, call_id); });
    }

    /// How many messages of that kind went to the device.
    std::size_t count(std::string_view device, std::uint32_t kind) const
    {
        return static_cast<std::size_t>(std::ranges::count_if(
            sent, [&](const auto& one) { return one.to.device_id == device && one.message.kind == kind; }));
    }

    /// The last request to the device.
    const CallMessage& request_to(std::string_view device) const
    {
        for (auto one = sent.rbegin(); one != sent.rend(); ++one) {
            if (one->to.device_id == device && one->message.kind == JF_CALL_REQUEST)
                return one->message;
        }
        throw std::runtime_error("no request was sent to " + std::string(device));
    }

    void answer(const std::string& device, const std::string& blob = kPeerBlob)
    {
        hear(Device("bob", device, "chain of " + device), JF_CALL_ANSWER, request_to(device).call_id, blob);
    }

    const DiscoveryListener& listener() const { return listener_; }

private:
    void play(Play how, Completion& done)
    {
        if (how == Play::happens)
            done.succeed();
        else if (how == Play::fails)
            done.fail(Stage::current().script.status, kScripted);
        else
            ends.push_back(std::move(done));
    }

    DiscoveryListener listener_;
};

} // namespace jackfield::doubles
