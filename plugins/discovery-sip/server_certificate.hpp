// Whom a server's certificate names (RFC 5922 section 7.1).
//
// Threads: any. Lifetime: pure functions.
#pragma once

#include <openssl/x509.h>

#include <string>

namespace discovery_sip {

bool is_ip_address(const std::string& text);

/// True if the certificate was made for that host or domain. Its SIP URIs without a user count first; only if it has
/// none, its DNS names and addresses, and only if it has none of these either, its common name. A wildcard matches
/// nothing (RFC 5922 section 7.2).
bool names_server(X509* certificate, const std::string& name);

} // namespace discovery_sip
