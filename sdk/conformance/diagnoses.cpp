// jackfield.diagnosis/1: what a plugin finds out about its own part.
//
// Threads: the test's. Lifetime: a session is released before its instance goes.
#include "lists.hpp"
#include "process_watch.hpp"
#include "random_calls.hpp"

#include <jackfield/abi/diagnosis.h>

#include <nlohmann/json.hpp>

#include <set>

namespace jackfield::conformance {

namespace diagnoses {
namespace {

struct Heard {
    std::string check;
    std::uint32_t verdict;
    std::string sentence;
    std::string advice;
    std::string details;
};

/// Notes what a diagnosis says, and releases its session when it goes.
class Ear {
public:
    Ear() = default;
    Ear(const Ear&) = delete;
    Ear& operator=(const Ear&) = delete;
    ~Ear() { release(); }

    void begin(Life& life, std::chrono::nanoseconds limit)
    {
        jf_error error = no_error();
        const jf_diagnosis_options options{sizeof(options), 0, limit.count()};
        inside_ = true;
        doing("begin of a diagnosis");
        const Status status =
            life.methods<jf_diagnosis_methods>().begin(life.self(), &options, {&kListener, this}, &session_, &error);
        doing("");
        inside_ = false;
        check(status, error);
    }
    void release()
    {
        if (session_.methods == nullptr)
            return;
        doing("release of a diagnosis");
        session_.methods->release(std::exchange(session_, {}).self);
        doing("");
    }

    std::vector<Heard> found;
    std::vector<Status> ends;
    bool said_inside = false;
    bool said_behind = false; // something after the end

private:
    static Ear& of(void* self) { return *static_cast<Ear*>(self); }
    void said()
    {
        ProcessWatch::heard();
        said_inside = said_inside || inside_;
        said_behind = said_behind || !ends.empty();
        Bell::ring();
    }

    static const jf_diagnosis_listener_methods kListener;

    jf_diagnosis_session session_{};
    bool inside_ = false;
};

const jf_diagnosis_listener_methods Ear::kListener{
    sizeof(jf_diagnosis_listener_methods), 0,
    [](void* self, const jf_finding* finding) {
        of(self).said();
        of(self).found.push_back({std::string(view(finding->check)), finding->verdict,
                                  std::string(view(finding->sentence)), std::string(view(finding->advice)),
                                  std::string(view(finding->details_json))});
    },
    [](void* self, Status status, const jf_error*) {
        of(self).said();
        of(self).ends.push_back(status);
    }};

constexpr auto kLimit = std::chrono::seconds(2);
constexpr auto kOverIt = std::chrono::seconds(3); // what a busy machine may take longer

void ends_once(Bench& bench)
{
    Life& life = bench.make(JF_DIAGNOSIS_INTERFACE);
    Ear ear;
    ear.begin(life, kLimit);
    require(bench.until([&] { return !ear.ends.empty(); }, kLimit + kOverIt), "the diagnosis does not finish");
    bench.until([] { return false; }, std::chrono::milliseconds(100));
    require(!ear.said_inside, "something was said inside begin, not posted");
    require(!ear.said_behind && ear.ends.size() == 1, "something was said after finished");
    require_status(ear.ends.front(), JF_OK, "finished");
    require(!ear.found.empty(), "nothing was found, not even that there is nothing to look at");
    jf_error error = no_error();
    jf_diagnosis_session none{};
    const jf_diagnosis_options no_time{sizeof(no_time), 0, 0};
    require_status(
        life.methods<jf_diagnosis_methods>().begin(life.self(), &no_time, jf_diagnosis_listener{}, &none, &error),
        JF_BAD_INPUT, "begin with no time", &error);
}

void says_it_in_order(Bench& bench)
{
    Ear ear;
    ear.begin(bench.make(JF_DIAGNOSIS_INTERFACE), kLimit);
    bench.until([&] { return !ear.ends.empty(); }, kLimit + kOverIt);
    std::set<std::string> names;
    for (const auto& [check, verdict, sentence, advice, details] : ear.found) {
        require(!check.empty() &&
                    check.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-./") == std::string::npos,
                "\"" + check + "\" is no name of a check");
        require(names.insert(check).second, check + " is found twice");
        require(verdict <= JF_VERDICT_SKIPPED, check + " has the verdict " + std::to_string(verdict));
        require(!sentence.empty() && sentence.find('\n') == std::string::npos, check + " has no sentence on one line");
        require(nlohmann::json::parse(details, nullptr, false).is_object(), check + " has details that are no object");
        require(verdict != JF_VERDICT_PROBLEM || !advice.empty(), check + " is a problem without advice");
    }
}

void is_silent_after_release(Bench& bench)
{
    Ear ear;
    ear.begin(bench.make(JF_DIAGNOSIS_INTERFACE), kLimit);
    ear.release(); // before anything that was posted has run
    bench.until([] { return false; }, std::chrono::milliseconds(300));
    require(ear.found.empty() && ear.ends.empty(), "something was said after release");
}

/// Several are under way at once, and end at any moment.
class LookScene final : public Scene {
public:
    LookScene(Bench& bench, Chance& chance) : life_(bench.make(JF_DIAGNOSIS_INTERFACE))
    {
        moves = {{"begin of a diagnosis",
                  [this] {
                      if (ears_.size() < 4)
                          ears_.emplace_back(std::make_unique<Ear>())->begin(life_, kLimit);
                  }},
                 {"release of a diagnosis", [this, &chance] {
                      if (!ears_.empty())
                          ears_.erase(ears_.begin() + static_cast<long>(upto(chance, ears_.size() - 1)));
                  }}};
    }

private:
    Life& life_;
    std::vector<std::unique_ptr<Ear>> ears_;
};

} // namespace
} // namespace diagnoses

void add_diagnosis_tests(TestList& list)
{
    using namespace diagnoses;
    const std::string id = JF_DIAGNOSIS_INTERFACE;
    list.push_back({"JF-DIA-01", id, "A diagnosis ends once, in time, behind all that it found", ends_once});
    list.push_back({"JF-DIA-02", id, "Findings have names, verdicts, sentences and advice", says_it_in_order});
    list.push_back({"JF-DIA-03", id, "A released diagnosis says nothing any more", is_silent_after_release});
    add_random_tests(list, id, [](Bench& bench, Chance& chance) -> std::unique_ptr<Scene> {
        return std::make_unique<LookScene>(bench, chance);
    });
}

} // namespace jackfield::conformance
