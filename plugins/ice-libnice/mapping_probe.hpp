// Whether the router maps a port for us, or its firewall opens a pinhole, as it would for a call: one is asked for, and
// taken back.
//
// Threads:  the loop's; the mapper's word comes on the mapper's and is posted.
// Lifetime: shared with what is posted. end() takes the mapping back, for at most PortMapper::kGoodbye.
#pragma once

#include "config.hpp"
#include "glib_loop.hpp"
#include "network_facts.hpp"
#include "probe_socket.hpp"

#include <shared/port_mapping/port_mapper.hpp>

namespace jackfield::ice {

class MappingProbe : public std::enable_shared_from_this<MappingProbe> {
public:
    /// `over` is called once, unless end comes first. The facts outlive that.
    MappingProbe(GlibLoop& loop, const Config& config, PortMappingFacts& facts, std::function<void()> over);
    MappingProbe(const MappingProbe&) = delete;
    MappingProbe& operator=(const MappingProbe&) = delete;
    ~MappingProbe() = default;

    void start(bool v6);
    void end();

private:
    void take(const shared_port_mapping::Outcome& outcome, std::chrono::milliseconds took);

    GlibLoop& loop_;
    const Config& config_;
    PortMappingFacts& facts_;
    std::function<void()> over_; // empty: it is
    ProbeSocket socket_;         // whose port is mapped
    std::unique_ptr<shared_port_mapping::PortMapper> mapper_;
    std::unique_ptr<shared_port_mapping::PortMapper::Mapping> mapping_; // goes before the mapper
};

} // namespace jackfield::ice
