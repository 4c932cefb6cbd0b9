// What the tests of payload formats share.
//
// Threads: the test's. Lifetime: values.
#pragma once

#include "plugins/shared/codec/payload_format.hpp"

#include <vector>

namespace jackfield::codec::testing {

/// The payloads that a picture becomes.
inline std::vector<Bytes> cut(Packetiser& packetiser, const Bytes& picture)
{
    std::vector<Bytes> out;
    const PayloadSink sink({&out, [](void* self, const jf_payload* payload) {
                                const auto bytes = view(payload->bytes);
                                static_cast<std::vector<Bytes>*>(self)->emplace_back(bytes.begin(), bytes.end());
                            }});
    packetiser.cut(picture, jf_payload{}, sink);
    return out;
}

inline Bytes collected(PartialPicture& picture)
{
    const auto bytes = picture.finish();
    return {bytes.begin(), bytes.end()};
}

} // namespace jackfield::codec::testing
