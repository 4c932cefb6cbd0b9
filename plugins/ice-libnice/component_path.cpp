// Receiving is the same for datagrams and streams.
//
// Threads: see component_path.hpp.
#include "component_path.hpp"

namespace jackfield::ice {

ComponentPath::ComponentPath(Host host, GlibLoop& loop, unsigned component)
    : host_(host), loop_(loop), component_(component)
{}

void ComponentPath::open(jf_path_receiver receiver)
{
    gate_.open(receiver);
}

void ComponentPath::deliver(ByteView bytes)
{
    if (gate_.deliver(make_packet(bytes, host_.now_ns())) == JF_EXHAUSTED)
        too_early();
}

void ComponentPath::ended(Status status, std::string_view text)
{
    over_ = true;
    gate_.ended(status, text);
}

void ComponentPath::close() noexcept
{
    shut();
    if (closed_by_user_)
        std::exchange(closed_by_user_, nullptr)();
}

void ComponentPath::shut() noexcept
{
    over_ = true;
    gate_.shut();
}

} // namespace jackfield::ice
