// The process-wide half of the plugin.
//
// Threads: the timer thread and whoever calls. usrsctp's callbacks come with its locks held: they look up and return.
#include "engine.hpp"

#include <usrsctp.h>

namespace reliable_usrsctp {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{10};
/// usrsctp frees an association that was busy at its close a little later, by a timer.
constexpr std::chrono::seconds kAfterwards{2};

std::atomic<Engine*> running{nullptr};
std::mutex timers_mutex;

} // namespace

/// usrsctp's callbacks. An address that is gone finds nothing.
struct EngineCallbacks {
    static int output(void* address, void* data, std::size_t size, std::uint8_t, std::uint8_t)
    {
        Engine* engine = running.load();
        if (engine == nullptr)
            return 0;
        if (const auto entry = engine->find(reinterpret_cast<std::uintptr_t>(address)))
            entry->outlet->send({static_cast<const std::uint8_t*>(data), size});
        return 0;
    }

    static void wake(struct socket*, void* address, int)
    {
        Engine* engine = running.load();
        if (engine == nullptr)
            return;
        if (const auto entry = engine->find(reinterpret_cast<std::uintptr_t>(address)))
            entry->woken = true;
    }
};

namespace {

/// Once per process. Without usrsctp's own threads: those would open raw sockets when they may.
void start_usrsctp()
{
    static const bool started = [] {
        usrsctp_init_nothreads(0, &EngineCallbacks::output, nullptr);
        // None of these extensions is used here; what is off cannot be attacked.
        usrsctp_sysctl_set_sctp_ecn_enable(0);
        usrsctp_sysctl_set_sctp_pr_enable(0);
        usrsctp_sysctl_set_sctp_auth_enable(0);
        usrsctp_sysctl_set_sctp_asconf_enable(0);
        usrsctp_sysctl_set_sctp_auto_asconf(0);
        usrsctp_sysctl_set_sctp_reconfig_enable(0);
        usrsctp_sysctl_set_sctp_nrsack_enable(0);
        usrsctp_sysctl_set_sctp_pktdrop_enable(0);
        usrsctp_sysctl_set_sctp_initial_cwnd(10);
        usrsctp_sysctl_set_sctp_max_burst_default(10);
        usrsctp_sysctl_set_sctp_max_chunks_on_queue(4 * 1024 * 1024 / 1024); // a full buffer of 1 KiB each
        return true;
    }();
    static_cast<void>(started);
}

std::mutex share_mutex;
std::weak_ptr<Engine> shared;

} // namespace

Upcall engine_upcall()
{
    return &EngineCallbacks::wake;
}

std::shared_ptr<Engine> Engine::share()
{
    const std::lock_guard lock(share_mutex);
    auto engine = shared.lock();
    if (!engine) {
        engine = std::make_shared<Engine>();
        shared = engine;
    }
    return engine;
}

Engine::Engine()
{
    start_usrsctp();
    running = this;
    thread_ = std::thread([this] { run(); });
}

Engine::~Engine()
{
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
    Engine* self = this;
    running.compare_exchange_strong(self, nullptr); // a newer engine may be there already
}

std::uintptr_t Engine::add(Association& association, std::shared_ptr<Outlet> outlet)
{
    static std::atomic<std::uintptr_t> last{0};
    const std::uintptr_t address = ++last;
    auto entry = std::make_shared<Entry>();
    entry->outlet = std::move(outlet);
    entry->association = &association;
    {
        const std::lock_guard lock(mutex_);
        entries_[address] = std::move(entry);
    }
    usrsctp_register_address(reinterpret_cast<void*>(address));
    changed_.notify_all();
    return address;
}

void Engine::silence(std::uintptr_t address)
{
    const auto entry = find(address);
    if (!entry)
        return;
    const std::lock_guard lock(entry->working);
    entry->association = nullptr;
}

void Engine::remove(std::uintptr_t address)
{
    usrsctp_deregister_address(reinterpret_cast<void*>(address));
    const std::lock_guard lock(mutex_);
    entries_.erase(address);
    last_removed_ = Clock::now();
}

std::shared_ptr<Engine::Entry> Engine::find(std::uintptr_t address)
{
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(address);
    return found == entries_.end() ? nullptr : found->second;
}

void Engine::run()
{
    auto turned = Clock::now();
    std::unique_lock lock(mutex_);
    for (;;) {
        const bool idle = entries_.empty() && Clock::now() - last_removed_ > kAfterwards;
        if (idle) {
            changed_.wait(lock, [this] { return stop_ || !entries_.empty(); });
            turned = Clock::now(); // nothing was waiting for the time that went by
        } else {
            changed_.wait_for(lock, kTick, [this] { return stop_; });
        }
        if (stop_)
            return;
        lock.unlock();
        const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - turned);
        turned += passed;
        {
            const std::lock_guard one_at_a_time(timers_mutex); // the engine before this one may be ending just now
            usrsctp_handle_timers(static_cast<std::uint32_t>(passed.count()));
        }
        work_woken();
        lock.lock();
    }
}

void Engine::work_woken()
{
    std::vector<std::shared_ptr<Entry>> woken;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [address, entry] : entries_) {
            if (entry->woken.exchange(false))
                woken.push_back(entry);
        }
    }
    for (const auto& entry : woken) {
        const std::lock_guard lock(entry->working);
        if (entry->association != nullptr)
            entry->association->work();
    }
}

} // namespace reliable_usrsctp
