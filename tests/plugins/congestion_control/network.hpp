// A network in simulated time: lines with a rate, a delay, a queue that drops its tail, and the media flows on them.
//
// Threads: the test's. No clock and no chance but a seed's: the same run every time. Lifetime: the Network owns all.
#pragma once

#include <jackfield/abi/congestion_control.h>

#include <shared/rtp/pacing.hpp>
#include <shared/rtp/sent_log.hpp>

#include <cmath>
#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace rates_test {

inline constexpr std::int64_t kMs = 1'000'000;
inline constexpr std::int64_t kSecond = 1'000 * kMs;

struct Packet {
    std::size_t flow = 0;
    std::uint32_t bytes = 0;
    std::uint16_t sequence = 0;
    std::int64_t sent_ns = 0;
    bool feedback = false;
    std::uint64_t cookie = 0;
};

/// One direction of a line that all share.
class Line {
public:
    Line(double bps, std::int64_t queue_ns, unsigned seed) : queue_ns_(queue_ns), random_(seed) { set_rate(bps); }

    void set_rate(double bps) { bps_ = bps; }
    double bps() const { return bps_; }
    void set_loss(double probability) { loss_ = probability; }

    /// When it comes out; -1 if it is lost. The delay beyond the line is the flow's.
    std::int64_t put(std::uint32_t bytes, std::int64_t now_ns)
    {
        const std::int64_t waits_ns = std::max<std::int64_t>(free_ns_ - now_ns, 0);
        const bool unlucky = loss_ > 0 && std::bernoulli_distribution(loss_)(random_);
        if (waits_ns > queue_ns_ || unlucky)
            return -1;
        free_ns_ = std::max(free_ns_, now_ns) + static_cast<std::int64_t>(bytes * 8.0 / bps_ * 1e9);
        return free_ns_;
    }

private:
    double bps_ = 0;
    double loss_ = 0;
    std::int64_t queue_ns_;
    std::int64_t free_ns_ = 0;
    std::mt19937 random_;
};

struct FlowPlan {
    std::int64_t start_ns = 0;
    std::int64_t end_ns = INT64_MAX;
    std::int64_t pause_ns = INT64_MAX; // until resume_ns nothing is sent
    std::int64_t resume_ns = INT64_MAX;
    std::int64_t delay_ns = 50 * kMs; // one way, beside the queue
    bool backward = false;
    std::uint32_t min_bps = 150'000;
    std::uint32_t max_bps = 1'500'000;
    std::uint32_t start_bps = 300'000;
};

/// What one flow came to in one second.
struct Second {
    double delivered_bps = 0;
    double target_bps = 0;
    double mean_delay_ms = 0; // in the queue
    double worst_delay_ms = 0;
    double p95_delay_ms = 0;
    double loss = 0;
};

/// A camera, an encoder that does as it is told, the transport and the peer's receiver.
class Flow {
public:
    Flow(std::size_t number, const FlowPlan& its_plan, jf_rate_controller controller, unsigned seed)
        : plan(its_plan), number_(number), controller_(controller), random_(seed)
    {}
    Flow(const Flow&) = delete;
    ~Flow() { controller_.methods->release(controller_.self); }

    void step(std::int64_t now_ns, Line& line)
    {
        if (now_ns < plan.start_ns || now_ns >= plan.end_ns)
            return;
        if (!started_) {
            started_ = true;
            jf_rate_stream stream{sizeof(stream), 2, plan.min_bps, plan.max_bps, plan.start_bps, 0};
            controller_.methods->set_streams(controller_.self, &stream, 1, now_ns);
            next_frame_ns_ = now_ns;
            ask();
        }
        const bool paused = now_ns >= plan.pause_ns && now_ns < plan.resume_ns;
        if (now_ns >= next_frame_ns_) {
            next_frame_ns_ += kSecond / 30;
            if (!paused)
                encode(now_ns);
        }
        if (now_ns >= next_tick_ns_) {
            log_.give_up(now_ns);
            jf_rate_moment moment{sizeof(moment), log_.in_flight_bytes(),
                                  queued_bytes_,  0,
                                  now_ns,         queue_.empty() ? 0 : queue_.front().sent_ns};
            next_tick_ns_ = controller_.methods->tick(controller_.self, &moment);
            ask();
        }
        pace(now_ns, line);
        if (now_ns >= next_feedback_ns_)
            send_feedback(now_ns);
    }

