// A process that is started again. See supervisor.hpp.

#include "kernel/isolate/supervisor.hpp"

#include "kernel/bind/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace jackfield::kernel::isolate {

namespace {

using namespace std::chrono_literals;

constexpr auto kFirstBackoff = 100ms;
constexpr std::chrono::milliseconds kMostBackoff = 30s;
constexpr auto kMadeGood = 60s;

} // namespace

Supervisor::Supervisor(Hosting hosting, const jf_host& host, Attendant attendant,
                       std::function<void(const std::shared_ptr<HostedProcess>&)> up)
    : hosting_(std::move(hosting)),
      host_(host),
      attendant_(std::move(attendant)),
      up_(std::move(up)),
      attendant_gone_(std::exchange(attendant_.gone, [this](const Error& reason) { gone(reason); })),
      backoff_(kFirstBackoff)
{}

void Supervisor::spawn()
{
    process_ = HostedProcess::spawn(hosting_, host_, attendant_);
    since_ = std::chrono::steady_clock::now();
}

std::expected<std::string, Error> Supervisor::start()
{
    try {
        spawn();
    } catch (const Failure& failure) {
        return std::unexpected(failure.error());
    }
    auto outcome = process_->start();
    if (outcome) {
        was_up_ = true;
        set(process_, {});
    } else {
        end();
    }
    return outcome;
}

void Supervisor::end()
{
    ended_ = true;
    if (timer_ != 0)
        host_.cancel_timer(host_.self, timer_);
    set(nullptr, {JF_CLOSED, "it has ended"});
    if (process_ != nullptr)
        process_->end();
}

std::expected<std::shared_ptr<HostedProcess>, Error> Supervisor::running() const
{
    const std::lock_guard lock(mutex_);
    if (running_ == nullptr)
        return std::unexpected(why_not_);
    return running_;
}

void Supervisor::set(std::shared_ptr<HostedProcess> running, Error why_not)
{
    const std::lock_guard lock(mutex_);
    running_.swap(running);
    why_not_ = std::move(why_not);
}

void Supervisor::gone(const Error& reason)
{
    if (ended_)
        return;
    if (std::chrono::steady_clock::now() - since_ > kMadeGood)
        backoff_ = kFirstBackoff;
    const auto text =
        fmt::format("{}: {}; it is started again after {} ms", hosting_.plugin_id, reason.text, backoff_.count());
    host_.log(host_.self, JF_LOG_WARNING, abi_text(text));
    set(nullptr, {reason.status, text});
    if (was_up_)
        attendant_gone_(reason);
    was_up_ = false;
    timer_ = host_.start_timer(host_.self, std::chrono::nanoseconds(backoff_).count(),
                               {this, [](void* self) { static_cast<Supervisor*>(self)->start_again(); }, [](void*) {}});
    backoff_ = std::min(2 * backoff_, kMostBackoff);
}

void Supervisor::start_again()
{
    timer_ = 0;
    try {
        spawn();
    } catch (const Failure& failure) {
        return gone(failure.error());
    }
    process_->start([this, process = std::weak_ptr(process_)](const Message& outcome) {
        if (const auto alive = process.lock())
            started_again(alive, outcome);
    });
}

void Supervisor::started_again(const std::shared_ptr<HostedProcess>& process, const Message& outcome)
{
    if (ended_)
        return;
    if (outcome.status != JF_OK)
        return process->condemn(fmt::format("could not make the instance once more: {}", text_of(outcome.body)));
    was_up_ = true;
    set(process, {});
    const auto text = fmt::format("{}: runs again, in process {}", hosting_.plugin_id, process->pid());
    host_.log(host_.self, JF_LOG_INFO, abi_text(text));
    up_(process);
}

} // namespace jackfield::kernel::isolate
