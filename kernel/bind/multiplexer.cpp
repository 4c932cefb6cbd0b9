// multiplexer/1 as the kernel uses it. See multiplexer.hpp.

#include "kernel/bind/multiplexer.hpp"

#include "kernel/bind/text.hpp"

#include <algorithm>

namespace jackfield::kernel {

namespace {

constexpr std::string_view kSignalingChannel = "signaling";

MultiplexerLayer& layer_of(void* self)
{
    return *static_cast<MultiplexerLayer*>(self);
}

} // namespace

// --- one channel ----------------------------------------------------------------------------------------------------

struct ChannelLayer::Request {
    ChannelLayer* layer;
};

ChannelLayer::ChannelLayer(MultiplexerLayer& multiplexer, std::string name, std::uint32_t kind, Opening opening,
                           std::function<void()> changed)
    : multiplexer_(multiplexer), name_(std::move(name)), kind_(kind), changed_(std::move(changed))
{
    failure_ = multiplexer_.over_;
    multiplexer_.channels_.push_back(this);
    if (opening == Opening::asked && !failure_)
        ask();
}

ChannelLayer::~ChannelLayer()
{
    std::erase(multiplexer_.channels_, this);
    if (request_ != nullptr)
        request_->layer = nullptr;
    if (channel_.methods != nullptr)
        channel_.methods->release(channel_.self);
}

void ChannelLayer::ask()
{
    request_ = new Request{this};
    const auto& session = multiplexer_.session_;
    session.methods->open_channel(
        session.self, abi_text(name_), kind_,
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

bool ChannelLayer::is(std::string_view name, std::uint32_t kind) const
{
    return name_ == name && kind_ == kind && request_ == nullptr && !path_ && !failure_;
}

void ChannelLayer::got(jf_channel channel)
{
    channel_ = channel;
    path_ = channel.methods->path(channel.self);
    changed_();
}

void ChannelLayer::fail(Error error)
{
    if (path_ || failure_)
        return; // the channel's own path tells of its end
    failure_ = std::move(error);
    changed_();
}

// --- all of them ----------------------------------------------------------------------------------------------------

const jf_multiplexer_listener_methods MultiplexerLayer::kListener{
    sizeof(jf_multiplexer_listener_methods), 0,
    [](void* self, std::uint64_t request, jf_text name, std::uint32_t kind) {
        layer_of(self).requested(request, view_of(name), kind);
    },
    [](void* self, jf_status status, const jf_error* error) { layer_of(self).fail(error_of(status, error)); }};

MultiplexerLayer::MultiplexerLayer(const Plug<jf_multiplexer_methods>& plug, jf_path below, bool initiator,
                                   std::function<void()> changed)
{
    ErrorSlot error;
    require(plug.methods->open(plug.self, below, initiator ? 1U : 0U, {&kListener, this}, &session_, &error), error,
            plug.plugin_id);
    begin(initiator, std::move(changed));
}

MultiplexerLayer::MultiplexerLayer(SecureLayer& secure, bool initiator, std::function<void()> changed)
    : session_(secure.multiplexer({&kListener, this}))
{
    begin(initiator, std::move(changed));
}

MultiplexerLayer::~MultiplexerLayer()
{
    signaling_.reset();
    session_.methods->release(session_.self);
}

void MultiplexerLayer::begin(bool initiator, std::function<void()> changed)
{
    using enum ChannelLayer::Opening;
    signaling_ = std::make_unique<ChannelLayer>(*this, std::string(kSignalingChannel), JF_STREAM,
                                                initiator ? asked : expected, std::move(changed));
}

void MultiplexerLayer::on_newcomer(std::function<void(const std::string& name, std::uint32_t kind)> newcomer)
{
    newcomer_ = std::move(newcomer);
    for (const auto& early : std::exchange(early_, {}))
        requested(early.request, early.name, early.kind);
}

void MultiplexerLayer::ping(std::chrono::nanoseconds patience, jf_done done)
{
    session_.methods->ping(session_.self, patience.count(), done);
}

void MultiplexerLayer::requested(std::uint64_t request, std::string_view name, std::uint32_t kind)
{
    const auto expected = [&] {
        return std::ranges::find_if(channels_, [&](const auto* channel) { return channel->is(name, kind); });
    };
    auto wanted = expected();
    if (wanted == channels_.end() && !newcomer_ && signaling_->path() && name != kSignalingChannel)
        return early_.push_back({request, std::string(name), kind});
    if (wanted == channels_.end() && newcomer_) {
        newcomer_(std::string(name), kind);
        wanted = expected();
    }
    if (wanted == channels_.end())
        return session_.methods->decline(session_.self, request);
    jf_channel channel{};
    ErrorSlot error;
    const jf_status status = session_.methods->accept(session_.self, request, &channel, &error);
    if (status == JF_OK)
        (*wanted)->got(channel);
    else if (status != JF_NOT_FOUND) // withdrawn by the peer, who may ask again
        (*wanted)->fail(error.error(status));
}

void MultiplexerLayer::fail(const Error& error)
{
    over_ = error;
    const auto channels = channels_; // whoever hears of it may destroy some
    for (auto* channel : channels) {
        if (std::ranges::find(channels_, channel) != channels_.end())
            channel->fail(error);
    }
}

} // namespace jackfield::kernel
