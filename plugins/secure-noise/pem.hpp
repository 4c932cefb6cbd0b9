// Certificates between the text that identities speak (RFC 7468) and the bytes that travel.
//
// Threads: any. Lifetime: values.
#pragma once

#include <jackfield/basic.hpp>

namespace secure_noise {

/// The certificates of a chain as DER, in its order; other blocks are left out. Throws JF_BAD_INPUT for text that is
/// damaged.
std::vector<jackfield::Bytes> certificates_of(std::string_view pem);

void append_certificate(jackfield::ByteView der, std::string& pem);

} // namespace secure_noise
