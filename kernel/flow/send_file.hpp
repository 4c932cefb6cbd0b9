// Files, beside calls: one is sent, one comes in.
//
// Threads: [control].

#pragma once

#include "kernel/flow/environment.hpp"
#include "kernel/flow/file_transfer.hpp"

namespace jackfield::kernel {

/// Sends it over a link that is open or a new one, and goes on after a connection that broke. Tells the listener of the
/// end. Never throws.
awaitable<void> send_file(Environment& node, std::shared_ptr<FileTransfer> transfer);

/// Whether a channel of that name is for a file that we take; receive_file is under way then, and expects it.
void channel_wanted(Environment& node, const std::shared_ptr<Link>& link, const std::string& name, std::uint32_t kind);

} // namespace jackfield::kernel
