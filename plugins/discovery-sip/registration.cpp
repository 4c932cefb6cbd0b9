// Registers, renews, removes: see the header.
//
// Threads: control. Every answer comes from the server, and everything in it is bounded before it is kept.
#include "registration.hpp"

#include "methods.hpp"

#include <shared/sip/header_value.hpp>

#include <algorithm>

namespace discovery_sip {

using jackfield::Failure;
using shared_sip::Challenge;
using shared_sip::Message;
using std::chrono::seconds;

namespace {

constexpr std::size_t kMostRoutes = 8;
constexpr std::size_t kMostTargets = 8;
constexpr seconds kMostRetryAfter{3600};

/// Where no user is named, and no parameter of the way.
Uri domain_of(const Options& options)
{
    Uri domain{options.aor.scheme, {}, options.aor.where, {}};
    return domain;
}

/// "503 Service Unavailable", bounded and in plain ASCII: it is shown to people.
std::string words(const Message& response)
{
    std::string text = std::to_string(response.code()) + " " + response.reason().substr(0, 80);
    std::ranges::replace_if(text, [](char letter) { return letter < ' ' || letter == 0x7f; }, '?');
    return text;
}

} // namespace

Registration::Registration(jackfield::Host host, const Options& options, Credentials& credentials, Events events)
    : host_(host),
      options_(options),
      credentials_(credentials),
      events_(std::move(events)),
      call_id_(random_hex(host, 16)),
      tag_(random_hex(host, 8)),
      registrar_(domain_of(options)),
      transaction_(host),
      wanted_(options.expires)
{}

void Registration::renew(const Place& place)
{
    begin(place, wanted_);
}

void Registration::remove(const Place& place)
{
    begin(place, seconds(0));
}

void Registration::begin(const Place& place, seconds expires)
{
    place_ = place;
    asked_ = expires;
    answered_.clear();
    requests_ = 0;
    send_request();
}

void Registration::send_request()
{
    if (++requests_ > kMostRequests)
        return end(Outcome::Kind::failed, JF_REFUSED, "asks for ever more and does not register us");
    ++cseq_;
    const std::string branch = "z9hG4bK" + random_hex(host_, 12);
    std::string message;
    try {
        message = request(branch);
    } catch (const Failure& failure) { // no credentials for what is asked
        return end(Outcome::Kind::refused, failure.status(), failure.what());
    }
    transaction_.begin(
        std::move(message), branch, cseq_, options_.transport == Transport::udp, events_.send,
        [this](const Message& response) { on_final(response); },
        [this] { end(Outcome::Kind::failed, JF_TIMEOUT, "does not answer"); });
}

std::string Registration::contact_uri(const HostPort& place) const
{
    const std::string user = shared_sip::read_uri(options_.aor.canonical())->user;
    return "sip:" + user + "@" + place.text() + options_.uri_parameter();
}

std::string Registration::request(const std::string& branch)
{
    const std::string aor = options_.aor.canonical();
    const std::string& contact = sent_contact_ = contact_uri(place_.contact);
    const std::string expires = std::to_string(asked_.count());
    std::string text = "REGISTER " + registrar_.canonical() + " SIP/2.0\r\nVia: SIP/2.0/" + options_.via_transport() +
                       " " + place_.sent_by.text() + ";branch=" + branch + ";rport\r\nMax-Forwards: 70\r\n";
    if (options_.outbound_proxy)
        text += "Route: <sip:" + options_.outbound_proxy->text() + options_.uri_parameter() + ";lr>\r\n";
    text += "From: <" + aor + ">;tag=" + tag_ + "\r\nTo: <" + aor + ">\r\nCall-ID: " + call_id_ +
            "\r\nCSeq: " + std::to_string(cseq_) + " REGISTER\r\nContact: <" + contact + ">;expires=" + expires +
            "\r\n";
    if (!registered_.empty() && registered_ != contact) // where we were: nobody is there any more
        text += "Contact: <" + registered_ + ">;expires=0\r\n";
    text += "Expires: " + expires + "\r\nAllow: " + std::string(kAllow) + "\r\nSupported: path\r\n";
    text += credentials_line("Authorization", challenge_);
    text += credentials_line("Proxy-Authorization", proxy_challenge_);
    return text + "Content-Length: 0\r\n\r\n";
}

std::string Registration::credentials_line(const char* name, const std::optional<Challenge>& challenge)
{
    if (!challenge)
        return {};
    const std::string uri = registrar_.canonical();
    return std::string(name) + ": " + credentials_.answer(*challenge, {"REGISTER", uri, {}}) + "\r\n";
}

void Registration::on_final(const Message& response)
{
    look_at_via(response);
    if (response.code() < 300)
        return accepted(response);
    if (response.code() == 301 || response.code() == 302)
        return redirected(response);
    if (response.code() == 401 || response.code() == 407)
        return challenged(response) ? send_request() : void();
    if (response.code() == 423 && too_brief(response))
        return send_request();
    declined(response);
}

/// RFC 3581 section 4: what the server saw stands in our Via.
void Registration::look_at_via(const Message& response)
{
    const std::string via = response.top_via();
    const auto port = shared_sip::read_number(shared_sip::parameter(via, "rport").value_or(""), 65535);
    HostPort seen{shared_sip::parameter(via, "received").value_or(place_.sent_by.host),
                  port ? static_cast<std::uint16_t>(*port) : place_.sent_by.port};
    if (seen.host.starts_with('[') && seen.host.ends_with(']'))
        seen.host = seen.host.substr(1, seen.host.size() - 2);
    if (seen == place_.contact || seen.port == 0 || !shared_sip::read_host_port(seen.text()))
        return;
    place_.contact = seen;
    events_.seen(seen);
}

/// True if the request can be repeated with credentials; else the attempt has ended.
bool Registration::challenged(const Message& response)
{
    const bool by_proxy = response.code() == 407;
    const auto values = response.values(by_proxy ? "Proxy-Authenticate" : "WWW-Authenticate");
    const auto best = shared_sip::strongest(values);
    if (!best) {
        end(Outcome::Kind::refused, JF_UNSUPPORTED,
            "asks for credentials in a way that is not supported; Digest with MD5, SHA-256 or SHA-512-256 is");
        return false;
    }
    // A nonce that is too old is no wrong password (RFC 7616 section 3.3); how often it may be, kMostRequests says.
    if (!answered_.insert(best->realm).second && !best->stale) {
        (by_proxy ? proxy_challenge_ : challenge_).reset();
        end(Outcome::Kind::refused, JF_UNAUTHENTICATED, "refuses the password of " + options_.user);
        return false;
    }
    (by_proxy ? proxy_challenge_ : challenge_) = best;
    return true;
}

/// True if a longer interval shall be asked for (RFC 3261 section 10.2.8).
bool Registration::too_brief(const Message& response)
{
    const auto least =
        shared_sip::read_number(response.value("Min-Expires"), static_cast<std::uint64_t>(kLongest.count()));
    if (asked_.count() == 0 || !least || seconds(*least) <= asked_)
        return false;
    wanted_ = asked_ = seconds(*least);
    return true;
}

void Registration::accepted(const Message& response)
{
    const bool removed = asked_.count() == 0;
    granted_ = removed ? seconds(0) : granted_by(response);
    registered_ = removed ? "" : sent_contact_;
    if (!removed && sent_contact_ != contact_uri(place_.contact)) // the server sees us elsewhere than we said
        return send_request();
    service_route_.clear();
    for (const std::string_view route : response.elements("Service-Route")) { // RFC 3608 section 5
        if (service_route_.size() < kMostRoutes && route.size() <= shared_sip::kLongestUri && !route.empty())
            service_route_.emplace_back(route);
    }
    end(removed ? Outcome::Kind::removed : Outcome::Kind::registered, JF_OK, {});
}

/// The expiry of our own binding (RFC 3261 section 10.2.4).
seconds Registration::granted_by(const Message& response) const
{
    const auto most = static_cast<std::uint64_t>(kLongest.count());
    for (const std::string_view contact : response.elements("Contact")) {
        if (shared_sip::address_of(contact) != sent_contact_)
            continue;
        if (const auto value = shared_sip::read_number(shared_sip::parameter(contact, "expires").value_or(""), most))
            return seconds(*value);
    }
    if (const auto value = shared_sip::read_number(response.value("Expires"), most))
        return seconds(*value);
    return asked_;
}

void Registration::redirected(const Message& response)
{
    Outcome outcome{Outcome::Kind::redirected, JF_REFUSED, "sends us elsewhere: " + words(response), {}, {}};
    for (const std::string_view contact : response.elements("Contact")) {
        const auto uri = shared_sip::read_uri(shared_sip::address_of(contact));
        if (uri && outcome.targets.size() < kMostTargets)
            outcome.targets.push_back(*uri);
    }
    events_.ended(outcome);
}

void Registration::declined(const Message& response)
{
    const std::string_view value = response.value("Retry-After"); // RFC 3261 section 20.33: a number, then anything
    const std::string_view digits = value.substr(0, value.find_first_not_of("0123456789"));
    const seconds wait(
        shared_sip::read_number(digits, static_cast<std::uint64_t>(kMostRetryAfter.count())).value_or(0));
    const bool forbidden = response.code() == 403 || response.code() == 404;
    end(forbidden ? Outcome::Kind::forbidden : Outcome::Kind::failed, JF_REFUSED,
        "does not register us: " + words(response), wait);
}

void Registration::end(Outcome::Kind kind, jackfield::Status status, const std::string& text, seconds wait)
{
    events_.ended({kind, status, text, wait, {}});
}

} // namespace discovery_sip
