// What is said of paths and decorators between the kernel and an isolated plugin.
//
// Threads: plain functions, any thread. Texts that are taken are views on the message.

#pragma once

#include "kernel/bind/text.hpp"
#include "kernel/isolate/pack.hpp"

#include <jackfield/abi/path_decorator.h>

namespace jackfield::kernel::isolate {

inline void put_info(Packer& packer, const jf_path_info& info)
{
    packer.put(info.kind).put(info.max_datagram_bytes).put(info.overhead_bytes).put(info.reliable).put(info.secured);
}

inline jf_path_info take_info(Unpacker& unpacker)
{
    jf_path_info info{};
    info.struct_size = sizeof(info);
    info.kind = unpacker.take<std::uint32_t>();
    info.max_datagram_bytes = unpacker.take<std::uint32_t>();
    info.overhead_bytes = unpacker.take<std::uint32_t>();
    info.reliable = unpacker.take<std::uint32_t>();
    info.secured = unpacker.take<std::uint32_t>();
    return info;
}

inline void put_options(Packer& packer, const jf_decorator_options& options)
{
    packer.put(options.initiator)
        .put(options.component)
        .put_text(view_of(options.seam))
        .put_text(view_of(options.peer));
}

inline jf_decorator_options take_options(Unpacker& unpacker)
{
    jf_decorator_options options{};
    options.struct_size = sizeof(options);
    options.initiator = unpacker.take<std::uint32_t>();
    options.component = unpacker.take<std::uint32_t>();
    options.seam = abi_text(unpacker.take_text());
    options.peer = abi_text(unpacker.take_text());
    return options;
}

} // namespace jackfield::kernel::isolate
