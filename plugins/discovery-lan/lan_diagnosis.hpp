// Why is nobody found on the local network (jackfield.diagnosis/1)? Each interface sends to the group and is heard, or
// not; neighbours are asked for a sign of life, over UDP and TCP.
//
// Threads: control; the look has a thread of its own and only reports. Lifetime: the SDK's.
#pragma once

#include "options.hpp"

#include <jackfield/diagnosis.hpp>

namespace discovery_lan {

class LanDiagnosis final : public jackfield::Diagnosis {
public:
    LanDiagnosis(jackfield::Host host, std::string_view config_json)
        : Diagnosis(host), options_(parse_options(config_json))
    {}
    std::unique_ptr<jackfield::DiagnosisSession> begin(jackfield::Nanoseconds limit,
                                                       jf_diagnosis_listener listener) override;

private:
    const Options options_;
};

} // namespace discovery_lan
