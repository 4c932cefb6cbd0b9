// The account's credentials: see the header.
//
// Threads: control.
#include "credentials.hpp"

#include <algorithm>
#include <array>

namespace discovery_sip {

using jackfield::Failure;
using shared_sip::Challenge;
using shared_sip::DigestHash;
using shared_sip::DigestRequest;

Credentials::Credentials(jackfield::Host host, const Options& options)
    : host_(host), user_(options.user), password_(options.password), realm_(options.realm)
{}

std::string Credentials::answer(const Challenge& challenge, const DigestRequest& request)
{
    if (!serves(challenge.realm))
        throw Failure(JF_UNSUPPORTED, "credentials are asked for the realm \"" + challenge.realm +
                                          "\"; the configuration has some for \"" + realm_ + "\" alone");
    if (!password_)
        throw Failure(JF_UNAUTHENTICATED, "a password is asked for, and the configuration has none");
    return shared_sip::answer(challenge, {user_, *password_}, request, random_hex(host_, 16), next_count(challenge));
}

std::string Credentials::answer_once(std::string_view text, const DigestRequest& request)
{
    const auto challenge = shared_sip::read_challenge(text);
    if (!challenge)
        throw Failure(JF_UNSUPPORTED,
                      "credentials are asked for in a way that is not supported; Digest with MD5, SHA-256 "
                      "or SHA-512-256 is");
    std::string key = challenge->realm + '\0' + challenge->nonce + '\0';
    key.append(request.method).append(1, '\0').append(request.uri).append(1, '\0');
    key += shared_sip::hash_hex(DigestHash::sha256, request.body);
    if (std::ranges::find(answered_, key) != answered_.end() && !challenge->stale)
        throw Failure(JF_UNAUTHENTICATED, "the password of " + user_ + " was refused");
    std::string credentials = answer(*challenge, request);
    answered_.push_back(std::move(key));
    if (answered_.size() > kMostAnswers)
        answered_.pop_front();
    return credentials;
}

std::uint32_t Credentials::next_count(const Challenge& challenge)
{
    const std::string key = challenge.realm + '\0' + challenge.nonce;
    const auto found = std::ranges::find(counts_, key, &decltype(counts_)::value_type::first);
    if (found != counts_.end())
        return ++found->second;
    counts_.emplace_back(key, 1);
    if (counts_.size() > kMostNonces)
        counts_.pop_front();
    return 1;
}

std::string random_hex(const jackfield::Host& host, std::size_t bytes)
{
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::array<std::uint8_t, 32> random{};
    host.random(random);
    std::string text;
    for (std::size_t i = 0; i < std::min(bytes, random.size()); ++i) {
        text += kDigits[random[i] >> 4];
        text += kDigits[random[i] & 15];
    }
    return text;
}

} // namespace discovery_sip
