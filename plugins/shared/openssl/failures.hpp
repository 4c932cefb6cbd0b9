// OpenSSL's error queue in words, with the status that fits.
//
// Threads: the error queue belongs to the thread that made the failing call.
#pragma once

#include <jackfield/basic.hpp>

namespace shared_openssl {

/// "what: reason of the newest error in the queue"; empties the queue.
std::string library_text(std::string_view what);

/// Throws JF_INTERNAL with the library's reason unless it went well.
void require(bool went_well, std::string_view what);

/// What a failed handshake or record of the peer means. Empties the queue.
jf_error protocol_failure(std::string_view what);

} // namespace shared_openssl
