// The links that are kept between calls: one that nobody has used for a while is closed, one that has died is found out
// and forgotten before somebody needs it.
//
// Threads: [control].

#pragma once

#include "kernel/flow/environment.hpp"

namespace jackfield::kernel {

/// Goes on while there are links; start_signaling starts it. One a node.
awaitable<void> tend_links(Environment& node);

/// A call that goes on over it keeps it alive; whoever comes next opens another.
void forget_link(Environment& node, const std::shared_ptr<Link>& link);

/// Asks for a sign of life; `dead` is called on a later turn if there is none for so long. Nothing if the link has no
/// channels, and so no way to ask.
void ping_link(Environment& node, const std::shared_ptr<Link>& link, std::chrono::milliseconds limit,
               std::function<void(const std::shared_ptr<Link>&)> dead);

/// An event of the timeline about the link to that device.
void tell_of_link(Environment& node, const Device& peer, std::string_view what);

} // namespace jackfield::kernel
