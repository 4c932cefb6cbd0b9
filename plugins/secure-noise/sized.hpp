// A piece of bytes behind its length, two bytes in network order: how labels, certificates and signatures are strung
// together.
//
// Threads: a pure function.
#pragma once

#include <jackfield/basic.hpp>

namespace secure_noise {

inline void append_sized(jackfield::ByteView part, jackfield::Bytes& out)
{
    out.push_back(static_cast<std::uint8_t>(part.size() >> 8U));
    out.push_back(static_cast<std::uint8_t>(part.size() & 0xffU));
    out.insert(out.end(), part.begin(), part.end());
}

} // namespace secure_noise
