// Packets on their way. See carrier.hpp.

#include "carrier.hpp"

#include <pthread.h>

#include <algorithm>

namespace path_impair {

namespace {

/// For a heap with the earliest in front.
bool later(const Parcel& a, const Parcel& b)
{
    return a.at != b.at ? a.at > b.at : a.order > b.order;
}

} // namespace

Time steady_now()
{
    return std::chrono::steady_clock::now().time_since_epoch();
}

Carrier::Carrier(std::size_t limit) : limit_(limit), thread_([this] { run(); })
{}

Carrier::~Carrier()
{
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void Carrier::add(Outlet& outlet)
{
    const std::lock_guard lock(mutex_);
    outlets_.push_back(&outlet);
}

jackfield::Status Carrier::put(Outlet& outlet, std::span<const jf_bytes> parts, std::uint32_t ecn, Time at)
{
    {
        const std::lock_guard lock(mutex_);
        if (outlet.closed_)
            return JF_CLOSED;
        if (outlet.heap_.size() >= limit_)
            return JF_EXHAUSTED;
        Parcel parcel{at, 0, ecn, JF_OK, {}};
        if (!spare_.empty()) {
            parcel.bytes = std::move(spare_.back());
            spare_.pop_back();
        }
        parcel.bytes.clear();
        for (const auto& part : parts)
            parcel.bytes.insert(parcel.bytes.end(), part.data, part.data + part.size);
        push(outlet, std::move(parcel));
    }
    changed_.notify_all();
    return JF_OK;
}

void Carrier::put_end(Outlet& outlet, jackfield::Status status, std::string_view text, Time at)
{
    {
        const std::lock_guard lock(mutex_);
        if (outlet.closed_)
            return;
        for (const Parcel& parcel : outlet.heap_)
            at = std::max(at, parcel.at);
        push(outlet, {at, 0, JF_ECN_UNKNOWN, status, jackfield::Bytes(text.begin(), text.end())});
    }
    changed_.notify_all();
}

void Carrier::unblock(Outlet& outlet)
{
    {
        const std::lock_guard lock(mutex_);
        outlet.blocked_ = false;
    }
    changed_.notify_all();
}

bool Carrier::want(Outlet& outlet)
{
    const std::lock_guard lock(mutex_);
    return outlet.wanted_ = !outlet.heap_.empty();
}

void Carrier::close(Outlet& outlet, bool let_go)
{
    std::unique_lock lock(mutex_);
    outlet.closed_ = true;
    changed_.wait(lock, [&] { return delivering_ != &outlet; });
    std::erase(outlets_, &outlet);
    while (let_go && !outlet.heap_.empty()) {
        const Parcel parcel = take_front(outlet);
        lock.unlock();
        let_go = outlet.deliver(parcel) == JF_OK;
        lock.lock();
    }
    outlet.heap_.clear();
}

// --- on the carrier's thread, and with the lock held ----------------------------------------------------------------

void Carrier::push(Outlet& outlet, Parcel parcel)
{
    parcel.order = ++order_;
    outlet.heap_.push_back(std::move(parcel));
    std::ranges::push_heap(outlet.heap_, later);
}

Parcel Carrier::take_front(Outlet& outlet)
{
    std::ranges::pop_heap(outlet.heap_, later);
    Parcel parcel = std::move(outlet.heap_.back());
    outlet.heap_.pop_back();
    return parcel;
}

/// The outlet whose first parcel is due first.
Outlet* Carrier::next() const
{
    Outlet* first = nullptr;
    for (Outlet* const outlet : outlets_) {
        if (outlet->closed_ || outlet->blocked_ || outlet->heap_.empty())
            continue;
        if (first == nullptr || later(first->heap_.front(), outlet->heap_.front()))
            first = outlet;
    }
    return first;
}

void Carrier::hand_out(Outlet& outlet, std::unique_lock<std::mutex>& lock)
{
    Parcel parcel = take_front(outlet);
    delivering_ = &outlet;
    outlet.blocked_ = true; // until we know better: unblock may come before deliver returns
    lock.unlock();
    const jackfield::Status status = outlet.deliver(parcel);
    lock.lock();
    if (status == JF_WOULD_BLOCK) {
        outlet.heap_.push_back(std::move(parcel));
        std::ranges::push_heap(outlet.heap_, later);
    } else {
        outlet.blocked_ = false;
        spare_.push_back(std::move(parcel.bytes));
        if (std::exchange(outlet.wanted_, false)) {
            lock.unlock();
            outlet.has_room();
            lock.lock();
        }
    }
    delivering_ = nullptr;
    changed_.notify_all(); // for close
}

void Carrier::run()
{
    pthread_setname_np(pthread_self(), "jf-impair");
    std::unique_lock lock(mutex_);
    while (!stop_) {
        Outlet* const outlet = next();
        if (outlet == nullptr) {
            changed_.wait(lock);
            continue;
        }
        const Time due = outlet->heap_.front().at;
        if (due <= steady_now())
            hand_out(*outlet, lock);
        else
            changed_.wait_until(lock, std::chrono::steady_clock::time_point(due));
    }
}

} // namespace path_impair
