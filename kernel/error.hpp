// What failed, for programs (a status of the plugin boundary) and for people (a sentence).
//
// Threads: plain values, any thread.

#pragma once

#include <jackfield/abi/types.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace jackfield::kernel {

struct Error {
    jf_status status = JF_INTERNAL;
    std::string text;
};

/// An Error as an exception: configuration and construction only, never across the plugin boundary.
class Failure : public std::runtime_error {
public:
    Failure(jf_status status, const std::string& text) : std::runtime_error(text), status_(status) {}
    explicit Failure(const Error& error) : Failure(error.status, error.text) {}

    jf_status status() const { return status_; }
    Error error() const { return {status_, what()}; }

private:
    jf_status status_;
};

/// The word for a status in a message for people: "timeout", "not found".
constexpr const char* status_word(jf_status status)
{
    switch (status) {
    case JF_OK:
        return "ok";
    case JF_CANCELLED:
        return "cancelled";
    case JF_NOT_FOUND:
        return "not found";
    case JF_TIMEOUT:
        return "timeout";
    case JF_REFUSED:
        return "refused";
    case JF_UNREACHABLE:
        return "unreachable";
    case JF_UNAUTHENTICATED:
        return "unauthenticated";
    case JF_BAD_CONFIG:
        return "bad configuration";
    case JF_BAD_INPUT:
        return "bad input";
    case JF_BUSY:
        return "busy";
    case JF_WOULD_BLOCK:
        return "would block";
    case JF_UNSUPPORTED:
        return "unsupported";
    case JF_EXHAUSTED:
        return "exhausted";
    case JF_CLOSED:
        return "closed";
    case JF_INTERNAL:
        return "internal error";
    default:
        return "unknown status";
    }
}

} // namespace jackfield::kernel
