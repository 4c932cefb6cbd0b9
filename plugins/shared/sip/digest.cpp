// Digest credentials: see the header. The letters A1, A2 and response are those of RFC 7616 section 3.4.
//
// Threads: any.
#include "digest.hpp"

#include "header_value.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace shared_sip {

namespace {

using jackfield::Failure;

constexpr std::size_t kLongestPart = 1024; // of a challenge

const EVP_MD* function_of(DigestHash hash)
{
    switch (hash) {
    case DigestHash::md5:
        return EVP_md5();
    case DigestHash::sha256:
        return EVP_sha256();
    case DigestHash::sha512_256:
        return EVP_sha512_256();
    }
    return nullptr;
}

/// `rest` begins behind the scheme. The value of one of its parts, quotes taken off.
std::optional<std::string> part(std::string_view rest, std::string_view name)
{
    for (const std::string_view one : split_list(rest)) {
        const std::size_t equal = one.find('=');
        if (equal != std::string_view::npos && same_word(stripped(one.substr(0, equal)), name))
            return unquoted(stripped(one.substr(equal + 1)));
    }
    return std::nullopt;
}

/// False if it is none of ours.
bool take_algorithm(Challenge& challenge)
{
    std::string name = to_lower(challenge.algorithm);
    constexpr std::string_view kSession = "-sess";
    if (name.ends_with(kSession)) {
        challenge.session = true;
        name.resize(name.size() - kSession.size());
    }
    if (name.empty() || name == "md5")
        challenge.hash = DigestHash::md5;
    else if (name == "sha-256")
        challenge.hash = DigestHash::sha256;
    else if (name == "sha-512-256")
        challenge.hash = DigestHash::sha512_256;
    else
        return false;
    return true;
}

/// False if none that is offered is ours.
bool take_qop(Challenge& challenge, const std::optional<std::string>& offered)
{
    if (!offered)
        return !challenge.session; // a session's hash needs the client's nonce
    for (const std::string_view one : split_list(*offered)) {
        challenge.auth = challenge.auth || same_word(one, "auth");
        challenge.auth_int = challenge.auth_int || same_word(one, "auth-int");
    }
    return challenge.auth || challenge.auth_int;
}

} // namespace

std::string hash_hex(DigestHash hash, jackfield::ByteView data)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> result{};
    unsigned size = 0;
    if (EVP_Digest(data.data(), data.size(), result.data(), &size, function_of(hash), nullptr) != 1)
        throw Failure(JF_UNSUPPORTED, "this OpenSSL does not compute the hash of the challenge");
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
        constexpr std::string_view kDigits = "0123456789abcdef";
        text += kDigits[result[i] >> 4];
        text += kDigits[result[i] & 15];
    }
    return text;
}

std::optional<Challenge> read_challenge(std::string_view value)
{
    value = stripped(value);
    const std::size_t space = value.find_first_of(" \t");
    if (space == std::string_view::npos || !same_word(value.substr(0, space), "Digest"))
        return std::nullopt;
    if (std::ranges::any_of(value, [](char letter) { return letter >= 0 && letter < ' ' && letter != '\t'; }))
        return std::nullopt; // what is repeated in a header must not end it
    const std::string_view rest = value.substr(space);
    Challenge challenge;
    const auto realm = part(rest, "realm");
    const auto nonce = part(rest, "nonce");
    if (!realm || !nonce || value.size() > 4 * kLongestPart || realm->size() > kLongestPart ||
        nonce->size() > kLongestPart)
        return std::nullopt;
    challenge.realm = *realm;
    challenge.nonce = *nonce;
    challenge.opaque = part(rest, "opaque");
    challenge.algorithm = part(rest, "algorithm").value_or("");
    challenge.stale = same_word(part(rest, "stale").value_or(""), "true");
    challenge.user_hash = same_word(part(rest, "userhash").value_or(""), "true");
    if (!take_algorithm(challenge) || !take_qop(challenge, part(rest, "qop")))
        return std::nullopt;
    return challenge;
}

std::optional<Challenge> strongest(const std::vector<std::string_view>& values)
{
    std::optional<Challenge> best;
    for (const std::string_view value : values) {
        auto challenge = read_challenge(value);
        if (challenge && (!best || challenge->hash > best->hash))
            best = std::move(challenge);
    }
    return best;
}

std::string answer(const Challenge& challenge, const DigestUser& user, const DigestRequest& request,
                   std::string_view cnonce, std::uint32_t nonce_count)
{
    const auto hashed = [&](const std::string& text) { return hash_hex(challenge.hash, jackfield::as_bytes(text)); };
    const std::string name(user.name);
    std::string a1 = name + ":" + challenge.realm + ":" + std::string(user.password);
    if (challenge.session)
        a1 = hashed(a1) + ":" + challenge.nonce + ":" + std::string(cnonce);
    const bool with_qop = challenge.auth || challenge.auth_int;
    const std::string qop = challenge.auth ? "auth" : "auth-int";
    std::string a2 = std::string(request.method) + ":" + std::string(request.uri);
    if (with_qop && !challenge.auth)
        a2 += ":" + hash_hex(challenge.hash, request.body);
    std::array<char, 9> count{};
    std::snprintf(count.data(), count.size(), "%08x", nonce_count);
    std::string middle = ":" + challenge.nonce + ":";
    if (with_qop)
        middle.append(count.data()).append(":").append(cnonce).append(":").append(qop).append(":");
    const std::string response = hashed(hashed(a1) + middle + hashed(a2));

    const std::string shown = challenge.user_hash ? hashed(name + ":" + challenge.realm) : name;
    std::string text = "Digest username=" + quoted(shown) + ", realm=" + quoted(challenge.realm) +
                       ", nonce=" + quoted(challenge.nonce) + ", uri=" + quoted(request.uri) + ", response=\"" +
                       response + "\"";
    if (!challenge.algorithm.empty())
        text += ", algorithm=" + challenge.algorithm;
    if (with_qop)
        text += ", qop=" + qop + ", nc=" + count.data() + ", cnonce=" + quoted(cnonce);
    if (challenge.opaque)
        text += ", opaque=" + quoted(*challenge.opaque);
    if (challenge.user_hash)
        text += ", userhash=true";
    return text;
}

} // namespace shared_sip
