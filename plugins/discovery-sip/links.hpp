// The links that the account carries, which one a message belongs to, and the paths of the links.
//
// Threads:  control, but for what a path may be asked on any thread; `mutex_` guards what that needs. No receiver is
// called with
//           it held.
// Lifetime: shared by the account and its carriers, whichever goes last: a carrier whose account is gone is closed.
#pragma once

#include <shared/sip/message.hpp>
#include <shared/sip/uri.hpp>

#include <jackfield/carrier.hpp>
#include <jackfield/host.hpp>

#include <deque>
#include <functional>
#include <map>
#include <mutex>

namespace discovery_sip {

class LinkPath;

/// What carriers ask of their account.
class CarrierService {
public:
    virtual ~CarrierService() = default;
    virtual std::string describe_link(const std::string& remote) const = 0; ///< [control]
    virtual std::string answer_challenge(std::string_view challenge, std::string_view method, std::string_view uri,
                                         jackfield::ByteView body) = 0;                               ///< [control]
    virtual jackfield::Status transmit(std::string text, std::optional<shared_sip::HostPort> to) = 0; ///< [any]
};

class Links : public std::enable_shared_from_this<Links> {
public:
    static constexpr std::size_t kMostLinks = 64;
    static constexpr std::size_t kMostCalls = 1024; ///< Call-IDs that are remembered; the oldest go

    Links(jackfield::Host host, CarrierService& service, const jf_path_info& info)
        : host_(host), service_(&service), info_(info)
    {}

    /// A link to that peer, whose name is its canonical URI. Throws Failure: JF_BUSY if there is one, JF_EXHAUSTED.
    std::unique_ptr<jackfield::CarrierBase> open(const std::string& peer, const std::string& remote);

    bool has(const std::string& peer) const { return paths_.contains(peer); }
    bool full() const { return paths_.size() >= kMostLinks; }
    bool knows_call(const std::string& call_id) const;

    /// To the link that has the call, or to that of the peer. False: there is none, or it takes no more.
    bool deliver_to_call(const shared_sip::Message& message);
    bool deliver_to_peer(const std::string& peer, const shared_sip::Message& message);

    /// Those that had to wait may send again.
    void writable();

    /// The account is gone: every path ends.
    void close(std::string_view why);

private:
    friend class LinkPath;
    friend class SipCarrier;

    void note_call(const std::string& call_id, const std::string& peer);
    jackfield::Status send(const std::string& peer, std::string text);
    void remove(const std::string& peer);
    bool deliver(LinkPath& path, const shared_sip::Message& message) const;

    const jackfield::Host host_;
    std::map<std::string, LinkPath*> paths_; // control; by peer
    mutable std::mutex mutex_;
    CarrierService* service_;                  // null once the account is gone; guarded, written on control
    std::map<std::string, std::string> calls_; // Call-ID -> peer; guarded
    std::deque<std::string> calls_in_order_;   // guarded
    const jf_path_info info_;
};

} // namespace discovery_sip
