// path-impair: delay, jitter, loss, bursts, reordering, duplicates, a rate with its queue, blackouts. Seeded, so that a
// run can be repeated.
//
// Threads:  open on control; one thread of the instance carries the packets of all its paths.
// Lifetime: paths are the kernel's sessions and end before the instance.
#include "impaired_path.hpp"

#include <jackfield/plugin.hpp>

namespace {

using namespace path_impair;

class Impair final : public jackfield::PathDecorator {
public:
    Impair(jackfield::Host host, std::string_view config_json)
        : PathDecorator(host), options_(shared_impairment::read_options(config_json)), carrier_(options_.queue_packets)
    {}

    std::unique_ptr<jackfield::DecoratedPath> open(jackfield::Path below,
                                                   const jackfield::DecoratorPlace& place) override
    {
        return std::make_unique<ImpairedPath>(host_, carrier_, options_, below, place);
    }

private:
    Options options_;
    Carrier carrier_;
};

} // namespace

JF_PLUGIN(Impair)
