// Why does a rendezvous find nobody? See board_diagnosis.hpp.
#include "board_diagnosis.hpp"

#include "board.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace discovery_rendezvous {

namespace {

using namespace std::chrono_literals;
using jackfield::Bytes;
using jackfield::ByteView;
using jackfield::Host;
using jackfield::Nanoseconds;
using jackfield::Verdict;
using Json = nlohmann::json;

constexpr Nanoseconds kForWords = 100ms; // of the limit
constexpr Nanoseconds kPatience = 1s;    // after a first refusal: it may have been restarted just now
constexpr auto kLies = 30s;              // our value

/// One server.
class Visit {
public:
    Visit(Host host, const Server& server, std::string check, const jackfield::DiagnosisReport& report,
          std::function<void()> done)
        : host_(host),
          name_(server.authority()),
          check_(std::move(check)),
          report_(report),
          done_(std::move(done)),
          scope_(host),
          patience_(host),
          board_(Options{{server}},
                 [this](bool online, const std::string&) { scope_.post([this, online] { heard(online); }); })
    {
        began_ns_ = host.now_ns();
        host.random(value_);
        key_ = "doctor-" + std::to_string(host.random_number());
        board_.open();
    }

    /// The time is over, or it is not worth waiting.
    void conclude()
    {
        if (over_)
            return;
        const auto state = board_.servers().front();
        if (!online_)
            return tell(Verdict::problem, "A rendezvous server cannot be reached: " + named(state.why),
                        "check its name and port in \"servers\", whether jackfield-rendezvous runs there, and whether "
                        "this network lets us reach that port: 80 and 443 get through most of them");
        tell(Verdict::problem, "The rendezvous server " + name_ + " is connected and does not answer in time",
             "look at the server: it may be overloaded");
    }

private:
    double ms() const { return static_cast<double>(host_.now_ns() - began_ns_) / 1e6; }

    /// The board says it with the server in front, or without.
    std::string named(const std::string& why) const { return why.starts_with(name_) ? why : name_ + ": " + why; }

    void heard(bool online)
    {
        if (over_ || online_)
            return;
        if (!online)
            return patience_.start(kPatience, [this] { conclude(); });
        patience_.cancel();
        online_ = true;
        online_ms_ = ms();
        board_.put({key_, Bytes(value_.begin(), value_.end()), kLies, ""},
                   [this](jackfield::Status status, std::string_view why) {
                       scope_.post([this, status, text = std::string(why)] { has_put(status, text); });
                   });
    }

    void has_put(jackfield::Status status, const std::string& why)
    {
        if (over_)
            return;
        if (status != JF_OK)
            return refused("takes no value of ours: " + why);
        const auto found = std::make_shared<bool>(false); // by the board's thread, before it ends
        board_.get(
            key_,
            [found, value = Bytes(value_.begin(), value_.end())](ByteView seen) {
                *found = *found || std::ranges::equal(seen, value);
            },
            [this, found](jackfield::Status end, std::string_view words) {
                scope_.post([this, here = *found, end, text = std::string(words)] { has_got(here, end, text); });
            });
    }

    void has_got(bool found, jackfield::Status status, const std::string& why)
    {
        if (over_)
            return;
        if (!found)
            return refused(status == JF_OK ? "does not give back what it has taken" : "gives nothing back: " + why);
        const double put_get_ms = ms() - online_ms_;
        tell(Verdict::ok,
             "The rendezvous server " + name_ + " is connected after " + std::to_string(static_cast<long>(online_ms_)) +
                 " ms, takes a value and gives it back",
             "", Json{{"online_ms", online_ms_}, {"put_get_ms", put_get_ms}}.dump());
    }

    void refused(const std::string& what)
    {
        tell(Verdict::problem, "The rendezvous server " + name_ + " " + what,
             "look at the server's limits and its disk; we may have asked too much of it, too");
    }

    void tell(Verdict verdict, std::string sentence, std::string advice, std::string details = "{}")
    {
        over_ = true;
        patience_.cancel();
        report_.add({check_, verdict, std::move(sentence), std::move(advice), std::move(details)});
        done_();
    }

    const Host host_;
    const std::string name_;
    const std::string check_;
    const jackfield::DiagnosisReport& report_;
    const std::function<void()> done_;
    jackfield::Scope scope_;
    jackfield::Timer patience_;
    std::int64_t began_ns_ = 0;
    std::string key_;
    std::array<std::uint8_t, 16> value_{};
    bool online_ = false;
    bool over_ = false;
    double online_ms_ = 0;
    Board board_; // last: it posts through the scope
};

class Session final : public jackfield::DiagnosisSession {
public:
    Session(Host host, const Options& options, Nanoseconds limit, jf_diagnosis_listener listener)
        : report_(host, listener), limit_(host), waiting_(options.servers.size())
    {
        for (const Server& server : options.servers)
            visits_.push_back(std::make_unique<Visit>(host, server, "server/" + std::to_string(visits_.size()), report_,
                                                      [this] { one_done(); }));
        limit_.start(std::max(limit - kForWords, kForWords), [this] {
            for (const auto& visit : visits_)
                visit->conclude();
        });
    }

private:
    void one_done()
    {
        if (--waiting_ > 0)
            return;
        limit_.cancel();
        report_.finish();
    }

    jackfield::DiagnosisReport report_;
    jackfield::Timer limit_;
    std::size_t waiting_;
    std::vector<std::unique_ptr<Visit>> visits_;
};

} // namespace

std::unique_ptr<jackfield::DiagnosisSession> BoardDiagnosis::begin(Nanoseconds limit, jf_diagnosis_listener listener)
{
    return std::make_unique<Session>(host_, options_, limit, listener);
}

} // namespace discovery_rendezvous
