// discovery/1 as the kernel uses it. See discovery.hpp.

#include "kernel/bind/discovery.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace jackfield::kernel {

namespace {

constexpr std::size_t kPresentDevices = 4096;    // of all watched accounts
constexpr std::size_t kRememberedDevices = 4096; // which mechanism knows them; forgetting only costs a detour

/// Counts the ends of several operations and reports once: the first failure, or JF_OK.
struct Together {
    std::size_t running = 0;
    Error problem{JF_OK, ""};
    std::function<void(Error)> done;

    void one_ended(const Error& result)
    {
        if (result.status != JF_OK && problem.status == JF_OK)
            problem = result;
        if (--running == 0)
            done(problem);
    }
};

} // namespace

/// Counts the ends of several attempts and reports once: the first success, or, when all have failed, the last failure.
struct AnyOf {
    std::size_t running = 0;
    std::function<void(Error)> done;

    void one_ended(const Error& result)
    {
        --running;
        if (done && (result.status == JF_OK || running == 0))
            std::exchange(done, {})(result);
    }
};

/// A message on its way through the mechanisms that lead there; and through the others, if those take long or fail.
struct Switchboard::Delivery {
    Switchboard& owner;
    std::weak_ptr<bool> owner_here;
    const Device device;
    const CallMessage message;
    const std::vector<Mechanism*> first;
    const std::vector<Mechanism*> other_ways;
    std::function<void(Error)> done;
    StepTimer timer;
    std::shared_ptr<AnyOf> others = {}; // and the first, once it has turned out slow
    bool first_over = false;
    bool others_sent = false;

    void await_first(const std::shared_ptr<Delivery>& self);
    void first_ended(const Error& result);
    void send_through_others(const std::shared_ptr<Delivery>& self);
};

struct Switchboard::Mechanism {
    Switchboard& owner;
    const Plug<jf_discovery_methods> plug;
    bool started = false;
    bool is_online = false;
    bool is_offline = false; // it has said so
    bool is_slow = false;    // it kept a message for long; until it takes one, or brings one

    void heard(const jf_device* sender, const jf_call_message* message)
    {
        const Device device(*sender);
        is_slow = false;
        if (owner.found_by_.size() < kRememberedDevices)
            owner.found_by_[device.device_id] = this;
        const CallMessage copy{message->kind, message->call_id, std::string(view_of(message->purpose)),
                               std::string(view_of(message->blob))};
        const auto found = owner.conversations_.find(copy.call_id);
        const Requests hear = found != owner.conversations_.end() ? found->second : owner.requests_;
        hear(device, copy);
    }

    static const jf_discovery_listener_methods kListener;
};

const jf_discovery_listener_methods Switchboard::Mechanism::kListener{
    sizeof(jf_discovery_listener_methods),
    0,
    [](void* self, const jf_device* sender, const jf_call_message* message) {
        static_cast<Mechanism*>(self)->heard(sender, message);
    },
    [](void* self, std::uint32_t state, jf_text detail) {
        auto& mechanism = *static_cast<Mechanism*>(self);
        mechanism.is_online = state == JF_ONLINE;
        mechanism.is_offline = !mechanism.is_online;
        mechanism.owner.state_(mechanism.plug.plugin_id, mechanism.is_online, std::string(view_of(detail)));
    },
    [](void* self, const jf_device* device, std::int32_t present) {
        auto& mechanism = *static_cast<Mechanism*>(self);
        mechanism.owner.heard_presence(mechanism, Device(*device), present != 0);
    },
    [](void* self, const jf_device* sender, jf_carrier carrier) {
        auto& mechanism = *static_cast<Mechanism*>(self);
        auto carried = std::make_unique<Carried>(carrier, mechanism.plug.plugin_id);
        if (mechanism.owner.carried_in_)
            mechanism.owner.carried_in_(Device(*sender), std::move(carried));
    }};

// --- Search ---------------------------------------------------------------------------------------------------------

struct Search::Part {
    Search* owner; // null once the search is gone
    Switchboard& switchboard;
    Switchboard::Mechanism* mechanism;
    jf_operation operation;

