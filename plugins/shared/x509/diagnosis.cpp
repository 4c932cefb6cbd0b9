// What there is to say about our own certificates. See diagnosis.hpp.
//
// Threads: as there.
#include "diagnosis.hpp"

#include <ctime>

namespace shared_x509 {

namespace {

using jackfield::Device;
using jackfield::Failure;
using jackfield::Finding;
using jackfield::Verdict;

constexpr std::int64_t kSoonDays = 14;

std::int64_t seconds_of(const ASN1_TIME* time)
{
    std::tm parts{};
    must(ASN1_TIME_to_tm(time, &parts) == 1, "a certificate's time");
    return timegm(&parts);
}

std::string day_of(std::int64_t seconds)
{
    const std::time_t time = seconds;
    std::tm parts{};
    gmtime_r(&time, &parts);
    char text[32];
    return {text, std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &parts)};
}

/// Ours, as everybody else would look at it.
Finding judge_chain(const jackfield::IdentityService& identity, const Device& self)
{
    try {
        identity.verify_chain(self.chain_pem, self);
        return {"certificates", Verdict::ok,
                "Our own chain of certificates proves account and device, as peers check it", ""};
    } catch (const Failure& failure) {
        return {
            "certificates", Verdict::problem, std::string("Peers will not believe who we are: ") + failure.what(),
            "if this device was revoked it needs a new identity (jackfield id request); if a certificate is out of its "
            "time, compare the clock, then start once where the account's key is, which renews it"};
    }
}

class Session final : public jackfield::DiagnosisSession {
public:
    Session(jackfield::Host host, jf_diagnosis_listener listener) : report_(host, listener)
    {
        try {
            look(jackfield::IdentityService::of(host), host.wall_ms());
        } catch (const Failure& failure) {
            report_.add({"certificates", Verdict::skipped,
                         std::string("There are no certificates to look at: ") + failure.what(), ""});
        }
        report_.finish();
    }

private:
    void look(const jackfield::IdentityService& identity, std::int64_t now_ms)
    {
        const Device self = identity.self_device();
        const Chain chain = parse_chain(self.chain_pem);
        report_.add(judge_validity(chain.front().get(), "certificates/device", "The device's certificate", now_ms));
        report_.add(judge_validity(chain.back().get(), "certificates/account", "The account's certificate", now_ms));
        report_.add(judge_chain(identity, self));
    }

    jackfield::DiagnosisReport report_;
};

} // namespace

Finding judge_validity(const X509* certificate, const std::string& check, const std::string& what, std::int64_t now_ms)
{
    const std::int64_t from = seconds_of(X509_get0_notBefore(certificate));
    const std::int64_t until = seconds_of(X509_get0_notAfter(certificate));
    const std::int64_t now = now_ms / 1000;
    const std::int64_t days = (until - now) / kSecondsOfDay;
    const std::string details =
        "{\"valid_from\": \"" + day_of(from) + "\", \"valid_until\": \"" + day_of(until) + "\"}";
    if (now < from)
        return {check, Verdict::problem,
                what + " is valid only from " + day_of(from) + ", and this machine's clock says " + day_of(now),
                "set the clock (timedatectl): peers refuse a certificate that is not valid yet, and so do we", details};
    if (now >= until)
        return {check, Verdict::problem, what + " has ended on " + day_of(until),
                "compare the clock with " + day_of(now) +
                    "; if that is right, start once on the device that has the account's key, or make a new chain for "
                    "this one (jackfield id request, add-device, join)",
                details};
    if (days < kSoonDays)
        return {check, Verdict::note, what + " ends in " + std::to_string(days) + " days, on " + day_of(until),
                "start once on the device that has the account's key, which renews it", details};
    return {check, Verdict::ok, what + " is valid until " + day_of(until), "", details};
}

std::unique_ptr<jackfield::DiagnosisSession> CertificateDiagnosis::begin(jackfield::Nanoseconds,
                                                                         jf_diagnosis_listener listener)
{
    return std::make_unique<Session>(host_, listener);
}

} // namespace shared_x509
