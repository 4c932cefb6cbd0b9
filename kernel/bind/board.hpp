// The board: one plugin instance in every slot the configuration fills, with its host.
//
// Threads:  [control], but for the lookup of services.
// Lifetime: a stack's. Instances go away in the reverse order of their making, each after its gate is closed; whatever
//           sessions they made have been released before. One that a later board has taken over stays with that one.

#pragma once

#include "kernel/config/resolve.hpp"
#include "kernel/executor/instance_host.hpp"
#include "kernel/registry/instance.hpp"
#include "kernel/registry/registry.hpp"

#include <jackfield/abi/audio_stage.h>
#include <jackfield/abi/codec.h>
#include <jackfield/abi/congestion_control.h>
#include <jackfield/abi/connectivity.h>
#include <jackfield/abi/discovery.h>
#include <jackfield/abi/identity.h>
#include <jackfield/abi/media_sink.h>
#include <jackfield/abi/media_source.h>
#include <jackfield/abi/media_transport.h>
#include <jackfield/abi/multiplexer.h>
#include <jackfield/abi/path_decorator.h>
#include <jackfield/abi/reliable_stream.h>
#include <jackfield/abi/secure_channel.h>
#include <jackfield/abi/signaling.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace jackfield::kernel {

/// A plugged socket: the method table and the instance.
template <typename Methods>
struct Plug {
    const Methods* methods = nullptr;
    void* self = nullptr;
    std::string plugin_id;

    explicit operator bool() const { return methods != nullptr; }
};

/// A decorator and the seams where it stands.
struct PluggedDecorator {
    Plug<jf_path_decorator_methods> plug;
    std::vector<Seam> seams;
};

/// A media transport and what it is for.
struct PluggedTransport {
    Plug<jf_media_transport_methods> plug;
    Carriage carriage;
};

class Board {
public:
    /// Loads and creates what the configuration names, in the order of its slots. Throws Failure with a four-part text.
    /// Instances of an earlier board whose plugin and options are the same go on in this one; all are made anew if the
    /// identity is, because the others ask it for its services.
    Board(ControlThread& control, Registry& registry, const Resolved& resolved, std::int32_t log_level, LogSink log,
          const Board* earlier = nullptr);
    Board(const Board&) = delete;
    Board& operator=(const Board&) = delete;
    ~Board();

    Plug<jf_identity_methods> identity;
    std::vector<Plug<jf_discovery_methods>> discovery;
    Plug<jf_connectivity_methods> connectivity;
    std::vector<PluggedDecorator> decorators; // at each seam the first stands lowest
    Plug<jf_secure_channel_methods> secure_channel;
    Plug<jf_reliable_stream_methods> reliable_stream;
    Plug<jf_multiplexer_methods> multiplexer;
    Plug<jf_signaling_methods> signaling;
    std::vector<PluggedTransport> media_transports; // in order of preference
    Plug<jf_congestion_control_methods> congestion_control;
    std::vector<Plug<jf_codec_methods>> codecs;
    std::vector<Plug<jf_media_source_methods>> sources;
    std::vector<Plug<jf_media_sink_methods>> sinks;
    std::vector<Plug<jf_audio_stage_methods>> audio_stages; // in the order in which sound goes through them

    /// The same instance, or instances in the same order.
    bool shares_identity_with(const Board& other) const { return identity.self == other.identity.self; }
    bool shares_discovery_with(const Board& other) const;

private:
    /// What the instances of one identity share.
    struct Services {
        HostServices host;
        jf_identity identity{};
    };

    struct Mounted {
        std::string what; // slot, plugin and options
        std::shared_ptr<Services> services;
        std::unique_ptr<InstanceHost> host;
        Instance instance;

        Mounted(std::string mounted_what, std::shared_ptr<Services> its_services,
                std::unique_ptr<InstanceHost> its_host, Instance made);
        ~Mounted();
    };

    template <typename Methods>
    Plug<Methods> mount(Registry& registry, const Resolved& resolved, const ResolvedPlugin& choice);
    std::shared_ptr<Mounted> take_over(const std::string& what) const;
    std::shared_ptr<Mounted> create(Registry& registry, const Resolved& resolved, const ResolvedPlugin& choice);

    ControlThread& control_;
    const Board* earlier_; // while this one is made
    std::shared_ptr<Services> services_;
    std::deque<std::shared_ptr<Mounted>> mounted_; // second owner: a later board
};

} // namespace jackfield::kernel
