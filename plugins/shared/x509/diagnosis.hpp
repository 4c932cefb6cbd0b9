// What there is to say about our own certificates (jackfield.diagnosis/1): valid now, until when, revoked.
//
// Threads: control. Lifetime: the SDK's. Asks the node's identity, whose keys are loaded; opens nothing.
#pragma once

#include "certificates.hpp"

#include <jackfield/diagnosis.hpp>

namespace shared_x509 {

/// From the certificates of a chain, each with what it is in words: "the device's certificate".
jackfield::Finding judge_validity(const X509* certificate, const std::string& check, const std::string& what,
                                  std::int64_t now_ms);

class CertificateDiagnosis : public jackfield::Diagnosis {
public:
    using Diagnosis::Diagnosis;
    std::unique_ptr<jackfield::DiagnosisSession> begin(jackfield::Nanoseconds limit,
                                                       jf_diagnosis_listener listener) override;
};

} // namespace shared_x509
