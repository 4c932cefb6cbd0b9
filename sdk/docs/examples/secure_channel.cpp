// Where a secure channel proves its peer; see sdk/docs/interfaces/secure_channel.md.
#include <jackfield/secure_channel.hpp>

// [example]
/// The handshake has proven a chain: is it the one that was called? [control], posted.
void handshake_done(const jackfield::Host& host, const jackfield::SecureListener& listener, jackfield::PathBase& path,
                    std::string_view proven_chain, const jackfield::Device& expected)
{
    jackfield::SecureInfo info;
    info.protocol = "TLS 1.3";
    info.cipher = "TLS_AES_128_GCM_SHA256";
    try {
        info.peer = jackfield::IdentityService::of(host).verify_chain(proven_chain, expected);
    } catch (const jackfield::Failure& failure) {
        return listener.failed(failure.status(), failure.what()); // JF_UNAUTHENTICATED, with the reason
    }
    listener.secured(path, info);
}
// [end]
