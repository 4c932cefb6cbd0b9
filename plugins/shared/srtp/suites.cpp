// The table of crypto suites.
//
// Threads: any.
#include "suites.hpp"

#include "srtp_context.hpp"

namespace jackfield::srtp {

namespace {

constexpr Suite kSuites[] = {
    {"AEAD_AES_128_GCM", 16, 12, 16, &make_protector, &make_opener},        // RFC 7714 section 12
    {"AES_CM_128_HMAC_SHA1_80", 16, 14, 10, &make_protector, &make_opener}, // RFC 4568 section 6.2
};

} // namespace

std::span<const Suite> all_suites()
{
    return kSuites;
}

const Suite* find_suite(std::string_view name)
{
    const auto* found =
        std::find_if(std::begin(kSuites), std::end(kSuites), [&](const Suite& suite) { return suite.name == name; });
    return found != std::end(kSuites) ? found : nullptr;
}

} // namespace jackfield::srtp
