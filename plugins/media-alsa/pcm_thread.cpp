// Serves a device of ALSA. See pcm_thread.hpp.

#include "pcm_thread.hpp"

#include <jackfield/basic.hpp>

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

namespace media_alsa {

namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kMilliNs = 1'000'000;
constexpr const char* kDefault = "default";

} // namespace

PcmThread::PcmThread(jackfield::Host host, std::string device, Direction direction, Form form, Work work)
    : host_(host),
      device_(std::move(device)),
      direction_(direction),
      form_(form),
      work_(std::move(work)),
      stop_event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))
{
    if (stop_event_ < 0)
        throw jackfield::Failure(JF_EXHAUSTED, "no descriptor for a thread of sound");
    thread_ = std::thread([this] { run(); });
}

void PcmThread::stop()
{
    if (!thread_.joinable())
        return;
    eventfd_write(stop_event_, 1);
    thread_.join();
    ::close(stop_event_);
}

void PcmThread::run()
{
    pthread_setname_np(pthread_self(), direction_ == Direction::record ? "jf-alsa-in" : "jf-alsa-out");
    do {
        if (open(device_) || (device_ != kDefault && open(kDefault)))
            serve();
        pcm_.reset();
        work_.interrupted();
    } while (!pause(host_.now_ns() + kSecondNs)); // it may be plugged in again
}

bool PcmThread::open(const std::string& device)
{
    try {
        pcm_ = open_pcm(device, direction_);
        give_form(*pcm_, device, form_);
        say(device == device_ ? JF_LOG_INFO : JF_LOG_WARNING,
            "\"" + device + "\"" + (device == device_ ? "" : " takes the place of \"" + device_ + "\""));
    } catch (const jackfield::Failure& failure) {
        say(JF_LOG_WARNING, failure.what());
        pcm_.reset();
        return false;
    }
    const auto count = static_cast<unsigned>(std::max(0, snd_pcm_poll_descriptors_count(pcm_.get())));
    descriptors_.assign(count + 1, {});
    descriptors_[0] = {stop_event_, POLLIN, 0};
    snd_pcm_poll_descriptors(pcm_.get(), descriptors_.data() + 1, count);
    begun_ns_ = host_.now_ns();
    moved_ = 0;
    return direction_ == Direction::play || snd_pcm_start(pcm_.get()) == 0;
}

/// Until it is to stop, or the device is gone.
void PcmThread::serve()
{
    while (wait_for_device()) {
        const int error = serve_once();
        if (error < 0 && !recover(error)) {
            say(JF_LOG_WARNING, std::string("the device is gone: ") + snd_strerror(error));
            return;
        }
    }
}

/// A device that is no card is ready at any time; it gets and gives no more than a card would.
bool PcmThread::wait_for_device()
{
    const std::int64_t due_ns = begun_ns_ + static_cast<std::int64_t>(moved_ * kSecondNs / form_.rate_hz);
    const std::int64_t ahead_ns = direction_ == Direction::play ? form_.latency_ms * kMilliNs : 0;
    if (due_ns - ahead_ns > host_.now_ns() && pause(due_ns - ahead_ns))
        return false;
    ::poll(descriptors_.data(), descriptors_.size(), -1);
    return descriptors_[0].revents == 0;
}

/// ALSA's error, or 0.
int PcmThread::serve_once()
{
    unsigned short events = 0;
    const int read = snd_pcm_poll_descriptors_revents(pcm_.get(), descriptors_.data() + 1,
                                                      static_cast<unsigned>(descriptors_.size() - 1), &events);
    if (read < 0)
        return read;
    const snd_pcm_sframes_t there = snd_pcm_avail_update(pcm_.get());
    if (there < 0)
        return static_cast<int>(there);
    const auto most = static_cast<snd_pcm_sframes_t>(form_.rate_hz * form_.latency_ms / 1000);
    const auto count = static_cast<snd_pcm_uframes_t>(std::min(there, most));
    if (count == 0)
        return (events & POLLERR) != 0 ? -ENODEV : 0;
    const snd_pcm_sframes_t moved = work_.move(*pcm_, count);
    if (moved < 0)
        return moved == -EAGAIN ? 0 : static_cast<int>(moved);
    moved_ += static_cast<std::uint64_t>(moved);
    return 0;
}

/// After an overrun, or the machine's sleep.
bool PcmThread::recover(int error)
{
    overruns_.fetch_add(1, std::memory_order_relaxed);
    if (error != -EPIPE && error != -ESTRPIPE && error != -EINTR)
        return false;
    if (snd_pcm_recover(pcm_.get(), error, /*silent=*/1) < 0)
        return false;
    begun_ns_ = host_.now_ns();
    moved_ = 0;
    return direction_ == Direction::play || snd_pcm_start(pcm_.get()) == 0;
}

/// True if it is to stop.
bool PcmThread::pause(std::int64_t until_ns)
{
    pollfd stop{stop_event_, POLLIN, 0};
    for (std::int64_t left_ns = until_ns - host_.now_ns(); left_ns > 0; left_ns = until_ns - host_.now_ns()) {
        const timespec left{left_ns / kSecondNs, left_ns % kSecondNs};
        if (::ppoll(&stop, 1, &left, nullptr) > 0)
            return true;
    }
    return false;
}

/// Once: a device is looked for every second.
void PcmThread::say(std::int32_t level, const std::string& words)
{
    if (said_.find(words + "\n") != std::string::npos)
        return;
    if (said_.size() > 4096)
        said_.clear();
    said_ = level == JF_LOG_INFO ? "" : said_ + words + "\n";
    host_.log(level, (direction_ == Direction::record ? "microphone: " : "speaker: ") + words);
}

} // namespace media_alsa
