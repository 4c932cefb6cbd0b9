// Sealed messages from the board to the listener, in two steps: each is decrypted as it comes, and proven when its turn
// is there, so that a flood from strangers does not hold up what we wait for.
//
// Threads: control. Lifetime: the discovery's; what it posts ends with the instance.
#pragma once

#include <jackfield/unproven_messages.hpp>

#include <functional>

namespace jackfield::detail {

class IncomingMessages {
public:
    using Deliver = std::function<void(const OpenedMessage&)>;

    IncomingMessages(Host host, Deliver deliver) : host_(host), deliver_(std::move(deliver)) {}

    /// As ReplayMemory::trust.
    void trust(std::string_view account_id) { replays_.trust(account_id); }

    /// As UnprovenMessages::expect.
    void expect(const std::string& chain) { waiting_.expect(chain); }

    void take(const IdentityService& identity, const std::vector<Bytes>& values)
    {
        for (const Bytes& value : values)
            or_drop([&] {
                if (!waiting_.put(decrypt_message(host_, identity, value)))
                    throw Failure(JF_EXHAUSTED, "too many wait to be looked at");
            });
        prove_some(identity);
    }

    void clear() { waiting_.clear(); }

private:
    void prove_some(const IdentityService& identity)
    {
        for (const auto& message : waiting_.take())
            or_drop([&] { deliver_(prove_message(host_, identity, replays_, message)); });
        if (waiting_.empty() || std::exchange(posted_, true))
            return;
        host_.post([this, identity] {
            posted_ = false;
            prove_some(identity);
        });
    }

    template <class Step>
    void or_drop(Step step)
    {
        try {
            step();
        } catch (const Failure& failure) {
            host_.debug(std::string("a call message was dropped: ") + failure.what());
        }
    }

    Host host_;
    Deliver deliver_;
    ReplayMemory replays_;
    UnprovenMessages waiting_;
    bool posted_ = false;
};

} // namespace jackfield::detail
