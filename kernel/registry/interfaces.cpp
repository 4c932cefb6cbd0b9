// The table of required methods. See interfaces.hpp.

#include "kernel/registry/interfaces.hpp"

#include <jackfield/abi/audio_stage.h>
#include <jackfield/abi/codec.h>
#include <jackfield/abi/congestion_control.h>
#include <jackfield/abi/connectivity.h>
#include <jackfield/abi/control.h>
#include <jackfield/abi/diagnosis.h>
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

namespace jackfield::kernel {

namespace {

// A macro, because offsetof and the name of a member need the preprocessor.
#define JF_METHOD(table, method)                                                                                       \
    RequiredMethod                                                                                                     \
    {                                                                                                                  \
        #method, offsetof(table, method)                                                                               \
    }

constexpr RequiredMethod kIdentity[] = {
    JF_METHOD(jf_identity_methods, load),         JF_METHOD(jf_identity_methods, self_device),
    JF_METHOD(jf_identity_methods, sign),         JF_METHOD(jf_identity_methods, verify),
    JF_METHOD(jf_identity_methods, verify_chain), JF_METHOD(jf_identity_methods, seal),
    JF_METHOD(jf_identity_methods, open),         JF_METHOD(jf_identity_methods, sign_digest),
};

constexpr RequiredMethod kDiscovery[] = {
    JF_METHOD(jf_discovery_methods, start),   JF_METHOD(jf_discovery_methods, announce),
    JF_METHOD(jf_discovery_methods, find),    JF_METHOD(jf_discovery_methods, send),
    JF_METHOD(jf_discovery_methods, cancel),  JF_METHOD(jf_discovery_methods, watch),
    JF_METHOD(jf_discovery_methods, unwatch), JF_METHOD(jf_discovery_methods, stop),
};

constexpr RequiredMethod kConnectivity[] = {JF_METHOD(jf_connectivity_methods, open)};
constexpr RequiredMethod kSecureChannel[] = {JF_METHOD(jf_secure_channel_methods, open)};
constexpr RequiredMethod kReliableStream[] = {JF_METHOD(jf_reliable_stream_methods, open)};
constexpr RequiredMethod kMultiplexer[] = {JF_METHOD(jf_multiplexer_methods, open)};
constexpr RequiredMethod kPathDecorator[] = {JF_METHOD(jf_path_decorator_methods, open)};
constexpr RequiredMethod kSignaling[] = {JF_METHOD(jf_signaling_methods, open)};

constexpr RequiredMethod kMediaTransport[] = {
    JF_METHOD(jf_media_transport_methods, capabilities),
    JF_METHOD(jf_media_transport_methods, make_key),
    JF_METHOD(jf_media_transport_methods, open),
};

constexpr RequiredMethod kCongestionControl[] = {JF_METHOD(jf_congestion_control_methods, open)};

constexpr RequiredMethod kCodec[] = {
    JF_METHOD(jf_codec_methods, capabilities),
    JF_METHOD(jf_codec_methods, open_encoder),
    JF_METHOD(jf_codec_methods, open_decoder),
};

constexpr RequiredMethod kMediaSource[] = {
    JF_METHOD(jf_media_source_methods, accepts),
    JF_METHOD(jf_media_source_methods, open),
};

constexpr RequiredMethod kMediaSink[] = {
    JF_METHOD(jf_media_sink_methods, accepts),
    JF_METHOD(jf_media_sink_methods, open),
};

constexpr RequiredMethod kAudioStage[] = {JF_METHOD(jf_audio_stage_methods, open)};

constexpr RequiredMethod kControl[] = {
    JF_METHOD(jf_control_methods, start),
    JF_METHOD(jf_control_methods, notify),
    JF_METHOD(jf_control_methods, stop),
};

constexpr RequiredMethod kDiagnosis[] = {JF_METHOD(jf_diagnosis_methods, begin)};

#undef JF_METHOD

template <std::size_t Count>
constexpr InterfaceRule rule(std::string_view id, const RequiredMethod (&methods)[Count])
{
    return {id, methods[Count - 1].offset_bytes + sizeof(void (*)()), methods};
}

constexpr InterfaceRule kInterfaces[] = {
    rule(JF_IDENTITY_INTERFACE, kIdentity),
    rule(JF_DISCOVERY_INTERFACE, kDiscovery),
    rule(JF_CONNECTIVITY_INTERFACE, kConnectivity),
    rule(JF_SECURE_CHANNEL_INTERFACE, kSecureChannel),
    rule(JF_RELIABLE_STREAM_INTERFACE, kReliableStream),
    rule(JF_MULTIPLEXER_INTERFACE, kMultiplexer),
    rule(JF_PATH_DECORATOR_INTERFACE, kPathDecorator),
    rule(JF_SIGNALING_INTERFACE, kSignaling),
    rule(JF_MEDIA_TRANSPORT_INTERFACE, kMediaTransport),
    rule(JF_CONGESTION_CONTROL_INTERFACE, kCongestionControl),
    rule(JF_CODEC_INTERFACE, kCodec),
    rule(JF_MEDIA_SOURCE_INTERFACE, kMediaSource),
    rule(JF_MEDIA_SINK_INTERFACE, kMediaSink),
    rule(JF_AUDIO_STAGE_INTERFACE, kAudioStage),
    rule(JF_CONTROL_INTERFACE, kControl),
    rule(JF_DIAGNOSIS_INTERFACE, kDiagnosis),
};

} // namespace

const InterfaceRule* find_interface(std::string_view id)
{
    for (const auto& known : kInterfaces) {
        if (known.id == id)
            return &known;
    }
    return nullptr;
}

} // namespace jackfield::kernel