    void device(const jf_device* raw)
    {
        if (owner == nullptr)
            return;
        Device device(*raw);
        for (const auto& known : owner->devices_) {
            if (known.device_id == device.device_id)
                return;
        }
        if (switchboard.found_by_.size() < kRememberedDevices)
            switchboard.found_by_[device.device_id] = mechanism;
        owner->found(std::move(device));
    }

    void done(jf_status status, const jf_error* error)
    {
        if (owner != nullptr) {
            owner->running_.erase(this);
            if (status != JF_OK)
                owner->problem_ = error_of(status, error);
            owner->changed_();
        }
        std::erase_if(switchboard.parts_, [this](const auto& part) { return part.get() == this; });
    }
};

Search::Search(Switchboard& switchboard, const std::string& account_id, std::function<void()> changed, Asking asking)
    : switchboard_(switchboard), account_id_(account_id), changed_(std::move(changed))
{
    if (asking == Asking::unless_watched) {
        switchboard_.waiting_.insert(this);
        if (switchboard_.watching_is_believed(account_id_))
            devices_ = switchboard_.present(account_id_);
        if (switchboard_.watching_tells(account_id_))
            return;
    }
    ask();
}

void Search::ask()
{
    if (const auto watched = switchboard_.watched_.find(account_id_); watched != switchboard_.watched_.end())
        watched->second.asked = now();
    for (const auto& mechanism : switchboard_.mechanisms_) {
        switchboard_.parts_.push_back(
            std::make_unique<Part>(Part{this, switchboard_, mechanism.get(), ++switchboard_.last_operation_}));
        auto* part = switchboard_.parts_.back().get();
        running_.insert(part);
        const jf_find_sink sink{
            part, [](void* self, const jf_device* device) { static_cast<Part*>(self)->device(device); },
            [](void* self, jf_status status, const jf_error* error) { static_cast<Part*>(self)->done(status, error); }};
        mechanism->plug.methods->find(mechanism->plug.self, part->operation, abi_text(account_id_), sink);
    }
}

void Search::found(Device device)
{
    devices_.push_back(std::move(device));
    changed_();
}

Search::~Search()
{
    switchboard_.waiting_.erase(this);
    for (auto* part : running_) {
        part->owner = nullptr;
        part->mechanism->plug.methods->cancel(part->mechanism->plug.self, part->operation);
    }
}

// --- Switchboard ----------------------------------------------------------------------------------------------------

Switchboard::Switchboard(ControlThread& control, const Board& board, Completions& completions, Requests requests,
                         State state)
    : control_(control), completions_(completions), requests_(std::move(requests)), state_(std::move(state))
{
    for (const auto& plug : board.discovery)
        mechanisms_.push_back(std::make_unique<Mechanism>(Mechanism{*this, plug}));
}

Switchboard::~Switchboard() = default;

void Switchboard::hand_requests_to(Requests requests)
{
    requests_ = std::move(requests);
}

void Switchboard::start()
{
    for (const auto& mechanism : mechanisms_) {
        ErrorSlot error;
        const jf_discovery_listener listener{&Mechanism::kListener, mechanism.get()};
        require(mechanism->plug.methods->start(mechanism->plug.self, listener, &error), error,
                mechanism->plug.plugin_id);
        mechanism->started = true;
    }
}

void Switchboard::announce(std::function<void(Error)> done)
{
    if (mechanisms_.empty())
        return done({JF_OK, ""});
    const auto any = std::make_shared<AnyOf>(AnyOf{mechanisms_.size(), std::move(done)});
    for (const auto& mechanism : mechanisms_) {
        mechanism->plug.methods->announce(mechanism->plug.self,
                                          completions_.make([any](const Error& result) { any->one_ended(result); }));
    }
}

void Switchboard::stop(std::function<void(Error)> done)
{
    std::vector<Mechanism*> running;
    for (const auto& mechanism : mechanisms_) {
        if (std::exchange(mechanism->started, false))
            running.push_back(mechanism.get());
    }
    if (running.empty())
        return done({JF_OK, ""});
    const auto together = std::make_shared<Together>(Together{running.size(), {JF_OK, ""}, std::move(done)});
    for (auto* mechanism : running) {
        mechanism->plug.methods->stop(
            mechanism->plug.self, completions_.make([together](const Error& result) { together->one_ended(result); }));
    }
}

