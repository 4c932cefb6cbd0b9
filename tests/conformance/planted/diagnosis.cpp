// A diagnosis that finds one thing well and another not, correct but for one bug.
//
// Threads: control. Lifetime: the SDK's.
#include "planted.hpp"

#include <jackfield/diagnosis.hpp>
#include <jackfield/plugin.hpp>

namespace {

using namespace jackfield;
using planted::has;

class Session final : public DiagnosisSession {
public:
    Session(Host host, jf_diagnosis_listener listener) : report_(host, listener)
    {
        report_.add({"weather", Verdict::ok, "The sun shines", "", R"({"degrees": 21})"});
        report_.add({"bread", Verdict::problem, "There is none", has("JF-DIA-02") ? "" : "buy some"});
        if (has("JF-DIA-01"))
            return; // and never says that it has
        if (has("JF-DIA-03"))
            host.post([listener] { listener.methods->finished(listener.self, JF_OK, nullptr); });
        else
            report_.finish();
    }

private:
    DiagnosisReport report_;
};

class Looker final : public Diagnosis {
public:
    Looker(Host host, std::string_view config_json) : Diagnosis(host) { planted::look_at(config_json); }
    std::unique_ptr<DiagnosisSession> begin(Nanoseconds, jf_diagnosis_listener listener) override
    {
        return std::make_unique<Session>(host_, listener);
    }
};

} // namespace

JF_PLUGIN(Looker)
