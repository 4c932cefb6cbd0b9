// discovery-sip: an account of SIP at a registrar, which carries its links itself.
//
// Threads: control; the account's network has a thread of its own and only posts. Lifetime: the account is the
// plugin's.
#include "account.hpp"
#include "account_diagnosis.hpp"

#include <jackfield/plugin.hpp>

namespace {

using namespace discovery_sip;
using jackfield::CallMessage;
using jackfield::Completion;
using jackfield::Device;
using jackfield::Failure;

class SipDiscovery final : public jackfield::Discovery {
public:
    SipDiscovery(jackfield::Host host, std::string_view config_json)
        : Discovery(host), account_(host, parse_options(config_json))
    {}

    void start(jackfield::DiscoveryListener listener) override { account_.start(listener); }
    void announce(Completion done) override { account_.announce(std::move(done)); }
    void stop(Completion done) override { account_.stop(std::move(done)); }
    void network_changed() override { account_.network_changed(); }
    std::string describe() override { return account_.describe(); }

    /// Whoever has a SIP address may be there: whether somebody is, the proxy says when called.
    void find(std::string_view account_id, jackfield::FindSink sink) override
    {
        if (account_.stopped())
            return sink.fail(JF_CLOSED, "the account was stopped");
        const std::string uri = shared_sip::canonical_uri(account_id);
        host_.post(
            [this, uri, sink = std::move(sink)]() mutable { // in a turn of its own: until then it can be cancelled
                if (uri.empty())
                    return sink.fail(JF_NOT_FOUND, "it is no SIP address; \"sip:bob@example.net\" would be one");
                account_.find(uri, std::move(sink));
            });
    }

    void send(const Device&, const CallMessage&, jackfield::SendEnd) override
    {
        throw Failure(JF_UNSUPPORTED, "a SIP account takes no call messages: its links are carried");
    }

    std::unique_ptr<jackfield::CarrierBase> carry(const Device& device) override
    {
        return account_.carry(device.account_id);
    }

    void watch(std::string_view) override {} // presence (RFC 3856) is not asked for
    void unwatch(std::string_view) override {}

private:
    Account account_;
};

} // namespace

JF_PLUGIN(SipDiscovery, discovery_sip::AccountDiagnosis)
