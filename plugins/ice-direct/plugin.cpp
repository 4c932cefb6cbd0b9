// ice-direct: paths straight to the addresses that the peer lists, without ICE.
//
// Threads: control. One I/O thread per instance serves all sessions, and one more asks the router for ports, if it may.
// Lifetime: the kernel releases every session before it destroys the instance; the destructor waits until streams have
// sent what they took.
#include "session.hpp"

#include <jackfield/plugin.hpp>

namespace jackfield::direct {

class IceDirect final : public Connectivity {
public:
    IceDirect(Host host, std::string_view config_json) : Connectivity(host), options_(parse_options(config_json))
    {
        if (options_.port_mapping.empty())
            return;
        shared_port_mapping::Settings settings;
        settings.protocols = options_.port_mapping;
        port_mapper_ = std::make_unique<shared_port_mapping::PortMapper>(
            settings, [host](const std::string& line) { host.info("direct: " + line); });
    }

    std::unique_ptr<ConnectivitySession> open(const jf_connectivity_options& wanted,
                                              ConnectivityListener listener) override
    {
        if (wanted.role != JF_CONTROLLING && wanted.role != JF_CONTROLLED)
            throw Failure(JF_BAD_INPUT, "the role is neither JF_CONTROLLING nor JF_CONTROLLED");
        if (wanted.kind != JF_STREAM && wanted.kind != JF_DATAGRAM)
            throw Failure(JF_BAD_INPUT, "the kind is neither JF_STREAM nor JF_DATAGRAM");
        if (wanted.component_count < 1 || wanted.component_count > 4)
            throw Failure(JF_BAD_INPUT, "the number of components is not 1 to 4");
        return std::make_unique<Session>(host_, io_, options_, wanted, port_mapper_.get(), listener);
    }

private:
    const Options options_;
    std::unique_ptr<shared_port_mapping::PortMapper> port_mapper_; // null: no router is asked. Outlives all components
    shared_asio::IoThread io_;
};

} // namespace jackfield::direct

JF_PLUGIN(jackfield::direct::IceDirect)
