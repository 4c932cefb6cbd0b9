// Why are listed peers not found (jackfield.diagnosis/1)? Each address by itself: does its name resolve, is it our own,
// does somebody answer there, and does he know the account.
//
// Threads: control; the visits have a thread of their own and only report. Lifetime: the SDK's.
#pragma once

#include "options.hpp"

#include <jackfield/diagnosis.hpp>

namespace discovery_static {

class StaticDiagnosis final : public jackfield::Diagnosis {
public:
    StaticDiagnosis(jackfield::Host host, std::string_view config_json)
        : Diagnosis(host), options_(parse_options(config_json))
    {}
    std::unique_ptr<jackfield::DiagnosisSession> begin(jackfield::Nanoseconds limit,
                                                       jf_diagnosis_listener listener) override;

private:
    const Options options_;
};

} // namespace discovery_static
