// One diagnosis of a built plugin, from begin to its last word, and all that it found.
//
// Threads: the test's thread, which is the control thread. Lifetime: the session is released with this object, before
// the instance goes.
#pragma once

#include <jackfield/abi/diagnosis.h>
#include <jackfield/testing/plugin_under_test.hpp>

#include <map>
#include <string>

namespace jackfield::testing {

class DiagnosisRecord {
public:
    struct Found {
        std::uint32_t verdict = JF_VERDICT_SKIPPED;
        std::string sentence;
        std::string advice;
        std::string details;
    };

    /// Begins it.
    DiagnosisRecord(const std::string& folder, const std::string& id, const std::string& config,
                    std::chrono::nanoseconds limit = std::chrono::seconds(10))
        : instance_(host, folder, id, JF_DIAGNOSIS_INTERFACE, config)
    {
        const jf_diagnosis_options options{sizeof(options), 0, limit.count()};
        jf_error error = no_error();
        check(instance_->begin(instance_.self(), &options, {&kListener, this}, &session_, &error), error);
    }
    DiagnosisRecord(const DiagnosisRecord&) = delete;
    DiagnosisRecord& operator=(const DiagnosisRecord&) = delete;
    ~DiagnosisRecord() { release(); }

    void release()
    {
        if (session_.methods != nullptr)
            session_.methods->release(session_.self);
        session_.methods = nullptr;
    }

    /// False if it has not come to its end in time.
    bool run()
    {
        return host.run_until([this] { return ends != 0; });
    }

    /// "problem: sentence -> advice"; empty if there is no such finding.
    std::string said(const std::string& name) const
    {
        static constexpr const char* kWords[] = {"ok", "note", "problem", "skipped"};
        const auto one = found.find(name);
        if (one == found.end())
            return {};
        const auto& [verdict, sentence, advice, details] = one->second;
        return std::string(kWords[verdict]) + ": " + sentence + (advice.empty() ? "" : " -> " + advice);
    }

    FakeHost host;
    std::map<std::string, Found> found;
    int ends = 0;

private:
    static DiagnosisRecord& of(void* self) { return *static_cast<DiagnosisRecord*>(self); }

    static constexpr jf_diagnosis_listener_methods kListener{
        sizeof(jf_diagnosis_listener_methods), 0,
        [](void* self, const jf_finding* finding) {
            of(self).found[std::string(view(finding->check))] = {
                finding->verdict,
                std::string(view(finding->sentence)),
                std::string(view(finding->advice)),
                std::string(view(finding->details_json))
            };
        },
        [](void* self, jf_status, const jf_error*) { ++of(self).ends; }};

    InstanceUnderTest<jf_diagnosis_methods> instance_;
    jf_diagnosis_session session_{};
};

} // namespace jackfield::testing
