// Base64 in lines of 64 characters between two marks. See pem.hpp.
//
// Threads: any.
#include "pem.hpp"

#include <sodium.h>

namespace secure_noise {

using jackfield::Bytes;

namespace {

constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
constexpr std::size_t kLine = 64;

Bytes decode(std::string_view base64)
{
    Bytes der(base64.size() / 4 * 3 + 3);
    std::size_t size = 0;
    const char* stopped = nullptr;
    if (sodium_base642bin(der.data(), der.size(), base64.data(), base64.size(), "\r\n\t ", &size, &stopped,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        stopped != base64.data() + base64.size() || size == 0)
        throw jackfield::Failure(JF_BAD_INPUT, "a certificate is not in base64");
    der.resize(size);
    return der;
}

} // namespace

std::vector<Bytes> certificates_of(std::string_view pem)
{
    std::vector<Bytes> found;
    for (auto begin = pem.find(kBegin); begin != pem.npos; begin = pem.find(kBegin)) {
        pem.remove_prefix(begin + kBegin.size());
        const auto end = pem.find(kEnd);
        if (end == pem.npos)
            throw jackfield::Failure(JF_BAD_INPUT, "a certificate has no end");
        found.push_back(decode(pem.substr(0, end)));
        pem.remove_prefix(end + kEnd.size());
    }
    return found;
}

void append_certificate(jackfield::ByteView der, std::string& pem)
{
    std::string base64(sodium_base64_ENCODED_LEN(der.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
    sodium_bin2base64(base64.data(), base64.size(), der.data(), der.size(), sodium_base64_VARIANT_ORIGINAL);
    base64.pop_back(); // the zero that ends a C string
    pem += kBegin;
    pem += '\n';
    for (std::size_t at = 0; at < base64.size(); at += kLine) {
        pem.append(base64, at, kLine);
        pem += '\n';
    }
    pem += kEnd;
    pem += '\n';
}

} // namespace secure_noise
