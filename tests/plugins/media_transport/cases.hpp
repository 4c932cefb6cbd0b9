// The one list of what is tested: every transport with each of its suites.
//
// Threads: any.
#pragma once

#include "call.hpp"

#include "tests/plugins/plugin_list.hpp"

#include <gtest/gtest.h>

namespace media_transport_test {

/// Of the plugins whose folders have not been deleted.
inline std::vector<Transport> transports()
{
    std::vector<Transport> all{kSrtp,
                               {"srtp_cm", "media-srtp", "AES_CM_128_HMAC_SHA1_80", 10},
                               {"plain", "media-plain", "", 0},
                               {"dtls", "media-dtls", "", 16, "AEAD_AES_128_GCM"}};
    const auto there = jackfield::test::listed(JACKFIELD_MEDIA_TRANSPORTS);
    std::erase_if(all, [&](const Transport& each) { return !jackfield::test::among(there, each.plugin); });
    return all;
}

inline std::string transport_name(const ::testing::TestParamInfo<Transport>& info)
{
    return info.param.name;
}

inline void PrintTo(const Transport& transport, std::ostream* out)
{
    *out << transport.name;
}

} // namespace media_transport_test
