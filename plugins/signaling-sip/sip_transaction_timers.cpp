// The timers of transactions whose path may lose messages: what is repeated, and how long a transaction that has done
// its work waits for what may come twice (RFC 3261 section 17).
//
// Threads: the control thread.
#include "sip_transactions.hpp"

#include <algorithm>

namespace jackfield::sip {
namespace {

/// What makes a machine send again what it has sent last, where that may be lost.
std::optional<type_t> repeating(state_t state)
{
    switch (state) {
    case ICT_CALLING:
        return TIMEOUT_A;
    case NICT_TRYING:
    case NICT_PROCEEDING:
        return TIMEOUT_E;
    case IST_COMPLETED:
        return TIMEOUT_G;
    default:
        return std::nullopt;
    }
}

} // namespace

std::optional<Lingering> lingering(state_t state)
{
    switch (state) {
    case ICT_COMPLETED:
        return Lingering{TIMEOUT_D, 64 * kT1};
    case NICT_COMPLETED:
        return Lingering{TIMEOUT_K, kT4};
    case IST_CONFIRMED:
        return Lingering{TIMEOUT_I, kT4};
    case NIST_COMPLETED:
        return Lingering{TIMEOUT_J, 64 * kT1};
    default:
        return std::nullopt;
    }
}

/// The timers of the state that the machine is in now.
void Transactions::keep_time(Transaction& transaction)
{
    const TransactionId id = transaction.id;
    if (!repeating(transaction.machine->state)) {
        deadlines_.stop(transaction.repeat);
        transaction.interval = kT1;
    } else if (transaction.repeat == 0) {
        transaction.repeat = deadlines_.start(transaction.interval, [this, id] { repeat(id); });
    }
    const auto rest = lingering(transaction.machine->state);
    if (rest && transaction.linger == 0)
        transaction.linger = deadlines_.start(rest->time, [this, id] { linger_over(id); });
    if (rest)
        make_room();
}

/// Each time after twice as long; requests but INVITE, and refusals, at least every T2 (RFC 3261 sections 17.1.2.2,
/// 17.2.1).
void Transactions::repeat(TransactionId id)
{
    const auto found = open_.find(id);
    if (found == open_.end())
        return;
    const Stay stay(*this);
    Transaction& transaction = *found->second;
    transaction.repeat = 0;
    const auto timer = repeating(transaction.machine->state);
    if (!timer)
        return;
    const Nanoseconds longest = *timer == TIMEOUT_A ? Nanoseconds::max() / 2 : Nanoseconds(kT2);
    transaction.interval =
        transaction.machine->state == NICT_PROCEEDING ? longest : std::min(2 * transaction.interval, longest);
    run(transaction, *timer, nullptr);
    settle(transaction);
}

void Transactions::linger_over(TransactionId id)
{
    const auto found = open_.find(id);
    if (found == open_.end())
        return;
    const Stay stay(*this);
    Transaction& transaction = *found->second;
    transaction.linger = 0;
    if (const auto rest = lingering(transaction.machine->state))
        run(transaction, rest->timer, nullptr);
    settle(transaction);
}

void Transactions::make_room()
{
    std::size_t number = 0;
    Transaction* oldest = nullptr;
    for (const auto& [id, transaction] : open_) {
        if (!lingering(transaction->machine->state))
            continue;
        ++number;
        oldest = oldest == nullptr ? transaction.get() : oldest;
    }
    if (number > kMaxLingering)
        end(*oldest);
}

} // namespace jackfield::sip
