// jackfield.discovery/1: derive from Discovery to find peers in a new way.
//
// Threads: every method runs on the control thread; results may be given from any thread.
// A mechanism that stores bytes for others is easier written on <jackfield/bulletin_board.hpp>.
#pragma once

#include <jackfield/abi/discovery.h>
#include <jackfield/carrier.hpp>
#include <jackfield/identity.hpp>

#include <map>
#include <variant>

namespace jackfield {

/// One message about one connection attempt, by value.
struct CallMessage {
    std::uint32_t kind = JF_CALL_REQUEST;
    std::uint64_t call_id = 0;
    std::string purpose;
    std::string blob;
    std::int64_t sent_ms = 0;

    CallMessage() = default;
    explicit CallMessage(const jf_call_message& raw)
        : kind(raw.kind), call_id(raw.call_id), purpose(view(raw.purpose)), blob(view(raw.blob)), sent_ms(raw.sent_ms)
    {}

    jf_call_message raw() const
    {
        return {sizeof(jf_call_message), kind, call_id, to_text(purpose), to_text(blob), sent_ms};
    }
};

/// The kernel's ear. Call it on the control thread only (post there first).
class DiscoveryListener {
public:
    DiscoveryListener() = default;
    explicit DiscoveryListener(jf_discovery_listener raw) : raw_(raw) {}

    void message(const Device& sender, const CallMessage& message) const
    {
        const jf_device device = sender.raw();
        const jf_call_message raw = message.raw();
        raw_.methods->message(raw_.self, &device, &raw);
    }

    void state(std::uint32_t state, std::string_view detail) const
    {
        raw_.methods->state(raw_.self, state, to_text(detail));
    }

    void presence(const Device& device, bool present) const
    {
        const jf_device raw = device.raw();
        raw_.methods->presence(raw_.self, &raw, present ? 1 : 0);
    }

    /// A carried device has written to us. The kernel owns the carrier from here on; without a kernel that takes one it
    /// is released at once.
    void carried(const Device& sender, std::unique_ptr<CarrierBase> carrier) const
    {
        const jf_device device = sender.raw();
        if (JF_HAS(raw_.methods, carried))
            raw_.methods->carried(raw_.self, &device, carrier.release()->handle());
    }

    explicit operator bool() const { return raw_.methods != nullptr; }

private:
    jf_discovery_listener raw_{nullptr, nullptr};
};

namespace detail {

/// A running find or send: ended once, by the plugin or by cancel, whichever comes first. [any]
class OperationState {
public:
    OperationState(Host host, std::variant<jf_done, jf_find_sink> target) : host_(host), target_(target) {}

    void device(const Device& device)
    {
        if (over())
            return;
        host_.post([sink = std::get<jf_find_sink>(target_), device] {
            const jf_device raw = device.raw();
            sink.device(sink.self, &raw);
        });
    }

    void finish(Status status, std::string_view text)
    {
        if (over_.exchange(true))
            return;
        host_.post([target = target_, error = make_error(status, text)] {
            const jf_error* reason = error.status == JF_OK ? nullptr : &error;
            if (const auto* done = std::get_if<jf_done>(&target))
                done->call(done->self, error.status, reason);
            else if (const auto* sink = std::get_if<jf_find_sink>(&target))
                sink->done(sink->self, error.status, reason);
        });
    }

    bool over() const { return over_.load(); }

private:
    Host host_;
    std::variant<jf_done, jf_find_sink> target_;
    std::atomic<bool> over_{false};
};

/// Owns one operation; reports JF_CANCELLED if it is given up.
class OperationEnd {
public:
    explicit OperationEnd(std::shared_ptr<OperationState> state) : state_(std::move(state)) {}
    OperationEnd(OperationEnd&&) noexcept = default;
    OperationEnd& operator=(OperationEnd&& other) noexcept
    {
        abandon();
        state_ = std::move(other.state_);
        return *this;
    }
    ~OperationEnd() { abandon(); }

    void succeed() { state_->finish(JF_OK, ""); }
    void fail(Status status, std::string_view text) { state_->finish(status, text); }

    /// Nobody waits any more: the rest of the work may be dropped.
    bool cancelled() const { return state_->over(); }

protected:
    void abandon()
    {
        if (state_ && !state_->over() &&
            !ThrowScope::keep([state = state_](Status status, std::string_view text) { state->finish(status, text); }))
            state_->finish(JF_CANCELLED, "the operation was given up");
    }

