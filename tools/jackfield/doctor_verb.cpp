// jackfield doctor: why calls fail, and what to change.
//
// Threads: the view hears findings on the node's control thread and shows them there; the main thread waits.

#include "tools/jackfield/doctor_words.hpp"
#include "tools/jackfield/output.hpp"
#include "tools/jackfield/session.hpp"
#include "tools/jackfield/verbs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <mutex>

namespace jackfield::program {

namespace {

using namespace std::chrono_literals;
using kernel::Finding;

constexpr auto kLimit = 15s;
constexpr auto kGuard = 3s; // beyond it, for a plugin that blocks

class DoctorView final : public kernel::DiagnosisListener {
public:
    DoctorView(MainLoop& loop, bool json) : loop_(loop), json_(json), terminal_(display_of(stderr).terminal) {}

    void begun(const std::string& what) override
    {
        const std::lock_guard lock(mutex_);
        looking_at_.push_back(what);
        draw();
    }
    void over(const std::string& what) override
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = std::ranges::find(looking_at_, what); found != looking_at_.end())
            looking_at_.erase(found);
        draw();
    }
    void found(const Finding& finding) override
    {
        const std::lock_guard lock(mutex_);
        findings_.push_back(finding);
        if (json_)
            return;
        erase();
        put(stdout, finding_line(finding, display_of(stdout).colour) + pairs_table(finding));
        draw();
    }
    void finished() override
    {
        {
            const std::lock_guard lock(mutex_);
            complete_ = true;
            looking_at_.clear();
            erase();
        }
        loop_.quit();
    }

    /// The last word, whether it is complete or not.
    Diagnosis result()
    {
        const std::lock_guard lock(mutex_);
        erase();
        looking_at_.clear();
        return {findings_, complete_};
    }

private:
    void erase()
    {
        if (std::exchange(drawn_, false))
            put(stderr, "\r\033[K");
    }
    void draw()
    {
        if (!terminal_ || looking_at_.empty())
            return;
        erase();
        const auto line = fmt::format("looking at {} ..", fmt::join(looking_at_, ", "));
        put(stderr, line.substr(0, columns_of(stderr) - 1));
        drawn_ = true;
    }

    MainLoop& loop_;
    const bool json_;
    const bool terminal_;
    std::mutex mutex_;
    std::vector<Finding> findings_;
    std::vector<std::string> looking_at_;
    bool drawn_ = false;
    bool complete_ = false;
};

void show_diagnosis(const Diagnosis& diagnosis, bool json, double took_ms)
{
    put(stdout, json ? diagnosis_json(diagnosis, took_ms) : diagnosis_summary(diagnosis, took_ms));
}

/// What is wrong before anything can be looked at is a finding like any other.
int show_stop(const std::string& check, const kernel::Error& error, bool json, double took_ms)
{
    const Diagnosis diagnosis{
        {{"kernel", check, kernel::Verdict::problem, error.text, "correct what it says, and ask again"}}, true};
    if (json)
        put(stdout, diagnosis_json(diagnosis, took_ms));
    else
        put(stderr, printable_lines(error.text) + "\n");
    return kConfiguration;
}

int run_doctor(const Arguments& arguments)
{
    MainLoop loop;
    const bool json = arguments.has("json");
    const auto began = std::chrono::steady_clock::now();
    const auto took_ms = [&] {
        return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
    };
    const auto limit = arguments.has("limit") ? seconds_option(arguments, "limit") : std::chrono::milliseconds(kLimit);
    std::optional<kernel::Config> config;
    std::string peer;
    try {
        config = read_config(arguments);
        if (!arguments.rest().empty())
            peer = account_argument(arguments.rest().front(), *config);
    } catch (const Stop& stop) {
        return show_stop("configuration", {JF_BAD_CONFIG, stop.what()}, json, took_ms());
    }
    const auto view = std::make_shared<DoctorView>(loop, json);
    if (!arguments.has("log"))
        config->log_level = JF_LOG_ERROR; // findings say what warnings would
    auto node = kernel::Node::create(*config, std::make_shared<kernel::NodeListener>(), standard_log());
    if (!node)
        return show_stop("configuration", node.error(), json, took_ms());
    loop.on_interrupt = [&] { loop.quit(); };
    loop.at(began + limit + kGuard, [&] { loop.quit(); });
    (*node)->diagnose({peer, limit}, view);
    loop.run();
    const auto diagnosis = view->result();
    show_diagnosis(diagnosis, json, took_ms());
    (*node)->stop();
    if (loop.interrupted())
        return kInterrupted;
    return has_problem(diagnosis) || !diagnosis.complete ? kProblems : kOk;
}

} // namespace

Verb doctor_verb()
{
    return {
        {"doctor",
         "[PEER]",
         "Says why calls fail and what to change: network, relays, discovery, identity, devices; with PEER also the "
         "way to that peer, up to an open link, without ringing.",
         {config_option(),
          {"json", "", "the same as one JSON object, for scripts"},
          {"limit", "SECONDS", "how long it may take; 15 unless told"},
          log_option()},
         0,
         1},
        &run_doctor};
}

} // namespace jackfield::program
