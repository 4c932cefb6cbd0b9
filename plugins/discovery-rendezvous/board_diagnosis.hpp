// Why does a rendezvous find nobody (jackfield.diagnosis/1)? Each server by itself: connected, a value put and got.
//
// Threads: control; the boards have threads of their own and only post. Lifetime: the SDK's.
#pragma once

#include "options.hpp"

#include <jackfield/diagnosis.hpp>

namespace discovery_rendezvous {

class BoardDiagnosis final : public jackfield::Diagnosis {
public:
    BoardDiagnosis(jackfield::Host host, std::string_view config_json)
        : Diagnosis(host), options_(parse_options(config_json))
    {}
    std::unique_ptr<jackfield::DiagnosisSession> begin(jackfield::Nanoseconds limit,
                                                       jf_diagnosis_listener listener) override;

private:
    const Options options_;
};

} // namespace discovery_rendezvous
