// cc-gcc: Google's congestion control (draft-ietf-rmcat-gcc-02).
//
// Threads: see <jackfield/abi/congestion_control.h>.
#include "controller.hpp"

#include <jackfield/plugin.hpp>

namespace {

using namespace jackfield;

class Gcc final : public CongestionControl {
public:
    Gcc(Host host, std::string_view config_json) : CongestionControl(host)
    {
        options_.limits = rates::read_limits(config_json);
        options_.pacing_factor = rates::read_number(config_json, "pacing_factor", 1.5, 1, 100);
    }

    std::unique_ptr<RateController> open() override { return std::make_unique<gcc::Controller>(options_); }

private:
    gcc::Options options_;
};

} // namespace

JF_PLUGIN(Gcc)
