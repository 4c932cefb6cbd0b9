// What stands upon one control path. See link_layers.hpp.

#include "kernel/flow/link_layers.hpp"

namespace jackfield::kernel {

LinkLayers::LinkLayers(const Board& board, Device peer, bool initiator, Unproven unproven,
                       std::function<void()> changed)
    : board_(board), peer_(std::move(peer)), initiator_(initiator), unproven_(unproven), changed_(std::move(changed))
{}

void LinkLayers::secure(jf_path path)
{
    if (early_)
        early_->stand_on(path);
    else
        begin_to_secure(path);
}

void LinkLayers::secure_early(const jf_path_info& expected, std::function<void()> unsent)
{
    early_ = std::make_unique<EarlyPath>(expected, std::move(unsent));
    begin_to_secure(early_->path());
}

void LinkLayers::begin_to_secure(jf_path path)
{
    control_decorators_.emplace(board_, path, at(Seam::kControl));
    secure_ = std::make_unique<SecureLayer>(board_.secure_channel, control_decorators_->path(),
                                            initiator_ ? JF_TLS_CLIENT : JF_TLS_SERVER, peer_, unproven_, changed_);
}

void LinkLayers::make_reliable()
{
    if (!board_.reliable_stream)
        throw Failure(JF_UNSUPPORTED, "the control path is UDP, and no plugin fills the slot \"reliable_stream\"");
    reliable_ = std::make_unique<ReliableLayer>(board_.reliable_stream, decorated_secured_path(), initiator_, changed_);
}

void LinkLayers::multiplex()
{
    if (secure_->multiplexes())
        multiplexer_ = std::make_unique<MultiplexerLayer>(*secure_, initiator_, changed_);
    else
        multiplexer_ = std::make_unique<MultiplexerLayer>(board_.multiplexer, below_channels(), initiator_, changed_);
}

MultiplexerLayer& LinkLayers::channels()
{
    if (multiplexer_ == nullptr)
        throw Failure(JF_UNSUPPORTED, "the link has no channels: no plugin fills the slot \"multiplexer\" here");
    return *multiplexer_;
}

jf_path LinkLayers::stream()
{
    const jf_path below = carried_ ? *carried_ : multiplexer_ ? *multiplexer_->signaling() : below_channels();
    signaling_decorators_.emplace(board_, below, at(Seam::kSignaling));
    return signaling_decorators_->path();
}

jf_path LinkLayers::decorated_secured_path()
{
    secured_decorators_.emplace(board_, *secure_->path(), at(Seam::kSecured));
    return secured_decorators_->path();
}

jf_path LinkLayers::below_channels()
{
    return reliable_ ? *reliable_->path() : decorated_secured_path();
}

void LinkLayers::forget_events()
{
    changed_ = [] {}; // it may hold the call
    secure_->forget_events();
    if (reliable_)
        reliable_->forget_events();
    if (multiplexer_)
        multiplexer_->forget_events();
}

} // namespace jackfield::kernel
