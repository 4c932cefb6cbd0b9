// SDP as the kernel gets it: read, and written as a media description.
//
// Threads: one.
#pragma once

#include "sip_rig.hpp"

#include "sdp_reader.hpp"
#include "sdp_writer.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::sip::testing {

using nlohmann::json;

inline json read(const std::string& sdp, SdpRole role = SdpRole::offer, bool ice = true)
{
    return json::parse(write_description(read_sdp(sdp, role, ice).description));
}

} // namespace jackfield::sip::testing
