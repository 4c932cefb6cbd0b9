// A question to everybody: repeated a few times, because datagrams get lost, and over after a while.
//
// Threads:  the thread of the io_context. Lifetime: whoever asks; nothing is called once it is gone.
#pragma once

#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <set>

namespace discovery_lan {

class Question {
public:
    static constexpr std::size_t kMostAnswers = 16;              ///< of more neighbours, the later ones are not heard
    static constexpr std::chrono::milliseconds kFirstPause{150}; ///< then twice as long each time

    struct Events {
        std::function<void()> ask;
        std::function<void(const asio::ip::tcp::endpoint&)> found; ///< once for each neighbour
        std::function<void()> over;                                ///< last; may destroy the question
    };

    Question(asio::io_context& context, std::chrono::milliseconds limit, Events events)
        : events_(std::move(events)), end_(std::chrono::steady_clock::now() + limit), timer_(context)
    {}
    Question(const Question&) = delete;
    Question& operator=(const Question&) = delete;

    void on_over(std::function<void()> over) { events_.over = std::move(over); } ///< before it is asked
    void ask_again();
    void answered(const asio::ip::tcp::endpoint& by);

private:
    Events events_;
    const std::chrono::steady_clock::time_point end_;
    std::chrono::milliseconds pause_ = kFirstPause;
    std::set<asio::ip::tcp::endpoint> found_;
    asio::steady_timer timer_;
    const std::shared_ptr<bool> there_ = std::make_shared<bool>(true); // as long as we are
};

} // namespace discovery_lan
