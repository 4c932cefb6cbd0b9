// The account: connected, registered, kept so; messages to and from its links.
//
//   connect -> up -> register -> registered -> (renew)*        and after whatever goes wrong: wait, connect
//
// Threads:  control; `transmit` and `describe` on any thread.
// Lifetime: the plugin's. Its carriers may outlive it.
#pragma once

#include "incoming.hpp"
#include "links.hpp"
#include "network.hpp"
#include "registration.hpp"

#include <jackfield/completion.hpp>
#include <jackfield/discovery.hpp>

namespace discovery_sip {

class Account final : private CarrierService {
public:
    static constexpr std::chrono::milliseconds kFirstRetry{1000}; ///< doubled each time; 50 to 100 % of it
    static constexpr std::chrono::milliseconds kLastRetry{300'000};
    static constexpr std::chrono::seconds kForbiddenRetry{600}; ///< after 403 and 404
    static constexpr std::chrono::seconds kSoonestRenewal{5};
    static constexpr std::chrono::seconds kStopLimit{2};
    static constexpr std::size_t kMostHops = 5; ///< of redirections one after the other
    static constexpr std::size_t kMostWaiting = 256;

    Account(jackfield::Host host, Options options);
    ~Account() override;

    void start(jackfield::DiscoveryListener listener);
    void announce(jackfield::Completion done);
    void stop(jackfield::Completion done);
    void network_changed();

    /// A device for that URI, as soon as the server can be written to at all: nobody says a link's addresses before.
    void find(const std::string& uri, jackfield::FindSink sink);

    /// Throws Failure: see discovery.h.
    std::unique_ptr<jackfield::CarrierBase> carry(const std::string& uri);

    bool stopped() const { return stopped_; }
    std::string describe() const; ///< [any]

private:
    std::string describe_link(const std::string& remote) const override;
    std::string answer_challenge(std::string_view challenge, std::string_view method, std::string_view uri,
                                 jackfield::ByteView body) override;
    jackfield::Status transmit(std::string text, std::optional<HostPort> to) override;

    void connect();
    void on_up(const HostPort& local);
    void on_down(const std::string& why);
    void on_ended(const Outcome& outcome);
    void on_registered();
    void on_redirected(const Outcome& outcome);
    const Uri* acceptable(const std::vector<Uri>& targets) const;
    void try_again(const std::string& text, jackfield::Status status, std::chrono::milliseconds at_least);
    void finish_waiting(jackfield::Status status, const std::string& text);
    void answer_finds(jackfield::Status status, const std::string& text);
    void tell(bool online, const std::string& detail);
    void forget_redirections();

    void on_message(std::string text, const HostPort& source);
    void on_request(const shared_sip::Message& request);
    void bring_to_peer(const shared_sip::Message& request);
    void reply(const shared_sip::Message& request, const Verdict& verdict);

    void close();
    std::vector<std::string> routes() const;
    void note_state();

    const jackfield::Host host_;
    const Options options_;
    const std::string tag_secret_;
    Credentials credentials_;
    Registration registration_;
    jackfield::Timer timer_; // the next attempt, or the limit of stop
    jackfield::DiscoveryListener listener_;
    std::vector<jackfield::Completion> waiting_; // announce
    std::vector<std::pair<std::string, jackfield::FindSink>> finds_;
    std::optional<jackfield::Completion> stopping_;
    HostPort server_; // whom we connect to
    Place place_;
    std::uint16_t port_;            // ours, kept from wire to wire
    std::vector<std::string> hops_; // redirections since the last success
    bool wanted_ = false;           // announced
    bool up_ = false;
    bool refused_ = false; // the password: not asked again by itself
    bool stopped_ = false;
    std::optional<bool> online_;
    std::string told_;
    std::size_t failures_ = 0;
    std::shared_ptr<Links> links_; // second owners: the carriers
    mutable std::mutex mutex_;
    std::string state_json_; // guarded
    Network network_;        // goes first, with its thread
};

} // namespace discovery_sip
