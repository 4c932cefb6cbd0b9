// One REGISTER and its answer: the non-INVITE client transaction (RFC 3261 section 17.1.2).
//
// Threads: control. Lifetime: the registration's.
#pragma once

#include <shared/sip/message.hpp>

#include <jackfield/host.hpp>

#include <functional>

namespace discovery_sip {

class RegisterTransaction {
public:
    static constexpr std::chrono::milliseconds kT1{500};
    static constexpr std::chrono::milliseconds kT2{4000};
    static constexpr std::chrono::milliseconds kTimerF{64 * kT1};

    using Send = std::function<void(const std::string& message)>;
    using Final = std::function<void(const shared_sip::Message& response)>;
    using TimedOut = std::function<void()>;

    explicit RegisterTransaction(jackfield::Host host) : repeat_(host), limit_(host) {}

    /// Instead of the one before. unreliable: the request is repeated until something comes.
    void begin(std::string request, std::string branch, std::uint32_t cseq, bool unreliable, Send send, Final final,
               TimedOut timed_out)
    {
        request_ = std::move(request);
        branch_ = std::move(branch);
        cseq_ = cseq;
        send_ = std::move(send);
        final_ = std::move(final);
        interval_ = kT1;
        running_ = true;
        limit_.start(kTimerF, [this, end = std::move(timed_out)] {
            stop();
            end();
        });
        if (unreliable)
            repeat_later();
        send_(request_);
    }

    void stop()
    {
        running_ = false;
        repeat_.cancel();
        limit_.cancel();
    }

    bool running() const { return running_; }

    /// False if it is no response to this request (RFC 3261 section 17.1.3).
    bool take(const shared_sip::Message& response)
    {
        if (!running_ || response.branch() != branch_ || response.method() != "REGISTER" || response.cseq() != cseq_)
            return false;
        if (response.code() < 200) {
            interval_ = kT2;
            return true;
        }
        stop();
        const Final final = final_; // may begin the next one
        final(response);
        return true;
    }

private:
    void repeat_later() // timer E
    {
        repeat_.start(interval_, [this] {
            interval_ = std::min<std::chrono::milliseconds>(2 * interval_, kT2);
            repeat_later();
            send_(request_);
        });
    }

    jackfield::Timer repeat_;
    jackfield::Timer limit_;
    std::string request_;
    std::string branch_;
    std::uint32_t cseq_ = 0;
    Send send_;
    Final final_;
    std::chrono::milliseconds interval_{kT1};
    bool running_ = false;
};

} // namespace discovery_sip
