// The answer to one HTTP request (RFC 9112), as its bytes come. Boost.Beast is only in http_reply.cpp.
//
// Threads: one at a time. Lifetime: a value that is moved about.
#pragma once

#include <jackfield/basic.hpp>

#include <memory>
#include <string>

namespace shared_port_mapping {

class HttpReply {
public:
    HttpReply();
    HttpReply(const HttpReply&) = delete;
    HttpReply& operator=(const HttpReply&) = delete;
    ~HttpReply();

    enum class State { more, whole, bad };

    /// At most kMaxHttpBytes are taken, with all headers.
    State take(jackfield::ByteView bytes);

    /// No more will come; that may be how its body ends.
    State end();

    int status() const;
    std::string body() const;

private:
    struct Parser;
    std::unique_ptr<Parser> parser_;
};

} // namespace shared_port_mapping
