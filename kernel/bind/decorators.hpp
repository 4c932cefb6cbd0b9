// path_decorator/1 as the kernel uses it: everything that the configuration puts at one seam, upon one path.
//
// Threads:  [control].
// Lifetime: destroyed before the path below it, and after whatever is stacked upon its own path.

#pragma once

#include "kernel/bind/board.hpp"
#include "kernel/bind/identity.hpp"

#include <vector>

namespace jackfield::kernel {

class DecoratorStack {
public:
    struct Place {
        Seam seam;
        const Device& peer;
        bool initiator;
        std::uint32_t component = 1;
    };

    /// Without decorators at that seam, path() is `below`. Throws Failure if one of them cannot take this path.
    DecoratorStack(const Board& board, jf_path below, const Place& place);
    DecoratorStack(const DecoratorStack&) = delete;
    DecoratorStack& operator=(const DecoratorStack&) = delete;
    DecoratorStack(DecoratorStack&&) = default;
    DecoratorStack& operator=(DecoratorStack&&) = delete;
    ~DecoratorStack();

    jf_path path() const { return path_; }

private:
    void take_down();

    jf_path path_;
    std::vector<jf_decorator_session> sessions_; // from the bottom up
};

} // namespace jackfield::kernel
