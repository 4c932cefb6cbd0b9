// A diagnosis with one check; see sdk/docs/interfaces/diagnosis.md.
#include <jackfield/diagnosis.hpp>

namespace {

// [example]
class PortDiagnosis final : public jackfield::DiagnosisSession {
public:
    PortDiagnosis(jackfield::Host host, jf_diagnosis_listener listener, bool port_is_free) : report_(host, listener)
    {
        jackfield::Finding finding{"port", jackfield::Verdict::ok, "the port that is configured is free"};
        if (!port_is_free) {
            finding.verdict = jackfield::Verdict::problem;
            finding.sentence = "another program has the port that is configured";
            finding.advice = "set \"port\" to 0, which takes a free one"; // never empty for a problem
        }
        report_.add(std::move(finding));
        report_.finish();
    }

private:
    jackfield::DiagnosisReport report_; // posts; with this session its words end
};
// [end]

} // namespace
