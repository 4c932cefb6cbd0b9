// jackfield.diagnosis/1: derive from Diagnosis and DiagnosisSession, and say what is found through a DiagnosisReport.
//
// Threads: methods run on the control thread; a report takes findings on any.
#pragma once

#include <jackfield/abi/diagnosis.h>
#include <jackfield/completion.hpp>

#include <atomic>
#include <memory>
#include <string>

namespace jackfield {

enum class Verdict : std::uint32_t {
    ok = JF_VERDICT_OK,
    note = JF_VERDICT_NOTE,
    problem = JF_VERDICT_PROBLEM,
    skipped = JF_VERDICT_SKIPPED,
};

/// See jf_finding.
struct Finding {
    std::string check;
    Verdict verdict = Verdict::ok;
    std::string sentence;
    std::string advice = {};
    std::string details_json = "{}";
};

/// What one diagnosis says: every finding posted, the end once. A member of its session, which is made and destroyed on
/// the control thread; threads that report are joined before. [any]
class DiagnosisReport {
public:
    DiagnosisReport(Host host, jf_diagnosis_listener listener) : scope_(host), listener_(listener) {}

    void add(Finding finding) const
    {
        scope_.post([listener = listener_, finding = std::move(finding)] {
            const jf_finding raw{sizeof(jf_finding),      static_cast<std::uint32_t>(finding.verdict),
                                 to_text(finding.check),  to_text(finding.sentence),
                                 to_text(finding.advice), to_text(finding.details_json)};
            listener.methods->found(listener.self, &raw);
        });
    }

    /// The first time counts.
    void finish(Status status = JF_OK, std::string_view text = "")
    {
        if (finished_.exchange(true))
            return;
        scope_.post([listener = listener_, error = make_error(status, text)] {
            listener.methods->finished(listener.self, error.status, error.status == JF_OK ? nullptr : &error);
        });
    }

    const Host& host() const { return scope_.host(); }

private:
    Scope scope_;
    jf_diagnosis_listener listener_;
    std::atomic<bool> finished_{false};
};

class DiagnosisSession {
public:
    virtual ~DiagnosisSession() = default; ///< gives up what is under way

    static const jf_diagnosis_session_methods kMethods;
};

inline constexpr jf_diagnosis_session_methods DiagnosisSession::kMethods{
    sizeof(jf_diagnosis_session_methods), 0, [](void* self) { delete static_cast<DiagnosisSession*>(self); }};

class Diagnosis : public Instance {
public:
    using Interface = Diagnosis;
    static constexpr std::string_view kInterfaceId = JF_DIAGNOSIS_INTERFACE;

    using Instance::Instance;

    /// Everything is found within the limit.
    virtual std::unique_ptr<DiagnosisSession> begin(Nanoseconds limit, jf_diagnosis_listener listener) = 0;

    static const jf_diagnosis_methods kMethods;
};

inline constexpr jf_diagnosis_methods Diagnosis::kMethods{
    sizeof(jf_diagnosis_methods), 0,
    [](void* self, const jf_diagnosis_options* options, jf_diagnosis_listener listener, jf_diagnosis_session* session,
       jf_error* error) {
        return guarded(error, [&] {
            if (options->limit_ns <= 0)
                throw Failure(JF_BAD_INPUT, "limit_ns must be positive");
            auto made = static_cast<Diagnosis*>(self)->begin(Nanoseconds(options->limit_ns), listener);
            *session = {&DiagnosisSession::kMethods, made.release()};
        });
    }};

} // namespace jackfield
