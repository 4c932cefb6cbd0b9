// The names of TLS alerts (RFC 8446 section 6, and those of RFC 5246 that are still sent), for sentences people read.
//
// Threads: any. Lifetime: the names are literals.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace jackfield {

inline constexpr std::uint8_t kTlsCloseNotify = 0;

constexpr std::string_view tls_alert_name(std::uint8_t alert)
{
    switch (alert) {
    case 0:
        return "close_notify";
    case 10:
        return "unexpected_message";
    case 20:
        return "bad_record_mac";
    case 22:
        return "record_overflow";
    case 40:
        return "handshake_failure";
    case 41:
        return "no_certificate";
    case 42:
        return "bad_certificate";
    case 43:
        return "unsupported_certificate";
    case 44:
        return "certificate_revoked";
    case 45:
        return "certificate_expired";
    case 46:
        return "certificate_unknown";
    case 47:
        return "illegal_parameter";
    case 48:
        return "unknown_ca";
    case 49:
        return "access_denied";
    case 50:
        return "decode_error";
    case 51:
        return "decrypt_error";
    case 70:
        return "protocol_version";
    case 71:
        return "insufficient_security";
    case 80:
        return "internal_error";
    case 86:
        return "inappropriate_fallback";
    case 90:
        return "user_canceled";
    case 100:
        return "no_renegotiation";
    case 109:
        return "missing_extension";
    case 110:
        return "unsupported_extension";
    case 112:
        return "unrecognized_name";
    case 116:
        return "certificate_required";
    case 120:
        return "no_application_protocol";
    default:
        return "unknown";
    }
}

/// "alert bad_certificate (42)"
inline std::string tls_alert_text(std::uint8_t alert)
{
    return "alert " + std::string(tls_alert_name(alert)) + " (" + std::to_string(alert) + ")";
}

} // namespace jackfield