    /// Packets that came out of the line, and feedback that came back.
    void deliver(std::int64_t now_ns)
    {
        while (!on_the_way_.empty() && on_the_way_.front().at_ns <= now_ns) {
            const auto& one = on_the_way_.front();
            arrivals_.push_back({one.packet.sequence, one.at_ns});
            second_bytes_ += one.packet.bytes;
            const double waited_ms = static_cast<double>(one.at_ns - one.packet.sent_ns - plan.delay_ns) / 1e6;
            delays_ms_.push_back(waited_ms);
            on_the_way_.pop_front();
        }
        while (!feedback_.empty() && feedback_.front().at_ns <= now_ns) {
            hear(feedback_.front(), now_ns);
            feedback_.pop_front();
        }
    }

    void end_second()
    {
        Second second;
        second.delivered_bps = second_bytes_ * 8;
        second.target_bps = target_bps_;
        std::sort(delays_ms_.begin(), delays_ms_.end());
        for (const double delay : delays_ms_)
            second.mean_delay_ms += delay / static_cast<double>(delays_ms_.size());
        if (!delays_ms_.empty()) {
            second.worst_delay_ms = delays_ms_.back();
            second.p95_delay_ms = delays_ms_[delays_ms_.size() * 95 / 100];
        }
        second.loss = second_sent_ == 0 ? 0 : static_cast<double>(second_lost_) / static_cast<double>(second_sent_);
        seconds.push_back(second);
        second_bytes_ = 0;
        second_sent_ = second_lost_ = 0;
        delays_ms_.clear();
    }

    std::uint32_t target_bps() const { return target_bps_; }

    const FlowPlan plan;
    Line* back = nullptr; // that feedback takes
    std::vector<Second> seconds;
    bool within_bounds = true;

private:
    struct Moving {
        Packet packet;
        std::int64_t at_ns;
    };
    struct Arrival {
        std::uint16_t sequence;
        std::int64_t at_ns;
    };
    struct Feedback {
        std::int64_t at_ns;
        std::int64_t made_ns;
        std::uint16_t begin;
        std::uint16_t end; // one past
        std::vector<Arrival> arrivals;
    };

    void ask()
    {
        jf_rate_targets targets{sizeof(targets), 1, &target_bps_, 0, 0};
        controller_.methods->targets(controller_.self, &targets);
        within_bounds = within_bounds && target_bps_ >= plan.min_bps && target_bps_ <= plan.max_bps;
        pacing_.set_rate(targets.pacing_bps);
        window_bytes_ = targets.window_bytes;
    }

    void encode(std::int64_t now_ns)
    {
        const double varies = std::clamp(std::normal_distribution<double>(1, 0.1)(random_), 0.6, 1.5);
        auto left = static_cast<std::uint32_t>(target_bps_ / 8.0 / 30 * varies);
        while (left > 0) {
            const std::uint32_t bytes = std::min<std::uint32_t>(left, 1200);
            queue_.push_back({number_, std::max<std::uint32_t>(bytes, 60), 0, now_ns});
            queued_bytes_ += queue_.back().bytes;
            left -= bytes;
        }
    }

    void pace(std::int64_t now_ns, Line& line)
    {
        while (!queue_.empty() && pacing_.may_send(now_ns)) {
            if (window_bytes_ != 0 && log_.in_flight_bytes() + queue_.front().bytes > window_bytes_)
                return;
            Packet packet = queue_.front();
            queue_.pop_front();
            queued_bytes_ -= packet.bytes;
            packet.sequence = sequence_++;
            packet.sent_ns = now_ns;
            pacing_.sent(packet.bytes, now_ns);
            const std::uint64_t number = log_.sent(0, packet.sequence, packet.bytes, now_ns);
            const jf_sent_packet told{sizeof(told), 0, number, now_ns, packet.bytes, 0};
            controller_.methods->sent(controller_.self, &told);
            ++second_sent_;
            const std::int64_t out_ns = line.put(packet.bytes, now_ns);
            if (out_ns < 0)
                ++second_lost_;
            else
                on_the_way_.push_back({packet, out_ns + plan.delay_ns});
        }
    }

