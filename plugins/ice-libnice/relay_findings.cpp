// Relays that do not take us. See relay_findings.hpp.
#include "relay_findings.hpp"

#include <nlohmann/json.hpp>

#include <openssl/x509_vfy.h>

namespace jackfield::ice {

namespace {

using Json = nlohmann::json;

Finding problem(std::string check, std::string sentence, std::string advice, const Json& details)
{
    return {std::move(check), Verdict::problem, std::move(sentence), std::move(advice), details.dump()};
}

Finding bad_certificate(const TurnFacts& one, std::string check, const std::string& name, Json details)
{
    details["certificate_valid"] = one.certificate_valid;
    std::string advice = "check \"server_name\" and \"ca\"; without \"ca\" the system's certificates are trusted "
                         "(package ca-certificates)";
    if (one.certificate_error == X509_V_ERR_CERT_HAS_EXPIRED || one.certificate_error == X509_V_ERR_CERT_NOT_YET_VALID)
        advice = "it is valid " + one.certificate_valid +
                 ": compare this machine's clock with that, and if the clock is right, the relay needs a new one";
    else if (one.certificate_error == X509_V_ERR_HOSTNAME_MISMATCH ||
             one.certificate_error == X509_V_ERR_IP_ADDRESS_MISMATCH)
        advice = "write the name that its certificate is for as \"server_name\", or use that name in \"server\"";
    return problem(std::move(check), name + " shows a certificate that is not accepted: " + one.problem, advice,
                   details);
}

} // namespace

Finding refusing_relay(const TurnFacts& one, std::string check, const std::string& name, Json details)
{
    const auto& [code, reason] = one.answer->refusal;
    details["code"] = code;
    const std::string said = " (" + std::to_string(code) + (reason.empty() ? "" : " " + reason) + ")";
    const auto tell = [&](const std::string& what, const std::string& advice) {
        return problem(std::move(check), name + what + said, advice, details);
    };
    switch (code) {
    case 401:
        if (!one.answer->with_credentials)
            return tell(" wants credentials and does not say for which realm", "its administrator must set a realm");
        return tell(" refuses us: user name or password is wrong",
                    "correct \"username\" and \"password\" of this server in \"turn\"; credentials that were given "
                    "for a time may have ended");
    case 403:
        return tell(" forbids us to use it", "ask its administrator to allow this account and this network");
    case 438:
        return tell(" calls every nonce stale, so no request is ever fresh enough",
                    "this is a fault of the relay: its clock, or several servers behind one name that do not share "
                    "their nonces");
    case 441:
        return tell(" has an allocation of ours under another name", "wait ten minutes, or use one user name");
    case 442:
        return tell(" relays no UDP", "name another relay, or have its administrator allow UDP");
    case 486:
        return tell(" is full for us: our quota of allocations is reached",
                    "end calls of other devices with this user name, wait ten minutes for those that were left, or "
                    "ask for a larger quota");
    case 508:
        return tell(" is full: it has no port or bandwidth left", "name a second relay in \"turn\"");
    case 300:
        return tell(" sends us to another server", "name that server in \"turn\" instead");
    default:
        return tell(" refuses us", "ask its administrator what that means");
    }
}

Finding unreached_relay(const TurnFacts& one, std::string check, const std::string& name, Json details)
{
    if (one.certificate_error != 0)
        return bad_certificate(one, std::move(check), name, std::move(details));
    const std::string why = one.problem.empty() ? std::string() : ": " + one.problem;
    const auto tell = [&](const std::string& what, const std::string& advice) {
        return problem(std::move(check), name + what + why, advice, details);
    };
    switch (one.stage) {
    case RelayStage::name:
        return tell(" is not found", "check the name in \"server\", and whether names are resolved here at all");
    case RelayStage::connecting:
        return tell(why.empty() ? " cannot be reached: nothing answers there" : " cannot be reached",
                    "check host and port in \"server\"; it may be down, or this network does not let us reach that "
                    "port: 443 gets through most of them");
    case RelayStage::handshake:
        return tell(" does not shake hands",
                    "check that this port speaks TLS: with \"transport\": \"tls\" it is 5349 or 443, not 3478");
    case RelayStage::allocating:
    case RelayStage::granted:
        break;
    }
    return tell(one.transport == RelayTransport::udp ? " does not answer" : " is connected, and does not answer",
                "check host and port in \"server\": something else may listen there, or the relay is down");
}

} // namespace jackfield::ice
