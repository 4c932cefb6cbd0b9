// Judging a chain: order, signatures, authorities, dates, and whose it is. The text always says which check failed.
//
// Threads: any. The chain comes from a stranger: sizes are bounded before anything is parsed or computed.
#include "certificates.hpp"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdio>

namespace shared_x509 {

using jackfield::Device;
using jackfield::Failure;

namespace {

[[noreturn]] void refuse(const std::string& why)
{
    ERR_clear_error();
    throw Failure(JF_UNAUTHENTICATED, why);
}

/// How a person would point at one certificate of the chain.
std::string place(const Chain& chain, std::size_t index)
{
    if (index == 0)
        return "device certificate";
    return index + 1 == chain.size() ? "account certificate" : "certificate " + std::to_string(index + 1);
}

std::string day(const ASN1_TIME* time)
{
    std::tm parts{};
    std::array<char, 32> text{};
    if (ASN1_TIME_to_tm(time, &parts) != 1 || std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts) == 0)
        return "an unreadable date";
    return text.data();
}

void check_authority(const Chain& chain, std::size_t index)
{
    X509* issuer = chain[index].get();
    const std::uint32_t flags = X509_get_extension_flags(issuer);
    if ((flags & (EXFLAG_CA | EXFLAG_BCONS)) != (EXFLAG_CA | EXFLAG_BCONS) ||
        (X509_get_key_usage(issuer) & KU_KEY_CERT_SIGN) == 0)
        refuse("the " + place(chain, index) + " is not a certificate authority, so it may not issue others");
    // RFC 5280 section 4.2.1.9: how many authorities may stand between this one and the leaf.
    const long path_length = X509_get_pathlen(issuer);
    if (path_length >= 0 && static_cast<std::size_t>(path_length) < index - 1)
        refuse("the " + place(chain, index) + " does not allow so long a chain");
}

void check_issued_by(const Chain& chain, std::size_t index, std::size_t issuer_index)
{
    X509* certificate = chain[index].get();
    X509* issuer = chain[issuer_index].get();
    int digest = 0;
    if (X509_get_signature_info(certificate, &digest, nullptr, nullptr, nullptr) != 1 ||
        (digest != NID_sha256 && digest != NID_sha384 && digest != NID_sha512))
        refuse("the " + place(chain, index) + " is signed with a weak or unknown digest; SHA-256 or better is needed");
    if (X509_NAME_cmp(X509_get_issuer_name(certificate), X509_get_subject_name(issuer)) != 0 ||
        X509_verify(certificate, X509_get0_pubkey(issuer)) != 1)
        refuse(index == issuer_index ? "the last certificate did not sign itself, so it is not an account"
                                     : "the " + place(chain, index) + " was not issued by the " +
                                           place(chain, issuer_index) + " behind it");
}

void check_dates(const Chain& chain, std::int64_t now_ms)
{
    const std::time_t now = now_ms / 1000;
    for (std::size_t i = 0; i < chain.size(); ++i) {
        const ASN1_TIME* from = X509_get0_notBefore(chain[i].get());
        const ASN1_TIME* until = X509_get0_notAfter(chain[i].get());
        const int begun = ASN1_TIME_cmp_time_t(from, now);
        const int ended = ASN1_TIME_cmp_time_t(until, now);
        if (begun == -2 || ended == -2)
            refuse("the dates of the " + place(chain, i) + " cannot be read");
        if (begun > 0)
            refuse("the " + place(chain, i) + " is not valid before " + day(from));
        if (ended < 0)
            refuse("the " + place(chain, i) + " expired on " + day(until));
    }
}

} // namespace

std::string last_day(const X509* certificate)
{
    return day(X509_get0_notAfter(certificate));
}

Chain parse_chain(std::string_view pem)
{
    if (pem.empty())
        throw Failure(JF_BAD_INPUT, "the certificate chain is empty");
    if (pem.size() > kMaxChainBytes)
        throw Failure(JF_BAD_INPUT, "a certificate chain of " + std::to_string(pem.size()) +
                                        " bytes is too large; at most " + std::to_string(kMaxChainBytes) + " are read");
    const Memory memory = read_only(pem);
    const auto no_password = [](char*, int, int, void*) { return -1; };
    Chain chain;
    while (Certificate next{PEM_read_bio_X509(memory.get(), nullptr, no_password, nullptr)}) {
        if (chain.size() == kMaxChainLength)
            throw Failure(JF_BAD_INPUT, "more than " + std::to_string(kMaxChainLength) + " certificates in a chain");
        chain.push_back(std::move(next));
    }
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (!at_end || chain.empty())
        fail_with_reason(JF_BAD_INPUT, "certificate " + std::to_string(chain.size() + 1) + " of the chain is damaged");
    ERR_clear_error();
    return chain;
}

void check_links(const Chain& chain)
{
    if (chain.size() < 2)
        refuse("the chain holds no account certificate behind the device certificate");
    // Sizes of keys first: a signature check costs time that grows with the key.
    for (std::size_t i = 0; i < chain.size(); ++i)
        check_key_kind(X509_get0_pubkey(chain[i].get()), place(chain, i));
    for (std::size_t i = 0; i < chain.size(); ++i) {
        const std::uint32_t flags = X509_get_extension_flags(chain[i].get());
        if ((flags & EXFLAG_INVALID) != 0)
            refuse("an extension of the " + place(chain, i) + " is damaged");
        if ((flags & EXFLAG_CRITICAL) != 0)
            refuse("the " + place(chain, i) + " has a critical extension that is not understood");
    }
    if (X509_check_ca(chain.front().get()) != 0)
        refuse("the first certificate is a certificate authority, not a device: the chain is out of order");
    if ((X509_get_key_usage(chain.front().get()) & KU_DIGITAL_SIGNATURE) == 0)
        refuse("the device certificate may not be used for signatures");
    for (std::size_t i = 1; i < chain.size(); ++i)
        check_authority(chain, i);
    for (std::size_t i = 0; i < chain.size(); ++i)
        check_issued_by(chain, i, std::min(i + 1, chain.size() - 1));
}

Device check_chain(const Chain& chain, const Device& expected, std::int64_t now_ms)
{
    check_links(chain);
    check_dates(chain, now_ms);
    Device found(id_of(chain.back().get()), id_of(chain.front().get()));
    if (!expected.account_id.empty() && expected.account_id != found.account_id)
        refuse("issued by another account: expected " + expected.account_id.substr(0, 64) + ", the chain is of " +
               found.account_id);
    if (!expected.device_id.empty() && expected.device_id != found.device_id)
        refuse("another device: expected " + expected.device_id.substr(0, 64) + ", the chain is of " + found.device_id);
    return found;
}

} // namespace shared_x509
