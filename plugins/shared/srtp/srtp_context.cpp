// libsrtp2 behind four functions; everything that allocates in it happens when a context is made.
//
// Threads: the library is started once for the whole process and never shut down: another instance may be using it.
#include "srtp_context.hpp"

#include <shared/rtp/rtcp_packet.hpp>
#include <shared/rtp/rtp_packet.hpp>

#include <srtp2/srtp.h>

#include <array>
#include <mutex>

namespace jackfield::srtp {

namespace {

/// The library's own start, and its first context of each suite: NSS loads its cipher library only then.
srtp_err_status_t start_library()
try {
    // Where somebody else in the process has started it before, libsrtp2 2.5 answers bad_param and works all the same.
    const srtp_err_status_t status = srtp_init();
    if (status != srtp_err_status_ok && status != srtp_err_status_bad_param)
        return status;
    for (const Suite& suite : all_suites()) {
        const Key key{&suite, Bytes(suite.key_bytes + suite.salt_bytes, 1)};
        Protector protector(key, 1);
        std::array<std::uint8_t, 64> packet{0x80};
        packet[11] = 1;
        std::size_t size = 24;
        if (!protector.rtp(packet, size))
            return srtp_err_status_fail;
    }
    return srtp_err_status_ok;
} catch (const std::exception&) { // must not leave its thread
    return srtp_err_status_fail;
}

std::once_flag library_once;
srtp_err_status_t library_status = srtp_err_status_init_fail;

void fill_policies(const Suite& suite, srtp_policy_t& policy)
{
    if (&suite == find_suite("AEAD_AES_128_GCM")) {
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
    } else {
        srtp_crypto_policy_set_rtp_default(&policy.rtp); // AES_CM_128_HMAC_SHA1_80
        srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
    }
}

detail::Context make_context(const Key& key, srtp_ssrc_t first, const srtp_ssrc_t* second)
{
    Bytes secret = key.bytes; // the library wants it writable
    srtp_policy_t policies[2]{};
    for (srtp_policy_t& policy : policies) {
        fill_policies(*key.suite, policy);
        policy.key = secret.data();
        policy.window_size = kReplayWindow;
        policy.allow_repeat_tx = 0;
    }
    policies[0].ssrc = first;
    if (second != nullptr) {
        policies[1].ssrc = *second;
        policies[0].next = &policies[1];
    }
    srtp_t made = nullptr;
    const srtp_err_status_t status = srtp_create(&made, policies);
    explicit_bzero(secret.data(), secret.size());
    if (status != srtp_err_status_ok)
        throw Failure(JF_INTERNAL, "libsrtp2 makes no context for " + std::string(key.suite->name) + " (status " +
                                       std::to_string(status) + ")");
    return detail::Context(made);
}

detail::Context make_inbound(const Key& key, std::optional<std::uint32_t> ssrc)
{
    const srtp_ssrc_t any{ssrc_any_inbound, 0};
    if (!ssrc)
        return make_context(key, any, nullptr);
    const srtp_ssrc_t known{ssrc_specific, *ssrc};
    return make_context(key, any, &known);
}

/// One call of the library on a buffer that has room for what it may append.
template <class Call>
bool in_place(Call call, srtp_ctx_t_* context, std::span<std::uint8_t> buffer, std::size_t& size)
{
    int length = static_cast<int>(size);
    if (call(context, buffer.data(), &length) != srtp_err_status_ok || length < 0)
        return false;
    size = static_cast<std::size_t>(length);
    return true;
}

} // namespace

void detail::FreeContext::operator()(srtp_ctx_t_* context) const
{
    srtp_dealloc(context);
}

LibraryStart::LibraryStart() : thread_([] { std::call_once(library_once, [] { library_status = start_library(); }); })
{}

LibraryStart::~LibraryStart()
{
    if (thread_.joinable())
        thread_.join();
}

void LibraryStart::finish()
{
    if (thread_.joinable())
        thread_.join();
    if (library_status != srtp_err_status_ok)
        throw Failure(JF_INTERNAL, "libsrtp2 did not start (status " + std::to_string(library_status) + ")");
}

Protector::Protector(const Key& key, std::uint32_t ssrc) : context_(make_context(key, {ssrc_specific, ssrc}, nullptr))
{}

bool Protector::rtp(std::span<std::uint8_t> buffer, std::size_t& size)
{
    return size + kMaxTrailerBytes <= buffer.size() && in_place(srtp_protect, context_.get(), buffer, size);
}

bool Protector::rtcp(std::span<std::uint8_t> buffer, std::size_t& size)
{
    return size + kMaxTrailerBytes <= buffer.size() && in_place(srtp_protect_rtcp, context_.get(), buffer, size);
}

Unprotector::Unprotector(const Key& key, std::optional<std::uint32_t> ssrc)
    : context_(make_inbound(key, ssrc)), rtcp_trailer_bytes_(4 + key.suite->tag_bytes), tag_bytes_(key.suite->tag_bytes)
{}

bool Unprotector::rtp(std::span<std::uint8_t> packet, std::size_t& size)
{
    return size >= kRtpHeaderBytes + tag_bytes_ && size <= packet.size() &&
           in_place(srtp_unprotect, context_.get(), packet, size);
}

bool Unprotector::rtcp(std::span<std::uint8_t> packet, std::size_t& size)
{
    return size >= kRtcpHeaderBytes + rtcp_trailer_bytes_ && size <= packet.size() &&
           in_place(srtp_unprotect_rtcp, context_.get(), packet, size);
}

std::unique_ptr<PacketProtector> make_protector(const Key& key, std::uint32_t ssrc)
{
    return std::make_unique<Protector>(key, ssrc);
}

std::unique_ptr<PacketOpener> make_opener(const Key& key, std::optional<std::uint32_t> ssrc)
{
    return std::make_unique<Unprotector>(key, ssrc);
}

} // namespace jackfield::srtp
