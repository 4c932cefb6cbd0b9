// The binding of our address of record to where we are (RFC 3261 section 10.2): one attempt to make, renew or remove
// it, with all that a registrar may want in between. When the next attempt comes is the account's business.
//
// Threads: control. Lifetime: the account's.
#pragma once

#include "credentials.hpp"
#include "register_transaction.hpp"

#include <functional>
#include <set>
#include <vector>

namespace discovery_sip {

/// Where we write from, and where we are written to.
struct Place {
    HostPort sent_by; ///< of Via: our own socket
    HostPort contact; ///< as the server sees it
};

/// How an attempt ended.
struct Outcome {
    enum class Kind {
        registered,
        removed,
        redirected, ///< `targets` say where to
        failed,     ///< for now
        forbidden,  ///< will not get better soon
        refused     ///< the password is wrong, or there is none: no use to ask again
    };
    Kind kind = Kind::failed;
    jackfield::Status status = JF_OK;
    std::string text;
    std::chrono::seconds retry_after{0};
    std::vector<Uri> targets;
};

class Registration {
public:
    static constexpr std::size_t kMostRequests = 8; ///< of one attempt: challenges, longer intervals, another address
    static constexpr std::chrono::seconds kLongest{86'400};

    struct Events {
        std::function<void(const std::string& message)> send;
        std::function<void(const Outcome&)> ended; ///< once for each attempt that was not abandoned
        std::function<void(const HostPort&)> seen; ///< the server sees us there, and not where Via says
    };

    Registration(jackfield::Host host, const Options& options, Credentials& credentials, Events events);

    /// Who is asked; the domain of the address of record if nobody was named.
    void ask(const Uri& registrar) { registrar_ = registrar; }
    const Uri& registrar() const { return registrar_; }

    /// Begins an attempt, instead of the one before.
    void renew(const Place& place);
    void remove(const Place& place);

    /// No word of the attempt any more.
    void abandon() { transaction_.stop(); }

    /// False if it is no answer to us.
    bool take(const shared_sip::Message& response) { return transaction_.take(response); }

    std::chrono::seconds granted() const { return granted_; }
    const std::string& contact() const { return registered_; } ///< the URI that is registered, or empty
    const std::vector<std::string>& service_route() const { return service_route_; }

    /// The URI of a Contact there.
    std::string contact_uri(const HostPort& place) const;

private:
    void begin(const Place& place, std::chrono::seconds expires);
    void send_request();
    std::string request(const std::string& branch);
    std::string credentials_line(const char* name, const std::optional<shared_sip::Challenge>& challenge);
    void on_final(const shared_sip::Message& response);
    void look_at_via(const shared_sip::Message& response);
    bool challenged(const shared_sip::Message& response);
    bool too_brief(const shared_sip::Message& response);
    void accepted(const shared_sip::Message& response);
    std::chrono::seconds granted_by(const shared_sip::Message& response) const;
    void redirected(const shared_sip::Message& response);
    void declined(const shared_sip::Message& response);
    void end(Outcome::Kind kind, jackfield::Status status, const std::string& text, std::chrono::seconds wait = {});

    const jackfield::Host host_;
    const Options& options_;
    Credentials& credentials_;
    const Events events_;
    const std::string call_id_;
    const std::string tag_;
    Uri registrar_;
    RegisterTransaction transaction_;
    std::uint32_t cseq_ = 0;
    Place place_;
    std::chrono::seconds asked_{0}; // 0: it is being removed
    std::chrono::seconds wanted_;   // options, or what the registrar wants at least
    std::chrono::seconds granted_{0};
    std::string sent_contact_; // in the last request
    std::string registered_;
    std::vector<std::string> service_route_;
    std::optional<shared_sip::Challenge> challenge_;       // of the registrar, the last one
    std::optional<shared_sip::Challenge> proxy_challenge_; // of a proxy
    std::set<std::string> answered_;                       // realms, in this attempt
    std::size_t requests_ = 0;                             // of this attempt
};

} // namespace discovery_sip
