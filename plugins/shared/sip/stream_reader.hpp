// Cuts what comes over a connection into whole SIP messages by Content-Length (RFC 3261 section 18.3), and finds pings
// between them.
//
// Threads: one. Lifetime: one reader per connection; what it cuts is the caller's.
#pragma once

#include "message.hpp"

namespace shared_sip {

class StreamReader {
public:
    void feed(jackfield::ByteView bytes) { buffer_.append(jackfield::as_text(bytes)); }

    /// The next whole message. Throws Failure JF_BAD_INPUT if no boundary can be trusted any more: then the connection
    /// has to go.
    std::optional<std::string> next();

    /// Empty lines between messages so far: pongs, if we had pinged (RFC 5626 section 4.4.1).
    std::size_t empty_lines() const { return empty_lines_; }

    /// A message has begun and not ended.
    bool in_the_middle() const { return !buffer_.empty(); }

private:
    void skip_empty_lines();

    std::string buffer_;
    std::size_t looked_ = 0; // for the end of the head, up to here
    std::size_t whole_ = 0;  // the size of the message that has begun; 0: its head has not ended
    std::size_t empty_lines_ = 0;
};

} // namespace shared_sip
