// secure_channel/1 and reliable_stream/1 as the kernel uses them. See layers.hpp.

#include "kernel/bind/layers.hpp"

#include "kernel/bind/text.hpp"

namespace jackfield::kernel {

const jf_secure_listener_methods SecureLayer::kListener{
    sizeof(jf_secure_listener_methods), 0,
    [](void* self, jf_path path, const jf_secure_info* info) {
        auto& layer = *static_cast<SecureLayer*>(self);
        if (layer.settled())
            return;
        layer.info_ = {std::string(view_of(info->protocol)), std::string(view_of(info->cipher)),
                       std::string(view_of(info->group)), Device(info->peer), info->peer.device_id.size != 0};
        if (layer.info_.proven || layer.unproven_ == Unproven::kAllowed)
            layer.path_ = path;
        else
            layer.failure_ = Error{JF_UNAUTHENTICATED, "the secure channel proves nobody, and the configuration does "
                                                       "not say \"call\": {\"allow_unproven_peer\": true}"};
        if (!layer.info_.proven)
            layer.info_.peer = layer.expected_;
        layer.changed_();
    },
    [](void* self, jf_status status, const jf_error* error) {
        auto& layer = *static_cast<SecureLayer*>(self);
        if (layer.settled())
            return;
        layer.failure_ = error_of(status, error);
        layer.changed_();
    }};

SecureLayer::SecureLayer(const Plug<jf_secure_channel_methods>& plug, jf_path below, std::uint32_t role,
                         const Device& expected, Unproven unproven, std::function<void()> changed)
    : plugin_id_(plug.plugin_id), expected_(expected), unproven_(unproven), changed_(std::move(changed))
{
    const jf_device device = expected.raw();
    const jf_secure_options options{sizeof(options), role, &device};
    ErrorSlot error;
    require(plug.methods->open(plug.self, below, &options, {&kListener, this}, &session_, &error), error,
            plug.plugin_id);
}

SecureLayer::~SecureLayer()
{
    session_.methods->release(session_.self);
}

jf_multiplexer_session SecureLayer::multiplexer(jf_multiplexer_listener listener)
{
    jf_multiplexer_session channels{};
    ErrorSlot error;
    require(session_.methods->multiplexer(session_.self, listener, &channels, &error), error, plugin_id_);
    return channels;
}

const jf_reliable_listener_methods ReliableLayer::kListener{sizeof(jf_reliable_listener_methods), 0,
                                                            [](void* self, jf_path stream) {
                                                                auto& layer = *static_cast<ReliableLayer*>(self);
                                                                if (layer.settled())
                                                                    return;
                                                                layer.path_ = stream;
                                                                layer.changed_();
                                                            },
                                                            [](void* self, jf_status status, const jf_error* error) {
                                                                auto& layer = *static_cast<ReliableLayer*>(self);
                                                                if (layer.settled())
                                                                    return;
                                                                layer.failure_ = error_of(status, error);
                                                                layer.changed_();
                                                            }};

ReliableLayer::ReliableLayer(const Plug<jf_reliable_stream_methods>& plug, jf_path below, bool initiator,
                             std::function<void()> changed)
    : changed_(std::move(changed))
{
    const jf_reliable_options options{sizeof(options), initiator ? 1U : 0U};
    ErrorSlot error;
    require(plug.methods->open(plug.self, below, &options, {&kListener, this}, &session_, &error), error,
            plug.plugin_id);
}

ReliableLayer::~ReliableLayer()
{
    session_.methods->release(session_.self);
}

} // namespace jackfield::kernel
