// "isolate": true: a plugin in a process of its own, behind the same method tables.
//
//   the kernel -> IsolatedCodec, IsolatedAudioStage, IsolatedDecorator   what stands in the plugin's place
//                   Supervisor -> HostedProcess                          starts, watches, starts again
//                     Conversation                                       control, over a socket
//                     PacketRing, SharedCall                             media, in shared memory
//   tools/isolated -> the plugin                                         without rights, beyond what is given to it
//
// Threads:  [control].
// Lifetime: an instance's, as instance.hpp has it. The plugin's library is never opened in this process.

#pragma once

#include "kernel/isolate/hosted_process.hpp"
#include "kernel/registry/instance.hpp"

#include <expected>
#include <span>
#include <string_view>

namespace jackfield::kernel::isolate {

/// Interfaces whose plugins can be isolated.
std::span<const std::string_view> isolable_interfaces();
bool can_isolate(std::string_view interface_id);

/// Starts the process and creates the instance in it. The errors of create are those of create_instance.
std::expected<Instance, Error> create_isolated(const Hosting& hosting, const jf_host& host);

} // namespace jackfield::kernel::isolate