void Switchboard::converse(std::uint64_t call_id, Requests hear)
{
    conversations_[call_id] = std::move(hear);
}

void Switchboard::end_conversation(std::uint64_t call_id)
{
    conversations_.erase(call_id);
}

void Switchboard::send(const Device& device, const CallMessage& message, const std::function<void(Error)>& failed)
{
    deliver(device, message, [failed](const Error& result) {
        if (result.status != JF_OK)
            failed(result);
    });
}

void Switchboard::deliver(const Device& device, const CallMessage& message, const std::function<void(Error)>& done)
{
    std::vector<Mechanism*> first;
    std::vector<Mechanism*> others;
    const auto known = found_by_.find(device.device_id);
    for (const auto& mechanism : mechanisms_) {
        const bool leads_there = known == found_by_.end() || known->second == mechanism.get();
        const bool takes = !mechanism->is_offline && !mechanism->is_slow;
        (leads_there && takes ? first : others).push_back(mechanism.get());
    }
    if (first.empty() || others.empty())
        return send_through(first.empty() ? others : first, device, message, done);
    const auto delivery = std::make_shared<Delivery>(Delivery{*this, here_, device, message, std::move(first),
                                                              std::move(others), done, StepTimer(control_.context())});
    send_through(delivery->first, device, message, [delivery](const Error& result) { delivery->first_ended(result); });
    delivery->await_first(delivery);
}

void Switchboard::Delivery::await_first(const std::shared_ptr<Delivery>& self)
{
    if (first_over)
        return;
    timer.expires_at(now() + kSlow);
    timer.async_wait([self](const asio::error_code& over) {
        if (over || self->first_over || self->owner_here.expired())
            return;
        for (auto* const mechanism : self->first)
            mechanism->is_slow = true;
        self->send_through_others(self);
    });
}

void Switchboard::Delivery::first_ended(const Error& result)
{
    first_over = true;
    timer.cancel();
    if (others_sent)
        return others->one_ended(result);
    if (result.status == JF_OK || owner_here.expired()) // another configuration has taken our place
        return done(result);
    owner.send_through(other_ways, device, message, done);
}

/// The first may still take it.
void Switchboard::Delivery::send_through_others(const std::shared_ptr<Delivery>& self)
{
    others_sent = true;
    others = std::make_shared<AnyOf>(AnyOf{2, std::move(done)});
    owner.send_through(other_ways, device, message, [self](const Error& result) { self->others->one_ended(result); });
}

void Switchboard::send_through(const std::vector<Mechanism*>& ways, const Device& device, const CallMessage& message,
                               const std::function<void(Error)>& done)
{
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    const jf_device recipient = device.raw();
    const jf_call_message raw{
        sizeof(jf_call_message), message.kind,
        message.call_id,         abi_text(message.purpose),
        abi_text(message.blob),  std::chrono::duration_cast<std::chrono::milliseconds>(wall).count()};
    const auto any = std::make_shared<AnyOf>(AnyOf{ways.size(), done});
    for (auto* way : ways) {
        const auto ended = completions_.make([any, way, still = std::weak_ptr(here_)](const Error& result) {
            if (result.status == JF_OK && !still.expired())
                way->is_slow = false;
            any->one_ended(result);
        });
        way->plug.methods->send(way->plug.self, ++last_operation_, &recipient, &raw, ended);
    }
}

std::unique_ptr<Carried> Switchboard::carry(const Device& device) const
{
    const auto found = found_by_.find(device.device_id);
    for (const auto& mechanism : mechanisms_) {
        const auto& plug = mechanism->plug;
        if ((found != found_by_.end() && found->second != mechanism.get()) || !JF_HAS(plug.methods, carry))
            continue;
        const jf_device raw = device.raw();
        jf_carrier carrier{};
        ErrorSlot error;
        const jf_status status = plug.methods->carry(plug.self, &raw, &carrier, &error);
        if (status == JF_OK)
            return std::make_unique<Carried>(carrier, plug.plugin_id);
        if (status != JF_UNSUPPORTED)
            require(status, error, plug.plugin_id);
    }
    return nullptr;
}

