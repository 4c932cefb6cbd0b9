// ice-direct: paths straight to the addresses that the peer lists, without ICE.
//
// Threads: control. One I/O thread per instance serves all sessions.
// Lifetime: the kernel releases every session before it destroys the instance; the destructor waits until streams have
// sent what they took.
#include "session.hpp"

#include <jackfield/plugin.hpp>

namespace jackfield::direct {

class IceDirect final : public Connectivity {
public:
    IceDirect(Host host, std::string_view config_json) : Connectivity(host), options_(parse_options(config_json)) {}

    std::unique_ptr<ConnectivitySession> open(const jf_connectivity_options& wanted,
                                              ConnectivityListener listener) override
    {
        if (wanted.role != JF_CONTROLLING && wanted.role != JF_CONTROLLED)
            throw Failure(JF_BAD_INPUT, "the role is neither JF_CONTROLLING nor JF_CONTROLLED");
        if (wanted.kind != JF_STREAM && wanted.kind != JF_DATAGRAM)
            throw Failure(JF_BAD_INPUT, "the kind is neither JF_STREAM nor JF_DATAGRAM");
        if (wanted.component_count < 1 || wanted.component_count > 4)
            throw Failure(JF_BAD_INPUT, "the number of components is not 1 to 4");
        return std::make_unique<Session>(host_, io_, options_, wanted, listener);
    }

private:
    const Options options_;
    shared_asio::IoThread io_;
};

} // namespace jackfield::direct

JF_PLUGIN(jackfield::direct::IceDirect)
