// message/cpim (RFC 3862): the envelope of a text, with the headers by which it is acknowledged (IMDN, RFC 5438).
//
//   From: <im:0f3c..@jackfield.invalid>
//   To: <im:77ab..@jackfield.invalid>
//   DateTime: 2026-11-27T04:50:00.123Z
//   NS: imdn <urn:ietf:params:imdn>
//   imdn.Message-ID: 5d41402abc4b2a76
//   imdn.Disposition-Notification: positive-delivery
//
//   Content-Type: text/plain; charset=utf-8
//   Content-Length: 5
//
//   hello
//
// From proves nothing: who sent it is who is at the other end of the link.
// Threads: plain functions, any thread.

#pragma once

#include "kernel/error.hpp"

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace jackfield::kernel {

inline constexpr std::string_view kCpimType = "message/cpim";

struct Cpim {
    std::string from; // accounts, when we write it
    std::string to;
    std::int64_t sent_ms = 0; // 0: it does not say
    std::string message_id;   // imdn.Message-ID; empty: none
    bool wants_receipt = false;
    bool notification = false; // Content-Disposition of its content; written for receipts
    std::string content_type;
    std::string content;
};

std::string write_cpim(const Cpim& message);

/// JF_BAD_INPUT with the reason. What it does not know it leaves out; a header that the sender says must be understood
/// (Require, RFC 3862 section 2.2) and that is not makes it unreadable. JF_UNSUPPORTED for that.
std::expected<Cpim, Error> read_cpim(std::string_view body);

/// A media type without its parameters, in small letters.
std::string bare_type(std::string_view content_type);

} // namespace jackfield::kernel
