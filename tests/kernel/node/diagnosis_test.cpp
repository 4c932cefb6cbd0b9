// A node that looks why calls fail: what its plugins say, what it knows itself, and the way to a peer without a ring.
//
// Threads: the test's is the program's; what it hears comes on the node's.

#include "tests/kernel/node/node_ear.hpp"

#include <nlohmann/json.hpp>

#include <map>

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;
using Json = nlohmann::json;

class Patient final : public DiagnosisListener {
public:
    void found(const Finding& finding) override
    {
        const std::lock_guard lock(mutex_);
        found_.push_back(finding);
    }
    void finished() override
    {
        const std::lock_guard lock(mutex_);
        ++ends_;
        changed_.notify_all();
    }

    bool is_done()
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 20s, [&] { return ends_ == 1; });
    }

    /// "problem: It rains"; empty if nothing was found.
    std::string said(const std::string& check)
    {
        const auto finding = get(check);
        return finding.check.empty() ? "" : std::string(word(finding.verdict)) + ": " + finding.sentence;
    }
    Finding get(const std::string& check)
    {
        const std::lock_guard lock(mutex_);
        const auto one = std::ranges::find(found_, check, &Finding::check);
        return one == found_.end() ? Finding() : *one;
    }
    std::ptrdiff_t count(const std::string& check)
    {
        const std::lock_guard lock(mutex_);
        return std::ranges::count(found_, check, &Finding::check);
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Finding> found_;
    int ends_ = 0;
};

class NodeDiagnosis : public NodeWithDoubles {
protected:
    NodeDiagnosis() { stage_.script.online = Play::happens; }

    void diagnose(const std::string& peer = "", std::chrono::milliseconds limit = 10s)
    {
        const auto node = make();
        node->diagnose({peer, limit}, patient_);
        EXPECT_TRUE(patient_->is_done());
    }

    std::shared_ptr<Patient> patient_ = std::make_shared<Patient>();
};

TEST_F(NodeDiagnosis, HearsEachPluginOnceAndAddsWhatTheKernelKnows)
{
    diagnose();
    EXPECT_EQ(patient_->said("weather"), "problem: It rains");
    EXPECT_EQ(patient_->count("weather"), 1) << "of a plugin in ten slots, that says it twice";
    EXPECT_EQ(patient_->get("weather").by, "doubles");
    EXPECT_EQ(patient_->get("weather").advice, "take an umbrella");
    EXPECT_EQ(Json::parse(patient_->get("weather").details_json)["mm"], 3);
    EXPECT_EQ(patient_->said("identity"), "ok: We are the account alice..., device alice-1...");
    EXPECT_EQ(patient_->get("discovery/doubles").verdict, Verdict::ok);
    EXPECT_EQ(patient_->get("clock").verdict, Verdict::skipped);
    EXPECT_EQ(patient_->said("peer"), "") << "nobody was named";
}

TEST_F(NodeDiagnosis, SaysWhoDidNotComeToAnEndInTime)
{
    stage_.script.look = Play::waits;
    stage_.script.online = Play::waits;
    diagnose("", 600ms);
    EXPECT_EQ(patient_->said("weather"), "problem: It rains") << "what was said by then stays";
    EXPECT_EQ(patient_->said("diagnosis"), "problem: doubles did not finish looking in time");
    EXPECT_EQ(patient_->said("discovery/doubles"),
              "problem: doubles has said neither that it is online nor why it is not");
}

TEST_F(NodeDiagnosis, BoundsWhateverAPluginSays)
{
    stage_.script.babbles = true;
    diagnose();
    const auto odd = patient_->get("odd");
    EXPECT_EQ(odd.verdict, Verdict::note);
    EXPECT_EQ(odd.sentence, "Cut ");
    EXPECT_EQ(odd.advice.size(), 4096U);
    EXPECT_EQ(odd.details_json, "{}");
    EXPECT_NE(patient_->said("many/200"), "");
    EXPECT_EQ(patient_->said("many/300"), "");
}

TEST_F(NodeDiagnosis, SaysWhichPluginCannotLook)
{
    stage_.script.look = Play::fails;
    diagnose();
    EXPECT_EQ(patient_->said("diagnosis"), "problem: doubles cannot look: " + kScripted);
}

TEST_F(NodeDiagnosis, LooksAtTheRestOfANodeWithoutIdentity)
{
    stage_.script.load = Play::fails;
    diagnose("bob");
    EXPECT_EQ(patient_->said("identity"), "problem: The identity does not load: " + kScripted);
    EXPECT_EQ(patient_->said("weather"), "problem: It rains");
    EXPECT_EQ(patient_->said("discovery/doubles"), "");
    EXPECT_EQ(patient_->said("peer"), "");
}

TEST_F(NodeDiagnosis, SaysWhyAMechanismIsOffline)
{
    stage_.script.online = Play::fails;
    diagnose("", 600ms);
    EXPECT_EQ(patient_->said("discovery/doubles"), "problem: doubles is offline: " + kScripted);
}

