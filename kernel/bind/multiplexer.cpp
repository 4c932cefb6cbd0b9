// multiplexer/1 as the kernel uses it. See multiplexer.hpp.

#include "kernel/bind/multiplexer.hpp"

#include "kernel/bind/text.hpp"

namespace jackfield::kernel {

namespace {

constexpr std::string_view kSignalingChannel = "signaling";

MultiplexerLayer& layer_of(void* self)
{
    return *static_cast<MultiplexerLayer*>(self);
}

} // namespace

const jf_multiplexer_listener_methods MultiplexerLayer::kListener{
    sizeof(jf_multiplexer_listener_methods), 0,
    [](void* self, std::uint64_t request, jf_text name, std::uint32_t kind) {
        layer_of(self).requested(request, view_of(name), kind);
    },
    [](void* self, jf_status status, const jf_error* error) { layer_of(self).fail(error_of(status, error)); }};

MultiplexerLayer::MultiplexerLayer(const Plug<jf_multiplexer_methods>& plug, jf_path below, bool initiator,
                                   std::function<void()> changed)
    : initiator_(initiator), changed_(std::move(changed))
{
    ErrorSlot error;
    require(plug.methods->open(plug.self, below, initiator ? 1U : 0U, {&kListener, this}, &session_, &error), error,
            plug.plugin_id);
    if (initiator)
        ask_for_channel();
}

MultiplexerLayer::~MultiplexerLayer()
{
    if (request_ != nullptr)
        request_->layer = nullptr;
    if (channel_.methods != nullptr)
        channel_.methods->release(channel_.self);
    session_.methods->release(session_.self);
}

void MultiplexerLayer::ask_for_channel()
{
    request_ = new Request{this};
    session_.methods->open_channel(
        session_.self, abi_text(kSignalingChannel), JF_STREAM,
        {request_, [](void* self, jf_status status, jf_channel channel, const jf_error* error) {
             const std::unique_ptr<Request> request(static_cast<Request*>(self));
             if (request->layer == nullptr) {
                 if (status == JF_OK)
                     channel.methods->release(channel.self);
                 return;
             }
             request->layer->request_ = nullptr;
             if (status == JF_OK)
                 request->layer->got(channel);
             else
                 request->layer->fail(error_of(status, error));
         }});
}

void MultiplexerLayer::requested(std::uint64_t request, std::string_view name, std::uint32_t kind)
{
    const bool wanted = name == kSignalingChannel && kind == JF_STREAM && !initiator_ && !signaling_ && !failure_;
    if (!wanted)
        return session_.methods->decline(session_.self, request);
    jf_channel channel{};
    ErrorSlot error;
    const jf_status status = session_.methods->accept(session_.self, request, &channel, &error);
    if (status == JF_OK)
        got(channel);
    else if (status != JF_NOT_FOUND) // withdrawn by the peer, who may ask again
        fail(error.error(status));
}

void MultiplexerLayer::got(jf_channel channel)
{
    channel_ = channel;
    signaling_ = channel.methods->path(channel.self);
    changed_();
}

void MultiplexerLayer::fail(Error error)
{
    if (signaling_ || failure_)
        return; // the channel's own path tells of its end
    failure_ = std::move(error);
    changed_();
}

} // namespace jackfield::kernel
