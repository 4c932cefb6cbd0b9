// path_decorator/1 as the kernel uses it. See decorators.hpp.

#include "kernel/bind/decorators.hpp"

#include "kernel/bind/text.hpp"

#include <algorithm>

namespace jackfield::kernel {

DecoratorStack::DecoratorStack(const Board& board, jf_path below, const Place& place) : path_(below)
{
    const jf_decorator_options options{sizeof(options),
                                       place.initiator ? 1U : 0U,
                                       place.component,
                                       0,
                                       abi_text(word(place.seam)),
                                       abi_text(place.peer.device_id)};
    for (const auto& [plug, seams] : board.decorators) {
        if (std::ranges::find(seams, place.seam) == seams.end())
            continue;
        jf_path above{};
        jf_decorator_session session{};
        ErrorSlot error;
        const jf_status status = plug.methods->open(plug.self, path_, &options, &above, &session, &error);
        if (status != JF_OK)
            take_down(); // no destructor comes after a constructor that throws
        require(status, error, plug.plugin_id);
        sessions_.push_back(session);
        path_ = above;
    }
}

DecoratorStack::~DecoratorStack()
{
    take_down();
}

void DecoratorStack::take_down()
{
    for (; !sessions_.empty(); sessions_.pop_back())
        sessions_.back().methods->release(sessions_.back().self);
}

} // namespace jackfield::kernel
