// The table of slots. See slots.hpp.

#include "kernel/config/slots.hpp"

#include <jackfield/abi/audio_stage.h>
#include <jackfield/abi/codec.h>
#include <jackfield/abi/congestion_control.h>
#include <jackfield/abi/connectivity.h>
#include <jackfield/abi/control.h>
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

constexpr bool kList = true;
constexpr bool kSingle = false;
constexpr bool kRequired = true;
constexpr bool kFree = false;

constexpr Slot kSlots[] = {
    {"identity", JF_IDENTITY_INTERFACE, "0", kSingle, kRequired, "without it nobody is anyone"},
    {"discovery", JF_DISCOVERY_INTERFACE, "1-3", kList, kRequired, "without it no peer can be found or asked"},
    {"connectivity", JF_CONNECTIVITY_INTERFACE, "2-4, 7", kSingle, kRequired, "without it there is no path to a peer"},
    {kDecoratorSlot, JF_PATH_DECORATOR_INTERFACE, "4-8", kList, kFree, "nothing stands between the layers"},
    {"secure_channel", JF_SECURE_CHANNEL_INTERFACE, "5", kSingle, kRequired, "without it no path may be used"},
    {"reliable_stream", JF_RELIABLE_STREAM_INTERFACE, "5", kSingle, kFree,
     "a control path of datagrams cannot carry signaling"},
    {"multiplexer", JF_MULTIPLEXER_INTERFACE, "6", kSingle, kFree, "signaling sits straight on the secured stream"},
    {"signaling", JF_SIGNALING_INTERFACE, "6", kSingle, kRequired, "without it nobody can be called"},
    {kTransportSlot, JF_MEDIA_TRANSPORT_INTERFACE, "8", kList, kFree, "calls carry no media"},
    {"congestion_control", JF_CONGESTION_CONTROL_INTERFACE, "8", kSingle, kFree,
     "encoders keep the rates they are configured for"},
    {"codec", JF_CODEC_INTERFACE, "8", kList, kFree, "calls carry no media"},
    {"media_source", JF_MEDIA_SOURCE_INTERFACE, "8", kList, kFree, "nothing to send in a call"},
    {"media_sink", JF_MEDIA_SINK_INTERFACE, "8", kList, kFree, "what is received goes nowhere"},
    {"audio_stage", JF_AUDIO_STAGE_INTERFACE, "8", kList, kFree, "our sound is sent as it is recorded"},
    {"control", JF_CONTROL_INTERFACE, "-", kList, kFree, "no other program can steer this one"},
};

} // namespace

std::span<const Slot> all_slots()
{
    return kSlots;
}

const Slot* find_slot(std::string_view name)
{
    for (const auto& slot : kSlots) {
        if (slot.name == name)
            return &slot;
    }
    return nullptr;
}

} // namespace jackfield::kernel
