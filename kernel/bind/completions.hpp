// The asynchronous calls of a node that a plugin has not finished yet.
//
// Threads:  [control].
// Lifetime: the node's, longer than its instances. A completion is freed when it is called; those that an instance took
//           with it when it was destroyed are freed, uncalled, with this table.

#pragma once

#include "kernel/bind/text.hpp"

#include <functional>
#include <list>

namespace jackfield::kernel {

class Completions {
public:
    Completions() = default;
    Completions(const Completions&) = delete;
    Completions& operator=(const Completions&) = delete;

    /// What to pass to a plugin; `ended` is called once, with status JF_OK if it went well. It must own what it uses.
    jf_done make(std::function<void(Error)> ended)
    {
        waiting_.push_front({this, std::move(ended), {}});
        waiting_.front().place = waiting_.begin();
        return {&waiting_.front(), [](void* self, jf_status status, const jf_error* error) {
                    auto& one = *static_cast<One*>(self);
                    const auto ended_by = std::move(one.ended);
                    one.owner->waiting_.erase(one.place);
                    ended_by(status == JF_OK ? Error{JF_OK, ""} : error_of(status, error));
                }};
    }

    std::size_t waiting() const { return waiting_.size(); }

private:
    struct One {
        Completions* owner;
        std::function<void(Error)> ended;
        std::list<One>::iterator place;
    };

    std::list<One> waiting_;
};

} // namespace jackfield::kernel
