// Why do calls fail? Every plugin looks at its own part, the kernel at what it knows itself: who we are, whether
// discovery comes online, devices; and, if somebody names a peer, everything up to an open link, without ringing.
//
// Threads:  [control].
// Lifetime: a run is shared by its flows and the node, which cancels it when it stops.

#pragma once

#include "kernel/diagnosis/finding.hpp"
#include "kernel/diagnosis/plugin_diagnoses.hpp"
#include "kernel/flow/environment.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace jackfield::kernel {

class DiagnosisRun final : public DiagnosisListener {
public:
    static constexpr std::chrono::milliseconds kLastWords{300}; // of the plan's limit, for what has to be put away

    DiagnosisRun(DiagnosisPlan its_plan, std::shared_ptr<DiagnosisListener> listener)
        : plan(std::move(its_plan)), deadline(began + plan.limit - kLastWords), listener_(std::move(listener))
    {}

    void begun(const std::string& what) override;
    void over(const std::string& what) override;

    /// Of one that looks, the first of a check counts.
    void found(const Finding& finding) override;

    void finished() override;

    /// Somebody has found something of that name.
    bool has(const std::string& check) const { return checks_.contains(check); }

    /// A mechanism of discovery has said how it is.
    void mechanism(const std::string& plugin_id, bool online, const std::string& detail);

    /// Nobody waits for anything any more.
    bool out_of_time() const { return cancelled || now() >= deadline; }

    /// It ends as soon as it can, and finds nothing more.
    void cancel();

    /// Of a part that has a time of its own within the whole.
    TimePoint by(std::chrono::milliseconds limit) const { return std::min(deadline, now() + limit); }
    double ms() const { return std::chrono::duration<double, std::milli>(now() - began).count(); }

    const DiagnosisPlan plan;
    const TimePoint began = now();
    const TimePoint deadline; // for all that is waited for
    Bell bell;
    bool cancelled = false;
    int under_way = 0; // parts that have flows of their own

    struct Mechanism {
        bool online = false;
        std::string detail;
        double after_ms = 0;
    };
    std::map<std::string, Mechanism> mechanisms; // that have said something, by plugin

private:
    std::shared_ptr<DiagnosisListener> listener_;
    std::set<std::pair<std::string, std::string>> seen_; // by whom, what
    std::set<std::string> checks_;
    bool finished_ = false;
};

/// Everything, until it is found or the time is over. The node has not started; it is neither announced nor called.
awaitable<void> diagnose(Environment& node, std::shared_ptr<DiagnosisRun> run,
                         std::shared_ptr<PluginDiagnoses> plugins);

/// Sources and sinks of the configuration.
awaitable<void> diagnose_devices(Environment& node, std::shared_ptr<DiagnosisRun> run);

/// From the account to links to its devices, at most four. Nobody is rung.
awaitable<void> diagnose_peer(Environment& node, std::shared_ptr<DiagnosisRun> run);

} // namespace jackfield::kernel
