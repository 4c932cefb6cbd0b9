// Finds what the script says, twice, as a plugin may that is not careful.

#pragma once

#include "tests/kernel/doubles/stage.hpp"

#include <jackfield/diagnosis.hpp>

namespace jackfield::doubles {

class DiagnosisDouble : public Diagnosis {
public:
    class Session : public DiagnosisSession, public Actor {
    public:
        Session(Host host, jf_diagnosis_listener listener) : Actor("diagnosis"), report_(host, listener)
        {
            for (int i = 0; i < 2; ++i)
                report_.add({"weather", Verdict::problem, "It rains", "take an umbrella", R"({"mm": 3})"});
            if (Stage::current().script.babbles)
                babble();
            if (Stage::current().script.look == Play::happens)
                report_.finish();
        }

    private:
        /// What no diagnosis may say.
        void babble()
        {
            report_.add({"odd", static_cast<Verdict>(77), "Cut \xff here", std::string(100'000, 'a'), "no JSON"});
            for (int i = 0; i < 1000; ++i)
                report_.add({"many/" + std::to_string(i), Verdict::ok, "again"});
        }

        DiagnosisReport report_;
    };

    DiagnosisDouble(Host host, std::string_view) : Diagnosis(host) {}

    std::unique_ptr<DiagnosisSession> begin(Nanoseconds, jf_diagnosis_listener listener) override
    {
        if (Stage::current().script.look == Play::fails)
            throw Failure(Stage::current().script.status, kScripted);
        return std::make_unique<Session>(host_, listener);
    }
};

} // namespace jackfield::doubles