    /// Each report covers the one before it, too, as the transport's does.
    void send_feedback(std::int64_t now_ns)
    {
        next_feedback_ns_ = now_ns + 100 * kMs;
        if (arrivals_.empty())
            return;
        Feedback made{0, now_ns, covered_from_, 0, {}};
        std::uint16_t highest = covered_to_;
        for (const Arrival& arrival : arrivals_) {
            if (static_cast<std::int16_t>(arrival.sequence - highest) >= 0)
                highest = static_cast<std::uint16_t>(arrival.sequence + 1);
        }
        made.end = highest;
        made.arrivals = before_;
        made.arrivals.insert(made.arrivals.end(), arrivals_.begin(), arrivals_.end());
        covered_from_ = covered_to_;
        covered_to_ = highest;
        before_ = std::exchange(arrivals_, {});
        const auto bytes = static_cast<std::uint32_t>(28 + 36 + 2 * (made.end - made.begin));
        const std::int64_t out_ns = back == nullptr ? now_ns : back->put(bytes, now_ns);
        if (out_ns < 0)
            return;
        made.at_ns = out_ns + plan.delay_ns;
        feedback_.push_back(std::move(made));
    }

    void hear(const Feedback& made, std::int64_t now_ns)
    {
        for (std::uint16_t sequence = made.begin; sequence != made.end; ++sequence) {
            const auto found = std::find_if(made.arrivals.begin(), made.arrivals.end(),
                                            [&](const Arrival& arrival) { return arrival.sequence == sequence; });
            if (found == made.arrivals.end())
                log_.reported(0, sequence, false, 0, 0, 0);
            else // arrivals are told in 1/1024 s
                log_.reported(0, sequence, true, 0, found->at_ns / 976'563 * 976'563 + 12'345'678'901'234,
                              made.made_ns - found->at_ns);
        }
        const auto settled = log_.settle(now_ns);
        const jf_rate_feedback feedback{sizeof(feedback),     log_.in_flight_bytes(), now_ns,
                                        log_.round_trip_ns(), settled.data(),         settled.size()};
        controller_.methods->feedback(controller_.self, &feedback);
        ask();
    }

    std::size_t number_;
    jf_rate_controller controller_;
    std::mt19937 random_;
    jackfield::rtp::SentLog log_{1};
    jackfield::rtp::Pacing pacing_;
    std::uint32_t target_bps_ = 0;
    std::uint32_t window_bytes_ = 0;
    std::deque<Packet> queue_;
    std::uint32_t queued_bytes_ = 0;
    std::deque<Moving> on_the_way_;
    std::deque<Feedback> feedback_;
    std::vector<Arrival> arrivals_;
    std::vector<Arrival> before_;
    std::uint16_t covered_from_ = 0;
    std::uint16_t covered_to_ = 0;
    std::uint16_t sequence_ = 0;
    bool started_ = false;
    std::int64_t next_frame_ns_ = 0;
    std::int64_t next_tick_ns_ = 0;
    std::int64_t next_feedback_ns_ = 0;
    double second_bytes_ = 0;
    std::uint64_t second_sent_ = 0;
    std::uint64_t second_lost_ = 0;
    std::vector<double> delays_ms_;
};

/// A transfer over TCP, as simple as shows what it does to a queue: Reno, one acknowledgement a packet. One without a
/// size is never done.
class Transfer {
public:
    Transfer(std::int64_t start_ns, std::int64_t delay_ns, double bytes = 1e18)
        : bytes_(bytes), start_ns_(start_ns), delay_ns_(delay_ns)
    {}

    bool done() const { return delivered_bytes >= bytes_; }

