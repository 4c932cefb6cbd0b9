// How a step of a flow fails: the one exception type of this folder, caught in one place per flow.

#pragma once

#include "kernel/error.hpp"
#include "kernel/timeline/timeline.hpp"

namespace jackfield::kernel {

class StepFailure : public Failure {
public:
    StepFailure(Step step, jf_status status, const std::string& text) : Failure(status, text), step_(step) {}
    StepFailure(Step step, const Error& error) : Failure(error), step_(step) {}

    Step step() const { return step_; }

private:
    Step step_;
};

/// Runs f; a Failure of the board's becomes the failure of that step.
template <typename F>
decltype(auto) as_step(Step step, F&& f)
{
    try {
        return std::forward<F>(f)();
    } catch (const StepFailure&) {
        throw;
    } catch (const Failure& failure) {
        throw StepFailure(step, failure.status(), failure.what());
    }
}

} // namespace jackfield::kernel