    std::shared_ptr<OperationState> state_; // second owner: the table of running operations, for cancel
};

} // namespace detail

/// The end of a send. [any]
class SendEnd : public detail::OperationEnd {
public:
    using OperationEnd::OperationEnd;
};

/// Takes the devices of a find, then its end. [any]
class FindSink : public detail::OperationEnd {
public:
    using OperationEnd::OperationEnd;
    void device(const Device& device) { state_->device(device); }
};

class Discovery : public Instance {
public:
    using Interface = Discovery;
    static constexpr std::string_view kInterfaceId = JF_DISCOVERY_INTERFACE;

    using Instance::Instance;

    virtual void start(DiscoveryListener listener) = 0;
    virtual void announce(Completion done) = 0;
    virtual void find(std::string_view account_id, FindSink sink) = 0;
    virtual void send(const Device& recipient, const CallMessage& message, SendEnd done) = 0;
    virtual void watch(std::string_view account_id) = 0;
    virtual void unwatch(std::string_view account_id) = 0;
    virtual void stop(Completion done) = 0;
    virtual void network_changed() {}
    virtual std::string describe() { return "{}"; } ///< [any] one JSON object

    /// For a mechanism that carries links itself. Throws Failure: JF_UNSUPPORTED, JF_BUSY.
    virtual std::unique_ptr<CarrierBase> carry(const Device&)
    {
        throw Failure(JF_UNSUPPORTED, "this mechanism carries no links: its devices are asked by a message");
    }

    static const jf_discovery_methods kMethods;

private:
    friend struct DiscoveryBinding;
    std::map<jf_operation, std::weak_ptr<detail::OperationState>> operations_; // [control]
};

struct DiscoveryBinding {
    static Discovery& self(void* self) { return *static_cast<Discovery*>(self); }

    static std::shared_ptr<detail::OperationState> begin(Discovery& discovery, jf_operation operation,
                                                         std::variant<jf_done, jf_find_sink> target)
    {
        std::erase_if(discovery.operations_, [](const auto& entry) { return entry.second.expired(); });
        auto state = std::make_shared<detail::OperationState>(discovery.host_, target);
        discovery.operations_[operation] = state;
        return state;
    }

    static void find(void* raw, jf_operation operation, jf_text account_id, jf_find_sink sink)
    {
        auto state = begin(self(raw), operation, sink);
        const jf_error error = run_method([&] { self(raw).find(view(account_id), FindSink(state)); });
        if (error.status != JF_OK)
            state->finish(error.status, error.text);
    }

    static void send(void* raw, jf_operation operation, const jf_device* recipient, const jf_call_message* message,
                     jf_done done)
    {
        auto state = begin(self(raw), operation, done);
        const jf_error error =
            run_method([&] { self(raw).send(Device(*recipient), CallMessage(*message), SendEnd(state)); });
        if (error.status != JF_OK)
            state->finish(error.status, error.text);
    }

    static void cancel(void* raw, jf_operation operation)
    {
        const auto found = self(raw).operations_.find(operation);
        if (found == self(raw).operations_.end())
            return;
        if (const auto state = found->second.lock())
            state->finish(JF_CANCELLED, "cancelled");
        self(raw).operations_.erase(found);
    }
};

inline constexpr jf_discovery_methods Discovery::kMethods{
    sizeof(jf_discovery_methods),
    0,
    [](void* self, jf_discovery_listener listener, jf_error* error) {
        return guarded(error, [&] { DiscoveryBinding::self(self).start(DiscoveryListener(listener)); });
    },
    [](void* self, jf_done done) {
        auto& discovery = DiscoveryBinding::self(self);
        start_guarded(discovery.host(), done, [&](Completion& end) { discovery.announce(std::move(end)); });
    },
    &DiscoveryBinding::find,
    &DiscoveryBinding::send,
    &DiscoveryBinding::cancel,
    [](void* self, jf_text account_id) {
        guarded(nullptr, [&] { DiscoveryBinding::self(self).watch(view(account_id)); });
    },
    [](void* self, jf_text account_id) {
        guarded(nullptr, [&] { DiscoveryBinding::self(self).unwatch(view(account_id)); });
    },
    [](void* self, jf_done done) {
        auto& discovery = DiscoveryBinding::self(self);
        start_guarded(discovery.host(), done, [&](Completion& end) { discovery.stop(std::move(end)); });
    },
    [](void* self) { guarded(nullptr, [&] { DiscoveryBinding::self(self).network_changed(); }); },
    [](void* self, jf_writer json, jf_error* error) {
        return guarded(error, [&] { write_to(json, std::string_view(DiscoveryBinding::self(self).describe())); });
    },
    [](void* self, const jf_device* device, jf_carrier* carrier, jf_error* error) {
        return guarded(error,
                       [&] { *carrier = DiscoveryBinding::self(self).carry(Device(*device)).release()->handle(); });
    }};

} // namespace jackfield