    void step(std::int64_t now_ns, Line& line)
    {
        if (now_ns < start_ns_)
            return;
        while (!acks_.empty() && acks_.front().first <= now_ns) {
            const bool lost = acks_.front().second;
            acks_.pop_front();
            in_flight_ -= 1;
            if (lost && now_ns > recover_ns_) { // once a round trip
                threshold_ = window_ = std::max(window_ / 2, 2.0);
                recover_ns_ = now_ns + 2 * delay_ns_ + 100 * kMs;
            } else if (!lost) {
                window_ += window_ < threshold_ ? 1 : 1 / window_;
                delivered_bytes += 1500;
            }
        }
        while (in_flight_ + 1 <= window_ && delivered_bytes + in_flight_ * 1500 < bytes_) {
            in_flight_ += 1;
            const std::int64_t out_ns = line.put(1500, now_ns);
            // A loss shows when later packets are acknowledged.
            const std::int64_t at = (out_ns < 0 ? std::max(last_out_ns_, now_ns) + 10 * kMs : out_ns) + 2 * delay_ns_;
            last_out_ns_ = std::max(last_out_ns_, out_ns);
            acks_.emplace_back(at, out_ns < 0);
        }
    }

    double delivered_bytes = 0;

private:
    double bytes_;
    std::int64_t start_ns_;
    std::int64_t delay_ns_;
    double window_ = 4;
    double threshold_ = 1e9;
    double in_flight_ = 0;
    std::int64_t recover_ns_ = 0;
    std::int64_t last_out_ns_ = 0;
    std::deque<std::pair<std::int64_t, bool>> acks_;
};

/// Whoever fetches one thing after the other over TCP: 100 KB to 1 MB, ten seconds of rest between them in the mean
/// (RFC 8867 section 5.7).
class Browser {
public:
    Browser(bool at_once, std::int64_t delay_ns, unsigned seed) : delay_ns_(delay_ns), random_(seed)
    {
        next_ns_ = at_once ? 0 : rest_ns();
    }

    void step(std::int64_t now_ns, Line& line)
    {
        if (!transfer_ && now_ns >= next_ns_)
            transfer_ = std::make_unique<Transfer>(now_ns, delay_ns_,
                                                   std::uniform_real_distribution<double>(100e3, 1e6)(random_));
        if (!transfer_)
            return;
        transfer_->step(now_ns, line);
        if (!transfer_->done())
            return;
        ++fetched;
        next_ns_ = now_ns + rest_ns();
        transfer_.reset();
    }

    int fetched = 0;

private:
    std::int64_t rest_ns()
    {
        return static_cast<std::int64_t>(std::exponential_distribution<double>(0.1)(random_) * 1e9);
    }

    std::int64_t delay_ns_;
    std::mt19937 random_;
    std::int64_t next_ns_ = 0;
    std::unique_ptr<Transfer> transfer_;
};

class Network {
public:
    Network(double forward_bps, double backward_bps, unsigned seed)
        : forward(forward_bps, 300 * kMs, seed), backward(backward_bps, 300 * kMs, seed + 1), seed_(seed)
    {}

    Flow& add(const FlowPlan& plan, jf_rate_controller controller)
    {
        flows.push_back(
            std::make_unique<Flow>(flows.size(), plan, controller, seed_ + 7 * static_cast<unsigned>(flows.size())));
        flows.back()->back = plan.backward ? &forward : &backward;
        return *flows.back();
    }

    /// From the beginning; `at_second` is called at the beginning of each.
    void run(int seconds, const std::function<void(int)>& at_second)
    {
        for (int second = 0; second < seconds; ++second) {
            at_second(second);
            capacity_bps.push_back(forward.bps());
            for (int ms = 0; ms < 1000; ++ms) {
                const std::int64_t now_ns = kSecond + (std::int64_t{second} * 1000 + ms) * kMs;
                for (auto& transfer : transfers)
                    transfer->step(now_ns - kSecond, forward);
                for (auto& browser : browsers)
                    browser->step(now_ns - kSecond, forward);
                for (auto& flow : flows) {
                    flow->deliver(now_ns - kSecond);
                    flow->step(now_ns - kSecond, flow->plan.backward ? backward : forward);
                }
            }
            for (auto& flow : flows)
                flow->end_second();
        }
    }

    Line forward;
    Line backward;
    std::vector<std::unique_ptr<Flow>> flows;
    std::vector<std::unique_ptr<Transfer>> transfers;
    std::vector<std::unique_ptr<Browser>> browsers;
    std::vector<double> capacity_bps;

private:
    unsigned seed_;
};

} // namespace rates_test
