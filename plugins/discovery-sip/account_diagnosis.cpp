// Why does the registrar not take us? See account_diagnosis.hpp.
#include "account_diagnosis.hpp"

#include "credentials.hpp"
#include "network.hpp"
#include "register_transaction.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <ctime>

namespace discovery_sip {

namespace {

using namespace std::chrono_literals;
using jackfield::Failure;
using jackfield::Host;
using jackfield::Nanoseconds;
using Found = jackfield::Verdict; // there is another Verdict here
using shared_sip::Challenge;
using shared_sip::Message;
using Json = nlohmann::json;

constexpr Nanoseconds kForWords = 100ms; // of the limit
constexpr Nanoseconds kAnswers = 8s;     // for the registrar; what comes later comes too late for a call
constexpr std::int64_t kClockTolerance_ms = 90'000;
constexpr int kMostRequests = 4;

/// "503 Service Unavailable", bounded and in plain ASCII.
std::string words_of_response(const Message& response)
{
    std::string text = std::to_string(response.code()) + " " + response.reason().substr(0, 80);
    std::ranges::replace_if(text, [](char letter) { return letter < ' ' || letter >= 0x7f; }, '?');
    return text;
}

} // namespace

/// Lives as long as its instance; what it says goes to a report that lives as long as the session.
class AccountVisit {
public:
    AccountVisit(Host host, const Options& options, Nanoseconds limit, jackfield::DiagnosisReport& report)
        : host_(host),
          options_(options),
          report_(report),
          limit_(host),
          credentials_(host, options),
          transaction_(host),
          call_id_(random_hex(host, 16)),
          tag_(random_hex(host, 8)),
          network_(host, {[this](const HostPort& local) { up(local); }, [this](const std::string& why) { down(why); },
                          [this](std::string text, const HostPort&) { heard(std::move(text)); }, [] {}})
    {
        began_ns_ = host.now_ns();
        limit_.start(std::min<Nanoseconds>(std::max(limit - kForWords, kForWords), kAnswers), [this] { silent(); });
        // Any port: the slot's instance may have the one of the configuration.
        network_.connect(
            {options.transport, options.next_hop(), options.bind, 0, options.from_anyone, 0s, options.tls});
    }

    /// Nothing is said any more: the report is going.
    void give_up()
    {
        over_ = true;
        limit_.cancel();
        transaction_.stop();
        network_.disconnect();
    }

private:
    double ms() const { return static_cast<double>(host_.now_ns() - began_ns_) / 1e6; }
    std::string server() const { return options_.next_hop().text(); }

    void up(const HostPort& local)
    {
        if (over_)
            return;
        local_ = local;
        connect_ms_ = ms();
        ask();
    }

    void down(const std::string& why)
    {
        tell(Found::problem, "The registrar " + server() + " cannot be reached: " + why,
             "check \"registrar\", \"transport\" and the network; over TLS also \"ca_file\" and \"server_name\"");
    }

    void silent()
    {
        tell(Found::problem, "The registrar " + server() + " does not answer",
             "check \"registrar\" and \"transport\": UDP may be blocked here, then TCP or TLS gets through");
    }

    /// RFC 3261 section 10.2.3: without a Contact it changes nothing.
    void ask()
    {
        if (over_)
            return;
        if (++requests_ > kMostRequests)
            return refused("asks for credentials again and again", "look at the registrar: its nonces are never good");
        const std::string branch = "z9hG4bK" + random_hex(host_, 12);
        std::string request;
        try {
            request = register_request(branch);
        } catch (const Failure& failure) {
            return refused(std::string("cannot be answered: ") + failure.what(),
                           "write \"password\", and \"realm\" as the registrar has it");
        }
        transaction_.begin(
            std::move(request), branch, static_cast<std::uint32_t>(requests_), options_.transport == Transport::udp,
            [this](const std::string& text) { network_.send(text, std::nullopt); },
            [this](const Message& response) { answered(response); }, [this] { silent(); });
    }

    std::string register_request(const std::string& branch)
    {
        const Uri domain{options_.aor.scheme, {}, options_.aor.where, {}};
        const std::string aor = options_.aor.canonical();
        std::string text = "REGISTER " + domain.canonical() + " SIP/2.0\r\nVia: SIP/2.0/" + options_.via_transport() +
                           " " + local_.text() + ";branch=" + branch + ";rport\r\nMax-Forwards: 70\r\n";
        if (options_.outbound_proxy)
            text += "Route: <sip:" + options_.outbound_proxy->text() + options_.uri_parameter() + ";lr>\r\n";
        text += "From: <" + aor + ">;tag=" + tag_ + "\r\nTo: <" + aor + ">\r\nCall-ID: " + call_id_ +
                "\r\nCSeq: " + std::to_string(requests_) + " REGISTER\r\n";
        for (const auto& [name, challenge] :
             {std::pair("Authorization", &challenge_), {"Proxy-Authorization", &by_proxy_}}) {
            if (*challenge)
                text += std::string(name) + ": " +
                        credentials_.answer(**challenge, {"REGISTER", domain.canonical(), {}}) + "\r\n";
        }
        return text + "Content-Length: 0\r\n\r\n";
    }

    void heard(std::string text)
    {
        try {
            transaction_.take(Message::read(std::move(text)));
        } catch (const Failure&) {
            // no SIP; it may be a keep-alive
        }
    }

