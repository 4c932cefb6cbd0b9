// Small things that both ends of an isolated plugin say alike.
//
// Threads: plain functions, any thread.

#pragma once

#include "kernel/error.hpp"
#include "kernel/isolate/conversation.hpp"
#include "kernel/isolate/pack.hpp"

#include <jackfield/abi/types.h>

#include <algorithm>
#include <cstring>
#include <expected>
#include <vector>

namespace jackfield::kernel::isolate {

inline constexpr std::uint8_t kEncoderSession = 1;
inline constexpr std::uint8_t kDecoderSession = 2;

/// The body of a message. One that is too long comes out too long, which the conversation refuses.
template <typename Put>
std::vector<std::byte> words(Put put)
{
    std::vector<std::byte> body(Conversation::kMostBytes);
    Packer packer(body);
    put(packer);
    body.resize(packer.fits() ? packer.size() : Conversation::kMostBytes + 1);
    return body;
}

inline void fill(jf_error* error, const Error& found)
{
    if (error == nullptr)
        return;
    error->status = found.status;
    const std::size_t size = std::min<std::size_t>(found.text.size(), JF_ERROR_TEXT_SIZE - 1);
    std::memcpy(error->text, found.text.data(), size);
    error->text[size] = '\0';
}

/// What a function of the boundary answers.
template <typename Value>
jf_status status_of(const std::expected<Value, Error>& outcome, jf_error* error)
{
    if (outcome)
        return JF_OK;
    fill(error, outcome.error());
    return outcome.error().status;
}

} // namespace jackfield::kernel::isolate
