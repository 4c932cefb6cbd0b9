// Why do calls find no way (jackfield.diagnosis/1)? Addresses and routes, the NAT, every STUN server and relay.
//
// Threads: control. Lifetime: the SDK's; each session has a loop and sockets of its own.
#pragma once

#include "config.hpp"

#include <jackfield/diagnosis.hpp>
#include <shared/openssl/openssl_ptr.hpp>

namespace jackfield::ice {

class NetworkDiagnosis final : public Diagnosis {
public:
    NetworkDiagnosis(Host host, std::string_view config_json);
    std::unique_ptr<DiagnosisSession> begin(Nanoseconds limit, jf_diagnosis_listener listener) override;

private:
    const Config config_;
    std::vector<shared_openssl::ContextPtr> contexts_; // as many as there are relays; null if one is not over TLS
};

} // namespace jackfield::ice