    void answered(const Message& response)
    {
        look_at_clock(response);
        const int code = response.code();
        if (code < 300)
            return accepted(response);
        if (code == 401 || code == 407)
            return challenged(response, code == 407 ? by_proxy_ : challenge_);
        if (code == 403 || code == 404)
            return refused("does not know or does not want " + options_.aor.canonical() + " (" +
                               words_of_response(response) + ")",
                           "check \"aor\" and \"user\"; the account may be closed, or not yet open");
        refused("does not take us: " + words_of_response(response),
                code >= 500 ? "the registrar has a problem of its own; try again later" : "ask whoever runs it");
    }

    void challenged(const Message& response, std::optional<Challenge>& challenge)
    {
        const auto values = response.values(response.code() == 407 ? "Proxy-Authenticate" : "WWW-Authenticate");
        const auto best = shared_sip::strongest(values);
        if (!best)
            return refused("asks for credentials in a way that is not supported",
                           "Digest with MD5, SHA-256 or SHA-512-256 would work");
        if (challenge && challenge->realm == best->realm && !best->stale)
            return refused("refuses the password of " + options_.user,
                           "correct \"user\" and \"password\" (or \"password_file\")");
        challenge = best;
        ask();
    }

    void accepted(const Message& response)
    {
        const auto bindings = response.elements("Contact").size();
        tell(Found::ok,
             "The registrar " + server() + " takes our credentials after " + std::to_string(static_cast<long>(ms())) +
                 " ms; " + std::to_string(bindings) + (bindings == 1 ? " telephone is" : " telephones are") +
                 " registered for " + options_.aor.canonical(),
             "", Json{{"connect_ms", connect_ms_}, {"answer_ms", ms()}, {"bindings", bindings}}.dump());
    }

    void refused(const std::string& what, const std::string& advice)
    {
        tell(Found::problem, "The registrar " + server() + " " + what, advice);
    }

    void look_at_clock(const Message& response)
    {
        const auto offset = clock_offset_ms(response.value("Date"), host_.wall_ms());
        if (!offset || over_ || std::exchange(clock_told_, true))
            return;
        const auto off_s = std::abs(*offset) / 1000;
        const std::string details = Json{{"offset_ms", *offset}}.dump();
        if (std::abs(*offset) <= kClockTolerance_ms)
            return report_.add(
                {"clock", Found::ok,
                 "The clock agrees with that of " + server() + " within " + std::to_string(off_s + 1) + " s", "",
                 details});
        report_.add(
            {"clock", Found::problem,
             "This machine's clock is " + std::to_string(off_s) + " s " + (*offset > 0 ? "ahead of" : "behind") +
                 " that of " + server(),
             "set it, best by the network (timedatectl set-ntp true): certificates and call requests have times, "
             "and are refused as expired or from the future",
             details});
    }

    void tell(Found verdict, std::string sentence, std::string advice, std::string details = "{}")
    {
        if (std::exchange(over_, true))
            return;
        limit_.cancel();
        transaction_.stop();
        report_.add({"registrar", verdict, std::move(sentence), std::move(advice), std::move(details)});
        report_.finish();
    }

    const Host host_;
    const Options& options_;
    jackfield::DiagnosisReport& report_;
    jackfield::Timer limit_;
    Credentials credentials_;
    RegisterTransaction transaction_;
    const std::string call_id_;
    const std::string tag_;
    std::optional<Challenge> challenge_;
    std::optional<Challenge> by_proxy_;
    HostPort local_;
    std::int64_t began_ns_ = 0;
    double connect_ms_ = 0;
    int requests_ = 0;
    bool clock_told_ = false;
    bool over_ = false;
    Network network_; // last: its events find all of the above
};

namespace {

class AccountSession final : public jackfield::DiagnosisSession {
public:
    AccountSession(Host host, jf_diagnosis_listener listener) : report_(host, listener) {}
    ~AccountSession() override
    {
        if (visit_ != nullptr)
            visit_->give_up();
    }

    jackfield::DiagnosisReport& report() { return report_; }
    void has(AccountVisit& visit) { visit_ = &visit; }

private:
    jackfield::DiagnosisReport report_;
    AccountVisit* visit_ = nullptr; // the instance's
};

} // namespace

std::optional<std::int64_t> clock_offset_ms(std::string_view date, std::int64_t now_ms)
{
    std::tm parts{};
    const std::string text(date.substr(0, 64));
    const char* const end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (end == nullptr || *end != '\0')
        return std::nullopt;
    return now_ms - static_cast<std::int64_t>(timegm(&parts)) * 1000;
}

AccountDiagnosis::AccountDiagnosis(Host host, std::string_view config_json)
    : Diagnosis(host), options_(parse_options(config_json))
{
    if (options_.transport == Transport::tls)
        check_tls(options_.tls);
}

AccountDiagnosis::~AccountDiagnosis() = default;

std::unique_ptr<jackfield::DiagnosisSession> AccountDiagnosis::begin(Nanoseconds limit, jf_diagnosis_listener listener)
{
    auto session = std::make_unique<AccountSession>(host_, listener);
    visits_.push_back(std::make_unique<AccountVisit>(host_, options_, limit, session->report()));
    session->has(*visits_.back());
    return session;
}

} // namespace discovery_sip
