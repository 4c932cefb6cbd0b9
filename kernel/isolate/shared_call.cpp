// One call at a time. See shared_call.hpp.

#include "kernel/isolate/shared_call.hpp"

#include <new>

namespace jackfield::kernel::isolate {

namespace {

constexpr std::uint32_t kIdle = 0;
constexpr std::uint32_t kAsked = 1;
constexpr std::uint32_t kAnswered = 2;
constexpr std::uint32_t kAbandoned = 3;

constexpr std::size_t kHeadBytes = 64;

} // namespace

struct SharedCall::Head {
    Word32 state;
    std::atomic<std::uint32_t> argument_size;
    std::atomic<std::uint32_t> result_size;
};

SharedCall::SharedCall(std::span<std::byte> part) : head_(reinterpret_cast<Head*>(part.data()))
{
    static_assert(sizeof(Head) <= kHeadBytes && std::is_trivially_destructible_v<Head>);
    const auto rest = part.subspan(kHeadBytes);
    arguments_ = rest.subspan(0, rest.size() / 2 / kAlignment * kAlignment);
    results_ = rest.subspan(arguments_.size());
}

jf_status SharedCall::run(std::size_t argument_size, std::chrono::nanoseconds limit)
{
    result_size_ = 0;
    head_->argument_size.store(static_cast<std::uint32_t>(argument_size), std::memory_order_relaxed);
    std::uint32_t state = kIdle;
    if (!head_->state.compare_exchange_strong(state, kAsked))
        return JF_CLOSED;
    wake_all(head_->state);
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (head_->state.load() == kAsked) {
        const auto left = deadline - std::chrono::steady_clock::now();
        if (left.count() <= 0) {
            abandon();
            return JF_TIMEOUT;
        }
        wait_on(head_->state, kAsked, left);
    }
    const std::size_t size = head_->result_size.load(std::memory_order_relaxed); // once: the other side may change it
    state = kAnswered;
    if (!head_->state.compare_exchange_strong(state, kIdle) || size > results_.size())
        return JF_CLOSED;
    result_size_ = size;
    return JF_OK;
}

void SharedCall::serve(const std::function<std::size_t(std::span<const std::byte>, std::span<std::byte>)>& work)
{
    for (;;) {
        const std::uint32_t seen = head_->state.load();
        if (seen == kAbandoned)
            return;
        if (seen != kAsked) {
            wait_on(head_->state, seen);
            continue;
        }
        const std::size_t size = head_->argument_size.load(std::memory_order_relaxed);
        const std::size_t used = work(arguments_.subspan(0, std::min(size, arguments_.size())), results_);
        head_->result_size.store(static_cast<std::uint32_t>(used), std::memory_order_relaxed);
        std::uint32_t state = kAsked;
        if (head_->state.compare_exchange_strong(state, kAnswered))
            wake_all(head_->state);
    }
}

void SharedCall::abandon()
{
    head_->state.store(kAbandoned);
    wake_all(head_->state);
}

} // namespace jackfield::kernel::isolate
