// A question to everybody. See question.hpp.
#include "question.hpp"

#include <algorithm>
#include <utility>

namespace discovery_lan {

void Question::ask_again()
{
    events_.ask();
    const auto next = std::chrono::steady_clock::now() + std::exchange(pause_, pause_ * 2);
    const bool last = next >= end_;
    timer_.expires_at(std::min(next, end_));
    timer_.async_wait([this, last, there = std::weak_ptr(there_)](asio::error_code cancelled) {
        if (cancelled || there.expired()) // a timer that has run out already cannot be cancelled any more
            return;
        if (!last)
            return ask_again();
        const auto over = events_.over; // it may destroy us
        over();
    });
}

void Question::answered(const asio::ip::tcp::endpoint& by)
{
    if (found_.size() < kMostAnswers && found_.insert(by).second)
        events_.found(by);
}

} // namespace discovery_lan