void Switchboard::watch(const std::string& account_id)
{
    auto& watched = watched_[account_id];
    if (++watched.times != 1)
        return;
    watched.asked = now();
    watched.settles = now() + kWatchSettles;
    for (const auto& mechanism : mechanisms_) {
        if (mechanism->started)
            mechanism->plug.methods->watch(mechanism->plug.self, abi_text(account_id));
    }
}

void Switchboard::unwatch(const std::string& account_id)
{
    const auto found = watched_.find(account_id);
    if (found == watched_.end() || --found->second.times != 0)
        return;
    watched_.erase(found);
    std::erase_if(present_, [&](const auto& one) { return one.second.device.account_id == account_id; });
    for (const auto& mechanism : mechanisms_) {
        if (mechanism->started) // not any more, if another configuration has taken our place
            mechanism->plug.methods->unwatch(mechanism->plug.self, abi_text(account_id));
    }
}

void Switchboard::heard_presence(Mechanism& mechanism, const Device& device, bool there)
{
    if (!watched_.contains(device.account_id))
        return; // said on its way
    const auto known = present_.find(device.device_id);
    if (!there && (known == present_.end() || known->second.by.erase(&mechanism) == 0 || !known->second.by.empty()))
        return;
    if (there && known == present_.end() && present_.size() >= kPresentDevices)
        return;
    if (there) {
        if (found_by_.size() < kRememberedDevices)
            found_by_.try_emplace(device.device_id, &mechanism);
        auto& present = present_[device.device_id];
        present.device = device;
        if (!present.by.insert(&mechanism).second || present.by.size() > 1)
            return;
    } else {
        present_.erase(known);
    }
    if (presence_)
        presence_(device, there);
    if (there)
        tell_searches(device);
}

/// A search may end when it hears of a device, or another begin.
void Switchboard::tell_searches(const Device& device)
{
    const auto waiting = waiting_;
    for (auto* search : waiting) {
        if (!waiting_.contains(search) || search->account_id_ != device.account_id)
            continue;
        const bool known =
            std::ranges::any_of(search->devices_, [&](const Device& one) { return one.device_id == device.device_id; });
        if (!known)
            search->found(device);
    }
}

/// Not for ever: a mechanism may have lost what it was to watch, without a word.
bool Switchboard::watching_is_believed(const std::string& account_id) const
{
    const auto watched = watched_.find(account_id);
    return watched != watched_.end() && now() < watched->second.asked + kWatchBelieved && online();
}

bool Switchboard::watching_tells(const std::string& account_id) const
{
    return watching_is_believed(account_id) && now() >= watched_.at(account_id).settles && !present(account_id).empty();
}

std::vector<Device> Switchboard::present(const std::string& account_id) const
{
    std::vector<Device> devices;
    for (const auto& [id, present] : present_) {
        if (present.device.account_id == account_id)
            devices.push_back(present.device);
    }
    return devices;
}

void Switchboard::network_changed()
{
    for (const auto& mechanism : mechanisms_) {
        if (mechanism->started && JF_HAS(mechanism->plug.methods, network_changed))
            mechanism->plug.methods->network_changed(mechanism->plug.self);
    }
}

std::string Switchboard::found_through(const std::string& device_id) const
{
    const auto found = found_by_.find(device_id);
    return found == found_by_.end() ? std::string() : found->second->plug.plugin_id;
}

bool Switchboard::online() const
{
    for (const auto& mechanism : mechanisms_) {
        if (mechanism->is_online)
            return true;
    }
    return false;
}

std::string Switchboard::describe() const
{
    nlohmann::json all = nlohmann::json::object();
    for (const auto& mechanism : mechanisms_) {
        std::string text;
        ErrorSlot error;
        if (JF_HAS(mechanism->plug.methods, describe) &&
            mechanism->plug.methods->describe(mechanism->plug.self, append_to(text), &error) == JF_OK)
            all[mechanism->plug.plugin_id] = nlohmann::json::parse(text, nullptr, false);
    }
    return all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

} // namespace jackfield::kernel
