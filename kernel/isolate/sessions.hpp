// The media sessions of one isolated instance: they are opened again together, when a process is there again.
//
// Threads:  any.
// Lifetime: the instance's.

#pragma once

#include "kernel/isolate/media_session.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <vector>

namespace jackfield::kernel::isolate {

class Sessions {
public:
    /// Opens one.
    std::expected<std::shared_ptr<MediaSession>, Error> open(Supervisor& supervisor, std::vector<std::byte> words,
                                                             std::size_t lanes, bool on_control)
    {
        std::unique_lock lock(mutex_);
        const auto id = ++last_id_;
        lock.unlock();
        auto session = std::make_shared<MediaSession>(supervisor, id, std::move(words), lanes);
        if (auto opened = session->open(on_control); !opened)
            return std::unexpected(opened.error());
        lock.lock();
        sessions_.push_back(session);
        return session;
    }

    void release(const std::shared_ptr<MediaSession>& session)
    {
        session->release();
        const std::lock_guard lock(mutex_);
        std::erase(sessions_, session);
    }

    void reopen(const std::shared_ptr<HostedProcess>& process)
    {
        const std::lock_guard lock(mutex_);
        for (const auto& session : sessions_)
            session->reopen(process);
    }

private:
    std::mutex mutex_;
    std::uint32_t last_id_ = 0;
    std::vector<std::shared_ptr<MediaSession>> sessions_;
};

} // namespace jackfield::kernel::isolate
