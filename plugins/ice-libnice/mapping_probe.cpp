// One mapping of the router's. See mapping_probe.hpp.
#include "mapping_probe.hpp"

#include <sys/socket.h>

namespace jackfield::ice {

using shared_port_mapping::Outcome;
using shared_port_mapping::PortMapper;

MappingProbe::MappingProbe(GlibLoop& loop, const Config& config, PortMappingFacts& facts, std::function<void()> over)
    : loop_(loop), config_(config), facts_(facts), over_(std::move(over))
{}

void MappingProbe::start(bool v6)
{
    // RFC 5737, RFC 3849: nobody's; nothing is sent to it.
    const Endpoint somewhere{*IpAddress::parse(v6 ? "2001:db8::1" : "192.0.2.1"), 9};
    std::string problem = socket_.open(SOCK_DGRAM, somewhere.address);
    if (problem.empty())
        problem = socket_.connect(somewhere);
    const auto local = problem.empty() ? socket_.local() : std::nullopt;
    if (!local)
        return take(std::unexpected("there is no way out of this machine"), {});
    shared_port_mapping::Settings settings;
    settings.protocols = config_.port_mapping;
    mapper_ = std::make_unique<PortMapper>(settings, [](const std::string&) {});
    mapping_ = mapper_->map(
        {shared_port_mapping::Transport::udp, *local},
        [weak = weak_from_this(), &loop = loop_, began = std::chrono::steady_clock::now()](const Outcome& outcome) {
            const auto took =
                std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
            loop.post([weak, outcome, took] {
                if (const auto probe = weak.lock())
                    probe->take(outcome, took);
            });
        });
}

void MappingProbe::take(const Outcome& outcome, std::chrono::milliseconds took)
{
    const auto over = std::exchange(over_, {});
    if (!over)
        return;
    facts_.took_ms = static_cast<double>(took.count());
    if (outcome) {
        facts_.protocol = std::string(shared_port_mapping::name_of(outcome->protocol));
        facts_.external = outcome->external.address.text();
    } else {
        facts_.problem = outcome.error();
    }
    over();
}

void MappingProbe::end()
{
    over_ = {};
    mapping_.reset();
    mapper_.reset();
    socket_.close();
}

} // namespace jackfield::ice