TEST_F(NodeDiagnosis, ReachesAPeerWithoutRingingIt)
{
    stage_.script.devices = {"bob-1", "bob-2"};
    const auto node = make();
    node->diagnose({"bob", 10s}, patient_);
    ASSERT_TRUE(patient_->is_done());
    EXPECT_EQ(patient_->said("peer"), "ok: 2 devices of bob... found through doubles");
    for (const char* device : {"bob-1", "bob-2"}) {
        const auto found = patient_->get(std::string("peer/") + device);
        EXPECT_EQ(found.verdict, Verdict::ok) << found.sentence;
        const auto steps = Json::parse(found.details_json);
        for (const char* step : {"request_ms", "answer_ms", "connectivity_ms", "secure_channel_ms"})
            EXPECT_TRUE(steps.contains(step)) << step << steps;
        EXPECT_EQ(steps["their_candidates"][0]["address"], "192.0.2.2") << steps;
    }
    const auto said = stage_.get<SignalingDouble::Session>("signaling bob-1").said;
    EXPECT_EQ(std::ranges::count_if(said, [](const auto& line) { return line.starts_with("invite"); }), 0);
}

TEST_F(NodeDiagnosis, SaysAtWhichStepAPeerIsMissedAndWhatToChange)
{
    stage_.script.answer = Play::waits;
    diagnose("bob", 900ms);
    const auto found = patient_->get("peer/bob-1");
    EXPECT_EQ(found.verdict, Verdict::problem);
    EXPECT_NE(found.sentence.find("fails at the step answer: it took longer"), std::string::npos)
        << found.sentence << " (and not when a call would have given up)";
    EXPECT_NE(found.advice.find("jackfield listen"), std::string::npos) << found.advice;
    EXPECT_EQ(Json::parse(found.details_json)["failed_step"], "answer");
}

TEST_F(NodeDiagnosis, SaysWhatBothSidesOfferWhenNothingGetsThrough)
{
    stage_.script.tcp = Play::fails;
    stage_.script.udp = Play::fails;
    diagnose("bob");
    const auto found = patient_->get("peer/bob-1");
    EXPECT_NE(found.sentence.find("fails at the step connectivity"), std::string::npos) << found.sentence;
    EXPECT_NE(found.sentence.find("they offer host over tcp, host over udp"), std::string::npos) << found.sentence;
    EXPECT_NE(found.advice.find("relay"), std::string::npos) << found.advice;
}

constexpr const char* kSilentPairs = R"({"pairs": [
    {"component": 1, "transport": "udp", "local": "192.0.2.1:1", "local_type": "host", "remote": "192.0.2.2:2",
     "remote_type": "host", "result": "no answer"},
    {"component": 1, "transport": "udp", "remote": "[2001:db8::2]:2", "remote_type": "host", "result": "not formed",
     "why": "no common address family"}]})";

TEST_F(NodeDiagnosis, SaysWhichPairsWereTriedAndHowThatWent)
{
    stage_.script.tcp = Play::fails;
    stage_.script.udp = Play::fails;
    stage_.script.tried = kSilentPairs;
    diagnose("bob");
    const auto found = patient_->get("peer/bob-1");
    EXPECT_NE(found.sentence.find("tried 2 pairs of candidates: 2 no answer; 2 candidates had no partner (no common "
                                  "address family)"),
              std::string::npos)
        << found.sentence;
    EXPECT_NE(found.advice.find("neither has a relay"), std::string::npos) << found.advice;
    const auto pairs = Json::parse(found.details_json)["pairs"];
    ASSERT_EQ(pairs.size(), 4U) << "of both sessions " << pairs;
    EXPECT_EQ(pairs[0]["result"], "not formed") << "what says more comes first";
    EXPECT_EQ(pairs[3]["remote"], "192.0.2.2:2");
}

TEST_F(NodeDiagnosis, SaysWhichPairsWereTriedWhenItsTimeIsOverFirst)
{
    stage_.script.tcp = Play::waits;
    stage_.script.udp = Play::waits;
    stage_.script.tried = kSilentPairs;
    diagnose("bob", 900ms);
    const auto found = patient_->get("peer/bob-1");
    EXPECT_NE(found.sentence.find("it took longer than this diagnosis may"), std::string::npos) << found.sentence;
    EXPECT_NE(found.sentence.find("tried 2 pairs of candidates: 2 no answer"), std::string::npos) << found.sentence;
}

TEST_F(NodeDiagnosis, TellsThePairsOfAPeerThatIsReached)
{
    stage_.script.tried = kSilentPairs;
    diagnose("bob");
    const auto found = patient_->get("peer/bob-1");
    EXPECT_EQ(found.verdict, Verdict::ok) << found.sentence;
    EXPECT_EQ(Json::parse(found.details_json)["pairs"].size(), 4U) << found.details_json;
}

TEST_F(NodeDiagnosis, SaysOfAPeerThatNobodyKnowsWhoWasAsked)
{
    stage_.script.find = Play::fails;
    diagnose("bob");
    const auto found = patient_->get("peer");
    EXPECT_EQ(found.verdict, Verdict::problem);
    EXPECT_NE(found.sentence.find("asked were doubles (online)"), std::string::npos) << found.sentence;
}

TEST_F(NodeDiagnosis, EndsWhenTheNodeStopsInTheMiddleOfIt)
{
    stage_.script.look = Play::waits;
    stage_.script.answer = Play::waits;
    {
        const auto node = make();
        node->diagnose({"bob", 20s}, patient_);
        ASSERT_TRUE(stage_.comes_to("diagnosis", 1));
    }
    EXPECT_TRUE(patient_->is_done());
    EXPECT_EQ(patient_->said("diagnosis"), "") << "nobody is blamed for what was broken off";
}

} // namespace
