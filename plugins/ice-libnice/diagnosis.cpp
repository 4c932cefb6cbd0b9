// Why do calls find no way? See diagnosis.hpp.
#include "diagnosis.hpp"

#include "network_look.hpp"
#include "tls_relays.hpp"

namespace jackfield::ice {

namespace {

constexpr std::chrono::milliseconds kForWords{100}; // of the limit: from the last answer to the last finding

class NetworkSession final : public DiagnosisSession {
public:
    NetworkSession(Host host, const Config& config, const std::vector<shared_openssl::ContextPtr>& contexts,
                   std::chrono::milliseconds limit, jf_diagnosis_listener listener)
        : report_(host, listener), look_(host, config, contexts, [this](const NetworkFacts& facts) {
              for (auto& finding : findings_of(facts))
                  report_.add(std::move(finding));
              report_.finish();
          })
    {
        look_.start(limit);
    }

private:
    DiagnosisReport report_;
    NetworkLook look_; // ends first
};

} // namespace

NetworkDiagnosis::NetworkDiagnosis(Host host, std::string_view config_json)
    : Diagnosis(host), config_(parse_config(config_json)), contexts_(tls_contexts(config_))
{}

std::unique_ptr<DiagnosisSession> NetworkDiagnosis::begin(Nanoseconds limit, jf_diagnosis_listener listener)
{
    const auto whole = std::chrono::duration_cast<std::chrono::milliseconds>(limit);
    return std::make_unique<NetworkSession>(host_, config_, contexts_, std::max(whole - kForWords, kForWords),
                                            listener);
}

} // namespace jackfield::ice
