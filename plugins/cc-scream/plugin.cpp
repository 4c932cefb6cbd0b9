// cc-scream: self-clocked rate adaptation (RFC 8298).
//
// Threads: see <jackfield/abi/congestion_control.h>.
#include "controller.hpp"

#include <jackfield/plugin.hpp>

namespace {

using namespace jackfield;

class Scream final : public CongestionControl {
public:
    Scream(Host host, std::string_view config_json) : CongestionControl(host)
    {
        options_.limits = rates::read_limits(config_json);
        options_.queue_delay_target_ms = rates::read_number(config_json, "queue_delay_target_ms", 60, 10, 1000);
    }

    std::unique_ptr<RateController> open() override { return std::make_unique<scream::Controller>(options_); }

private:
    scream::Options options_;
};

} // namespace

JF_PLUGIN(Scream)
