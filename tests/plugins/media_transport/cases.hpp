// The one list of what is tested: every transport with each of its suites.
//
// Threads: any.
#pragma once

#include "call.hpp"

#include <gtest/gtest.h>

namespace media_transport_test {

inline const Transport kTransports[] = {
    kSrtp, {"srtp_cm", "media-srtp", "AES_CM_128_HMAC_SHA1_80", 10}, {"plain", "media-plain", "", 0}};

inline std::string transport_name(const ::testing::TestParamInfo<Transport>& info)
{
    return info.param.name;
}

inline void PrintTo(const Transport& transport, std::ostream* out)
{
    *out << transport.name;
}

} // namespace media_transport_test
