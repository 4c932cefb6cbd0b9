// A session of calls on media threads. See media_session.hpp.

#include "kernel/isolate/media_session.hpp"

namespace jackfield::kernel::isolate {

namespace {

constexpr std::chrono::seconds kOpenLimit{10}; // on a worker: a library may make tables

} // namespace

MediaSession::MediaSession(Supervisor& supervisor, std::uint32_t id, std::vector<std::byte> words, std::size_t lanes)
    : supervisor_(supervisor), id_(id), words_(std::move(words)), lanes_(lanes)
{
    for (auto& lane : lanes_)
        lane = std::make_unique<Lane>();
}

std::expected<void, Error> MediaSession::open(bool on_control)
{
    auto process = supervisor_.running();
    if (!process)
        return std::unexpected(process.error());
    try {
        Seat seat = seat_in(std::move(*process));
        const auto answer = seat.process->call(Word::kOpen, id_, words_, on_control ? kAnswerLimit : kOpenLimit,
                                               seat.memory->descriptor());
        if (!answer)
            return std::unexpected(answer.error());
        sit_down(std::move(seat));
    } catch (const Failure& failure) {
        return std::unexpected(failure.error());
    }
    return {};
}

void MediaSession::reopen(const std::shared_ptr<HostedProcess>& process)
{
    try {
        auto seat = std::make_shared<Seat>(seat_in(process));
        process->talk().ask(Word::kOpen, id_, words_, seat->memory->descriptor(),
                            [session = weak_from_this(), seat](const Message& answer) {
                                if (const auto alive = session.lock(); alive != nullptr && answer.status == JF_OK)
                                    alive->sit_down(std::move(*seat));
                            });
    } catch (const Failure&) {
        return; // no memory: calls go on failing, and the next process is another try
    }
}

void MediaSession::release()
{
    std::unique_lock lock(seat_mutex_);
    const auto process = seat_.process;
    lock.unlock();
    sit_down({});
    if (process != nullptr)
        process->talk().tell(Word::kRelease, id_, {});
}

MediaSession::Seat MediaSession::seat_in(std::shared_ptr<HostedProcess> process) const
{
    return {std::move(process), std::make_unique<SharedMemory>(lanes_.size() * kLaneBytes)};
}

/// Calls are in that process' memory from now on; in none, if there is no seat.
void MediaSession::sit_down(Seat seat)
{
    const std::lock_guard seat_lock(seat_mutex_);
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
        const std::lock_guard lock(lanes_[i]->mutex);
        if (lanes_[i]->call != nullptr)
            seat_.process->leave(*lanes_[i]->call);
        lanes_[i]->call.reset();
        lanes_[i]->process = seat.process;
        if (seat.process == nullptr)
            continue;
        lanes_[i]->call = std::make_unique<SharedCall>(seat.memory->bytes().subspan(i * kLaneBytes, kLaneBytes));
        seat.process->attend(*lanes_[i]->call);
    }
    seat_ = std::move(seat);
}

/// A call has not come back.
jf_status MediaSession::stopped(Lane& lane, jf_status why)
{
    if (why == JF_TIMEOUT)
        lane.process->condemn("did not come back from a frame within 2 s");
    return why;
}

jf_status MediaSession::broke(Lane& lane)
{
    lane.process->condemn("answered what cannot be");
    return JF_INTERNAL;
}

} // namespace jackfield::kernel::isolate
