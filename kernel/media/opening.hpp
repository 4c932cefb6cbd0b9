// What became of a codec that is opened on a worker, because opening one may take as long as a hundred milliseconds.
//
// Threads: finish on the worker, once; settle and what is looked at on control; usable on any.
// Lifetime: a member of the stream whose codec it is.

#pragma once

#include "kernel/error.hpp"

#include <atomic>
#include <optional>

namespace jackfield::kernel {

class Opening {
public:
    /// The codec is open, or will never be. The last thing the worker does to the stream.
    void finish(Error result)
    {
        result_ = std::move(result);
        usable_.store(result_.status == JF_OK, std::memory_order_release);
    }

    /// Control knows that the worker is done with the stream.
    void settle() { settled_ = true; }

    bool open() const { return settled_ && result_.status == JF_OK; }
    std::optional<Error> failure() const
    {
        return settled_ && result_.status != JF_OK ? std::optional(result_) : std::nullopt;
    }

    /// [any] The codec may be called, also before control knows.
    bool usable() const { return usable_.load(std::memory_order_acquire); }

private:
    Error result_{JF_OK, ""};
    bool settled_ = false;
    std::atomic<bool> usable_{false};
};

} // namespace jackfield::kernel
