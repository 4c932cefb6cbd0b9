// The plugin: its configuration, its loop, its sessions.
//
// Threads: control. One GLib thread per instance serves all sessions, one more reads their datagrams, and one asks
//          the router for ports, if it may.
// Lifetime: the kernel releases every session before it destroys the instance; the destructor waits for their goodbyes.
#include "diagnosis.hpp"
#include "nat64_look.hpp"
#include "session.hpp"

#include <jackfield/plugin.hpp>

namespace jackfield::ice {

class IceLibnice final : public Connectivity {
public:
    IceLibnice(Host host, std::string_view config_json)
        : Connectivity(host),
          config_(parse_config(config_json)),
          nat64_(host_, loop_, farewells_),
          tls_relays_(host_, loop_, config_)
    {
        if (config_.relay_only)
            return;
        if (config_.simultaneous_open && !config_.stun.empty())
            punch_thread_ = std::make_unique<shared_asio::IoThread>();
        if (config_.port_mapping.empty())
            return;
        shared_port_mapping::Settings settings;
        settings.protocols = config_.port_mapping;
        port_mapper_ = std::make_unique<shared_port_mapping::PortMapper>(
            settings, [host](const std::string& line) { host.info("ice: " + line); });
    }
    ~IceLibnice() override
    {
        nat64_.give_up();
        farewells_.wait(); // agents say goodbye to relays over TLS, too
        tls_relays_.close();
    }

    std::unique_ptr<ConnectivitySession> open(const jf_connectivity_options& options,
                                              ConnectivityListener listener) override
    {
        if (options.role != JF_CONTROLLING && options.role != JF_CONTROLLED)
            throw Failure(JF_BAD_INPUT, "the role is neither JF_CONTROLLING nor JF_CONTROLLED");
        if (options.kind != JF_STREAM && options.kind != JF_DATAGRAM)
            throw Failure(JF_BAD_INPUT, "the kind is neither JF_STREAM nor JF_DATAGRAM");
        if (options.component_count < 1 || options.component_count > 4)
            throw Failure(JF_BAD_INPUT, "the number of components is not 1 to 4");
        if (options.kind == JF_STREAM && config_.relay_only)
            throw Failure(JF_UNSUPPORTED, "/relay_only: libnice cannot relay streams; use a datagram session and "
                                          "reliable_stream, or allow other candidates");
        return std::make_unique<Session>(host_, loop_, farewells_, nat64_, tls_relays_, port_mapper_.get(),
                                         punch_thread_.get(), config_, options, sessions_++, listener);
    }

private:
    const Config config_;
    unsigned sessions_ = 0; // so far
    Farewells farewells_;   // before the loop, whose last tasks use it
    GlibLoop loop_;
    Nat64Look nat64_;
    TlsRelays tls_relays_;
    std::unique_ptr<shared_asio::IoThread> punch_thread_;          // null: nothing is punched. Outlives all agents
    std::unique_ptr<shared_port_mapping::PortMapper> port_mapper_; // null: no router is asked. Outlives all agents
};

} // namespace jackfield::ice

JF_PLUGIN(jackfield::ice::IceLibnice, jackfield::ice::NetworkDiagnosis)
