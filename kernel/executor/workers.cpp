// Threads for work that takes long. See workers.hpp.

#include "kernel/executor/workers.hpp"

#include "kernel/error.hpp"

#include <pthread.h>

#include <system_error>

namespace jackfield::kernel {

Workers::~Workers()
{
    for (auto& piece : working_) {
        if (piece.thread.joinable())
            piece.thread.join();
    }
}

void Workers::run(std::function<void()> work, std::function<void()> done)
{
    const auto piece = working_.insert(working_.end(), Piece{std::move(done), {}});
    if (at_once_) {
        work();
        return control_.post([this, piece] { over(piece); });
    }
    try {
        piece->thread = std::thread([this, piece, work = std::move(work)] {
            pthread_setname_np(pthread_self(), "jf-worker");
            work();
            control_.post([this, piece] { over(piece); });
        });
    } catch (const std::system_error& error) {
        working_.erase(piece);
        throw Failure(JF_EXHAUSTED, std::string("no thread to work on: ") + error.what());
    }
}

void Workers::over(std::list<Piece>::iterator piece)
{
    if (piece->thread.joinable())
        piece->thread.join();
    const auto done = std::move(piece->done);
    working_.erase(piece);
    done();
    if (working_.empty() && now_idle_)
        now_idle_();
}

} // namespace jackfield::kernel
