// Why does the registrar not take us (jackfield.diagnosis/1)? It is asked for our bindings, and none is changed.
//
// Threads: control; the network has a thread of its own and only posts. Lifetime: the SDK's.
#pragma once

#include "options.hpp"

#include <jackfield/diagnosis.hpp>

#include <vector>

namespace discovery_sip {

/// How far this machine's clock is from what a Date field says, in milliseconds (RFC 3261 section 20.17, RFC 5322's
/// form in GMT). Nothing if it is none.
std::optional<std::int64_t> clock_offset_ms(std::string_view date, std::int64_t now_ms);

class AccountVisit;

class AccountDiagnosis final : public jackfield::Diagnosis {
public:
    AccountDiagnosis(jackfield::Host host, std::string_view config_json);
    ~AccountDiagnosis() override;
    std::unique_ptr<jackfield::DiagnosisSession> begin(jackfield::Nanoseconds limit,
                                                       jf_diagnosis_listener listener) override;

private:
    const Options options_;
    std::vector<std::unique_ptr<AccountVisit>>
        visits_; // also those that were given up: their network posts to the host
};

} // namespace discovery_sip
