// Why does the DHT find nobody (jackfield.diagnosis/1)? Two nodes of our own: one puts a value, the other gets it.
//
// Threads: control; the nodes have threads of their own and only post. Lifetime: the SDK's.
#pragma once

#include "options.hpp"

#include <jackfield/diagnosis.hpp>

namespace discovery_opendht {

class DhtDiagnosis final : public jackfield::Diagnosis {
public:
    DhtDiagnosis(jackfield::Host host, std::string_view config_json);
    std::unique_ptr<jackfield::DiagnosisSession> begin(jackfield::Nanoseconds limit,
                                                       jf_diagnosis_listener listener) override;

private:
    const Options options_;
};

} // namespace discovery_opendht
